//! Finding records of data models: filters, pages, relations.

use http::Method;
use serde_json::{Value, json};

use crate::models::{create, run, titles};
use crate::support::Api;

#[test]
fn lists_pages_and_filters() {
    run(async |e| {
        let api = Api::admin(e);
        let data: Vec<Value> = [("Apple", 1, Some("red")), ("banana", 2, None), ("Cherry_x", 3, Some("dark")), ("100% milk", 4, None), ("Milk", 5, Some("white"))]
            .into_iter()
            .map(|(title, views, slug)| json!({"title": title, "views": views, "slug": slug, "done": views % 2 == 0}))
            .collect();
        let made = api
            .model(Method::POST, "prod/todo/createMany", json!({"data": data}))
            .await;
        assert_eq!(made["data"]["idList"].as_array().unwrap().len(), 5);
        for (filter, expected) in [
            (
                json!({"where": {}}),
                vec!["100% milk", "Apple", "banana", "Cherry_x", "Milk"],
            ),
            (json!({"where": {"title": {"$eq": "Apple"}}}), vec!["Apple"]),
            (
                json!({"where": {"views": {"$gt": 1, "$lte": 3}}}),
                vec!["banana", "Cherry_x"],
            ),
            (
                json!({"where": {"views": {"$neq": 1}, "done": {"$eq": false}}}),
                vec!["Cherry_x", "Milk"],
            ),
            (
                json!({"where": {"views": {"$in": [1, 5, 9]}}}),
                vec!["Apple", "Milk"],
            ),
            (
                json!({"where": {"views": {"$nin": [1, 5]}}}),
                vec!["100% milk", "banana", "Cherry_x"],
            ),
            (json!({"where": {"views": {"$in": []}}}), vec![]),
            (
                json!({"where": {"title": {"$search": "milk"}}}),
                vec!["100% milk"],
            ),
            (
                json!({"where": {"title": {"$search_ci": "milk"}}}),
                vec!["100% milk", "Milk"],
            ),
            (
                json!({"where": {"title": {"$nsearch_ci": "milk"}}}),
                vec!["Apple", "banana", "Cherry_x"],
            ),
            (
                json!({"where": {"title": {"$nsearch": "milk"}}}),
                vec!["Apple", "banana", "Cherry_x", "Milk"],
            ),
            (
                json!({"where": {"title": {"$search": "%"}}}),
                vec!["100% milk"],
            ),
            (
                json!({"where": {"title": {"$search": "_"}}}),
                vec!["Cherry_x"],
            ),
            (
                json!({"where": {"slug": {"$empty": true}}}),
                vec!["100% milk", "banana"],
            ),
            (
                json!({"where": {"slug": {"$nempty": true}}}),
                vec!["Apple", "Cherry_x", "Milk"],
            ),
            (
                json!({"where": {"$and": [{"slug": {"$nempty": 1}}]}}),
                vec!["Apple", "Cherry_x", "Milk"],
            ),
            (
                json!({"where": {"slug": {"$empty": 1}}}),
                vec!["100% milk", "banana"],
            ),
            (
                json!({"where": {"slug": {"$empty": 0}}}),
                vec!["Apple", "Cherry_x", "Milk"],
            ),
            (
                json!({"where": {"slug": {"$nempty": 0}}}),
                vec!["100% milk", "banana"],
            ),
            (
                json!({"where": {"slug": {"$eq": null}}}),
                vec!["100% milk", "banana"],
            ),
            (
                json!({"where": {"$or": [{"views": {"$eq": 1}}, {"$and": [{"views": {"$gte": 4}}, {"done": {"$eq": true}}]}]}}),
                vec!["100% milk", "Apple"],
            ),
            (
                json!({"where": {"$and": [{"done": {"$eq": false}}, {"title": {"$search": "il"}}]}}),
                vec!["Milk"],
            ),
        ] {
            assert_eq!(titles(&api, filter.clone()).await, expected, "{filter}");
        }
        let page = api.model(Method::POST, "prod/todo/list", json!({"filter": {"where": {}}, "select": {"title": true}, "pageSize": 2, "pageNumber": 2,
            "getCount": true, "orderBy": [{"done": "desc"}, {"views": "desc"}]})).await;
        assert_eq!(
            page["data"],
            json!({"records": [{"title": "Milk"}, {"title": "Cherry_x"}], "total": 5})
        );
        let simple = api
            .model(
                Method::GET,
                "prod/todo/list?pageSize=2&pageNumber=3&getCount=true",
                Value::Null,
            )
            .await;
        assert_eq!(
            (
                simple["data"]["records"].as_array().unwrap().len(),
                &simple["data"]["total"]
            ),
            (1, &json!(5))
        );
        // Size and number count only together; no total unless it is asked for.
        let half = api
            .model(Method::GET, "prod/todo/list?pageSize=2", Value::Null)
            .await;
        assert_eq!(
            (
                half["data"]["records"].as_array().unwrap().len(),
                &half["data"]["total"]
            ),
            (5, &Value::Null)
        );
        // Trial data are others.
        let trial = api.model(Method::POST, "pre/todo/list", json!({})).await;
        assert_eq!(trial["data"], json!({"records": []}));
        let trial = api
            .model(
                Method::POST,
                "pre/todo/create",
                json!({"data": {"title": "x"}, "envType": "pre"}),
            )
            .await;
        assert!(trial["data"]["id"].is_string());
        assert_eq!(
            titles(&api, json!({"where": {"title": {"$eq": "x"}}})).await,
            Vec::<String>::new()
        );
    });
}

#[test]
fn relations_both_ways() {
    run(async |e| {
        let api = Api::admin(e);
        for (id, name) in [("l1", "red"), ("l2", "blue")] {
            create(&api, "label", json!({"_id": id, "name": name})).await;
        }
        create(&api, "comment", json!({"_id": "c1", "comment": "first"})).await;
        create(&api, "post", json!({"_id": "p1", "title": "one", "comments": [{"_id": "c1"}], "labels": [{"_id": "l1"}, {"_id": "l2"}, {"_id": "l1"}]})).await;
        create(
            &api,
            "post",
            json!({"_id": "p2", "title": "two", "labels": [{"_id": "l2"}]}),
        )
        .await;
        create(
            &api,
            "comment",
            json!({"_id": "c2", "comment": "second", "post": {"_id": "p1"}}),
        )
        .await;
        create(&api, "comment", json!({"_id": "c3", "post": {"_id": "p2"}})).await;
        create(
            &api,
            "profile",
            json!({"_id": "f1", "bio": "hi", "post": {"_id": "p1"}}),
        )
        .await;

        let list = async |model: &str, body: Value| {
            let response = api
                .model(Method::POST, &format!("prod/{model}/list"), body)
                .await;
            assert!(response["data"].is_object(), "{response}");
            response["data"]["records"].clone()
        };
        let posts = list("post", json!({"select": {"title": true, "comments": {"comment": true}, "labels": {"name": true}, "profile": {"bio": true}}, "orderBy": [{"title": "asc"}]})).await;
        assert_eq!(
            posts,
            json!([
            {"title": "one", "comments": [{"comment": "first"}, {"comment": "second"}], "labels": [{"name": "red"}, {"name": "blue"}], "profile": {"bio": "hi"}},
            {"title": "two", "comments": [{"comment": null}], "labels": [{"name": "blue"}], "profile": null}])
        );
        let comments = list("comment", json!({"select": {"_id": true, "post": {"title": true, "labels": {"name": true}}}, "orderBy": [{"_id": "asc"}]})).await;
        assert_eq!(
            comments[2],
            json!({"_id": "c3", "post": {"title": "two", "labels": [{"name": "blue"}]}})
        );
        assert_eq!(
            list(
                "comment",
                json!({"select": {"$master": true}, "filter": {"where": {"_id": {"$eq": "c1"}}}})
            )
            .await[0]["post"],
            json!({"_id": "p1"})
        );
        let labels = list("label", json!({"select": {"name": true, "posts": {"title": true}}, "orderBy": [{"name": "asc"}]})).await;
        assert_eq!(
            labels,
            json!([{"name": "blue", "posts": [{"title": "one"}, {"title": "two"}]}, {"name": "red", "posts": [{"title": "one"}]}])
        );
        assert_eq!(
            list("profile", json!({"select": {"post": {"title": true}}})).await,
            json!([{"post": {"title": "one"}}])
        );

        for (filter, expected) in [
            (
                json!({"where": {}, "relateWhere": {"comments": {"where": {"comment": {"$nempty": true}}}}}),
                json!([{"_id": "p1"}]),
            ),
            (
                json!({"where": {}, "relateWhere": {"labels": {"where": {"name": {"$eq": "blue"}}}}}),
                json!([{"_id": "p1"}, {"_id": "p2"}]),
            ),
            (
                json!({"where": {"title": {"$eq": "two"}}, "relateWhere": {"labels": {"where": {"name": {"$eq": "red"}}}}}),
                json!([]),
            ),
            (
                json!({"relateWhere": {"profile": {"where": {"bio": {"$eq": "hi"}}}}}),
                json!([{"_id": "p1"}]),
            ),
            (
                json!({"relateWhere": {"comments": {"relateWhere": {"post": {"where": {"title": {"$eq": "two"}}}}}}}),
                json!([{"_id": "p2"}]),
            ),
        ] {
            let found = list(
                "post",
                json!({"filter": filter, "select": {"_id": true}, "orderBy": [{"_id": "asc"}]}),
            )
            .await;
            assert_eq!(found, expected, "{filter}");
        }
        assert_eq!(list("comment", json!({"filter": {"where": {"post": {"$eq": {"_id": "p2"}}}}, "select": {"_id": true}})).await, json!([{"_id": "c3"}]));

        let by_id = |id: &str| json!({"where": {"_id": {"$eq": id}}});
        let update = json!({"filter": by_id("p1"), "data": {"labels": [{"_id": "l2"}], "comments": [{"_id": "c2"}]}});
        assert_eq!(
            api.model(Method::PUT, "prod/post/update", update).await["data"]["count"],
            json!(1)
        );
        let post = list("post", json!({"filter": by_id("p1"), "select": {"labels": {"name": true}, "comments": {"_id": true}}})).await;
        assert_eq!(
            post,
            json!([{"labels": [{"name": "blue"}], "comments": [{"_id": "c2"}]}])
        );
        api.model(
            Method::POST,
            "prod/post/delete",
            json!({"filter": by_id("p1")}),
        )
        .await;
        assert_eq!(
            list(
                "comment",
                json!({"filter": by_id("c2"), "select": {"post": {"title": true}}})
            )
            .await,
            json!([{"post": null}])
        );
        assert_eq!(
            list(
                "label",
                json!({"filter": by_id("l2"), "select": {"posts": {"_id": true}}})
            )
            .await,
            json!([{"posts": [{"_id": "p2"}]}])
        );
        for (path, body) in [
            (
                "post/createMany",
                json!({"data": [{"labels": [{"_id": "l1"}]}]}),
            ),
            (
                "post/updateMany",
                json!({"filter": {"where": {}}, "data": {"labels": []}}),
            ),
        ] {
            let method = if path.contains("update") {
                Method::PUT
            } else {
                Method::POST
            };
            assert_eq!(
                api.model(method, &format!("prod/{path}"), body).await["code"],
                json!("UNSUPPORTED_OPERATION")
            );
        }
    });
}
