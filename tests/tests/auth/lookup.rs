//! Looking users up.

use cloudbase_auth::{AuthErrorCategory, Password, UserQuery};
use cloudbase_emulator::{Fault, NewUser};

use super::support::{EMAIL, PASSWORD, World};

async fn world() -> World {
    let mei = NewUser::username("mei").with_email("mei@example.org");
    World::with(
        |emulator| emulator.user(mei.password(PASSWORD)),
        |auth| auth,
    )
    .await
}

#[tokio::test]
async fn users_are_found_by_all_that_they_are_known_by() {
    let world = world().await;
    let lin = world.sign_in().await.user;
    let query = async |query| world.auth.query_user(query).await.unwrap();
    for given in [
        UserQuery::new().ids([&*lin.id]),
        UserQuery::new().username("lin"),
        UserQuery::new().email(EMAIL),
        UserQuery::new().phone("13900001111"),
        UserQuery::new()
            .ids([&*lin.id])
            .username("lin")
            .email(EMAIL),
    ] {
        let found = query(given).await;
        assert_eq!(found.total, 1);
        assert_eq!(found.users[0], lin, "with the whole profile");
    }
    let nobody = query(UserQuery::new().username("mei").email(EMAIL)).await;
    assert_eq!((nobody.total, nobody.users.len()), (0, 0));

    let all = query(UserQuery::new()).await;
    assert_eq!((all.total, all.users.len()), (2, 2));
    let pages = [0, 1].map(|n| UserQuery::new().limit(1).offset(n));
    for (page, user) in pages.into_iter().zip(all.users) {
        let page = query(page).await;
        assert_eq!((page.total, page.users), (2, vec![user]));
    }
}

#[tokio::test]
async fn looking_up_changes_nothing_about_the_session() {
    let world = world().await;
    world.sign_in().await;
    let before = world.auth.peek_session().unwrap();
    world
        .auth
        .query_user(UserQuery::new().username("mei"))
        .await
        .unwrap();
    assert_eq!(world.auth.peek_session().unwrap().user(), before.user());
    world
        .emulator
        .faults()
        .add(Fault::on("GET /auth/v1/user/query").status(403, "permission_denied"));
    let rejected = world.auth.query_user(UserQuery::new()).await.unwrap_err();
    assert_eq!(
        AuthErrorCategory::of(&rejected),
        AuthErrorCategory::PermissionDenied
    );
    assert!(world.auth.session().await.unwrap().is_some());
}

#[tokio::test]
async fn whether_a_name_is_taken_anybody_may_ask() {
    let world = world().await;
    assert!(world.auth.is_username_registered("mei").await.unwrap());
    assert!(!world.auth.is_username_registered("mei 2").await.unwrap());
    assert!(world.auth.session().await.unwrap().is_none());
    let mei = Password::username("mei", PASSWORD);
    world.auth.sign_in_with_password(mei).await.unwrap();
    assert!(world.auth.is_username_registered("lin").await.unwrap());
    world
        .emulator
        .faults()
        .add(Fault::on("GET /auth/v1/checkIfUserExist").status(400, "invalid_argument"));
    let rejected = world.auth.is_username_registered("?").await.unwrap_err();
    assert_eq!(
        AuthErrorCategory::of(&rejected),
        AuthErrorCategory::InvalidParams
    );
}
