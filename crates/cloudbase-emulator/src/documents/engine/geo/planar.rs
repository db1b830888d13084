//! Shapes on the flat map, whose coordinates are plain numbers: `$box`, `$center`, `$polygon`.

use bson::Bson;

use super::super::number::Number;

#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Shape {
    Box { least: Pair, most: Pair },
    Circle { center: Pair, radius: f64 },
    Polygon(Vec<Pair>),
}

pub(in super::super) type Pair = (f64, f64);

impl Shape {
    pub(super) fn contains(&self, (x, y): Pair) -> bool {
        match self {
            Self::Box { least, most } => {
                (least.0..=most.0).contains(&x) && (least.1..=most.1).contains(&y)
            }
            Self::Circle { center, radius } => (x - center.0).hypot(y - center.1) <= *radius,
            Self::Polygon(corners) => is_inside(corners, (x, y)),
        }
    }
}

/// A number's pair: an array of two, or an object with two fields.
pub(super) fn pair(value: &Bson) -> Option<Pair> {
    let number = |value: &Bson| Number::from_bson(value).map(Number::to_f64);
    match value {
        Bson::Array(pair) => match pair.as_slice() {
            [x, y] => Some((number(x)?, number(y)?)),
            _ => None,
        },
        Bson::Document(pair) if pair.len() == 2 => {
            let mut values = pair.values();
            Some((number(values.next()?)?, number(values.next()?)?))
        }
        _ => None,
    }
}

/// By the number of edges that a ray to the right crosses.
fn is_inside(corners: &[Pair], (x, y): Pair) -> bool {
    let next = corners.iter().cycle().skip(1);
    let mut inside = false;
    for (&(from_x, from_y), &(to_x, to_y)) in corners.iter().zip(next) {
        let side = (to_x - from_x) * (y - from_y) - (to_y - from_y) * (x - from_x);
        let in_box = (from_x.min(to_x)..=from_x.max(to_x)).contains(&x)
            && (from_y.min(to_y)..=from_y.max(to_y)).contains(&y);
        if side == 0.0 && in_box {
            return true;
        }
        if (from_y > y) != (to_y > y)
            && x < (to_x - from_x) * (y - from_y) / (to_y - from_y) + from_x
        {
            inside = !inside;
        }
    }
    inside
}
