//! What the document database's operations mean: pure functions over documents.
//!
//! One value for each kind of operation, parsed first and applied to documents after that: [`Filter`], [`Update`],
//! [`Projection`], [`Sort`], [`Pipeline`]. What is not valid or not supported is a [`Rejection`], never a wrong result.

mod calendar;
mod compare;
mod decimal;
mod depth;
mod expression;
mod filter;
mod geo;
mod number;
mod path;
mod pattern;
mod pipeline;
mod projection;
mod rejection;
mod sort;
mod stage;
mod time_zone;
mod types;
mod update;

pub(crate) use self::{
    compare::{equal, identical},
    filter::{Filter, IndexBound, IndexCondition},
    path::Entered,
    pipeline::{Collections, Pipeline},
    projection::Projection,
    rejection::{Rejection, Result},
    sort::{Direction, Sort},
    update::{Replacement, Update},
};

#[cfg(test)]
mod tests;
