//! Pipelines as they are sent.

use cloudbase_core::{Client, ErrorKind};
use serde_json::json;

use super::*;
use crate::documents::{Documents, GeoNear, GeoPoint, asc, desc, eq, gt};

fn pipeline() -> Aggregate {
    let client = Client::builder()
        .env_id("env")
        .endpoint("http://127.0.0.1:1");
    Documents::new(client.build().unwrap())
        .collection("t")
        .aggregate()
}

#[track_caller]
fn sent(pipeline: Aggregate, expected: &str) {
    let operation = pipeline.operation().unwrap();
    assert!(
        operation
            .target()
            .path()
            .ends_with("/t/documents/aggregations")
    );
    assert!(operation.is_repeatable());
    let body = std::str::from_utf8(operation.body_bytes().unwrap()).unwrap();
    assert_eq!(body, format!(r#"{{"pipeline":[{expected}]}}"#));
}

#[test]
fn stages_are_those_of_the_database() {
    sent(
        pipeline()
            .match_(eq("status", "done") & gt("at", 1))
            .group(
                "$owner",
                [
                    sum("n", 1),
                    avg("a", "$stars"),
                    push("all", json!({ "t": "$title" })),
                ],
            )
            .sort([desc("n"), asc("_id")])
            .skip(5)
            .limit(100),
        r#"{"$match":{"status":"done","at":{"$gt":1}}},{"$group":{"_id":"$owner","n":{"$sum":1},"a":{"$avg":"$stars"},"all":{"$push":{"t":"$title"}}}},{"$sort":{"n":-1,"_id":1}},{"$skip":5},{"$limit":100}"#,
    );
    sent(
        pipeline()
            .project(json!({ "name": 1 }))
            .add_fields(json!({ "total": { "$sum": "$prices" } }))
            .unwind("items")
            .unwind(Unwind::new("$items").index("at").keep_empty())
            .count("n")
            .sample(3)
            .replace_root("$address")
            .sort_by_count("$tag")
            .stage("$match", json!({ "a": { "$in": [1, 2] } })),
        r#"{"$project":{"name":1}},{"$addFields":{"total":{"$sum":"$prices"}}},{"$unwind":"$items"},{"$unwind":{"path":"$items","includeArrayIndex":"at","preserveNullAndEmptyArrays":true}},{"$count":"n"},{"$sample":{"size":3}},{"$replaceRoot":{"newRoot":"$address"}},{"$sortByCount":"$tag"},{"$match":{"a":{"$in":[1,2]}}}"#,
    );
    sent(
        pipeline()
            .lookup(Lookup::new("users", "owners").equal("owner", "_id"))
            .lookup(
                Lookup::new("users", "o").pipeline(json!({ "x": "$x" }), [json!({ "$limit": 1 })]),
            )
            .bucket(
                Bucket::new("$price", [0, 10])
                    .default_id("other")
                    .fields([sum("n", 1)]),
            )
            .bucket_auto(BucketAuto::new("$price", 4).granularity("R5")),
        r#"{"$lookup":{"from":"users","localField":"owner","foreignField":"_id","as":"owners"}},{"$lookup":{"from":"users","let":{"x":"$x"},"pipeline":[{"$limit":1}],"as":"o"}},{"$bucket":{"groupBy":"$price","boundaries":[0,10],"default":"other","output":{"n":{"$sum":1}}}},{"$bucketAuto":{"groupBy":"$price","buckets":4,"granularity":"R5"}}"#,
    );
    let place = GeoNear::new(GeoPoint::new(116.4, 39.9)).max_distance(1000.0);
    sent(
        pipeline().geo_near(
            Near::new(place, "d")
                .filter(eq("open", true))
                .multiplier(0.001),
        ),
        r#"{"$geoNear":{"near":{"type":"Point","coordinates":[116.4,39.9]},"distanceField":"d","spherical":true,"maxDistance":1000,"query":{"open":true},"distanceMultiplier":0.001}}"#,
    );
    sent(pipeline(), "");
}

#[test]
fn what_is_invalid_is_reported_with_its_rule() {
    for (invalid, expected) in [
        (pipeline().limit(0), "`limit` must be at least 1"),
        (pipeline().sample(0), "`sample` must be at least 1"),
        (pipeline().sort([]), "`sort` must have at least one key"),
        (
            pipeline().count("a.b"),
            "`count` must be the name of a field: not empty, no `$`, no dot",
        ),
        (pipeline().unwind("$"), "`field` must not be empty"),
        (
            pipeline().stage("match", 1),
            "`stage` must have the name of a stage, which begins with `$`",
        ),
        (
            pipeline().group("$a", [sum("n", 1), sum("n", 1)]),
            "`name of a field` must be there once",
        ),
        (
            pipeline().bucket(Bucket::new("$a", [1])),
            "`boundaries` must be at least two",
        ),
        (
            pipeline().lookup(Lookup::new("users", "o")),
            "`lookup` must say which documents: add `equal` or `pipeline`",
        ),
        (pipeline().match_(eq("", 1)), "`field` must not be empty"),
    ] {
        let error = invalid.operation().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument, "{error}");
        assert_eq!(error.message(), expected);
    }
}
