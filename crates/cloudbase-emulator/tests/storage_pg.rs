//! Objects of PG mode on the wire: uploads, lists, copies and signed URLs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

#[path = "storage_pg/signed.rs"]
mod signed;
mod wire;

use serde_json::{Value, json};
use wire::pg::{Bench, assert_error};

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
    // The gateway's port serves it, and a page must not act as the gateway's own.
    let sandbox = "sandbox allow-scripts allow-forms allow-popups allow-downloads";
    assert_eq!(got.header("content-security-policy"), sandbox);
    let page = bench
        .admin("POST", "/object/open/page.html")
        .header("content-type", "text/html");
    page.body("<script></script>").send().await.expect(200);
    let page = bench.bare("GET", "/object/public/open/page.html").send();
    let page = page.await.expect(200);
    assert_eq!(page.header("content-type"), "text/html");
    assert_eq!(page.header("content-security-policy"), sandbox);
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
        let response = bench
            .admin("POST", "/object/list/docs")
            .json(&bad)
            .send()
            .await;
        assert_error(response, 400, "InvalidRequest");
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
    let response = send("move", moved.clone()).send().await.expect(200);
    assert_eq!(response.json(), json!({"message": "Successfully moved"}));
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
        let response = bench
            .admin("DELETE", "/object/docs")
            .json(&body)
            .send()
            .await;
        assert_error(response, 400, "InvalidRequest");
    }
}

#[tokio::test]
async fn a_copy_takes_the_metadata_of_body_or_header() {
    let bench = Bench::new().await;
    let call = bench
        .admin("POST", "/object/docs/a")
        .header("x-metadata", "eyJhIjoxfQ==");
    call.body("hello").send().await.expect(200);
    let asked = |more: Value| {
        let mut body = json!({"bucketId": "docs", "sourceKey": "a", "destinationKey": "b"});
        let body_map = body.as_object_mut().unwrap();
        body_map.extend(more.as_object().unwrap().clone());
        let call = bench.admin("POST", "/object/copy");
        let call = call.header("content-type", "application/json");
        call.header("x-upsert", "true").body(body.to_string())
    };
    let header = "eyJoIjoyfQ==";
    for (body, header, expected) in [
        (json!({}), None, json!({"a": 1})),
        (json!({"metadata": {"k": "v"}}), None, json!({"k": "v"})),
        (json!({}), Some(header), json!({"h": 2})),
        (
            json!({"metadata": {"k": "v"}}),
            Some(header),
            json!({"k": "v"}),
        ),
        (
            json!({"metadata": {"k": "v"}, "copyMetadata": true}),
            None,
            json!({"a": 1}),
        ),
        (
            json!({"metadata": {"k": "v"}, "copyMetadata": false}),
            None,
            json!({"k": "v"}),
        ),
    ] {
        let text = format!("{body} {header:?}");
        let mut call = asked(body);
        if let Some(header) = header {
            call = call.header("x-metadata", header);
        }
        let copied = call.send().await.expect(200).json();
        assert_eq!(copied["Key"], "docs/b", "{text}");
        let info = bench
            .admin("GET", "/object/info/docs/b")
            .send()
            .await
            .json();
        assert_eq!(info["metadata"], expected, "{text}");
    }
}
