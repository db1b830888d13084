//! Fields of documents: by path, and as typed constants.

use std::borrow::Cow;
use std::marker::PhantomData;

use cloudbase_core::{Error, Result};
use serde::Serialize;

use super::filter::{self, Filter};
use super::order::{self, Order};
use super::update::{self, Update};

/// The path of a field: its name, or names joined by dots (`owner.name`, `items.0.n`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldPath(Cow<'static, str>);

impl FieldPath {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the element itself, not a field of it.
    pub(crate) fn is_element(&self) -> bool {
        self.0.is_empty()
    }

    /// The path, if it can be one.
    pub(crate) fn checked(&self) -> Result<&str> {
        let rule = match &*self.0 {
            "" | "." => "must not be empty",
            path if path.starts_with('$') => "must be the path of a field, not an operator",
            path if path.split('.').any(str::is_empty) => "must not have empty parts between dots",
            path if path.contains('\0') => "must not contain NUL",
            path => return Ok(path),
        };
        Err(Error::argument("field", rule))
    }
}

impl From<&str> for FieldPath {
    fn from(path: &str) -> Self {
        path.to_owned().into()
    }
}

impl From<&String> for FieldPath {
    fn from(path: &String) -> Self {
        path.clone().into()
    }
}

/// An empty path is that of [`element`] alone, which nobody writes as text.
impl From<String> for FieldPath {
    fn from(path: String) -> Self {
        Self(match path.is_empty() {
            true => Cow::Borrowed("."),
            false => Cow::Owned(path),
        })
    }
}

impl<T> From<Field<T>> for FieldPath {
    fn from(field: Field<T>) -> Self {
        Self(field.path)
    }
}

/// A field of a known type: its conditions and changes take only values of that type.
///
/// ```
/// use cloudbase_data::documents::Field;
///
/// const DONE: Field<bool> = Field::new("done");
/// const EDITS: Field<i32> = Field::new("edits");
/// let filter = DONE.eq(false) & EDITS.gt(3);
/// let update = DONE.set(true) + EDITS.inc(1);
/// ```
///
/// ```compile_fail
/// # use cloudbase_data::documents::Field;
/// # const DONE: Field<bool> = Field::new("done");
/// let wrong = DONE.eq("no");
/// ```
#[derive(Debug)]
pub struct Field<T> {
    path: Cow<'static, str>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Field<T> {
    fn clone(&self) -> Self {
        Self {
            path: self.path.clone(),
            of: PhantomData,
        }
    }
}

/// The element itself, in the conditions of [`elem_match`](super::elem_match) and
/// [`pull_where`](super::pull_where): for lists whose members are no documents.
///
/// ```
/// use cloudbase_data::documents::{elem_match, element};
///
/// let filter = elem_match("scores", element::<i32>().gte(80) & element::<i32>().lt(90));
/// ```
pub const fn element<T>() -> Field<T> {
    Field::new("")
}

impl<T> Field<T> {
    /// The field with this path.
    pub const fn new(path: &'static str) -> Self {
        Self {
            path: Cow::Borrowed(path),
            of: PhantomData,
        }
    }

    /// The field `name` of the documents in this field.
    pub fn nested<U>(&self, name: &str) -> Field<U> {
        Field {
            path: Cow::Owned(format!("{}.{name}", self.path)),
            of: PhantomData,
        }
    }

    /// The path as text.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The field is equal to `value`.
    pub fn eq(&self, value: impl Operand<T>) -> Filter {
        filter::eq(self.clone(), value)
    }

    /// The field is not equal to `value`; holds for documents without the field.
    pub fn neq(&self, value: impl Operand<T>) -> Filter {
        filter::neq(self.clone(), value)
    }

    /// The field is greater than `value`.
    pub fn gt(&self, value: impl Operand<T>) -> Filter {
        filter::gt(self.clone(), value)
    }

    /// The field is `value` or greater.
    pub fn gte(&self, value: impl Operand<T>) -> Filter {
        filter::gte(self.clone(), value)
    }

    /// The field is less than `value`.
    pub fn lt(&self, value: impl Operand<T>) -> Filter {
        filter::lt(self.clone(), value)
    }

    /// The field is `value` or less.
    pub fn lte(&self, value: impl Operand<T>) -> Filter {
        filter::lte(self.clone(), value)
    }

    /// The field is one of `values`.
    #[doc(alias = "inList")]
    pub fn in_<V: Operand<T>>(&self, values: impl IntoIterator<Item = V>) -> Filter {
        filter::in_(self.clone(), values)
    }

    /// The field is not among `values`; holds for documents without the field.
    pub fn nin<V: Operand<T>>(&self, values: impl IntoIterator<Item = V>) -> Filter {
        filter::nin(self.clone(), values)
    }

    /// The field is there, null or not; with `false`, it is not.
    pub fn exists(&self, exists: bool) -> Filter {
        filter::exists(self.clone(), exists)
    }

    /// The field is null or absent.
    pub fn is_null(&self) -> Filter {
        filter::eq(self.clone(), ())
    }

    /// Sort key, smallest first.
    pub fn asc(&self) -> Order {
        order::asc(self.clone())
    }

    /// Sort key, largest first.
    pub fn desc(&self) -> Order {
        order::desc(self.clone())
    }

    /// Sets the field.
    pub fn set(&self, value: impl Operand<T>) -> Update {
        update::set(self.clone(), value)
    }

    /// Takes the field out of the document.
    #[doc(alias = "unset")]
    pub fn remove(&self) -> Update {
        update::remove(self.clone())
    }

    /// Adds to the number in the field.
    pub fn inc(&self, by: impl Operand<T>) -> Update {
        update::inc(self.clone(), by)
    }

    /// Sets the field if `value` is greater than what is there.
    pub fn max(&self, value: impl Operand<T>) -> Update {
        update::max(self.clone(), value)
    }

    /// Sets the field if `value` is less than what is there.
    pub fn min(&self, value: impl Operand<T>) -> Update {
        update::min(self.clone(), value)
    }
}

impl<T> Field<Vec<T>> {
    /// The list has `value` among its members.
    pub fn contains(&self, value: impl Operand<T>) -> Filter {
        filter::eq(self.clone(), value)
    }

    /// The list has all of `values` among its members.
    pub fn all<V: Operand<T>>(&self, values: impl IntoIterator<Item = V>) -> Filter {
        filter::all(self.clone(), values)
    }

    /// The list has so many members.
    pub fn size(&self, members: u32) -> Filter {
        filter::size(self.clone(), members)
    }

    /// Adds a member at the end of the list.
    pub fn push(&self, value: impl Operand<T>) -> Update {
        update::push(self.clone(), value)
    }

    /// Adds a member unless it is there.
    #[doc(alias = "addToSet")]
    pub fn add_to_set(&self, value: impl Operand<T>) -> Update {
        update::add_to_set(self.clone(), value)
    }

    /// Takes all members out that are equal to `value`.
    pub fn pull(&self, value: impl Operand<T>) -> Update {
        update::pull(self.clone(), value)
    }
}

impl Field<String> {
    /// The text matches the regular expression.
    #[doc(alias = "RegExp")]
    pub fn regexp(&self, pattern: impl Into<super::Regex>) -> Filter {
        filter::regexp(self.clone(), pattern)
    }
}

/// What a field of type `T` can be compared with and set to: a `T`.
#[diagnostic::on_unimplemented(
    message = "a field of type `{T}` cannot be compared with or set to `{Self}`",
    label = "the field holds `{T}`",
    note = "the value must have the type of the struct's field"
)]
pub trait Operand<T: ?Sized>: Serialize {}

impl<T: Serialize> Operand<T> for T {}
impl<T: Serialize + ?Sized> Operand<T> for &T {}
impl Operand<String> for &str {}
