//! What `$geoWithin` looks inside.

use bson::{Bson, Document};

use super::{
    super::{
        number::Number,
        rejection::{Rejection, Result, reject},
    },
    geometry::{Geometry, Polygon, in_operator, position},
    planar::{Pair, Shape, pair},
    sphere::Position,
};

#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Region {
    Polygons(Vec<Polygon>),
    /// A center, and a radius in radians.
    Cap {
        center: Position,
        radius: f64,
    },
    Planar(Shape),
}

const OPERATOR: &str = "$geoWithin";

impl Region {
    pub(in super::super) fn parse(operand: &Bson) -> Result<Self> {
        let Bson::Document(operand) = operand else {
            reject!("$geoWithin needs an object");
        };
        let (Some((name, shape)), 1) = (operand.iter().next(), operand.len()) else {
            reject!("$geoWithin needs exactly one shape, such as $geometry or $centerSphere");
        };
        match (name.as_str(), shape) {
            ("$geometry", Bson::Document(geometry)) => Self::from_geometry(geometry),
            ("$geometry", _) => reject!("$geoWithin: $geometry must be an object"),
            ("$centerSphere", shape) => {
                let (center, radius) = circle(shape)?;
                let center = position(center).map_err(|reason| in_operator(OPERATOR, &reason))?;
                Ok(Self::Cap { center, radius })
            }
            ("$center", shape) => {
                let (center, radius) = circle(shape)?;
                let center = corner(center)?;
                Ok(Self::Planar(Shape::Circle { center, radius }))
            }
            ("$box", shape) => match corners(shape)?.as_slice() {
                [first, second] => Ok(Self::Planar(Shape::Box {
                    least: (first.0.min(second.0), first.1.min(second.1)),
                    most: (first.0.max(second.0), first.1.max(second.1)),
                })),
                _ => reject!("$geoWithin: $box needs exactly two corners"),
            },
            ("$polygon", shape) => {
                let corners = corners(shape)?;
                if corners.len() < 3 {
                    reject!("$geoWithin: $polygon needs at least three corners");
                }
                Ok(Self::Planar(Shape::Polygon(corners)))
            }
            (name, _) => reject!("$geoWithin: unknown shape `{name}`"),
        }
    }

    fn from_geometry(geometry: &Document) -> Result<Self> {
        let kind = geometry
            .get("type")
            .and_then(Bson::as_str)
            .unwrap_or_default();
        let polygons = Geometry::parse(geometry)
            .map_err(|reason| in_operator(OPERATOR, &reason))?
            .polygons;
        if !matches!(kind, "Polygon" | "MultiPolygon") {
            reject!("$geoWithin needs a Polygon or a MultiPolygon, got a {kind}");
        }
        Ok(Self::Polygons(polygons))
    }

    /// Whether a stored value is a geometry that is inside as a whole.
    pub(in super::super) fn contains(&self, value: &Bson) -> bool {
        match self {
            Self::Polygons(polygons) => {
                Geometry::of_value(value).is_some_and(|geometry| geometry.is_within(polygons))
            }
            Self::Cap { center, radius } => Geometry::of_value(value).is_some_and(|geometry| {
                geometry
                    .positions()
                    .all(|position| center.angle(position) <= *radius)
            }),
            Self::Planar(shape) => point(value).is_some_and(|point| shape.contains(point)),
        }
    }
}

/// A stored point on the flat map.
fn point(value: &Bson) -> Option<Pair> {
    let is_point =
        |document: &Document| document.get("type").and_then(Bson::as_str) == Some("Point");
    match value {
        Bson::Document(document) if is_point(document) => pair(document.get("coordinates")?),
        value => pair(value),
    }
}

fn circle(shape: &Bson) -> Result<(&Bson, f64)> {
    let parts = match shape {
        Bson::Array(parts) => match parts.as_slice() {
            [center, radius] => Number::from_bson(radius).map(|radius| (center, radius.to_f64())),
            _ => None,
        },
        _ => None,
    };
    match parts {
        Some((center, radius)) if radius >= 0.0 => Ok((center, radius)),
        _ => reject!("$geoWithin: a circle is [center, radius], the radius not negative"),
    }
}

fn corners(shape: &Bson) -> Result<Vec<Pair>> {
    match shape {
        Bson::Array(corners) => corners.iter().map(corner).collect(),
        Bson::Document(corners) => corners.values().map(corner).collect(),
        _ => reject!("$geoWithin: expected an array of positions"),
    }
}

fn corner(value: &Bson) -> Result<Pair> {
    pair(value).ok_or_else(|| Rejection::new("$geoWithin: a position is two numbers"))
}
