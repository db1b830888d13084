//! Rules of updates that the vectors leave out.

use bson::{Bson, doc};
use serde_json::json;

use super::{
    super::{Filter, Replacement, Update, identical},
    NOW, document,
};

#[test]
fn an_update_does_what_its_rule_says() {
    let cases = [
        // The first is the document, the second the update, the third the result.
        (
            json!({ "a": [1] }),
            json!({ "$set": { "a.3": 9 } }),
            json!({ "a": [1, null, null, 9] }),
        ),
        (
            json!({ "a": [1] }),
            json!({ "$set": { "a.2.b": 9 } }),
            json!({ "a": [1, null, { "b": 9 }] }),
        ),
        (
            json!({}),
            json!({ "$set": { "b": 1, "a": 2, "10": 3, "9": 4 } }),
            json!({ "9": 4, "10": 3, "a": 2, "b": 1 }),
        ),
        (
            json!({ "a": 1 }),
            json!({ "b.c": 2 }),
            json!({ "a": 1, "b": { "c": 2 } }),
        ),
        (
            json!({ "a": [1, 2] }),
            json!({ "$unset": { "a.0": 1 } }),
            json!({ "a": [null, 2] }),
        ),
        (
            json!({ "a": [1, 2] }),
            json!({ "$unset": { "a.b": 1 } }),
            json!({ "a": [1, 2] }),
        ),
        (
            json!({ "a": 5 }),
            json!({ "$rename": { "x": "y" } }),
            json!({ "a": 5 }),
        ),
        (
            json!({ "a": 5, "b": 6 }),
            json!({ "$rename": { "a": "c.d" } }),
            json!({ "b": 6, "c": { "d": 5 } }),
        ),
        (
            json!({ "n": 1 }),
            json!({ "$inc": { "n": { "$numberLong": "1" } } }),
            json!({ "n": { "$numberLong": "2" } }),
        ),
        (
            json!({}),
            json!({ "$inc": { "n": { "$numberDecimal": "1.5" } } }),
            json!({ "n": { "$numberDecimal": "1.5" } }),
        ),
        (
            json!({ "n": { "$numberLong": "3" } }),
            json!({ "$mul": { "n": { "$numberDouble": "0.5" } } }),
            json!({ "n": { "$numberDouble": "1.5" } }),
        ),
        (
            json!({}),
            json!({ "$mul": { "n": { "$numberDouble": "-2.0" } } }),
            json!({ "n": { "$numberDouble": "0.0" } }),
        ),
        (
            json!({ "n": 5 }),
            json!({ "$max": { "n": { "$numberDouble": "5.0" } } }),
            json!({ "n": 5 }),
        ),
        (
            json!({ "n": 5 }),
            json!({ "$min": { "n": null } }),
            json!({ "n": null }),
        ),
        (
            json!({ "t": [1, 2, 3] }),
            json!({ "$push": { "t": { "$each": [9], "$position": { "$numberInt": "-1" } } } }),
            json!({ "t": [1, 2, 9, 3] }),
        ),
        (
            json!({ "t": [1] }),
            json!({ "$push": { "t": { "$each": [2], "$slice": 0 } } }),
            json!({ "t": [] }),
        ),
        (
            json!({ "t": [1, 1] }),
            json!({ "$addToSet": { "t": 2 } }),
            json!({ "t": [1, 1, 2] }),
        ),
        (
            json!({ "t": [{ "a": 1, "b": 2 }] }),
            json!({ "$addToSet": { "t": { "a": { "$numberDouble": "1.0" }, "b": 2 } } }),
            json!({ "t": [{ "a": 1, "b": 2 }] }),
        ),
        (
            json!({ "t": [1, "ab", { "a": 5, "b": 1 }] }),
            json!({ "$pull": { "t": { "a": { "$gt": 4 } } } }),
            json!({ "t": [1, "ab"] }),
        ),
        (
            json!({ "t": [1, 5, "x"] }),
            json!({ "$pull": { "t": { "$in": [5, "x"] } } }),
            json!({ "t": [1] }),
        ),
        (
            json!({ "t": ["ab", "ba"] }),
            json!({ "$pull": { "t": { "$regularExpression": { "pattern": "^a", "options": "" } } } }),
            json!({ "t": ["ba"] }),
        ),
        (
            json!({ "f": { "$numberLong": "6" } }),
            json!({ "$bit": { "f": { "and": 3, "or": 8 } } }),
            json!({ "f": { "$numberLong": "10" } }),
        ),
        (
            json!({}),
            json!({ "$currentDate": { "a": true } }),
            json!({ "a": { "$date": { "$numberLong": "1772694489123" } } }),
        ),
        (
            json!({}),
            json!({ "$currentDate": { "a": { "$type": "timestamp" } } }),
            json!({ "a": { "$timestamp": { "t": 1_772_694_489, "i": 1 } } }),
        ),
        (
            json!({ "a": 1 }),
            json!({ "$setOnInsert": { "b": 1 } }),
            json!({ "a": 1 }),
        ),
        (json!({ "a": 1 }), json!({ "$set": {} }), json!({ "a": 1 })),
        // Names of digits first, by number, then the others.
        (
            json!({}),
            json!({ "$set": { "1a": 1, "10": 2, "2": 3, "-": 4 } }),
            json!({ "2": 3, "10": 2, "-": 4, "1a": 1 }),
        ),
        // Nothing to be renamed, wherever it would go.
        (
            json!({ "a": 5 }),
            json!({ "$rename": { "x": "a.b" } }),
            json!({ "a": 5 }),
        ),
        (
            json!({ "a": [5] }),
            json!({ "$rename": { "x": "a.b" } }),
            json!({ "a": [5] }),
        ),
        // No array to take anything from, below a scalar or by name below an array.
        (
            json!({ "a": 5, "b": null, "c": [1] }),
            json!({ "$pull": { "a.x": 1 }, "$pullAll": { "b.x": [1] }, "$pop": { "c.x": 1 } }),
            json!({ "a": 5, "b": null, "c": [1] }),
        ),
    ];
    for (before, update, expected) in cases {
        let (before, expected) = (document(before), document(expected));
        let mut after = before.clone();
        let parsed = Update::parse(&document(update.clone()), NOW).expect("valid");
        let changed = parsed.apply(&mut after).expect("no failure");
        assert_eq!(after, expected, "{update} on {before}");
        assert_eq!(
            changed,
            !identical(&before, &expected),
            "{update} on {before}"
        );
    }
}

#[test]
fn an_update_that_cannot_be_done_is_rejected_and_changes_nothing() {
    let cases = [
        (
            json!({ "a": null }),
            json!({ "$set": { "a.b": 1 } }),
            "neither an object nor an array",
        ),
        (
            json!({ "a": [1] }),
            json!({ "$push": { "a.b": 1 } }),
            "indexes only",
        ),
        (
            json!({ "a": [] }),
            json!({ "$set": { "a.9999999": 1 } }),
            "beyond the arrays' ends",
        ),
        (
            json!({ "_id": 1 }),
            json!({ "$set": { "_id": 2 } }),
            "_id cannot be changed",
        ),
        (
            json!({ "_id": 1 }),
            json!({ "$unset": { "_id": "" } }),
            "_id cannot be changed",
        ),
        (
            json!({ "_id": 1 }),
            json!({ "$rename": { "_id": "b" } }),
            "_id cannot be changed",
        ),
        (
            json!({ "n": { "$numberLong": "9223372036854775807" } }),
            json!({ "$inc": { "n": 1 } }),
            "int64 cannot hold",
        ),
        (
            json!({ "n": null }),
            json!({ "$mul": { "n": 1 } }),
            "needs a number",
        ),
        (
            json!({ "n": { "$numberDecimal": "1" } }),
            json!({ "$inc": { "n": 1 } }),
            "Decimal128",
        ),
        (
            json!({ "t": null }),
            json!({ "$push": { "t": 1 } }),
            "needs an array",
        ),
        (
            json!({ "t": "x" }),
            json!({ "$pull": { "t": 1 } }),
            "needs an array",
        ),
        (
            json!({ "a": [{ "x": 1 }] }),
            json!({ "$rename": { "a.0": "b" } }),
            "is an array",
        ),
        (
            json!({ "a": [{ "x": 1 }], "b": 2 }),
            json!({ "$rename": { "b": "a.0" } }),
            "is an array",
        ),
        (
            json!({ "a": [{ "x": 1 }], "b": 2 }),
            json!({ "$rename": { "b": "a.0.y" } }),
            "is an array",
        ),
        (
            json!({}),
            json!({ "$set": { "a": 1 }, "$inc": { "a.b": 1 } }),
            "conflict",
        ),
        (
            json!({}),
            json!({ "$set": { "a": 1, "a-": 1, "a.b": 1 } }),
            "conflict",
        ),
        (
            json!({ "a": [], "b": [] }),
            json!({ "$set": { "a.800000": 1, "b.800000": 1 } }),
            "beyond the arrays' ends",
        ),
        (json!({}), json!({ "$rename": { "a": "a" } }), "conflict"),
        (
            json!({}),
            json!({ "$set": { "a": 1 }, "b": 1 }),
            "side by side",
        ),
        (json!({}), json!({ "$set": 1 }), "needs an object"),
        (
            json!({}),
            json!({ "$nope": { "a": 1 } }),
            "unknown update operator",
        ),
        (
            json!({}),
            json!({ "$set": { "a.$": 1 } }),
            "cannot begin with `$`",
        ),
        (json!({}), json!({ "$set": { "a..b": 1 } }), "empty part"),
        (json!({}), json!({ "$pop": { "a": 0 } }), "$pop needs"),
        (
            json!({}),
            json!({ "$bit": { "a": { "not": 1 } } }),
            "unknown operation",
        ),
        (
            json!({}),
            json!({ "$push": { "a": { "$slice": 1 } } }),
            "needs $each",
        ),
        (
            json!({}),
            json!({ "$currentDate": { "a": "now" } }),
            "$currentDate needs",
        ),
    ];
    for (before, update, reason) in cases {
        let before = document(before);
        let mut after = before.clone();
        let rejection = Update::parse(&document(update.clone()), NOW)
            .and_then(|update| update.apply(&mut after))
            .expect_err("invalid");
        assert!(
            rejection.message.contains(reason),
            "{update}: {rejection} does not say `{reason}`"
        );
        assert!(identical(&before, &after));
    }
}

#[test]
fn an_upsert_begins_with_what_the_filter_demands() {
    let filter = document(json!({
        "$and": [{ "k": 1 }, { "o.p": { "$eq": 2 } }],
        "t": { "$all": ["a"] },
        "r": { "$gt": 1 },
        "x": null,
        "s": { "$regularExpression": { "pattern": "a", "options": "" } },
        "_id": 7,
    }));
    let filter = Filter::parse(&filter, NOW).expect("valid");
    let update = doc! { "$inc": { "k": 1 }, "$setOnInsert": { "n": 1 } };
    let inserted = Update::parse(&update, NOW)
        .and_then(|update| update.upserted(&filter))
        .expect("a document");
    assert!(identical(
        &inserted,
        &doc! { "_id": 7, "k": 2, "o": { "p": 2 }, "x": Bson::Null, "n": 1 },
    ));

    let twice = document(json!({ "$and": [{ "k": 1 }, { "k": 2 }] }));
    let twice = Filter::parse(&twice, NOW).expect("valid");
    let rejection = Update::parse(&update, NOW)
        .and_then(|update| update.upserted(&twice))
        .expect_err("two values");
    assert!(
        rejection.message.contains("two values of `k`"),
        "{rejection}"
    );

    let replaced = Replacement::parse(&doc! { "z": 1 })
        .and_then(|replacement| replacement.upserted(&filter))
        .expect("a document");
    assert!(identical(&replaced, &doc! { "_id": 7, "z": 1 }));
}

#[test]
fn a_replacement_keeps_the_id() {
    let mut stored = doc! { "_id": 1, "a": 1 };
    let other = Replacement::parse(&doc! { "_id": 2 }).expect("valid");
    assert!(other.apply(&mut stored).is_err());
    let same = Replacement::parse(&doc! { "b": 2, "_id": 1 }).expect("valid");
    assert_eq!(same.apply(&mut stored), Ok(true));
    assert!(identical(&stored, &doc! { "_id": 1, "b": 2 }));
    assert_eq!(same.apply(&mut stored), Ok(false));
    assert!(Replacement::parse(&doc! { "$set": { "a": 1 } }).is_err());
}
