//! MySQL's default collation, for the embedded engine.
//!
//! Imitated is `utf8mb4_0900_ai_ci`, the default of MySQL 8: case and accents do not count, blanks
//! at the end do, unless the collation pads. Letters, digits and ASCII punctuation sort as in that collation; other
//! characters by code point.

use std::cmp::Ordering;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// ASCII punctuation in the order of the Unicode collation table, before digits and letters.
const PUNCTUATION: &[u8] = b"\t\n\x0b\x0c\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";

const ASCII_RANK: [u8; 128] = ascii_rank();

const fn ascii_rank() -> [u8; 128] {
    let mut rank = [0u8; 128];
    let mut i = 0;
    // Control characters come first, distinguished by their code.
    while i < 128 {
        rank[i] = i as u8 % 32;
        i += 1;
    }
    let mut p = 0;
    while p < PUNCTUATION.len() {
        rank[PUNCTUATION[p] as usize] = 33 + p as u8;
        p += 1;
    }
    let mut d = 0u8;
    while d < 10 {
        rank[(b'0' + d) as usize] = 80 + d;
        d += 1;
    }
    let mut l = 0u8;
    while l < 26 {
        rank[(b'a' + l) as usize] = 91 + l;
        rank[(b'A' + l) as usize] = 91 + l;
        l += 1;
    }
    rank[0x7f] = 32;
    rank
}

/// Where the weights of other characters begin.
pub(super) const BEYOND_ASCII: u32 = 0x100;

/// Compares as MySQL's default collation does.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        let rank = |byte: u8| ASCII_RANK[usize::from(byte)];
        return a.bytes().map(rank).cmp(b.bytes().map(rank));
    }
    weights(a).cmp(weights(b))
}

/// The weight of a blank.
pub(super) const BLANK: u32 = ASCII_RANK[b' ' as usize] as u32;

/// What counts of a text, in order. Characters beyond ASCII are their code and [`BEYOND_ASCII`].
pub(super) fn weights(text: &str) -> impl Iterator<Item = u32> {
    text.chars()
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .flat_map(|c| {
            let (first, second) = if c == 'ß' {
                ('s', Some('s'))
            } else {
                (c, None)
            };
            std::iter::once(first)
                .chain(second)
                .map(|c| match u8::try_from(c) {
                    Ok(byte) if byte.is_ascii() => u32::from(ASCII_RANK[usize::from(byte)]),
                    _ => BEYOND_ASCII + u32::from(c),
                })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collation_ignores_case_and_accents() {
        for (a, b) in [
            ("Milk", "mILK"),
            ("é", "E"),
            ("Ａ", "a"),
            ("straße", "STRASSE"),
            ("", ""),
        ] {
            assert_eq!(compare(a, b), Ordering::Equal, "{a} = {b}");
        }
        for (a, b) in [
            ("a", "b"),
            ("a", "a "),
            ("_", "0"),
            ("9", "a"),
            ("z", "张"),
            ("-", "*"),
        ] {
            assert_eq!(compare(a, b), Ordering::Less, "{a} < {b}");
            assert_eq!(compare(b, a), Ordering::Greater, "{b} > {a}");
        }
        assert_ne!(compare("😀", "😁"), Ordering::Equal);
        assert_ne!(compare("a\0", "a"), Ordering::Equal);
    }
}
