//! Geometries on the sphere: `$near`, `$nearSphere`, `$geoWithin`, `$geoIntersects`, `$geoNear`.
//!
//! Edges are arcs of great circles, and the inside of a ring is the smaller of the two areas, as in the database.

mod geometry;
mod near;
mod planar;
mod region;
mod sphere;

pub(super) use self::{geometry::Geometry, near::Near, region::Region};
