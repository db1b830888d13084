//! The calls as values: method, path, query, headers, body and nature of each builder.

use cloudbase_core::http::Method;
use cloudbase_core::{ErrorKind, Operation};
use serde_json::json;

use super::*;
use crate::Row;

mod rows;
mod writes;

fn mysql() -> MySql {
    let client = Client::builder()
        .env_id("env")
        .endpoint("http://127.0.0.1:1")
        .build()
        .unwrap();
    MySql::new(client)
}

fn t() -> TableRef {
    mysql().from("t")
}

#[track_caller]
fn check(operation: cloudbase_core::Result<Operation>, line: &str, prefer: &str, body: &str) {
    let operation = operation.unwrap();
    let target = operation.target().to_string();
    let target = target.strip_prefix("/v1/rdb/rest").unwrap();
    assert_eq!(format!("{} {target}", operation.method()), line);
    let sent = operation
        .headers()
        .get("prefer")
        .map_or("", |v| v.to_str().unwrap());
    assert_eq!(sent, prefer);
    assert_eq!(
        std::str::from_utf8(operation.body_bytes().unwrap()).unwrap(),
        body
    );
    assert_eq!(
        operation.headers().contains_key("content-type"),
        !body.is_empty()
    );
}

#[test]
fn reads_are_those_of_the_official_builder() {
    let t = || mysql().from("articles");
    check(
        t().select::<Row>("*").operation(),
        "GET /articles?select=*",
        "",
        "",
    );
    check(
        t().select::<Row>("id, title,  cat:categories ( name )")
            .with_count()
            .operation(),
        "GET /articles?select=id%2Ctitle%2Ccat%3Acategories%28name%29",
        "count=exact",
        "",
    );
    check(
        t().count().eq("a", 1).operation(),
        "HEAD /articles?select=*&a=eq.1",
        "count=exact",
        "",
    );
    check(
        t().select::<Row>("*")
            .eq_all([("x", "1"), ("y", "z")])
            .operation(),
        "GET /articles?select=*&x=eq.1&y=eq.z",
        "",
        "",
    );
    check(
        t().select::<Row>("*")
            .order(desc("id"))
            .order(asc("n").nulls_first())
            .related("cat", Related::new().order(asc("k")))
            .operation(),
        "GET /articles?select=*&cat.order=k.asc&order=id.desc%2Cn.asc.nullsfirst",
        "",
        "",
    );
    check(
        t().select::<Row>("*").limit(5).range(10, 19).operation(),
        "GET /articles?select=*&offset=10&limit=10",
        "",
        "",
    );
    let single = t().select::<Row>("*").single().operation().unwrap();
    assert_eq!(
        single.headers()["accept"],
        "application/vnd.pgrst.object+json"
    );
    let maybe = t().select::<Row>("*").maybe_single().operation().unwrap();
    assert_eq!(maybe.headers()["accept"], "application/json");
    assert!(maybe.target().query().unwrap().ends_with("&limit=2"));
}

#[test]
fn writes_are_those_of_the_official_builder() {
    let t = || mysql().from("articles");
    check(
        t().insert(&json!({"a": 1})).operation(),
        "POST /articles",
        "",
        r#"{"a":1}"#,
    );
    check(
        t().insert(&json!([{"a": 1}, {"b": 2}]))
            .missing_as_default()
            .returning::<Row>("id, a")
            .operation(),
        "POST /articles?select=id%2Ca",
        "missing=default, return=representation",
        r#"[{"a":1},{"b":2}]"#,
    );
    check(
        t().upsert(&json!({"id": 1}))
            .on_conflict(["id", "title"])
            .returning::<Row>("*")
            .operation(),
        "POST /articles?on_conflict=id%2Ctitle&select=*",
        "resolution=merge-duplicates, return=representation",
        r#"{"id":1}"#,
    );
    check(
        t().upsert(&json!([{"id": 1}]))
            .ignore_duplicates()
            .operation(),
        "POST /articles",
        "resolution=ignore-duplicates",
        r#"[{"id":1}]"#,
    );
    check(
        t().update(&json!({"a": null}))
            .eq("id", 1)
            .returning::<Row>("*")
            .single()
            .operation(),
        "PATCH /articles?id=eq.1&select=*",
        "return=representation",
        r#"{"a":null}"#,
    );
    check(
        t().delete().eq("id", 1).operation(),
        "DELETE /articles?id=eq.1",
        "",
        "",
    );
    check(
        t().delete()
            .gt("id", 1)
            .order(asc("id"))
            .limit(3)
            .operation(),
        "DELETE /articles?id=gt.1&order=id.asc&limit=3",
        "",
        "",
    );
}

#[test]
fn other_databases_are_in_the_path() {
    let path = |mysql: MySql| {
        let operation = mysql.from("a b").select::<Row>("*").operation()?;
        Ok::<_, cloudbase_core::Error>(operation.target().path().to_owned())
    };
    assert_eq!(path(mysql()).unwrap(), "/v1/rdb/rest/a%20b");
    assert_eq!(
        path(mysql().database("db")).unwrap(),
        "/v1/rdb/rest/db/a%20b"
    );
    assert_eq!(
        path(mysql().database("db").instance("i")).unwrap(),
        "/v1/rdb/rest/i/db/a%20b"
    );
    let error = path(mysql().instance("i")).unwrap_err();
    assert_eq!(error.message(), "`instance` needs a `database` as well");
    assert_eq!(error.operation(), "mysql.select");
}

#[test]
fn what_may_be_repeated() {
    let t = || mysql().from("t");
    let row = json!({"id": 1});
    let repeatable =
        |operation: cloudbase_core::Result<Operation>| operation.unwrap().is_repeatable();
    assert!(repeatable(t().select::<Row>("*").operation()));
    assert!(repeatable(t().count().operation()));
    assert!(!repeatable(t().insert(&row).operation()));
    assert!(repeatable(t().insert(&row).idempotent(true).operation()));
    assert!(repeatable(t().upsert(&row).operation()));
    assert!(!repeatable(t().update(&row).eq("id", 1).operation()));
    assert!(repeatable(t().delete().eq("id", 1).operation()));
    assert!(!repeatable(t().delete().eq("id", 1).limit(1).operation()));
    assert!(!repeatable(
        t().delete().eq("id", 1).returning::<Row>("*").operation()
    ));
}

#[test]
fn bad_arguments_are_rejected_before_anything_is_sent() {
    let t = || mysql().from("t");
    let rejected = |operation: cloudbase_core::Result<Operation>, rule: &str| {
        let error = operation.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
        assert!(error.message().contains(rule), "{error}");
    };
    rejected(
        mysql().from("").select::<Row>("*").operation(),
        "`table` must not be empty",
    );
    rejected(
        mysql().from("a/../b").delete().eq("", 1).operation(),
        "`column` must not be empty",
    );
    rejected(
        t().update(&json!({"a": 1})).operation(),
        "`filter` is required",
    );
    rejected(
        t().update(&json!({"a": 1}))
            .limit(1)
            .filter(all([]))
            .operation(),
        "`filter` is required",
    );
    rejected(t().delete().operation(), "`filter` is required");
    rejected(
        t().update(&json!([{"a": 1}])).eq("id", 1).operation(),
        "`changes` must be one struct",
    );
    rejected(
        t().update(&json!({})).eq("id", 1).operation(),
        "`changes` must have at least one column",
    );
    rejected(
        t().insert(&json!([])).operation(),
        "`rows` must have at least one row",
    );
    rejected(t().insert(&7).operation(), "`rows` must be a struct or map");
    rejected(
        t().insert("x").operation(),
        "`rows` must be a struct or map",
    );
    rejected(
        t().select::<Row>("*").range(3, 2).operation(),
        "`range` must not end",
    );
    rejected(
        t().select::<Row>("a(").operation(),
        "`columns` has an unclosed",
    );
    rejected(
        t().upsert(&json!({"a": 1})).on_conflict([""]).operation(),
        "`on_conflict` must not be empty",
    );
    rejected(
        mysql()
            .query::<Row>("t", QueryOptions::new().order("id.up"))
            .operation(),
        "`order` must have the form",
    );
    rejected(
        mysql().delete("t", [("id", "1")]).operation(),
        "`filter` must have the form",
    );
    rejected(
        mysql().delete("t", Filters::none()).operation(),
        "`filter` is required",
    );
}

#[test]
fn short_forms_are_the_same_calls() {
    let filters = [
        ("age", "gt.18"),
        ("name", "like.%张%"),
        ("or", "(id.eq.1,id.in.(2,3))"),
    ];
    let options = QueryOptions::new()
        .select("id,name")
        .filters(filters)
        .order("id.desc,name.asc.nullslast")
        .limit(2)
        .offset(4);
    check(
        mysql().query::<Row>("t", options).operation(),
        "GET /t?select=id%2Cname&age=gt.18&name=like.%25%E5%BC%A0%25&or=%28id.eq.1%2Cid.in.%282%2C3%29%29\
         &order=id.desc%2Cname.asc.nullslast&offset=4&limit=2",
        "",
        "",
    );
    check(
        mysql().insert("t", &json!({"a": 1})).operation(),
        "POST /t",
        "",
        r#"{"a":1}"#,
    );
    let changes = json!({"a": 1});
    check(
        mysql().update("t", &changes, [("id", "eq.1")]).operation(),
        "PATCH /t?id=eq.1",
        "",
        r#"{"a":1}"#,
    );
    check(
        mysql().delete("t", [("id", "in.(1,2)")]).operation(),
        "DELETE /t?id=in.%281%2C2%29",
        "",
        "",
    );
    check(
        mysql().count("t", Filters::none()).operation(),
        "HEAD /t?select=*",
        "count=exact",
        "",
    );
}

#[test]
fn postgres_operators_are_those_of_the_official_builder() {
    use super::postgres::*;
    let select = |filter| mysql().from("t").filter::<Row>(filter).operation();
    for (filter, wire) in [
        (
            contains("meta", Collection::json(&json!({"k": "v", "n": {"a": 1}}))),
            "meta=cs.%7B%22k%22%3A%22v%22%2C%22n%22%3A%7B%22a%22%3A1%7D%7D",
        ),
        (
            contains("span", Collection::range("[1,2)")),
            "span=cs.%5B1%2C2%29",
        ),
        (contained_by("tags", ["a", "b"]), "tags=cd.%7Ba%2Cb%7D"),
        (overlaps("tags", ["a", "b"]), "tags=ov.%7Ba%2Cb%7D"),
        (range_gt("span", "[1,2)"), "span=sr.%5B1%2C2%29"),
        (range_gte("span", "[1,2)"), "span=nxl.%5B1%2C2%29"),
        (range_lt("span", "[1,2)"), "span=sl.%5B1%2C2%29"),
        (range_lte("span", "[1,2)"), "span=nxr.%5B1%2C2%29"),
        (range_adjacent("span", "[1,2)"), "span=adj.%5B1%2C2%29"),
        (
            text_search("body", "'fat' & 'cat'", TextSearch::Query, None),
            "body=fts.%27fat%27+%26+%27cat%27",
        ),
        (
            text_search("body", "fat cat", TextSearch::Plain, Some("english")),
            "body=plfts%28english%29.fat+cat",
        ),
        (
            text_search("body", "fat cat", TextSearch::Phrase, None),
            "body=phfts.fat+cat",
        ),
        (
            text_search("body", "fat or cat", TextSearch::WebSearch, None),
            "body=wfts.fat+or+cat",
        ),
        (
            like_all_of("name", ["%a%", "%b%"]),
            "name=like%28all%29.%7B%25a%25%2C%25b%25%7D",
        ),
        (
            ilike_any_of("name", ["%a%", "%b%"]),
            "name=ilike%28any%29.%7B%25a%25%2C%25b%25%7D",
        ),
        // The official builder would make three patterns of these two.
        (
            like_any_of("name", ["%a%", "%b,c%"]),
            "name=like%28any%29.%7B%25a%25%2C%22%25b%2Cc%25%22%7D",
        ),
    ] {
        check(select(filter), &format!("GET /t?select=*&{wire}"), "", "");
    }
    let bad = text_search("body", "x", TextSearch::Plain, Some("a).eq.1"));
    assert!(select(bad).is_err());
    assert_eq!(
        Method::GET,
        select(like_all_of("a", ["x"])).unwrap().method()
    );
}
