//! Changes as they are sent.

use std::time::Duration;

use cloudbase_core::{ErrorKind, Timestamp};
use serde_json::json;

use super::*;
use crate::documents::ejson::{Form, encode};
use crate::documents::{GeoPoint, Regex, asc, desc, element, gt, in_, server_date};

fn sent(update: impl Into<Update>) -> String {
    encode(
        "update",
        &update.into().to_document().unwrap(),
        Form::Relaxed,
    )
    .unwrap()
}

fn rule(update: Update) -> String {
    let error = update.to_document().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
    error.message().to_owned()
}

/// What the JS SDK sends for the same changes.
#[test]
fn changes_are_encoded_as_the_other_sdks_do() {
    for (update, expected) in [
        (
            inc("count", 1)
                + merge(&json!({ "title": "x", "meta": { "a": 1 } }))
                + remove("old")
                + push("tags", "t"),
            r#"{"$inc":{"count":1},"$set":{"meta.a":1,"title":"x"},"$unset":{"old":""},"$push":{"tags":{"$each":["t"]}}}"#,
        ),
        (
            pop("t") + shift("s") + unshift_all("r", ["a", "b"]),
            r#"{"$pop":{"t":1,"s":-1},"$push":{"r":{"$each":["a","b"],"$position":0}}}"#,
        ),
        (
            pull_where("t", element::<i32>().gt(3)),
            r#"{"$pull":{"t":{"$gt":3}}}"#,
        ),
        (
            pull_where("t", gt("a", 3)),
            r#"{"$pull":{"t":{"a":{"$gt":3}}}}"#,
        ),
        (
            pull_where("t", element::<i32>().in_([1, 2])),
            r#"{"$pull":{"t":{"$in":[1,2]}}}"#,
        ),
        (
            push_all("t", Push::new([1, 2]).position(1).sort_ascending().slice(3)),
            r#"{"$push":{"t":{"$each":[1,2],"$position":1,"$sort":1,"$slice":3}}}"#,
        ),
        (
            push_all(
                "t",
                Push::new([json!({ "n": 1 })]).sort_by([asc("n"), desc("m")]),
            ),
            r#"{"$push":{"t":{"$each":[{"n":1}],"$sort":{"n":1,"m":-1}}}}"#,
        ),
        (
            rename("a", "b") + max("m", 3) + min("n", 1) + mul("k", 2),
            r#"{"$rename":{"a":"b"},"$max":{"m":3},"$min":{"n":1},"$mul":{"k":2}}"#,
        ),
        (inc("a.b", 2), r#"{"$inc":{"a.b":2}}"#),
        (
            merge(&json!({ "a": { "b": { "c": 1 } }, "z": 0 })),
            r#"{"$set":{"a.b.c":1,"z":0}}"#,
        ),
        (
            set("meta", json!({ "a": 1 })),
            r#"{"$set":{"meta":{"a":1}}}"#,
        ),
        (push("t", [1, 2]), r#"{"$push":{"t":{"$each":[[1,2]]}}}"#),
        (pull("t", 3), r#"{"$pull":{"t":3}}"#),
        (
            pull("t", json!({ "a": 1 })),
            r#"{"$pull":{"t":{"$eq":{"a":1}}}}"#,
        ),
        (
            pull("t", Regex::new("a")),
            r#"{"$pull":{"t":{"$eq":{"$regex":"a","$options":""}}}}"#,
        ),
        (
            pull_where("t", json!({ "$regex": "a" })),
            r#"{"$pull":{"t":{"$regex":"a"}}}"#,
        ),
        (pull_all("t", [1, 2]), r#"{"$pullAll":{"t":[1,2]}}"#),
        (add_to_set("t", 1), r#"{"$addToSet":{"t":1}}"#),
        (
            add_all_to_set("t", [1, 2]),
            r#"{"$addToSet":{"t":{"$each":[1,2]}}}"#,
        ),
        (
            bit_and("a", 1) + bit_or("b", 2) + bit_xor("c", 4),
            r#"{"$bit":{"a":{"and":1},"b":{"or":2},"c":{"xor":4}}}"#,
        ),
        (
            set_on_insert("made", 1) + current_date("at"),
            r#"{"$setOnInsert":{"made":1},"$currentDate":{"at":true}}"#,
        ),
        (
            set("at", server_date().later(Duration::from_secs(1))),
            r#"{"$set":{"at":{"$date":{"offset":1000}}}}"#,
        ),
    ] {
        assert_eq!(sent(update), expected);
    }
}

#[test]
fn json_is_operators_and_fields_to_set() {
    assert_eq!(
        sent(json!({ "$inc": { "n": 1 }, "$set": { "a": 1 }, "owner": { "name": "Lin" } })),
        r#"{"$inc":{"n":1},"$set":{"a":1,"owner.name":"Lin"}}"#
    );
    // Objects without fields are values, and so are places and dates.
    let raw = json!({ "e": {}, "l": [{ "a": 1 }], "at": { "$date": 3 }, "now": { "$date": { "offset": 0 } },
        "place": { "type": "Point", "coordinates": [1, 2] } });
    assert_eq!(
        sent(raw),
        r#"{"$set":{"at":{"$date":{"$numberLong":"3"}},"e":{},"l":[{"a":1}],"now":{"$date":{"offset":0}},"place":{"type":"Point","coordinates":[1,2]}}}"#
            .replace(r#"{"type":"Point","coordinates":[1,2]}"#, r#"{"coordinates":[1,2],"type":"Point"}"#)
    );
}

/// A path would lead elsewhere, or nowhere.
#[test]
fn an_object_with_names_that_are_no_paths_is_set_as_a_whole() {
    for (value, expected) in [
        (
            json!({ "hits": { "example.com": 3 } }),
            r#"{"hits":{"example.com":3}}"#,
        ),
        (
            json!({ "a": { "b": { "": 1, "c": 2 }, "d": 3 } }),
            r#"{"a.b":{"":1,"c":2},"a.d":3}"#,
        ),
        (
            json!({ "a": { "$b": 1, "c": 2 } }),
            r#"{"a":{"$b":1,"c":2}}"#,
        ),
    ] {
        let expected = format!(r#"{{"$set":{expected}}}"#);
        assert_eq!(sent(merge(&value)), expected);
        assert_eq!(sent(value), expected);
    }
}

/// The JS SDK loses the types of operands: dates become texts there.
#[test]
fn operands_keep_their_types() {
    let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let date = r#"{"$date":{"$numberLong":"1767225600000"}}"#;
    assert_eq!(
        sent(set("at", at)),
        format!(r#"{{"$set":{{"at":{date}}}}}"#)
    );
    assert_eq!(
        sent(max("at", at)),
        format!(r#"{{"$max":{{"at":{date}}}}}"#)
    );
    assert_eq!(
        sent(inc("n", 1.0)),
        r#"{"$inc":{"n":{"$numberDouble":"1.0"}}}"#
    );
    assert_eq!(
        sent(set("loc", GeoPoint::new(1.0, 2.5))),
        r#"{"$set":{"loc":{"type":"Point","coordinates":[1,2.5]}}}"#
    );
}

#[test]
fn what_is_invalid_is_reported_with_its_rule() {
    for (update, expected) in [
        (Update::default(), "`update` must change at least one field"),
        (json!({}).into(), "`update` must change at least one field"),
        (json!(1).into(), "`update` must be a JSON object"),
        (
            json!({ "$inc": 1 }).into(),
            "`update` must have an object of fields in `$inc`",
        ),
        (set("_id", 1), "`update` must not change `_id`"),
        (json!({ "_id": 1 }).into(), "`update` must not change `_id`"),
        (
            set("$a", 1),
            "`field` must be the path of a field, not an operator",
        ),
        (
            set("a", 1) + inc("b", 1) + inc("a", 1),
            "`update` must change each field once, and changes `a` twice",
        ),
        (
            merge(&[1]),
            "`update` must be a struct or map: field names and values",
        ),
        (
            merge(&json!({ "$inc": { "a": 1 } })),
            "`update` must not have operators such as `$inc` among its fields",
        ),
        (pull_where("t", in_("", [1])), "`field` must not be empty"),
    ] {
        assert_eq!(rule(update), expected);
    }
    let error = push("n", u64::MAX).to_document().unwrap_err();
    assert!(error.message().contains("`n`"), "{error}");
}
