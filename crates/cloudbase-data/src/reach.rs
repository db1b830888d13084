//! How much of a table or model a condition lets through, as far as its form says.
//!
//! A write needs a condition that chooses: one that tests nothing would touch everything.

/// Ordered by how much passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// It can hold for nothing.
    Nothing,
    /// It depends on the row.
    Some,
    /// It holds for everything, or tests nothing.
    Everything,
}

impl Reach {
    /// Of conditions that must all hold.
    pub(crate) fn all(members: impl IntoIterator<Item = Self>) -> Self {
        members.into_iter().min().unwrap_or(Self::Everything)
    }

    /// Of conditions of which one must hold. What the service makes of none of them is not known.
    pub(crate) fn any(members: impl IntoIterator<Item = Self>) -> Self {
        members.into_iter().max().unwrap_or(Self::Everything)
    }
}
