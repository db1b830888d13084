//! Filters, relations and what is rejected, over MySQL REST.

use http::Method;
use serde_json::{Value, json};

use crate::conformance::{case, get, ids, post, run};
use crate::support::code;

#[test]
fn filters() {
    run(async |e| {
        for (query, expected) in [
            ("id=eq.1", vec![1]),
            ("id=neq.1", vec![2, 3, 4, 5]),
            ("id=gt.3", vec![4, 5]),
            ("id=gte.3", vec![3, 4, 5]),
            ("id=lt.3", vec![1, 2]),
            ("id=lte.3", vec![1, 2, 3]),
            ("id=gte.2&id=lt.4", vec![2, 3]),
            ("stars=neq.3", vec![1, 4, 5]),
            ("stars=not.eq.3", vec![1, 4, 5]),
            ("stars=is.null", vec![3]),
            ("stars=not.is.null", vec![1, 2, 4, 5]),
            ("stars=is.unknown", vec![3]),
            ("done=is.true", vec![2, 4]),
            ("done=is.false", vec![1, 3, 5]),
            ("done=eq.true", vec![2, 4]),
            ("done=eq.false", vec![1, 3, 5]),
            ("done=eq.1", vec![2, 4]),
            ("done=not.is.true", vec![1, 3, 5]),
            ("title=eq.MILK", vec![1]),
            ("title=eq.milk", vec![1]),
            ("title=like.milk%25", vec![1, 3]),
            ("title=like.%25HONEY", vec![3]),
            ("title=like.%%25", vec![1, 2, 3, 4, 5]),
            ("title=like.%25%5C%25%25", vec![4]),
            ("title=like.a%5C_b", vec![5]),
            ("title=like.m_lk", vec![1]),
            ("title=like.*", vec![]),
            ("title=not.like.milk%25", vec![2, 4, 5]),
            ("title=ilike.BR%25", vec![2]),
            ("title=match.%5E%5BA-C%5D", vec![2, 5]),
            ("title=match.k$", vec![1]),
            ("title=not.match.k", vec![2, 4, 5]),
            ("id=in.(1,3,99)", vec![1, 3]),
            ("id=in.[2,4]", vec![2, 4]),
            ("id=in.()", vec![]),
            ("id=not.in.()", vec![1, 2, 3, 4, 5]),
            ("id=not.in.(1,2,3)", vec![4, 5]),
            ("title=in.(milk,%22a_b%22)", vec![1, 5]),
            ("or=(id.eq.1,title.like.%25cotton)", vec![1, 4]),
            ("and=(id.gt.1,id.lt.4)", vec![2, 3]),
            ("or=(id.eq.1,and(stars.gte.3,done.is.true))", vec![1, 2]),
            ("not.or=(id.eq.1,id.eq.2)", vec![3, 4, 5]),
            (
                "or=(id.not.in.(1,2,3),not.and(id.gt.1,id.lt.9))",
                vec![1, 4, 5],
            ),
            ("or=(stars.is.null,stars.eq.1)", vec![3, 4]),
            ("or=(%20id.eq.1,%20id.eq.2)", vec![1, 2]),
            ("id=eq.1.0", vec![1]),
            ("id=gt.3.5", vec![4, 5]),
            ("id=eq.1x", vec![1]),
            ("created_at=gte.2024-02-01", vec![4, 5]),
            ("created_at=lt.2024-01-02T00:00:00", vec![1]),
            ("created_at=eq.2024-01-02%2009:30:00", vec![2]),
            ("created_at=eq.2024-01-02%2017:30:00%2B08:00", vec![2]),
        ] {
            assert_eq!(ids(e, query).await, expected, "{query}");
        }
    });
}

#[test]
fn bad_queries() {
    run(async |e| {
        for (query, expected) in [
            ("id=1", "DATABASE_INVALID_OPERRATOR"),
            ("id=foo.1", "DATABASE_INVALID_OPERRATOR"),
            ("title=cs.%7Ba%7D", "DATABASE_INVALID_OPERRATOR"),
            ("title=fts(english).a", "DATABASE_INVALID_OPERRATOR"),
            ("title=like(any).%7Ba%7D", "DATABASE_INVALID_OPERRATOR"),
            ("title=sl.1", "DATABASE_INVALID_OPERRATOR"),
            ("nope=eq.1", "INVALID_REQUEST"),
            ("select=nope", "INVALID_REQUEST"),
            ("order=nope", "INVALID_REQUEST"),
            ("limit=-1", "INVALID_PARAM"),
            ("limit=x", "INVALID_PARAM"),
            ("offset=1.5", "INVALID_PARAM"),
            ("or=id.eq.1", "INVALID_PARAM"),
            ("or=(id.eq.1", "INVALID_PARAM"),
            ("and=()", "INVALID_PARAM"),
            ("or=(id.eq.1))", "INVALID_PARAM"),
            ("id=in.1", "INVALID_PARAM"),
            ("id=in.(1)x", "INVALID_PARAM"),
            ("id=is.maybe", "INVALID_PARAM"),
            ("select=a(", "INVALID_PARAM"),
            ("select=id::text", "INVALID_PARAM"),
            ("select=id.sum()", "INVALID_PARAM"),
            ("select=meta-%3Ea", "INVALID_PARAM"),
            ("order=id.up", "INVALID_PARAM"),
            ("nope.id=eq.1", "INVALID_PARAM"),
            ("created_at=eq.yesterday", "INVALID_REQUEST"),
            ("title=match.(", "INVALID_REQUEST"),
            ("id=eq.%FF", "INVALID_PARAM"),
            ("select=users(id)", "INVALID_REQUEST"),
            ("select=nothing(id)", "INVALID_REQUEST"),
        ] {
            let response = get(e, &format!("posts?{query}")).send().await;
            assert_eq!(
                (response.status, response.code().as_str()),
                (400, expected),
                "{query}: {}",
                response.text
            );
        }
        // What could be embedded instead, by the names that a `select` takes.
        for (query, candidates) in [
            ("posts?select=nothing(id)", "created_by, reviewed_by, tags"),
            ("users?select=nothing(id)", "posts"),
        ] {
            let text = get(e, query).send().await.text;
            assert!(
                text.contains(&format!("it is related by {candidates}. ")),
                "{query}: {text}"
            );
        }
        let text = get(e, "plain?select=users(id)").send().await.text;
        assert!(
            text.contains("no foreign key leads from or to it"),
            "{text}"
        );
        get(e, "missing")
            .gives(404, code("RESOURCE_NOT_FOUND"), "")
            .await;
        get(e, "other/users")
            .gives(404, code("RESOURCE_NOT_FOUND"), "")
            .await;
        get(e, "other/test-env/users")
            .gives(404, code("RESOURCE_NOT_FOUND"), "")
            .await;
        post(e, "rpc/add", json!({"a":1}))
            .gives(404, code("RESOURCE_NOT_FOUND"), "")
            .await;
        case(e, Method::HEAD, "users")
            .gives(400, Value::Null, "")
            .await;
        case(e, Method::PUT, "users")
            .gives(405, code("INVALID_REQUEST"), "")
            .await;
        let deep = format!("or={}id.eq.1{}", "(or".repeat(60), ")".repeat(60));
        get(e, &format!("posts?{deep}"))
            .gives(400, code("INVALID_PARAM"), "")
            .await;
    });
}

#[test]
fn relations() {
    run(async |e| {
        get(e, "posts?select=id,created_by(id,name)&id=lte.2").gives(200, json!([
            {"id":1,"created_by":{"id":1,"name":"Ann"}}, {"id":2,"created_by":{"id":1,"name":"Ann"}}]), "0-1/*").await;
        get(
            e,
            "posts?select=id,author:users!posts_created_by_fk(name)&id=in.(3,4)",
        )
        .gives(
            200,
            json!([
            {"id":3,"author":{"name":"Bob"}}, {"id":4,"author":null}]),
            "0-1/*",
        )
        .await;
        get(e, "posts?select=id,posts_reviewed_by_fk(name)&id=eq.1")
            .gives(
                200,
                json!([{"id":1,"posts_reviewed_by_fk":{"name":"Bob"}}]),
                "0-0/*",
            )
            .await;
        get(e, "posts?select=id,reviewed_by!inner(name)").gives(200, json!([
            {"id":1,"reviewed_by":{"name":"Bob"}}, {"id":3,"reviewed_by":{"name":"Ann"}}, {"id":5,"reviewed_by":{"name":"Cyd"}}]), "0-2/*").await;
        get(e, "posts?select=id,tags(label)&order=id&limit=3").prefer("count=exact").gives(200, json!([
            {"id":1,"tags":[{"label":"food"},{"label":"cold"}]}, {"id":2,"tags":[{"label":"food"}]}, {"id":3,"tags":[{"label":"food"}]}]), "0-2/5").await;
        get(e, "posts?select=id,tags(label)&id=eq.4")
            .gives(200, json!([{"id":4,"tags":[]}]), "0-0/*")
            .await;
        get(e, "users?select=name,written:posts!posts_created_by_fk(title,tags(label))&id=eq.1").gives(200, json!([
            {"name":"Ann","written":[{"title":"Milk","tags":[{"label":"food"},{"label":"cold"}]},{"title":"Bread","tags":[{"label":"food"}]}]}]), "0-0/*").await;
        get(e, "posts?select=id,tags(label)&tags.label=eq.cold&id=lte.2")
            .gives(
                200,
                json!([{"id":1,"tags":[{"label":"cold"}]},{"id":2,"tags":[]}]),
                "0-1/*",
            )
            .await;
        get(e, "posts?select=id,tags!inner(label)&tags.label=eq.cold")
            .prefer("count=exact")
            .gives(200, json!([{"id":1,"tags":[{"label":"cold"}]}]), "0-0/1")
            .await;
        get(
            e,
            "posts?select=id,tags(label)&tags.order=label.desc&tags.limit=1&id=eq.1",
        )
        .gives(200, json!([{"id":1,"tags":[{"label":"food"}]}]), "0-0/*")
        .await;
        get(
            e,
            "posts?select=id,t:tags(label)&t.or=(label.eq.cold,label.eq.warm)&id=eq.1",
        )
        .gives(200, json!([{"id":1,"t":[{"label":"cold"}]}]), "0-0/*")
        .await;
        get(
            e,
            "employees?select=name,manager:manager_id(name),mentor:mentor_id(name)&id=eq.3",
        )
        .gives(
            200,
            json!([{"name":"Lee","manager":{"name":"Eve"},"mentor":{"name":"Kim"}}]),
            "0-0/*",
        )
        .await;
        get(e, "employees?select=name,manager_id(name)")
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        get(e, "posts?select=*,created_by(name)&id=eq.2").gives(200, json!([
            {"id":2,"title":"Bread","done":1,"stars":3,"created_by":{"name":"Ann"},"reviewed_by":null,"created_at":"2024-01-02 09:30:00"}]), "0-0/*").await;
        get(e, "posts?select=id,created_by()&id=eq.2")
            .gives(200, json!([{"id":2,"created_by":{}}]), "0-0/*")
            .await;
    });
}
