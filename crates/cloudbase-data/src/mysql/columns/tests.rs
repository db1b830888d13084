//! Tests of the text that columns and relations become.

use cloudbase_core::PathBuilder;

use super::*;
use crate::mysql::{any, desc, eq, relation};

fn encoded(columns: impl Into<Columns>) -> String {
    columns.into().encode().unwrap()
}

#[test]
fn text_loses_its_blanks_only() {
    assert_eq!(
        encoded("id, title,  cat:categories ( name )"),
        "id,title,cat:categories(name)"
    );
    assert_eq!(
        encoded("title,\"book shelves\" (name)"),
        "title,\"book shelves\"(name)"
    );
    for bad in ["", " ", "a(b", "a)b(", "\"a", "a\0"] {
        assert!(Columns::from(bad).encode().is_err(), "{bad:?}");
    }
}

#[test]
fn values_say_all_that_the_text_can() {
    let columns = Columns::new()
        .column("title")
        .column_as("t", "a b")
        .relation(relation("author_id").inner().columns(["name"]))
        .relation(
            relation("users")
                .alias("created_by")
                .by("posts_created_by_fk"),
        )
        .relation(
            relation("books").columns(
                Columns::new()
                    .column("title")
                    .relation(relation("users").columns("name")),
            ),
        );
    assert_eq!(
        encoded(columns),
        "title,t:\"a b\",author_id!inner(name),created_by:users!posts_created_by_fk(*),\
         books(title,users(name))"
    );
    assert_eq!(encoded(["a,b", "*"]), "\"a,b\",*");
    assert!(Columns::new().encode().is_err());
    assert!(Columns::from([""]).encode().is_err());
}

#[test]
fn bounds_of_relations_become_pairs() {
    let mut query = QueryString::of(PathBuilder::new("/t"));
    let inner = relation("users")
        .alias("u")
        .filter(any([eq("a", 1), eq("b", 2)]))
        .limit(2);
    Columns::new()
        .relation(
            relation("cat")
                .order(desc("k"))
                .offset(1)
                .columns(Columns::all().relation(inner)),
        )
        .encode_related(&mut query, &[])
        .unwrap();
    let uri = query.into_uri().unwrap();
    assert_eq!(
        uri,
        "/t?cat.order=k.desc&cat.offset=1&cat.u.or=%28a.eq.1%2Cb.eq.2%29&cat.u.limit=2"
    );
}
