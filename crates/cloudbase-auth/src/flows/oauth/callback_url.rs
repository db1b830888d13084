//! The URL at which a user comes back: where it leads, and what it says.

use cloudbase_core::sdk::percent_decode;

/// The decoded parameters of a URL's query, and of its fragment, where some identity sources put
/// them.
pub(crate) fn query_of(url: &str) -> Vec<(String, String)> {
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let pairs = query
        .split('&')
        .chain(fragment.trim_start_matches('?').split('&'));
    pairs
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Whether a user who came back at `url` is where `redirect_to` has sent them: same origin, same
/// path (RFC 9700, 4.1). A URL without an origin, as servers see it, is judged by its path.
pub(super) fn leads_to(url: &str, redirect_to: &str) -> bool {
    let ((origin, path), (expected, at)) = (place_of(url), place_of(redirect_to));
    path == at && (origin.is_none() || origin == expected)
}

/// The origin of a URL and its path, in one spelling.
fn place_of(url: &str) -> (Option<String>, &str) {
    let url = &url[..url.find(['?', '#']).unwrap_or(url.len())];
    if url.starts_with('/') {
        return (None, url);
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        // An application's own scheme may do without an authority: `my.app:/callback`.
        let (scheme, path) = url.split_at(url.find('/').unwrap_or(url.len()));
        return (Some(scheme.to_ascii_lowercase()), path);
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let origin = format!("{scheme}://{authority}").to_ascii_lowercase();
    let default = match scheme.to_ascii_lowercase().as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    let origin = origin.strip_suffix(default).unwrap_or(&origin).to_owned();
    (Some(origin), if path.is_empty() { "/" } else { path })
}

fn decode(text: &str) -> String {
    let bytes = percent_decode(&text.replace('+', " "));
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_and_fragments_read() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            query_of("my-app://cb?code=a%2Bb+c&state=%E4%BD%A0&x#error=no"),
            [
                pair("code", "a+b c"),
                pair("state", "你"),
                pair("x", ""),
                pair("error", "no")
            ]
        );
        assert_eq!(
            query_of("https://a.example/%zz?b=%zz%4"),
            [pair("b", "%zz%4")]
        );
        assert!(query_of("").is_empty());
    }

    #[test]
    fn a_url_leads_to_the_place_that_was_said_and_to_no_other() {
        for (url, to) in [
            (
                "https://app.example/cb?code=c&state=s",
                "https://app.example/cb",
            ),
            (
                "https://APP.example:443/cb#code=c",
                "https://app.example/cb?tab=1#top",
            ),
            ("HTTP://app.example?code=c", "http://app.example:80/"),
            (
                "http://127.0.0.1:4711/callback?x",
                "http://127.0.0.1:4711/callback",
            ),
            ("my-app://signed-in?code=c", "my-app://signed-in"),
            ("my.app:/signed-in?code=c", "My.App:/signed-in"),
            ("/cb?code=c", "https://app.example/cb"),
        ] {
            assert!(leads_to(url, to), "{url}");
        }
        let to = "https://app.example/cb";
        for url in [
            "https://other.example/cb?code=c",
            "http://app.example/cb?code=c",
            "https://app.example:444/cb?code=c",
            "https://app.example/other?code=c",
            "https://app.example/cb/?code=c",
            "https://app.example/CB?code=c",
            "https://app.example/?code=c",
            "https://app.example@other.example/cb?code=c",
            "https://app.example.other.example/cb",
            "https://app.example./cb",
            "//other.example/cb?code=c",
            "/other?code=c",
            "my-app://app.example/cb",
            "?code=c",
            "",
        ] {
            assert!(!leads_to(url, to), "{url}");
        }
        assert!(!leads_to("my-app://other?code=c", "my-app://signed-in"));
    }
}
