//! The update commands: one change of one field each.

use cloudbase_core::{Error, Result};
use serde::Serialize;

use super::Update;
use crate::documents::ejson;
use crate::documents::field::FieldPath;
use crate::documents::filter::Filter;
use crate::documents::order::Order;
use crate::documents::value::{Document, Value, integer};

/// Sets the field, replacing what is there, an object too.
pub fn set(path: impl Into<FieldPath>, value: impl Serialize) -> Update {
    valued("$set", path, value)
}

/// Sets the field only if the call adds a document; see `upsert`.
#[doc(alias = "setOnInsert")]
pub fn set_on_insert(path: impl Into<FieldPath>, value: impl Serialize) -> Update {
    valued("$setOnInsert", path, value)
}

/// Adds `by` to the number in the field; a field that is not there becomes `by`.
pub fn inc(path: impl Into<FieldPath>, by: impl Serialize) -> Update {
    valued("$inc", path, by)
}

/// Multiplies the number in the field; a field that is not there becomes 0.
pub fn mul(path: impl Into<FieldPath>, by: impl Serialize) -> Update {
    valued("$mul", path, by)
}

/// Sets the field if `value` is greater than what is there.
pub fn max(path: impl Into<FieldPath>, value: impl Serialize) -> Update {
    valued("$max", path, value)
}

/// Sets the field if `value` is less than what is there.
pub fn min(path: impl Into<FieldPath>, value: impl Serialize) -> Update {
    valued("$min", path, value)
}

/// Takes the field out of the document.
#[doc(alias = "unset")]
pub fn remove(path: impl Into<FieldPath>) -> Update {
    Update::change("$unset", path, |_| Ok("".into()))
}

/// Gives the field another name.
pub fn rename(path: impl Into<FieldPath>, to: impl Into<FieldPath>) -> Update {
    let to = to.into();
    Update::change("$rename", path, |_| Ok(to.checked()?.into()))
}

/// Sets the field to the time of the service.
#[doc(alias = "currentDate")]
pub fn current_date(path: impl Into<FieldPath>) -> Update {
    Update::change("$currentDate", path, |_| Ok(true.into()))
}

/// Adds a member at the end of the list; a list is one member, see [`push_all`].
pub fn push(path: impl Into<FieldPath>, value: impl Serialize) -> Update {
    push_all(path, Push::new([value]))
}

/// Adds members at the end of the list, or where [`Push`] says.
///
/// ```
/// use cloudbase_data::documents::{Push, desc, push_all};
///
/// let plain = push_all("tags", ["a", "b"]);
/// let best_three = push_all("scores", Push::new([80, 90]).sort_descending().slice(3));
/// ```
pub fn push_all(path: impl Into<FieldPath>, members: impl Into<Push>) -> Update {
    let members = members.into();
    Update::change("$push", path, |path| members.encode(path))
}

/// Adds a member at the beginning of the list.
pub fn unshift(path: impl Into<FieldPath>, value: impl Serialize) -> Update {
    push_all(path, Push::new([value]).position(0))
}

/// Adds members at the beginning of the list.
pub fn unshift_all<V: Serialize>(
    path: impl Into<FieldPath>,
    values: impl IntoIterator<Item = V>,
) -> Update {
    push_all(path, Push::new(values).position(0))
}

/// Takes the last member out of the list.
pub fn pop(path: impl Into<FieldPath>) -> Update {
    Update::change("$pop", path, |_| Ok(1.into()))
}

/// Takes the first member out of the list.
pub fn shift(path: impl Into<FieldPath>) -> Update {
    Update::change("$pop", path, |_| Ok((-1).into()))
}

/// Takes all members out of the list that are equal to `value`; see [`pull_where`] for conditions.
pub fn pull(path: impl Into<FieldPath>, value: impl Serialize) -> Update {
    Update::change("$pull", path, |path| {
        Ok(match ejson::value_of(path, &value)? {
            // As it stands it would be conditions on fields, or match texts.
            value @ (Value::Document(_) | Value::Regex(_)) => Document::one("$eq", value).into(),
            value => value,
        })
    })
}

/// Takes all members out of the list that meet `filter`: conditions on the member's fields, or on the
/// member itself as [`element`](crate::documents::element).
///
/// ```
/// use cloudbase_data::documents::{element, gt, pull_where};
///
/// let of_fields = pull_where("items", gt("n", 3));
/// let of_numbers = pull_where("scores", element::<i32>().gt(3));
/// ```
pub fn pull_where(path: impl Into<FieldPath>, filter: impl Into<Filter>) -> Update {
    let filter = filter.into();
    Update::change("$pull", path, |_| Ok(filter.into_member()?.into()))
}

/// Takes all members out of the list that are among `values`.
#[doc(alias = "pullAll")]
pub fn pull_all<V: Serialize>(
    path: impl Into<FieldPath>,
    values: impl IntoIterator<Item = V>,
) -> Update {
    let values: Vec<V> = values.into_iter().collect();
    valued("$pullAll", path, values)
}

/// Adds a member to the list unless it is there.
#[doc(alias = "addToSet")]
pub fn add_to_set(path: impl Into<FieldPath>, value: impl Serialize) -> Update {
    valued("$addToSet", path, value)
}

/// Adds those of `values` to the list that are not there.
#[doc(alias = "addToSet")]
pub fn add_all_to_set<V: Serialize>(
    path: impl Into<FieldPath>,
    values: impl IntoIterator<Item = V>,
) -> Update {
    let values: Vec<V> = values.into_iter().collect();
    Update::change("$addToSet", path, |path| {
        let values = ejson::value_of(path, &values)?;
        Ok(Document::one("$each", values).into())
    })
}

/// Keeps those bits of the integer in the field that `bits` has.
#[doc(alias = "bit")]
pub fn bit_and(path: impl Into<FieldPath>, bits: i64) -> Update {
    bit("and", path, bits)
}

/// Sets those bits of the integer in the field that `bits` has.
#[doc(alias = "bit")]
pub fn bit_or(path: impl Into<FieldPath>, bits: i64) -> Update {
    bit("or", path, bits)
}

/// Flips those bits of the integer in the field that `bits` has.
#[doc(alias = "bit")]
pub fn bit_xor(path: impl Into<FieldPath>, bits: i64) -> Update {
    bit("xor", path, bits)
}

fn bit(operation: &str, path: impl Into<FieldPath>, bits: i64) -> Update {
    Update::change("$bit", path, |_| {
        Ok(Document::one(operation, integer(bits)).into())
    })
}

fn valued(operator: &'static str, path: impl Into<FieldPath>, value: impl Serialize) -> Update {
    Update::change(operator, path, |path| ejson::value_of(path, &value))
}

/// Members to add to a list: where, and what becomes of the list then.
#[derive(Clone, Debug)]
#[must_use = "does nothing by itself"]
pub struct Push {
    members: std::result::Result<Value, Error>,
    position: Option<i32>,
    sort: Option<Sort>,
    slice: Option<i32>,
}

#[derive(Clone, Debug)]
enum Sort {
    Members(i32),
    Fields(Vec<Order>),
}

impl Push {
    /// These members, at the end of the list.
    pub fn new<V: Serialize>(members: impl IntoIterator<Item = V>) -> Self {
        let members: Vec<V> = members.into_iter().collect();
        Self {
            members: ejson::value_of("members", &members),
            position: None,
            sort: None,
            slice: None,
        }
    }

    /// Adds them before the member at this position; a negative one counts from the end.
    pub fn position(mut self, position: i32) -> Self {
        self.position = Some(position);
        self
    }

    /// Sorts the whole list then, smallest member first.
    #[doc(alias = "sort")]
    pub fn sort_ascending(mut self) -> Self {
        self.sort = Some(Sort::Members(1));
        self
    }

    /// Sorts the whole list then, largest member first.
    #[doc(alias = "sort")]
    pub fn sort_descending(mut self) -> Self {
        self.sort = Some(Sort::Members(-1));
        self
    }

    /// Sorts the whole list then, by fields of its members.
    #[doc(alias = "sort")]
    pub fn sort_by(mut self, order: impl IntoIterator<Item = Order>) -> Self {
        self.sort = Some(Sort::Fields(order.into_iter().collect()));
        self
    }

    /// Keeps the first so many members then; the last ones, if negative.
    pub fn slice(mut self, members: i32) -> Self {
        self.slice = Some(members);
        self
    }

    fn encode(&self, path: &str) -> Result<Value> {
        let members = self.members.clone().map_err(|error| {
            let message = error.message().replace("`members`", &format!("`{path}`"));
            Error::new(error.kind(), message)
        })?;
        let mut push = Document::one("$each", members);
        if let Some(position) = self.position {
            push.push("$position", position);
        }
        match &self.sort {
            None => {}
            Some(Sort::Members(direction)) => push.push("$sort", *direction),
            Some(Sort::Fields(order)) => push.push("$sort", Order::encode(order)?),
        }
        if let Some(slice) = self.slice {
            push.push("$slice", slice);
        }
        Ok(push.into())
    }
}

impl<V: Serialize> From<Vec<V>> for Push {
    fn from(members: Vec<V>) -> Self {
        Self::new(members)
    }
}

impl<V: Serialize, const N: usize> From<[V; N]> for Push {
    fn from(members: [V; N]) -> Self {
        Self::new(members)
    }
}
