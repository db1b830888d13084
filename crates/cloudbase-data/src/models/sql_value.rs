//! The parameters of SQL statements and templates, each with its type.

use cloudbase_core::{Error, Result};
use serde::Serialize;
use serde_json::Value;

use crate::invalid::Invalid;
use crate::records::json_of;
use crate::{DateTime, Decimal};

/// A parameter of a statement: text, number, boolean, array or object.
///
/// ```
/// use cloudbase_data::models::SqlValue;
///
/// let ids = SqlValue::array(&[1, 2, 3]);
/// let name = SqlValue::from("Lin");
/// ```
#[doc(alias = "ModelMysqlParameter")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlValue {
    kind: &'static str,
    /// The text, or the rule that the value breaks.
    text: Result<String, Invalid>,
}

impl SqlValue {
    /// A list, as `IN ({{ ids }})` takes it.
    pub fn array<T: Serialize>(values: &[T]) -> Self {
        Self::json("ARRAY", values)
    }

    /// A JSON object.
    pub fn object<T: Serialize + ?Sized>(value: &T) -> Self {
        Self::json("OBJECT", value)
    }

    fn new(kind: &'static str, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: Ok(text.into()),
        }
    }

    fn json<T: Serialize + ?Sized>(kind: &'static str, value: &T) -> Self {
        Self {
            kind,
            text: json_of("parameter", value).map_err(|error| (&error).into()),
        }
    }
}

impl From<&str> for SqlValue {
    fn from(text: &str) -> Self {
        Self::new("STRING", text)
    }
}

impl From<String> for SqlValue {
    fn from(text: String) -> Self {
        Self::new("STRING", text)
    }
}

impl From<&String> for SqlValue {
    fn from(text: &String) -> Self {
        Self::new("STRING", text)
    }
}

impl From<bool> for SqlValue {
    fn from(value: bool) -> Self {
        Self::new("BOOLEAN", value.to_string())
    }
}

impl From<DateTime> for SqlValue {
    fn from(value: DateTime) -> Self {
        Self::new("STRING", value.to_string())
    }
}

macro_rules! numbers {
    ($($type:ty),+) => {$(
        impl From<$type> for SqlValue {
            fn from(value: $type) -> Self {
                Self::new("NUMBER", value.to_string())
            }
        }

        impl From<&$type> for SqlValue {
            fn from(value: &$type) -> Self {
                Self::new("NUMBER", value.to_string())
            }
        }
    )+};
}

numbers!(
    i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, Decimal
);

macro_rules! floats {
    ($($type:ty),+) => {$(
        impl From<$type> for SqlValue {
            fn from(value: $type) -> Self {
                Self {
                    kind: "NUMBER",
                    text: if value.is_finite() {
                        Ok(value.to_string())
                    } else {
                        Err((&Error::argument("parameter", "must be finite")).into())
                    },
                }
            }
        }

        impl From<&$type> for SqlValue {
            fn from(value: &$type) -> Self {
                (*value).into()
            }
        }
    )+};
}

floats!(f32, f64);

/// `None` is what the JS SDK makes of null: the object `null`. That it becomes SQL's `NULL` is not
/// confirmed.
impl<T: Into<Self>> From<Option<T>> for SqlValue {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(|| Value::Null.into(), Into::into)
    }
}

/// A list, as [`array`](Self::array).
impl<T: Serialize> From<Vec<T>> for SqlValue {
    fn from(values: Vec<T>) -> Self {
        Self::array(&values)
    }
}

/// A list, as [`array`](Self::array).
impl<T: Serialize> From<&[T]> for SqlValue {
    fn from(values: &[T]) -> Self {
        Self::array(values)
    }
}

/// A list, as [`array`](Self::array).
impl<T: Serialize, const N: usize> From<[T; N]> for SqlValue {
    fn from(values: [T; N]) -> Self {
        Self::array(&values)
    }
}

/// As the JS SDK maps values: what is neither text, number, boolean nor array is an object.
impl From<Value> for SqlValue {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => text.into(),
            Value::Number(number) => Self::new("NUMBER", number.to_string()),
            Value::Bool(value) => value.into(),
            Value::Array(_) => Self::json("ARRAY", &value),
            Value::Null | Value::Object(_) => Self::json("OBJECT", &value),
        }
    }
}

/// A parameter as it is sent.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Parameter {
    key: String,
    r#type: &'static str,
    value: String,
}

/// The parameters of a statement or template.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    list: Vec<Parameter>,
    invalid: Option<Error>,
}

impl Parameters {
    pub(crate) fn add(&mut self, key: String, value: SqlValue) {
        let known = self.list.iter().any(|parameter| parameter.key == key);
        let invalid = match &value.text {
            _ if key.is_empty() => Some(Error::argument("parameter", "must have a name")),
            _ if known => Some(Error::argument("parameter", "is given twice")),
            Err(invalid) => Some(invalid.into()),
            Ok(_) => None,
        };
        if let Some(error) = invalid {
            self.invalid.get_or_insert(error);
        }
        if let Ok(text) = value.text {
            self.list.push(Parameter {
                key,
                r#type: value.kind,
                value: text,
            });
        }
    }

    pub(crate) fn finish(self) -> Result<Vec<Parameter>> {
        self.invalid.map_or(Ok(self.list), Err)
    }
}
