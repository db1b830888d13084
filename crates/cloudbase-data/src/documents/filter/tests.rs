//! Conditions as they are sent.

use cloudbase_core::{ErrorKind, Timestamp};
use serde_json::json;

use super::*;
use crate::documents::ejson::{Form, encode};
use crate::documents::{Field, GeoPoint, GeoPolygon, ObjectId, Regex, element, server_date};

fn sent(filter: impl Into<Filter>) -> String {
    encode(
        "filter",
        &filter.into().to_document().unwrap(),
        Form::Relaxed,
    )
    .unwrap()
}

fn in_url(filter: impl Into<Filter>) -> String {
    encode(
        "filter",
        &filter.into().to_document().unwrap(),
        Form::Canonical,
    )
    .unwrap()
}

fn rule(filter: Filter) -> String {
    let error = filter.to_document().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
    error.message().to_owned()
}

/// What the JS SDK sends for the same conditions.
#[test]
fn conditions_are_encoded_as_the_other_sdks_do() {
    let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    for (filter, expected) in [
        (
            eq("completed", false) & in_("priority", ["high", "medium"]),
            r#"{"completed":false,"priority":{"$in":["high","medium"]}}"#,
        ),
        (
            gt("age", 1) & lt("age", 9),
            r#"{"$and":[{"age":{"$gt":1}},{"age":{"$lt":9}}]}"#,
        ),
        (
            or([eq("a", 1), gt("b", 2)]),
            r#"{"$or":[{"a":1},{"b":{"$gt":2}}]}"#,
        ),
        (
            lt("age", 18) | gt("age", 60),
            r#"{"$or":[{"age":{"$lt":18}},{"age":{"$gt":60}}]}"#,
        ),
        (
            eq("profile.city", "SZ") & exists("profile.zip", true),
            r#"{"profile.city":"SZ","profile.zip":{"$exists":true}}"#,
        ),
        (
            regexp("name", Regex::new("^a").options("i")),
            r#"{"name":{"$regex":"^a","$options":"i"}}"#,
        ),
        (
            geo_near(
                "loc",
                GeoNear::new(GeoPoint::new(116.4, 39.9)).max_distance(1000.0),
            ),
            r#"{"loc":{"$nearSphere":{"$geometry":{"type":"Point","coordinates":[116.4,39.9]},"$maxDistance":1000}}}"#,
        ),
        (!gt("f", 5), r#"{"f":{"$not":{"$gt":5}}}"#),
        (
            not(regexp("f", Regex::new("a").options("i"))),
            r#"{"f":{"$not":{"$regex":"a","$options":"i"}}}"#,
        ),
        (
            nor([gt("f", 5), lt("f", 1)]),
            r#"{"$nor":[{"f":{"$gt":5}},{"f":{"$lt":1}}]}"#,
        ),
        (
            gt("a", 1) & (lt("a", 3) | gt("a", 9)),
            r#"{"$and":[{"a":{"$gt":1}},{"$or":[{"a":{"$lt":3}},{"a":{"$gt":9}}]}]}"#,
        ),
        (
            elem_match("t", element::<i32>().gt(3)),
            r#"{"t":{"$elemMatch":{"$gt":3}}}"#,
        ),
        (
            elem_match("t", gt("a", 3)),
            r#"{"t":{"$elemMatch":{"a":{"$gt":3}}}}"#,
        ),
        (eq("a", json!({ "x": 1 })), r#"{"a":{"$eq":{"x":1}}}"#),
        (eq("a", [1, 2]), r#"{"a":[1,2]}"#),
        (eq("a", None::<i32>), r#"{"a":null}"#),
        (neq("a", "x"), r#"{"a":{"$ne":"x"}}"#),
        (gte("a", 1.0), r#"{"a":{"$gte":{"$numberDouble":"1.0"}}}"#),
        (nin("a", [1, 2]), r#"{"a":{"$nin":[1,2]}}"#),
        (all("tags", ["a", "b"]), r#"{"tags":{"$all":["a","b"]}}"#),
        (size("tags", 2), r#"{"tags":{"$size":2}}"#),
        (modulo("n", 4, 1), r#"{"n":{"$mod":[4,1]}}"#),
        (
            expr(json!({ "$gt": ["$spent", "$budget"] })),
            r#"{"$expr":{"$gt":["$spent","$budget"]}}"#,
        ),
        (
            lte("at", server_date()),
            r#"{"at":{"$lte":{"$date":{"offset":0}}}}"#,
        ),
    ] {
        assert_eq!(sent(filter), expected);
    }
    assert_eq!(
        in_url(gte("age", 18)),
        r#"{"age":{"$gte":{"$numberInt":"18"}}}"#
    );
    assert_eq!(
        in_url(lte("at", at)),
        r#"{"at":{"$lte":{"$date":{"$numberLong":"1767225600000"}}}}"#
    );
}

#[test]
fn two_alternatives_are_joined_and_not_mixed() {
    let filter = (eq("a", 1) | eq("a", 2)) & (eq("b", 1) | eq("b", 2));
    assert_eq!(
        sent(filter.clone()),
        r#"{"$and":[{"$or":[{"a":1},{"a":2}]},{"$or":[{"b":1},{"b":2}]}]}"#
    );
    assert_eq!(
        sent(filter & eq("c", 1)),
        r#"{"$and":[{"$or":[{"a":1},{"a":2}]},{"$or":[{"b":1},{"b":2}]},{"c":1}]}"#
    );
    assert_eq!(
        sent(!(eq("a", 1) | eq("b", 2))),
        r#"{"$nor":[{"$or":[{"a":1},{"b":2}]}]}"#
    );
    assert_eq!(
        sent(!(eq("a", 1) & eq("b", 2))),
        r#"{"$nor":[{"a":1,"b":2}]}"#
    );
    assert_eq!(sent(!eq("a", 1)), r#"{"a":{"$not":{"$eq":1}}}"#);
}

#[test]
fn json_of_the_other_sdks_passes_as_it_is() {
    let raw = json!({ "$or": [{ "a": { "$gt": 1 } }, { "at": { "$date": 3 } }], "e": {}, "o": { "p": { "q": 1 } } });
    assert_eq!(
        sent(raw.clone()),
        r#"{"$or":[{"a":{"$gt":1}},{"at":{"$date":{"$numberLong":"3"}}}],"e":{},"o":{"p":{"q":1}}}"#
    );
    assert_eq!(
        sent(eq("x", 1) & raw.into()),
        r#"{"$and":[{"x":1},{"$or":[{"a":{"$gt":1}},{"at":{"$date":{"$numberLong":"3"}}}],"e":{},"o":{"p":{"q":1}}}]}"#
    );
    assert_eq!(rule(json!([1]).into()), "`filter` must be a JSON object");
}

/// In JSON, a regular expression in the place of a condition is one.
#[test]
fn an_expression_in_json_is_a_test() {
    let starts_with_a = || Filter::from(json!({ "name": { "$regex": "^a" } }));
    let regex = r#"{"$regex":"^a","$options":""}"#;
    assert_eq!(sent(starts_with_a()), format!(r#"{{"name":{regex}}}"#));
    assert_eq!(
        sent(!starts_with_a()),
        format!(r#"{{"name":{{"$not":{regex}}}}}"#)
    );
    let ignoring_case = json!({ "name": { "$regex": "^a", "$options": "i" } });
    assert_eq!(
        sent(!Filter::from(ignoring_case)),
        r#"{"name":{"$not":{"$options":"i","$regex":"^a"}}}"#
    );
    // As a value it is compared.
    assert_eq!(
        sent(!eq("name", Regex::new("^a"))),
        format!(r#"{{"name":{{"$not":{{"$eq":{regex}}}}}}}"#)
    );

    let of_member = || Filter::from(json!({ "$regex": "^a" }));
    assert_eq!(
        sent(elem_match("tags", of_member())),
        r#"{"tags":{"$elemMatch":{"$regex":"^a"}}}"#
    );
    assert_eq!(
        sent(elem_match("tags", !of_member())),
        r#"{"tags":{"$elemMatch":{"$not":{"$regex":"^a"}}}}"#
    );
    assert!(rule(of_member()).starts_with("`filter` must name a field"));
}

#[test]
fn values_keep_their_types() {
    let id: ObjectId = "507f1f77bcf86cd799439011".parse().unwrap();
    assert_eq!(
        sent(eq("_id", id)),
        r#"{"_id":{"$oid":"507f1f77bcf86cd799439011"}}"#
    );
    assert_eq!(sent(eq("n", 1_i64)), r#"{"n":{"$numberLong":"1"}}"#);
    let of_owner: Field<String> = Field::<()>::new("owner").nested("name");
    assert_eq!(sent(of_owner.eq("Lin")), r#"{"owner.name":"Lin"}"#);
    // An object that looks like an operator stays a value.
    assert_eq!(
        sent(eq("a", json!({ "$gt": "" }))),
        r#"{"a":{"$eq":{"$gt":""}}}"#
    );
}

#[test]
fn what_is_invalid_is_reported_with_its_rule() {
    for (filter, expected) in [
        (eq("", 1), "`field` must not be empty"),
        (
            eq("$where", "x"),
            "`field` must be the path of a field, not an operator",
        ),
        (
            eq("a..b", 1),
            "`field` must not have empty parts between dots",
        ),
        (or([]), "`or` must have at least one condition"),
        (
            eq("a", 1) & nor([]),
            "`nor` must have at least one condition",
        ),
        (modulo("n", 0, 1), "`divisor` must not be 0"),
        (
            geo_near(
                "l",
                GeoNear::new(GeoPoint::new(0.0, 0.0)).min_distance(-1.0),
            ),
            "`min_distance` must be 0 metres or more",
        ),
        (
            element::<i32>().gt(1),
            "`filter` must name a field: `element()` stands in `elem_match` and `pull_where` only",
        ),
    ] {
        assert_eq!(rule(filter), expected);
    }
    let error = eq("n", u64::MAX).to_document().unwrap_err();
    assert!(error.message().contains("`n`"), "{error}");
    let open = GeoPolygon::new([[(0.0, 0.0), (1.0, 1.0)]]);
    let error = geo_within("l", &open).to_document().unwrap_err();
    assert!(
        error.message().contains("must end where it begins"),
        "{error}"
    );
}

#[test]
fn a_write_needs_a_condition_that_chooses() {
    for everything in [
        Filter::everything(),
        json!({}).into(),
        and([]),
        Filter::everything() | eq("a", 1),
        json!({ "$and": [{}, {}] }).into(),
        json!({ "$or": [{}, { "a": 1 }] }).into(),
    ] {
        let error = everything.to_choosing_document().unwrap_err();
        assert!(
            error.message().starts_with("`filter` must choose"),
            "{error}"
        );
    }
    let chosen = Filter::everything() & json!({ "f": {} }).into();
    assert!(chosen.to_choosing_document().is_ok());
}

#[test]
fn depth_is_bounded_before_the_stack_is() {
    let mut filter = eq("a", 1);
    for _ in 0..100_000 {
        filter = !(filter & eq("a", 2));
    }
    assert_eq!(
        rule(filter),
        "`filter` must not nest groups more than 32 deep"
    );
    let wide = (0..1000).fold(Filter::everything(), |filter, n| filter & neq("a", n));
    assert!(wide.to_document().is_ok());
}
