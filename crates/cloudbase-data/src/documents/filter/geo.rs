//! Conditions on places.

use super::Filter;
use crate::documents::ejson;
use crate::documents::field::FieldPath;
use crate::documents::geo::{GeoArea, GeoPoint, GeoShape, distance};
use crate::documents::value::{Document, Value};

/// A place, and how far from it documents may be.
///
/// ```
/// use cloudbase_data::documents::{GeoNear, GeoPoint, geo_near};
///
/// let place = GeoPoint::new(116.4, 39.9);
/// let near = geo_near("location", GeoNear::new(place).max_distance(1000.0));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GeoNear {
    pub(crate) point: GeoPoint,
    pub(crate) max: Option<f64>,
    pub(crate) min: Option<f64>,
}

impl GeoNear {
    /// A place, however far.
    pub fn new(point: GeoPoint) -> Self {
        Self {
            point,
            max: None,
            min: None,
        }
    }

    /// At most so many metres from it.
    #[doc(alias = "maxDistance")]
    #[must_use]
    pub fn max_distance(mut self, metres: f64) -> Self {
        self.max = Some(metres);
        self
    }

    /// At least so many metres from it.
    #[doc(alias = "minDistance")]
    #[must_use]
    pub fn min_distance(mut self, metres: f64) -> Self {
        self.min = Some(metres);
        self
    }
}

impl From<GeoPoint> for GeoNear {
    fn from(point: GeoPoint) -> Self {
        Self::new(point)
    }
}

/// The place in the field is near another one; the nearest document comes first unless the call has an
/// order. The field needs a geographic index.
#[doc(alias = "geoNear")]
pub fn geo_near(path: impl Into<FieldPath>, near: impl Into<GeoNear>) -> Filter {
    let near = near.into();
    let operators = || {
        let geometry = ejson::value_of("geometry", &near.point)?;
        let mut operand = Document::one("$geometry", geometry);
        if let Some(metres) = near.max {
            operand.push("$maxDistance", distance("max_distance", metres)?);
        }
        if let Some(metres) = near.min {
            operand.push("$minDistance", distance("min_distance", metres)?);
        }
        Ok(Document::one("$nearSphere", operand))
    };
    Filter::test(path, operators())
}

/// What is in the field lies within an area, the whole of it.
#[doc(alias = "geoWithin")]
pub fn geo_within(path: impl Into<FieldPath>, area: &impl GeoArea) -> Filter {
    shape(path, "$geoWithin", area)
}

/// What is in the field has a point in common with a shape.
#[doc(alias = "geoIntersects")]
pub fn geo_intersects(path: impl Into<FieldPath>, geometry: &impl GeoShape) -> Filter {
    shape(path, "$geoIntersects", geometry)
}

fn shape(path: impl Into<FieldPath>, operator: &str, shape: &impl GeoShape) -> Filter {
    let geometry = ejson::value_of("geometry", shape);
    let operand = |geometry: Value| Document::one(operator, Document::one("$geometry", geometry));
    Filter::test(path, geometry.map(operand))
}
