//! Uploads as forms.

use serde_json::Value;

use crate::wire::classic::Bench;

#[tokio::test]
async fn form_uploads() {
    let bench = Bench::new().await;
    let info = bench.upload_info("dir/f.txt", Value::Null).await;
    let field = |name: &str, value: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let form = |signature: &str| {
        [
            field("key", "dir/f.txt"),
            field("signature", signature),
            field(
                "x-cos-meta-fileid",
                info["cloudObjectMeta"].as_str().unwrap(),
            ),
            field("success_action_status", "201"),
            field("x-cos-security-token", info["token"].as_str().unwrap()),
            "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"blob\"\r\n\
             Content-Type: text/plain\r\n\r\nhello\r\n--B--\r\n"
                .to_owned(),
        ]
        .concat()
    };
    let post = async |body: String| {
        let call = bench.wire.post(info["uploadUrl"].as_str().unwrap());
        call.header("content-type", "multipart/form-data; boundary=B")
            .body(body)
            .send()
            .await
    };
    let done = post(form(info["authorization"].as_str().unwrap()))
        .await
        .expect(201);
    assert!(
        done.text().contains("<Key>dir/f.txt</Key>"),
        "{}",
        done.text()
    );
    let got = bench
        .wire
        .get(&bench.url("dir/f.txt", 60).await)
        .send()
        .await;
    assert_eq!(
        (got.text().as_str(), got.header("content-type")),
        ("hello", "text/plain")
    );
    assert_eq!(
        post(form("wrong")).await.expect(403).xml_code(),
        "AccessDenied"
    );
    assert_eq!(
        post("--B--\r\n".to_owned()).await.expect(400).xml_code(),
        "MissingFile"
    );
    assert_eq!(
        post("garbage".to_owned()).await.expect(400).xml_code(),
        "MalformedPOSTRequest"
    );
}
