//! Rules of expressions that the vectors leave out.

use bson::{Bson, Document, doc};
use serde_json::json;

use super::{
    super::{Collections, Pipeline, Result},
    NOW, document, value,
};

struct None;

impl Collections for None {
    fn documents(&self, _: &str) -> Result<Vec<Document>> {
        Ok(Vec::new())
    }
}

/// The value of an expression on one document; `Ok(None)` if it is a field that is not there.
fn evaluate(expression: Bson) -> Result<Option<Bson>> {
    let stored = document(json!({
        "n": 7, "s": "héllo", "nul": null, "a": [3, 1, 2], "os": [{ "k": "a", "v": 1 }, { "v": 2 }, 5],
        "dt": { "$date": "2026-03-05T07:08:09.123Z" },
        "summer": { "$date": "2026-07-05T00:30:00Z" },
        "dec": { "$numberDecimal": "2.5" },
    }));
    let stage = Bson::Document(doc! { "$project": { "_id": 0, "r": expression } });
    let mut results = Pipeline::parse(&[stage], NOW)?.run(vec![stored], &None)?;
    Ok(results.remove(0).remove("r"))
}

#[test]
fn an_expression_gives_what_its_rule_says() {
    let cases = [
        // Paths and variables.
        (json!("$os.v"), json!([1, 2])),
        (
            json!({ "$let": { "vars": { "x": [[{ "b": 1 }], { "b": 2 }] }, "in": "$$x.b" } }),
            json!([2]),
        ),
        (
            json!({ "$let": { "vars": { "x": [[1, 2], [3]] }, "in": "$$x.b" } }),
            json!([]),
        ),
        (json!("$$ROOT.n"), json!(7)),
        (
            json!("$$NOW"),
            json!({ "$date": { "$numberLong": "1772694489123" } }),
        ),
        (json!(["$n", "$zz"]), json!([7, null])),
        (
            json!({ "x": "$zz", "y": { "$literal": "$n" } }),
            json!({ "y": "$n" }),
        ),
        // A last newline is not part of a match.
        (
            json!({ "$regexFindAll": { "input": "é b\n", "regex": "(\\w?)$" } }),
            json!([{ "match": "b", "idx": 2, "captures": ["b"] }]),
        ),
        // Arithmetic.
        (json!({ "$add": [] }), json!(0)),
        (json!({ "$add": [0.1, 0.2, 0.3] }), json!(0.6)),
        (
            json!({ "$add": [{ "$numberLong": "1" }, 1] }),
            json!({ "$numberLong": "2" }),
        ),
        (
            json!({ "$add": [{ "$numberLong": "9223372036854775807" }, 1] }),
            json!({ "$numberDouble": "9223372036854775808" }),
        ),
        (
            json!({ "$abs": { "$numberInt": "-2147483648" } }),
            json!({ "$numberLong": "2147483648" }),
        ),
        (json!({ "$divide": [7, 2] }), json!(3.5)),
        (
            json!({ "$mod": [{ "$numberLong": "7" }, 4] }),
            json!({ "$numberLong": "3" }),
        ),
        (json!({ "$pow": [2, 10] }), json!(1024)),
        (
            json!({ "$pow": [2, 40] }),
            json!({ "$numberLong": "1099511627776" }),
        ),
        (
            json!({ "$pow": [2, 70] }),
            json!({ "$numberDouble": "1180591620717411303424" }),
        ),
        (json!({ "$sqrt": 16 }), json!({ "$numberDouble": "4.0" })),
        (json!({ "$log10": 1000 }), json!({ "$numberDouble": "3.0" })),
        (
            json!({ "$round": [2.5] }),
            json!({ "$numberDouble": "2.0" }),
        ),
        (json!({ "$round": [0.125, 2] }), json!(0.12)),
        (json!({ "$round": [1250, -2] }), json!(1200)),
        (
            json!({ "$round": [-1350, -2] }),
            json!({ "$numberInt": "-1400" }),
        ),
        (json!({ "$trunc": [-7.89, 1] }), json!(-7.8)),
        (json!({ "$trunc": [7.89, "$nul"] }), json!(null)),
        // Accumulators as operators.
        (json!({ "$sum": "$a" }), json!(6)),
        (json!({ "$sum": ["$a", 1] }), json!(1)),
        (json!({ "$avg": "$a" }), json!({ "$numberDouble": "2.0" })),
        (json!({ "$min": ["$zz", "$nul"] }), json!(null)),
        (json!({ "$stdDevSamp": [1] }), json!(null)),
        (json!({ "$last": "$a" }), json!(2)),
        // Conditions.
        (json!({ "$ifNull": ["$zz", "$nul", 3] }), json!(3)),
        (json!({ "$and": [] }), json!(true)),
        (json!({ "$not": [""] }), json!(false)),
        (json!({ "$cmp": ["$a", [3, 1]] }), json!(1)),
        (
            json!({ "$eq": [{ "$numberDecimal": "2.50" }, "$dec"] }),
            json!(true),
        ),
        // Strings.
        (json!({ "$concat": [] }), json!("")),
        (json!({ "$substrBytes": ["$s", 1, 2] }), json!("é")),
        (json!({ "$substrCP": ["$s", 9, 1] }), json!("")),
        (json!({ "$indexOfCP": ["$s", "l", 1, 3] }), json!(2)),
        (json!({ "$indexOfBytes": ["$s", "", 9] }), json!(-1)),
        (json!({ "$toLower": "ÀB" }), json!("Àb")),
        (json!({ "$toUpper": 12 }), json!("12")),
        (json!({ "$strLenBytes": "$s" }), json!(6)),
        (json!({ "$strcasecmp": ["$nul", ""] }), json!(0)),
        (
            json!({ "$trim": { "input": "xxaxx", "chars": "x" } }),
            json!("a"),
        ),
        (
            json!({ "$replaceOne": { "input": "aXbX", "find": "X", "replacement": "-" } }),
            json!("a-bX"),
        ),
        (
            json!({ "$regexFindAll": { "input": "éa1b2", "regex": "([a-z])(\\d)?" } }),
            json!([{ "match": "a1", "idx": 1, "captures": ["a", "1"] }, { "match": "b2", "idx": 3, "captures": ["b", "2"] }]),
        ),
        (
            json!({ "$regexMatch": { "input": "AB", "regex": "b", "options": "i" } }),
            json!(true),
        ),
        // Arrays and sets.
        (json!({ "$arrayElemAt": ["$a", -1] }), json!(2)),
        (json!({ "$slice": ["$a", -2] }), json!([1, 2])),
        (json!({ "$slice": ["$a", -9, 2] }), json!([3, 1])),
        (json!({ "$indexOfArray": ["$a", 3, 1] }), json!(-1)),
        (json!({ "$range": [0, 10, 4] }), json!([0, 4, 8])),
        (json!({ "$reverseArray": "$a" }), json!([2, 1, 3])),
        (
            json!({ "$map": { "input": "$a", "as": "x", "in": { "$multiply": ["$$x", 2] } } }),
            json!([6, 2, 4]),
        ),
        (
            json!({ "$reduce": { "input": "$a", "initialValue": 0, "in": { "$add": ["$$value", "$$this"] } } }),
            json!(6),
        ),
        (json!({ "$setIntersection": [[1, 1, 2], [1]] }), json!([1])),
        (json!({ "$setDifference": [[2, 1, 2], [1]] }), json!([2])),
        (
            json!({ "$objectToArray": { "x": 1 } }),
            json!([{ "k": "x", "v": 1 }]),
        ),
        (json!({ "$isNumber": "$dec" }), json!(true)),
        (json!({ "$type": "$zz" }), json!("missing")),
        // Dates.
        (
            json!({ "$hour": { "date": "$summer", "timezone": "America/New_York" } }),
            json!(20),
        ),
        (json!({ "$dayOfWeek": "$dt" }), json!(5)),
        (
            json!({ "$isoWeek": { "$date": "2027-01-01T00:00:00Z" } }),
            json!(53),
        ),
        (
            json!({ "$week": { "$date": "2026-01-01T00:00:00Z" } }),
            json!(0),
        ),
        (
            json!({ "$year": { "$oid": "507f1f77bcf86cd799439011" } }),
            json!(2012),
        ),
        (
            json!({ "$year": { "date": "$dt", "timezone": "$nul" } }),
            json!(null),
        ),
        (
            json!({ "$dateToString": { "date": "$dt" } }),
            json!("2026-03-05T07:08:09.123Z"),
        ),
        (
            json!({ "$dateToString": { "date": "$dt", "format": "%z %Z", "timezone": "-03:30" } }),
            json!("-0330 -210"),
        ),
        (
            json!({ "$dateToString": { "date": "$summer", "format": "%z", "timezone": "Europe/Berlin" } }),
            json!("+0200"),
        ),
        (
            json!({ "$dateFromString": { "dateString": "x", "onError": "bad" } }),
            json!("bad"),
        ),
        (
            json!({ "$dateFromString": { "dateString": "2026-03-05 07:08+01:00" } }),
            json!({ "$date": "2026-03-05T06:08:00Z" }),
        ),
        (
            json!({ "$dateFromString": { "dateString": "2026-W10-4", "format": "%G-W%V-%u" } }),
            json!({ "$date": "2026-03-05T00:00:00Z" }),
        ),
        (
            json!({ "$dateFromParts": { "year": 2026, "month": 14, "day": 1, "hour": -1 } }),
            json!({ "$date": "2027-01-31T23:00:00Z" }),
        ),
        (
            json!({ "$dateFromParts": { "year": 2026, "month": 7, "timezone": "Europe/Berlin" } }),
            json!({ "$date": "2026-06-30T22:00:00Z" }),
        ),
        (
            json!({ "$dateToParts": { "date": "$dt", "iso8601": true } }),
            json!({ "isoWeekYear": 2026, "isoWeek": 10, "isoDayOfWeek": 4, "hour": 7, "minute": 8, "second": 9, "millisecond": 123 }),
        ),
        (
            json!({ "$dateAdd": { "startDate": { "$date": "2026-01-31T12:00:00Z" }, "unit": "month", "amount": 1 } }),
            json!({ "$date": "2026-02-28T12:00:00Z" }),
        ),
        (
            json!({ "$dateAdd": { "startDate": { "$date": "2026-03-28T12:00:00Z" }, "unit": "day", "amount": 1, "timezone": "Europe/Berlin" } }),
            json!({ "$date": "2026-03-29T11:00:00Z" }),
        ),
        (
            json!({ "$dateDiff": { "startDate": { "$date": "2026-03-07T23:00:00Z" }, "endDate": { "$date": "2026-03-08T01:00:00Z" }, "unit": "week" } }),
            json!({ "$numberLong": "1" }),
        ),
        (
            json!({ "$dateDiff": { "startDate": { "$date": "2026-03-07T23:00:00Z" }, "endDate": { "$date": "2026-03-08T01:00:00Z" }, "unit": "week", "startOfWeek": "Monday" } }),
            json!({ "$numberLong": "0" }),
        ),
        (
            json!({ "$dateTrunc": { "date": "$dt", "unit": "week" } }),
            json!({ "$date": "2026-03-01T00:00:00Z" }),
        ),
        (
            json!({ "$dateTrunc": { "date": "$dt", "unit": "quarter" } }),
            json!({ "$date": "2026-01-01T00:00:00Z" }),
        ),
        (
            json!({ "$dateTrunc": { "date": "$dt", "unit": "minute", "binSize": 15 } }),
            json!({ "$date": "2026-03-05T07:00:00Z" }),
        ),
        // Conversions.
        (json!({ "$toString": 1e20 }), json!("1e+20")),
        (
            json!({ "$toString": { "$numberDouble": "3.0" } }),
            json!("3"),
        ),
        (
            json!({ "$toString": "$dt" }),
            json!("2026-03-05T07:08:09.123Z"),
        ),
        (json!({ "$toInt": -7.9 }), json!({ "$numberInt": "-7" })),
        (
            json!({ "$toLong": "$dt" }),
            json!({ "$numberLong": "1772694489123" }),
        ),
        (json!({ "$toDouble": "1.5" }), json!(1.5)),
        (
            json!({ "$toDecimal": "1.50" }),
            json!({ "$numberDecimal": "1.50" }),
        ),
        (json!({ "$toBool": "false" }), json!(true)),
        (
            json!({ "$toObjectId": "507f1f77bcf86cd799439011" }),
            json!({ "$oid": "507f1f77bcf86cd799439011" }),
        ),
        (
            json!({ "$convert": { "input": "$zz", "to": "int", "onNull": 5 } }),
            json!(5),
        ),
        (
            json!({ "$toDate": { "$numberDouble": "1000.9" } }),
            json!({ "$date": { "$numberLong": "1000" } }),
        ),
    ];
    for (expression, expected) in cases {
        let result = evaluate(value(expression.clone()));
        assert_eq!(result, Ok(Some(value(expected))), "{expression}");
    }
}

#[test]
fn a_field_that_is_not_there_stays_away() {
    for expression in [
        json!("$zz.y"),
        json!("$$REMOVE"),
        json!({ "$arrayElemAt": ["$a", 3] }),
        json!({ "$first": [[]] }),
    ] {
        assert_eq!(
            evaluate(value(expression.clone())),
            Ok(Option::None),
            "{expression}"
        );
    }
}

#[test]
fn an_invalid_expression_is_rejected_with_its_rule() {
    let cases = [
        (
            json!({ "$add": ["$n", "$s"] }),
            "expected a number or a date",
        ),
        (json!({ "$add": ["$dec", 1] }), "Decimal128"),
        (json!({ "$abs": [1, 2] }), "exactly 1 operands, got 2"),
        (json!({ "$mod": [1] }), "exactly 2 operands"),
        (json!({ "$sqrt": { "$numberInt": "-1" } }), "not negative"),
        (json!({ "$log": [8, 1] }), "base cannot be 1"),
        (json!({ "$round": [1.5, 101] }), "between -20 and 100"),
        (json!({ "$cond": [1, 2] }), "exactly 3 operands"),
        (json!({ "$switch": {} }), "needs `branches`"),
        (
            json!({ "$map": { "input": [], "in": 1, "at": 2 } }),
            "unknown operand `at`",
        ),
        (
            json!({ "$let": { "vars": { "X": 1 }, "in": 1 } }),
            "name of a variable",
        ),
        (json!({ "$range": [0, 2_000_000_000] }), "more than"),
        (json!({ "$range": [0, 1, 0] }), "cannot be 0"),
        (json!({ "$strLenCP": "$nul" }), "expected a string"),
        (json!({ "$strLenCP": "$zz" }), "missing value"),
        (json!({ "$in": [1, "$nul"] }), "expected an array"),
        (
            json!({ "$zip": { "inputs": [[1]], "defaults": [0] } }),
            "needs `useLongestLength`",
        ),
        (
            json!({ "$dateToString": { "date": "$dt", "format": "%q" } }),
            "unknown format specifier `%q`",
        ),
        (
            json!({ "$year": { "date": "$dt", "timezone": "Mars/Olympus" } }),
            "unknown time zone",
        ),
        (
            json!({ "$dateAdd": { "startDate": "$dt", "unit": "eon", "amount": 1 } }),
            "unknown unit",
        ),
        (json!({ "$dateFromParts": { "month": 1 } }), "needs `year`"),
        (
            json!({ "$dateFromString": { "dateString": "2026-02-30" } }),
            "is not a date",
        ),
        (
            json!({ "$convert": { "input": 1, "to": "text" } }),
            "`to` must be",
        ),
        (json!({ "$toObjectId": "zz" }), "not an ObjectId"),
        (json!({ "$toInt": 3e9 }), "an int cannot hold"),
        (json!({ "$sin": 1 }), "unknown operator"),
        (json!({ "$n": 1, "x": 2 }), "is not alone"),
        (json!("$a..b"), "empty part"),
        (json!("$"), "not the path"),
    ];
    for (expression, reason) in cases {
        match evaluate(value(expression.clone())) {
            Err(rejection) => assert!(
                rejection.message.contains(reason),
                "{expression}: {rejection} does not say `{reason}`"
            ),
            Ok(result) => panic!("{expression} is valid: {result:?}"),
        }
    }
}
