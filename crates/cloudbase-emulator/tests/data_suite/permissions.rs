//! Who may read and write which rows.

use cloudbase_emulator::{Emulator, TablePermission};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Api, on_each_engine};

const SCHEMA: &str = "
SET FOREIGN_KEY_CHECKS = 0;
DROP TABLE IF EXISTS comments, notes, board, news, secrets, free, wrong;
SET FOREIGN_KEY_CHECKS = 1;
CREATE TABLE notes (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, text VARCHAR(40) UNIQUE, _openid VARCHAR(64) NOT NULL DEFAULT '');
CREATE TABLE comments (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, note_id INT, text VARCHAR(40), _openid VARCHAR(64) NOT NULL DEFAULT '',
  FOREIGN KEY (note_id) REFERENCES notes (id));
CREATE TABLE board (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, text VARCHAR(40), _openid VARCHAR(64) NOT NULL DEFAULT '');
CREATE TABLE news (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, text VARCHAR(40));
CREATE TABLE secrets (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, text VARCHAR(40));
CREATE TABLE free (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, text VARCHAR(40));
CREATE TABLE wrong (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, text VARCHAR(40));
";

fn run(test: impl AsyncFn(&Emulator)) {
    on_each_engine(async |engine| {
        let emulator = engine
            .builder()
            .schema_sql(SCHEMA)
            .table_permission("board", TablePermission::ReadAllWriteOwner)
            .table_permission("news", TablePermission::ReadAllWriteAdmin)
            .table_permission("secrets", TablePermission::AdminOnly)
            .table_permission("wrong", TablePermission::OwnerOnly)
            .start()
            .await
            .unwrap();
        test(&emulator).await;
        emulator.shutdown().await;
    });
}

async fn post(api: &Api, table: &str, body: Value) -> (u16, Value) {
    let path = format!("{table}?select=*");
    let response = api
        .rest(
            Method::POST,
            &path,
            &[("prefer", "return=representation")],
            body,
        )
        .await;
    (response.status, response.json())
}

#[test]
fn owners_see_their_own_rows() {
    run(async |emulator| {
        let (ann, ann_id) = Api::user(emulator).await;
        let (bob, bob_id) = Api::user(emulator).await;
        let admin = Api::admin(emulator);
        assert_ne!(ann_id, bob_id);
        let (status, row) = post(&ann, "notes", json!({"text":"mine"})).await;
        assert_eq!(
            (status, &row),
            (201, &json!([{"id":1,"text":"mine","_openid":ann_id}]))
        );
        // Whatever a user says, the row is the user's own.
        let (_, row) = post(&bob, "notes", json!({"text":"his","_openid":ann_id})).await;
        assert_eq!(row[0]["_openid"], json!(bob_id));
        let (_, row) = post(
            &admin,
            "notes",
            json!({"text":"theirs","_openid":"somebody"}),
        )
        .await;
        assert_eq!(row[0]["_openid"], json!("somebody"));

        assert_eq!(
            ann.rows("notes?select=text").await,
            json!([{"text":"mine"}])
        );
        assert_eq!(bob.rows("notes?select=text").await, json!([{"text":"his"}]));
        assert_eq!(
            admin
                .rows("notes?select=text&order=id")
                .await
                .as_array()
                .unwrap()
                .len(),
            3
        );
        let head = ann
            .rest(
                Method::HEAD,
                "notes",
                &[("prefer", "count=exact")],
                Value::Null,
            )
            .await;
        assert_eq!(head.header("content-range"), "0-0/1");

        for method in [Method::PATCH, Method::DELETE] {
            let response = bob
                .rest(method, "notes?id=eq.1", &[], json!({"text":"stolen"}))
                .await;
            assert_eq!(
                (response.status, response.header("content-range")),
                (204, "*/0")
            );
        }
        let response = ann
            .rest(
                Method::PATCH,
                "notes?id=gt.0",
                &[],
                json!({"text":"still mine"}),
            )
            .await;
        assert_eq!(response.header("content-range"), "*/1");
        let response = ann
            .rest(
                Method::PATCH,
                "notes?id=eq.1",
                &[],
                json!({"_openid":bob_id}),
            )
            .await;
        assert_eq!(
            (response.status, response.code().as_str()),
            (400, "INVALID_REQUEST")
        );
        // An upsert must not reach another user's row either.
        let merge = [("prefer", "resolution=merge-duplicates")];
        let response = bob
            .rest(
                Method::POST,
                "notes",
                &merge,
                json!({"id":1,"text":"stolen"}),
            )
            .await;
        assert_eq!(
            (response.status, response.code().as_str()),
            (403, "PERMISSION_DENIED"),
            "{}",
            response.text
        );
        let response = ann
            .rest(
                Method::POST,
                "notes",
                &merge,
                json!({"id":1,"text":"merged"}),
            )
            .await;
        assert_eq!(response.status, 201, "{}", response.text);
        assert_eq!(
            admin.rows("notes?select=text&id=eq.1").await,
            json!([{"text":"merged"}])
        );
    });
}

#[test]
fn relations_keep_to_the_permissions_of_their_table() {
    run(async |emulator| {
        let (ann, _) = Api::user(emulator).await;
        let (bob, _) = Api::user(emulator).await;
        post(&ann, "notes", json!({"text":"a"})).await;
        post(&ann, "comments", json!({"note_id":1,"text":"own"})).await;
        post(&bob, "comments", json!({"note_id":1,"text":"other"})).await;
        assert_eq!(
            ann.rows("notes?select=text,comments(text)").await,
            json!([{"text":"a","comments":[{"text":"own"}]}])
        );
        assert_eq!(
            bob.rows("comments?select=text,note_id(text)").await,
            json!([{"text":"other","note_id":null}])
        );
        assert_eq!(
            bob.rows("comments?select=text,note_id!inner(text)").await,
            json!([])
        );
    });
}

#[test]
fn each_permission_and_role() {
    run(async |emulator| {
        let (user, _) = Api::user(emulator).await;
        let key = Api::publishable(emulator);
        let admin = Api::admin(emulator);
        let nobody = Api::with(emulator, None);
        // table, caller, read, write
        let matrix = [
            ("notes", &user, 200, 201),
            ("notes", &key, 401, 401),
            ("notes", &admin, 200, 201),
            ("board", &user, 200, 201),
            ("board", &key, 200, 401),
            ("board", &admin, 200, 201),
            ("news", &user, 200, 403),
            ("news", &key, 200, 403),
            ("news", &admin, 200, 201),
            ("secrets", &user, 403, 403),
            ("secrets", &key, 403, 403),
            ("secrets", &admin, 200, 201),
            ("free", &user, 200, 201),
            ("free", &key, 200, 201),
            ("free", &admin, 200, 201),
            ("wrong", &user, 400, 400),
            ("wrong", &key, 401, 401),
            ("wrong", &admin, 200, 201),
            ("free", &nobody, 401, 401),
        ];
        for (place, (table, api, read, write)) in matrix.into_iter().enumerate() {
            let response = api.rest(Method::GET, table, &[], Value::Null).await;
            assert_eq!(response.status, read, "{place} {table}: {}", response.text);
            let response = api
                .rest(
                    Method::POST,
                    table,
                    &[],
                    json!({"text":format!("t{place}")}),
                )
                .await;
            assert_eq!(response.status, write, "{place} {table}: {}", response.text);
            let expected = match write {
                401 if place == 18 => "MISSING_CREDENTIALS",
                401 | 403 => "PERMISSION_DENIED",
                400 => "INVALID_REQUEST",
                _ => continue,
            };
            let body = response.json();
            assert_eq!(body["code"], json!(expected));
            assert!(body["message"].is_string() && body["requestId"].is_string());
        }
    });
}
