//! Scripts in MySQL's dialect: cut into statements here, understood by each engine in its own way.

mod place;
mod splitter;

pub(crate) use place::Placed;
pub(crate) use splitter::split;
