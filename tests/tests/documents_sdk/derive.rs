//! `#[derive(Fields)]`: what it makes of fields, and of structs within structs.

use cloudbase_data::Fields;
use cloudbase_data::documents::{Filter, Update, elem_match, eq, gt, inc, set};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Fields, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct Todo {
    #[serde(rename = "_id")]
    id: String,
    done: bool,
    due_at: Option<i64>,
    tags: Vec<String>,
    owner: Owner,
    helpers: Option<Vec<Owner>>,
    r#type: String,
    #[fields(rename = "n o")]
    odd: u8,
    #[serde(skip)]
    seen: u32,
    #[fields(skip)]
    cache: Vec<u8>,
}

#[derive(Deserialize, Fields, Serialize)]
struct Owner {
    name: String,
    address: Address,
}

#[derive(Deserialize, Fields, Serialize)]
struct Address {
    zip: Option<i32>,
}

/// By way of the umbrella crate, which is all that most programs depend on.
mod umbrella {
    use cloudbase::documents::eq;
    use cloudbase::prelude::*;

    #[derive(Fields)]
    #[allow(dead_code)]
    struct Todo {
        done: bool,
    }

    #[test]
    fn the_derive_needs_no_other_crate() {
        assert_eq!(Todo::DONE.eq(true), eq("done", true));
    }
}

#[test]
fn fields_are_typed_constants() {
    let filters: [(Filter, Filter); 7] = [
        (Todo::ID.eq("a"), eq("_id", "a")),
        (Todo::DONE.eq(false), eq("done", false)),
        (Todo::DUE_AT.gt(5), gt("dueAt", 5_i64)),
        (Todo::DUE_AT.is_null(), eq("dueAt", None::<i64>)),
        (Todo::TAGS.contains("a"), eq("tags", "a")),
        (Todo::TYPE.eq("x"), eq("type", "x")),
        (Todo::ODD.eq(1), eq("n o", 1)),
    ];
    for (typed, named) in filters {
        assert_eq!(typed, named);
    }
    let update: Update = Todo::DONE.set(true) + Todo::DUE_AT.inc(1);
    assert_eq!(update, set("done", true) + inc("dueAt", 1_i64));
}

#[test]
fn structs_within_have_their_fields_as_methods() {
    assert_eq!(Todo::OWNER.name().eq("Lin"), eq("owner.name", "Lin"));
    assert_eq!(
        Todo::OWNER.address().zip().gt(5),
        gt("owner.address.zip", 5)
    );
    assert_eq!(Todo::HELPERS.name().eq("Lin"), eq("helpers.name", "Lin"));
    assert_eq!(Todo::OWNER.nested::<i32>("n").eq(1), eq("owner.n", 1));
    assert_eq!(
        elem_match(Todo::HELPERS, Owner::NAME.eq("Lin")),
        elem_match("helpers", eq("name", "Lin"))
    );
}
