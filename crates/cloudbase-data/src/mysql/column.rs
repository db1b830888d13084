//! Names of columns: as text, and as typed constants.

use std::marker::PhantomData;

use cloudbase_core::{Error, Result};

use super::filter::{self, Filter, Is};
use super::order::{self, Order};
use super::value::Scalar;

/// A column, perhaps of an embedded relation.
///
/// Text is read as a dotted path: `users.name` is the column `name` of the embedded relation
/// `users`. A dot inside a name is written in quotes (`"a.b"`), or the name is given literally
/// with [`literal`](Self::literal).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnRef {
    pub(crate) path: Vec<String>,
    pub(crate) name: String,
}

impl ColumnRef {
    /// A column whose name is taken as it is, dots and quotes included.
    pub fn literal(name: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            name: name.into(),
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        for part in self.path.iter() {
            check_name("relation", part)?;
            if part == "not" {
                return Err(Error::argument(
                    "relation",
                    "must not be called `not`: give it an alias",
                ));
            }
        }
        check_name("column", &self.name)
    }
}

/// Refuses what no name can be.
pub(crate) fn check_name(argument: &str, name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::argument(argument, "must not be empty"));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::argument(
            argument,
            "must not contain control characters such as CR, LF or NUL",
        ));
    }
    Ok(())
}

impl From<&str> for ColumnRef {
    fn from(text: &str) -> Self {
        let mut parts = split_path(text);
        let name = parts.pop().unwrap_or_default();
        Self { path: parts, name }
    }
}

impl From<String> for ColumnRef {
    fn from(text: String) -> Self {
        if text.contains(['.', '"']) {
            text.as_str().into()
        } else {
            Self::literal(text)
        }
    }
}

impl From<&String> for ColumnRef {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl<T> From<Column<T>> for ColumnRef {
    fn from(column: Column<T>) -> Self {
        Self::literal(column.name)
    }
}

/// `a."b.c".d` into its parts. A quote that is never closed belongs to the name.
pub(crate) fn split_path(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = match rest.strip_prefix('"').and_then(unquote) {
            Some((part, after)) if after.is_empty() || after.starts_with('.') => (part, after),
            _ => {
                let end = rest.find('.').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        parts.push(part);
        match after.strip_prefix('.') {
            Some(after) => rest = after,
            None => return parts,
        }
    }
}

/// Reads up to the closing quote, backslash escapes undone; gives the text and what follows.
pub(crate) fn unquote(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            c if escaped => {
                out.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Some((out, &text[at + 1..])),
            c => out.push(c),
        }
    }
    None
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

    /// `column != value`; with `None`, `column IS NOT NULL`.
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
    pub fn match_(self, pattern: impl Into<String>) -> Filter {
        filter::match_(self, pattern.into())
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
