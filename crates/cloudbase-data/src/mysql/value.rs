//! The right side of a comparison, as the text that the wire carries.

use std::borrow::Cow;

use crate::{DateTime, Decimal};

/// A value to compare a column with: text, number, boolean, date or null.
///
/// Made by `Into` from what Rust has for it; `None` is null. A value never leaves its place: the
/// encoder quotes and escapes whatever has a meaning in the query grammar.
///
/// ```
/// use cloudbase_data::mysql::Scalar;
///
/// assert_eq!(Scalar::from(7), Scalar::from("7"));
/// assert_eq!(Scalar::from(None::<i64>), Scalar::null());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scalar(pub(crate) Repr);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Repr {
    Null,
    Text(Cow<'static, str>),
    /// What the wire cannot carry, with the rule that it breaks.
    Invalid(Cow<'static, str>),
}

impl Scalar {
    /// SQL's null. `eq` and `neq` with it become `is.null` and `not.is.null`.
    pub const fn null() -> Self {
        Self(Repr::Null)
    }

    pub(crate) const fn from_static(text: &'static str) -> Self {
        Self(Repr::Text(Cow::Borrowed(text)))
    }
}

impl From<String> for Scalar {
    fn from(text: String) -> Self {
        Self(Repr::Text(Cow::Owned(text)))
    }
}

impl From<&str> for Scalar {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<&String> for Scalar {
    fn from(text: &String) -> Self {
        text.clone().into()
    }
}

impl From<Cow<'_, str>> for Scalar {
    fn from(text: Cow<'_, str>) -> Self {
        text.into_owned().into()
    }
}

impl From<char> for Scalar {
    fn from(character: char) -> Self {
        character.to_string().into()
    }
}

impl From<bool> for Scalar {
    fn from(value: bool) -> Self {
        Self::from_static(if value { "true" } else { "false" })
    }
}

impl From<&bool> for Scalar {
    fn from(value: &bool) -> Self {
        (*value).into()
    }
}

macro_rules! by_display {
    ($($type:ty),+) => {$(
        impl From<$type> for Scalar {
            fn from(value: $type) -> Self {
                value.to_string().into()
            }
        }

        impl From<&$type> for Scalar {
            fn from(value: &$type) -> Self {
                value.to_string().into()
            }
        }
    )+};
}

by_display!(
    i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, Decimal, DateTime
);

macro_rules! floats {
    ($($type:ty),+) => {$(
        impl From<$type> for Scalar {
            fn from(value: $type) -> Self {
                if value.is_finite() {
                    value.to_string().into()
                } else {
                    Self(Repr::Invalid("must be a finite number".into()))
                }
            }
        }

        impl From<&$type> for Scalar {
            fn from(value: &$type) -> Self {
                (*value).into()
            }
        }
    )+};
}

floats!(f32, f64);

impl<T: Into<Self>> From<Option<T>> for Scalar {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::null(), Into::into)
    }
}

/// A JSON scalar; an array or object is rejected when the call is sent.
impl From<serde_json::Value> for Scalar {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::null(),
            serde_json::Value::Bool(value) => value.into(),
            serde_json::Value::Number(number) => number.to_string().into(),
            serde_json::Value::String(text) => text.into(),
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => Self(Repr::Invalid(
                "must be a single value, not an array or object".into(),
            )),
        }
    }
}
