//! Sends what the official JavaScript SDK sends.

use cloudbase_data::Row;
use cloudbase_data::models::{EnvType, Models, field};
use cloudbase_data::mysql::postgres::{
    Collection, TextSearch, contained_by, contains, ilike_all_of, ilike_any_of, like_all_of,
    like_any_of, overlaps, range_adjacent, range_gt, range_gte, range_lt, range_lte, text_search,
};
use cloudbase_data::mysql::{
    Filter, Is, MySql, Related, Select, all, any, asc, desc, eq, gt, gte, ilike, in_, is,
    is_not_null, like, lt, lte, neq, not,
};
use cloudbase_tests::fixtures::{Difference, Fixture, Needed, Replay};
use serde_json::{Value, json};

const PATH: &str = "instance and database are told by the path, as the HTTP API docs say today";
const LIST: &str =
    "the column names are those of the rows anyway, and the HTTP API docs do not have them";
const COUNT: &str = "a write tells how many rows it changed without being asked";

/// What this SDK does differently, and why.
const TABLE: &[Difference] = &[
    Difference::new("* /v1/rdb/rest/*", "header.accept-profile missing", PATH),
    Difference::new("* /v1/rdb/rest/*", "header.content-profile missing", PATH),
    Difference::new("* /v1/rdb/rest/*", "header.x-db-instance missing", PATH),
    Difference::new("POST /v1/rdb/rest/t", "query.columns missing", LIST),
    Difference::new("POST /v1/rdb/rest/t", "header.prefer value", COUNT),
    Difference::new("DELETE /v1/rdb/rest/t", "header.prefer missing", COUNT),
    Difference::new(
        "GET /v1/rdb/rest/t",
        "query.note value",
        "`eq.null` compares with the text; null needs `is`",
    ),
    Difference::new(
        "GET /v1/rdb/rest/t",
        "query.tags value",
        "an element with a comma is quoted, else it is two",
    ),
    Difference::new(
        "GET /v1/rdb/rest/t",
        "query.name value",
        "a pattern with a comma is quoted, else it is two",
    ),
    Difference::new(
        "GET /v1/rdb/rest/t",
        "query.limit extra",
        "two rows are enough to know that there are several",
    ),
    Difference::new(
        "POST /v1/model/pre/post/create",
        "body.envType missing",
        "it is in the path",
    ),
];

struct Scene<'a> {
    replay: Replay,
    mysql: MySql,
    models: Models,
    needed: &'a Needed,
}

impl<'a> Scene<'a> {
    fn new(name: &str, needed: &'a Needed) -> Self {
        let replay = Replay::new(Fixture::load("data", name));
        let client = replay.client_with(|builder| builder.access_key("key"));
        Self {
            mysql: MySql::new(client.clone()),
            models: Models::new(client),
            replay,
            needed,
        }
    }

    fn all(&self) -> Select<Row> {
        self.mysql.from("t").select("*")
    }

    /// The step whose call begins like this sends what was just sent.
    #[track_caller]
    fn step(&self, call: &str) {
        self.replay.assert_step(call, TABLE, self.needed);
    }

    /// Each of these filters is what the next step sends.
    async fn filters(&self, steps: impl IntoIterator<Item = (&str, Filter)>) {
        for (call, filter) in steps {
            self.all().filter(filter).await.unwrap();
            self.step(&format!("db.from('t').select().{call}"));
        }
    }
}

/// Every scenario, so that the table can be checked for entries that none of them needs.
#[tokio::test]
async fn what_is_sent_is_what_the_official_sdk_sends() {
    let needed = Needed::default();
    count(&needed).await;
    delete(&needed).await;
    comparison(&needed).await;
    containment(&needed).await;
    logic(&needed).await;
    pattern(&needed).await;
    insert(&needed).await;
    options(&needed).await;
    order(&needed).await;
    single(&needed).await;
    upsert(&needed).await;
    postgres(&needed).await;
    models(&needed).await;
    needed.assert_all(TABLE);
}

async fn count(needed: &Needed) {
    let scene = Scene::new("mysql_count", needed);
    scene.all().with_count().await.unwrap();
    scene.step("db.from('t').select('*', { count: 'exact' })");
    let other = "MySQL knows exact counts only";
    scene
        .replay
        .skip_step("db.from('t').select('*', { count: 'planned' })", other);
    scene
        .replay
        .skip_step("db.from('t').select('*', { count: 'estimated' })", other);
    assert_eq!(scene.all().count().await.unwrap(), 3);
    scene.step("db.from('t').select('*', { count: 'exact', head: true })");
    scene.replay.skip_step(
        "db.from('t').select('*', { head: true })",
        "it answers nothing",
    );
    let page = scene.all().range(0, 1).with_count().await.unwrap();
    assert_eq!(page.total, Some(3));
    scene.step("db.from('t').select('*', { count: 'exact' }).range(0, 1)");
    scene.replay.assert_done();
}

async fn delete(needed: &Needed) {
    let scene = Scene::new("mysql_delete", needed);
    let t = || scene.mysql.from("t").delete();
    assert_eq!(t().eq("id", 1).await.unwrap().affected, Some(1));
    scene.step("db.from('t').delete().eq('id', 1)");
    t().eq("id", 1).returning::<Row>("*").await.unwrap();
    scene.step("db.from('t').delete().eq('id', 1).select()");
    t().in_("id", [1, 2]).await.unwrap();
    scene.step("db.from('t').delete({ count: 'exact' }).in('id', [1, 2])");
    assert!(t().await.is_err());
    scene.replay.skip_step(
        "db.from('t').delete()",
        "the service refuses it, and so do we",
    );
    scene.replay.assert_done();
}

async fn comparison(needed: &Needed) {
    let scene = Scene::new("mysql_filter_comparison", needed);
    scene
        .filters([
            ("eq('id', 1)", eq("id", 1)),
            ("eq('name', 'Ann')", eq("name", "Ann")),
            ("eq('done', true)", eq("done", true)),
            ("eq('note', null)", eq("note", None::<String>)),
            ("eq('price', 1.50)", eq("price", 1.50)),
            ("eq('at', ", eq("at", "2024-01-02T03:04:05.000Z")),
            ("neq('id', 1)", neq("id", 1)),
            ("gt('id', 1)", gt("id", 1)),
            ("gte('id', 1)", gte("id", 1)),
            ("lt('id', 1)", lt("id", 1)),
            ("lte('id', -1)", lte("id", -1)),
            (
                "gte('id', 1).lt('id', 9).neq('id', 5)",
                all([gte("id", 1), lt("id", 9), neq("id", 5)]),
            ),
        ])
        .await;
    scene.replay.assert_done();
}

async fn containment(needed: &Needed) {
    let scene = Scene::new("mysql_filter_containment", needed);
    let span = || Collection::range("[1,2)");
    scene
        .filters([
            (
                "contains('tags', ['a', 'b,c'])",
                contains("tags", ["a", "b,c"]),
            ),
            (
                "contains('meta',",
                contains("meta", Collection::json(&json!({"k": "v", "n": {"a": 1}}))),
            ),
            ("contains('span',", contains("span", span())),
            ("containedBy('tags',", contained_by("tags", ["a", "b"])),
            (
                "containedBy('meta',",
                contained_by("meta", Collection::json(&json!({"k": "v"}))),
            ),
            ("overlaps('tags',", overlaps("tags", ["a", "b"])),
            ("overlaps('span',", overlaps("span", span())),
            ("rangeGt(", range_gt("span", "[1,2)")),
            ("rangeGte(", range_gte("span", "[1,2)")),
            ("rangeLt(", range_lt("span", "[1,2)")),
            ("rangeLte(", range_lte("span", "[1,2)")),
            ("rangeAdjacent(", range_adjacent("span", "[1,2)")),
            (
                "textSearch('body', \"'fat'",
                text_search("body", "'fat' & 'cat'", TextSearch::Query, None),
            ),
            (
                "textSearch('body', 'fat cat', { type: 'plain'",
                text_search("body", "fat cat", TextSearch::Plain, Some("english")),
            ),
            (
                "textSearch('body', 'fat cat', { type: 'phrase'",
                text_search("body", "fat cat", TextSearch::Phrase, None),
            ),
            (
                "textSearch('body', 'fat or cat'",
                text_search("body", "fat or cat", TextSearch::WebSearch, None),
            ),
        ])
        .await;
    scene.replay.assert_done();
}

async fn logic(needed: &Needed) {
    let scene = Scene::new("mysql_filter_logic", needed);
    let either = || any([eq("id", 1), eq("name", "Ann")]);
    scene
        .filters([
            (
                "match({ id: 1, name: 'Ann' })",
                all([eq("id", 1), eq("name", "Ann")]),
            ),
            ("not('note', 'is', null)", is_not_null("note")),
            ("not('id', 'in', '(1,2,3)')", not(in_("id", [1, 2, 3]))),
            ("not('name', 'eq', 'Ann')", not(eq("name", "Ann"))),
            ("or('id.eq.1,name.eq.Ann')", either()),
            (
                "or('id.gt.1,and(name.eq.Ann,done.is.true)')",
                any([gt("id", 1), all([eq("name", "Ann"), is("done", Is::True)])]),
            ),
        ])
        .await;
    let users = scene.mysql.from("t").select::<Row>("*, users(*)");
    users
        .related("users", Related::new().filter(either()))
        .await
        .unwrap();
    scene.step("db.from('t').select('*, users(*)').or(");
    scene
        .filters([
            (
                "or('a.eq.1,b.eq.2').or('c.eq.3,d.eq.4')",
                all([any([eq("a", 1), eq("b", 2)]), any([eq("c", 3), eq("d", 4)])]),
            ),
            (
                "filter('id', 'eq', 1)",
                Filter::parse("id", "eq.1").unwrap(),
            ),
            (
                "filter('id', 'in', '(1,2)')",
                Filter::parse("id", "in.(1,2)").unwrap(),
            ),
            (
                "filter('name', 'not.like', '%a%')",
                Filter::parse("name", "not.like.%a%").unwrap(),
            ),
            (
                "eq('a b', 1).eq('表', 2).eq('data->>key', 'v').eq('users.name', 'Ann')",
                all([
                    eq("a b", 1),
                    eq("表", 2),
                    eq("data->>key", "v"),
                    eq("users.name", "Ann"),
                ]),
            ),
        ])
        .await;
    scene.replay.assert_done();
}

async fn pattern(needed: &Needed) {
    let scene = Scene::new("mysql_filter_pattern", needed);
    scene
        .filters([
            ("like('name', '%a_n%')", like("name", "%a_n%")),
            ("ilike('name', '%ANN%')", ilike("name", "%ANN%")),
            ("like('name', '*ann*')", like("name", "*ann*")),
            ("likeAllOf(", like_all_of("name", ["%a%", "%b%"])),
            ("likeAnyOf(", like_any_of("name", ["%a%", "%b,c%"])),
            ("ilikeAllOf(", ilike_all_of("name", ["%a%", "%b%"])),
            ("ilikeAnyOf(", ilike_any_of("name", ["%a%", "%b%"])),
        ])
        .await;
    scene.replay.assert_done();
}

async fn insert(needed: &Needed) {
    let scene = Scene::new("mysql_insert", needed);
    let insert = |rows: &Value| scene.mysql.from("t").insert(rows);
    let row = json!({"name": "Ann", "n": 1, "ok": true, "note": null, "meta": {"a": [1]}, "text": "你好 \"x\", (y)"});
    assert_eq!(insert(&row).await.unwrap().affected, Some(1));
    scene.step("db.from('t').insert({ name: 'Ann', n: 1");
    insert(&json!([{"name": "Ann"}, {"name": "Bob", "age": 3}]))
        .await
        .unwrap();
    scene.step("db.from('t').insert([{ name: 'Ann' }, ");
    let ann = json!({"name": "Ann"});
    insert(&ann).returning::<Row>("*").await.unwrap();
    scene.step("db.from('t').insert({ name: 'Ann' }).select()");
    insert(&ann).returning::<Row>("id, name").await.unwrap();
    scene.step("db.from('t').insert({ name: 'Ann' }).select('id, name')");
    insert(&json!([ann])).missing_as_default().await.unwrap();
    scene.step("db.from('t').insert([{ name: 'Ann' }], { count: 'exact', defaultToNull: false })");
    assert_eq!(insert(&json!([])).await.unwrap().affected, Some(0));
    scene.replay.skip_step(
        "db.from('t').insert([])",
        "nothing to insert is done at once",
    );
    scene.replay.assert_done();
}

async fn options(needed: &Needed) {
    let scene = Scene::new("mysql_options", needed);
    let reason = "the path names them here, the recording has headers; the path forms have tests of their own";
    scene.replay.skip_step("db.from('t').select()", reason);
    scene
        .replay
        .skip_step("db.from('t').insert({ a: 1 })", reason);
    scene.replay.assert_done();
}

async fn order(needed: &Needed) {
    let scene = Scene::new("mysql_order_limit_range", needed);
    let all = || scene.all();
    let users = || scene.mysql.from("t").select::<Row>("*, users(*)");
    let related = Related::new;
    for (call, select) in [
        ("select().order('id')", all().order(asc("id"))),
        (
            "select().order('id', { ascending: false })",
            all().order(desc("id")),
        ),
        (
            "select().order('id', { ascending: true, nullsFirst: true })",
            all().order(asc("id").nulls_first()),
        ),
        (
            "select().order('id', { ascending: false, nullsFirst: false })",
            all().order(desc("id").nulls_last()),
        ),
        (
            "select().order('a').order('b', { ascending: false })",
            all().order(asc("a")).order(desc("b")),
        ),
        (
            "select('*, users(*)').order('name'",
            users().related("users", related().order(desc("name"))),
        ),
        ("select().limit(10)", all().limit(10)),
        (
            "select('*, users(*)').limit(5",
            users().related("users", related().limit(5)),
        ),
        ("select().range(0, 9)", all().range(0, 9)),
        (
            "select().range(10, 19).order('id')",
            all().range(10, 19).order(asc("id")),
        ),
        (
            "select('*, users(*)').range(2, 5",
            users().related("users", related().offset(2).limit(4)),
        ),
        (
            "select().eq('id', 1).order('id').limit(1)",
            all().eq("id", 1).order(asc("id")).limit(1),
        ),
    ] {
        select.await.unwrap();
        scene.step(&format!("db.from('t').{call}"));
    }
    scene.replay.assert_done();
}

async fn single(needed: &Needed) {
    let scene = Scene::new("mysql_single", needed);
    let all = || scene.all();
    all().eq("id", 1).single().await.unwrap();
    scene.step("db.from('t').select().eq('id', 1).single()");
    assert_eq!(
        all()
            .eq("id", 404)
            .single()
            .await
            .unwrap_err()
            .status()
            .unwrap(),
        406
    );
    scene.step("db.from('t').select().eq('id', 404).single()");
    assert!(all().eq("id", 1).maybe_single().await.unwrap().is_some());
    scene.step("db.from('t').select().eq('id', 1).maybeSingle()");
    assert!(all().eq("id", 404).maybe_single().await.unwrap().is_none());
    scene.step("db.from('t').select().eq('id', 404).maybeSingle()");
    assert!(all().maybe_single().await.is_err());
    scene.step("db.from('t').select().maybeSingle()");
    scene
        .replay
        .skip_step("db.from('t').select().csv()", "PostgreSQL only");
    let insert = scene.mysql.from("t").insert(&json!({"name": "Ann"}));
    insert.returning::<Row>("*").single().await.unwrap();
    scene.step("db.from('t').insert({ name: 'Ann' }).select().single()");
    scene.replay.assert_done();
}

async fn upsert(needed: &Needed) {
    let scene = Scene::new("mysql_upsert", needed);
    let upsert = |rows: &Value| scene.mysql.from("t").upsert(rows);
    let ann = json!({"id": 1, "name": "Ann"});
    upsert(&ann).await.unwrap();
    scene.step("db.from('t').upsert({ id: 1, name: 'Ann' })");
    upsert(&ann).on_conflict(["id"]).await.unwrap();
    scene.step("db.from('t').upsert({ id: 1, name: 'Ann' }, { onConflict: 'id' })");
    let two = json!([ann, {"id": 2, "name": "Bob"}]);
    upsert(&two)
        .on_conflict(["id", "name"])
        .ignore_duplicates()
        .await
        .unwrap();
    scene.step("db.from('t').upsert([");
    upsert(&json!({"id": 1}))
        .missing_as_default()
        .await
        .unwrap();
    scene.step("db.from('t').upsert({ id: 1 }, { count: 'exact', defaultToNull: false })");
    upsert(&ann).returning::<Row>("*").await.unwrap();
    scene.step("db.from('t').upsert({ id: 1, name: 'Ann' }).select()");
    scene.replay.assert_done();
}

async fn postgres(needed: &Needed) {
    let scene = Scene::new("rdb_pg", needed);
    scene.mysql.from("t").eq::<Row>("id", 1).await.unwrap();
    scene.step("db.from('t').select().eq('id', 1)");
    scene
        .mysql
        .from("t")
        .insert(&json!({"a": 1}))
        .returning::<Row>("*")
        .await
        .unwrap();
    scene.step("db.from('t').insert({ a: 1 }).select()");
    let other = "schemas and stored functions are PostgreSQL's";
    scene.replay.skip_step("db.schema('other')", other);
    scene
        .replay
        .skip_step("db.rpc('add', { a: 1, b: 2 })", other);
    scene
        .replay
        .skip_step("db.rpc('add', { a: 1, b: [1, 2] }", other);
    scene
        .replay
        .skip_step("db2.from('t').select()", "as the options of MySQL");
    scene.replay.assert_done();
}

async fn models(needed: &Needed) {
    let scene = Scene::new("models_create", needed);
    let post = scene.models.model("post");
    let record = json!({"title": "你好", "body": "a \"quoted\" text", "views": 0, "draft": true,
        "tags": ["a", "b"], "meta": {"k": null}});
    post.create(&record).await.ok();
    scene.step("app.models.post.create({ data: { title: '你好'");
    post.create_many(&json!([{"title": "one"}, {"title": "two"}]))
        .await
        .ok();
    scene.step("app.models.post.createMany(");
    let trial = scene.models.clone().env_type(EnvType::Pre);
    trial
        .model("post")
        .create(&json!({"title": "x"}))
        .await
        .ok();
    scene.step("app.models.post.create({ data: { title: 'x' }, envType: 'pre' })");
    scene.replay.assert_done();

    let removals = Scene::new("models_delete", needed);
    let post = removals.models.model("post");
    post.delete().filter(field("_id").eq("rec-0001")).await.ok();
    removals.step("app.models.post.delete(");
    post.delete_many().filter(field("title").eq("x")).await.ok();
    removals.step("app.models.post.deleteMany(");
    removals.replay.assert_done();

    let sql = Scene::new("models_run_sql", needed);
    let internal =
        "the JS SDK goes by way of an internal function; the HTTP API docs have an endpoint";
    sql.replay.skip_step("app.models.$runSQL(", internal);
    sql.replay.skip_step("app.models.$runSQLRaw(", internal);
    let template = sql.models.sql_template::<Value>("top_posts");
    let list = json!([1]);
    template
        .parameter("n", 3)
        .parameter("s", "x")
        .parameter("b", true)
        .parameter("a", list)
        .parameter("o", json!({"k": 1}))
        .await
        .ok();
    sql.step("app.models.post.runSQLTemplate(");
    sql.replay.assert_done();
}
