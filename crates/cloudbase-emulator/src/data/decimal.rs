//! Exact decimal numbers as text: reading, rounding to a scale, comparing.

use std::cmp::Ordering;

/// A decimal number: sign and digits, no exponent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    /// Without leading zeros.
    whole: String,
    /// Without trailing zeros.
    fraction: String,
}

/// Exponents beyond this are no number that a column could hold.
const MAX_EXPONENT: i64 = 400;

impl Decimal {
    /// Reads `-12.5`, `.5`, `1e3`. `None` if it is anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, text) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty())
            || !digits(whole)
            || !digits(fraction)
            || exponent.abs() > MAX_EXPONENT
        {
            return None;
        }
        let (mut whole, mut fraction) = (whole.to_owned(), fraction.to_owned());
        for _ in 0..exponent {
            whole.push(if fraction.is_empty() {
                '0'
            } else {
                fraction.remove(0)
            });
        }
        for _ in exponent..0 {
            fraction.insert(0, whole.pop().unwrap_or('0'));
        }
        let whole = whole.trim_start_matches('0').to_owned();
        let fraction = fraction.trim_end_matches('0').to_owned();
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Self {
            negative: negative && !zero,
            whole,
            fraction,
        })
    }

    /// The longest number at the start of `text`; zero without one. MySQL reads text this way
    /// where it needs a number.
    pub(crate) fn prefix(text: &str) -> Self {
        let text = text.trim_start();
        let end = text
            .find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
            .unwrap_or(text.len());
        // Bounded: nobody's number is longer.
        let longest = end.min(512);
        (1..=longest)
            .rev()
            .find_map(|end| Self::parse(&text[..end]))
            .unwrap_or(Self {
                negative: false,
                whole: String::new(),
                fraction: String::new(),
            })
    }

    /// The number as a whole one, if it is.
    pub(crate) fn to_whole(&self) -> Option<i128> {
        if !self.fraction.is_empty() {
            return None;
        }
        if self.whole.is_empty() {
            return Some(0);
        }
        let number: i128 = self.whole.parse().ok()?;
        Some(if self.negative { -number } else { number })
    }

    /// The nearest floating-point number.
    pub(crate) fn to_f64(&self) -> f64 {
        self.to_string().parse().unwrap_or(0.0)
    }

    pub(crate) fn is_negative(&self) -> bool {
        self.negative
    }

    /// Rounded half away from zero to `scale` places and written with exactly that many; `None`
    /// if the digits before the point do not fit into `precision - scale`.
    pub(crate) fn fit(&self, precision: u32, scale: u32) -> Option<String> {
        let scale = scale as usize;
        let mut digits: Vec<u8> = self
            .whole
            .bytes()
            .chain(self.fraction.bytes().take(scale))
            .collect();
        let kept = self.fraction.len().min(scale);
        digits.resize(digits.len() + scale - kept, b'0');
        if self
            .fraction
            .as_bytes()
            .get(scale)
            .is_some_and(|digit| *digit >= b'5')
        {
            let mut carry = true;
            for digit in digits.iter_mut().rev() {
                if *digit == b'9' {
                    *digit = b'0';
                } else {
                    *digit += 1;
                    carry = false;
                    break;
                }
            }
            if carry {
                digits.insert(0, b'1');
            }
        }
        let whole_digits = digits.len() - scale;
        if whole_digits > (precision as usize).saturating_sub(scale) {
            return None;
        }
        let (whole, fraction) = digits.split_at(whole_digits);
        let mut text = String::with_capacity(digits.len() + 3);
        if self.negative && digits.iter().any(|digit| *digit != b'0') {
            text.push('-');
        }
        if whole.is_empty() {
            text.push('0');
        }
        text.extend(whole.iter().map(|digit| char::from(*digit)));
        if scale > 0 {
            text.push('.');
            text.extend(fraction.iter().map(|digit| char::from(*digit)));
        }
        Some(text)
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        f.write_str(if self.whole.is_empty() {
            "0"
        } else {
            &self.whole
        })?;
        if !self.fraction.is_empty() {
            write!(f, ".{}", self.fraction)?;
        }
        Ok(())
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |a: &Self, b: &Self| {
            (a.whole.len().cmp(&b.whole.len()))
                .then_with(|| a.whole.cmp(&b.whole))
                .then_with(|| a.fraction.cmp(&b.fraction))
        };
        match (self.negative, other.negative) {
            (false, false) => size(self, other),
            (true, true) => size(other, self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares two texts as numbers; what is no number counts as its numeric prefix.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    Decimal::prefix(a).cmp(&Decimal::prefix(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(text: &str, precision: u32, scale: u32) -> Option<String> {
        Decimal::parse(text).and_then(|number| number.fit(precision, scale))
    }

    #[test]
    fn keeps_every_digit() {
        let long = "12345678901234567890123456789012345.678901234567890123456789012345";
        assert_eq!(fit(long, 65, 30).as_deref(), Some(long));
    }

    #[test]
    fn rounds_half_away_from_zero_and_checks_the_range() {
        assert_eq!(fit("1.005", 10, 2).as_deref(), Some("1.01"));
        assert_eq!(fit("-1.005", 10, 2).as_deref(), Some("-1.01"));
        assert_eq!(fit("9.995", 3, 2), None);
        assert_eq!(fit("9.994", 3, 2).as_deref(), Some("9.99"));
        assert_eq!(fit("-0.001", 5, 2).as_deref(), Some("0.00"));
        assert_eq!(fit("1e3", 6, 1).as_deref(), Some("1000.0"));
        assert_eq!(fit("15e-1", 3, 0).as_deref(), Some("2"));
        assert_eq!(fit("0.5", 2, 2).as_deref(), Some("0.50"));
        assert_eq!(fit("1e999999999", 65, 30), None);
    }

    #[test]
    fn compares_as_numbers() {
        for (a, b) in [
            ("9", "10"),
            ("-10", "-9"),
            ("0.10", "0.2"),
            ("-1", "0"),
            ("1.5", "15e-1x"),
        ] {
            let expected = if b.ends_with('x') {
                Ordering::Equal
            } else {
                Ordering::Less
            };
            assert_eq!(compare(a, b), expected, "{a} {b}");
        }
        assert_eq!(compare("1.50", "1.5"), Ordering::Equal);
        assert_eq!(compare("abc", "0"), Ordering::Equal);
    }

    #[test]
    fn rejects_what_is_no_number() {
        for text in ["", "-", ".", "1.2.3", "abc", "1e", "0x10", "１"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
