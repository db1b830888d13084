//! Side-by-side measurements: contenders do the same work against the same server in the same run, turn by turn.
//!
//! Absolute times say little on a shared machine, so every figure is a ratio of two contenders in one round, told as
//! the median over the rounds and the spread of the middle half.

mod arguments;
mod contenders;
mod contest;
mod query;
mod rows;
mod server;

pub use crate::arguments::Arguments;
pub use crate::contenders::{HyperUtil, Reqwest, Sdk};
pub use crate::contest::{Contender, Contest, Outcome, Ratio, Score};
pub use crate::query::{HyperUtilRows, ReqwestRows, SdkRows};
pub use crate::rows::ROWS;
pub use crate::server::{Server, serve_if_asked, serve_if_asked_with};
