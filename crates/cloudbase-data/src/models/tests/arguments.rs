//! What is rejected before anything is sent.

use super::*;

#[test]
fn bad_arguments_are_rejected_before_anything_is_sent() {
    let todo = models().model("todo");
    let rejected = |operation: Result<Operation>, rule: &str| {
        let error = operation.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
        assert!(error.message().contains(rule), "{error}");
        assert!(error.operation().starts_with("models."), "{error}");
        assert!(error.to_string().starts_with("invalid argument: `"));
    };
    rejected(
        models().model("plugin").list().operation(),
        "`plugin` or `datasource`",
    );
    rejected(
        models().model("").list().operation(),
        "`model` must not be empty",
    );
    rejected(todo.get_by_id("").operation(), "`id` must not be empty");
    rejected(
        todo.list().page(0, 10).operation(),
        "`page number` must be at least 1",
    );
    rejected(
        todo.list().page(1, 201).operation(),
        "`page size` must be 1 to 200",
    );
    rejected(
        todo.list_simple().page(1, 0).operation(),
        "`page size` must be 1 to 200",
    );
    let keys = ["a", "b", "c", "d"]
        .into_iter()
        .fold(todo.list(), |list, key| list.order(asc(key)));
    rejected(keys.operation(), "`order` must have at most 3 keys");
    rejected(
        todo.list().order(asc("a").nulls_first()).operation(),
        "where nulls go",
    );
    rejected(
        todo.create(&json!([])).operation(),
        "`record` must be a struct or map",
    );
    rejected(
        todo.create(&json!({})).operation(),
        "`record` must have at least one field",
    );
    rejected(
        todo.create_many(&json!({})).operation(),
        "`records` must be a list",
    );
    rejected(
        todo.create_many(&json!([])).operation(),
        "`records` must have at least one record",
    );
    rejected(
        todo.create_many(&json!([{"a": 1}, {}])).operation(),
        "`records` must have at least one field each; `[1]` has none",
    );
    rejected(
        todo.list().select(json!(["title"])).operation(),
        "`select` must be a JSON object",
    );
    let inner = Fields::from(json!(true));
    rejected(
        todo.get()
            .select(Fields::master().relation("a", inner))
            .operation(),
        "`select` must be a JSON object",
    );
    rejected(
        todo.upsert().filter(field("a").eq(1)).operation(),
        "`upsert` needs",
    );
    rejected(
        models().mysql_command(" ").operation(),
        "`sql` must not be empty",
    );
    let sql = || models().mysql_command("SELECT 1");
    rejected(
        sql().parameter("", 1).operation(),
        "`parameter` must have a name",
    );
    rejected(
        sql().parameter("a", 1).parameter("a", 2).operation(),
        "`parameter` is given twice",
    );
    rejected(
        sql().parameter("a", f64::NAN).operation(),
        "`parameter` must be finite",
    );
    for limit in [0, 31] {
        let limit = std::time::Duration::from_secs(limit);
        rejected(
            sql().sql_timeout(limit).operation(),
            "`sql_timeout` must be 1 to 30",
        );
    }
    let sources = models().data_sources();
    rejected(
        sources.basic(DataSourceKey::name("")).operation(),
        "must have an id or a name",
    );
    rejected(
        sources.by_table_names::<&str>([]).operation(),
        "at least one table",
    );
    rejected(
        sources.aggregate_list(0).operation(),
        "`page size` must be at least 1",
    );
    let empty: [&str; 0] = [];
    rejected(
        sources
            .basic_list()
            .filter(QueryFilter::new("Name", empty))
            .operation(),
        "at least one value",
    );
}
