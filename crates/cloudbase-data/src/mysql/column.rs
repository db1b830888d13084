//! Columns as typed constants.

use std::marker::PhantomData;

use super::filter::{self, Filter, Is};
use super::value::Scalar;
use crate::column_ref::ColumnRef;
use crate::order::{self, Order};

impl<T> From<Column<T>> for ColumnRef {
    fn from(column: Column<T>) -> Self {
        Self::literal(column.name)
    }
}

/// A column of a known type: what `#[derive(Table)]` makes of each field.
///
/// The comparison checks at compile time that the value fits the column.
///
/// ```
/// use cloudbase_data::mysql::Column;
///
/// const DONE: Column<bool> = Column::new("done");
/// let open = DONE.eq(false);
/// let newest = Column::<i64>::new("id").desc();
/// ```
///
/// ```compile_fail
/// # use cloudbase_data::mysql::Column;
/// # const DONE: Column<bool> = Column::new("done");
/// let wrong = DONE.eq("no");
/// ```
#[derive(Debug)]
pub struct Column<T> {
    name: &'static str,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Column<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Column<T> {}

impl<T> Column<T> {
    /// The column called `name`.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            of: PhantomData,
        }
    }

    /// The name in the database.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// `column = value`; with `None`, `column IS NULL`.
    pub fn eq(self, value: impl Operand<T>) -> Filter {
        filter::eq(self, value)
    }

    /// `column != value`; with `None`, `column IS NOT NULL`. Rows with null are not matched, as in SQL.
    pub fn neq(self, value: impl Operand<T>) -> Filter {
        filter::neq(self, value)
    }

    /// `column > value`
    pub fn gt(self, value: impl Operand<T>) -> Filter {
        filter::gt(self, value)
    }

    /// `column >= value`
    pub fn gte(self, value: impl Operand<T>) -> Filter {
        filter::gte(self, value)
    }

    /// `column < value`
    pub fn lt(self, value: impl Operand<T>) -> Filter {
        filter::lt(self, value)
    }

    /// `column <= value`
    pub fn lte(self, value: impl Operand<T>) -> Filter {
        filter::lte(self, value)
    }

    /// `column IN (…)`; an empty list matches nothing.
    pub fn in_<V: Operand<T>>(self, values: impl IntoIterator<Item = V>) -> Filter {
        filter::in_(self, values)
    }

    /// `column IS …`
    pub fn is(self, value: Is) -> Filter {
        filter::is(self, value)
    }

    /// `column IS NULL`
    pub fn is_null(self) -> Filter {
        filter::is_null(self)
    }

    /// `column IS NOT NULL`
    pub fn is_not_null(self) -> Filter {
        filter::is_not_null(self)
    }

    /// Sort key, smallest first.
    pub fn asc(self) -> Order {
        order::asc(self)
    }

    /// Sort key, largest first.
    pub fn desc(self) -> Order {
        order::desc(self)
    }
}

impl<T: Textual> Column<T> {
    /// `column LIKE pattern`, `%` for any text and `_` for any character.
    pub fn like(self, pattern: impl Into<String>) -> Filter {
        filter::like(self, pattern.into())
    }

    /// `column REGEXP pattern`
    pub fn regexp(self, pattern: impl Into<String>) -> Filter {
        filter::regexp(self, pattern.into())
    }
}

/// A type of column that holds text, so that patterns make sense.
pub trait Textual {}

impl Textual for String {}
impl<T: Textual> Textual for Option<T> {}

/// What a column of type `T` can be compared with.
///
/// Implement it for your own types (an enum that is stored as text) together with `Into<Scalar>`:
///
/// ```
/// use cloudbase_data::mysql::{Column, Operand, Scalar};
///
/// enum State { Open, Closed }
///
/// impl From<State> for Scalar {
///     fn from(state: State) -> Self {
///         match state { State::Open => "open", State::Closed => "closed" }.into()
///     }
/// }
/// impl Operand<State> for State {}
///
/// let closed = Column::<State>::new("state").eq(State::Closed);
/// # let _ = State::Open;
/// ```
#[diagnostic::on_unimplemented(
    message = "a column of type `{T}` cannot be compared with `{Self}`",
    label = "the column holds `{T}`",
    note = "the value must have the type of the struct's field; for a type of your own implement `Into<Scalar>` and `Operand`"
)]
pub trait Operand<T>: Into<Scalar> {}

macro_rules! operands {
    ($($type:ty),+) => {$(
        impl Operand<$type> for $type {}
        impl Operand<$type> for &$type {}
    )+};
}

operands!(
    bool,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    f32,
    f64,
    String,
    crate::Decimal,
    crate::DateTime
);

impl Operand<String> for &str {}
impl Operand<char> for char {}
impl<T, V: Operand<T>> Operand<Option<T>> for V {}
