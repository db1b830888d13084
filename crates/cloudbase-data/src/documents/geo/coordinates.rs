//! The coordinates of each shape: how they are written, read and checked.

use super::{
    GeoLineString, GeoMultiLineString, GeoMultiPoint, GeoMultiPolygon, GeoPoint, GeoPolygon, Value,
};

pub(super) trait Coordinates: Sized {
    fn write(&self) -> Value;

    fn read(value: &Value) -> Option<Self>;

    /// The rule that they break.
    fn check(&self) -> Result<(), &'static str>;
}

/// A whole number goes as one, as GeoJSON is written everywhere.
pub(super) fn number(value: f64) -> Value {
    let whole = value as i32;
    match f64::from(whole) == value {
        true => Value::Int32(whole),
        false => Value::Double(value),
    }
}

impl Coordinates for GeoPoint {
    fn write(&self) -> Value {
        [number(self.longitude), number(self.latitude)].into()
    }

    fn read(value: &Value) -> Option<Self> {
        match value.as_array()? {
            [longitude, latitude] => {
                let point = Self::new(longitude.as_f64()?, latitude.as_f64()?);
                point.check().is_ok().then_some(point)
            }
            _ => None,
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        match self {
            Self { longitude, .. } if !(-180.0..=180.0).contains(longitude) => {
                Err("the longitude of a point must be -180 to 180")
            }
            Self { latitude, .. } if !(-90.0..=90.0).contains(latitude) => {
                Err("the latitude of a point must be -90 to 90")
            }
            _ => Ok(()),
        }
    }
}

/// Shapes that are lists of others, with a rule of their own on the list.
macro_rules! lists {
    ($($name:ident: $rule:expr),+ $(,)?) => {$(
        impl Coordinates for $name {
            fn write(&self) -> Value {
                self.0.iter().map(Coordinates::write).collect()
            }

            fn read(value: &Value) -> Option<Self> {
                let members = value.as_array()?.iter().map(Coordinates::read);
                let shape = Self(members.collect::<Option<_>>()?);
                shape.check().is_ok().then_some(shape)
            }

            fn check(&self) -> Result<(), &'static str> {
                let rule: fn(&Self) -> Result<(), &'static str> = $rule;
                self.0.iter().try_for_each(Coordinates::check)?;
                rule(self)
            }
        }
    )+};
}

lists!(
    GeoLineString: |it| at_least(it.0.len(), 2, "a line must have at least 2 points"),
    GeoPolygon: |it| {
        at_least(it.0.len(), 1, "a polygon must have at least 1 ring")?;
        match it.0.iter().all(|ring| ring.0.first() == ring.0.last()) {
            true => Ok(()),
            false => Err("each ring of a polygon must end where it begins"),
        }
    },
    GeoMultiPoint: |it| at_least(it.0.len(), 1, "a multi-point must have at least 1 point"),
    GeoMultiLineString: |it| at_least(it.0.len(), 1, "a multi-line must have at least 1 line"),
    GeoMultiPolygon: |it| at_least(it.0.len(), 1, "a multi-polygon must have at least 1 polygon"),
);

fn at_least(found: usize, needed: usize, rule: &'static str) -> Result<(), &'static str> {
    match found >= needed {
        true => Ok(()),
        false => Err(rule),
    }
}
