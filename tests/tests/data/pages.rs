//! Many rows as a stream.

use cloudbase_data::mysql::{asc, desc};
use cloudbase_data::{MySql, Row};
use cloudbase_emulator::{Emulator, Fault, Gate};
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::json;

use crate::support::{library, models, mysql};

async fn numbers(rows: usize) -> (Emulator, MySql) {
    let emulator = library()
        .schema_sql("CREATE TABLE numbers (n INT NOT NULL PRIMARY KEY);")
        .start()
        .await
        .unwrap();
    let mysql = mysql(&emulator);
    if rows > 0 {
        let all: Vec<_> = (0..rows).map(|n| json!({"n": n})).collect();
        mysql.from("numbers").insert(&all).await.unwrap();
    }
    emulator.requests().clear();
    (emulator, mysql)
}

fn n(row: &Row) -> usize {
    row.get("n").unwrap()
}

#[tokio::test]
async fn pages_cover_every_row_once_whatever_the_size() {
    let (emulator, mysql) = numbers(23).await;
    for size in [1, 5, 7, 22, 23, 24, 100] {
        let select = || mysql.from("numbers").select::<Row>("n").order(asc("n"));
        let pages: Vec<Vec<Row>> = select().pages(size).try_collect().await.unwrap();
        assert!(
            pages
                .iter()
                .all(|page| (1..=size as usize).contains(&page.len()))
        );
        let found: Vec<usize> = pages.iter().flatten().map(n).collect();
        assert_eq!(found, (0..23).collect::<Vec<_>>(), "size {size}");
        let rows: Vec<Row> = select().stream(size).try_collect().await.unwrap();
        assert_eq!(rows.iter().map(n).collect::<Vec<_>>(), found);
        let some: Vec<Row> = select()
            .offset(3)
            .limit(11)
            .stream(size)
            .try_collect()
            .await
            .unwrap();
        assert_eq!(
            some.iter().map(n).collect::<Vec<_>>(),
            (3..14).collect::<Vec<_>>()
        );
    }
    let none: Vec<Row> = mysql
        .from("numbers")
        .eq("n", -1)
        .stream(5)
        .try_collect()
        .await
        .unwrap();
    assert!(none.is_empty());
    let rejected = mysql
        .from("numbers")
        .select::<Row>("*")
        .pages(0)
        .try_next()
        .await
        .unwrap_err();
    assert!(rejected.message().contains("`size`"), "{rejected}");
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_service_that_gives_less_than_asked_loses_nothing() {
    let (emulator, mysql) = numbers(10).await;
    // Whatever is asked for, the first responses have three rows.
    let some = |from: usize| json!([{"n": from}, {"n": from + 1}, {"n": from + 2}]).to_string();
    for page in 0..3 {
        emulator.faults().add(
            Fault::on("GET /v1/rdb/rest/numbers")
                .times(1)
                .status(200, "")
                .body(&some(page * 3)),
        );
    }
    let rows: Vec<Row> = mysql
        .from("numbers")
        .select("n")
        .order(asc("n"))
        .stream(5)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(
        rows.iter().map(n).collect::<Vec<_>>(),
        (0..10).collect::<Vec<_>>()
    );
    emulator.shutdown().await;
}

#[tokio::test]
async fn the_next_page_is_fetched_while_one_is_worked_on() {
    let (emulator, mysql) = numbers(20).await;
    let gate = Gate::new();
    emulator
        .faults()
        .add(Fault::on("GET *").skip(1).hold(&gate));
    let mut pages = mysql
        .from("numbers")
        .select::<Row>("n")
        .order(asc("n"))
        .pages(5);
    assert_eq!(emulator.requests().all().len(), 0);
    assert_eq!(n(&pages.next().await.unwrap().unwrap()[4]), 4);
    // Nobody polls the stream, yet the second page is asked for; and only the second.
    gate.waiting(1).await;
    assert_eq!(emulator.requests().all().len(), 2);
    gate.open();
    assert_eq!(n(&pages.next().await.unwrap().unwrap()[0]), 5);
    assert_eq!(n(&pages.next().await.unwrap().unwrap()[0]), 10);
    emulator.shutdown().await;
}

#[tokio::test]
async fn the_row_stream_asks_for_a_page_only_when_the_last_is_used_up() {
    let (emulator, mysql) = numbers(20).await;
    let mut rows = mysql
        .from("numbers")
        .select::<Row>("n")
        .order(asc("n"))
        .stream(5);
    for _ in 0..5 {
        rows.next().await.unwrap().unwrap();
    }
    assert_eq!(emulator.requests().all().len(), 1);
    rows.next().await.unwrap().unwrap();
    assert_eq!(emulator.requests().all().len(), 2);
    emulator.shutdown().await;
}

#[tokio::test]
async fn the_first_failure_ends_the_stream() {
    let (emulator, mysql) = numbers(20).await;
    emulator
        .faults()
        .add(Fault::on("GET *").skip(1).status(400, "INVALID_REQUEST"));
    let mut pages = mysql
        .from("numbers")
        .select::<Row>("n")
        .order(asc("n"))
        .pages(5);
    assert!(pages.next().await.unwrap().is_ok());
    assert_eq!(
        pages.next().await.unwrap().unwrap_err().status().unwrap(),
        400
    );
    assert!(pages.next().await.is_none());
    emulator.shutdown().await;
}

#[tokio::test]
async fn records_of_models_come_as_pages_too() {
    let model = json!({"name": "item", "permission": "OPEN", "schema":
        {"type": "object", "properties": {"n": {"type": "number"}}}});
    let emulator = library().model(model).start().await.unwrap();
    let item = models(&emulator).model("item");
    let all: Vec<_> = (0..23).map(|n| json!({"n": n})).collect();
    item.create_many(&all).await.unwrap();
    for size in [5, 23, 200] {
        let list = || item.list().order(desc("n"));
        let pages: Vec<_> = list().pages(size).try_collect().await.unwrap();
        let found: Vec<usize> = pages.iter().flat_map(|page| &page.records).map(n).collect();
        assert_eq!(found, (0..23).rev().collect::<Vec<_>>());
        let records: Vec<Row> = list().stream(size).try_collect().await.unwrap();
        assert_eq!(records.iter().map(n).collect::<Vec<_>>(), found);
    }
    let rejected = item.list().pages(201).try_next().await.unwrap_err();
    assert!(rejected.message().contains("1 to 200"), "{rejected}");
    emulator.shutdown().await;
}
