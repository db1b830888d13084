//! GeoJSON, and what two geometries have in common.

use bson::{Bson, Document};

use super::{
    super::{
        number::Number,
        rejection::{Rejection, Result, reject},
    },
    sphere::{Arc, Position, arcs, cross_inside, touch},
};

/// A geometry of any type as the points, lines and polygons that it consists of.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in super::super) struct Geometry {
    pub(super) points: Vec<Position>,
    pub(super) lines: Vec<Vec<Position>>,
    pub(super) polygons: Vec<Polygon>,
}

/// Closed rings, of which the first is the outline and the others are holes.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Polygon {
    outline: Vec<Position>,
    holes: Vec<Vec<Position>>,
}

impl Geometry {
    /// Parses `{$geometry: …}`.
    pub(in super::super) fn parse_operand(operator: &str, operand: &Bson) -> Result<Self> {
        match operand {
            Bson::Document(operand) if operand.len() == 1 => match operand.get("$geometry") {
                Some(Bson::Document(geometry)) => {
                    Self::parse(geometry).map_err(|reason| in_operator(operator, &reason))
                }
                _ => reject!("{operator} needs a $geometry"),
            },
            _ => reject!("{operator} needs an object with exactly a $geometry"),
        }
    }

    /// Parses a GeoJSON object of any type.
    pub(super) fn parse(geometry: &Document) -> Result<Self, String> {
        let mut parts = Self::default();
        let Some(Bson::String(kind)) = geometry.get("type") else {
            return Err("a geometry needs a `type`".to_owned());
        };
        if geometry.contains_key("crs") {
            return Err("other coordinate systems (`crs`) are not supported".to_owned());
        }
        if kind == "GeometryCollection" {
            let Some(Bson::Array(members)) = geometry.get("geometries") else {
                return Err("a GeometryCollection needs an array of `geometries`".to_owned());
            };
            for member in members {
                let member = member
                    .as_document()
                    .ok_or("`geometries` must be objects")
                    .map_err(str::to_owned)?;
                let member = Self::parse(member)?;
                parts.points.extend(member.points);
                parts.lines.extend(member.lines);
                parts.polygons.extend(member.polygons);
            }
            return Ok(parts);
        }
        let Some(coordinates) = geometry.get("coordinates") else {
            return Err("a geometry needs `coordinates`".to_owned());
        };
        match kind.as_str() {
            "Point" => parts.points.push(position(coordinates)?),
            "MultiPoint" => parts.points = many(coordinates, 1, position)?,
            "LineString" => parts.lines.push(line(coordinates)?),
            "MultiLineString" => parts.lines = many(coordinates, 1, line)?,
            "Polygon" => parts.polygons.push(polygon(coordinates)?),
            "MultiPolygon" => parts.polygons = many(coordinates, 1, polygon)?,
            kind => return Err(format!("unknown type of geometry `{kind}`")),
        }
        Ok(parts)
    }

    /// The geometry of a stored value: GeoJSON, or a pair of longitude and latitude.
    pub(super) fn of_value(value: &Bson) -> Option<Self> {
        let point = |point: Position| Self {
            points: vec![point],
            ..Self::default()
        };
        match value {
            Bson::Document(document) if document.contains_key("type") => Self::parse(document).ok(),
            Bson::Document(document) if document.len() == 2 => {
                let pair: Vec<_> = document.values().cloned().collect();
                position(&Bson::Array(pair)).ok().map(point)
            }
            Bson::Array(pair) if pair.len() == 2 => position(value).ok().map(point),
            _ => None,
        }
    }

    pub(in super::super) fn intersects_value(&self, value: &Bson) -> bool {
        Self::of_value(value).is_some_and(|other| self.intersects(&other))
    }

    fn intersects(&self, other: &Self) -> bool {
        self.meets_parts_of(other)
            || other.meets_parts_of(self)
            || any_pair(&self.points, &other.points, |left, right| {
                left.is_at(*right)
            })
            || any_pair(&self.lines, &other.lines, |left, right| {
                touches(left, right)
            })
            || any_pair(&self.polygons, &other.polygons, Polygon::intersects)
    }

    /// Points and lines against parts of more dimensions.
    fn meets_parts_of(&self, other: &Self) -> bool {
        any_pair(&self.points, &other.lines, |point, line| {
            arcs(line).any(|arc| point.is_on_arc(arc))
        }) || any_pair(&self.points, &other.polygons, |point, polygon| {
            polygon.contains(*point)
        }) || any_pair(&self.lines, &other.polygons, |line, polygon| {
            line.iter().any(|position| polygon.contains(*position)) || polygon.touches(line)
        })
    }

    /// Whether each part is inside one of the polygons.
    pub(super) fn is_within(&self, polygons: &[Polygon]) -> bool {
        let inside = |is_inside: &dyn Fn(&Polygon) -> bool| polygons.iter().any(is_inside);
        self.points
            .iter()
            .all(|point| inside(&|polygon| polygon.contains(*point)))
            && self
                .lines
                .iter()
                .all(|line| inside(&|polygon| polygon.contains_line(line)))
            && self
                .polygons
                .iter()
                .all(|part| inside(&|polygon| polygon.contains_polygon(part)))
    }

    /// All positions.
    pub(super) fn positions(&self) -> impl Iterator<Item = Position> + '_ {
        let outlines = self.polygons.iter().flat_map(|polygon| &polygon.outline);
        self.points
            .iter()
            .chain(self.lines.iter().flatten())
            .chain(outlines)
            .copied()
    }

    /// The angle from a position to the nearest point, 0 inside a polygon.
    pub(super) fn angle_to(&self, position: Position) -> f64 {
        if self
            .polygons
            .iter()
            .any(|polygon| polygon.contains(position))
        {
            return 0.0;
        }
        let rings = self.polygons.iter().flat_map(Polygon::rings);
        let to_edges = self
            .lines
            .iter()
            .chain(rings)
            .flat_map(|line| arcs(line))
            .map(|arc| position.angle_to_arc(arc));
        self.points
            .iter()
            .map(|point| position.angle(*point))
            .chain(to_edges)
            .fold(f64::INFINITY, f64::min)
    }
}

pub(super) fn in_operator(operator: &str, reason: &str) -> Rejection {
    Rejection::new(format!("{operator}: {reason}"))
}

fn any_pair<L, R>(left: &[L], right: &[R], test: impl Fn(&L, &R) -> bool) -> bool {
    left.iter()
        .any(|left| right.iter().any(|right| test(left, right)))
}

/// Whether two lines have a point in common.
fn touches(left: &[Position], right: &[Position]) -> bool {
    arcs(left).any(|left| arcs(right).any(|right| touch(left, right)))
}

impl Polygon {
    fn rings(&self) -> impl Iterator<Item = &Vec<Position>> {
        std::iter::once(&self.outline).chain(&self.holes)
    }

    fn edges(&self) -> impl Iterator<Item = Arc> + '_ {
        self.rings().flat_map(|ring| arcs(ring))
    }

    /// Whether a position is inside or on an edge.
    fn contains(&self, position: Position) -> bool {
        self.edges().any(|edge| position.is_on_arc(edge))
            || (position.is_in_ring(&self.outline)
                && !self.holes.iter().any(|hole| position.is_in_ring(hole)))
    }

    fn touches(&self, line: &[Position]) -> bool {
        self.rings().any(|ring| touches(ring, line))
    }

    fn intersects(&self, other: &Self) -> bool {
        self.outline
            .iter()
            .any(|position| other.contains(*position))
            || other
                .outline
                .iter()
                .any(|position| self.contains(*position))
            || other.rings().any(|ring| self.touches(ring))
    }

    fn contains_line(&self, line: &[Position]) -> bool {
        line.iter().all(|position| self.contains(*position))
            && !arcs(line).any(|arc| self.edges().any(|edge| cross_inside(arc, edge)))
    }

    fn contains_polygon(&self, other: &Self) -> bool {
        let has_hole_of_ours = self.holes.iter().flatten().any(|position| {
            position.is_in_ring(&other.outline)
                && !other.edges().any(|edge| position.is_on_arc(edge))
                && !other.holes.iter().any(|hole| position.is_in_ring(hole))
        });
        self.contains_line(&other.outline) && !has_hole_of_ours
    }
}

/// `[longitude, latitude]` in degrees.
pub(super) fn position(value: &Bson) -> Result<Position, String> {
    let numbers: Option<Vec<f64>> = value.as_array().and_then(|numbers| {
        numbers
            .iter()
            .map(|number| Number::from_bson(number).map(Number::to_f64))
            .collect()
    });
    match numbers.as_deref() {
        // An altitude is left out of account.
        Some([longitude, latitude] | [longitude, latitude, _]) => {
            if !(-180.0..=180.0).contains(longitude) || !(-90.0..=90.0).contains(latitude) {
                return Err(format!(
                    "[{longitude}, {latitude}] is out of range; expected [longitude, latitude] within ±180 and ±90"
                ));
            }
            Ok(Position::new(*longitude, *latitude))
        }
        _ => Err("a position is [longitude, latitude], two numbers".to_owned()),
    }
}

fn many<T>(
    value: &Bson,
    least: usize,
    parse: fn(&Bson) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    match value {
        Bson::Array(members) if members.len() >= least => members.iter().map(parse).collect(),
        _ => Err(format!(
            "`coordinates` must be an array of at least {least}"
        )),
    }
}

fn line(value: &Bson) -> Result<Vec<Position>, String> {
    let line = many(value, 2, position)?;
    if arcs(&line).any(|(start, end)| start.is_opposite(end)) {
        return Err("an edge cannot go to the opposite point of the earth".to_owned());
    }
    Ok(line)
}

fn ring(value: &Bson) -> Result<Vec<Position>, String> {
    let ring = line(value)?;
    if ring.len() < 4 {
        return Err("a ring of a polygon has at least 4 positions".to_owned());
    }
    match (ring.first(), ring.last()) {
        (Some(first), Some(last)) if first == last => Ok(ring),
        _ => Err("a ring of a polygon must be closed: its last position is its first".to_owned()),
    }
}

fn polygon(value: &Bson) -> Result<Polygon, String> {
    let mut rings = many(value, 1, ring)?.into_iter();
    match rings.next() {
        Some(outline) => Ok(Polygon {
            outline,
            holes: rings.collect(),
        }),
        None => Err("a polygon needs a ring".to_owned()),
    }
}
