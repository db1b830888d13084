//! Who may do what with the records of a data model.

use http::Method;
use serde_json::json;

use crate::models::{create, run, titles};
use crate::support::Api;

#[test]
fn permissions_of_models() {
    run(async |e| {
        let (ann, _) = Api::user(e).await;
        let (bob, _) = Api::user(e).await;
        let key = Api::publishable(e);
        create(&ann, "todo", json!({"title": "ann's"})).await;
        assert_eq!(
            titles(&bob, json!({"where": {}})).await,
            Vec::<String>::new()
        );
        assert_eq!(
            key.model(Method::POST, "prod/todo/list", json!({})).await["code"],
            json!("DATA_SOURCE_OP_AUTH_FAILURE")
        );
        assert_eq!(
            bob.model(
                Method::POST,
                "prod/notice/create",
                json!({"data": {"text": "x"}})
            )
            .await["code"],
            json!("DATA_SOURCE_OP_AUTH_FAILURE")
        );
        assert!(
            key.model(Method::POST, "prod/notice/list", json!({})).await["data"]["records"]
                .is_array()
        );
        let of_ann = create(&ann, "post", json!({"title": "a"})).await;
        let of_bob = create(&bob, "post", json!({"title": "b"})).await;
        let changed = bob
            .model(
                Method::PUT,
                "prod/post/updateMany",
                json!({"filter": {"where": {}}, "data": {"title": "mine"}}),
            )
            .await;
        assert_eq!(
            changed["data"],
            json!({"count": 1, "legalIdList": [of_bob], "illegalIdList": [of_ann]})
        );
        let by_id = json!({"where": {"_id": {"$eq": of_ann}}});
        assert_eq!(
            bob.model(Method::POST, "prod/post/delete", json!({"filter": by_id}))
                .await["data"],
            json!({"count": 0})
        );
        // The same tables through MySQL REST, under the same permission.
        assert_eq!(bob.rows("todo?select=title").await, json!([]));
        assert_eq!(
            ann.rows("todo?select=title,done").await,
            json!([{"title": "ann's", "done": 0}])
        );
    });
}
