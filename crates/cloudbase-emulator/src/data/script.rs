//! Scripts in MySQL's dialect: cut into statements here, understood by each engine in its own way.

mod decode;
mod place;
mod splitter;

pub(crate) use decode::{decode, without_foreign_escapes};
pub(crate) use place::Placed;
pub(crate) use splitter::split;
