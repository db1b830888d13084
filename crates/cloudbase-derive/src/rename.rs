//! The spellings of `#[serde(rename_all = "…")]`.

use syn::{Error, LitStr, Result};

/// How the name of a field becomes the name of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    pub(crate) fn parse(text: &LitStr) -> Result<Self> {
        Ok(match text.value().as_str() {
            "lowercase" => Self::Lower,
            "UPPERCASE" => Self::Upper,
            "PascalCase" => Self::Pascal,
            "camelCase" => Self::Camel,
            "snake_case" => Self::Snake,
            "SCREAMING_SNAKE_CASE" => Self::ScreamingSnake,
            "kebab-case" => Self::Kebab,
            "SCREAMING-KEBAB-CASE" => Self::ScreamingKebab,
            _ => return Err(Error::new(text.span(), "serde knows no such case")),
        })
    }

    /// `field` is in snake case, as names of fields are.
    pub(crate) fn apply(self, field: &str) -> String {
        match self {
            Self::Lower | Self::Snake => field.to_owned(),
            Self::Upper | Self::ScreamingSnake => field.to_ascii_uppercase(),
            Self::Kebab => field.replace('_', "-"),
            Self::ScreamingKebab => field.to_ascii_uppercase().replace('_', "-"),
            Self::Pascal => capitals(field, true),
            Self::Camel => capitals(field, false),
        }
    }
}

fn capitals(field: &str, mut next: bool) -> String {
    let mut out = String::with_capacity(field.len());
    for c in field.chars() {
        if c == '_' {
            next = true;
        } else if next {
            out.push(c.to_ascii_uppercase());
            next = false;
        } else {
            out.push(c);
        }
    }
    if out.is_empty() {
        field.to_owned()
    } else {
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_those_of_serde() {
        for (case, name) in [
            (Case::Lower, "created_at"),
            (Case::Upper, "CREATED_AT"),
            (Case::Pascal, "CreatedAt"),
            (Case::Camel, "createdAt"),
            (Case::Snake, "created_at"),
            (Case::ScreamingSnake, "CREATED_AT"),
            (Case::Kebab, "created-at"),
            (Case::ScreamingKebab, "CREATED-AT"),
        ] {
            assert_eq!(case.apply("created_at"), name);
        }
    }
}
