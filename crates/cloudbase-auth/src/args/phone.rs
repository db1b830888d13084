//! Phone numbers in the one form that the service accepts: `+86 13800000000`.

use cloudbase_core::{Error, Result};

/// Brings a phone number into the form `+<country code> <number>`, with exactly one space.
///
/// Bare digits are a number of mainland China, `+86…` gets its space. Where another country code
/// ends cannot be known without a table that ages, so the caller's space is required there.
///
/// # Errors
///
/// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) naming `argument`.
pub(crate) fn normalise(argument: &str, number: &str) -> Result<String> {
    let number = number.trim();
    if number.is_empty() {
        return Err(Error::argument(argument, "must not be empty"));
    }
    let reject = || {
        Error::argument(
            argument,
            "must be digits, or a country code, one space and digits: `+86 13800000000`, `+1 4155550100`",
        )
    };
    let (country, national) = match number.strip_prefix('+') {
        None => ("86", number),
        Some(rest) => match rest.split_once(char::is_whitespace) {
            Some((country, national)) => (country, national),
            None => ("86", rest.strip_prefix("86").ok_or_else(reject)?),
        },
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let national: String = national
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '\u{a0}'))
        .collect();
    if is_digits(country) && country.len() <= 3 && is_digits(&national) && national.len() <= 20 {
        Ok(format!("+{country} {national}"))
    } else {
        Err(reject())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_get_country_code_and_one_space() {
        for (given, expected) in [
            ("13800000000", "+86 13800000000"),
            (" 138-0000-0000 ", "+86 13800000000"),
            ("+8613800000000", "+86 13800000000"),
            ("+86 13800000000", "+86 13800000000"),
            ("+86  138 0000 0000", "+86 13800000000"),
            ("+1 4155550100", "+1 4155550100"),
            ("+852 51234567", "+852 51234567"),
        ] {
            assert_eq!(normalise("phone", given).unwrap(), expected, "{given}");
        }
    }

    #[test]
    fn what_would_have_to_be_guessed_is_rejected() {
        for bad in [
            "",
            "+14155550100",
            "+85251234567",
            "abc",
            "+86 12a",
            "+ 1",
            "+1234 5",
            "+86\r\n1x",
        ] {
            let error = normalise("phone", bad).unwrap_err();
            assert!(
                error.message().starts_with("`phone` must"),
                "{bad}: {error}"
            );
        }
    }
}
