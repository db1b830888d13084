//! Sort keys, of tables and of data models.

use cloudbase_core::{Error, Result};

use crate::column_ref::ColumnRef;

/// One key to sort rows by; made by [`asc`] and [`desc`].
///
/// Nulls come where MySQL puts them (lowest) unless said otherwise.
///
/// ```
/// use cloudbase_data::mysql::{asc, desc};
///
/// let newest = desc("created_at");
/// let named = asc("name").nulls_last();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub(crate) column: ColumnRef,
    pub(crate) descending: bool,
    pub(crate) nulls: Option<Nulls>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    First,
    Last,
}

/// Smallest first.
pub fn asc(column: impl Into<ColumnRef>) -> Order {
    Order {
        column: column.into(),
        descending: false,
        nulls: None,
    }
}

/// Largest first.
pub fn desc(column: impl Into<ColumnRef>) -> Order {
    Order {
        descending: true,
        ..asc(column)
    }
}

impl Order {
    /// Rows without a value come first. The JS SDK offers it; not every MySQL environment may.
    #[must_use]
    pub fn nulls_first(mut self) -> Self {
        self.nulls = Some(Nulls::First);
        self
    }

    /// Rows without a value come last. The JS SDK offers it; not every MySQL environment may.
    #[must_use]
    pub fn nulls_last(mut self) -> Self {
        self.nulls = Some(Nulls::Last);
        self
    }

    /// Reads the documented text form: `created_at.desc,id.asc.nullsfirst`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) if it is not of that form.
    pub fn parse(text: &str) -> Result<Vec<Self>> {
        split_outside_quotes(text)
            .into_iter()
            .map(|part| Self::parse_one(part.trim()))
            .collect()
    }

    fn parse_one(text: &str) -> Result<Self> {
        let mut parts = crate::column_ref::split_path(text).into_iter();
        let mut order = asc(ColumnRef::literal(parts.next().unwrap_or_default()));
        for (at, word) in parts.enumerate() {
            match word.as_str() {
                "asc" if at == 0 => {}
                "desc" if at == 0 => order.descending = true,
                "nullsfirst" if order.nulls.is_none() => order = order.nulls_first(),
                "nullslast" if order.nulls.is_none() => order = order.nulls_last(),
                _ => {
                    return Err(Error::argument(
                        "order",
                        "must have the form `column.asc` or `column.desc`, \
                         perhaps with `.nullsfirst` or `.nullslast`",
                    ));
                }
            }
        }
        order.column.check("order")?;
        Ok(order)
    }
}

/// The parts between commas that are not in quotes.
fn split_outside_quotes(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read() {
        let terms = [
            desc("id"),
            asc("n").nulls_first(),
            asc(ColumnRef::literal("a.b")).nulls_last(),
        ];
        let text = r#"id.desc,n.asc.nullsfirst,"a.b".asc.nullslast"#;
        assert_eq!(Order::parse(text).unwrap(), terms);
        assert_eq!(Order::parse("id").unwrap(), [asc("id")]);
    }

    #[test]
    fn nonsense_is_rejected() {
        for text in [
            "",
            "id.down",
            "id.asc.desc",
            "id.asc.nullsfirst.nullslast",
            "a,,b",
        ] {
            assert!(Order::parse(text).is_err(), "{text}");
        }
    }
}
