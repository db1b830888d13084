//! No string of a caller's breaks a line: what would is rejected before anything is sent.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cloudbase::data::Row;
use cloudbase::http::{Request, Response};
use cloudbase::prelude::*;
use cloudbase::{Body, BoxError, Result};
use serde_json::json;
use tower::service_fn;

/// The error, if there is one.
async fn error<T>(call: impl IntoFuture<Output = Result<T>>) -> Option<Error> {
    call.await.err()
}

#[tokio::test]
async fn what_breaks_a_line_reaches_no_header_and_no_path() {
    let sent = Arc::new(AtomicU32::new(0));
    let counter = sent.clone();
    let app = CloudBase::builder("my-env")
        .access_key("key")
        .transport(service_fn(move |_: Request<Body>| {
            counter.fetch_add(1, Ordering::SeqCst);
            async { Ok::<_, BoxError>(Response::new(Body::from("{}"))) }
        }))
        .build()
        .unwrap();
    let (functions, hosting, apis) = (app.functions(), app.cloud_run(), app.apis());
    let (storage, bucket) = (app.storage(), app.storage().bucket("b"));
    let model = || app.models().model("todo");
    let function = || functions.call("f");
    let upload = || storage.upload("a", "x");
    let rows = |table: &str| app.mysql().from(table).select::<Row>("*");
    let empty = json!({});
    for bad in ["a\rb", "a\nb", "a\0b", "a\r\nx-evil: 1"] {
        let database = || app.mysql().database(bad).from("t").select::<Row>("*");
        let instance = || app.mysql().instance(bad).database("d");
        let rejected = [
            ("function", error(functions.call(bad)).await),
            ("qualifier", error(function().qualifier(bad)).await),
            ("content type", error(function().body(bad, "x")).await),
            ("header value", error(function().header("x-a", bad)).await),
            ("header name", error(function().header(bad, "x")).await),
            ("token", error(function().token(bad)).await),
            ("service", error(hosting.service(bad).get("/")).await),
            ("path", error(hosting.service("s").get(bad)).await),
            (
                "qualifier",
                error(functions.http("f").get("/").qualifier(bad)).await,
            ),
            ("api", error(apis.api(bad).post("/")).await),
            ("path", error(apis.api("a").post(bad)).await),
            ("table", error(rows(bad)).await),
            ("table", error(app.mysql().from(bad).insert(&empty)).await),
            ("database", error(database()).await),
            (
                "instance",
                error(instance().from("t").select::<Row>("*")).await,
            ),
            ("header value", error(rows("t").header("x-a", bad)).await),
            ("model", error(app.models().model(bad).create(&empty)).await),
            (
                "header value",
                error(model().create(&empty).header("x-a", bad)).await,
            ),
            ("path", error(storage.upload(bad, "x")).await),
            ("content type", error(upload().content_type(bad)).await),
            ("cache control", error(upload().cache_control(bad)).await),
            (
                "header value",
                error(upload().object_header("x-cos-a", bad)).await,
            ),
            ("header name", error(upload().object_header(bad, "x")).await),
            ("header value", error(upload().header("x-a", bad)).await),
            ("bucket", error(storage.bucket(bad).download("a")).await),
            ("path", error(bucket.download(bad)).await),
            (
                "content type",
                error(bucket.upload("a", "x").content_type(bad)).await,
            ),
            ("if match", error(bucket.download("a").if_match(bad)).await),
            ("provider", error(app.auth().unlink_identity(bad)).await),
            ("token", app.for_user(bad).err()),
        ];
        for (n, (what, error)) in rejected.into_iter().enumerate() {
            let error = error.unwrap_or_else(|| panic!("{n}: {what} {bad:?} was sent"));
            assert_eq!(error.kind(), ErrorKind::Argument, "{n}: {what}: {error}");
            assert!(!error.was_sent(), "{n}: {what}");
            assert!(!error.message().contains("x-evil"), "{n}: {what}: {error}");
        }
    }
    assert_eq!(sent.load(Ordering::SeqCst), 0);
}
