//! Arguments that are rejected before anything is sent.

use cloudbase_core::{Error, Result};

/// Rejects text that is empty or blank.
pub(crate) fn not_empty(argument: &str, text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::argument(argument, "must not be empty"));
    }
    Ok(())
}

/// Rejects text that is given, but empty or blank.
pub(crate) fn not_empty_if_given(argument: &str, text: Option<&str>) -> Result<()> {
    text.map_or(Ok(()), |text| not_empty(argument, text))
}

/// Rejects what cannot be an e-mail address; whether it is one, the service knows.
pub(crate) fn email(argument: &str, text: &str) -> Result<()> {
    not_empty(argument, text)?;
    let fits = text
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
        && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if fits {
        Ok(())
    } else {
        Err(Error::argument(argument, "must be an e-mail address"))
    }
}

/// Rejects a code that nobody can have been sent. Codes are text: leading zeros count.
pub(crate) fn code(argument: &str, text: &str) -> Result<()> {
    not_empty(argument, text)?;
    if text.len() > 64 || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Error::argument(
            argument,
            "must be the code as it was sent, without spaces",
        ));
    }
    Ok(())
}

/// Rejects a token or an id with characters that none of them has.
pub(crate) fn token(argument: &str, text: &str) -> Result<()> {
    not_empty(argument, text)?;
    if !text.bytes().all(|byte| (b'!'..=b'~').contains(&byte)) {
        return Err(Error::argument(
            argument,
            "must consist of visible ASCII characters",
        ));
    }
    Ok(())
}

/// Rejects what is no absolute URL.
pub(crate) fn url(argument: &str, text: &str) -> Result<()> {
    not_empty(argument, text)?;
    let uri: Option<http::Uri> = text.parse().ok();
    // An application's own scheme (`my-app://signed-in`, `my.app:/callback`) is a URL, too.
    let custom = || {
        text.split_once(":/").is_some_and(|(scheme, _)| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        }) && text.bytes().all(|byte| (b'!'..=b'~').contains(&byte))
    };
    if uri.is_some_and(|uri| uri.scheme().is_some() && uri.authority().is_some()) || custom() {
        Ok(())
    } else {
        Err(Error::argument(
            argument,
            "must be a whole URL, such as `https://app.example.org/done`",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejections_name_the_argument_and_never_the_value() {
        for error in [
            not_empty("password", " ").unwrap_err(),
            email("email", "sentinel").unwrap_err(),
            email("email", "a@b sentinel").unwrap_err(),
            code("code", "12 sentinel").unwrap_err(),
            token("refresh_token", "sentinel\n").unwrap_err(),
            url("redirect_to", "sentinel").unwrap_err(),
        ] {
            assert!(
                error.message().starts_with('`') && !error.to_string().contains("sentinel"),
                "{error}"
            );
        }
        assert!(email("email", "lin@example.org").is_ok() && code("code", "000001").is_ok());
        assert!(url("u", "https://a.example/b").is_ok() && url("u", "my-app://signed-in").is_ok());
    }
}
