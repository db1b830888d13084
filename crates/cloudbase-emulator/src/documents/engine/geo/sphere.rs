//! Points, arcs and rings on the unit sphere.

use std::f64::consts::PI;

/// Metres, as the database has it.
pub(super) const EARTH_RADIUS: f64 = 6_378_100.0;

/// Radians that count as none: less than a tenth of a millimetre.
const TOLERANCE: f64 = 1e-11;

/// A position in degrees, and as a vector of length 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) struct Position {
    pub(super) longitude: f64,
    pub(super) latitude: f64,
    vector: Vector,
}

type Vector = [f64; 3];

impl Position {
    pub(super) fn new(longitude: f64, latitude: f64) -> Self {
        let (sin_longitude, cos_longitude) = longitude.to_radians().sin_cos();
        let (sin_latitude, cos_latitude) = latitude.to_radians().sin_cos();
        Self {
            longitude,
            latitude,
            vector: [
                cos_latitude * cos_longitude,
                cos_latitude * sin_longitude,
                sin_latitude,
            ],
        }
    }

    /// The angle between two positions, in radians.
    pub(super) fn angle(self, other: Self) -> f64 {
        angle(self.vector, other.vector)
    }

    pub(super) fn is_at(self, other: Self) -> bool {
        self.angle(other) < TOLERANCE
    }

    /// Whether no arc is the shortest one between the two.
    pub(super) fn is_opposite(self, other: Self) -> bool {
        PI - self.angle(other) < TOLERANCE
    }

    /// The angle between the position and the nearest point of an arc.
    pub(super) fn angle_to_arc(self, (start, end): Arc) -> f64 {
        let normal = cross(start.vector, end.vector);
        let length = norm(normal);
        if length > TOLERANCE {
            let height = dot(normal, self.vector) / length;
            // The foot of the perpendicular is between the ends if it is on the inner side of both.
            let foot = subtract(self.vector, scale(normal, height / length));
            let inside = dot(cross(normal, start.vector), foot) >= 0.0
                && dot(cross(end.vector, normal), foot) >= 0.0;
            if inside {
                return height.abs().min(1.0).asin();
            }
        }
        self.angle(start).min(self.angle(end))
    }

    pub(super) fn is_on_arc(self, arc: Arc) -> bool {
        self.angle_to_arc(arc) < TOLERANCE
    }

    /// Whether the position is inside a closed ring; its edges are left to the caller.
    pub(super) fn is_in_ring(self, ring: &[Self]) -> bool {
        // The side of the sphere on which the ring is: it turns around the opposite point as well.
        let middle = ring
            .iter()
            .fold([0.0; 3], |sum, position| add(sum, position.vector));
        if dot(middle, self.vector) <= 0.0 {
            return false;
        }
        let tangent = |position: Self| {
            let along = dot(position.vector, self.vector);
            subtract(position.vector, scale(self.vector, along))
        };
        let turned: f64 = arcs(ring)
            .map(|(start, end)| {
                let (from, to) = (tangent(start), tangent(end));
                dot(self.vector, cross(from, to)).atan2(dot(from, to))
            })
            .sum();
        turned.abs() > PI
    }
}

pub(super) type Arc = (Position, Position);

/// The arcs between the positions of a line or a closed ring.
pub(super) fn arcs(line: &[Position]) -> impl Iterator<Item = Arc> + '_ {
    line.iter().copied().zip(line.iter().copied().skip(1))
}

/// Whether two arcs cross each other between their ends.
pub(super) fn cross_inside((a, b): Arc, (c, d): Arc) -> bool {
    let (first, second) = (cross(a.vector, b.vector), cross(c.vector, d.vector));
    let sides = [
        dot(first, c.vector),
        -dot(first, d.vector),
        -dot(second, a.vector),
        dot(second, b.vector),
    ];
    let strictly = |side: &f64| side.abs() > TOLERANCE * 1e-3;
    sides.iter().all(strictly)
        && (sides.iter().all(|side| *side > 0.0) || sides.iter().all(|side| *side < 0.0))
        // Not on the opposite side of the sphere.
        && dot(add(a.vector, b.vector), add(c.vector, d.vector)) > 0.0
}

/// Whether two arcs have a point in common.
pub(super) fn touch(first: Arc, second: Arc) -> bool {
    cross_inside(first, second)
        || first.0.is_on_arc(second)
        || first.1.is_on_arc(second)
        || second.0.is_on_arc(first)
        || second.1.is_on_arc(first)
}

fn angle(left: Vector, right: Vector) -> f64 {
    norm(cross(left, right)).atan2(dot(left, right))
}

fn dot(left: Vector, right: Vector) -> f64 {
    left[0] * right[0] + left[1] * right[1] + left[2] * right[2]
}

fn cross(left: Vector, right: Vector) -> Vector {
    [
        left[1] * right[2] - left[2] * right[1],
        left[2] * right[0] - left[0] * right[2],
        left[0] * right[1] - left[1] * right[0],
    ]
}

fn norm(vector: Vector) -> f64 {
    dot(vector, vector).sqrt()
}

fn add(left: Vector, right: Vector) -> Vector {
    [left[0] + right[0], left[1] + right[1], left[2] + right[2]]
}

fn subtract(left: Vector, right: Vector) -> Vector {
    [left[0] - right[0], left[1] - right[1], left[2] - right[2]]
}

fn scale(vector: Vector, factor: f64) -> Vector {
    vector.map(|part| part * factor)
}
