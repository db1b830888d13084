//! `#[derive(Table)]`: what it makes, and what the compiler says when something does not fit.

use cloudbase_data::Table;
use cloudbase_data::mysql::{Table as _, any, desc, eq};
use serde::{Deserialize, Serialize};

use crate::support::{library, mysql};

#[derive(Debug, Deserialize, Serialize, PartialEq, Table)]
#[serde(rename_all = "camelCase")]
#[table(name = "books")]
struct Book {
    id: i64,
    title: String,
    pages: Option<i32>,
    #[serde(rename = "done")]
    is_done: bool,
    #[serde(skip)]
    #[allow(dead_code)]
    seen: u32,
}

#[derive(Table)]
#[table(name = "odd names")]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct Odd {
    r#type: String,
    created_at: Option<String>,
    #[table(rename = "a b")]
    spaced: u8,
    #[serde(rename(serialize = "x", deserialize = "y"))]
    both: u8,
    #[table(skip)]
    cache: Vec<u8>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "cloudbase_data::lossless::integer::option"
    )]
    big: Option<u64>,
}

/// By way of the umbrella crate, which is all that most programs depend on.
mod umbrella {
    use cloudbase::mysql::eq;
    use cloudbase::prelude::*;

    #[derive(Table)]
    #[table(name = "todos")]
    #[allow(dead_code)]
    struct Todo {
        id: i64,
    }

    #[test]
    fn the_derive_needs_no_other_crate() {
        assert_eq!(Todo::TABLE, "todos");
        assert_eq!(Todo::ID.eq(1), eq("id", 1));
    }
}

#[test]
fn names_are_those_on_the_wire() {
    assert_eq!(Book::TABLE, "books");
    assert_eq!(Book::COLUMN_NAMES, ["id", "title", "pages", "done"]);
    assert_eq!(Odd::COLUMN_NAMES, ["type", "createdAt", "a b", "y", "big"]);
    assert_eq!(Odd::TYPE.name(), "type");
    assert_eq!(Book::IS_DONE.eq(true), eq("done", true));
    assert_eq!(Book::TITLE.eq("x"), eq("title", "x"));
    assert_eq!(Book::PAGES.eq(3), eq("pages", 3));
    assert_eq!(Odd::BIG.eq(u64::MAX), eq("big", u64::MAX));
    assert_eq!(
        Book::ID.in_([1, 2]),
        cloudbase_data::mysql::in_("id", [1, 2])
    );
}

#[tokio::test]
async fn exactly_the_columns_of_the_struct_are_read() {
    let emulator = library().start().await.unwrap();
    let mysql = mysql(&emulator);
    let books = mysql
        .select::<Book>()
        .filter(any([Book::IS_DONE.eq(true), Book::TITLE.like("%Train")]))
        .order(Book::ID.desc())
        .await
        .unwrap();
    assert_eq!(
        books.iter().map(|book| book.id).collect::<Vec<_>>(),
        [4, 2, 1]
    );
    let query = &emulator.requests().all()[0].query;
    assert!(
        query.starts_with("select=id%2Ctitle%2Cpages%2Cdone&"),
        "{query}"
    );

    let new = Book {
        id: 10,
        title: "New".into(),
        pages: None,
        is_done: false,
        seen: 3,
    };
    let stored: Book = mysql
        .from(Book::TABLE)
        .insert(&new)
        .returning(Book::columns())
        .single()
        .await
        .unwrap();
    assert_eq!(stored, Book { seen: 0, ..new });
    let last: Vec<Book> = mysql
        .from(Book::TABLE)
        .select(Book::columns())
        .order(desc(Book::ID))
        .limit(1)
        .await
        .unwrap();
    assert_eq!(last[0].id, 10);
    emulator.shutdown().await;
}

#[test]
fn the_compiler_says_what_does_not_fit() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/data/ui/*.rs");
}
