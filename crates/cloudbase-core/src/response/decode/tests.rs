//! JSON that fits, and errors that name what does not.

use super::*;

#[derive(Debug, serde::Deserialize)]
#[expect(dead_code, reason = "only read into")]
struct Todo {
    title: String,
    state: State,
    at: At,
}

#[derive(Debug, serde::Deserialize)]
enum State {
    #[serde(rename = "open")]
    Open,
}

#[derive(Debug)]
struct At;

impl<'de> serde::Deserialize<'de> for At {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Err(serde::de::Error::custom(format!(
            "`{text}` is no date, expected {text}"
        )))
    }
}

#[test]
fn a_response_that_does_not_fit_says_where_and_what_was_expected_but_not_what_came() {
    for (body, expected) in [
        (
            r#"[{"title":7}]"#,
            "the response does not fit `Vec<Todo>` at `[0].title`: a string expected",
        ),
        (
            r#"[{"title":"t","state":"secret, expected secret"}]"#,
            "the response does not fit `Vec<Todo>` at `[0].state`: `open` expected",
        ),
        (
            r#"[{"title":"t"}]"#,
            "the response does not fit `Vec<Todo>` at `[0]`: missing field `state`",
        ),
        (
            r#""secret""#,
            "the response does not fit `Vec<Todo>`: a sequence expected",
        ),
        (
            r#"[{"title":"t","state":"open","at":"secret"}]"#,
            "the response does not fit `Vec<Todo>` at `[0].at`",
        ),
        ("", "empty response, Vec<Todo> expected"),
        (
            "\u{feff}[{\"title\":\"cut \\ud83d\",\"state\":7}]",
            "the response does not fit `Vec<Todo>` at `[0].state`: string or map expected",
        ),
    ] {
        let error = from_json::<Vec<Todo>>(body.as_bytes()).unwrap_err();
        assert_eq!(error.message(), expected, "{body}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}
