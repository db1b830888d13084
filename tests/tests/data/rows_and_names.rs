//! Rows of no columns, columns of odd names, rows of templates, half an upsert: what is written down first
//! works against the gateway.

use cloudbase_data::Row;
use cloudbase_data::models::field;
use cloudbase_data::mysql::{Column, Columns, asc};
use cloudbase_emulator::Emulator;
use serde_json::json;

use crate::support::{library, models, mysql};

const ODD_NAMES: &str = "CREATE TABLE odd (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, `:col.name` INT DEFAULT 7, `a->b` INT);";

async fn start() -> Emulator {
    let todo = json!({"name": "todo", "permission": "OPEN", "schema": {"type": "object", "properties": {
        "title": {"type": "string"}}}});
    library()
        .schema_sql(ODD_NAMES)
        .model(todo)
        .sql_template(
            "long_books",
            "SELECT title FROM books WHERE pages > {{ n }}",
        )
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_row_of_no_columns_has_their_defaults() {
    let emulator = start().await;
    let mysql = mysql(&emulator);
    for rows in [json!({}), json!([{}]), json!([{}, {}])] {
        let written = mysql.from("odd").insert(&rows).await.unwrap();
        let number = rows.as_array().map_or(1, Vec::len) as u64;
        assert_eq!(written.affected, Some(number), "{rows}");
    }
    let rows: Vec<Row> = mysql.from("odd").order(asc("id")).await.unwrap();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0].get::<i64>(":col.name").unwrap(), 7);
    let insert = mysql.from("odd").insert(&json!({})).returning::<Row>("*");
    let (written, rows) = insert.send_with_written().await.unwrap().into_value();
    assert_eq!((written.affected, rows.len()), (Some(1), 1));
    emulator.shutdown().await;
}

#[tokio::test]
async fn odd_names_are_names() {
    const COLON: Column<i64> = Column::new(":col.name");
    let emulator = start().await;
    let mysql = mysql(&emulator);
    let rows = json!([{":col.name": 2, "a->b": 1}, {":col.name": 1, "a->b": 2}]);
    mysql.from("odd").insert(&rows).await.unwrap();
    let columns = Columns::new().column("a->b").column(":col.name");
    let rows: Vec<Row> = mysql
        .from("odd")
        .select(columns)
        .filter(COLON.lte(2))
        .order(COLON.asc())
        .await
        .unwrap();
    let values: Vec<i64> = rows.iter().map(|row| row.get("a->b").unwrap()).collect();
    assert_eq!(values, [2, 1]);
    emulator.shutdown().await;
}

#[tokio::test]
async fn models_take_what_their_pages_show() {
    let emulator = start().await;
    let models = models(&emulator);
    let books: Vec<Row> = models
        .sql_template("long_books")
        .parameter("n", 100)
        .await
        .unwrap();
    assert_eq!(books.len(), 2);
    let null = models.mysql_command("SELECT {{ n }} IS NULL AS n");
    let rows = null.parameter("n", None::<i64>).await.unwrap().rows;
    assert_eq!(rows[0].get::<i64>("n").unwrap(), 1);

    let todo = models.model("todo");
    let k1 = || todo.upsert().filter(field("_id").eq("k1"));
    let nothing = k1().update(&json!({"title": "a"})).await.unwrap();
    assert_eq!((nothing.count, nothing.id), (0, None));
    let created = k1().create(&json!({"_id": "k1", "title": "a"})).await;
    assert_eq!(created.unwrap().id.as_deref(), Some("k1"));
    let any = todo.update(&json!({"title": "b"})).any_record().await;
    assert_eq!(any.unwrap(), 1);

    let tables = models.data_sources().table_names("todo").await.unwrap();
    assert_eq!(tables.names, ["todo", "todo_preview"]);
    assert_eq!(tables.db_type.as_deref(), Some("MYSQL"));
    let all = models.data_sources().all_table_names().await.unwrap();
    assert_eq!(all.names, tables.names);
    emulator.shutdown().await;
}
