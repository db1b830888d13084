//! What is sent again and what is not: no write happens twice behind the caller's back.

use cloudbase_core::ErrorKind;
use cloudbase_data::Row;
use cloudbase_data::models::field;
use cloudbase_emulator::Fault;
use serde_json::json;

use crate::support::{library, models, mysql};

#[tokio::test]
async fn a_lost_response_to_an_insert_is_an_error_and_one_row() {
    let emulator = library().start().await.unwrap();
    let mysql = mysql(&emulator);
    emulator.faults().add(
        Fault::on("POST /v1/rdb/rest/books")
            .times(1)
            .lose_response(),
    );
    let error = mysql
        .from("books")
        .insert(&json!({"title": "once"}))
        .await
        .unwrap_err();
    assert!(error.was_sent() && !error.is_retryable(), "{error}");
    assert_eq!(error.attempts(), 1);
    assert_eq!(
        mysql
            .from("books")
            .count()
            .eq("title", "once")
            .await
            .unwrap(),
        1
    );
    emulator.shutdown().await;
}

#[tokio::test]
async fn reads_upserts_and_deletes_survive_a_lost_response() {
    let emulator = library().start().await.unwrap();
    let mysql = mysql(&emulator);
    let lose = |on: &str| {
        emulator
            .faults()
            .add(Fault::on(on).times(1).lose_response())
    };

    lose("GET /v1/rdb/rest/books");
    let response = mysql
        .from("books")
        .select::<Row>("*")
        .send_with_meta()
        .await
        .unwrap();
    assert_eq!((response.attempts(), response.value().len()), (2, 4));

    lose("HEAD /v1/rdb/rest/books");
    assert_eq!(mysql.from("books").count().await.unwrap(), 4);

    lose("POST /v1/rdb/rest/authors");
    mysql
        .from("authors")
        .upsert(&json!({"id": 7, "name": "New"}))
        .await
        .unwrap();
    assert_eq!(
        mysql
            .from("authors")
            .count()
            .eq("name", "New")
            .await
            .unwrap(),
        1
    );

    lose("DELETE /v1/rdb/rest/books");
    let written = mysql.from("books").delete().eq("id", 4).await.unwrap();
    // The second attempt found nothing left, and says so.
    assert_eq!(written.affected, Some(0));
    assert_eq!(mysql.from("books").count().await.unwrap(), 3);
    emulator.shutdown().await;
}

#[tokio::test]
async fn updates_and_limited_deletes_are_not_repeated() {
    let emulator = library().start().await.unwrap();
    let mysql = mysql(&emulator);
    emulator.faults().add(
        Fault::on("PATCH /v1/rdb/rest/books")
            .times(1)
            .lose_response(),
    );
    let update = || mysql.from("books").update(&json!({"pages": 1})).eq("id", 1);
    assert_eq!(update().await.unwrap_err().attempts(), 1);
    emulator.faults().add(
        Fault::on("PATCH /v1/rdb/rest/books")
            .times(1)
            .lose_response(),
    );
    assert_eq!(
        update()
            .idempotent(true)
            .send_with_meta()
            .await
            .unwrap()
            .attempts(),
        2
    );

    emulator.faults().add(
        Fault::on("DELETE /v1/rdb/rest/books")
            .times(1)
            .lose_response(),
    );
    mysql
        .from("books")
        .delete()
        .gt("id", 0)
        .limit(1)
        .await
        .unwrap_err();
    assert_eq!(mysql.from("books").count().await.unwrap(), 3);
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_denial_with_401_is_neither_refreshed_nor_repeated() {
    let emulator = library().start().await.unwrap();
    let mysql = mysql(&emulator);
    let models = models(&emulator);
    emulator
        .faults()
        .add(Fault::on("* /v1/*").status(401, "PERMISSION_DENIED"));
    let error = mysql.from("books").select::<Row>("*").await.unwrap_err();
    assert!(
        error.is_permission_denied() && !error.is_unauthenticated(),
        "{error}"
    );
    let error = models.model("todo").get_by_id("x").await.unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    assert_eq!(emulator.requests().all().len(), 2);
    emulator.shutdown().await;
}

#[tokio::test]
async fn one_of_many_records_is_removed_once() {
    let model = json!({"name": "todo", "permission": "OPEN", "schema":
        {"type": "object", "properties": {"title": {"type": "string"}}}});
    let emulator = library().model(model).start().await.unwrap();
    let todo = models(&emulator).model("todo");
    todo.create_many(&[json!({"title": "x"}), json!({"title": "x"})])
        .await
        .unwrap();
    emulator.faults().add(
        Fault::on("POST /v1/model/prod/todo/delete")
            .times(1)
            .lose_response(),
    );
    let error = todo
        .delete()
        .filter(field("title").eq("x"))
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Reset, 1));
    assert_eq!(todo.list().with_total().await.unwrap().total, Some(1));

    emulator.faults().add(
        Fault::on("POST /v1/model/prod/todo/create")
            .times(1)
            .lose_response(),
    );
    todo.create(&json!({"title": "y"})).await.unwrap_err();
    assert_eq!(todo.list().with_total().await.unwrap().total, Some(2));

    emulator.faults().add(
        Fault::on("POST /v1/model/prod/todo/list")
            .times(2)
            .status(503, "RESOURCE_UNAVAILABLE"),
    );
    assert_eq!(todo.list().send_with_meta().await.unwrap().attempts(), 3);
    emulator.shutdown().await;
}
