//! What our calls return, in the words of the official JavaScript SDK.

use cloudbase_core::Response;
use cloudbase_data::Row;
use cloudbase_data::mysql::{Page, Written};
use serde_json::{Value, json};

/// A result of ours that the official SDK has, too.
pub(super) trait Official: Sized {
    fn official(response: &Response<Self>) -> Value;
}

/// A result of a table: what it holds, how many rows there are, and the status.
fn rows<T>(response: &Response<T>, data: Value, count: Option<u64>) -> Value {
    let status = response.status();
    json!({
        "error": null, "data": data, "count": count, "status": status.as_u16(),
    })
}

impl Official for Vec<Row> {
    fn official(response: &Response<Self>) -> Value {
        rows(response, json!(response.value()), None)
    }
}

impl Official for Page<Row> {
    fn official(response: &Response<Self>) -> Value {
        let page = response.value();
        rows(response, json!(page.rows), page.total)
    }
}

impl Official for Row {
    fn official(response: &Response<Self>) -> Value {
        rows(response, json!(response.value()), None)
    }
}

impl Official for Option<Row> {
    fn official(response: &Response<Self>) -> Value {
        rows(response, json!(response.value()), None)
    }
}

impl Official for u64 {
    fn official(response: &Response<Self>) -> Value {
        rows(response, Value::Null, Some(*response.value()))
    }
}

impl Official for Written {
    fn official(response: &Response<Self>) -> Value {
        rows(response, Value::Null, response.value().affected)
    }
}
