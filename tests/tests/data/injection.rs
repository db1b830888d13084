//! No value leaves its place: random conditions return the same rows through the REST grammar as
//! they do as SQL with bound values on the database itself.
//!
//! `CLOUDBASE_INJECTION_TREES=100000` runs the full number; the default is quick.

use cloudbase_data::mysql::{
    Filter, Is, MySql, all, any, asc, eq, escape_like, in_, is, like, not,
};
use cloudbase_data::{Row, mysql as m};
use cloudbase_emulator::Emulator;
use fastrand::Rng;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::support::{library, mysql};

/// What must not leave its place, and what the rows hold.
const NASTY: &[&str] = &[
    "a,b",
    ")",
    "(",
    "\"",
    "\\",
    "*",
    "%",
    "_",
    "null",
    ",or(x.eq.1)",
    "a\0b",
    "\u{1F600}",
    "'",
    "';--",
    "eq.1",
    "in.(1)",
    "not.is.null",
    "true",
    "a.b.c",
    ":",
    "&x=1",
    "#",
    "?",
    "+",
    " ",
    "\r\n",
    "`",
    "\\\"",
    "\"a\"",
    "{a,b}",
    "{\"a\":1}",
    "[1,2]",
    "é",
    "腾讯 云",
    "",
    "$1",
    "%41",
    "\\%",
    "a\"),b",
    "),and(id.gt.0",
    " edge ",
];

// Of the binary collations the one that does not pad: blanks at an end are part of the value.
const SCHEMA: &str = "CREATE TABLE words (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, \
     w VARCHAR(80) COLLATE utf8mb4_0900_bin, n INT, `or` INT, `order` VARCHAR(80) COLLATE utf8mb4_0900_bin);";

/// How many trees one statement on the database carries.
const BATCH: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_trees_return_the_same_rows_as_bound_sql() {
    let trees: usize = std::env::var("CLOUDBASE_INJECTION_TREES").map_or(4_000, |text| {
        text.parse().expect("CLOUDBASE_INJECTION_TREES is a number")
    });
    let seed =
        std::env::var("CLOUDBASE_INJECTION_SEED").map_or(7, |text| text.parse().expect("a number"));
    let emulator = library().schema_sql(SCHEMA).start().await.unwrap();
    let mysql = mysql(&emulator);
    fill(&mysql).await;
    let mut rng = Rng::with_seed(seed);
    let (mut selective, mut checked) = (0, 0);
    while checked < trees {
        let batch: Vec<Tree> = (0..BATCH).map(|_| Tree::random(&mut rng, 4)).collect();
        let expected = by_sql(&emulator, &batch).await;
        let found: Vec<Vec<i64>> = stream::iter(&batch)
            .map(|tree| by_rest(&mysql, tree.filter()))
            .buffered(BATCH)
            .collect()
            .await;
        for ((tree, expected), found) in batch.iter().zip(&expected).zip(&found) {
            assert_eq!(found, expected, "seed {seed}: {:#?}", tree.filter());
            selective += usize::from(!found.is_empty() && found.len() < rows());
        }
        checked += BATCH;
    }
    // A test that only ever saw nothing, or everything, would prove nothing.
    assert!(selective > checked / 4, "{selective} of {checked}");
    emulator.shutdown().await;
}

fn rows() -> usize {
    NASTY.len() + 3
}

async fn fill(mysql: &MySql) {
    let mut all: Vec<Value> = NASTY
        .iter()
        .enumerate()
        .map(|(at, text)| json!({"w": text, "n": at as i64 % 5 - 1, "or": at % 3, "order": NASTY[NASTY.len() - 1 - at]}))
        .collect();
    all.extend((0..3).map(|n| json!({"w": null, "n": null, "or": n, "order": null})));
    let written = mysql.from("words").insert(&all).await.unwrap();
    assert_eq!(written.affected, Some(rows() as u64));
}

async fn by_rest(mysql: &MySql, filter: Filter) -> Vec<i64> {
    let rows: Vec<Row> = mysql
        .from("words")
        .select("id")
        .filter(filter)
        .order(asc("id"))
        .await
        .unwrap();
    rows.iter().map(|row| row.get("id").unwrap()).collect()
}

/// One statement with a truth value for each tree.
async fn by_sql(emulator: &Emulator, batch: &[Tree]) -> Vec<Vec<i64>> {
    let (mut columns, mut values) = (String::new(), Vec::new());
    for (at, tree) in batch.iter().enumerate() {
        columns.push_str(", (");
        tree.sql(&mut columns, &mut values);
        columns.push_str(&format!(") AS t{at}"));
    }
    let rows = emulator
        .sql(
            &format!("SELECT id{columns} FROM words ORDER BY id"),
            &values,
        )
        .await
        .unwrap();
    (0..batch.len())
        .map(|at| {
            let holds = |row: &&serde_json::Map<String, Value>| row[&format!("t{at}")] == json!(1);
            rows.iter()
                .filter(holds)
                .map(|row| row["id"].as_i64().unwrap())
                .collect()
        })
        .collect()
}

/// A condition that can be said in both ways. This knows nothing of the encoder.
enum Tree {
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
    Compare(&'static str, usize, Given),
    In(&'static str, Vec<Given>),
    Like(&'static str, String),
    Is(&'static str, Is),
}

#[derive(Clone)]
enum Given {
    Text(String),
    Number(i64),
}

type Comparison = fn(String, m::Scalar) -> Filter;

const COMPARISONS: [(Comparison, &str); 6] = [
    (|c, v| m::eq(c, v), "="),
    (|c, v| m::neq(c, v), "<>"),
    (|c, v| m::gt(c, v), ">"),
    (|c, v| m::gte(c, v), ">="),
    (|c, v| m::lt(c, v), "<"),
    (|c, v| m::lte(c, v), "<="),
];

impl Tree {
    fn random(rng: &mut Rng, depth: u32) -> Self {
        let members = |rng: &mut Rng| {
            (0..rng.usize(1..4))
                .map(|_| Self::random(rng, depth - 1))
                .collect()
        };
        match rng.u32(0..if depth == 0 { 8 } else { 14 }) {
            0 | 1 => {
                let column = text_column(rng);
                Self::Compare(column, rng.usize(0..6), Given::Text(text(rng)))
            }
            2 | 3 => {
                let column = if rng.bool() { "n" } else { "or" };
                Self::Compare(column, rng.usize(0..6), Given::Number(rng.i64(-2..5)))
            }
            4 => {
                let values = (0..rng.usize(0..5))
                    .map(|_| Given::Text(text(rng)))
                    .collect();
                Self::In(text_column(rng), values)
            }
            5 => Self::In(
                "n",
                (0..rng.usize(0..4))
                    .map(|_| Given::Number(rng.i64(-2..5)))
                    .collect(),
            ),
            6 => {
                let piece = escape_like(&text(rng));
                let pattern = match rng.u32(0..4) {
                    0 => piece,
                    1 => format!("%{piece}%"),
                    2 => format!("{piece}%"),
                    _ => format!("_{piece}"),
                };
                Self::Like(text_column(rng), pattern)
            }
            7 => Self::Is(["w", "n", "or", "order"][rng.usize(0..4)], Is::Null),
            8 | 9 => Self::All(members(rng)),
            10 | 11 => Self::Any(members(rng)),
            12 => Self::Is("n", [Is::True, Is::False][rng.usize(0..2)]),
            _ => Self::Not(Box::new(Self::random(rng, depth - 1))),
        }
    }

    fn filter(&self) -> Filter {
        match self {
            Self::All(members) => all(members.iter().map(Self::filter)),
            Self::Any(members) => any(members.iter().map(Self::filter)),
            Self::Not(inner) => not(inner.filter()),
            Self::Compare(column, at, value) => {
                COMPARISONS[*at].0((*column).to_owned(), value.scalar())
            }
            Self::In(column, values) => in_(*column, values.iter().map(Given::scalar)),
            Self::Like(column, pattern) => like(*column, pattern.as_str()),
            Self::Is(column, value) => is(*column, *value),
        }
    }

    fn sql(&self, out: &mut String, values: &mut Vec<Value>) {
        let mut join = |members: &[Self], word: &str| {
            out.push('(');
            for (at, member) in members.iter().enumerate() {
                if at > 0 {
                    out.push_str(word);
                }
                member.sql(out, values);
            }
            out.push(')');
        };
        match self {
            Self::All(members) => join(members, " AND "),
            Self::Any(members) => join(members, " OR "),
            Self::Not(inner) => {
                out.push_str("NOT (");
                inner.sql(out, values);
                out.push(')');
            }
            Self::Compare(column, at, value) => {
                out.push_str(&format!("`{column}` {} ?", COMPARISONS[*at].1));
                values.push(value.json());
            }
            Self::In(_, members) if members.is_empty() => out.push_str("1 = 0"),
            Self::In(column, members) => {
                let marks = vec!["?"; members.len()].join(", ");
                out.push_str(&format!("`{column}` IN ({marks})"));
                values.extend(members.iter().map(Given::json));
            }
            // The embedded engine's own LIKE knows no case; this is what it has for MySQL's.
            Self::Like(column, pattern) => {
                out.push_str(&format!("like_binary(?, `{column}`)"));
                values.push(json!(pattern));
            }
            Self::Is(column, Is::True) => out.push_str(&format!("`{column}` IS TRUE")),
            Self::Is(column, Is::False) => out.push_str(&format!("`{column}` IS FALSE")),
            Self::Is(column, _) => out.push_str(&format!("`{column}` IS NULL")),
        }
    }
}

impl Given {
    fn scalar(&self) -> m::Scalar {
        match self {
            Self::Text(text) => text.into(),
            Self::Number(number) => number.into(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Number(number) => json!(number),
        }
    }
}

fn text_column(rng: &mut Rng) -> &'static str {
    if rng.u32(0..4) == 0 { "order" } else { "w" }
}

fn text(rng: &mut Rng) -> String {
    let pick = |rng: &mut Rng| NASTY[rng.usize(0..NASTY.len())];
    match rng.u32(0..6) {
        0 => format!("{}{}", pick(rng), pick(rng)),
        1 => (0..rng.usize(0..6)).map(|_| rng.char(..)).collect(),
        _ => pick(rng).to_owned(),
    }
}

#[tokio::test]
async fn every_nasty_value_finds_itself_in_every_place() {
    let emulator = library().schema_sql(SCHEMA).start().await.unwrap();
    let mysql = mysql(&emulator);
    fill(&mysql).await;
    for (at, value) in NASTY.iter().enumerate() {
        let id = at as i64 + 1;
        for filter in [
            eq("w", *value),
            in_("w", [*value, "nobody"]),
            any([eq("w", *value), eq("n", 1000)]),
            any([in_("w", [*value]), eq("n", 1000)]),
            like("w", escape_like(value)),
            any([like("w", escape_like(value)), eq("n", 1000)]),
            not(any([m::neq("w", *value), m::is_null("w")])),
        ] {
            let text = format!("{filter:?}");
            assert_eq!(by_rest(&mysql, filter).await, [id], "{text}");
        }
    }
    emulator.shutdown().await;
}
