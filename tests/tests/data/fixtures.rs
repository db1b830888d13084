//! Sends what the official JavaScript SDK sends.

use cloudbase_core::{Response, Result};
use cloudbase_data::Row;
use cloudbase_data::models::{BatchResult, EnvType, Models, field};
use cloudbase_data::mysql::{Filter, MySql, Select};
use cloudbase_tests::fixtures::{Fixture, Outcome, Replay, Wire};
use serde_json::{Value, json};

use super::differences::DIFFERENCES;
use super::filter_fixtures::{comparison, containment, logic, order, pattern, postgres};
use super::official::Official;

pub(crate) struct Scene {
    pub(crate) replay: Replay,
    pub(crate) mysql: MySql,
    models: Models,
}

impl Scene {
    pub(crate) async fn new(name: &str, wire: Wire) -> Self {
        let replay = Replay::start(Fixture::load("data", name), wire).await;
        let client = replay.signed_in_client().await;
        Self {
            mysql: MySql::new(client.clone()),
            models: Models::new(client),
            replay,
        }
    }

    pub(crate) fn all(&self) -> Select<Row> {
        self.mysql.from("t").select("*")
    }

    /// Makes the call of the next step, and compares what it sent and what became of it.
    pub(crate) async fn step<T: Official>(
        &self,
        step: &str,
        call: impl Future<Output = Result<Response<T>>>,
    ) -> Result<T> {
        let result = call.await;
        let outcome = Outcome::of(&result, Official::official);
        self.replay.assert_step(step, &outcome, &DIFFERENCES);
        result.map(Response::into_value)
    }

    /// As [`step`](Self::step), for a call of a model, whose result has `data`, and for a template
    /// `Data`, too.
    async fn model_step<T>(
        &self,
        step: &str,
        call: impl Future<Output = Result<Response<T>>>,
        data: impl FnOnce(&T) -> Value,
    ) {
        let result = call.await;
        let outcome = Outcome::of(&result, |response| {
            let (data, id) = (data(response.value()), response.request_id());
            json!({ "data": data, "requestId": id, "Data": data, "RequestId": id })
        });
        self.replay.assert_step(step, &outcome, &DIFFERENCES);
    }

    /// Each of these filters is what the next step sends.
    pub(crate) async fn filters(&self, steps: impl IntoIterator<Item = (&str, Filter)>) {
        for (call, filter) in steps {
            let step = format!("db.from('t').select().{call}");
            let select = self.all().filter(filter);
            self.step(&step, select.send_with_meta()).await.unwrap();
        }
    }
}

async fn every_recording(wire: Wire) {
    count(wire).await;
    delete(wire).await;
    comparison(wire).await;
    containment(wire).await;
    logic(wire).await;
    pattern(wire).await;
    insert(wire).await;
    options(wire).await;
    order(wire).await;
    single(wire).await;
    upsert(wire).await;
    postgres(wire).await;
    models(wire).await;
    DIFFERENCES.assert_all_seen();
}

#[tokio::test]
async fn what_is_sent_and_returned_is_what_the_official_sdk_does() {
    every_recording(Wire::Mock).await;
}

#[tokio::test]
async fn what_is_sent_and_returned_is_what_the_official_sdk_does_over_sockets() {
    every_recording(Wire::Sockets).await;
}

async fn count(wire: Wire) {
    let scene = Scene::new("mysql_count", wire).await;
    let count = "db.from('t').select('*', { count: 'exact' })";
    scene
        .step(count, scene.all().with_count().send_with_meta())
        .await
        .unwrap();
    let other = "MySQL knows exact counts only";
    scene
        .replay
        .skip_step("db.from('t').select('*', { count: 'planned' })", other);
    scene
        .replay
        .skip_step("db.from('t').select('*', { count: 'estimated' })", other);
    let head = "db.from('t').select('*', { count: 'exact', head: true })";
    let total = scene.step(head, scene.all().count().send_with_meta()).await;
    assert_eq!(total.unwrap(), 3);
    let nothing = "it returns nothing";
    scene
        .replay
        .skip_step("db.from('t').select('*', { head: true })", nothing);
    let range = "db.from('t').select('*', { count: 'exact' }).range(0, 1)";
    let page = scene.all().range(0, 1).with_count();
    let page = scene.step(range, page.send_with_meta()).await.unwrap();
    assert_eq!(page.total, Some(3));
    scene.replay.assert_done();
}

async fn delete(wire: Wire) {
    let scene = Scene::new("mysql_delete", wire).await;
    let t = || scene.mysql.from("t").delete();
    let deleted = scene.step(
        "db.from('t').delete().eq('id', 1)",
        t().eq("id", 1).send_with_meta(),
    );
    assert_eq!(deleted.await.unwrap().affected, Some(1));
    let returning = t().eq("id", 1).returning::<Row>("*");
    scene
        .step(
            "db.from('t').delete().eq('id', 1).select()",
            returning.send_with_meta(),
        )
        .await
        .unwrap();
    let several = t().in_("id", [1, 2]);
    scene
        .step(
            "db.from('t').delete({ count: 'exact' }).in('id', [1, 2])",
            several.send_with_meta(),
        )
        .await
        .unwrap();
    assert!(t().await.is_err());
    scene.replay.skip_step(
        "db.from('t').delete()",
        "the service rejects it, and so do we",
    );
    scene.replay.assert_done();
}

async fn insert(wire: Wire) {
    let scene = Scene::new("mysql_insert", wire).await;
    let insert = |rows: &Value| scene.mysql.from("t").insert(rows);
    let row = json!({"name": "Ann", "n": 1, "ok": true, "note": null, "meta": {"a": [1]}, "text": "你好 \"x\", (y)"});
    let step = "db.from('t').insert({ name: 'Ann', n: 1";
    let inserted = scene.step(step, insert(&row).send_with_meta()).await;
    assert_eq!(inserted.unwrap().affected, Some(1));
    scene
        .step(
            "db.from('t').insert([{ name: 'Ann' }, ",
            insert(&json!([{"name": "Ann"}, {"name": "Bob", "age": 3}])).send_with_meta(),
        )
        .await
        .unwrap();
    let ann = json!({"name": "Ann"});
    scene
        .step(
            "db.from('t').insert({ name: 'Ann' }).select()",
            insert(&ann).returning::<Row>("*").send_with_meta(),
        )
        .await
        .unwrap();
    scene
        .step(
            "db.from('t').insert({ name: 'Ann' }).select('id, name')",
            insert(&ann).returning::<Row>("id, name").send_with_meta(),
        )
        .await
        .unwrap();
    scene
        .step(
            "db.from('t').insert([{ name: 'Ann' }], { count: 'exact', defaultToNull: false })",
            insert(&json!([ann])).missing_as_default().send_with_meta(),
        )
        .await
        .unwrap();
    assert_eq!(insert(&json!([])).await.unwrap().affected, Some(0));
    scene.replay.skip_step(
        "db.from('t').insert([])",
        "nothing to insert is done at once",
    );
    scene.replay.assert_done();
}

async fn options(wire: Wire) {
    let scene = Scene::new("mysql_options", wire).await;
    let reason = "the path names them here, the recording has headers; the path forms have tests of their own";
    scene.replay.skip_step("db.from('t').select()", reason);
    scene
        .replay
        .skip_step("db.from('t').insert({ a: 1 })", reason);
    scene.replay.assert_done();
}

async fn single(wire: Wire) {
    let scene = Scene::new("mysql_single", wire).await;
    let all = || scene.all();
    let one = || all().eq("id", 1);
    let none = || all().eq("id", 404);
    let step = "db.from('t').select().eq('id', 1).single()";
    let found = scene.step(step, one().single().send_with_meta()).await;
    found.unwrap();
    let step = "db.from('t').select().eq('id', 404).single()";
    let missing = scene.step(step, none().single().send_with_meta()).await;
    assert_eq!(missing.unwrap_err().status().unwrap(), 406);
    let step = "db.from('t').select().eq('id', 1).maybeSingle()";
    let found = scene
        .step(step, one().maybe_single().send_with_meta())
        .await;
    assert!(found.unwrap().is_some());
    let step = "db.from('t').select().eq('id', 404).maybeSingle()";
    let missing = scene
        .step(step, none().maybe_single().send_with_meta())
        .await;
    assert!(missing.unwrap().is_none());
    let step = "db.from('t').select().maybeSingle()";
    let several = scene
        .step(step, all().maybe_single().send_with_meta())
        .await;
    several.unwrap_err();
    scene
        .replay
        .skip_step("db.from('t').select().csv()", "PostgreSQL only");
    let insert = scene.mysql.from("t").insert(&json!({"name": "Ann"}));
    scene
        .step(
            "db.from('t').insert({ name: 'Ann' }).select().single()",
            insert.returning::<Row>("*").single().send_with_meta(),
        )
        .await
        .unwrap();
    scene.replay.assert_done();
}

async fn upsert(wire: Wire) {
    let scene = Scene::new("mysql_upsert", wire).await;
    let upsert = |rows: &Value| scene.mysql.from("t").upsert(rows);
    let ann = json!({"id": 1, "name": "Ann"});
    scene
        .step(
            "db.from('t').upsert({ id: 1, name: 'Ann' })",
            upsert(&ann).send_with_meta(),
        )
        .await
        .unwrap();
    scene
        .step(
            "db.from('t').upsert({ id: 1, name: 'Ann' }, { onConflict: 'id' })",
            upsert(&ann).on_conflict(["id"]).send_with_meta(),
        )
        .await
        .unwrap();
    let two = json!([ann, {"id": 2, "name": "Bob"}]);
    scene
        .step(
            "db.from('t').upsert([",
            upsert(&two)
                .on_conflict(["id", "name"])
                .ignore_duplicates()
                .send_with_meta(),
        )
        .await
        .unwrap();
    scene
        .step(
            "db.from('t').upsert({ id: 1 }, { count: 'exact', defaultToNull: false })",
            upsert(&json!({"id": 1}))
                .missing_as_default()
                .send_with_meta(),
        )
        .await
        .unwrap();
    scene
        .step(
            "db.from('t').upsert({ id: 1, name: 'Ann' }).select()",
            upsert(&ann).returning::<Row>("*").send_with_meta(),
        )
        .await
        .unwrap();
    scene.replay.assert_done();
}

async fn models(wire: Wire) {
    let scene = Scene::new("models_create", wire).await;
    let post = scene.models.model("post");
    let record = json!({"title": "你好", "body": "a \"quoted\" text", "views": 0, "draft": true,
        "tags": ["a", "b"], "meta": {"k": null}});
    let id = |id: &String| json!({ "id": id });
    let create = post.create(&record).send_with_meta();
    let step = "app.models.post.create({ data: { title: '你好'";
    scene.model_step(step, create, id).await;
    let two = json!([{"title": "one"}, {"title": "two"}]);
    let create = post.create_many(&two).send_with_meta();
    let step = "app.models.post.createMany(";
    let ids = |ids: &Vec<String>| json!({ "idList": ids });
    scene.model_step(step, create, ids).await;
    let trial = scene.models.clone().env_type(EnvType::Pre);
    let create = trial.model("post").create(&json!({"title": "x"}));
    let step = "app.models.post.create({ data: { title: 'x' }, envType: 'pre' })";
    scene.model_step(step, create.send_with_meta(), id).await;
    scene.replay.assert_done();

    let scene = Scene::new("models_delete", wire).await;
    let post = scene.models.model("post");
    let delete = post.delete().filter(field("_id").eq("rec-0001"));
    let count = |count: &u64| json!({ "count": count });
    let step = "app.models.post.delete(";
    scene.model_step(step, delete.send_with_meta(), count).await;
    let delete = post.delete_many().filter(field("title").eq("x"));
    let count = |result: &BatchResult| json!({ "count": result.count });
    let step = "app.models.post.deleteMany(";
    scene.model_step(step, delete.send_with_meta(), count).await;
    scene.replay.assert_done();

    let scene = Scene::new("models_run_sql", wire).await;
    let internal =
        "the JS SDK goes by way of an internal function; the HTTP API docs have an endpoint";
    scene.replay.skip_step("app.models.$runSQL(", internal);
    scene.replay.skip_step("app.models.$runSQLRaw(", internal);
    let template = scene.models.sql_template::<Value>("top_posts");
    let template = template
        .parameter("n", 3)
        .parameter("s", "x")
        .parameter("b", true)
        .parameter("a", json!([1]))
        .parameter("o", json!({"k": 1}));
    let step = "app.models.post.runSQLTemplate(";
    let data = |data: &Value| data.clone();
    scene
        .model_step(step, template.send_with_meta(), data)
        .await;
    scene.replay.assert_done();
}
