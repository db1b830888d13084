//! Collations by name: how a column compares its text.
//!
//! The embedded engine has two orders, that of `utf8mb4_0900_ai_ci` (`text.rs`) and that of the code points, each with and without
//! blanks at the end. `general_ci` and `unicode_ci` are taken for the first: they differ from it in rare letters and in symbols
//! outside the basic plane, which are all alike to them. Collations with rules of their own (a language's, or with case or
//! accents) are rejected.

use super::catalog::TextOptions;
use super::error::DataError;

/// How text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Collation {
    /// Case and accents do not count, or nothing but the code points does (`is_binary`); blanks at the end do not count where
    /// the collation pads (`PAD SPACE`).
    Text { is_binary: bool, pads: bool },
    /// Not text but bytes.
    Bytes,
}

/// Character sets that are, or are part of, Unicode, and whose `general_ci` goes by its letters.
const UNICODE: [&str; 8] = [
    "utf8mb4", "utf8mb3", "utf8", "ascii", "ucs2", "utf16", "utf16le", "utf32",
];

impl Collation {
    /// What MySQL 8 uses where nothing is said.
    const DEFAULT: Self = Self::Text {
        is_binary: false,
        pads: false,
    };

    /// The collation that these options of a column choose.
    ///
    /// # Errors
    ///
    /// By name, if this engine does not have it.
    pub(crate) fn chosen(text: &TextOptions) -> Result<Self, DataError> {
        match (&text.collation, text.charset.as_deref()) {
            (Some(name), _) => Self::named(name),
            (None, Some("binary")) => Ok(Self::Bytes),
            (None, charset) if text.bin => {
                Self::named(&format!("{}_bin", charset.unwrap_or("utf8mb4")))
            }
            (None, None | Some("utf8mb4")) => Ok(Self::DEFAULT),
            (None, Some(charset)) => Self::named(&format!("{charset}_general_ci"))
                .map_err(|_| DataError::not_on_sqlite(format!("the character set {charset}"))),
        }
    }

    fn named(name: &str) -> Result<Self, DataError> {
        let unknown = || DataError::not_on_sqlite(format!("the collation {name}"));
        if name == "binary" {
            return Ok(Self::Bytes);
        }
        let (charset, rules) = name.split_once('_').ok_or_else(unknown)?;
        let is_unicode = UNICODE.contains(&charset);
        // Before MySQL 8, and in MariaDB, all collations pad but those that say that they do not.
        let pads = !rules.contains("0900") && !rules.contains("nopad");
        let is_binary = match rules {
            // Code points are in the same order in every character set of a kept text.
            "bin" | "nopad_bin" | "0900_bin" => true,
            "0900_ai_ci"
            | "general_ci"
            | "general_nopad_ci"
            | "unicode_ci"
            | "unicode_nopad_ci"
            | "unicode_520_ci"
            | "unicode_520_nopad_ci"
            | "uca1400_ai_ci"
            | "uca1400_nopad_ai_ci"
                if is_unicode =>
            {
                false
            }
            _ => return Err(unknown()),
        };
        Ok(Self::Text { is_binary, pads })
    }
}

/// Whether a collation of a server, by its name, pads.
pub(crate) fn pads(name: &str) -> bool {
    !name.contains("0900") && !name.contains("nopad") && name != "binary"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(charset: &str, collation: &str, bin: bool) -> Result<Collation, DataError> {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Collation::chosen(&TextOptions {
            charset: some(charset),
            collation: some(collation),
            bin,
        })
    }

    #[test]
    fn names_say_how_text_is_compared() {
        let text = |is_binary, pads| Ok(Collation::Text { is_binary, pads });
        for (charset, collation, bin, expected) in [
            ("", "", false, text(false, false)),
            ("utf8mb4", "", false, text(false, false)),
            ("", "utf8mb4_0900_ai_ci", false, text(false, false)),
            ("utf8mb3", "", false, text(false, true)),
            ("ascii", "", false, text(false, true)),
            ("utf8mb4", "utf8mb4_unicode_ci", false, text(false, true)),
            ("", "utf8mb4_uca1400_ai_ci", false, text(false, true)),
            ("", "utf8mb4_bin", false, text(true, true)),
            ("", "utf8mb4_0900_bin", false, text(true, false)),
            ("", "", true, text(true, true)),
            ("latin1", "", true, text(true, true)),
            ("binary", "", false, Ok(Collation::Bytes)),
            ("", "binary", false, Ok(Collation::Bytes)),
        ] {
            assert_eq!(
                chosen(charset, collation, bin),
                expected,
                "{charset} {collation}"
            );
        }
        for (charset, collation) in [
            ("latin1", ""),
            ("gbk", ""),
            ("", "latin1_swedish_ci"),
            ("", "utf8mb4_0900_as_cs"),
            ("", "utf8mb4_sv_0900_ai_ci"),
            ("", "latin1_general_ci"),
            ("", "nonsense"),
        ] {
            let error = chosen(charset, collation, false).unwrap_err();
            assert!(
                error.message.contains(charset) && error.message.contains(collation),
                "{error}"
            );
        }
    }
}
