//! Shapes as they are sent and read.

use serde::de::DeserializeOwned;

use super::*;
use crate::documents::ejson::{Form, decode, encode};

fn back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(shape: &T, json: &str) {
    assert_eq!(encode("shape", shape, Form::Relaxed).unwrap(), json);
    let canonical = encode("shape", shape, Form::Canonical).unwrap();
    assert_eq!(&decode::<T>(canonical.as_bytes()).unwrap(), shape);
    assert!(is_shape(&json.parse().unwrap()));
}

#[test]
fn shapes_are_geojson() {
    let line = GeoLineString::new([(0.0, 0.0), (1.5, 1.0)]);
    let ring = [(0.0, 0.0), (3.0, 0.0), (3.0, 3.0), (0.0, 0.0)];
    let polygon = GeoPolygon::new([ring]);
    back(
        &GeoPoint::new(116.4, 39.9),
        r#"{"type":"Point","coordinates":[116.4,39.9]}"#,
    );
    back(
        &line,
        r#"{"type":"LineString","coordinates":[[0,0],[1.5,1]]}"#,
    );
    back(
        &polygon,
        r#"{"type":"Polygon","coordinates":[[[0,0],[3,0],[3,3],[0,0]]]}"#,
    );
    back(
        &GeoMultiPoint::new([(1.0, 2.0)]),
        r#"{"type":"MultiPoint","coordinates":[[1,2]]}"#,
    );
    back(
        &GeoMultiLineString::new([line]),
        r#"{"type":"MultiLineString","coordinates":[[[0,0],[1.5,1]]]}"#,
    );
    back(
        &GeoMultiPolygon::new([polygon]),
        r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[3,0],[3,3],[0,0]]]]}"#,
    );
}

#[test]
fn what_is_no_shape_is_rejected_before_it_is_sent() {
    for (error, rule) in [
        (
            encode("p", &GeoPoint::new(181.0, 0.0), Form::Relaxed),
            "-180 to 180",
        ),
        (
            encode("p", &GeoPoint::new(0.0, f64::NAN), Form::Relaxed),
            "-90 to 90",
        ),
        (
            encode("p", &GeoLineString::new([(0.0, 0.0)]), Form::Relaxed),
            "2 points",
        ),
        (
            encode("p", &GeoMultiPoint::new([(0.0, 0.0); 0]), Form::Relaxed),
            "1 point",
        ),
    ] {
        let error = error.unwrap_err();
        assert!(error.message().contains(rule), "{error}");
    }
    assert!(decode::<GeoPoint>(br#"{"type":"Point","coordinates":[1]}"#).is_err());
    assert!(decode::<GeoPoint>(br#"{"type":"LineString","coordinates":[[1,2],[3,4]]}"#).is_err());
}
