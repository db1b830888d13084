//! A row or record of no fixed shape, each value kept as the service wrote it.

use std::fmt;

use cloudbase_core::{Error, ErrorKind, Result};
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::lenient::Lenient;

/// A row or record of no fixed shape.
///
/// Keeps each value as the JSON text that the service sent, so that neither a decimal nor a large
/// integer loses a digit before [`get`](Self::get) reads it into the type that you want. Written
/// again, it is the same text.
///
/// ```
/// use cloudbase_data::{Decimal, Row};
///
/// let row: Row = serde_json::from_str(r#"{"id": 18446744073709551615, "price": 19.900}"#)?;
/// assert_eq!(row.get::<u64>("id")?, u64::MAX);
/// assert_eq!(row.get::<Decimal>("price")?.as_str(), "19.900");
/// assert_eq!(row.get::<Option<String>>("note")?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Row {
    fields: Vec<(Box<str>, Box<RawValue>)>,
}

impl Row {
    /// Reads the value of a column.
    ///
    /// A column that is not there reads as null, so `Option<T>` is `None` for both.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`], naming the column, if the value does not fit `T`.
    pub fn get<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        let text = self.raw(column).unwrap_or("null");
        cloudbase_core::from_json(text.as_bytes())
            .map(|Lenient(value)| value)
            .map_err(|_| {
                Error::new(
                    ErrorKind::Decode,
                    format!(
                        "the column does not fit {} at `{column}`",
                        std::any::type_name::<T>()
                    ),
                )
            })
    }

    /// The JSON text of a column, as the service sent it.
    pub fn raw(&self, column: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(name, _)| **name == *column)
            .map(|(_, value)| value.get())
    }

    /// Whether there is such a column, null or not.
    pub fn contains(&self, column: &str) -> bool {
        self.raw(column).is_some()
    }

    /// The names of the columns, in the order of the response.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| &**name)
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are no columns.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Reads the whole row into a type.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`], naming the path of the first value that does not fit.
    pub fn into_typed<T: DeserializeOwned>(self) -> Result<T> {
        let text = serde_json::to_vec(&self).map_err(|error| {
            Error::new(ErrorKind::Decode, "the row cannot be read again").with_source(error)
        })?;
        cloudbase_core::from_json(&text).map(|Lenient(value)| value)
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Row;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of columns")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
                let mut fields = Vec::with_capacity(map.size_hint().unwrap_or(8));
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Row { fields })
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

impl PartialEq for Row {
    /// The same columns with the same JSON text, in any order.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .fields
                .iter()
                .all(|(name, value)| other.raw(name) == Some(value.get()))
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// JSON is written as it is: text has its quotes already.
        struct Json<'a>(&'a str);

        impl fmt::Debug for Json<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0)
            }
        }

        let fields = self.fields.iter();
        f.debug_map()
            .entries(fields.map(|(name, value)| (name, Json(value.get()))))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_goes_out_unchanged() {
        let text = r#"{"a":1.10,"b":123456789012345678901234567890,"c":"\u00e4","d":{"x":[1.0]},"e":null}"#;
        let row: Row = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&row).unwrap(), text);
        assert_eq!(row.columns().collect::<Vec<_>>(), ["a", "b", "c", "d", "e"]);
        assert_eq!(row.get::<String>("c").unwrap(), "ä");
        assert!(row.contains("e") && !row.contains("f"));
    }

    #[test]
    fn rows_are_shown_as_the_json_that_they_are() {
        let row: Row = serde_json::from_str(r#"{"id":1,"v":"a","o":{"k":[1.0]}}"#).unwrap();
        assert_eq!(
            format!("{row:?}"),
            r#"{"id": 1, "v": "a", "o": {"k":[1.0]}}"#
        );
    }

    #[test]
    fn a_value_that_does_not_fit_is_named_not_shown() {
        let row: Row = serde_json::from_str(r#"{"secret":"hunter2"}"#).unwrap();
        let error = row.get::<i64>("secret").unwrap_err().to_string();
        assert!(
            error.contains("`secret`") && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn a_row_reads_into_a_type() {
        #[derive(Deserialize, Debug, PartialEq)]
        struct Point {
            x: i32,
            y: Option<i32>,
        }
        let row: Row = serde_json::from_str(r#"{"x":1,"y":null}"#).unwrap();
        assert_eq!(
            row.clone().into_typed::<Point>().unwrap(),
            Point { x: 1, y: None }
        );
        assert_eq!(row, serde_json::from_str(r#"{"y":null,"x":1}"#).unwrap());
    }
}
