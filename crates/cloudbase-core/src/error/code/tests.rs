//! Walks the protocol's tables of codes: each is a constant, is called as its text, and has predicates
//! that were decided.

use http::{HeaderMap, StatusCode};

use super::known::ALL;
use crate::error::parse_envelope;
use crate::{Envelope, Error};

type Predicate = fn(&Error) -> bool;

/// One code of the table.
struct Row<'a> {
    section: &'a str,
    text: &'a str,
    number: &'a str,
    statuses: Vec<StatusCode>,
    predicates: Vec<&'a str>,
}

/// Tabs between the columns: where the code comes from, its text, its number (with a star where others
/// have it too),
/// the statuses with which it comes (400, or 200 in lists of results, where none is documented), and the
/// predicates that hold with each of them.
fn table() -> Vec<Row<'static>> {
    let row = |line: &'static str| {
        let columns: Vec<_> = line.split('\t').collect();
        let [section, text, number, statuses, predicates, _category] = columns[..] else {
            panic!("six columns: {line}");
        };
        let status = |text: &str| StatusCode::from_bytes(text.as_bytes()).unwrap();
        Row {
            section,
            text,
            number,
            statuses: statuses.split(',').map(status).collect(),
            predicates: predicates.split(' ').filter(|it| *it != "-").collect(),
        }
    };
    let lines = include_str!("../../../tests/data/codes.tsv").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .map(row)
        .collect()
}

#[test]
fn every_code_of_the_protocol_is_a_constant_in_its_section() {
    let table = table();
    let rows = table.iter().map(|row| (row.section, row.text));
    let section = |list: &str| list.to_ascii_lowercase().replace('_', "-");
    let constants: Vec<_> = ALL
        .iter()
        .map(|(list, _, text)| (section(list), *text))
        .collect();
    for (section, text) in rows.clone() {
        assert!(
            constants.contains(&(section.to_owned(), text)),
            "{section}: {text}"
        );
    }
    for (section, text) in &constants {
        assert!(
            rows.clone().any(|row| row == (section.as_str(), *text)),
            "{section}: {text}"
        );
    }
}

/// The text in upper case and with underscores.
fn plain_name(text: &str) -> String {
    if text.starts_with(|c: char| c.is_ascii_digit()) || text == "P0001" {
        return format!("SQLSTATE_{text}");
    }
    let mut name = String::new();
    let mut after_lower = false;
    for c in text.chars() {
        if after_lower && c.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
        after_lower = c.is_ascii_lowercase();
    }
    name
}

#[test]
fn a_constant_is_called_as_its_text() {
    for (section, name, text) in ALL {
        let plain = plain_name(text);
        let same = ALL
            .iter()
            .filter(|(_, _, other)| plain_name(other) == plain);
        let expected = match *section {
            _ if same.count() == 1 || plain == *text => plain,
            "AUTH" => format!("AUTH_{plain}"),
            "OBJECT_STORE" => format!("COS_{plain}"),
            _ => format!("{section}_{plain}"),
        };
        assert_eq!(*name, expected, "{text}");
    }
}

#[test]
fn the_predicates_of_a_code_are_those_of_the_table() {
    let predicates: [(&str, Predicate); 7] = [
        ("not_found", Error::is_not_found),
        ("conflict", Error::is_conflict),
        ("throttled", Error::is_throttled),
        ("transient", Error::is_transient),
        // As that of a write that was sent: of a read it is what is transient.
        ("retryable", Error::is_retryable),
        ("permission_denied", Error::is_permission_denied),
        ("unauthenticated", Error::is_unauthenticated),
    ];
    let mut wrong = Vec::new();
    for row in table() {
        for status in &row.statuses {
            let error = Error::api(*status, Some(row.text.into()), "").settle(false);
            let hold = predicates.iter().filter(|(_, holds)| holds(&error));
            let hold: Vec<_> = hold.map(|(name, _)| *name).collect();
            if hold != row.predicates {
                wrong.push(format!(
                    "{status} {}: {hold:?}, not {:?}",
                    row.text, row.predicates
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_number_alone_is_the_word_that_has_it_for_itself() {
    for row in table().iter().filter(|row| row.number != "-") {
        let number = row.number.trim_end_matches('*');
        let body = format!(r#"{{"error_code":{number}}}"#);
        let (status, headers) = (StatusCode::BAD_REQUEST, HeaderMap::new());
        let error = parse_envelope(Envelope::Auth, status, &headers, body.as_bytes()).unwrap();
        let own = (number == row.number).then_some(row.text);
        assert_eq!(error.code().map(|code| code.as_str()), own, "{number}");
    }
}
