//! Documents by their distance.

use cloudbase_core::{Error, Result};

use crate::documents::ejson;
use crate::documents::field::FieldPath;
use crate::documents::filter::{Filter, GeoNear};
use crate::documents::geo::distance;
use crate::documents::value::{Document, Value};

/// A place, and the field that the distance from it is put into, in metres.
///
/// ```
/// use cloudbase_data::documents::aggregate::Near;
/// use cloudbase_data::documents::{GeoNear, GeoPoint, eq};
///
/// let place = GeoNear::new(GeoPoint::new(116.4, 39.9)).max_distance(1000.0);
/// let open_shops = Near::new(place, "distance").filter(eq("open", true));
/// ```
#[derive(Clone, Debug)]
#[must_use = "does nothing by itself"]
pub struct Near {
    near: GeoNear,
    distance: FieldPath,
    filter: Filter,
    multiplier: Option<f64>,
    location: Option<FieldPath>,
    key: Option<FieldPath>,
}

impl Near {
    /// A place, and the field of the distance.
    #[doc(alias = "distanceField")]
    pub fn new(near: impl Into<GeoNear>, distance: impl Into<FieldPath>) -> Self {
        Self {
            near: near.into(),
            distance: distance.into(),
            filter: Filter::everything(),
            multiplier: None,
            location: None,
            key: None,
        }
    }

    /// Lets only documents through for which this holds.
    #[doc(alias = "query")]
    pub fn filter(mut self, filter: impl Into<Filter>) -> Self {
        self.filter = self.filter & filter.into();
        self
    }

    /// Multiplies the distances by this: 0.001 for kilometres.
    #[doc(alias = "distanceMultiplier")]
    pub fn multiplier(mut self, factor: f64) -> Self {
        self.multiplier = Some(factor);
        self
    }

    /// Puts the place that the distance is to into this field.
    #[doc(alias = "includeLocs")]
    pub fn location(mut self, field: impl Into<FieldPath>) -> Self {
        self.location = Some(field.into());
        self
    }

    /// The field with the places, where the collection has several geographic indexes.
    pub fn key(mut self, field: impl Into<FieldPath>) -> Self {
        self.key = Some(field.into());
        self
    }

    pub(super) fn encode(self) -> Result<Document> {
        let mut near = Document::one("near", ejson::value_of("near", &self.near.point)?);
        near.push("distanceField", self.distance.checked()?);
        near.push("spherical", true);
        if let Some(metres) = self.near.max {
            near.push("maxDistance", distance("max_distance", metres)?);
        }
        if let Some(metres) = self.near.min {
            near.push("minDistance", distance("min_distance", metres)?);
        }
        let query = self.filter.to_document()?;
        if !query.is_empty() {
            near.push("query", query);
        }
        if let Some(factor) = self.multiplier {
            if !factor.is_finite() || factor < 0.0 {
                return Err(Error::argument("multiplier", "must be 0 or more"));
            }
            near.push("distanceMultiplier", Value::Double(factor));
        }
        if let Some(field) = &self.location {
            near.push("includeLocs", field.checked()?);
        }
        if let Some(field) = &self.key {
            near.push("key", field.checked()?);
        }
        Ok(near)
    }
}
