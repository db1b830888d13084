//! Which conditions a write needs, and what of records cannot be sent.

use super::*;

#[test]
fn a_write_needs_a_condition_that_tests_something() {
    let todo = models().model("todo");
    let done = json!({"done": true});
    for filter in [
        json!({"where": {"$and": []}}),
        json!({"where": {"$or": []}}),
        json!({"where": {"$and": [{}]}}),
        json!({"where": {"$and": [{"$or": [{"$and": []}]}]}}),
        json!({"where": {"$or": [{"title": {"$eq": "x"}}, {}]}}),
        json!({"where": {"$or": [{"title": {"$eq": "x"}}, {"title": {"$nin": []}}]}}),
        json!({"where": {"title": {}}}),
        json!({"where": {"title": {}, "done": {}}}),
        json!({"where": {"title": "x"}}),
        json!({"where": {"title": {"$like": "x"}}}),
        json!({"where": {"title": {"$nin": []}}}),
        json!({"where": {"title": {"$search": ""}}}),
        json!({"where": {"$not": [{"title": {"$eq": "x"}}]}}),
        json!({"where": {}, "relateWhere": {}}),
        json!({"where": {}, "relateWhere": {"c": {"where": {"text": {"$eq": "x"}}}}}),
        json!({"relateWhere": {"c": {"where": {}}}}),
        json!({}),
    ] {
        let given = || Filter::from(filter.clone());
        for operation in [
            todo.update(&done).filter(given()).operation(),
            todo.update_many(&done).filter(given()).operation(),
            todo.upsert().filter(given()).create(&done).operation(),
            todo.delete().filter(given()).operation(),
            todo.delete_many().filter(given()).operation(),
        ] {
            let error = operation.expect_err(&filter.to_string());
            assert_eq!(error.kind(), ErrorKind::Argument);
            assert!(
                error.message().starts_with("`filter` is required"),
                "{error}"
            );
        }
        assert!(
            todo.delete_many()
                .filter(given())
                .all_records()
                .operation()
                .is_ok()
        );
        assert!(todo.list().filter(given()).operation().is_ok());
    }
    let related = || Filter::related("comments", field("text").eq("x"));
    for filter in [Filter::all([]), related(), field("a").not_in([0; 0])] {
        assert!(todo.delete_many().filter(filter).operation().is_err());
    }
    for filter in [
        Filter::all([]).and(field("a").eq(1)),
        related().and(field("a").eq(1)),
        field("a").in_([0; 0]),
        json!({"where": {"$and": [{}, {"title": {"$empty": true}}]}}).into(),
        json!({"where": {"$or": [{"title": {"$eq": null}}, {"a": {"$nsearch": "x"}}]}}).into(),
    ] {
        assert!(todo.delete_many().filter(filter).operation().is_ok());
    }
}

#[test]
fn records_say_what_cannot_be_sent_and_where() {
    let todo = models().model("todo");
    let message = |operation: Result<Operation>| operation.unwrap_err().message().to_owned();
    let records = [json!({"x": 1}), json!(3)];
    assert_eq!(
        message(todo.create_many(&records).operation()),
        "`records` must be a list of structs or maps; `[1]` is neither"
    );
    let nan = std::collections::BTreeMap::from([("x", [0.0, f32::NAN])]);
    let wrong = |argument: &str, place: &str| {
        format!("`{argument}` must hold finite numbers only: `{place}` is NaN")
    };
    assert_eq!(
        message(todo.create(&nan).operation()),
        wrong("record", "x[1]")
    );
    assert_eq!(
        message(todo.create_many(&[&nan]).operation()),
        wrong("records", "[0].x[1]")
    );
    let update = todo.update(&nan).filter(field("a").eq(1)).operation();
    assert_eq!(message(update), wrong("changes", "x[1]"));
    let upsert = todo
        .upsert()
        .filter(field("a").eq(1))
        .create(&nan)
        .operation();
    assert_eq!(message(upsert), wrong("create", "x[1]"));
}

/// A `where` of random conditions, and what each row finds.
#[derive(Clone, Debug)]
enum Tree {
    And(Vec<Tree>),
    Or(Vec<Tree>),
    /// Several tests of one field.
    Field(Vec<(&'static str, Value)>),
}

impl Tree {
    fn json(&self) -> Value {
        let members = |members: &[Tree]| members.iter().map(Tree::json).collect::<Vec<_>>();
        match self {
            Self::And(inner) => json!({ "$and": members(inner) }),
            Self::Or(inner) => json!({ "$or": members(inner) }),
            Self::Field(tests) => {
                let tests: serde_json::Map<_, _> = tests
                    .iter()
                    .map(|(operator, value)| ((*operator).to_owned(), value.clone()))
                    .collect();
                json!({ "f": tests })
            }
        }
    }

    /// Whether a record that fails every test that it can fail passes all the same. An empty `$or`
    /// counts as nothing asked.
    fn lets_pass(&self) -> bool {
        match self {
            Self::And(members) => members.iter().all(Self::lets_pass),
            Self::Or(members) => members.is_empty() || members.iter().any(Self::lets_pass),
            Self::Field(tests) => tests.iter().all(|(operator, value)| match *operator {
                "$nin" => value == &json!([]),
                "$search" => value == "",
                "$like" => true,
                _ => false,
            }),
        }
    }
}

fn tree() -> impl proptest::strategy::Strategy<Value = Tree> {
    use proptest::prelude::*;
    let test = prop::sample::select(vec![
        ("$eq", json!(1)),
        ("$empty", json!(true)),
        ("$in", json!([])),
        ("$nin", json!([])),
        ("$nin", json!([1])),
        ("$search", json!("")),
        ("$search", json!("x")),
        ("$like", json!("x")),
    ]);
    let field = prop::collection::vec(test, 0..3).prop_map(|mut tests| {
        tests.sort_by_key(|(operator, _)| *operator);
        tests.dedup_by_key(|(operator, _)| *operator);
        Tree::Field(tests)
    });
    field.prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Tree::And),
            prop::collection::vec(inner, 0..3).prop_map(Tree::Or),
        ]
    })
}

proptest::proptest! {
    #[test]
    fn only_what_tests_something_is_sent(tree in tree()) {
        let todo = models().model("todo");
        let filter = json!({ "where": tree.json() });
        let operation = todo.delete_many().filter(filter.clone()).operation();
        assert_eq!(operation.is_ok(), !tree.lets_pass(), "{filter}");
        let again = Filter::from(filter).and(Filter::all([]));
        assert_eq!(todo.update(&json!({"a": 1})).filter(again).operation().is_ok(), !tree.lets_pass());
    }
}
