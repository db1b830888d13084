//! The JSON of conditions, and which of them choose records.

use serde_json::json;

use super::*;

fn encoded(filter: impl Into<Filter>) -> Value {
    read(filter.into().encode().unwrap().get())
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_operator_is_spelled_as_documented() {
    for (filter, condition) in [
        (field("a").eq(1), r#"{"$eq":1}"#),
        (field("a").neq("x"), r#"{"$neq":"x"}"#),
        (field("a").gt(1.5), r#"{"$gt":1.5}"#),
        (field("a").gte(1), r#"{"$gte":1}"#),
        (field("a").lt(1), r#"{"$lt":1}"#),
        (field("a").lte(1), r#"{"$lte":1}"#),
        (field("a").in_([1, 2]), r#"{"$in":[1,2]}"#),
        (field("a").not_in(["x"]), r#"{"$nin":["x"]}"#),
        (field("a").search("x"), r#"{"$search":"x"}"#),
        (field("a").search_ci("x"), r#"{"$search_ci":"x"}"#),
        (field("a").not_search("x"), r#"{"$nsearch":"x"}"#),
        (field("a").not_search_ci("x"), r#"{"$nsearch_ci":"x"}"#),
        (field("a").is_empty(), r#"{"$empty":true}"#),
        (field("a").is_not_empty(), r#"{"$nempty":true}"#),
    ] {
        assert_eq!(encoded(filter), json!({"where": {"a": read(condition)}}));
    }
}

#[test]
fn groups_and_relations_nest() {
    let filter = field("done").eq(false).and(
        field("a")
            .eq(1)
            .or(Filter::all([field("b").eq(2), field("c").eq(3)])),
    );
    assert_eq!(
        encoded(filter.and(Filter::related("comments", field("comment").is_not_empty()))),
        read(
            r#"{"relateWhere":{"comments":{"where":{"comment":{"$nempty":true}}}},"where":{"$and":[{"done":{"$eq":false}},{"$or":[{"a":{"$eq":1}},{"$and":[{"b":{"$eq":2}},{"c":{"$eq":3}}]}]}]}}"#
        )
    );
    assert_eq!(encoded(Filter::all([])), json!({"where": {}}));
    let json =
        json!({"where": {"a": {"$eq": 1}, "b": {"$eq": 2}}, "relateWhere": {"c": {"where": {}}}});
    assert_eq!(encoded(json.clone()), json);
}

#[test]
fn what_the_service_would_misread_is_rejected() {
    for filter in [
        field("").eq(1),
        field("$or").eq(1),
        Filter::any([]),
        Filter::any([field("a").eq(1), Filter::all([])]),
        Filter::any([field("a").eq(1), Filter::related("c", field("d").eq(1))]),
        Filter::related("a", Filter::related("b", field("c").eq(1))),
        Filter::related("a", field("b").eq(1)).and(Filter::related("a", field("c").eq(1))),
        json!([]).into(),
        json!({"done": {"$eq": false}}).into(),
        json!({"where": 1}).into(),
    ] {
        assert!(filter.clone().encode().is_err(), "{filter:?}");
    }
    assert!(Filter::all([]).encode_write(false).is_err());
    assert!(
        Filter::from(json!({"where": {}}))
            .encode_write(false)
            .is_err()
    );
    assert!(field("a").eq(1).encode_write(false).is_ok());
}

#[test]
fn values_are_written_as_in_records() {
    let text = |filter: Filter| filter.encode().unwrap().get().to_owned();
    for (filter, value) in [
        (field("x").eq(0.1_f32), r#"{"$eq":0.1}"#),
        (field("x").in_([0.1_f32, 2.5]), r#"{"$in":[0.1,2.5]}"#),
        (
            field("x").gt(u128::MAX),
            r#"{"$gt":340282366920938463463374607431768211455}"#,
        ),
        (
            field("x").eq(BTreeMap::from([(Some(1), 2)])),
            r#"{"$eq":{"1":2}}"#,
        ),
    ] {
        assert_eq!(text(filter), format!(r#"{{"where":{{"x":{value}}}}}"#));
    }
    let error = |filter: Filter| filter.encode().unwrap_err().message().to_owned();
    assert_eq!(
        error(field("price").eq(f64::NAN)),
        "`filter` must hold finite numbers only: `price.$eq` is NaN"
    );
    assert_eq!(
        error(
            field("price")
                .in_([1.0, f64::INFINITY])
                .and(field("a").eq(1))
        ),
        "`filter` must hold finite numbers only: `price.$in[1]` is infinite"
    );
    assert_eq!(
        error(Filter::any([
            field("a").eq(1),
            field("x").eq(BTreeMap::from([((1, 2), 3)]))
        ])),
        "`filter` cannot be written as JSON at `x.$eq`: key must be a string"
    );
}

#[test]
fn a_filter_of_any_depth_is_dropped_and_rejected() {
    const DEPTH: usize = 20_000;
    let grow: [fn(Filter) -> Filter; 3] = [
        |inner| Filter::any([inner, field("b").eq(1)]),
        |inner| Filter::any([inner.and(field("b").eq(1)), field("c").eq(1)]),
        |inner| field("b").eq(1).or(Filter::all([inner, field("c").eq(1)])),
    ];
    for grow in grow {
        let nested = |depth| (0..depth).fold(field("a").eq(1), |inner, _| grow(inner));
        let deep = nested(DEPTH);
        assert_eq!(deep, deep.clone());
        let error = deep.encode_write(true).unwrap_err();
        assert!(error.message().contains("deeper than 24"), "{error}");
        // The deepest that can be sent, and one more.
        assert!(nested(MAX_DEPTH).encode_write(false).is_ok());
        assert!(nested(MAX_DEPTH + 1).encode_write(false).is_err());
    }
    let whole = |depth| {
        let condition = (0..depth).fold(json!(1), |inner, _| Value::Array(vec![inner]));
        let field = Value::Object(serde_json::Map::from_iter([("a".to_owned(), condition)]));
        Value::Object(serde_json::Map::from_iter([("where".to_owned(), field)]))
    };
    assert!(Filter::from(whole(100)).encode().is_ok());
    for depth in [200, DEPTH] {
        let error = Filter::from(whole(depth)).encode().unwrap_err();
        assert!(error.message().contains("more than 128 levels"), "{error}");
    }
}
