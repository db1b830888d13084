//! The service's clock and this machine's are hours apart.

use std::time::{Duration, SystemTime};

use cloudbase_auth::{Auth, FileStore};

use super::support::{World, client, sign_in};

const SKEW: Duration = Duration::from_secs(10 * 3600);

#[tokio::test]
async fn tokens_that_seem_ended_or_not_yet_begun_are_used_for_as_long_as_they_were_issued_for() {
    for ahead in [true, false] {
        let world = World::new().await;
        match ahead {
            true => world.emulator.clock().advance(SKEW),
            false => world.emulator.clock().rewind(SKEW),
        }
        let directory = tempfile::tempdir().unwrap();
        let start = || {
            Auth::builder(client(&world.emulator))
                .session_store(FileStore::new(directory.path()))
                .build()
                .unwrap()
        };
        let auth = start();
        sign_in(&auth).await;
        // The skew is in the token itself.
        let claims = auth.claims().await.unwrap().claims;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap().as_secs();
        assert_eq!(claims.iat.unwrap() > now + 3600, ahead);
        assert_eq!(claims.exp.unwrap() < now - 3600, !ahead);
        // And neither a running program nor one that starts again minds.
        for auth in [&auth, &start()] {
            for _ in 0..10 {
                auth.user().await.unwrap().unwrap();
            }
        }
        assert_eq!(world.count("POST /auth/v1/token"), 0, "ahead: {ahead}");
        // Only the service knows when it is over; this machine's monotonic clock has not moved.
        world.emulator.clock().advance(Duration::from_secs(7201));
        for _ in 0..10 {
            auth.user().await.unwrap().unwrap();
        }
        assert_eq!(world.count("POST /auth/v1/token"), 1, "ahead: {ahead}");
    }
}

#[tokio::test]
async fn a_service_that_sets_its_clock_signs_nobody_out() {
    let world = World::new().await;
    world.sign_in().await;
    for forward in [true, false, false, true] {
        match forward {
            true => world.emulator.clock().advance(SKEW),
            false => world.emulator.clock().rewind(SKEW),
        }
        for _ in 0..5 {
            world.auth.user().await.unwrap().unwrap();
        }
    }
    let refreshes = world.count("POST /auth/v1/token");
    assert!(
        (1..=2).contains(&refreshes),
        "{refreshes}: one for each step forward at most"
    );
}
