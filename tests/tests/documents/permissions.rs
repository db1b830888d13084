//! Who may read and write what.

use cloudbase_emulator::{CollectionPermission, Emulator};
use serde_json::{Value, json};

use super::support::{Api, int};

const DENIED: &str = "DATABASE_PERMISSION_DENIED";

struct People {
    emulator: Emulator,
    admin: Api,
    ann: Api,
    bob: Api,
    visitor: Api,
    ann_id: String,
}

/// Two users, a visitor, the administrator, and a collection with a document of the administrator's and one of Ann's.
async fn people(permission: CollectionPermission) -> People {
    let emulator = Emulator::builder()
        .collection_permission("c", permission)
        .start()
        .await
        .unwrap();
    let admin = Api::admin(&emulator);
    let (ann, ann_id) = Api::user(&emulator, "device-of-ann-0001").await;
    let (bob, _) = Api::user(&emulator, "device-of-bob-0001").await;
    let visitor = Api::with(&emulator, emulator.publishable_key());
    let documents =
        json!([{"_id": "admin's", "n": 1}, {"_id": "ann's", "_openid": ann_id, "n": 1}]);
    admin.insert("c", documents).await;
    People {
        emulator,
        admin,
        ann,
        bob,
        visitor,
        ann_id,
    }
}

async fn ids(api: &Api) -> Vec<Value> {
    let found = api.find("c", json!({})).await;
    found
        .as_array()
        .unwrap()
        .iter()
        .map(|document| document["_id"].clone())
        .collect()
}

fn update(filter: Value) -> Value {
    json!({"query": filter, "data": {"$inc": {"n": 1}}, "multi": true})
}

#[tokio::test]
async fn private_documents_are_their_owners_alone() {
    let people = people(CollectionPermission::OwnerOnly).await;
    let documents = "/collections/c/documents";
    assert_eq!(ids(&people.ann).await, ["ann's"]);
    assert_eq!(ids(&people.bob).await, [""; 0]);
    assert_eq!(ids(&people.admin).await, ["admin's", "ann's"]);
    people.visitor.get(documents).await.rejects(401, DENIED);
    people
        .visitor
        .post(documents, json!({"data": [{}]}))
        .await
        .rejects(401, DENIED);
    let other = format!("{documents}/ann's");
    people
        .bob
        .get(&other)
        .await
        .rejects(404, "DOCUMENT_NOT_FOUND");
    people
        .bob
        .delete(&other)
        .await
        .rejects(404, "DOCUMENT_NOT_FOUND");
    let others = people
        .bob
        .patch(documents, update(json!({"n": {"$gt": 0}})))
        .await
        .expect(200);
    assert_eq!(others["matched"], 0);
    let own = people
        .ann
        .patch(documents, update(json!({"n": {"$gt": 0}})))
        .await
        .expect(200);
    assert_eq!(own["updated"], 1);
    let pipeline = json!({"pipeline": [{"$count": "n"}]});
    let counted = people
        .ann
        .post(&format!("{documents}/aggregations"), pipeline)
        .await;
    assert_eq!(counted.expect(200), json!({"list": [{"n": int(1)}]}));
    let lookup = json!({"pipeline": [{"$lookup": {"from": "c", "localField": "n", "foreignField": "n", "as": "x"}}]});
    let lookup = people
        .ann
        .post(&format!("{documents}/aggregations"), lookup)
        .await;
    lookup.rejects(401, DENIED);
    let remove = format!("{documents}/remove");
    let gone = json!({"query": {"n": {"$gt": 0}}, "multi": true});
    let gone = people.bob.post(&remove, gone).await;
    assert_eq!(gone.expect(200), json!({"deleted": 0}));
    // An id that another owner has is taken all the same.
    let taken = people
        .bob
        .post(documents, json!({"data": [{"_id": "ann's"}]}))
        .await;
    taken.rejects(409, "DATABASE_DUPLICATE_WRITE");
}

#[tokio::test]
async fn the_owner_is_written_by_the_emulator_and_stays() {
    let people = people(CollectionPermission::OwnerOnly).await;
    let documents = "/collections/c/documents";
    people.ann.insert("c", json!([{"_id": "new"}])).await;
    let stored = people.admin.find("c", json!({"_id": "new"})).await;
    assert_eq!(stored, json!([{"_id": "new", "_openid": people.ann_id}]));
    let forged = people
        .bob
        .post(documents, json!({"data": [{"_openid": people.ann_id}]}))
        .await;
    forged.rejects(400, "INVALID_PARAM");
    for api in [&people.ann, &people.admin] {
        for data in [
            json!({"$set": {"_openid": "x"}}),
            json!({"$unset": {"_openid": ""}}),
            json!({"_openid": "x"}),
        ] {
            let body = json!({"query": {"_id": "new"}, "data": data});
            api.patch(documents, body)
                .await
                .rejects(400, "INVALID_PARAM");
        }
    }
    let set = json!({"data": {"n": 1}, "replaceMode": true, "upsert": true});
    people
        .ann
        .patch(&format!("{documents}/new"), set.clone())
        .await
        .expect(200);
    people
        .ann
        .patch(&format!("{documents}/newer"), set)
        .await
        .expect(200);
    let stored = people
        .admin
        .find("c", json!({"_id": {"$in": ["new", "newer"]}}))
        .await;
    let document = |id: &str| json!({"_id": id, "n": int(1), "_openid": people.ann_id});
    assert_eq!(stored, json!([document("new"), document("newer")]));
}

#[tokio::test]
async fn read_only_documents_are_everybodys_to_read() {
    let people = people(CollectionPermission::ReadAllWriteOwner).await;
    let documents = "/collections/c/documents";
    for reader in [&people.ann, &people.bob, &people.visitor] {
        assert_eq!(ids(reader).await, ["admin's", "ann's"]);
    }
    let changed = people
        .ann
        .patch(documents, update(json!({"n": {"$gt": 0}})))
        .await
        .expect(200);
    assert_eq!(changed["matched"], 1);
    let changed = people
        .bob
        .patch(documents, update(json!({"n": {"$gt": 0}})))
        .await
        .expect(200);
    assert_eq!(changed["matched"], 0);
    people
        .visitor
        .patch(documents, update(json!({"n": {"$gt": 0}})))
        .await
        .rejects(401, DENIED);
}

#[tokio::test]
async fn the_administrators_collections_are_not_written_by_others() {
    let documents = "/collections/c/documents";
    let people_ = people(CollectionPermission::ReadAllWriteAdmin).await;
    assert_eq!(ids(&people_.visitor).await, ["admin's", "ann's"]);
    people_
        .ann
        .patch(documents, update(json!({"n": {"$gt": 0}})))
        .await
        .rejects(401, DENIED);
    people_
        .ann
        .delete(&format!("{documents}/ann's"))
        .await
        .rejects(401, DENIED);
    people_
        .admin
        .patch(documents, update(json!({"n": {"$gt": 0}})))
        .await
        .expect(200);
    people_.emulator.shutdown().await;
    let people_ = people(CollectionPermission::AdminOnly).await;
    people_.ann.get(documents).await.rejects(401, DENIED);
    people_
        .ann
        .get(&format!("{documents}/ann's"))
        .await
        .rejects(401, DENIED);
    people_
        .ann
        .post(documents, json!({"data": [{}]}))
        .await
        .rejects(401, DENIED);
    assert_eq!(ids(&people_.admin).await, ["admin's", "ann's"]);
}

#[tokio::test]
async fn rules_let_requests_in_and_filter_nothing() {
    let people = people(CollectionPermission::Custom {
        read: "doc._openid == auth.openid".to_owned(),
        write: "auth != null".to_owned(),
    })
    .await;
    let documents = "/collections/c/documents";
    people.ann.get(documents).await.rejects(401, DENIED);
    let own = people
        .ann
        .find("c", json!({"_openid": people.ann_id}))
        .await;
    assert_eq!(own[0]["_id"], "ann's");
    let others = format!(
        "{documents}?query=%7B%22_openid%22%3A%22{}%22%7D",
        people.ann_id
    );
    people.bob.get(&others).await.rejects(401, DENIED);
    people
        .ann
        .get(&format!("{documents}/ann's"))
        .await
        .expect(200);
    people
        .bob
        .get(&format!("{documents}/ann's"))
        .await
        .rejects(404, "DOCUMENT_NOT_FOUND");
    let all = people
        .bob
        .patch(documents, update(json!({"n": {"$gt": 0}})))
        .await
        .expect(200);
    assert_eq!(all["matched"], 2);
    people
        .visitor
        .patch(documents, update(json!({"n": {"$gt": 0}})))
        .await
        .rejects(401, DENIED);
}

#[tokio::test]
async fn what_is_not_supported_in_a_rule_stops_the_start() {
    let rule = json!({"c": {"rules": {"read": true, "write": "doc.public == true"}}});
    let error = Emulator::builder()
        .documents(rule)
        .start()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("collection `c`") && error.contains("doc.public"),
        "{error}"
    );
    for (wrong, word) in [
        (json!({"c": {"permission": "OPEN"}}), "OPEN"),
        (json!({"c": {"index": []}}), "index"),
        (json!({"c": {"indexes": [[]]}}), "1 to 31 fields"),
        (json!({"c": [1]}), "objects"),
        (json!({"c": [{"_id": 1}, {"_id": 1}]}), "duplicate"),
        (json!({"a/b": []}), "name"),
        (json!([]), "object"),
    ] {
        let error = Emulator::builder()
            .documents(&wrong)
            .start()
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(word), "{wrong}: {error}");
    }
}
