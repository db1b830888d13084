//! PG-mode storage on the wire: buckets, objects, lists, signed URLs and their errors.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod wire;

use std::time::Duration;

use cloudbase_emulator::{BucketPolicy, Emulator, EmulatorBuilder};
use http::Method;
use serde_json::{Value, json};
use wire::{Answer, Call, Wire};

struct Bench {
    emulator: Emulator,
    wire: Wire,
}

impl Bench {
    async fn new() -> Self {
        Self::with(
            Emulator::builder()
                .bucket("docs", false)
                .bucket("open", true),
        )
        .await
    }

    async fn with(builder: EmulatorBuilder) -> Self {
        Self {
            emulator: builder.start().await.unwrap(),
            wire: Wire::new(),
        }
    }

    fn bare(&self, method: &str, path: &str) -> Call {
        let url = format!("{}/v1/storages{path}", self.emulator.endpoint());
        self.wire
            .call(Method::from_bytes(method.as_bytes()).unwrap(), &url)
    }

    fn admin(&self, method: &str, path: &str) -> Call {
        self.bare(method, path).bearer(self.emulator.api_key())
    }

    async fn put(&self, path: &str, content: &'static str) -> Answer {
        self.admin("PUT", &format!("/object/{path}"))
            .body(content)
            .send()
            .await
            .expect(200)
    }

    /// The token of a new anonymous user.
    async fn user(&self, device: &str) -> String {
        let url = format!("{}/auth/v1/signin/anonymously", self.emulator.endpoint());
        let call = self
            .wire
            .post(&url)
            .header("x-device-id", device)
            .json(&json!({}));
        let session = call.send().await.expect(200).json();
        session["access_token"].as_str().unwrap().to_owned()
    }
}

#[track_caller]
fn assert_error(answer: Answer, status: u16, error: &str) {
    let answer = answer.expect(status);
    let body = answer.json();
    assert_eq!(body["statusCode"], status.to_string());
    assert_eq!(body["error"], error);
    assert!(body["message"].is_string());
}

#[tokio::test]
async fn buckets_are_managed() {
    let bench = Bench::with(Emulator::builder()).await;
    let spec = json!({
        "id": "avatars", "name": "avatars", "public": true,
        "file_size_limit": 5, "allowed_mime_types": ["image/*"],
    });
    let made = bench
        .admin("POST", "/bucket/")
        .json(&spec)
        .send()
        .await
        .expect(200);
    assert_eq!(made.json(), json!({"name": "avatars"}));
    assert_error(
        bench.admin("POST", "/bucket/").json(&spec).send().await,
        409,
        "Duplicate",
    );
    let got = bench
        .admin("GET", "/bucket/avatars")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&got["public"], &got["file_size_limit"]),
        (&json!(true), &json!(5))
    );
    let put = |content_type, content| {
        let call = bench
            .admin("POST", "/object/avatars/a")
            .header("content-type", content_type);
        call.body(content).send()
    };
    assert_error(put("text/plain", "x").await, 400, "invalid_mime_type");
    assert_error(put("image/png", "123456").await, 413, "Payload too large");
    put("image/png", "12345").await.expect(200);
    let change = json!({"public": false, "file_size_limit": null});
    bench
        .admin("PUT", "/bucket/avatars")
        .json(&change)
        .send()
        .await
        .expect(200);
    let got = bench.admin("GET", "/bucket/avatars").send().await.json();
    assert_eq!(
        (&got["public"], &got["file_size_limit"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(got["allowed_mime_types"], json!(["image/*"]));

    assert_error(
        bench.admin("DELETE", "/bucket/avatars").send().await,
        409,
        "InvalidRequest",
    );
    bench
        .admin("DELETE", "/object/avatars/a")
        .send()
        .await
        .expect(200);
    bench
        .admin("DELETE", "/bucket/avatars")
        .send()
        .await
        .expect(200);
    for method in ["GET", "DELETE"] {
        assert_error(
            bench.admin(method, "/bucket/avatars").send().await,
            404,
            "not_found",
        );
    }
    for id in ["a/b", "a b", ""] {
        let answer = bench
            .admin("POST", "/bucket/")
            .json(&json!({"id": id}))
            .send()
            .await;
        assert_error(answer, 400, "InvalidBucketName");
    }
    let answer = bench.admin("POST", "/bucket/").body("{").send().await;
    assert_error(answer, 400, "InvalidRequest");
}

#[tokio::test]
async fn bucket_lists_are_sorted_and_paged() {
    let bench = Bench::with(
        Emulator::builder()
            .bucket("b", false)
            .bucket("a", true)
            .bucket("ab", false),
    )
    .await;
    let names = async |query: &str| {
        let answer = bench
            .admin("GET", &format!("/bucket/{query}"))
            .send()
            .await
            .expect(200);
        let buckets = answer.json();
        let names = buckets
            .as_array()
            .unwrap()
            .iter()
            .map(|b| b["name"].as_str().unwrap());
        names.collect::<Vec<_>>().join(",")
    };
    assert_eq!(names("").await, "a,ab,b");
    assert_eq!(names("?sortColumn=name&sortOrder=desc").await, "b,ab,a");
    assert_eq!(names("?limit=1&offset=1").await, "ab");
    assert_eq!(names("?search=a").await, "a,ab");
    let answer = bench.admin("GET", "/bucket/?sortColumn=x").send().await;
    assert_error(answer, 400, "InvalidRequest");
}

#[tokio::test]
async fn objects_go_up_and_come_down() {
    let bench = Bench::new().await;
    let call = bench
        .admin("POST", "/object/docs/dir/a%20b.txt")
        .header("content-type", "text/plain")
        .header("cache-control", "max-age=60")
        .header("x-metadata", "eyJhIjoxfQ==");
    let made = call.body("hello").send().await.expect(200).json();
    assert_eq!(made["Key"], "docs/dir/a b.txt");
    assert!(made["Id"].is_string());
    let got = bench
        .admin("GET", "/object/docs/dir/a%20b.txt")
        .send()
        .await
        .expect(200);
    assert_eq!(got.text(), "hello");
    assert_eq!(got.header("content-type"), "text/plain");
    assert_eq!(got.header("cache-control"), "max-age=60");
    assert_eq!(got.header("etag"), "\"5d41402abc4b2a76b9719d911017c592\"");
    assert_eq!(got.header("x-cos-hash-crc64ecma"), "");
    let get = |name: &'static str, value: &'static str| {
        bench
            .admin("GET", "/object/docs/dir/a%20b.txt")
            .header(name, value)
            .send()
    };
    get("if-none-match", "\"5d41402abc4b2a76b9719d911017c592\"")
        .await
        .expect(304);
    assert_eq!(get("range", "bytes=1-2").await.expect(206).text(), "el");
    let outside = get("range", "bytes=9-").await;
    assert_eq!(outside.header("content-range"), "bytes */5");
    assert_error(outside, 416, "InvalidRange");
    let named = bench
        .admin("GET", "/object/docs/dir/a%20b.txt?download=")
        .send()
        .await;
    assert!(
        named
            .header("content-disposition")
            .contains("filename=\"a b.txt\"")
    );
    let head = bench
        .admin("HEAD", "/object/docs/dir/a%20b.txt")
        .send()
        .await
        .expect(200);
    assert_eq!((head.header("content-length"), head.body.len()), ("5", 0));

    let info = bench
        .admin("GET", "/object/info/docs/dir/a%20b.txt")
        .send()
        .await
        .json();
    assert_eq!(info["name"], "dir/a b.txt");
    assert_eq!(info["bucket_id"], "docs");
    assert_eq!(
        (&info["size"], &info["metadata"]),
        (&json!(5), &json!({"a": 1}))
    );
    assert_eq!(info["content_type"], "text/plain");

    let again = bench
        .admin("POST", "/object/docs/dir/a%20b.txt")
        .body("new")
        .send()
        .await;
    assert_error(again, 409, "Duplicate");
    let upsert = bench
        .admin("POST", "/object/docs/dir/a%20b.txt")
        .header("x-upsert", "true");
    upsert.body("new").send().await.expect(200);
    assert_eq!(
        bench
            .admin("GET", "/object/docs/dir/a%20b.txt")
            .send()
            .await
            .text(),
        "new"
    );
    bench
        .admin("DELETE", "/object/docs/dir/a%20b.txt")
        .send()
        .await
        .expect(200);
    for (method, path) in [
        ("GET", "/object/docs/dir/a%20b.txt"),
        ("GET", "/object/info/docs/dir/a%20b.txt"),
        ("DELETE", "/object/docs/dir/a%20b.txt"),
        ("GET", "/object/none/a"),
        ("POST", "/object/none/a"),
    ] {
        assert_error(bench.admin(method, path).send().await, 404, "not_found");
    }
    for path in ["/object/docs/a/../b", "/object/docs/a%0Ab"] {
        let url = path.replace("..", "%2E%2E");
        assert_error(
            bench.admin("POST", &url).body("x").send().await,
            400,
            "InvalidKey",
        );
    }
}

#[tokio::test]
async fn forms_carry_files() {
    let bench = Bench::new().await;
    let form = "--B\r\nContent-Disposition: form-data; name=\"cacheControl\"\r\n\r\n3600\r\n\
                --B\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{\"k\":\"v\"}\r\n\
                --B\r\nContent-Disposition: form-data; name=\"\"; filename=\"blob\"\r\n\
                Content-Type: image/png\r\n\r\nbytes\r\n--B--\r\n";
    let post = |form: &'static str| {
        let call = bench.admin("POST", "/object/docs/f");
        call.header("content-type", "multipart/form-data; boundary=B")
            .body(form)
            .send()
    };
    post(form).await.expect(200);
    let got = bench.admin("GET", "/object/docs/f").send().await;
    assert_eq!(
        (got.text().as_str(), got.header("content-type")),
        ("bytes", "image/png")
    );
    assert_eq!(got.header("cache-control"), "max-age=3600");
    let info = bench
        .admin("GET", "/object/info/docs/f")
        .send()
        .await
        .json();
    assert_eq!(info["metadata"], json!({"k": "v"}));
    bench
        .admin("DELETE", "/object/docs/f")
        .send()
        .await
        .expect(200);
    assert_error(post("--B--\r\n").await, 400, "InvalidRequest");
}

#[tokio::test]
async fn lists_have_pages_and_folders() {
    let bench = Bench::new().await;
    for name in ["a/1", "a/2", "b", "c/d/e", "a"] {
        bench.put(&format!("docs/{name}"), "x").await;
    }
    let list = async |body: Value| {
        let call = bench.admin("POST", "/object/list/docs").json(&body);
        call.send().await.expect(200).json()
    };
    let names = |list: &Value, what: &str| {
        let entries = list[what].as_array().unwrap().iter();
        entries
            .map(|entry| entry["name"].as_str().unwrap())
            .collect::<Vec<_>>()
            .join(",")
    };
    let all = list(json!({"prefix": ""})).await;
    assert_eq!(names(&all, "objects"), "a,a/1,a/2,b,c/d/e");
    assert_eq!(
        (&all["hasNext"], &all["nextCursor"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(all["objects"][0]["metadata"]["size"], 1);
    assert_eq!(
        names(&list(json!({"prefix": "a/"})).await, "objects"),
        "a/1,a/2"
    );
    let top = list(json!({"prefix": "", "with_delimiter": true})).await;
    assert_eq!(
        (names(&top, "folders"), names(&top, "objects")),
        ("a/,c/".into(), "a,b".into())
    );
    let first = list(json!({"prefix": "", "limit": 3})).await;
    assert_eq!(
        (names(&first, "objects"), &first["hasNext"]),
        ("a,a/1,a/2".into(), &json!(true))
    );
    let rest = list(json!({"prefix": "", "limit": 3, "cursor": first["nextCursor"]})).await;
    assert_eq!(
        (names(&rest, "objects"), &rest["hasNext"]),
        ("b,c/d/e".into(), &json!(false))
    );
    let back = json!({"prefix": "", "sortBy": {"column": "name", "order": "desc"}, "limit": 2});
    assert_eq!(names(&list(back).await, "objects"), "c/d/e,b");
    for bad in [
        json!({"limit": 0}),
        json!({"cursor": "?"}),
        json!({"sortBy": {"column": "x"}}),
    ] {
        let answer = bench
            .admin("POST", "/object/list/docs")
            .json(&bad)
            .send()
            .await;
        assert_error(answer, 400, "InvalidRequest");
    }
    assert_error(
        bench
            .admin("POST", "/object/list/none")
            .json(&json!({}))
            .send()
            .await,
        404,
        "not_found",
    );
}

#[tokio::test]
async fn copies_moves_and_batches() {
    let bench = Bench::new().await;
    bench.put("docs/a", "one").await;
    bench.put("docs/b", "two").await;
    let send = |operation: &str, body: Value| {
        bench
            .admin("POST", &format!("/object/{operation}"))
            .json(&body)
    };
    let body = json!({"bucketId": "docs", "sourceKey": "a", "destinationKey": "c/d", "destinationBucket": "open"});
    let copied = send("copy", body.clone()).send().await.expect(200);
    assert_eq!(copied.json()["Key"], "open/c/d");
    assert_error(send("copy", body.clone()).send().await, 409, "Duplicate");
    send("copy", body)
        .header("x-upsert", "true")
        .send()
        .await
        .expect(200);
    let moved = json!({"bucketId": "docs", "sourceKey": "a", "destinationKey": "z"});
    let answer = send("move", moved.clone()).send().await.expect(200);
    assert_eq!(answer.json(), json!({"message": "Successfully moved"}));
    assert_error(send("move", moved).send().await, 404, "not_found");
    assert_eq!(
        bench.admin("GET", "/object/docs/z").send().await.text(),
        "one"
    );
    let onto = json!({"bucketId": "docs", "sourceKey": "z", "destinationKey": "b"});
    assert_error(send("move", onto).send().await, 409, "Duplicate");

    let names = json!({"prefixes": ["b", "missing", "z"]});
    let deleted = bench
        .admin("DELETE", "/object/docs")
        .json(&names)
        .send()
        .await
        .expect(200);
    let deleted = deleted.json();
    let names = deleted
        .as_array()
        .unwrap()
        .iter()
        .map(|object| object["name"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["b", "z"]);
    for count in [0, 101] {
        let body = json!({"prefixes": vec!["x"; count]});
        let answer = bench
            .admin("DELETE", "/object/docs")
            .json(&body)
            .send()
            .await;
        assert_error(answer, 400, "InvalidRequest");
    }
}

#[tokio::test]
async fn signed_urls_stand_in_for_credentials() {
    let bench = Bench::new().await;
    bench.put("docs/a%20b", "secret").await;
    let sign = |path: &str, body: Value| {
        bench
            .admin("POST", &format!("/object/sign/{path}"))
            .json(&body)
            .send()
    };
    let signed = sign("docs/a%20b", json!({"expiresIn": 60}))
        .await
        .expect(200)
        .json();
    let relative = signed["signedURL"].as_str().unwrap();
    let full = signed["fullSignedURL"].as_str().unwrap();
    assert_eq!(
        full,
        format!("{}/v1/storages{relative}", bench.emulator.endpoint())
    );
    assert_eq!(
        bench.wire.get(full).send().await.expect(200).text(),
        "secret"
    );
    bench.wire.head(full).send().await.expect(200);
    let named = bench
        .wire
        .get(&format!("{full}&download=n.txt"))
        .send()
        .await;
    assert!(named.header("content-disposition").contains("n.txt"));
    let other = full.replace("a%20b", "other");
    assert_error(bench.wire.get(&other).send().await, 400, "InvalidJWT");
    assert_error(
        bench.wire.get(&format!("{full}x")).send().await,
        400,
        "InvalidJWT",
    );
    bench.emulator.clock().advance(Duration::from_secs(61));
    let late = bench.wire.get(full).send().await;
    assert!(late.text().contains("jwt expired"));
    assert_error(late, 400, "InvalidJWT");

    let many = json!({"expiresIn": 60, "paths": ["a b", "missing"]});
    let many = sign("docs", many).await.expect(200).json();
    assert_eq!(
        (&many[0]["path"], &many[0]["error"]),
        (&json!("a b"), &Value::Null)
    );
    assert_eq!(many[1]["signedURL"], Value::Null);
    assert!(many[1]["error"].is_string());
    let url = many[0]["fullSignedURL"].as_str().unwrap();
    bench.wire.get(url).send().await.expect(200);
    assert_error(
        sign("docs/missing", json!({"expiresIn": 60})).await,
        404,
        "not_found",
    );
    assert_error(
        sign("docs/a%20b", json!({"expiresIn": 0})).await,
        400,
        "InvalidRequest",
    );
    let too_many = json!({"expiresIn": 60, "paths": vec!["x"; 501]});
    assert_error(sign("docs", too_many).await, 400, "InvalidRequest");
}

#[tokio::test]
async fn signed_uploads() {
    let bench = Bench::new().await;
    let sign = |upsert: &'static str| {
        bench
            .admin("POST", "/object/upload/sign/docs/u")
            .header("x-upsert", upsert)
            .send()
    };
    let signed = sign("false").await.expect(200).json();
    let url = signed["fullURL"].as_str().unwrap().to_owned();
    assert!(url.ends_with(signed["token"].as_str().unwrap()));
    let put = |url: &str, content: &'static str| bench.wire.put(url).body(content).send();
    assert_eq!(put(&url, "one").await.expect(200).json()["Key"], "docs/u");
    assert_error(put(&url, "two").await, 409, "Duplicate");
    assert_error(sign("false").await, 409, "Duplicate");
    let signed = sign("true").await.expect(200).json();
    let url = signed["fullURL"].as_str().unwrap().to_owned();
    put(&url, "two").await.expect(200);
    assert_eq!(
        bench.admin("GET", "/object/docs/u").send().await.text(),
        "two"
    );
    bench.emulator.clock().advance(Duration::from_secs(61));
    assert_error(put(&url, "late").await, 400, "InvalidJWT");
    assert_error(
        put(url.split('?').next().unwrap(), "none").await,
        400,
        "InvalidJWT",
    );
}

#[tokio::test]
async fn public_buckets_need_no_credential() {
    let bench = Bench::new().await;
    bench.put("open/a", "x").await;
    bench.put("docs/a", "x").await;
    bench
        .bare("GET", "/object/public/open/a")
        .send()
        .await
        .expect(200);
    bench.bare("GET", "/object/open/a").send().await.expect(200);
    assert_error(
        bench.bare("GET", "/object/public/docs/a").send().await,
        404,
        "not_found",
    );
    let refused = bench.bare("GET", "/object/docs/a").send().await;
    assert!(
        refused
            .text()
            .contains("headers must have required property 'authorization'")
    );
    assert_error(refused, 400, "Error");
    let wrong = bench
        .bare("GET", "/object/docs/a")
        .bearer("wrong")
        .send()
        .await
        .expect(401);
    assert_eq!(wrong.code(), "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn policies_decide_by_identity() {
    let bench = Bench::new().await;
    let (lin, mei) = (
        bench.user("device-lin-0001-0001").await,
        bench.user("device-mei-0002-0002").await,
    );
    let visitor = bench.emulator.publishable_key();
    let put = |token: &str, name: &str| {
        bench
            .bare("PUT", &format!("/object/docs/{name}"))
            .bearer(token)
            .body("x")
            .send()
    };
    let get = |token: &str, name: &str| {
        bench
            .bare("GET", &format!("/object/docs/{name}"))
            .bearer(token)
            .send()
    };
    put(&lin, "of-lin").await.expect(200);
    put(&lin, "of-lin").await.expect(200);
    assert_error(put(&mei, "of-lin").await, 403, "Unauthorized");
    assert_error(put(visitor, "new").await, 403, "Unauthorized");
    get(&mei, "of-lin").await.expect(200);
    assert_error(get(visitor, "of-lin").await, 404, "not_found");
    let delete = |token: &str| {
        let names = json!({"prefixes": ["of-lin"]});
        bench
            .bare("DELETE", "/object/docs")
            .bearer(token)
            .json(&names)
            .send()
    };
    assert_eq!(delete(&mei).await.expect(200).json(), json!([]));
    let bucket = bench
        .bare("POST", "/bucket/")
        .bearer(&lin)
        .json(&json!({"id": "x"}));
    assert_error(bucket.send().await, 403, "Unauthorized");
    assert_eq!(delete(&lin).await.expect(200).json()[0]["name"], "of-lin");

    let open = Bench::with(Emulator::builder().bucket_policy(BucketPolicy::Open)).await;
    let visitor = open.emulator.publishable_key();
    let bucket = open
        .bare("POST", "/bucket/")
        .bearer(visitor)
        .json(&json!({"id": "x"}));
    bucket.send().await.expect(200);
    open.bare("PUT", "/object/x/a")
        .bearer(visitor)
        .body("x")
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn buckets_survive_snapshots() {
    let bench = Bench::with(Emulator::builder().bucket("preset", true)).await;
    bench
        .admin("POST", "/bucket/")
        .json(&json!({"id": "made"}))
        .send()
        .await
        .expect(200);
    bench.put("made/a", "x").await;
    let snapshot = bench.emulator.snapshot().await.unwrap();
    bench.emulator.reset().await.unwrap();
    bench.admin("GET", "/bucket/made").send().await.expect(404);
    bench
        .admin("GET", "/bucket/preset")
        .send()
        .await
        .expect(200);
    bench.emulator.restore(&snapshot).await.unwrap();
    bench
        .admin("GET", "/object/made/a")
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn buckets_survive_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        Bench::with(
            Emulator::builder()
                .data_dir(dir.path())
                .bucket("preset", true),
        )
    };
    let bench = start().await;
    bench
        .admin("POST", "/bucket/")
        .json(&json!({"id": "made"}))
        .send()
        .await
        .expect(200);
    bench.put("made/a", "x").await;
    bench.emulator.shutdown().await;
    let bench = start().await;
    bench
        .admin("GET", "/object/made/a")
        .send()
        .await
        .expect(200);
    bench
        .admin("GET", "/bucket/preset")
        .send()
        .await
        .expect(200);
}
