//! What MySQL REST promises, as requests and responses; the same on both engines.
//!
//! Where the engines may differ, and therefore nothing is said here:
//! - the words of messages about keys and types (the codes and statuses are the same);
//! - the order of punctuation, and whether blanks at the end count
//!   (MySQL 8: yes, MariaDB: no);
//! - what only a real server does, and the embedded engine rejects with a message: comparing and
//!   sorting JSON columns, `like` on floating-point numbers, look-around in regular expressions,
//!   numbers above 9223372036854775807.

use cloudbase_emulator::Emulator;
use http::Method;
use serde_json::{Value, json};

use crate::support::{Api, Response, code, on_each_engine};

const SCHEMA: &str = "
SET FOREIGN_KEY_CHECKS = 0;
DROP TABLE IF EXISTS employees, posts, users, tags, kinds, keyed, composite, plain;
SET FOREIGN_KEY_CHECKS = 1;

CREATE TABLE users (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(40) NOT NULL,
  email VARCHAR(80) DEFAULT NULL,
  UNIQUE KEY uq_email (email)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE posts (
  id BIGINT NOT NULL AUTO_INCREMENT,
  title VARCHAR(100) NOT NULL,
  done TINYINT(1) NOT NULL DEFAULT 0,
  stars INT DEFAULT NULL,
  created_by INT UNSIGNED DEFAULT NULL,
  reviewed_by INT UNSIGNED DEFAULT NULL,
  created_at DATETIME NOT NULL DEFAULT '2024-01-01 00:00:00',
  PRIMARY KEY (id),
  KEY idx_title (title),
  CONSTRAINT posts_created_by_fk FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
  CONSTRAINT posts_reviewed_by_fk FOREIGN KEY (reviewed_by) REFERENCES users (id)
);

CREATE TABLE tags (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  post_id BIGINT NOT NULL,
  label VARCHAR(20) NOT NULL
);
ALTER TABLE tags ADD CONSTRAINT tags_post_fk FOREIGN KEY (post_id) REFERENCES posts (id) ON DELETE CASCADE;

CREATE TABLE employees (
  id INT NOT NULL PRIMARY KEY,
  name VARCHAR(20) NOT NULL,
  manager_id INT DEFAULT NULL,
  mentor_id INT DEFAULT NULL,
  CONSTRAINT fk_manager FOREIGN KEY (manager_id) REFERENCES employees (id),
  CONSTRAINT fk_mentor FOREIGN KEY (mentor_id) REFERENCES employees (id)
);

CREATE TABLE kinds (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  tiny TINYINT, small SMALLINT UNSIGNED, medium MEDIUMINT, whole INT, big BIGINT,
  amount DECIMAL(30,10), price DECIMAL(10,2), ratio DOUBLE, single FLOAT,
  code CHAR(8), label VARCHAR(10), note TEXT, exact VARCHAR(20) COLLATE utf8mb4_bin,
  day DATE, moment DATETIME, precise DATETIME(3), clock TIME, stamp TIMESTAMP NULL DEFAULT NULL, y YEAR,
  meta JSON, size ENUM('small','medium','large'), raw VARBINARY(16)
);

CREATE TABLE keyed (
  code VARCHAR(20) NOT NULL,
  amount INT NOT NULL DEFAULT 7,
  note VARCHAR(20) DEFAULT 'none',
  touched DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (code)
);

CREATE TABLE composite (a INT NOT NULL, b VARCHAR(10) NOT NULL, n INT, PRIMARY KEY (a, b));

CREATE TABLE plain (n INT, t VARCHAR(10));

INSERT INTO users (id, name, email) VALUES (1,'Ann','ann@example.org'), (2,'Bob',NULL), (3,'Cyd','cyd@example.org');
INSERT INTO posts (id, title, done, stars, created_by, reviewed_by, created_at) VALUES
  (1,'Milk',0,5,1,2,'2024-01-01 08:00:00'),
  (2,'Bread',1,3,1,NULL,'2024-01-02 09:30:00'),
  (3,'milk and honey',0,NULL,2,1,'2024-01-03 10:00:00'),
  (4,'100% cotton',1,1,NULL,NULL,'2024-02-01 00:00:00'),
  (5,'a_b',0,4,3,3,'2024-02-02 00:00:00');
INSERT INTO tags (post_id, label) VALUES (1,'food'), (1,'cold'), (2,'food'), (3,'food');
INSERT INTO employees VALUES (1,'Eve',NULL,NULL), (2,'Kim',1,NULL), (3,'Lee',1,2);
INSERT INTO composite VALUES (1,'x',10), (1,'y',20), (2,'x',30);
INSERT INTO plain VALUES (1,'one'), (2,'two');
";

/// A request and what must come back.
pub(crate) struct Case<'a> {
    emulator: &'a Emulator,
    method: Method,
    path: String,
    headers: Vec<(&'a str, &'a str)>,
    body: Value,
}

impl<'a> Case<'a> {
    pub(crate) fn header(mut self, name: &'a str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn prefer(self, value: &'a str) -> Self {
        self.header("prefer", value)
    }

    pub(crate) fn single(self) -> Self {
        self.header("accept", "application/vnd.pgrst.object+json")
    }

    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = body;
        self
    }

    pub(crate) async fn send(self) -> Response {
        let api = Api::admin(self.emulator);
        api.rest(self.method, &self.path, &self.headers, self.body)
            .await
    }

    /// Status, body and `Content-Range`. Of an error only the `code` is compared.
    #[track_caller]
    pub(crate) fn gives(
        self,
        status: u16,
        body: Value,
        range: &'static str,
    ) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        let what = format!("{place}: {} {}", self.method, self.path);
        async move {
            let response = self.send().await;
            assert_eq!(
                response.status, status,
                "{what}: {} {:?}",
                response.text, response.headers
            );
            if body.is_null() {
                assert_eq!(response.text, "", "{what}");
            } else if status >= 400 {
                assert_eq!(
                    response.json()["code"],
                    body["code"],
                    "{what}: {}",
                    response.text
                );
                assert!(response.json()["requestId"].is_string(), "{what}");
            } else {
                assert_eq!(response.json(), body, "{what}");
            }
            assert_eq!(response.header("content-range"), range, "{what}");
        }
    }
}

pub(crate) fn case<'a>(emulator: &'a Emulator, method: Method, path: &str) -> Case<'a> {
    Case {
        emulator,
        method,
        path: path.to_owned(),
        headers: Vec::new(),
        body: Value::Null,
    }
}

pub(crate) fn get<'a>(emulator: &'a Emulator, path: &str) -> Case<'a> {
    case(emulator, Method::GET, path)
}

pub(crate) fn post<'a>(emulator: &'a Emulator, path: &str, body: Value) -> Case<'a> {
    case(emulator, Method::POST, path).body(body)
}

pub(crate) fn patch<'a>(emulator: &'a Emulator, path: &str, body: Value) -> Case<'a> {
    case(emulator, Method::PATCH, path).body(body)
}

pub(crate) fn delete<'a>(emulator: &'a Emulator, path: &str) -> Case<'a> {
    case(emulator, Method::DELETE, path)
}

pub(crate) fn run(test: impl AsyncFn(&Emulator)) {
    on_each_engine(async |engine| {
        let emulator = engine.builder().schema_sql(SCHEMA).start().await.unwrap();
        test(&emulator).await;
        emulator.shutdown().await;
    });
}

/// Ids of the posts that a filter finds, in order.
pub(crate) async fn ids(emulator: &Emulator, query: &str) -> Vec<i64> {
    let path = format!("posts?select=id&order=id&{query}");
    let rows = Api::admin(emulator).rows(&path).await;
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_i64().unwrap())
        .collect()
}

#[test]
fn select_columns_and_pages() {
    run(async |e| {
        get(e, "users")
            .gives(
                200,
                json!([
            {"id":1,"name":"Ann","email":"ann@example.org"},
            {"id":2,"name":"Bob","email":null},
            {"id":3,"name":"Cyd","email":"cyd@example.org"}]),
                "0-2/*",
            )
            .await;
        get(e, "users?select=name,mail:email&order=id.desc&limit=1")
            .gives(
                200,
                json!([{"name":"Cyd","mail":"cyd@example.org"}]),
                "0-0/*",
            )
            .await;
        get(e, "users?select=id&limit=2&offset=1")
            .prefer("count=exact")
            .gives(200, json!([{"id":2},{"id":3}]), "1-2/3")
            .await;
        get(e, "users?select=id&offset=9")
            .prefer("count=exact")
            .gives(200, json!([]), "*/3")
            .await;
        get(e, "users?select=id")
            .header("range", "1-1")
            .gives(200, json!([{"id":2}]), "1-1/*")
            .await;
        get(e, "users?select=id&limit=0")
            .gives(200, json!([]), "*/*")
            .await;
        get(e, "posts?select=id&order=stars.asc.nullslast,id")
            .gives(
                200,
                json!([{"id":4},{"id":2},{"id":5},{"id":1},{"id":3}]),
                "0-4/*",
            )
            .await;
        get(e, "posts?select=id&order=stars.desc.nullsfirst&limit=2")
            .gives(200, json!([{"id":3},{"id":1}]), "0-1/*")
            .await;
        get(e, "posts?select=id&order=stars&limit=1")
            .gives(200, json!([{"id":3}]), "0-0/*")
            .await;
        get(e, "test-env/users?select=id&limit=1")
            .gives(200, json!([{"id":1}]), "0-0/*")
            .await;
        get(e, "default/test-env/users?select=id&limit=1")
            .gives(200, json!([{"id":1}]), "0-0/*")
            .await;
        get(e, "users?select=id&limit=1")
            .header("x-db-instance", "default")
            .header("accept-profile", "test-env")
            .gives(200, json!([{"id":1}]), "0-0/*")
            .await;
    });
}

#[test]
fn formats_of_postgresql_are_not_acceptable() {
    run(async |e| {
        for accept in [
            "text/csv",
            "application/vnd.pgrst.plan+text; for=\"application/json\"; options=;",
            "application/vnd.pgrst.plan+json;for=\"application/json\"; options=analyze|verbose;",
            "application/geo+json;charset=utf-8, text/csv;q=0.5",
            "Text/CSV",
        ] {
            get(e, "users?select=id")
                .header("accept", accept)
                .gives(406, code("INVALID_REQUEST"), "")
                .await;
        }
        for accept in [
            "text/csv, application/json;q=0.5",
            "*/*",
            "application/json",
        ] {
            get(e, "users?select=id&id=eq.1")
                .header("accept", accept)
                .gives(200, json!([{"id": 1}]), "0-0/*")
                .await;
        }
    });
}

#[test]
fn one_object() {
    run(async |e| {
        get(e, "users?id=eq.1&select=id,name")
            .single()
            .gives(200, json!({"id":1,"name":"Ann"}), "0-0/*")
            .await;
        get(e, "users?id=eq.99")
            .single()
            .gives(406, code("INVALID_REQUEST"), "")
            .await;
        get(e, "users")
            .single()
            .gives(406, code("INVALID_REQUEST"), "")
            .await;
        let response = get(e, "users?id=eq.99").single().send().await;
        assert!(
            response.json()["details"]
                .as_str()
                .unwrap()
                .contains("0 rows")
        );
        // A write that does not give one row is undone.
        patch(e, "posts?id=gt.0&select=id", json!({"stars": 9}))
            .prefer("return=representation")
            .single()
            .gives(406, code("INVALID_REQUEST"), "")
            .await;
        assert_eq!(ids(e, "stars=eq.9").await, Vec::<i64>::new());
        delete(e, "posts?id=gt.0")
            .prefer("return=representation")
            .single()
            .gives(406, code("INVALID_REQUEST"), "")
            .await;
        assert_eq!(ids(e, "").await, [1, 2, 3, 4, 5]);
        post(e, "users?select=name", json!({"name":"Dan"}))
            .prefer("return=representation")
            .single()
            .gives(201, json!({"name":"Dan"}), "*/1")
            .await;
    });
}

#[test]
fn counting() {
    run(async |e| {
        let head = |path: &str| case(e, Method::HEAD, path).prefer("count=exact");
        head("posts").gives(200, Value::Null, "0-4/5").await;
        head("posts?done=is.true")
            .gives(200, Value::Null, "0-1/2")
            .await;
        head("posts?id=gt.99").gives(200, Value::Null, "*/0").await;
        get(e, "posts?select=id&limit=1&done=eq.0")
            .prefer("count=exact")
            .gives(200, json!([{"id":1}]), "0-0/3")
            .await;
    });
}
