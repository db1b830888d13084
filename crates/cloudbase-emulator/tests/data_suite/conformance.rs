//! What MySQL REST promises, as requests and answers; the same on both engines.
//!
//! Where the engines may differ, and therefore nothing is said here:
//! - the words of messages about keys and types (the codes and statuses are the same);
//! - the order of punctuation, and whether blanks at the end count
//!   (MySQL 8: yes, MariaDB: no);
//! - what only a real server does, and the embedded engine refuses with a message: comparing and
//!   sorting JSON columns, `like` on floating-point numbers, look-around in regular expressions,
//!   numbers above 9223372036854775807.

use cloudbase_emulator::Emulator;
use http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Api, code, encode, on_each_engine};

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
struct Case<'a> {
    emulator: &'a Emulator,
    method: Method,
    path: String,
    headers: Vec<(&'a str, &'a str)>,
    body: Value,
}

impl<'a> Case<'a> {
    fn header(mut self, name: &'a str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    fn prefer(self, value: &'a str) -> Self {
        self.header("prefer", value)
    }

    fn single(self) -> Self {
        self.header("accept", "application/vnd.pgrst.object+json")
    }

    fn body(mut self, body: Value) -> Self {
        self.body = body;
        self
    }

    async fn send(self) -> Answer {
        let api = Api::admin(self.emulator);
        api.rest(self.method, &self.path, &self.headers, self.body)
            .await
    }

    /// Status, body and `Content-Range`. Of an error only the `code` is compared.
    #[track_caller]
    fn gives(self, status: u16, body: Value, range: &'static str) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        let what = format!("{place}: {} {}", self.method, self.path);
        async move {
            let answer = self.send().await;
            assert_eq!(
                answer.status, status,
                "{what}: {} {:?}",
                answer.text, answer.headers
            );
            if body.is_null() {
                assert_eq!(answer.text, "", "{what}");
            } else if status >= 400 {
                assert_eq!(
                    answer.json()["code"],
                    body["code"],
                    "{what}: {}",
                    answer.text
                );
                assert!(answer.json()["requestId"].is_string(), "{what}");
            } else {
                assert_eq!(answer.json(), body, "{what}");
            }
            assert_eq!(answer.header("content-range"), range, "{what}");
        }
    }
}

fn case<'a>(emulator: &'a Emulator, method: Method, path: &str) -> Case<'a> {
    Case {
        emulator,
        method,
        path: path.to_owned(),
        headers: Vec::new(),
        body: Value::Null,
    }
}

fn get<'a>(emulator: &'a Emulator, path: &str) -> Case<'a> {
    case(emulator, Method::GET, path)
}

fn post<'a>(emulator: &'a Emulator, path: &str, body: Value) -> Case<'a> {
    case(emulator, Method::POST, path).body(body)
}

fn patch<'a>(emulator: &'a Emulator, path: &str, body: Value) -> Case<'a> {
    case(emulator, Method::PATCH, path).body(body)
}

fn delete<'a>(emulator: &'a Emulator, path: &str) -> Case<'a> {
    case(emulator, Method::DELETE, path)
}

fn run(test: impl AsyncFn(&Emulator)) {
    on_each_engine(async |engine| {
        let emulator = engine.builder().schema_sql(SCHEMA).start().await.unwrap();
        test(&emulator).await;
        emulator.shutdown().await;
    });
}

/// Ids of the posts that a filter finds, in order.
async fn ids(emulator: &Emulator, query: &str) -> Vec<i64> {
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
        let answer = get(e, "users?id=eq.99").single().send().await;
        assert!(
            answer.json()["details"]
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
fn filters() {
    run(async |e| {
        for (query, expected) in [
            ("id=eq.1", vec![1]),
            ("id=neq.1", vec![2, 3, 4, 5]),
            ("id=gt.3", vec![4, 5]),
            ("id=gte.3", vec![3, 4, 5]),
            ("id=lt.3", vec![1, 2]),
            ("id=lte.3", vec![1, 2, 3]),
            ("id=gte.2&id=lt.4", vec![2, 3]),
            ("stars=neq.3", vec![1, 4, 5]),
            ("stars=not.eq.3", vec![1, 4, 5]),
            ("stars=is.null", vec![3]),
            ("stars=not.is.null", vec![1, 2, 4, 5]),
            ("stars=is.unknown", vec![3]),
            ("done=is.true", vec![2, 4]),
            ("done=is.false", vec![1, 3, 5]),
            ("done=eq.true", vec![2, 4]),
            ("done=eq.false", vec![1, 3, 5]),
            ("done=eq.1", vec![2, 4]),
            ("done=not.is.true", vec![1, 3, 5]),
            ("title=eq.MILK", vec![1]),
            ("title=eq.milk", vec![1]),
            ("title=like.milk%25", vec![1, 3]),
            ("title=like.%25HONEY", vec![3]),
            ("title=like.%%25", vec![1, 2, 3, 4, 5]),
            ("title=like.%25%5C%25%25", vec![4]),
            ("title=like.a%5C_b", vec![5]),
            ("title=like.m_lk", vec![1]),
            ("title=like.*", vec![]),
            ("title=not.like.milk%25", vec![2, 4, 5]),
            ("title=ilike.BR%25", vec![2]),
            ("title=match.%5E%5BA-C%5D", vec![2, 5]),
            ("title=match.k$", vec![1]),
            ("title=not.match.k", vec![2, 4, 5]),
            ("id=in.(1,3,99)", vec![1, 3]),
            ("id=in.[2,4]", vec![2, 4]),
            ("id=in.()", vec![]),
            ("id=not.in.()", vec![1, 2, 3, 4, 5]),
            ("id=not.in.(1,2,3)", vec![4, 5]),
            ("title=in.(milk,%22a_b%22)", vec![1, 5]),
            ("or=(id.eq.1,title.like.%25cotton)", vec![1, 4]),
            ("and=(id.gt.1,id.lt.4)", vec![2, 3]),
            ("or=(id.eq.1,and(stars.gte.3,done.is.true))", vec![1, 2]),
            ("not.or=(id.eq.1,id.eq.2)", vec![3, 4, 5]),
            (
                "or=(id.not.in.(1,2,3),not.and(id.gt.1,id.lt.9))",
                vec![1, 4, 5],
            ),
            ("or=(stars.is.null,stars.eq.1)", vec![3, 4]),
            ("or=(%20id.eq.1,%20id.eq.2)", vec![1, 2]),
            ("id=eq.1.0", vec![1]),
            ("id=gt.3.5", vec![4, 5]),
            ("id=eq.1x", vec![1]),
            ("created_at=gte.2024-02-01", vec![4, 5]),
            ("created_at=lt.2024-01-02T00:00:00", vec![1]),
            ("created_at=eq.2024-01-02%2009:30:00", vec![2]),
            ("created_at=eq.2024-01-02%2017:30:00%2B08:00", vec![2]),
        ] {
            assert_eq!(ids(e, query).await, expected, "{query}");
        }
    });
}

#[test]
fn bad_queries() {
    run(async |e| {
        for (query, expected) in [
            ("id=1", "DATABASE_INVALID_OPERRATOR"),
            ("id=foo.1", "DATABASE_INVALID_OPERRATOR"),
            ("title=cs.%7Ba%7D", "DATABASE_INVALID_OPERRATOR"),
            ("title=fts(english).a", "DATABASE_INVALID_OPERRATOR"),
            ("title=like(any).%7Ba%7D", "DATABASE_INVALID_OPERRATOR"),
            ("title=sl.1", "DATABASE_INVALID_OPERRATOR"),
            ("nope=eq.1", "INVALID_REQUEST"),
            ("select=nope", "INVALID_REQUEST"),
            ("order=nope", "INVALID_REQUEST"),
            ("limit=-1", "INVALID_PARAM"),
            ("limit=x", "INVALID_PARAM"),
            ("offset=1.5", "INVALID_PARAM"),
            ("or=id.eq.1", "INVALID_PARAM"),
            ("or=(id.eq.1", "INVALID_PARAM"),
            ("and=()", "INVALID_PARAM"),
            ("or=(id.eq.1))", "INVALID_PARAM"),
            ("id=in.1", "INVALID_PARAM"),
            ("id=in.(1)x", "INVALID_PARAM"),
            ("id=is.maybe", "INVALID_PARAM"),
            ("select=a(", "INVALID_PARAM"),
            ("select=id::text", "INVALID_PARAM"),
            ("select=id.sum()", "INVALID_PARAM"),
            ("select=meta-%3Ea", "INVALID_PARAM"),
            ("order=id.up", "INVALID_PARAM"),
            ("nope.id=eq.1", "INVALID_PARAM"),
            ("created_at=eq.yesterday", "INVALID_REQUEST"),
            ("title=match.(", "INVALID_REQUEST"),
            ("id=eq.%FF", "INVALID_PARAM"),
            ("select=users(id)", "INVALID_REQUEST"),
            ("select=nothing(id)", "INVALID_REQUEST"),
        ] {
            let answer = get(e, &format!("posts?{query}")).send().await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (400, expected),
                "{query}: {}",
                answer.text
            );
        }
        get(e, "missing")
            .gives(404, code("RESOURCE_NOT_FOUND"), "")
            .await;
        get(e, "other/users")
            .gives(404, code("RESOURCE_NOT_FOUND"), "")
            .await;
        get(e, "other/test-env/users")
            .gives(404, code("RESOURCE_NOT_FOUND"), "")
            .await;
        post(e, "rpc/add", json!({"a":1}))
            .gives(404, code("RESOURCE_NOT_FOUND"), "")
            .await;
        case(e, Method::HEAD, "users")
            .gives(400, Value::Null, "")
            .await;
        case(e, Method::PUT, "users")
            .gives(405, code("INVALID_REQUEST"), "")
            .await;
        let deep = format!("or={}id.eq.1{}", "(or".repeat(60), ")".repeat(60));
        get(e, &format!("posts?{deep}"))
            .gives(400, code("INVALID_PARAM"), "")
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

#[test]
fn relations() {
    run(async |e| {
        get(e, "posts?select=id,created_by(id,name)&id=lte.2").gives(200, json!([
            {"id":1,"created_by":{"id":1,"name":"Ann"}}, {"id":2,"created_by":{"id":1,"name":"Ann"}}]), "0-1/*").await;
        get(
            e,
            "posts?select=id,author:users!posts_created_by_fk(name)&id=in.(3,4)",
        )
        .gives(
            200,
            json!([
            {"id":3,"author":{"name":"Bob"}}, {"id":4,"author":null}]),
            "0-1/*",
        )
        .await;
        get(e, "posts?select=id,posts_reviewed_by_fk(name)&id=eq.1")
            .gives(
                200,
                json!([{"id":1,"posts_reviewed_by_fk":{"name":"Bob"}}]),
                "0-0/*",
            )
            .await;
        get(e, "posts?select=id,reviewed_by!inner(name)").gives(200, json!([
            {"id":1,"reviewed_by":{"name":"Bob"}}, {"id":3,"reviewed_by":{"name":"Ann"}}, {"id":5,"reviewed_by":{"name":"Cyd"}}]), "0-2/*").await;
        get(e, "posts?select=id,tags(label)&order=id&limit=3").prefer("count=exact").gives(200, json!([
            {"id":1,"tags":[{"label":"food"},{"label":"cold"}]}, {"id":2,"tags":[{"label":"food"}]}, {"id":3,"tags":[{"label":"food"}]}]), "0-2/5").await;
        get(e, "posts?select=id,tags(label)&id=eq.4")
            .gives(200, json!([{"id":4,"tags":[]}]), "0-0/*")
            .await;
        get(e, "users?select=name,written:posts!posts_created_by_fk(title,tags(label))&id=eq.1").gives(200, json!([
            {"name":"Ann","written":[{"title":"Milk","tags":[{"label":"food"},{"label":"cold"}]},{"title":"Bread","tags":[{"label":"food"}]}]}]), "0-0/*").await;
        get(e, "posts?select=id,tags(label)&tags.label=eq.cold&id=lte.2")
            .gives(
                200,
                json!([{"id":1,"tags":[{"label":"cold"}]},{"id":2,"tags":[]}]),
                "0-1/*",
            )
            .await;
        get(e, "posts?select=id,tags!inner(label)&tags.label=eq.cold")
            .prefer("count=exact")
            .gives(200, json!([{"id":1,"tags":[{"label":"cold"}]}]), "0-0/1")
            .await;
        get(
            e,
            "posts?select=id,tags(label)&tags.order=label.desc&tags.limit=1&id=eq.1",
        )
        .gives(200, json!([{"id":1,"tags":[{"label":"food"}]}]), "0-0/*")
        .await;
        get(
            e,
            "posts?select=id,t:tags(label)&t.or=(label.eq.cold,label.eq.warm)&id=eq.1",
        )
        .gives(200, json!([{"id":1,"t":[{"label":"cold"}]}]), "0-0/*")
        .await;
        get(
            e,
            "employees?select=name,manager:manager_id(name),mentor:mentor_id(name)&id=eq.3",
        )
        .gives(
            200,
            json!([{"name":"Lee","manager":{"name":"Eve"},"mentor":{"name":"Kim"}}]),
            "0-0/*",
        )
        .await;
        get(e, "employees?select=name,manager_id(name)")
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        get(e, "posts?select=*,created_by(name)&id=eq.2").gives(200, json!([
            {"id":2,"title":"Bread","done":1,"stars":3,"created_by":{"name":"Ann"},"reviewed_by":null,"created_at":"2024-01-02 09:30:00"}]), "0-0/*").await;
        get(e, "posts?select=id,created_by()&id=eq.2")
            .gives(200, json!([{"id":2,"created_by":{}}]), "0-0/*")
            .await;
    });
}

#[test]
fn inserting() {
    run(async |e| {
        post(e, "users", json!({"name":"Dan"}))
            .gives(201, Value::Null, "*/1")
            .await;
        let answer = post(
            e,
            "users",
            json!([{"name":"Fay"},{"name":"Gil","email":"gil@example.org"}]),
        )
        .send()
        .await;
        assert_eq!(
            (
                answer.status,
                answer.header("content-range"),
                answer.header("preference-applied")
            ),
            (201, "*/2", "return=minimal")
        );
        post(e, "users?select=id,name,email", json!([{"name":"Hal"},{"name":"Ida","email":"ida@example.org"}])).prefer("return=representation")
            .gives(201, json!([{"id":7,"name":"Hal","email":null},{"id":8,"name":"Ida","email":"ida@example.org"}]), "*/2").await;
        post(e, "users", json!({"email":"x@example.org"}))
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        post(e, "users", json!({"name":null}))
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        post(e, "users", json!({"name":"Ann2","email":"ann@example.org"}))
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        post(e, "users", json!({"name":"A","nope":1}))
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        post(e, "users", json!({"name":["a"]}))
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        post(e, "users", json!("text"))
            .gives(400, code("INVALID_PARAM"), "")
            .await;
        post(e, "tags", json!({"post_id":999,"label":"x"}))
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        post(e, "users", json!([]))
            .gives(201, Value::Null, "*/0")
            .await;
        // All or none.
        post(e, "users", json!([{"name":"Zoe","email":"zoe@example.org"},{"name":"Zac","email":"zoe@example.org"}])).gives(400, code("INVALID_REQUEST"), "").await;
        get(e, "users?name=like.Z%25")
            .gives(200, json!([]), "*/*")
            .await;
        // Columns that a row leaves out: null, or the default if the caller prefers it.
        post(
            e,
            "keyed?columns=%22code%22,%22note%22&select=code,amount,note",
            json!([{"code":"a","note":"n"},{"code":"b"}]),
        )
        .prefer("return=representation")
        .gives(
            201,
            json!([{"code":"a","amount":7,"note":"n"},{"code":"b","amount":7,"note":null}]),
            "*/2",
        )
        .await;
        post(
            e,
            "keyed?columns=%22code%22,%22note%22&select=code,note",
            json!([{"code":"c","note":"n"},{"code":"d","amount":1}]),
        )
        .prefer("return=representation, missing=default")
        .gives(
            201,
            json!([{"code":"c","note":"n"},{"code":"d","note":"none"}]),
            "*/2",
        )
        .await;
        post(e, "composite?select=a,b,n", json!({"a":5,"b":"q","n":null}))
            .prefer("return=representation")
            .gives(201, json!([{"a":5,"b":"q","n":null}]), "*/1")
            .await;
        post(
            e,
            "posts?select=id,title,created_by(name)",
            json!({"title":"New","created_by":3}),
        )
        .prefer("return=representation")
        .gives(
            201,
            json!([{"id":6,"title":"New","created_by":{"name":"Cyd"}}]),
            "*/1",
        )
        .await;
    });
}

#[test]
fn upserting() {
    run(async |e| {
        let merge = "resolution=merge-duplicates, return=representation";
        post(
            e,
            "keyed?select=code,amount,note",
            json!([{"code":"a","amount":1},{"code":"b","amount":2}]),
        )
        .prefer(merge)
        .gives(
            201,
            json!([{"code":"a","amount":1,"note":"none"},{"code":"b","amount":2,"note":"none"}]),
            "*/2",
        )
        .await;
        post(
            e,
            "keyed?on_conflict=code&select=code,amount,note",
            json!([{"code":"A","amount":5},{"code":"c","amount":3}]),
        )
        .prefer(merge)
        .gives(
            201,
            json!([{"code":"a","amount":5,"note":"none"},{"code":"c","amount":3,"note":"none"}]),
            "*/2",
        )
        .await;
        post(
            e,
            "keyed?select=code,amount",
            json!([{"code":"a","amount":9},{"code":"z","amount":1}]),
        )
        .prefer("resolution=ignore-duplicates, return=representation")
        .gives(201, json!([{"code":"z","amount":1}]), "*/1")
        .await;
        get(e, "keyed?select=code,amount&order=code").gives(200, json!([
            {"code":"a","amount":5},{"code":"b","amount":2},{"code":"c","amount":3},{"code":"z","amount":1}]), "0-3/*").await;
        // A unique key other than the primary one.
        post(
            e,
            "users?on_conflict=email&select=id,name",
            json!({"name":"Anna","email":"ann@example.org"}),
        )
        .prefer(merge)
        .gives(201, json!([{"id":1,"name":"Anna"}]), "*/1")
        .await;
        post(e, "users", json!({"id":2,"name":"Rob"}))
            .prefer("resolution=merge-duplicates")
            .gives(201, Value::Null, "*/1")
            .await;
        get(e, "users?select=name,email&id=lte.2")
            .gives(
                200,
                json!([{"name":"Anna","email":"ann@example.org"},{"name":"Rob","email":null}]),
                "0-1/*",
            )
            .await;
        post(e, "users?on_conflict=nope", json!({"name":"Anna"}))
            .prefer(merge)
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
    });
}

#[test]
fn updating() {
    run(async |e| {
        patch(e, "posts?id=eq.1", json!({"stars":1}))
            .gives(204, Value::Null, "*/1")
            .await;
        patch(e, "posts?id=in.(1,2)&select=id,stars", json!({"stars":2}))
            .prefer("return=representation")
            .gives(200, json!([{"id":1,"stars":2},{"id":2,"stars":2}]), "*/2")
            .await;
        patch(e, "posts?id=eq.1", json!({"stars":2}))
            .gives(204, Value::Null, "*/1")
            .await;
        patch(e, "posts?id=eq.99", json!({"stars":2}))
            .gives(204, Value::Null, "*/0")
            .await;
        patch(e, "posts?id=eq.99", json!({"stars":2}))
            .prefer("return=representation")
            .gives(200, json!([]), "*/0")
            .await;
        patch(e, "posts?id=gt.0&order=id.desc&limit=2", json!({"stars":8}))
            .gives(204, Value::Null, "*/2")
            .await;
        assert_eq!(ids(e, "stars=eq.8").await, [4, 5]);
        patch(e, "posts?stars=eq.8&select=id", json!({"stars":null}))
            .prefer("return=representation")
            .gives(200, json!([{"id":4},{"id":5}]), "*/2")
            .await;
        patch(e, "employees?id=eq.2&select=id,name", json!({"id":20}))
            .prefer("return=representation")
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        patch(e, "employees?id=eq.3&select=id,name", json!({"id":30}))
            .prefer("return=representation")
            .gives(200, json!([{"id":30,"name":"Lee"}]), "*/1")
            .await;
        patch(e, "composite?a=eq.1&b=eq.x&select=a,b,n", json!({"n":11}))
            .prefer("return=representation")
            .gives(200, json!([{"a":1,"b":"x","n":11}]), "*/1")
            .await;
        patch(e, "composite?a=eq.1&select=b,n", json!({"n":12}))
            .prefer("return=representation")
            .gives(200, json!([{"b":"x","n":12},{"b":"y","n":12}]), "*/2")
            .await;
        patch(e, "plain?n=eq.1", json!({"t":"uno"}))
            .gives(204, Value::Null, "*/1")
            .await;
        patch(e, "plain?n=eq.1", json!({"t":"uno"}))
            .prefer("return=representation")
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        for (query, body) in [
            ("", json!({"stars":1})),
            ("?select=id&limit=1&order=id", json!({"stars":1})),
            ("?id=eq.1", json!({})),
            ("?id=eq.1", json!({"nope":1})),
            ("?id=eq.1", json!({"title":null})),
            ("?id=eq.1", json!({"stars":"many"})),
            ("?id=eq.1&offset=1", json!({"stars":1})),
            ("?id=eq.abc", json!({"stars":1})),
        ] {
            let answer = patch(e, &format!("posts{query}"), body).send().await;
            assert_eq!(answer.status, 400, "{query} {}", answer.text);
        }
        let answer = patch(e, "posts", json!({"stars":1})).send().await;
        assert_eq!(answer.code(), "INVALID_REQUEST");
        assert!(
            answer.json()["message"]
                .as_str()
                .unwrap()
                .contains("UPDATE requires a WHERE clause")
        );
    });
}

#[test]
fn deleting() {
    run(async |e| {
        delete(e, "posts")
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        delete(e, "posts?limit=1")
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        delete(e, "users?id=eq.3")
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        delete(e, "posts?id=eq.1&select=id,title,tags(label)")
            .prefer("return=representation")
            .gives(
                200,
                json!([{"id":1,"title":"Milk","tags":[{"label":"food"},{"label":"cold"}]}]),
                "*/1",
            )
            .await;
        get(e, "tags?select=post_id")
            .gives(200, json!([{"post_id":2},{"post_id":3}]), "0-1/*")
            .await;
        delete(e, "posts?id=gt.1&order=id.desc&limit=1")
            .gives(204, Value::Null, "*/1")
            .await;
        assert_eq!(ids(e, "").await, [2, 3, 4]);
        delete(e, "posts?id=eq.99")
            .gives(204, Value::Null, "*/0")
            .await;
        delete(e, "plain?n=eq.2")
            .gives(204, Value::Null, "*/1")
            .await;
        delete(e, "composite?or=(n.eq.10,n.eq.30)&select=a,b")
            .prefer("return=representation")
            .gives(200, json!([{"a":1,"b":"x"},{"a":2,"b":"x"}]), "*/2")
            .await;
    });
}

#[test]
fn types_go_in_and_out_unchanged() {
    run(async |e| {
        let row = r#"{"tiny":-128,"small":65535,"medium":-8388608,"whole":2147483647,"big":-9223372036854775808,
            "amount":12345678901234567890.0123456789,"price":"9.995","ratio":0.1,"single":1.5,"code":"ab  ","label":"é😀",
            "note":"line\nbreak","exact":"Ab","day":"2024-02-29","moment":"2024-02-29T23:59:59","precise":"2024-01-01 00:00:00.1235",
            "clock":"7:05","stamp":"2024-01-01 08:00:00+08:00","y":2024,"meta":{"b":[1,null,true],"a":"x"},"size":"LARGE","raw":"AP8="}"#;
        let api = Api::admin(e);
        let headers = [("prefer", "return=representation")];
        let answer = api
            .send(Method::POST, "/v1/rdb/rest/kinds", &headers, row)
            .await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert!(
            answer.text.contains("-9223372036854775808"),
            "{}",
            answer.text
        );
        assert_eq!(
            answer.json(),
            json!([{
            "id":1,"tiny":-128,"small":65535,"medium":-8388608,"whole":2147483647,"big":i64::MIN,
            "amount":"12345678901234567890.0123456789","price":"10.00","ratio":0.1,"single":1.5,"code":"ab","label":"é😀",
            "note":"line\nbreak","exact":"Ab","day":"2024-02-29","moment":"2024-02-29 23:59:59","precise":"2024-01-01 00:00:00.124",
            "clock":"07:05:00","stamp":"2024-01-01 00:00:00","y":2024,"meta":{"a":"x","b":[1,null,true]},"size":"large","raw":"AP8="}])
        );
        for (query, expected) in [
            ("amount=eq.12345678901234567890.0123456789", 1),
            ("amount=eq.12345678901234567890.0123456788", 0),
            ("amount=gt.9", 1),
            ("amount=gt.12345678901234567890.0123456788", 1),
            ("price=eq.10", 1),
            ("price=lt.9.99", 0),
            ("price=in.(10.0,3)", 1),
            ("big=eq.-9223372036854775808", 1),
            ("big=gt.-9223372036854775808", 0),
            ("big=lt.99999999999999999999", 1),
            ("small=gt.-1", 1),
            ("exact=eq.ab", 0),
            ("exact=eq.Ab", 1),
            ("exact=like.a%25", 0),
            ("exact=like.A%25", 1),
            ("exact=ilike.a%25", 1),
            ("code=eq.AB", 1),
            ("label=eq.E%F0%9F%98%80", 1),
            ("day=eq.2024-02-29", 1),
            ("day=lt.2024-02-29%2000:00:01", 1),
            ("day=eq.2024-02-29%2012:00:00", 0),
            ("day=in.(2024-02-29,2024-03-01)", 1),
            ("precise=eq.2024-01-01%2000:00:00.124", 1),
            ("precise=gt.2024-01-01%2000:00:00.1239", 1),
            ("moment=lt.2024-02-29%2023:59:59.5", 1),
            ("moment=eq.2024-02-29T23:59:59.000", 1),
            ("clock=gt.07:00", 1),
            ("clock=eq.07:05:00", 1),
            ("y=eq.2024", 1),
            ("meta=not.is.null", 1),
            ("size=eq.Large", 1),
            ("size=eq.huge", 0),
            ("raw=eq.AP8%3D", 1),
            ("ratio=eq.0.1", 1),
            ("whole=like.2147%25", 1),
        ] {
            let rows = api.rows(&format!("kinds?select=id&{query}")).await;
            assert_eq!(rows.as_array().unwrap().len(), expected, "{query}");
        }
        for (column, bad) in [
            ("tiny", json!(128)),
            ("tiny", json!("x")),
            ("small", json!(-1)),
            ("medium", json!(8_388_608)),
            ("whole", json!(2_147_483_648i64)),
            ("big", json!(9_223_372_036_854_775_808u64)),
            ("price", json!(123_456_789)),
            ("price", json!("abc")),
            ("label", json!("12345678901")),
            ("day", json!("2024-02-30")),
            ("moment", json!("2024-01-01T00:00:00Z")),
            ("moment", json!("")),
            ("size", json!("huge")),
            ("y", json!(1800)),
            ("raw", json!("not base64!")),
            ("ratio", json!("1e400")),
            ("clock", json!("7:65")),
            ("whole", json!({"a":1})),
        ] {
            let mut row = serde_json::Map::new();
            row.insert(column.to_owned(), bad.clone());
            let answer = api
                .rest(Method::POST, "kinds", &[], Value::Object(row))
                .await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (400, "INVALID_REQUEST"),
                "{column} {bad}: {}",
                answer.text
            );
        }
        for (given, shown) in [
            (json!(true), json!(1)),
            (json!("12"), json!(12)),
            (json!(1.5), json!(2)),
            (json!(-2.5), json!(-3)),
        ] {
            let answer = api
                .rest(
                    Method::POST,
                    "kinds?select=whole",
                    &headers,
                    json!({"whole":given}),
                )
                .await;
            assert_eq!(answer.json(), json!([{"whole":shown}]), "{}", answer.text);
        }
        // The order of decimals is that of numbers, the order of an ENUM that of its members.
        for (price, size) in [("-5", "small"), ("100", "medium"), ("20.5", "large")] {
            api.rest(
                Method::POST,
                "kinds",
                &[],
                json!({"price":price,"size":size,"label":"sort"}),
            )
            .await;
        }
        assert_eq!(
            api.rows("kinds?select=price&label=eq.sort&order=price")
                .await,
            json!([{"price":"-5.00"},{"price":"20.50"},{"price":"100.00"}])
        );
        assert_eq!(
            api.rows("kinds?select=size&label=eq.sort&order=size.desc")
                .await,
            json!([{"size":"large"},{"size":"medium"},{"size":"small"}])
        );
    });
}

#[test]
fn text_compares_without_case_and_accents() {
    run(async |e| {
        let api = Api::admin(e);
        for label in ["b", "É", "a", "Z", "e", "0"] {
            api.rest(Method::POST, "kinds", &[], json!({"label":label}))
                .await;
        }
        let rows = api.rows("kinds?select=label&order=label,id").await;
        let labels: Vec<&str> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["label"].as_str().unwrap())
            .collect();
        assert_eq!(labels, ["0", "a", "b", "É", "e", "Z"]);
        assert_eq!(
            api.rows(&format!("kinds?select=label&label=eq.{}", encode("é")))
                .await
                .as_array()
                .unwrap()
                .len(),
            2
        );
        assert_eq!(
            api.rows("kinds?select=label&label=gt.a&order=label.desc&limit=1")
                .await,
            json!([{"label":"Z"}])
        );
        let answer = api
            .rest(
                Method::POST,
                "users",
                &[],
                json!({"name":"X","email":"ANN@example.org"}),
            )
            .await;
        assert_eq!(
            answer.status, 400,
            "a unique key ignores case too: {}",
            answer.text
        );
    });
}
