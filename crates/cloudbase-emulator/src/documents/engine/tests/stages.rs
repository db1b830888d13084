//! Rules of stages and projections that the vectors leave out.

use std::collections::HashMap;

use bson::{Bson, Document};
use serde_json::json;

use super::{
    super::{Collections, Pipeline, Projection, Result},
    NOW, document, value,
};

struct Others(HashMap<&'static str, Vec<Document>>);

impl Collections for Others {
    fn documents(&self, collection: &str) -> Result<Vec<Document>> {
        Ok(self.0.get(collection).cloned().unwrap_or_default())
    }
}

fn run(documents: serde_json::Value, stages: serde_json::Value) -> Result<Bson> {
    let others = HashMap::from([(
        "stock",
        vec![
            document(json!({ "_id": 1, "sku": "a", "q": 1 })),
            document(json!({ "_id": 2, "sku": ["a", "b"], "q": 2 })),
            document(json!({ "_id": 3, "q": 3 })),
        ],
    )]);
    let stages = value(stages);
    let documents = match value(documents) {
        Bson::Array(list) => list
            .into_iter()
            .filter_map(|document| document.as_document().cloned())
            .collect(),
        _ => Vec::new(),
    };
    let pipeline = Pipeline::parse(stages.as_array().expect("stages"), NOW)?;
    let results = pipeline.run(documents, &Others(others))?;
    Ok(results.into_iter().map(Bson::Document).collect())
}

#[test]
fn a_stage_does_what_its_rule_says() {
    let cases = [
        (
            json!([{ "a": [1, { "b": 1 }] }]),
            json!([{ "$addFields": { "a.c": 9 } }]),
            json!([{ "a": [{ "c": 9 }, { "b": 1, "c": 9 }] }]),
        ),
        (
            json!([{ "a": 1 }]),
            json!([{ "$addFields": { "a": "$$REMOVE" } }]),
            json!([{}]),
        ),
        (
            json!([{ "a": 1, "b": 2 }]),
            json!([{ "$addFields": { "a": "$b", "b": "$a" } }]),
            json!([{ "a": 2, "b": 1 }]),
        ),
        (
            json!([{ "_id": 1, "a": [{ "b": 1 }, 5] }]),
            json!([{ "$project": { "a.c": "$_id", "a.b": 1 } }]),
            json!([{ "_id": 1, "a": [{ "b": 1, "c": 1 }] }]),
        ),
        (
            json!([{ "_id": 1, "a": { "b": 1, "c": 2 } }]),
            json!([{ "$project": { "_id": 0, "a.b": 0 } }]),
            json!([{ "a": { "c": 2 } }]),
        ),
        (
            json!([{ "a": 1 }, { "a": 2 }]),
            json!([{ "$group": { "_id": null, "f": { "$first": "$z" }, "n": { "$count": {} }, "m": { "$max": "$z" } } }]),
            json!([{ "_id": null, "f": null, "n": 2, "m": null }]),
        ),
        (
            json!([]),
            json!([{ "$group": { "_id": null, "n": { "$sum": 1 } } }]),
            json!([]),
        ),
        (
            json!([{ "k": {} }, { "k": { "x": 1 } }]),
            json!([{ "$group": { "_id": { "x": "$k.x" } } }]),
            json!([{ "_id": {} }, { "_id": { "x": 1 } }]),
        ),
        (
            json!([{ "o": { "t": [1, 2] } }]),
            json!([{ "$unwind": { "path": "$o.t", "includeArrayIndex": "o.i" } }]),
            json!([{ "o": { "t": 1, "i": { "$numberLong": "0" } } }, { "o": { "t": 2, "i": { "$numberLong": "1" } } }]),
        ),
        (
            json!([{ "_id": 1, "t": null }]),
            json!([{ "$unwind": { "path": "$t", "preserveNullAndEmptyArrays": true } }]),
            json!([{ "_id": 1, "t": null }]),
        ),
        (
            json!([{ "k": "b" }]),
            json!([{ "$lookup": { "from": "stock", "localField": "k", "foreignField": "sku", "as": "o.s", "pipeline": [{ "$project": { "q": 1, "_id": 0 } }] } }]),
            json!([{ "k": "b", "o": { "s": [{ "q": 2 }] } }]),
        ),
        (
            json!([{ "k": [] }]),
            json!([{ "$lookup": { "from": "stock", "localField": "k", "foreignField": "sku", "as": "s" } }]),
            json!([{ "k": [], "s": [] }]),
        ),
        (
            json!([{ "k": 1 }]),
            json!([{ "$lookup": { "from": "none", "pipeline": [], "as": "s" } }]),
            json!([{ "k": 1, "s": [] }]),
        ),
        (
            json!([{ "y": 1 }, { "y": 5 }, { "y": 1 }]),
            json!([{ "$bucket": { "groupBy": "$y", "boundaries": [0, 2], "default": -1, "output": { "n": { "$sum": "$y" } } } }]),
            json!([{ "_id": -1, "n": 5 }, { "_id": 0, "n": 2 }]),
        ),
        (
            json!([{ "y": 1 }, { "y": 1 }, { "y": 1 }, { "y": 2 }]),
            json!([{ "$bucketAuto": { "groupBy": "$y", "buckets": 3 } }]),
            json!([{ "_id": { "min": 1, "max": 2 }, "count": 3 }, { "_id": { "min": 2, "max": 2 }, "count": 1 }]),
        ),
        (
            json!([{ "l": { "type": "Point", "coordinates": [0, 0] } }, { "l": 5 }, {}]),
            json!([{ "$geoNear": { "near": { "type": "Point", "coordinates": [0, 0] }, "distanceField": "d", "key": "l" } }]),
            json!([{ "l": { "type": "Point", "coordinates": [0, 0] }, "d": { "$numberDouble": "0.0" } }]),
        ),
    ];
    for (documents, stages, expected) in cases {
        let results = run(documents.clone(), stages.clone());
        assert_eq!(results, Ok(value(expected)), "{stages} on {documents}");
    }
}

#[test]
fn an_invalid_stage_is_rejected_with_its_rule() {
    let cases = [
        (
            json!([{ "$group": { "_id": 1, "a.b": { "$sum": 1 } } }]),
            "cannot be the name",
        ),
        (
            json!([{ "$group": { "_id": 1, "a": { "$sum": [1, 2] } } }]),
            "exactly one operand",
        ),
        (
            json!([{ "$group": { "_id": 1, "a": { "$add": [1] } } }]),
            "unknown accumulator",
        ),
        (json!([{ "$sort": { "a": 2 } }]), "must be 1 or -1"),
        (json!([{ "$limit": 1.5 }]), "whole number"),
        (
            json!([{ "$unwind": { "path": "$a", "x": 1 } }]),
            "unknown operand `x`",
        ),
        (
            json!([{ "$lookup": { "from": "a", "as": "b", "localField": "c" } }]),
            "needs both",
        ),
        (
            json!([{ "$lookup": { "from": "a", "as": "b" } }]),
            "or a `pipeline`",
        ),
        (json!([{ "$count": "a.b" }]), "$count needs"),
        (json!([{ "$sample": { "size": 0 } }]), "at least 1"),
        (
            json!([{ "$bucket": { "groupBy": 1, "boundaries": [0, 1] } }]),
            "begins with `$`",
        ),
        (
            json!([{ "$bucket": { "groupBy": "$a", "boundaries": [0, "x"] } }]),
            "of one type",
        ),
        (
            json!([{ "$bucket": { "groupBy": "$a", "boundaries": [0, 2], "default": 1 } }]),
            "outside",
        ),
        (json!([{ "$sortByCount": "a" }]), "begins with `$`"),
        (json!([{ "$addFields": {} }]), "at least one field"),
        (json!([{ "$addFields": { "a": 1, "a.b": 2 } }]), "collides"),
        (
            json!([{ "$project": { "a": { "b": 1 }, "a.b": 1 } }]),
            "collides",
        ),
        (
            json!([{ "$geoNear": { "near": [0, 0], "distanceField": "d" } }]),
            "GeoJSON",
        ),
        (
            json!([{ "$geoNear": { "near": { "type": "Point", "coordinates": [0, 0] }, "distanceField": "d", "maxDistance": -1 } }]),
            "not negative",
        ),
        (json!([{ "$facet": {} }]), "unknown stage"),
        (json!([{}]), "exactly one key"),
        (json!([5]), "must be an object"),
    ];
    for (stages, reason) in cases {
        let rejection = run(json!([{ "a": 1 }]), stages.clone()).expect_err("invalid");
        assert!(
            rejection.message.contains(reason),
            "{stages}: {rejection} does not say `{reason}`"
        );
    }
}

#[test]
fn a_projection_is_valid_or_rejected_by_its_rule() {
    let stored =
        || document(json!({ "_id": 1, "a": [{ "b": 1, "c": [1, 2] }], "q": [1, 5, 9], "z": 2 }));
    let cases = [
        (
            json!({}),
            json!({ "_id": 1, "a": [{ "b": 1, "c": [1, 2] }], "q": [1, 5, 9], "z": 2 }),
        ),
        (
            json!({ "_id": 0 }),
            json!({ "a": [{ "b": 1, "c": [1, 2] }], "q": [1, 5, 9], "z": 2 }),
        ),
        (
            json!({ "a.c": { "$slice": -1 }, "z": 1 }),
            json!({ "_id": 1, "a": [{ "c": [2] }], "z": 2 }),
        ),
        (
            json!({ "q": { "$slice": [-9, 1] }, "z": 0, "a": 0 }),
            json!({ "_id": 1, "q": [1] }),
        ),
        (
            json!({ "q": { "$elemMatch": { "$gt": 9 } } }),
            json!({ "_id": 1 }),
        ),
        (
            json!({ "z": { "$elemMatch": { "$gt": 0 } } }),
            json!({ "_id": 1 }),
        ),
        (json!({ "z": true, "_id": false }), json!({ "z": 2 })),
    ];
    for (projection, expected) in cases {
        let shown = Projection::parse(&document(projection.clone()))
            .and_then(|projection| projection.apply(stored()));
        assert_eq!(shown, Ok(document(expected)), "{projection}");
    }
    for (projection, reason) in [
        (json!({ "a": "$b" }), "must be 1, 0"),
        (json!({ "a": { "$slice": [1, 0] } }), "must be positive"),
        (json!({ "a": { "$slice": "x" } }), "needs a number"),
        (json!({ "a": { "$meta": "x" } }), "unknown operator"),
        (json!({ "a": 1, "z": 0 }), "either all shown"),
        (json!({ "a.$": 1 }), "cannot begin with `$`"),
    ] {
        let rejection = Projection::parse(&document(projection.clone())).expect_err("invalid");
        assert!(
            rejection.message.contains(reason),
            "{projection}: {rejection} does not say `{reason}`"
        );
    }
}
