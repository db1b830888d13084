//! Data that travels in the query: GET and HEAD have no body.

use cloudbase_core::sdk::percent_decode;
use cloudbase_core::{Error, ErrorKind, PathBuilder, Result};
use serde_json::Value;

/// Adds the members of the JSON object in `json` as query parameters: strings as they are, other
/// values as JSON text; `null` is left out.
pub(crate) fn append_members(mut path: PathBuilder, json: &[u8]) -> Result<PathBuilder> {
    let members = match serde_json::from_slice(json) {
        Ok(Value::Object(members)) => members,
        Ok(Value::Null) => return Ok(path),
        Ok(_) => {
            return Err(Error::argument(
                "json",
                "must be an object in a GET or HEAD call: its members become the query",
            ));
        }
        Err(error) => {
            return Err(
                Error::new(ErrorKind::Encode, "the data does not read back as JSON")
                    .with_source(error),
            );
        }
    };
    for (name, value) in members {
        path = match value {
            Value::Null => path,
            Value::String(text) => path.query(&name, &text),
            other => path.query(&name, &other.to_string()),
        };
    }
    Ok(path)
}

/// Adds the pairs of a query that is encoded already, encoding what a URL cannot carry.
pub(crate) fn append_encoded(path: PathBuilder, query: &str) -> PathBuilder {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .fold(path, |path, pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            path.query(&decode(name), &decode(value))
        })
}

/// Undoes percent-encoding and `+`; what is no UTF-8 afterwards stays as it was.
fn decode(text: &str) -> String {
    let bytes = percent_decode(&text.replace('+', " "));
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> PathBuilder {
        PathBuilder::new("/p")
    }

    #[test]
    fn members_become_parameters() {
        let json = br#"{"s":"x y&z","n":1,"b":true,"none":null,"list":[1,"a"]}"#;
        let uri = append_members(path(), json).unwrap().build().unwrap();
        assert_eq!(uri, "/p?b=true&list=%5B1%2C%22a%22%5D&n=1&s=x%20y%26z");
        assert_eq!(
            append_members(path(), b"null").unwrap().build().unwrap(),
            "/p"
        );
        assert!(append_members(path(), b"[1]").is_err());
    }

    #[test]
    fn an_encoded_query_stays_what_it_means() {
        let uri = append_encoded(path(), "a=1&b=x%20y+z&c&%ff=%zz&d=你#&")
            .build()
            .unwrap();
        assert_eq!(uri, "/p?a=1&b=x%20y%20z&c=&%25ff=%25zz&d=%E4%BD%A0%23");
    }
}
