//! The filters and orders that the official JavaScript SDK sends.

use cloudbase_data::Row;
use cloudbase_data::mysql::postgres::{
    Collection, TextSearch, contained_by, contains, ilike_all_of, ilike_any_of, like_all_of,
    like_any_of, overlaps, range_adjacent, range_gt, range_gte, range_lt, range_lte, text_search,
};
use cloudbase_data::mysql::{
    Filter, Is, Related, all, any, asc, desc, eq, gt, gte, ilike, in_, is, is_not_null, like, lt,
    lte, neq, not,
};
use cloudbase_tests::fixtures::Wire;
use serde_json::json;

use super::fixtures::Scene;

pub(crate) async fn comparison(wire: Wire) {
    let scene = Scene::new("mysql_filter_comparison", wire).await;
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

pub(crate) async fn containment(wire: Wire) {
    let scene = Scene::new("mysql_filter_containment", wire).await;
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

pub(crate) async fn logic(wire: Wire) {
    let scene = Scene::new("mysql_filter_logic", wire).await;
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
    scene
        .step(
            "db.from('t').select('*, users(*)').or(",
            users
                .related("users", Related::new().filter(either()))
                .send_with_meta(),
        )
        .await
        .unwrap();
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

pub(crate) async fn pattern(wire: Wire) {
    let scene = Scene::new("mysql_filter_pattern", wire).await;
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

pub(crate) async fn postgres(wire: Wire) {
    let scene = Scene::new("rdb_pg", wire).await;
    scene
        .step(
            "db.from('t').select().eq('id', 1)",
            scene.mysql.from("t").eq::<Row>("id", 1).send_with_meta(),
        )
        .await
        .unwrap();
    scene
        .step(
            "db.from('t').insert({ a: 1 }).select()",
            scene
                .mysql
                .from("t")
                .insert(&json!({"a": 1}))
                .returning::<Row>("*")
                .send_with_meta(),
        )
        .await
        .unwrap();
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

pub(crate) async fn order(wire: Wire) {
    let scene = Scene::new("mysql_order_limit_range", wire).await;
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
        scene
            .step(&format!("db.from('t').{call}"), select.send_with_meta())
            .await
            .unwrap();
    }
    scene.replay.assert_done();
}
