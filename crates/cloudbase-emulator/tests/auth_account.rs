//! Profile, contacts, passwords, identities, deletion.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod people;
#[path = "auth_account/proofs.rs"]
mod proofs;
mod wire;

use cloudbase_emulator::{Emulator, NewUser};
use http::Method;
use people::{Device, PASSWORD, access, assert_error, refresh, text};
use serde_json::{Value, json};

const LIN: &str = "lin@example.org";
const NEW_PASSWORD: &str = "N3w-pass!";

async fn start() -> (Emulator, Device, Value) {
    let emulator = Emulator::builder()
        .max_sessions(3)
        .user(
            NewUser::email(LIN)
                .with_username("lin_w")
                .password(PASSWORD),
        )
        .user(
            NewUser::email("mei@example.org")
                .with_username("mei")
                .with_phone("+86 13900002222"),
        )
        .start()
        .await
        .unwrap();
    let device = Device::new(&emulator, "device-1");
    let tokens = device.sign_in(LIN, PASSWORD).await.expect(200).json();
    (emulator, device, tokens)
}

#[tokio::test]
async fn the_profile_needs_a_user() {
    let (emulator, device, tokens) = start().await;
    let profile = device
        .get_as(&access(&tokens), "/user/me")
        .await
        .expect(200)
        .json();
    assert_eq!(profile["providers"][0]["id"], "email");
    assert_eq!(profile["groups"], json!([{"id": "registered"}]));
    assert!(text(&profile, "created_at").ends_with('Z'));
    let nobody = device.call(Method::GET, "/user/me").send().await;
    assert_error(nobody, 401, "unauthenticated", 16);
    for key in [emulator.publishable_key(), emulator.api_key(), "x"] {
        assert_error(
            device.get_as(key, "/user/me").await,
            401,
            "unauthenticated",
            16,
        );
    }
}

#[tokio::test]
async fn fields_are_edited_one_by_one() {
    let (_emulator, device, tokens) = start().await;
    let token = access(&tokens);
    let edit = |body| device.post_as(&token, "/user/basic/edit", body);
    let first = json!({"nickname": "Lin", "description": "hello", "gender": "FEMALE"});
    assert_eq!(edit(first).await.expect(200).json(), json!({}));
    let second = json!({"avatar_url": "https://example.org/a.png", "username": "lin.w"});
    edit(second).await.expect(200);
    edit(json!({"phone": "13900001111", "email": "lin2@example.org"}))
        .await
        .expect(200);
    let profile = device.get_as(&token, "/user/me").await.expect(200).json();
    for (field, value) in [
        ("name", "Lin"),
        ("user_desc", "hello"),
        ("gender", "FEMALE"),
        ("username", "lin.w"),
        ("picture", "https://example.org/a.png"),
        ("phone_number", "+86 13900001111"),
        ("email", "lin2@example.org"),
    ] {
        assert_eq!(profile[field], value, "{field}");
    }
    edit(json!({"description": ""})).await.expect(200);
    let profile = device.get_as(&token, "/user/me").await.expect(200).json();
    assert!(profile.get("user_desc").is_none());
}

#[tokio::test]
async fn edits_reject_what_is_taken_or_malformed() {
    let (emulator, device, tokens) = start().await;
    let token = access(&tokens);
    let edit = |body| device.post_as(&token, "/user/basic/edit", body);
    assert_error(
        edit(json!({"username": "mei"})).await,
        409,
        "username_already_exists",
        None,
    );
    assert_error(
        edit(json!({"username": "-"})).await,
        400,
        "invalid_argument",
        3,
    );
    assert_error(
        edit(json!({"nickname": "L"})).await,
        400,
        "invalid_argument",
        3,
    );
    assert_error(
        edit(json!({"email": "mei@example.org"})).await,
        400,
        "failed_precondition",
        9,
    );
    assert_error(
        edit(json!({"phone": "+86 13900002222"})).await,
        400,
        "failed_precondition",
        9,
    );
    assert_error(
        edit(json!({"phone": "+8613"})).await,
        400,
        "invalid_argument",
        3,
    );
    let mei = emulator.users().find("mei").unwrap().id;
    let other = json!({"user_id": mei, "nickname": "Mine now"});
    assert_error(edit(other.clone()).await, 403, "permission_denied", 7);
    device
        .post_as(emulator.api_key(), "/user/basic/edit", other)
        .await
        .expect(200);
    assert_eq!(
        emulator.users().find("mei").unwrap().name.as_deref(),
        Some("Mine now")
    );
}

#[tokio::test]
async fn the_old_profile_edit_returns_the_profile() {
    let (_emulator, device, tokens) = start().await;
    let call = device
        .call(Method::PATCH, "/user/profile")
        .bearer(&access(&tokens));
    let profile = call
        .json(&json!({"name": "Lin", "locale": "en-US"}))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (profile["name"].as_str(), profile["locale"].as_str()),
        (Some("Lin"), Some("en-US"))
    );
}

#[tokio::test]
async fn users_are_found() {
    let (emulator, device, tokens) = start().await;
    let query = async |query: &str| {
        let path = format!("/user/query?{query}");
        device
            .get_as(&access(&tokens), &path)
            .await
            .expect(200)
            .json()
    };
    assert_eq!(
        query("username=mei").await["data"][0]["email"],
        "mei@example.org"
    );
    assert_eq!(
        query("email=nobody@example.org").await,
        json!({"total": 0, "data": []})
    );
    let mei = emulator.users().find("mei").unwrap().id;
    let both = query(&format!(
        "id={mei}%2C{}&limit=1&offset=1",
        text(&tokens, "sub")
    ))
    .await;
    assert_eq!(
        (&both["total"], both["data"].as_array().map(Vec::len)),
        (&json!(2), Some(1))
    );
    let total = async |filter: &str| query(filter).await["total"].clone();
    for (filter, number) in [
        (format!("id={mei}&username=mei&email=mei%40example.org"), 1),
        (format!("id={mei}&username=lin"), 0),
        ("username=mei&email=nobody%40example.org".to_owned(), 0),
        (format!("id={mei}%2C{mei}%2Cnobody"), 1),
        ("id=".to_owned(), 0),
    ] {
        assert_eq!(total(&filter).await, number, "{filter}");
    }
    let phone = NewUser::phone("+86 13900001111");
    emulator.users().add(phone).unwrap();
    assert_eq!(total("phone_number=%2B86%2013900001111").await, 1);
    // Everybody, page by page.
    let all = emulator.users().all();
    let all: Vec<_> = all.iter().map(|user| user.id.as_str()).collect();
    for offset in 0..=all.len() {
        let page = query(&format!("limit=1&offset={offset}")).await;
        assert_eq!(page["total"], all.len());
        let ids: Vec<_> = page["data"].as_array().unwrap().iter().collect();
        let ids: Vec<_> = ids.iter().map(|user| text(user, "sub")).collect();
        assert_eq!(
            ids,
            all.iter().skip(offset).take(1).copied().collect::<Vec<_>>()
        );
    }
    for (name, exist) in [("mei", true), ("nobody", false)] {
        let path = format!("/checkIfUserExist?username={name}");
        let response = device
            .call(Method::GET, &path)
            .send()
            .await
            .expect(200)
            .json();
        assert_eq!(response, json!({"exist": exist}));
    }
    let rejected = device.call(Method::GET, "/checkIfUserExist").send().await;
    assert_error(rejected, 400, "invalid_argument", 3);
}

#[tokio::test]
async fn a_contact_is_changed_with_two_proofs() {
    let (emulator, device, tokens) = start().await;
    let token = access(&tokens);
    let change = |body: Value| {
        device
            .call(Method::PATCH, "/user/contact")
            .bearer(&token)
            .json(&body)
            .send()
    };
    let phone = "+86 13900003333";
    let sudo = device.sudo(&token, PASSWORD).await;
    let proof = device
        .prove(&emulator, json!({"phone_number": phone}))
        .await;
    let body = json!({"phone_number": phone, "sudo_token": sudo, "verification_token": proof});
    change(body.clone()).await.expect(200);
    // The verification token is spent, the sudo token is not.
    assert_error(change(body).await, 400, "invalid_argument", 3);
    let body = json!({"phone_number": phone, "sudo_token": "st.x", "verification_token": "vt.x"});
    assert_error(change(body).await, 403, "permission_denied", 7);
    assert_eq!(
        emulator.users().find(LIN).unwrap().phone.as_deref(),
        Some(phone)
    );

    let taken = async |conflict: &str| {
        let sudo = device.sudo(&token, PASSWORD).await;
        let proof = device
            .prove(&emulator, json!({"phone_number": "+86 13900002222"}))
            .await;
        change(json!({
            "phone_number": "+86 13900002222", "sudo_token": sudo, "verification_token": proof,
            "conflict_resolution": conflict,
        }))
        .await
    };
    assert_error(taken("DEFAULT").await, 400, "failed_precondition", 9);
    taken("TRANSFER").await.expect(200);
    assert_eq!(emulator.users().find("mei").unwrap().phone, None);
}

#[tokio::test]
async fn an_account_is_deleted_with_sudo() {
    let (emulator, device, tokens) = start().await;
    let token = access(&tokens);
    let delete = |path: &str| device.call(Method::DELETE, path).bearer(&token).send();
    assert_error(delete("/user/me").await, 403, "permission_denied", 7);
    assert_error(
        delete("/user/me?sudo_token=st.x").await,
        403,
        "permission_denied",
        7,
    );
    let sudo = device.sudo(&token, PASSWORD).await;
    delete(&format!("/user/me?sudo_token={sudo}"))
        .await
        .expect(200);
    assert_error(
        device.get_as(&token, "/user/me").await,
        401,
        "unauthenticated",
        16,
    );
    assert_error(
        device.refresh(&refresh(&tokens)).await,
        400,
        "invalid_grant",
        4026,
    );
    assert!(emulator.users().find(LIN).is_none());
}

#[tokio::test]
async fn other_processes_manage_users() {
    let (emulator, _, _) = start().await;
    let wire = wire::Wire::new();
    let url = |path: &str| format!("{}/__emulator/users{path}", emulator.endpoint());
    let new = json!({"username": "zoe", "password": PASSWORD, "groups": ["staff"]});
    let added = wire
        .post(&url(""))
        .json(&new)
        .send()
        .await
        .expect(201)
        .json();
    wire.post(&url("")).json(&new).send().await.expect(400);
    wire.post(&url(""))
        .json(&json!({"nickname": "typo"}))
        .send()
        .await
        .expect(400);
    let id = text(&added, "id");
    let status = |status: &str| {
        let call = wire.call(Method::PATCH, &url(&format!("/{id}")));
        call.json(&json!({"status": status})).send()
    };
    status("BLOCKED").await.expect(204);
    status("SAD").await.expect(400);
    let device = Device::new(&emulator, "device-2");
    assert_error(
        device.sign_in("zoe", PASSWORD).await,
        403,
        "user_blocked",
        None,
    );
    let all = wire.get(&url("")).send().await.expect(200).json();
    assert_eq!(all.as_array().map(Vec::len), Some(3));
    wire.delete(&url(&format!("/{id}/sessions")))
        .header("x-cloudbase-emulator", "test")
        .send()
        .await
        .expect(204);
    wire.delete(&url(&format!("/{id}")))
        .header("x-cloudbase-emulator", "test")
        .send()
        .await
        .expect(204);
    assert!(emulator.users().find("zoe").is_none());
}
