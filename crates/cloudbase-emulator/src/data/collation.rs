//! Collations: which of MySQL's the embedded engine has, and how they compare.
//!
//! `unicode_ci`, `unicode_520_ci` and MariaDB's `uca1400_ai_ci` are taken for the padded form of `utf8mb4_0900_ai_ci` (`uca.rs`);
//! they differ in rare letters and in the order of symbols. Collations with rules of their own (a language's, or with case or accents)
//! are rejected.

mod like;
mod uca;

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use self::uca::{BEYOND_ASCII, BLANK, weights};
use super::catalog::TextOptions;
use super::error::DataError;

pub(crate) use self::like::Pattern;

/// How text is compared. Blanks at the end do not count in a padded one (`PAD SPACE`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Collation {
    /// `utf8mb4_0900_ai_ci`: case and accents do not count.
    #[default]
    Uca,
    /// The same, padded.
    UcaPadded,
    /// `unicode_ci`: the same, padded, and all symbols outside the basic plane are alike.
    Unicode,
    /// `general_ci`: letter by letter, padded.
    General,
    /// `utf8mb4_0900_bin`: by code points.
    Bin,
    /// `utf8mb4_bin`: the same, padded.
    BinPadded,
}

/// Character sets that are, or are part of, Unicode.
const UNICODE: [&str; 8] = [
    "utf8mb4", "utf8mb3", "utf8", "ascii", "ucs2", "utf16", "utf16le", "utf32",
];

/// What stands for every character outside the basic plane.
const REPLACEMENT: u32 = 0xfffd;

impl Collation {
    pub(crate) const ALL: [Self; 6] = [
        Self::Uca,
        Self::UcaPadded,
        Self::Unicode,
        Self::General,
        Self::Bin,
        Self::BinPadded,
    ];

    /// The collation that these options of a column choose; `None` if its text is to be bytes.
    ///
    /// # Errors
    ///
    /// By name, if this engine does not have it.
    pub(crate) fn chosen(text: &TextOptions) -> Result<Option<Self>, DataError> {
        let charset = text.charset.as_deref();
        let named = |name: &str| Self::named(name).map(Some);
        match (text.collation.as_deref(), charset) {
            (Some("binary"), _) | (None, Some("binary")) => Ok(None),
            (Some(name), _) => named(name),
            (None, _) if text.bin => named(&format!("{}_bin", charset.unwrap_or("utf8mb4"))),
            (None, None | Some("utf8mb4")) => Ok(Some(Self::default())),
            (None, Some(charset)) => named(&format!("{charset}_general_ci"))
                .map_err(|_| DataError::not_on_sqlite(format!("the character set {charset}"))),
        }
    }

    /// The collation of this name.
    pub(crate) fn named(name: &str) -> Result<Self, DataError> {
        let unknown = || DataError::not_on_sqlite(format!("the collation {name}"));
        let (charset, rules) = name.split_once('_').ok_or_else(unknown)?;
        let is_unicode = UNICODE.contains(&charset);
        Ok(match rules {
            // Kept text is Unicode, in whose order the letters of any other character set are as well.
            "bin" => Self::BinPadded,
            "0900_bin" | "nopad_bin" => Self::Bin,
            _ if !is_unicode => return Err(unknown()),
            "0900_ai_ci" | "uca1400_nopad_ai_ci" => Self::Uca,
            "unicode_520_ci" | "uca1400_ai_ci" => Self::UcaPadded,
            "unicode_ci" => Self::Unicode,
            "general_ci" => Self::General,
            _ => return Err(unknown()),
        })
    }

    pub(crate) fn is_binary(self) -> bool {
        matches!(self, Self::Bin | Self::BinPadded)
    }

    /// What SQLite calls it; `None` for its own order.
    pub(crate) fn sqlite_name(self) -> Option<&'static str> {
        Some(match self {
            Self::Uca => "mysql_ci",
            Self::UcaPadded => "mysql_ci_padded",
            Self::Unicode => "mysql_unicode_ci",
            Self::General => "mysql_general_ci",
            Self::Bin => return None,
            Self::BinPadded => "mysql_bin_padded",
        })
    }

    pub(crate) fn compare(self, a: &str, b: &str) -> Ordering {
        match self {
            Self::Uca => uca::compare(a, b),
            Self::UcaPadded => padded(weights(a), weights(b), BLANK),
            Self::Unicode => padded(unicode(a), unicode(b), BLANK),
            Self::General => padded(general(a), general(b), u32::from(' ')),
            Self::Bin => a.cmp(b),
            Self::BinPadded => padded(codes(a), codes(b), u32::from(' ')),
        }
    }

    /// Equal for texts that compare as equal, and only for those.
    pub(crate) fn key(self, text: &str) -> Vec<u32> {
        let (mut key, blank): (Vec<u32>, u32) = match self {
            Self::Uca => return weights(text).collect(),
            Self::Bin => return codes(text).collect(),
            Self::UcaPadded => (weights(text).collect(), BLANK),
            Self::Unicode => (unicode(text).collect(), BLANK),
            Self::General => (general(text).collect(), ' '.into()),
            Self::BinPadded => (codes(text).collect(), ' '.into()),
        };
        while key.last() == Some(&blank) {
            key.pop();
        }
        key
    }
}

/// The shorter text is compared as if it had blanks at its end.
fn padded(
    mut a: impl Iterator<Item = u32>,
    mut b: impl Iterator<Item = u32>,
    blank: u32,
) -> Ordering {
    loop {
        let (left, right) = (a.next(), b.next());
        if left.is_none() && right.is_none() {
            return Ordering::Equal;
        }
        let order = left.unwrap_or(blank).cmp(&right.unwrap_or(blank));
        if order.is_ne() {
            return order;
        }
    }
}

fn codes(text: &str) -> impl Iterator<Item = u32> {
    text.chars().map(u32::from)
}

fn unicode(text: &str) -> impl Iterator<Item = u32> {
    let most = BEYOND_ASCII + 0xffff;
    weights(text).map(move |weight| match weight {
        weight if weight > most => BEYOND_ASCII + REPLACEMENT,
        weight => weight,
    })
}

/// Each letter is the capital of its letter without marks; nothing stands for two. Letters that came to Unicode after
/// this collation stand for themselves in MySQL.
fn general(text: &str) -> impl Iterator<Item = u32> {
    text.chars().map(|letter| {
        let is_marked = matches!(letter, '\0'..='\u{5ff}' | '\u{1e00}'..='\u{1fff}');
        let base = match letter {
            'ß' | 'ſ' => 'S',
            'Й' | 'й' => 'Й',
            '\u{1_0000}'.. => return REPLACEMENT,
            _ if letter.is_ascii() || !is_marked => letter,
            _ => {
                let mut parts = std::iter::once(letter).nfd();
                let base = parts.next().unwrap_or(letter);
                if parts.all(is_combining_mark) {
                    base
                } else {
                    letter
                }
            }
        };
        let mut capital = base.to_uppercase();
        match (capital.next(), capital.next()) {
            (Some(capital), None) => capital.into(),
            _ => base.into(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(charset: &str, collation: &str, bin: bool) -> Result<Option<Collation>, DataError> {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Collation::chosen(&TextOptions {
            charset: some(charset),
            collation: some(collation),
            bin,
        })
    }

    #[test]
    fn names_say_how_text_is_compared() {
        for (charset, collation, bin, expected) in [
            ("", "", false, Some(Collation::Uca)),
            ("utf8mb4", "", false, Some(Collation::Uca)),
            ("", "utf8mb4_0900_ai_ci", false, Some(Collation::Uca)),
            ("utf8mb3", "", false, Some(Collation::General)),
            ("ascii", "", false, Some(Collation::General)),
            (
                "utf8mb4",
                "utf8mb4_unicode_ci",
                false,
                Some(Collation::Unicode),
            ),
            (
                "",
                "utf8mb4_uca1400_ai_ci",
                false,
                Some(Collation::UcaPadded),
            ),
            ("", "utf8mb4_bin", false, Some(Collation::BinPadded)),
            ("", "utf8mb4_0900_bin", false, Some(Collation::Bin)),
            ("", "", true, Some(Collation::BinPadded)),
            ("latin1", "", true, Some(Collation::BinPadded)),
            ("binary", "", false, None),
            ("", "binary", false, None),
        ] {
            assert_eq!(
                chosen(charset, collation, bin),
                Ok(expected),
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

    #[test]
    fn blanks_at_the_end_do_not_count_in_a_padded_one() {
        use Collation::{Bin, BinPadded, General, Uca, UcaPadded, Unicode};
        for (collation, a, b, expected) in [
            (Uca, "a", "a  ", Ordering::Less),
            (UcaPadded, "a", "a  ", Ordering::Equal),
            (UcaPadded, "É ", "e", Ordering::Equal),
            (UcaPadded, "", "   ", Ordering::Equal),
            (UcaPadded, "a b", "ab", Ordering::Less),
            (UcaPadded, "a\t", "a", Ordering::Less),
            (UcaPadded, "a!", "a", Ordering::Greater),
            (UcaPadded, "ß", "ss", Ordering::Equal),
            (UcaPadded, "😀", "😁", Ordering::Less),
            (Unicode, "😀", "😁 ", Ordering::Equal),
            (Unicode, "ß", "SS", Ordering::Equal),
            (General, "😀", "😁 ", Ordering::Equal),
            (General, "ß", "s", Ordering::Equal),
            (General, "Å", "a", Ordering::Equal),
            (General, "ế", "E", Ordering::Equal),
            (General, "й", "и", Ordering::Greater),
            (General, "e\u{301}", "é", Ordering::Greater),
            (General, "a_", "a0", Ordering::Greater),
            (General, "张 ", "张", Ordering::Equal),
            (Bin, "a ", "a", Ordering::Greater),
            (BinPadded, "a ", "a", Ordering::Equal),
            (BinPadded, "a\n", "a", Ordering::Less),
            (BinPadded, "A", "a", Ordering::Less),
        ] {
            assert_eq!(
                collation.compare(a, b),
                expected,
                "{collation:?} {a:?} {b:?}"
            );
            assert_eq!(
                collation.compare(b, a),
                expected.reverse(),
                "{collation:?} {b:?} {a:?}"
            );
            let is_same = collation.key(a) == collation.key(b);
            assert_eq!(is_same, expected.is_eq(), "{collation:?} {a:?} {b:?}");
        }
    }
}
