//! AUTO_INCREMENT where the column is not the primary key by itself, and tables that are altered after their rows came.

use http::Method;
use serde_json::json;

use crate::support::{Api, on_each_engine};

#[test]
fn numbers_of_longer_and_secondary_keys() {
    let schema = "DROP TABLE IF EXISTS pairs, tickets, logs;\n\
        CREATE TABLE pairs (id INT NOT NULL AUTO_INCREMENT, g INT NOT NULL, n INT, PRIMARY KEY (id, g));\n\
        INSERT INTO pairs (id, g) VALUES (4, 1), (4, 2); INSERT INTO pairs (g) VALUES (1);\n\
        CREATE TABLE tickets (code VARCHAR(9) PRIMARY KEY, id INT NOT NULL AUTO_INCREMENT, UNIQUE KEY (id)) AUTO_INCREMENT=10;\n\
        INSERT INTO tickets (code) VALUES ('a'), ('b');\n\
        CREATE TABLE logs (id INT NOT NULL AUTO_INCREMENT, n INT, KEY (id));\n\
        INSERT INTO logs (n) VALUES (1);\n\
        ALTER TABLE logs AUTO_INCREMENT=7, ADD PRIMARY KEY (id, n);\n\
        INSERT INTO logs (n) VALUES (2);\n";
    on_each_engine(|engine| async move {
        let emulator = engine.builder().schema_sql(schema).start().await.unwrap();
        let api = Api::admin(&emulator);
        assert_eq!(
            api.rows("pairs?select=id,g&order=id,g").await,
            json!([{"id":4,"g":1},{"id":4,"g":2},{"id":5,"g":1}]),
            "{engine:?}"
        );
        let made = [("prefer", "return=representation")];
        let made = api
            .rest(Method::POST, "pairs", &made, json!([{"g":1,"n":1},{"g":2}]))
            .await;
        assert_eq!(
            made.json(),
            json!([{"id":6,"g":1,"n":1},{"id":7,"g":2,"n":null}]),
            "{engine:?}"
        );
        let again = api
            .rest(Method::POST, "pairs", &[], json!({"id":7,"g":2}))
            .await;
        assert_eq!(again.status, 400, "{engine:?}: {}", again.text);
        let merge = [("prefer", "resolution=merge-duplicates")];
        api.rest(Method::POST, "pairs", &merge, json!({"id":7,"g":2,"n":9}))
            .await;
        assert_eq!(api.rows("pairs?select=n&id=eq.7").await, json!([{"n":9}]));
        assert_eq!(
            api.rows("tickets?select=code,id&order=id").await,
            json!([{"code":"a","id":10},{"code":"b","id":11}]),
            "{engine:?}"
        );
        assert_eq!(
            api.rows("logs?select=id,n&order=id").await,
            json!([{"id":1,"n":1},{"id":7,"n":2}]),
            "{engine:?}"
        );
        emulator.reset().await.unwrap();
        emulator.shutdown().await;
    });
}

#[test]
fn tables_are_altered_with_their_rows() {
    let schema = "SET FOREIGN_KEY_CHECKS=0; DROP TABLE IF EXISTS part, whole, item, piece; SET FOREIGN_KEY_CHECKS=1;\n\
        CREATE TABLE whole (id INT NOT NULL, name VARCHAR(20) NOT NULL, gone INT, size TINYINT, KEY k (gone), KEY both_ (gone, size)) COLLATE utf8mb4_bin;\n\
        CREATE TABLE item (id INT PRIMARY KEY, whole INT);\n\
        INSERT INTO whole VALUES (3, 'a', 1, 5), (8, 'b', 2, 6);\n\
        ALTER TABLE whole ADD PRIMARY KEY (id), DROP COLUMN gone, CHANGE size amount DECIMAL(5,1) NULL AFTER id,\n\
          ADD COLUMN flag TINYINT NOT NULL FIRST, ADD note VARCHAR(9) DEFAULT 'x', MODIFY name VARCHAR(30) NOT NULL;\n\
        ALTER TABLE whole MODIFY id INT NOT NULL AUTO_INCREMENT;\n\
        ALTER TABLE item ADD CONSTRAINT f FOREIGN KEY (whole) REFERENCES whole (id) ON DELETE CASCADE;\n\
        INSERT INTO item VALUES (1, 8), (2, 3);\n\
        RENAME TABLE whole TO part, item TO piece;\n\
        INSERT INTO part VALUES (1, NULL, 2.55, 'A', NULL);\n\
        ALTER TABLE part ALTER note SET DEFAULT 'y', RENAME INDEX both_ TO one, COMMENT='later';\n\
        ALTER TABLE part DROP INDEX one;\n\
        INSERT INTO part (flag, name) VALUES (0, 'c');\n";
    on_each_engine(|engine| async move {
        let emulator = engine.builder().schema_sql(schema).start().await.unwrap();
        let api = Api::admin(&emulator);
        assert_eq!(
            api.rows("part?order=id").await,
            json!([
                {"flag":0,"id":3,"amount":"5.0","name":"a","note":"x"},
                {"flag":0,"id":8,"amount":"6.0","name":"b","note":"x"},
                {"flag":1,"id":9,"amount":"2.6","name":"A","note":null},
                {"flag":0,"id":10,"amount":null,"name":"c","note":"y"},
            ]),
            "{engine:?}"
        );
        // The column kept the collation of its table when it was modified.
        assert_eq!(
            api.rows("part?select=id&name=eq.a").await,
            json!([{"id":3}]),
            "{engine:?}"
        );
        api.rest(Method::DELETE, "part?id=eq.8", &[], json!(null))
            .await;
        assert_eq!(
            api.rows("piece?select=id,part(name)").await,
            json!([{"id":2,"part":{"name":"a"}}]),
            "{engine:?}"
        );
        emulator.reset().await.unwrap();
        emulator.shutdown().await;
    });
}
