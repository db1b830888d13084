//! Rules of geometry that the vectors leave out.

use bson::{Bson, doc};
use serde_json::{Value, json};

use super::{
    super::{Filter, Rejection},
    NOW, document, value,
};

fn point(longitude: f64, latitude: f64) -> Value {
    json!({ "type": "Point", "coordinates": [longitude, latitude] })
}

fn square(least: f64, most: f64) -> Value {
    json!([
        [least, least],
        [most, least],
        [most, most],
        [least, most],
        [least, least]
    ])
}

fn polygon(rings: Vec<Value>) -> Value {
    json!({ "type": "Polygon", "coordinates": rings })
}

fn finds(condition: Value, stored: Value) -> Result<bool, Rejection> {
    let filter = doc! { "a": value(condition) };
    Filter::parse(&filter, NOW)?.matches(&doc! { "a": value(stored) })
}

#[test]
fn a_geometry_is_found_by_its_rule() {
    let within = |shape: Value| json!({ "$geoWithin": shape });
    let inside = |geometry: Value| json!({ "$geoWithin": { "$geometry": geometry } });
    let meets = |geometry: Value| json!({ "$geoIntersects": { "$geometry": geometry } });
    let line = |positions: Value| json!({ "type": "LineString", "coordinates": positions });
    let ring = polygon(vec![square(-4.0, 4.0), square(-1.0, 1.0)]);
    let cases = [
        // The whole shape is inside, and the hole is outside.
        (inside(ring.clone()), line(json!([[-3, 2], [3, 2]])), true),
        (inside(ring.clone()), line(json!([[-3, 0], [3, 0]])), false),
        (inside(ring.clone()), polygon(vec![square(2.0, 3.0)]), true),
        (
            inside(ring.clone()),
            polygon(vec![square(-2.0, 2.0)]),
            false,
        ),
        (inside(ring.clone()), polygon(vec![square(3.0, 5.0)]), false),
        (
            inside(ring.clone()),
            json!({ "type": "MultiPoint", "coordinates": [[2, 2], [9, 9]] }),
            false,
        ),
        // A place as a pair, and one in an array of places.
        (inside(ring.clone()), json!([2, 2]), true),
        (
            inside(ring.clone()),
            json!([point(9.0, 9.0), point(2.0, 2.0)]),
            true,
        ),
        (inside(ring.clone()), json!("here"), false),
        // Across the antimeridian, and around a pole.
        (
            inside(
                json!({ "type": "Polygon", "coordinates": [[[170, -10], [-170, -10], [-170, 10], [170, 10], [170, -10]]] }),
            ),
            point(180.0, 0.0),
            true,
        ),
        (
            inside(
                json!({ "type": "Polygon", "coordinates": [[[0, 80], [90, 80], [180, 80], [-90, 80], [0, 80]]] }),
            ),
            point(45.0, 89.0),
            true,
        ),
        // The other side of the earth is not inside.
        (inside(ring.clone()), point(178.0, -2.0), false),
        // Touching is meeting; a shape inside of another one meets it, inside of its hole it does not.
        (meets(ring.clone()), polygon(vec![square(-0.5, 0.5)]), false),
        (meets(ring.clone()), polygon(vec![square(-9.0, 9.0)]), true),
        (meets(ring.clone()), line(json!([[-9, 0], [9, 0]])), true),
        (
            meets(line(json!([[0, 0], [0, 2]]))),
            line(json!([[0, 2], [5, 5]])),
            true,
        ),
        (meets(line(json!([[0, 0], [0, 2]]))), point(0.0, 1.0), true),
        (meets(point(4.0, 4.0)), ring.clone(), true),
        (
            meets(
                json!({ "type": "GeometryCollection", "geometries": [point(9.0, 9.0), point(2.0, 2.0)] }),
            ),
            ring.clone(),
            true,
        ),
        // Circles, and shapes on the flat map.
        (
            within(json!({ "$centerSphere": [[0, 0], 0.02] })),
            point(1.0, 0.0),
            true,
        ),
        (
            within(json!({ "$centerSphere": [[0, 0], 0.02] })),
            point(1.2, 0.0),
            false,
        ),
        (
            within(json!({ "$box": [[0, 0], [2, 2]] })),
            point(2.0, 1.0),
            true,
        ),
        (
            within(json!({ "$box": [[0, 0], [2, 2]] })),
            json!([2.1, 1]),
            false,
        ),
        (
            within(json!({ "$polygon": [[0, 0], [4, 0], [0, 4]] })),
            json!([1, 1]),
            true,
        ),
        (
            within(json!({ "$polygon": [[0, 0], [4, 0], [0, 4]] })),
            json!([3, 3]),
            false,
        ),
        (
            within(json!({ "$center": [[0, 0], 5] })),
            json!([3, 4]),
            true,
        ),
    ];
    for (condition, stored, expected) in cases {
        let found = finds(condition.clone(), stored.clone());
        assert_eq!(found, Ok(expected), "{condition} on {stored}");
    }
}

#[test]
fn documents_near_a_point_are_sorted_by_distance() {
    let filter = document(
        json!({ "a": { "$nearSphere": { "$geometry": point(0.0, 0.0), "$maxDistance": 500_000 } } }),
    );
    let filter = Filter::parse(&filter, NOW).expect("valid");
    let stored = [
        point(3.0, 0.0),
        json!({ "type": "LineString", "coordinates": [[2, -9], [2, 9]] }),
        json!([point(4.0, 0.0), point(1.0, 0.0)]),
        polygon(vec![square(-1.0, 1.0)]),
        point(9.0, 0.0),
    ];
    let found: Vec<_> = (0..)
        .zip(stored)
        .map(|(id, place)| doc! { "_id": id, "a": value(place) })
        .filter(|document| filter.matches(document) == Ok(true))
        .collect();
    let sorted = filter.near().expect("a point").sort(found);
    let ids: Vec<_> = sorted
        .iter()
        .filter_map(|document| document.get("_id"))
        .collect();
    assert_eq!(
        ids,
        [3, 2, 1, 0].map(Bson::Int32).iter().collect::<Vec<_>>()
    );
}

#[test]
fn an_invalid_geometry_is_rejected_with_its_rule() {
    let near = |operand: Value| json!({ "$near": operand });
    let meets = |geometry: Value| json!({ "$geoIntersects": { "$geometry": geometry } });
    let cases = [
        (near(json!([0, 0])), "needs an object with a $geometry"),
        (
            near(json!({ "$geometry": point(0.0, 91.0) })),
            "out of range",
        ),
        (
            near(json!({ "$geometry": polygon(vec![square(0.0, 1.0)]) })),
            "type Point",
        ),
        (
            near(json!({ "$geometry": point(0.0, 0.0), "$maxDistance": -1 })),
            "not negative",
        ),
        (
            json!({ "$near": { "$geometry": point(0.0, 0.0) }, "$maxDistance": 1 }),
            "beside $geometry",
        ),
        (
            meets(json!({ "type": "LineString", "coordinates": [[0, 0]] })),
            "at least 2",
        ),
        (
            meets(json!({ "type": "Polygon", "coordinates": [] })),
            "at least 1",
        ),
        (
            meets(json!({ "type": "Polygon", "coordinates": [[[0, 0], [1, 0], [0, 0]]] })),
            "at least 4",
        ),
        (
            meets(json!({ "type": "LineString", "coordinates": [[0, 0], [180, 0]] })),
            "opposite",
        ),
        (meets(json!({ "coordinates": [0, 0] })), "needs a `type`"),
        (
            json!({ "$geoWithin": { "$geometry": point(0.0, 0.0) } }),
            "a Polygon or a MultiPolygon",
        ),
        (
            json!({ "$geoWithin": { "$centerSphere": [[0, 0], -1] } }),
            "not negative",
        ),
        (json!({ "$geoWithin": { "$disc": 1 } }), "unknown shape"),
    ];
    for (condition, reason) in cases {
        let rejection = finds(condition.clone(), json!(1)).expect_err("invalid");
        assert!(
            rejection.message.contains(reason),
            "{condition}: {rejection} does not say `{reason}`"
        );
    }
}
