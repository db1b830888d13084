//! Snapshots of everything, in memory and in a data directory, put back here, elsewhere and after a restart.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod wire;

use std::path::Path;

use cloudbase_emulator::{Emulator, EmulatorBuilder, NewUser};
use serde_json::json;
use wire::classic::Bench;

const SCHEMA: &str =
    "CREATE TABLE IF NOT EXISTS t (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, n INT)";

fn builder(dir: Option<&Path>) -> EmulatorBuilder {
    let builder = Emulator::builder().schema_sql(SCHEMA);
    match dir {
        Some(dir) => builder.data_dir(dir),
        None => builder,
    }
}

/// Puts one row, one object and one user there, all of the same number.
async fn add(bench: &Bench, n: u32) {
    let body = json!({ "n": n });
    let url = format!("{}/v1/rdb/rest/t", bench.emulator.endpoint());
    let key = bench.emulator.api_key();
    bench
        .wire
        .post(&url)
        .bearer(key)
        .json(&body)
        .send()
        .await
        .expect(201);
    bench.upload(&format!("o{n}"), "content").await.expect(200);
    let user = NewUser::username(format!("user{n}")).password("Passw0rd!");
    bench.emulator.users().add(user).unwrap();
}

/// The numbers that have a row, an object and a user; fails where these disagree.
async fn numbers(bench: &Bench) -> Vec<u32> {
    let url = format!(
        "{}/v1/rdb/rest/t?select=n&order=n",
        bench.emulator.endpoint()
    );
    let key = bench.emulator.api_key();
    let rows = bench.wire.get(&url).bearer(key).send().await.expect(200);
    let numbers: Vec<u32> = rows
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|row| u32::try_from(row["n"].as_u64().unwrap()).unwrap())
        .collect();
    for n in 1..=9 {
        let url = bench.url(&format!("o{n}"), 60).await;
        let object = bench.wire.get(&url).send().await.status == 200;
        let user = bench.emulator.users().find(&format!("user{n}")).is_some();
        let row = numbers.contains(&n);
        assert_eq!((object, user), (row, row), "{n}");
    }
    numbers
}

#[tokio::test]
async fn a_snapshot_is_put_back_as_often_as_one_likes() {
    let dir = tempfile::tempdir().unwrap();
    for dir in [None, Some(dir.path())] {
        let bench = Bench::with(builder(dir)).await;
        let empty = bench.emulator.snapshot().await.unwrap();
        add(&bench, 1).await;
        let one = bench.emulator.snapshot().await.unwrap();
        for round in 0..3 {
            add(&bench, 2).await;
            assert_eq!(numbers(&bench).await, [1, 2], "{round}");
            bench.emulator.restore(&one).await.unwrap();
            assert_eq!(numbers(&bench).await, [1], "{round}");
        }
        bench.emulator.restore(&empty).await.unwrap();
        assert!(numbers(&bench).await.is_empty());
        // A snapshot of what was put back is as good as the first.
        bench.emulator.restore(&one).await.unwrap();
        let again = bench.emulator.snapshot().await.unwrap();
        bench.emulator.reset().await.unwrap();
        assert!(numbers(&bench).await.is_empty());
        bench.emulator.restore(&again).await.unwrap();
        assert_eq!(numbers(&bench).await, [1]);
        bench.emulator.shutdown().await;
    }
}

#[tokio::test]
async fn a_snapshot_is_put_back_elsewhere_and_lasts() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // From memory or disk, to memory or disk.
    for from in [None, Some(first.path())] {
        let bench = Bench::with(builder(from)).await;
        add(&bench, 3).await;
        let snapshot = bench.emulator.snapshot().await.unwrap();
        bench.emulator.shutdown().await;

        for to in [None, Some(second.path())] {
            let bench = Bench::with(builder(to)).await;
            bench.emulator.reset().await.unwrap();
            add(&bench, 4).await;
            bench.emulator.restore(&snapshot).await.unwrap();
            assert_eq!(numbers(&bench).await, [3]);
            bench.emulator.shutdown().await;
        }
        // What was put back is there after a restart, and so is what came after it.
        let bench = Bench::with(builder(Some(second.path()))).await;
        assert_eq!(numbers(&bench).await, [3]);
        add(&bench, 5).await;
        let snapshot = bench.emulator.snapshot().await.unwrap();
        bench.emulator.shutdown().await;
        let bench = Bench::with(builder(Some(second.path()))).await;
        assert_eq!(numbers(&bench).await, [3, 5]);
        add(&bench, 6).await;
        bench.emulator.restore(&snapshot).await.unwrap();
        assert_eq!(numbers(&bench).await, [3, 5]);
        bench.emulator.shutdown().await;
    }
}

/// Objects and rows of a snapshot are there for everyone while it is put back.
#[tokio::test]
async fn calls_wait_for_a_restore() {
    let bench = Bench::with(builder(None)).await;
    add(&bench, 1).await;
    let snapshot = bench.emulator.snapshot().await.unwrap();
    let url = bench.url("o1", 60).await;
    let done = std::cell::Cell::new(false);
    let read = async || {
        let mut reads = 0;
        while !done.get() {
            bench.wire.get(&url).send().await.expect(200);
            bench.upload("o2", "content").await.expect(200);
            reads += 1;
        }
        reads
    };
    let restore = async {
        for _ in 0..20 {
            bench.emulator.restore(&snapshot).await.unwrap();
        }
        done.set(true);
    };
    let ((), first, second, third) = tokio::join!(restore, read(), read(), read());
    assert!(first + second + third > 0);
}
