//! Sends what the official JavaScript SDK sends. It names single documents by a condition, so these calls do too.

use cloudbase_core::{Response, Result, Timestamp};
use cloudbase_data::Documents;
use cloudbase_data::documents::{
    Added, AddedMany, Collection, Document, GeoPoint, Push, Query, Removed, Update, Updated,
    add_to_set, asc, desc, element, eq, inc, max, merge, min, mul, pop, pull, pull_all, pull_where,
    push, push_all, remove, rename, server_date, set, shift, unshift,
};
use cloudbase_tests::fixtures::{Fixture, Outcome, Replay, Wire};
use serde::Serialize;
use serde_json::{Value, json};

use super::differences::DIFFERENCES;

struct Scene {
    replay: Replay,
    fixture: Fixture,
    documents: Documents,
}

impl Scene {
    async fn new(name: &str, wire: Wire) -> Self {
        let fixture = Fixture::load("data", name);
        let replay = Replay::start(fixture.clone(), wire).await;
        let documents = Documents::new(replay.signed_in_client().await);
        Self {
            replay,
            fixture,
            documents,
        }
    }

    /// Makes the call of the next step, and compares what it sent and what became of it.
    async fn step<T>(
        &self,
        step: &str,
        call: impl Future<Output = Result<Response<T>>>,
        value: impl FnOnce(&T) -> Value,
    ) -> Option<T> {
        let result = call.await;
        let outcome = Outcome::of(&result, |response| {
            let mut value = value(response.value());
            value["requestId"] = json!(response.request_id());
            value
        });
        self.replay.assert_step(step, &outcome, &DIFFERENCES);
        result.ok().map(Response::into_value)
    }
}

impl Scene {
    /// As [`step`](Self::step) for a call whose result is another kind of value there: compares what it sent.
    async fn sent<T>(&self, at: usize, call: impl Future<Output = Result<Response<T>>>) -> T {
        let value = call.await.unwrap().into_value();
        let step = &self.fixture.steps[at];
        let outcome = Outcome::of(&Ok(()), |()| step.result.clone());
        self.replay.assert_step(&step.call, &outcome, &DIFFERENCES);
        value
    }
}

fn id(added: &Added) -> Value {
    json!({ "id": added.id })
}

fn ids(added: &AddedMany) -> Value {
    json!({ "ids": added.ids })
}

fn changed(updated: &Updated) -> Value {
    json!({ "updated": updated.updated, "upsertId": updated.upserted_id })
}

fn gone(removed: &Removed) -> Value {
    json!({ "deleted": removed.deleted })
}

/// Documents as JavaScript has them: numbers without types.
#[expect(clippy::ptr_arg, reason = "what a call returns is a `Vec`")]
fn data(documents: &Vec<Document>) -> Value {
    let plain = |document: &Document| {
        let text = serde_json::to_string(document).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()
    };
    json!({ "data": documents.iter().map(plain).collect::<Vec<_>>() })
}

fn total(total: &u64) -> Value {
    json!({ "total": total })
}

async fn every_recording(wire: Wire) {
    additions(wire).await;
    reads(wire).await;
    updates(wire).await;
    removals(wire).await;
    transactions(wire).await;
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

async fn additions(wire: Wire) {
    #[derive(Serialize)]
    struct Hello {
        title: &'static str,
        n: i32,
        big: i64,
        f: f64,
        ok: bool,
        none: Option<i32>,
        at: Timestamp,
        tags: [&'static str; 2],
        sub: Value,
    }
    let scene = Scene::new("document_add", wire).await;
    let todos = scene.documents.collection("todos");
    let hello = Hello {
        title: "hello",
        n: 1,
        big: 3_000_000_000,
        f: 1.5,
        ok: true,
        none: None,
        at: "2024-01-02T03:04:05Z".parse().unwrap(),
        tags: ["a", "b"],
        sub: json!({ "k": "你好" }),
    };
    let add = "db.collection('todos').add(";
    scene
        .step(add, todos.add(&hello).send_with_meta(), id)
        .await;
    let own = json!({ "_id": "my-id", "title": "hello" });
    scene.step(add, todos.add(&own).send_with_meta(), id).await;
    let two = [json!({ "title": "a" }), json!({ "title": "b" })];
    scene
        .step(add, todos.add_many(&two).send_with_meta(), ids)
        .await;
    #[derive(Serialize)]
    struct Place<At> {
        place: GeoPoint,
        at: At,
    }
    let place = Place {
        place: GeoPoint::new(113.3, 23.1),
        at: server_date().later(std::time::Duration::from_secs(1)),
    };
    scene
        .step(add, todos.add(&place).send_with_meta(), id)
        .await;
    scene.replay.skip_step(
        "db.collection('todos').doc('doc-0001').set({ title: 'replaced' })",
        "it merges; ours replaces, by the path of the document",
    );
    scene.replay.assert_done();
}

async fn reads(wire: Wire) {
    let scene = Scene::new("document_get", wire).await;
    let todos = scene.documents.collection("todos");
    let one = || todos.filter(eq("_id", "doc-0001")).get::<Document>();
    let doc = "db.collection('todos').doc('doc-0001')";
    scene.step(doc, one().send_with_meta(), data).await;
    scene
        .step(doc, one().fields(["title"]).send_with_meta(), data)
        .await;
    let all = todos.get::<Document>();
    scene
        .step("db.collection('todos').get()", all.send_with_meta(), data)
        .await;
    let some = todos
        .filter(eq("title", "hello") & eq("done", false))
        .order_by::<Document>(desc("createdAt"))
        .order_by(asc("title"))
        .skip(20)
        .limit(10)
        .fields(Document::from_iter([("title", true), ("_id", false)]));
    scene
        .step("db.collection('todos').where(", some.send_with_meta(), data)
        .await;
    let count = "db.collection('todos').count()";
    scene
        .step(count, todos.count().send_with_meta(), total)
        .await;
    let some = todos.filter(eq("done", false)).count();
    scene
        .step(
            "db.collection('todos').where(",
            some.send_with_meta(),
            total,
        )
        .await;
    let chinese = scene
        .documents
        .collection("我的")
        .filter(eq("标题", "你好"));
    let chinese = chinese.get::<Document>().send_with_meta();
    scene.step("db.collection('我的')", chinese, data).await;
    for (name, call) in [
        ("missing", "db.collection('missing').get()"),
        ("secret", "db.collection('secret').get()"),
    ] {
        let get = scene.documents.collection(name).get::<Document>();
        scene.step(call, get.send_with_meta(), data).await;
    }
    scene.replay.assert_done();
}

async fn updates(wire: Wire) {
    let scene = Scene::new("document_update", wire).await;
    let t = scene.documents.collection("t");
    let one = || t.filter(eq("_id", "doc-0001"));
    let doc = "db.collection('t').doc('doc-0001').update(";
    let change = async |update: Update| {
        let call = one().update(update).first_only();
        scene.step(doc, call.send_with_meta(), changed).await;
    };
    change(merge(
        &json!({ "title": "new", "sub": { "k": 1 }, "a.b": 2 }),
    ))
    .await;
    let all = t.filter(eq("done", false)).update(set("done", true));
    scene
        .step("db.collection('t').where(", all.send_with_meta(), changed)
        .await;
    change(inc("n", 1)).await;
    change(mul("n", 2)).await;
    change(set("sub", json!({ "k": 1 }))).await;
    change(remove("n")).await;
    change(min("n", 1)).await;
    change(max("n", 9)).await;
    change(rename("n", "m")).await;
    change(push("tags", "a")).await;
    change(push_all("tags", ["a", "b"])).await;
    change(push_all(
        "tags",
        Push::new(["a"]).position(1).sort_ascending().slice(3),
    ))
    .await;
    change(pop("tags")).await;
    change(shift("tags")).await;
    change(unshift("tags", "a")).await;
    change(pull("tags", "a")).await;
    change(pull_where("tags", element::<String>().in_(["a", "b"]))).await;
    change(pull_all("tags", ["a", "b"])).await;
    change(add_to_set("tags", "a")).await;
    // Theirs sends what it is given, which the database takes for one object; so would ours.
    change(add_to_set("tags", json!({ "each": ["a", "b"] }))).await;
    let when: Timestamp = "2024-01-02T03:04:05Z".parse().unwrap();
    change(set("at", server_date()) + set("when", when)).await;
    scene.replay.assert_done();
}

async fn removals(wire: Wire) {
    let scene = Scene::new("document_remove", wire).await;
    let t = scene.documents.collection("t");
    let one = t.filter(eq("_id", "doc-0001")).remove().first_only();
    scene
        .step(
            "db.collection('t').doc('doc-0001').remove()",
            one.send_with_meta(),
            gone,
        )
        .await;
    let all = t.filter(eq("done", true)).remove();
    scene
        .step("db.collection('t').where(", all.send_with_meta(), gone)
        .await;
    scene.replay.assert_done();
}

async fn transactions(wire: Wire) {
    fn one(t: &Collection) -> Query {
        t.filter(json!({ "_id": { "$eq": "doc-0001" } }))
    }
    let scene = Scene::new("document_transaction", wire).await;
    let start = || scene.documents.start_transaction().send_with_meta();
    let tx = scene.sent(0, start()).await;
    let t = tx.collection("t");
    let get = t.doc("doc-0001").get::<Document>();
    scene.sent(1, get.send_with_meta()).await;
    let add = t.add(&json!({ "title": "x", "n": 1 }));
    scene.sent(2, add.send_with_meta()).await;
    let update = one(&t).update(inc("n", 1) + set("title", "y"));
    scene.sent(3, update.first_only().send_with_meta()).await;
    scene.replay.skip_step(
        "transaction.collection('t').doc('doc-0001').set(",
        "it merges; ours replaces, by the path of the document",
    );
    scene
        .sent(5, one(&t).remove().first_only().send_with_meta())
        .await;
    let some = t.filter(eq("title", "x")).get::<Value>();
    scene.sent(6, some.send_with_meta()).await;
    scene.sent(7, tx.commit().send_with_meta()).await;
    let tx = scene.sent(8, start()).await;
    scene.sent(9, tx.rollback().send_with_meta()).await;
    let done = scene.documents.transaction(|tx| async move {
        tx.collection("t").doc("doc-0001").get::<Document>().await?;
        Ok("done")
    });
    let outcome = Outcome::of(&done.await, |done| json!(done));
    scene
        .replay
        .assert_step("db.runTransaction(", &outcome, &DIFFERENCES);
    scene.replay.skip_step(
        "db.runTransaction(",
        "an error of the work is the user's own",
    );
    scene.replay.assert_done();
}
