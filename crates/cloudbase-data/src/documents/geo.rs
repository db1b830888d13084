//! Places and shapes on the globe, as GeoJSON.

mod coordinates;

use cloudbase_core::{Error, Result};
use serde::ser::{Error as _, Serialize, SerializeMap as _, Serializer};

use self::coordinates::Coordinates;
use super::value::{Document, Value};

/// A shape of which the database knows whether it [intersects](super::geo_intersects) another: all six.
pub trait GeoShape: Serialize {}

/// A shape that things can be [within](super::geo_within): polygons.
pub trait GeoArea: GeoShape {}

macro_rules! shapes {
    ($($name:ident = $type:literal),+ $(,)?) => {$(
        impl GeoShape for $name {}

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                self.check().map_err(S::Error::custom)?;
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("type", $type)?;
                map.serialize_entry("coordinates", &self.write())?;
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> std::result::Result<Self, D::Error> {
                let document = Document::deserialize(deserializer)?;
                let is_it = document.get("type").and_then(Value::as_str) == Some($type);
                let found = document.get("coordinates").filter(|_| is_it).and_then(Self::read);
                found.ok_or_else(|| serde::de::Error::custom(concat!("not a GeoJSON ", $type)))
            }
        }
    )+};
}

/// A point: longitude −180 to 180, latitude −90 to 90, which is checked when it is sent.
///
/// ```
/// use cloudbase_data::documents::GeoPoint;
///
/// let beijing = GeoPoint::new(116.4, 39.9);
/// assert_eq!(beijing.longitude, 116.4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct GeoPoint {
    /// Degrees east.
    pub longitude: f64,
    /// Degrees north.
    pub latitude: f64,
}

impl GeoPoint {
    /// The point at a longitude and a latitude, in this order.
    pub const fn new(longitude: f64, latitude: f64) -> Self {
        Self {
            longitude,
            latitude,
        }
    }
}

/// Longitude, latitude.
impl From<(f64, f64)> for GeoPoint {
    fn from((longitude, latitude): (f64, f64)) -> Self {
        Self::new(longitude, latitude)
    }
}

macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident($inner:ty), $members:literal);+ $(;)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name(Vec<$inner>);

        impl $name {
            #[doc = concat!("Made of these ", $members, ".")]
            pub fn new<I: Into<$inner>>(members: impl IntoIterator<Item = I>) -> Self {
                Self(members.into_iter().map(Into::into).collect())
            }

            #[doc = concat!("The ", $members, ".")]
            pub fn members(&self) -> &[$inner] {
                &self.0
            }
        }

        impl<I: Into<$inner>, const N: usize> From<[I; N]> for $name {
            fn from(members: [I; N]) -> Self {
                Self::new(members)
            }
        }

        impl<I: Into<$inner>> From<Vec<I>> for $name {
            fn from(members: Vec<I>) -> Self {
                Self::new(members)
            }
        }
    )+};
}

lists! {
    /// A line of two points or more.
    GeoLineString(GeoPoint), "points";
    /// An area: an outer ring, then holes in it. Each ring ends where it begins.
    ///
    /// ```
    /// use cloudbase_data::documents::{GeoPolygon, geo_within};
    ///
    /// let area = GeoPolygon::new([[(0.0, 0.0), (3.0, 0.0), (3.0, 3.0), (0.0, 0.0)]]);
    /// let within = geo_within("location", &area);
    /// ```
    GeoPolygon(GeoLineString), "rings";
    /// Points.
    GeoMultiPoint(GeoPoint), "points";
    /// Lines.
    GeoMultiLineString(GeoLineString), "lines";
    /// Areas.
    GeoMultiPolygon(GeoPolygon), "areas";
}

shapes!(
    GeoPoint = "Point",
    GeoLineString = "LineString",
    GeoPolygon = "Polygon",
    GeoMultiPoint = "MultiPoint",
    GeoMultiLineString = "MultiLineString",
    GeoMultiPolygon = "MultiPolygon",
);

impl GeoArea for GeoPolygon {}
impl GeoArea for GeoMultiPolygon {}

/// A distance as it is sent.
pub(crate) fn distance(argument: &str, metres: f64) -> Result<Value> {
    match metres.is_finite() && metres >= 0.0 {
        true => Ok(coordinates::number(metres)),
        false => Err(Error::argument(argument, "must be 0 metres or more")),
    }
}

/// Whether `document` is GeoJSON: one value, not an object with fields of its own.
pub(crate) fn is_shape(document: &Document) -> bool {
    let kind = document.get("type").and_then(Value::as_str);
    let Some(coordinates) = document.get("coordinates").filter(|_| document.len() == 2) else {
        return false;
    };
    match kind {
        Some("Point") => GeoPoint::read(coordinates).is_some(),
        Some("LineString") => GeoLineString::read(coordinates).is_some(),
        Some("Polygon") => GeoPolygon::read(coordinates).is_some(),
        Some("MultiPoint") => GeoMultiPoint::read(coordinates).is_some(),
        Some("MultiLineString") => GeoMultiLineString::read(coordinates).is_some(),
        Some("MultiPolygon") => GeoMultiPolygon::read(coordinates).is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
