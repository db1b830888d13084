//! Calls about many objects at once: removals, copies, moves, signed URLs.

use std::time::Duration;

use cloudbase_core::ErrorCode;
use cloudbase_emulator::Fault;
use cloudbase_storage::CopyItem;

use crate::support::start;

#[tokio::test]
async fn batches_are_cut_and_their_results_in_order() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let template = storage.upload("keep", "x").await.unwrap().file_id;
    let id = |name: &str| format!("cloud://{}.{}/{name}", template.env_id(), template.bucket());
    for index in [3, 77, 119] {
        storage.upload(format!("o{index}"), "x").await.unwrap();
    }
    let ids: Vec<String> = (0..120).map(|index| id(&format!("o{index}"))).collect();
    fixture.emulator.requests().clear();
    let urls = storage
        .signed_urls(&ids, Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(urls.len(), 120);
    assert!(urls[77].as_ref().unwrap().contains("/o77?"));
    let results = storage.remove(&ids).await.unwrap();
    assert_eq!(results.len(), 120);
    for (index, result) in results.iter().enumerate() {
        match result {
            Ok(removed) => {
                assert!([3, 77, 119].contains(&index));
                assert_eq!(removed.as_str(), ids[index]);
            }
            Err(error) => {
                assert!(error.is_not_found(), "{error}");
                assert_eq!(error.code(), Some(&ErrorCode::OBJECT_NOT_EXIST));
                assert!(error.request_id().is_some());
            }
        }
    }
    let sizes = |pattern: &str| {
        let requests = fixture.emulator.requests().matching(pattern);
        let sizes: Vec<_> = requests
            .iter()
            .map(|request| request.json().as_array().unwrap().len())
            .collect();
        sizes
    };
    assert_eq!(
        sizes("POST /v1/storages/get-objects-download-info"),
        [50, 50, 20]
    );
    assert_eq!(sizes("POST /v1/storages/delete-objects"), [50, 50, 20]);
    assert_eq!(storage.remove([] as [&str; 0]).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_batch_that_fails_half_way_keeps_what_it_did() {
    let fixture = start().await;
    let template = fixture.storage.upload("o0", "x").await.unwrap().file_id;
    let ids = (0..120).map(|index| {
        format!(
            "cloud://{}.{}/o{index}",
            template.env_id(),
            template.bucket()
        )
    });
    let rejection = Fault::on("POST /v1/storages/delete-objects").status(403, "ACTION_FORBIDDEN");
    fixture.emulator.faults().add(rejection.skip(1));
    let results = fixture.storage.remove(ids.clone()).await.unwrap();
    assert!(results[0].is_ok());
    assert!(results[1].as_ref().unwrap_err().is_not_found());
    for result in &results[50..] {
        let error = result.as_ref().unwrap_err();
        assert_eq!(error.code(), Some(&ErrorCode::ACTION_FORBIDDEN));
        assert_eq!(error.operation(), "storage.remove");
    }
    let calls = fixture
        .emulator
        .requests()
        .count("POST /v1/storages/delete-objects");
    assert_eq!(calls, 2, "after a rejection nothing more is sent");
    let whole = fixture.storage.remove(ids).await.unwrap_err();
    assert_eq!(whole.code(), Some(&ErrorCode::ACTION_FORBIDDEN));
}

#[tokio::test]
async fn administrators_copy_and_move() {
    let fixture = start().await;
    let storage = &fixture.storage;
    let a = storage.upload("dir/a b.txt", "x").await.unwrap().file_id;
    let b = storage.copy("dir/a b.txt", "/dir//b!.txt").await.unwrap();
    assert_eq!(b.key(), "dir/b!.txt");
    assert_eq!(storage.download(&b).await.unwrap(), "x");
    let c = storage.move_to("dir/a b.txt", "c.txt").await.unwrap();
    assert_eq!(storage.download(&c).await.unwrap(), "x");
    assert!(!storage.exists(&a).await.unwrap());
    let error = storage
        .copy("c.txt", "dir/b!.txt")
        .upsert(false)
        .await
        .unwrap_err();
    assert!(error.is_conflict(), "{error}");
    let results = storage
        .copy_many([("c.txt", "d.txt"), ("gone", "e.txt")])
        .await
        .unwrap();
    assert_eq!(results[0].as_ref().unwrap().key(), "d.txt");
    assert!(results[1].as_ref().unwrap_err().is_not_found());
    let moved = storage.move_many([("d.txt", "e.txt")]).await.unwrap();
    assert_eq!(moved[0].as_ref().unwrap().key(), "e.txt");
    // Copies and moves in one batch, and what is wrong with one of them is said of it.
    let mixed = [
        CopyItem::copy("e.txt", "f.txt"),
        CopyItem::move_to("e.txt", "g.txt").upsert(false),
    ];
    let results = storage.copy_many(mixed).await.unwrap();
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let twice = storage.move_many([("f.txt", "h.txt"), ("g.txt", "g.txt")]);
    let error = twice.await.unwrap_err();
    assert_eq!(error.message(), "`to 1` must not be the same as `from 1`");
    let error = storage.copy("../c", "d").await.unwrap_err();
    assert!(error.message().starts_with("`from` must not"), "{error}");
    let error = fixture.visitor().copy("c.txt", "f.txt").await.unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
}
