//! Distances from a point.

use bson::{Bson, Document};

use super::{
    super::{
        number::Number,
        rejection::{Rejection, Result, reject},
    },
    geometry::{Geometry, in_operator},
    sphere::{EARTH_RADIUS, Position},
};

/// A point, and the distances from it that count, in metres and inclusive.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Near {
    from: Position,
    least: f64,
    most: f64,
}

impl Near {
    /// Parses `{$geometry: Point, $minDistance, $maxDistance}`; `siblings` are the operators beside it.
    pub(in super::super) fn parse(
        operator: &str,
        operand: &Bson,
        siblings: &Document,
    ) -> Result<Self> {
        let Bson::Document(operand) = operand else {
            reject!("{operator} needs an object with a $geometry");
        };
        if let Some(outside) = ["$minDistance", "$maxDistance"]
            .iter()
            .find(|name| siblings.contains_key(**name))
        {
            reject!("{operator}: {outside} must stand beside $geometry");
        }
        for name in operand.keys() {
            if !matches!(name.as_str(), "$geometry" | "$minDistance" | "$maxDistance") {
                reject!("{operator}: unknown operand `{name}`");
            }
        }
        let Some(Bson::Document(point)) = operand.get("$geometry") else {
            reject!("{operator} needs a $geometry");
        };
        Self::from_point(
            operator,
            point,
            operand.get("$minDistance"),
            operand.get("$maxDistance"),
        )
    }

    /// From a GeoJSON point and distances in metres.
    pub(in super::super) fn from_point(
        operator: &str,
        point: &Document,
        least: Option<&Bson>,
        most: Option<&Bson>,
    ) -> Result<Self> {
        let geometry = Geometry::parse(point).map_err(|reason| in_operator(operator, &reason))?;
        let is_point = point.get("type").and_then(Bson::as_str) == Some("Point");
        let from = match geometry.points.as_slice() {
            [from] if is_point => *from,
            _ => reject!("{operator} needs a geometry of type Point"),
        };
        let distance = |value: Option<&Bson>, default: f64| match value {
            // The official SDKs send null for a bound that is not given.
            None | Some(Bson::Null) => Ok(default),
            Some(value) => Number::from_bson(value)
                .map(Number::to_f64)
                .filter(|distance| *distance >= 0.0)
                .ok_or_else(|| {
                    Rejection::new(format!(
                        "{operator}: a distance is a number of metres that is not negative"
                    ))
                }),
        };
        Ok(Self {
            from,
            least: distance(least, 0.0)?,
            most: distance(most, f64::INFINITY)?,
        })
    }

    /// The distance of a stored geometry in metres, if it is within the bounds.
    pub(in super::super) fn distance(&self, value: &Bson) -> Option<f64> {
        let distance = Geometry::of_value(value)?.angle_to(self.from) * EARTH_RADIUS;
        (self.least..=self.most)
            .contains(&distance)
            .then_some(distance)
    }

    /// The distance of a stored geometry, or of the nearest one of an array, with the geometry.
    pub(in super::super) fn nearest<'a>(&self, value: &'a Bson) -> Option<(f64, &'a Bson)> {
        if let Some(distance) = self.distance(value) {
            return Some((distance, value));
        }
        let elements = value.as_array().map(Vec::as_slice).unwrap_or_default();
        elements
            .iter()
            .filter_map(|element| Some((self.distance(element)?, element)))
            .min_by(|(left, _), (right, _)| left.total_cmp(right))
    }
}
