//! What holds for any value, filter, update and pipeline.

use std::cmp::Ordering;

use bson::{Bson, DateTime, Document, doc, oid::ObjectId};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    super::{
        Collections, Filter, Pipeline, Projection, Replacement, Result, Sort, Update,
        compare::compare, identical,
    },
    NOW,
};

fn scalar() -> impl Strategy<Value = Bson> {
    prop_oneof![
        any::<i32>().prop_map(Bson::Int32),
        (-3..4_i32).prop_map(Bson::Int32),
        any::<i64>().prop_map(Bson::Int64),
        any::<f64>().prop_map(Bson::Double),
        select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0]).prop_map(Bson::Double),
        select(vec![i64::MIN, i64::MAX, -1]).prop_map(Bson::Int64),
        Just(Bson::Int32(i32::MIN)),
        (-3..4_i32).prop_map(|number| Bson::Double(number.into())),
        any::<bool>().prop_map(Bson::Boolean),
        select(vec![
            "",
            "a",
            "é",
            "b",
            "$a",
            "$a.b",
            "$$ROOT",
            "$$NOW",
            "^a",
            "(",
            "2026-03-05",
            "int",
            "day",
            "%Y",
            "+08:00"
        ])
        .prop_map(|text| Bson::String(text.to_owned())),
        any::<i64>().prop_map(|millis| Bson::DateTime(DateTime::from_millis(millis))),
        any::<[u8; 16]>().prop_map(|bytes| Bson::Decimal128(bson::Decimal128::from_bytes(bytes))),
        any::<[u8; 12]>().prop_map(|bytes| Bson::ObjectId(ObjectId::from_bytes(bytes))),
        select(vec![
            Bson::Null,
            Bson::MinKey,
            Bson::MaxKey,
            Bson::Undefined
        ]),
    ]
}

/// Few numbers of every type, so that equal and extreme ones meet.
fn number() -> impl Strategy<Value = Bson> {
    let doubles = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.0,
        0.1,
        9_007_199_254_740_992.0,
    ];
    let decimals = ["0.1", "1E+3", "-0", "NaN", "-Infinity", "9007199254740993"];
    prop_oneof![
        (-1..2_i32).prop_map(Bson::Int32),
        select(vec![i64::MIN, i64::MAX, -1, 9_007_199_254_740_993]).prop_map(Bson::Int64),
        select(doubles.to_vec()).prop_map(Bson::Double),
        select(decimals.to_vec()).prop_map(|text| Bson::Decimal128(
            text.parse::<bson::Decimal128>().expect("a decimal")
        )),
    ]
}

/// Names of fields, of operators and of operands, so that any combination of them comes up.
fn name() -> impl Strategy<Value = String> {
    const NAMES: &[&str] = &[
        "a",
        "b",
        "a.b",
        "a.0",
        "_id",
        "0",
        "",
        "type",
        "coordinates",
        "input",
        "in",
        "as",
        "cond",
        "if",
        "then",
        "else",
        "date",
        "format",
        "unit",
        "amount",
        "startDate",
        "endDate",
        "timezone",
        "year",
        "month",
        "regex",
        "$eq",
        "$gt",
        "$gte",
        "$lt",
        "$lte",
        "$ne",
        "$in",
        "$nin",
        "$all",
        "$elemMatch",
        "$size",
        "$exists",
        "$type",
        "$mod",
        "$not",
        "$regex",
        "$options",
        "$and",
        "$or",
        "$nor",
        "$expr",
        "$near",
        "$nearSphere",
        "$geometry",
        "$geoWithin",
        "$geoIntersects",
        "$centerSphere",
        "$box",
        "$maxDistance",
        "$set",
        "$unset",
        "$inc",
        "$mul",
        "$min",
        "$max",
        "$rename",
        "$push",
        "$each",
        "$position",
        "$slice",
        "$sort",
        "$addToSet",
        "$pop",
        "$pull",
        "$pullAll",
        "$bit",
        "and",
        "$currentDate",
        "$setOnInsert",
        "$match",
        "$group",
        "$project",
        "$addFields",
        "$limit",
        "$skip",
        "$unwind",
        "path",
        "$count",
        "$sample",
        "$sortByCount",
        "$replaceRoot",
        "newRoot",
        "$add",
        "$subtract",
        "$multiply",
        "$divide",
        "$pow",
        "$round",
        "$trunc",
        "$abs",
        "$concat",
        "$substrCP",
        "$split",
        "$indexOfCP",
        "$indexOfBytes",
        "$substrBytes",
        "$arrayElemAt",
        "$range",
        "$zip",
        "inputs",
        "$map",
        "$filter",
        "$reduce",
        "initialValue",
        "$cond",
        "$switch",
        "$let",
        "vars",
        "$toString",
        "$toDate",
        "$toInt",
        "$toDecimal",
        "$year",
        "$week",
        "$isoWeek",
        "$dateToString",
        "$dateAdd",
        "$dateDiff",
        "$dateTrunc",
        "$dateFromParts",
        "$dateFromString",
        "dateString",
        "$sum",
        "$avg",
        "$stdDevPop",
        "$mergeObjects",
        "$objectToArray",
        "$arrayToObject",
        "$regexFind",
        "$literal",
        "$setUnion",
    ];
    select(NAMES).prop_map(str::to_owned)
}

fn any_value() -> impl Strategy<Value = Bson> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Bson::Array),
            vec((name(), inner), 0..4)
                .prop_map(|fields| Bson::Document(fields.into_iter().collect())),
        ]
    })
}

fn any_document() -> impl Strategy<Value = Document> {
    vec((name(), any_value()), 0..4).prop_map(|fields| fields.into_iter().collect())
}

/// A document with the fields that filters and updates name.
fn stored() -> impl Strategy<Value = Document> {
    (any_value(), any_value()).prop_map(|(a, b)| doc! { "_id": 1, "a": a, "b": b })
}

/// An operator on `a`, with any operand.
fn operator(names: &'static [&'static str]) -> impl Strategy<Value = (String, Bson)> {
    (select(names), any_value()).prop_map(|(name, operand)| (name.to_owned(), operand))
}

const FILTERS: &[&str] = &[
    "$eq",
    "$gt",
    "$gte",
    "$lt",
    "$lte",
    "$ne",
    "$in",
    "$nin",
    "$all",
    "$elemMatch",
    "$size",
    "$exists",
    "$type",
    "$mod",
    "$not",
    "$regex",
];
const UPDATES: &[&str] = &[
    "$set",
    "$unset",
    "$inc",
    "$mul",
    "$min",
    "$max",
    "$rename",
    "$push",
    "$addToSet",
    "$pop",
    "$pull",
    "$pullAll",
    "$bit",
];
const TEXTS: &[&str] = &[
    "$substr",
    "$substrBytes",
    "$substrCP",
    "$indexOfBytes",
    "$indexOfCP",
];
const EXPRESSIONS: &[&str] = &[
    "$add",
    "$subtract",
    "$multiply",
    "$divide",
    "$mod",
    "$pow",
    "$round",
    "$trunc",
    "$abs",
    "$ceil",
    "$log",
    "$sqrt",
    "$concat",
    "$split",
    "$substrCP",
    "$substrBytes",
    "$indexOfCP",
    "$indexOfBytes",
    "$toLower",
    "$strcasecmp",
    "$arrayElemAt",
    "$slice",
    "$range",
    "$concatArrays",
    "$indexOfArray",
    "$zip",
    "$map",
    "$filter",
    "$reduce",
    "$cond",
    "$switch",
    "$let",
    "$toString",
    "$toDate",
    "$toInt",
    "$toDecimal",
    "$toDouble",
    "$convert",
    "$year",
    "$week",
    "$isoWeek",
    "$dateToString",
    "$dateAdd",
    "$dateDiff",
    "$dateTrunc",
    "$dateFromParts",
    "$dateFromString",
    "$dateToParts",
    "$sum",
    "$avg",
    "$stdDevPop",
    "$mergeObjects",
    "$objectToArray",
    "$arrayToObject",
    "$regexFindAll",
    "$setUnion",
];

struct Others(Vec<Document>);

impl Collections for Others {
    fn documents(&self, _: &str) -> Result<Vec<Document>> {
        Ok(self.0.clone())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn comparing_is_a_total_order(a in any_value(), b in any_value(), c in any_value()) {
        prop_assert_eq!(compare(&a, &a), Ordering::Equal);
        prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
            prop_assert!(compare(&a, &c).is_le());
        }
    }

    #[test]
    fn sorting_is_a_total_order(a in stored(), b in stored(), c in stored(), direction in select(vec![1, -1])) {
        let sort = Sort::parse("$sort", &doc! { "a": direction, "b.0": 1 }).expect("valid");
        prop_assert_eq!(sort.compare(&a, &b), sort.compare(&b, &a).reverse());
        if sort.compare(&a, &b).is_le() && sort.compare(&b, &c).is_le() {
            prop_assert!(sort.compare(&a, &c).is_le());
        }
    }

    #[test]
    fn a_negated_filter_finds_the_others((name, operand) in operator(FILTERS), document in stored()) {
        let filter = doc! { "a": { name: operand } };
        if let Ok(parsed) = Filter::parse(&filter, NOW) {
            let found = parsed.matches(&document);
            let not = Filter::parse(&doc! { "$nor": [filter.clone()] }, NOW).expect("valid");
            let twice = Filter::parse(&doc! { "$nor": [{ "$nor": [filter] }] }, NOW).expect("valid");
            prop_assert_eq!(not.matches(&document), found.clone().map(|found| !found));
            prop_assert_eq!(twice.matches(&document), found);
        }
    }

    #[test]
    fn a_value_finds_itself(value in any_value()) {
        let filter = Filter::parse(&doc! { "a": { "$eq": value.clone() } }, NOW).expect("valid");
        prop_assert_eq!(filter.matches(&doc! { "a": value }), Ok(true));
    }

    #[test]
    fn an_update_changes_the_document_or_does_not((name, operand) in operator(UPDATES), document in stored()) {
        if let Ok(update) = Update::parse(&doc! { name: { "a": operand } }, NOW) {
            let mut updated = document.clone();
            match update.apply(&mut updated) {
                Ok(changed) => prop_assert_eq!(changed, !identical(&document, &updated)),
                Err(_) => prop_assert!(identical(&document, &updated)),
            }
        }
    }

    #[test]
    fn nothing_panics_on_any_operand((name, operand) in operator(EXPRESSIONS), document in stored()) {
        let stage = Bson::Document(doc! { "$project": { "r": { name: operand } } });
        if let Ok(pipeline) = Pipeline::parse(&[stage], NOW) {
            drop(pipeline.run(vec![document], &Others(Vec::new())));
        }
    }

    #[test]
    fn nothing_panics_on_texts_and_indexes(name in select(TEXTS), text in select(vec!["", "aé", "é"]), a in -1..4_i32, b in -1..4_i32) {
        for operands in [vec![Bson::from(text), a.into(), b.into()], vec!["éaé".into(), text.into(), a.into(), b.into()]] {
            let stage = Bson::Document(doc! { "$project": { "r": { name: operands } } });
            if let Ok(pipeline) = Pipeline::parse(&[stage], NOW) {
                drop(pipeline.run(vec![Document::new()], &Others(Vec::new())));
            }
        }
    }

    #[test]
    fn nothing_panics_on_any_divisor(divisor in number(), value in number()) {
        if let Ok(filter) = Filter::parse(&doc! { "a": { "$mod": [divisor, 0] } }, NOW) {
            drop(filter.matches(&doc! { "a": value }));
        }
    }

    #[test]
    fn comparing_numbers_is_a_total_order(a in number(), b in number(), c in number()) {
        prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
            prop_assert!(compare(&a, &c).is_le());
        }
    }

    #[test]
    fn nothing_panics_on_any_document(given in any_document(), stages in vec(any_document(), 0..3), document in stored()) {
        if let Ok(filter) = Filter::parse(&given, NOW) {
            drop(filter.matches(&document));
            let update = Update::parse(&given, NOW);
            drop(update.and_then(|update| update.upserted(&filter)));
            drop(Replacement::parse(&given).and_then(|replacement| replacement.upserted(&filter)));
        }
        if let Ok(update) = Update::parse(&given, NOW) {
            drop(update.apply(&mut document.clone()));
        }
        if let Ok(projection) = Projection::parse(&given) {
            drop(projection.apply(document.clone()));
        }
        let stages: Vec<_> = stages.into_iter().map(Bson::Document).collect();
        if let Ok(pipeline) = Pipeline::parse(&stages, NOW) {
            drop(pipeline.run(vec![document.clone()], &Others(vec![document])));
        }
    }
}
