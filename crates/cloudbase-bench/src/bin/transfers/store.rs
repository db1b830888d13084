//! A gateway and object store in one: takes everything, gives zeros.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{Method, Request, Response, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use serde_json::{Value, json};

static ZEROS: [u8; 256 * 1024] = [0; 256 * 1024];

pub(crate) async fn respond(
    request: Request<Incoming>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let path = request.uri().path().to_owned();
    if request.method() == Method::GET {
        return Ok(zeros(path[1..].parse().unwrap_or_default()));
    }
    let is_gateway = path.starts_with("/v1/");
    let host = request.headers().get(header::HOST).cloned();
    let mut body = request.into_body();
    let mut kept = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let (true, Ok(data)) = (is_gateway, frame.into_data()) {
            kept.extend_from_slice(&data);
        }
    }
    let text = if is_gateway {
        // The object store is where the gateway is.
        let host = host.as_ref().and_then(|host| host.to_str().ok());
        gateway(&kept, host.unwrap_or_default())
    } else {
        String::new()
    };
    Ok(Response::new(Full::new(Bytes::from(text)).boxed()))
}

fn gateway(body: &[u8], host: &str) -> String {
    let items: Vec<Value> = serde_json::from_slice(body).unwrap_or_default();
    let permits = items.iter().map(|item| {
        let name = |field: &str| item[field].as_str().unwrap_or_default();
        let key = name("objectId");
        let id = name("cloudObjectId");
        json!({
            "uploadUrl": format!("http://{host}/{key}"),
            "authorization": "signature",
            "token": "token",
            "cloudObjectMeta": "meta",
            "cloudObjectId": format!("cloud://bench.bucket/{key}"),
            "downloadUrl": format!("http://{host}/{}", id.rsplit('/').next().unwrap_or_default()),
        })
    });
    Value::from_iter(permits).to_string()
}

fn zeros(size: u64) -> Response<BoxBody<Bytes, Infallible>> {
    let pieces = stream::unfold(size, |left| async move {
        let next = left.min(ZEROS.len() as u64);
        (next > 0).then(|| (Bytes::from_static(&ZEROS[..next as usize]), left - next))
    });
    let frames = pieces.map(|piece| Ok(Frame::data(piece)));
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(frames)));
    response.headers_mut().insert("content-length", size.into());
    response
        .headers_mut()
        .insert("etag", http::HeaderValue::from_static("\"z\""));
    response
}
