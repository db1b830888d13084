//! Calls on buckets whose requests and responses matter to the byte.

use std::time::Duration;

use cloudbase_core::ErrorKind;
use cloudbase_storage::SignedUploadUrl;
use serde_json::{Value, json};

use crate::scripted::{Reply, Scripted};
use crate::support::start;

fn json_reply(value: &Value) -> Reply {
    let body = serde_json::to_vec(value).unwrap();
    Reply::new(200)
        .header("content-type", "application/json")
        .body(body)
}

#[tokio::test]
async fn metadata_of_a_copy_goes_in_body_and_header() {
    let response = json!({"Id": "7", "Key": "other/named/by/the/service.txt"});
    let server = Scripted::start(move |_, _| json_reply(&response).into()).await;
    let bucket = server.storage().bucket("docs");
    let copy = bucket.copy("a", "b.txt").to_bucket("other");
    let copy = copy.metadata(&json!({"k": "值"})).await.unwrap();
    assert_eq!(copy.full_path, "other/named/by/the/service.txt");
    assert_eq!(
        (copy.path.as_str(), copy.id.as_deref()),
        ("b.txt", Some("7"))
    );
    let seen = server.store().remove(0);
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(body["metadata"], json!({"k": "值"}));
    assert_eq!(seen.headers["x-metadata"], "eyJrIjoi5YC8In0=");
    let nan = std::collections::BTreeMap::from([("k", f64::NAN)]);
    let error = bucket.copy("a", "b").metadata(&nan).await.unwrap_err();
    assert_eq!(
        error.message(),
        "`metadata` must hold finite numbers only: `k` is NaN"
    );
    let plain = bucket.copy("a", "b").await.unwrap();
    assert_eq!(plain.path.as_str(), "b");
    let body: Value = serde_json::from_slice(&server.store().remove(1).body).unwrap();
    assert!(body.get("metadata").is_none());
    // A move has no name in its response.
    let moved = json!({"message": "Successfully moved"});
    let server = Scripted::start(move |_, _| json_reply(&moved).into()).await;
    let moved = server
        .storage()
        .bucket("docs")
        .move_to("a", "b")
        .await
        .unwrap();
    assert_eq!((moved.full_path.as_str(), moved.as_ref()), ("docs/b", "b"));
}

#[tokio::test]
async fn a_copy_has_the_metadata_that_it_was_given() {
    let fixture = start().await;
    let storage = &fixture.storage;
    storage.create_bucket("docs").await.unwrap();
    let bucket = storage.bucket("docs");
    bucket
        .upload("a", "x")
        .metadata(&json!({"of": "a"}))
        .await
        .unwrap();
    bucket
        .copy("a", "b")
        .metadata(&json!({"of": "b"}))
        .await
        .unwrap();
    bucket.copy("a", "c").await.unwrap();
    for (path, of) in [("a", "a"), ("b", "b"), ("c", "a")] {
        let info = bucket.info(path).await.unwrap();
        assert_eq!(info.metadata.unwrap()["of"], of, "{path}");
    }
    fixture.emulator.shutdown().await;
}

#[tokio::test]
async fn a_removal_keeps_what_its_first_calls_did() {
    let names: Vec<String> = (0..250).map(|number| format!("{number:03}")).collect();
    let server = Scripted::start(|number, _| match number {
        // One of them was not there.
        0 => {
            let removed: Vec<_> = (1..100)
                .map(|n| json!({"name": format!("{n:03}")}))
                .collect();
            json_reply(&json!(removed)).into()
        }
        _ => Reply::new(403)
            .body(r#"{"code":"STORAGE_PERMISSION_DENIED","message":"no"}"#)
            .into(),
    })
    .await;
    let results = server
        .storage()
        .bucket("docs")
        .remove(&names)
        .await
        .unwrap();
    assert_eq!(server.store().len(), 2, "nothing is sent after a failure");
    let (removed, failed) = results.split_at(100);
    assert!(removed[0].as_ref().unwrap_err().is_not_found());
    assert_eq!(removed[1].as_ref().unwrap().path(), "001");
    assert!(removed[1..].iter().all(Result::is_ok));
    assert_eq!(failed.len(), 150, "of the second call and of the third");
    assert!(
        failed
            .iter()
            .all(|one| one.as_ref().unwrap_err().is_permission_denied())
    );

    let server = Scripted::start(|_, _| Reply::new(403).body("{}").into()).await;
    assert!(
        server
            .storage()
            .bucket("docs")
            .remove(&names)
            .await
            .is_err()
    );
    let none: [&str; 0] = [];
    assert!(
        server
            .storage()
            .bucket("docs")
            .remove(none)
            .await
            .unwrap()
            .is_empty()
    );
}

/// The first attempt may have removed them, though its response was lost.
#[tokio::test]
async fn what_a_repeated_removal_does_not_find_was_removed() {
    let server = Scripted::start(|number, _| match number {
        0 => Reply::new(503).body("{}").into(),
        _ => json_reply(&json!([])).into(),
    })
    .await;
    let bucket = server.storage().bucket("docs");
    let results = bucket.remove(["a.png"]).await.unwrap();
    assert_eq!(results[0].as_ref().unwrap().path(), "a.png");
    assert_eq!(server.store().len(), 2);
}

#[tokio::test]
async fn a_signed_upload_url_is_handed_on() {
    let fixture = start().await;
    let storage = &fixture.storage;
    storage.create_bucket("inbox").await.unwrap();
    let bucket = storage.bucket("inbox");
    let given = bucket.signed_upload_url("dir/a b#.txt").await.unwrap();
    let text = serde_json::to_string(&given).unwrap();
    let read: SignedUploadUrl = serde_json::from_str(&text).unwrap();
    assert_eq!((read.path(), read.url()), (given.path(), given.url()));
    assert!(!format!("{read:?}").contains("token="), "{read:?}");
    // Nobody's session goes along.
    let visitor = fixture.visitor().bucket("inbox");
    visitor.upload_to_signed_url(&read, "by url").await.unwrap();
    assert_eq!(bucket.download("dir/a b#.txt").await.unwrap(), "by url");

    let given = bucket.signed_upload_url("dir/你?.txt").await.unwrap();
    let token = cloudbase_core::ExposeSecret::expose_secret(given.token()).to_owned();
    let portable = json!({"path": "dir/你?.txt", "token": token});
    let read: SignedUploadUrl = serde_json::from_value(portable.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), portable);
    let made = SignedUploadUrl::new("dir/你?.txt", token).unwrap();
    assert!(made.url().is_none());
    visitor
        .upload_to_signed_url(&made, "by token")
        .await
        .unwrap();
    assert_eq!(bucket.download("dir/你?.txt").await.unwrap(), "by token");
    for (path, token) in [
        ("", "t"),
        ("a/../b", "t"),
        ("a", ""),
        ("cloud://e.b/a", "t"),
    ] {
        let error = SignedUploadUrl::new(path, token).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
        let json = json!({"path": path, "token": token});
        assert!(serde_json::from_value::<SignedUploadUrl>(json).is_err());
    }
    fixture.emulator.shutdown().await;
}

#[tokio::test]
async fn a_signed_url_is_that_of_the_path_that_it_names() {
    let item = |path: &str, token: &str| {
        json!({
            "path": path, "signedURL": format!("/object/sign/docs/{path}?token={token}"),
            "fullSignedURL": null, "error": null,
        })
    };
    let nameless = |token: &str| json!({ "fullSignedURL": format!("https://gw/{token}") });
    let lacks = "the response has no URL for this path";
    for (response, expected) in [
        (
            json!([item("b", "B"), item("a", "A")]),
            [Ok("a?token=A"), Ok("b?token=B")],
        ),
        (
            json!([item("/b", "B"), item("x", "X"), item("a", "A")]),
            [Ok("a?token=A"), Ok("b?token=B")],
        ),
        (json!([item("b", "B")]), [Err(lacks), Ok("b?token=B")]),
        (
            json!([item("x", "X"), item("b", "B")]),
            [Err(lacks), Ok("b?token=B")],
        ),
        (
            json!([nameless("1"), item("b", "B")]),
            [Err(lacks), Ok("b?token=B")],
        ),
        (
            json!([nameless("1"), nameless("2")]),
            [Ok("gw/1"), Ok("gw/2")],
        ),
        (
            json!([{ "path": "b", "error": "Object not found" }, item("a", "A")]),
            [Ok("a?token=A"), Err("Object not found")],
        ),
    ] {
        let reply = response.clone();
        let server = Scripted::start(move |_, _| json_reply(&reply).into()).await;
        let bucket = server.storage().bucket("docs");
        let urls = bucket
            .signed_urls(["a", "b"], Duration::from_secs(60))
            .await
            .unwrap();
        for (url, expected) in urls.iter().zip(expected) {
            match (url, expected) {
                (Ok(url), Ok(end)) => assert!(url.ends_with(end), "{response}: {url}"),
                (Err(error), Err(message)) => assert_eq!(error.message(), message, "{response}"),
                (url, _) => panic!("{response}: {url:?}"),
            }
        }
    }
    let server = Scripted::start(move |_, _| json_reply(&json!([nameless("1")])).into()).await;
    let bucket = server.storage().bucket("docs");
    let error = bucket
        .signed_urls(["a", "b"], Duration::from_secs(60))
        .await
        .unwrap_err();
    let message = "2 objects were sent, but the response has 1 and names none";
    assert_eq!(error.message(), message);
}

#[tokio::test]
async fn a_page_without_the_cursor_of_the_next_comes_before_its_error() {
    let page = |more: Value| {
        let mut page = json!({ "objects": [{ "name": "a" }, { "name": "b" }] });
        page.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        page
    };
    for (more, pages, problem) in [
        (
            json!({ "hasNext": true }),
            1,
            Some("the page lacks the cursor of the next"),
        ),
        (
            json!({ "hasNext": true, "nextCursor": "c" }),
            2,
            Some("the page has itself as the next"),
        ),
        (
            json!({ "hasNext": true, "nextCursor": {} }),
            1,
            Some("the page lacks the cursor of the next"),
        ),
        (json!({ "hasNext": false, "nextCursor": "c" }), 1, None),
        (json!({}), 1, None),
    ] {
        let reply = page(more.clone());
        let server = Scripted::start(move |_, _| json_reply(&reply).into()).await;
        let mut stream = server.storage().bucket("docs").list("").pages();
        for number in 0..pages {
            let page = stream.next_page().await.unwrap().unwrap();
            assert_eq!(page.objects.len(), 2, "{more}, page {number}");
        }
        let after = stream.next_page().await;
        match problem {
            Some(problem) => assert_eq!(after.unwrap_err().message(), problem, "{more}"),
            None => assert!(after.unwrap().is_none(), "{more}"),
        }
        assert!(
            stream.next_page().await.unwrap().is_none(),
            "{more}: the stream is over"
        );
    }
}

#[tokio::test]
async fn an_object_whose_absence_nobody_stated_is_not_missing() {
    for (stated, exists) in [
        (Value::Null, Some(false)),
        (json!("400"), Some(false)),
        (json!("404"), Some(false)),
        (json!("503"), None),
        (json!("403"), None),
    ] {
        let body = json!({ "statusCode": stated, "error": "x", "message": "m" });
        let body = serde_json::to_vec(&body).unwrap();
        let reply = move |_, _: &_| Reply::new(400).body(body.clone()).into();
        let server = Scripted::start(reply).await;
        let found = server.storage().bucket("docs").exists("a").await;
        assert_eq!(found.ok(), exists, "{stated}");
    }
}

#[tokio::test]
async fn an_item_that_is_no_object_is_no_success() {
    const ID: &str = "cloud://demo-1a2b3c.b/a";
    for item in [json!("OBJECT_NOT_EXIST"), json!(null), json!([])] {
        let response = json!([item]);
        let server = Scripted::start(move |_, _| json_reply(&response).into()).await;
        let removed = server.storage().remove([ID]).await.unwrap().remove(0);
        assert_eq!(removed.unwrap_err().kind(), ErrorKind::Decode, "{item}");
    }
}
