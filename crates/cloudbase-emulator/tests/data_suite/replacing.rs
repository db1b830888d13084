//! Reset and restore beside other callers: each call sees the content before or after, and nothing between.

use http::Method;
use serde_json::json;

use crate::support::{Api, Engine, on_each_engine};

const SCHEMA: &str = "
SET FOREIGN_KEY_CHECKS = 0;
DROP TABLE IF EXISTS notes, note_tags, extra_1, extra_2;
SET FOREIGN_KEY_CHECKS = 1;
CREATE TABLE extra_1 (id INT PRIMARY KEY);
CREATE TABLE extra_2 (id INT PRIMARY KEY);
CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(20));
INSERT INTO notes (title) VALUES ('first'), ('second');
";

#[test]
fn calls_wait_for_a_reset_or_a_restore() {
    on_each_engine(async |engine| {
        let emulator = engine.builder().schema_sql(SCHEMA).start().await.unwrap();
        let write = async |done: &std::cell::Cell<bool>| {
            let api = Api::admin(&emulator);
            while !done.get() {
                let written = api
                    .rest(Method::POST, "notes", &[], json!({"title": "more"}))
                    .await;
                assert_eq!(written.status, 201, "{engine:?}: {}", written.text);
                let read = api.rows("notes?select=title&id=lte.2&order=id").await;
                assert_eq!(
                    read,
                    json!([{"title": "first"}, {"title": "second"}]),
                    "{engine:?}"
                );
            }
        };
        let done = std::cell::Cell::new(false);
        let resets = async {
            let control = Api::admin(&emulator);
            for _ in 0..3 {
                let reset = control
                    .send(Method::POST, "/__emulator/reset", &[], "")
                    .await;
                assert_eq!(reset.status, 204, "{}", reset.text);
                emulator.reset().await.unwrap();
                // A server's content has no snapshots.
                if engine == Engine::Sqlite {
                    let snapshot = emulator.snapshot().await.unwrap();
                    emulator.restore(&snapshot).await.unwrap();
                }
            }
            done.set(true);
        };
        tokio::join!(
            resets,
            write(&done),
            write(&done),
            write(&done),
            write(&done)
        );
        emulator.shutdown().await;
    });
}
