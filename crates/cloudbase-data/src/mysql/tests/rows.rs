//! What of rows cannot be sent, and how their names are.

use super::*;

#[test]
fn rows_say_what_cannot_be_sent_and_where() {
    let error = |operation: cloudbase_core::Result<Operation>| {
        let error = operation.unwrap_err();
        (error.kind(), error.message().to_owned())
    };
    let number = |x: f64| std::collections::BTreeMap::from([("field_x", x)]);
    let finite = |argument: &str, place: &str| {
        let message = format!("`{argument}` must hold finite numbers only: `{place}` is NaN");
        (ErrorKind::Argument, message)
    };
    let rows = [number(1.0), number(f64::NAN)];
    assert_eq!(
        error(t().insert(&rows[1]).operation()),
        finite("rows", "field_x")
    );
    assert_eq!(
        error(t().insert(&rows).operation()),
        finite("rows", "[1].field_x")
    );
    assert_eq!(
        error(t().upsert(&rows).operation()),
        finite("rows", "[1].field_x")
    );
    let update = t().update(&rows[1]).eq("id", 1).operation();
    assert_eq!(error(update), finite("changes", "field_x"));
    for odd in [
        json!([{"a": 1}, 3]),
        json!([{"a": 1}, [1]]),
        json!([{"a": 1}, null]),
    ] {
        let (kind, message) = error(t().insert(&odd).operation());
        assert_eq!(kind, ErrorKind::Argument);
        assert!(
            message.ends_with("column names and values; `[1]` is neither"),
            "{message}"
        );
    }
    let (_, message) = error(t().delete().lt("price", f64::NEG_INFINITY).operation());
    assert_eq!(
        message,
        "`filter value` must be a finite number (column `price`)"
    );
}

/// `INSERT INTO t () VALUES ()`: a row of no columns is a row, alone and in a list.
#[test]
fn a_row_may_have_no_columns() {
    for rows in [json!({}), json!([{}]), json!([{}, {"a": 1}])] {
        for operation in [t().insert(&rows).operation(), t().upsert(&rows).operation()] {
            let operation = operation.unwrap();
            let sent: serde_json::Value =
                serde_json::from_slice(operation.body_bytes().unwrap()).unwrap();
            assert_eq!(sent, rows);
        }
    }
}

#[test]
fn a_name_that_looks_like_something_else_is_quoted_or_explained() {
    const DOTTED: Column<i64> = Column::new(":col.name");
    let read = || t().select::<Row>("*");
    let error = read().order(asc(":col.name")).operation().unwrap_err();
    assert!(
        error
            .message()
            .contains("the column `name` of the relation `:col`"),
        "{error}"
    );
    for order in [DOTTED.asc(), asc(r#"":col.name""#)] {
        let target = read()
            .order(order)
            .operation()
            .unwrap()
            .target()
            .to_string();
        assert!(target.ends_with("order=%22%3Acol.name%22.asc"), "{target}");
    }
    let columns = Columns::new().column("a->b").column_as("c->d", "e");
    let target = t()
        .select::<Row>(columns)
        .operation()
        .unwrap()
        .target()
        .to_string();
    assert!(
        target.ends_with("select=%22a-%3Eb%22%2C%22c-%3Ed%22%3Ae"),
        "{target}"
    );
}
