//! Whatever values a condition holds: what is sent reads back as the same condition.
#![no_main]

use std::sync::LazyLock;

use cloudbase_core::Client;
use cloudbase_data::Row;
use cloudbase_data::mysql::{ColumnRef, Filter, Is, MySql, all, any, eq, gt, in_, is, like, neq, not};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;

static MYSQL: LazyLock<MySql> = LazyLock::new(|| {
    let client = Client::builder().env_id("env").endpoint("http://127.0.0.1:1").build();
    MySql::new(client.expect("the settings are valid"))
});

fuzz_target!(|data: &[u8]| {
    let Ok(filter) = tree(&mut Unstructured::new(data), 5) else { return };
    // What cannot be said is refused; everything else comes back.
    let Some(sent) = query(filter) else { return };
    let read = sent.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("select=")).map(|pair| {
        let (key, value) = pair.split_once('=').expect("a pair");
        Filter::parse(&decode(key), &decode(value)).expect("what was written can be read")
    });
    assert_eq!(query(all(read)).as_deref(), Some(sent.as_str()));
});

fn query(filter: Filter) -> Option<String> {
    let operation = MYSQL.from("t").filter::<Row>(filter).operation().ok()?;
    operation.target().query().map(str::to_owned)
}

fn tree(from: &mut Unstructured<'_>, depth: u32) -> Result<Filter> {
    let column = if from.ratio(1, 4)? {
        ColumnRef::literal(from.arbitrary::<String>()?)
    } else {
        ColumnRef::from(*from.choose(&["id", "title", "order", "or", "a b", "users.name"])?)
    };
    Ok(match from.int_in_range(0..=if depth == 0 { 5 } else { 8 })? {
        0 => eq(column, from.arbitrary::<String>()?),
        1 => neq(column, from.arbitrary::<Option<String>>()?),
        2 => gt(column, from.arbitrary::<i64>()?),
        3 => like(column, from.arbitrary::<String>()?),
        4 => in_(column, from.arbitrary::<Vec<String>>()?),
        5 => is(column, *from.choose(&[Is::Null, Is::True, Is::False, Is::Unknown])?),
        6 => not(tree(from, depth - 1)?),
        7 => all(members(from, depth - 1)?),
        _ => any(members(from, depth - 1)?),
    })
}

fn members(from: &mut Unstructured<'_>, depth: u32) -> Result<Vec<Filter>> {
    (0..from.int_in_range(1..=4)?).map(|_| tree(from, depth)).collect()
}

fn decode(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next().expect("a digit"), bytes.next().expect("a digit")];
                let text = std::str::from_utf8(&digits).expect("digits");
                u8::from_str_radix(text, 16).expect("hexadecimal")
            }
            other => other,
        });
    }
    String::from_utf8(out).expect("UTF-8")
}
