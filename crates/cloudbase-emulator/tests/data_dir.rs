//! The folder of `--data-dir`: what is taken for it, what is never touched, and what is in it after a crash.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod wire;

use std::fs;
use std::path::{Path, PathBuf};

use cloudbase_emulator::{Emulator, NewUser};
use serde_json::json;
use tempfile::TempDir;
use wire::Wire;

const MARKER: &str = "cloudbase-emulator.json";

async fn open(dir: &Path) -> Result<Emulator, String> {
    let builder = Emulator::builder()
        .data_dir(dir)
        .user(NewUser::username("lin1"));
    builder.start().await.map_err(|error| error.to_string())
}

/// A folder with a user, two objects and a bucket in it.
async fn used() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let emulator = open(dir.path()).await.unwrap();
    for key in ["a.txt", "b.txt"] {
        put(&emulator, key).await;
    }
    let bucket = format!("{}/v1/storages/bucket", emulator.endpoint());
    let call = Wire::new().post(&bucket).bearer(emulator.api_key());
    call.json(&json!({"id": "photos", "name": "photos"}))
        .send()
        .await
        .expect(200);
    emulator.shutdown().await;
    dir
}

fn object_url(emulator: &Emulator, key: &str) -> String {
    format!("{}/v1/storages/object/photos/{key}", emulator.endpoint())
}

async fn put(emulator: &Emulator, key: &str) {
    let api = format!(
        "{}/v1/storages/get-objects-upload-info",
        emulator.endpoint()
    );
    let call = Wire::new().post(&api).bearer(emulator.api_key());
    let info = call
        .json(&json!([{"objectId": key}]))
        .send()
        .await
        .expect(200)
        .json();
    let text = |name: &str| info[0][name].as_str().unwrap().to_owned();
    let call = Wire::new().put(&text("uploadUrl")).body("content");
    let call = call.header("authorization", &text("authorization"));
    let call = call.header("x-cos-security-token", &text("token"));
    call.header("x-cos-meta-fileid", &text("cloudObjectMeta"))
        .send()
        .await
        .expect(200);
}

/// Whether the object can be downloaded.
async fn is_there(emulator: &Emulator, key: &str) -> bool {
    let api = format!(
        "{}/v1/storages/get-objects-download-info",
        emulator.endpoint()
    );
    let env = emulator.env_id();
    let bucket = format!("{}-{env}-1300000000", hex::encode(&env[..2]));
    let id = format!("cloud://{env}.{bucket}/{key}");
    let call = Wire::new().post(&api).bearer(emulator.api_key());
    let info = call
        .json(&json!([{"cloudObjectId": id}]))
        .send()
        .await
        .expect(200)
        .json();
    match info[0]["downloadUrl"].as_str() {
        Some(url) => Wire::new().get(url).send().await.status == 200,
        None => false,
    }
}

/// Every file and folder below, the folder itself included.
fn tree(dir: &Path) -> Vec<PathBuf> {
    let mut paths = vec![dir.to_owned()];
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            paths.extend(tree(&path));
        } else {
            paths.push(path);
        }
    }
    paths
}

#[tokio::test]
async fn a_folder_that_is_not_the_emulators_is_left_as_it_is() {
    for (name, content) in [
        ("storage/staging/precious.txt", "precious"),
        ("storage/blobs/photo.jpg", "photo"),
        ("README.md", "# my project"),
        ("auth/state.json", "{}"),
        (MARKER, r#"{"format": 99, "process": 1}"#),
        (MARKER, "{"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, content).unwrap();
        let before = tree(dir.path());
        let error = open(dir.path()).await.unwrap_err();
        assert!(error.contains("choose a new or an empty folder"), "{error}");
        assert!(error.contains(dir.path().to_str().unwrap()), "{error}");
        assert_eq!(tree(dir.path()), before, "{name}");
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn no_link_is_followed() {
    use std::os::unix::fs::symlink;

    for name in [
        "storage/staging",
        "storage/blobs",
        "storage/records",
        "storage",
        "auth",
        "storage/secret",
        "auth/auth.sqlite3",
        "data/mysql.sqlite3",
        "cloudbase-emulator.lock",
        MARKER,
    ] {
        let dir = used().await;
        let elsewhere = tempfile::tempdir().unwrap();
        let precious = elsewhere.path().join("0123456789abcdef0123456789abcdef");
        fs::write(&precious, r#"{"format": 1, "process": 1}"#).unwrap();
        let link = dir.path().join(name);
        let target = if link.is_dir() {
            fs::remove_dir_all(&link).unwrap();
            elsewhere.path()
        } else {
            fs::remove_file(&link).unwrap();
            &*precious
        };
        symlink(target, &link).unwrap();
        let error = open(dir.path()).await.unwrap_err();
        assert!(
            error.contains(dir.path().to_str().unwrap()),
            "{name}: {error}"
        );
        assert_eq!(tree(elsewhere.path()).len(), 2, "{name}");
        assert_eq!(
            fs::read_to_string(&precious).unwrap(),
            r#"{"format": 1, "process": 1}"#
        );
    }
    // One that is put there while it runs is not followed either.
    let dir = used().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let precious = elsewhere.path().join("0123456789abcdef0123456789abcdef");
    fs::write(&precious, "precious").unwrap();
    let emulator = open(dir.path()).await.unwrap();
    fs::remove_dir_all(dir.path().join("storage/blobs")).unwrap();
    symlink(elsewhere.path(), dir.path().join("storage/blobs")).unwrap();
    emulator.reset().await.unwrap_err();
    assert!(precious.exists());
    // The folder itself may be named by a link: that is the developer's own doing.
    let dir = used().await;
    let link = elsewhere.path().join("link");
    symlink(dir.path(), &link).unwrap();
    open(&link).await.unwrap().shutdown().await;
}

#[tokio::test]
async fn what_others_put_into_the_folder_stays() {
    let dir = used().await;
    let foreign = [
        "storage/staging/precious.txt",
        "storage/blobs/photo.jpg",
        "storage/records/notes",
        "mine.txt",
    ];
    for name in foreign {
        fs::write(dir.path().join(name), "precious").unwrap();
    }
    let half = dir
        .path()
        .join("storage/staging/0123456789abcdef0123456789abcdef");
    fs::write(&half, "half an upload").unwrap();
    let emulator = open(dir.path()).await.unwrap();
    assert!(
        !half.exists(),
        "what the emulator did not finish is its own to remove"
    );
    emulator.reset().await.unwrap();
    emulator.shutdown().await;
    for name in foreign {
        assert!(dir.path().join(name).exists(), "{name}");
    }
    let blobs = fs::read_dir(dir.path().join("storage/blobs")).unwrap();
    assert_eq!(blobs.count(), 1, "the objects themselves are gone");
}

#[tokio::test]
async fn one_emulator_uses_a_folder_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).await.unwrap();
    let error = open(dir.path()).await.unwrap_err();
    assert!(error.contains(dir.path().to_str().unwrap()), "{error}");
    assert!(
        error.contains(&format!("process id {}", std::process::id())),
        "{error}"
    );
    first.shutdown().await;
    let second = open(dir.path()).await.unwrap();
    drop(second);
    open(dir.path()).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let outer = tempfile::tempdir().unwrap();
    let dir = outer.path().join("made/for/it");
    let emulator = open(&dir).await.unwrap();
    put(&emulator, "a.txt").await;
    let modes = |dir: &Path| {
        for path in tree(dir) {
            // SQLite removes its side files by itself.
            let Ok(found) = fs::metadata(&path) else {
                continue;
            };
            let mode = found.permissions().mode() & 0o777;
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, expected, "{}: {mode:o}", path.display());
        }
    };
    modes(&dir);
    emulator.shutdown().await;
    let others = [
        "auth/notes.txt",
        "storage/blobs/photo.jpg",
        "data/backup/auth.sqlite3",
    ]
    .map(|name| dir.join(name));
    for file in &others {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "theirs").unwrap();
    }
    // Copied, unpacked or checked out by others, it is readable to all.
    for path in tree(&dir) {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        let _ = fs::set_permissions(&path, fs::Permissions::from_mode(mode));
    }
    let _emulator = open(&dir).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for file in others {
        assert_eq!(mode(&file), 0o644, "{}", file.display());
        fs::remove_file(file).unwrap();
    }
    assert_eq!(mode(&dir.join("data/backup")), 0o755);
    fs::remove_dir(dir.join("data/backup")).unwrap();
    modes(&dir);
}

#[tokio::test]
async fn a_torn_record_costs_one_object() {
    for content in ["", "{", "{}", r#"{"bucket": "b"}"#, "\0\0\0\0"] {
        let dir = used().await;
        let records = dir.path().join("storage/records");
        let torn = fs::read_dir(&records)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        fs::write(&torn, content).unwrap();
        fs::write(dir.path().join("storage/buckets.json"), content).unwrap();
        fs::write(dir.path().join("storage/secret"), content).unwrap();
        let emulator = open(dir.path()).await.unwrap();
        let mut there = 0;
        for key in ["a.txt", "b.txt"] {
            there += u32::from(is_there(&emulator, key).await);
        }
        assert_eq!(there, 1, "{content:?}");
        assert!(torn.exists(), "it is left to be looked into");
        let listed = Wire::new()
            .get(&object_url(&emulator, "x"))
            .bearer(emulator.api_key());
        assert_ne!(listed.send().await.status, 500);
        put(&emulator, "a.txt").await;
        put(&emulator, "b.txt").await;
        assert!(is_there(&emulator, "a.txt").await && is_there(&emulator, "b.txt").await);
    }
}

#[tokio::test]
async fn a_record_of_another_object_is_none() {
    let dir = used().await;
    let records = dir.path().join("storage/records");
    let one = fs::read_dir(&records)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let record = fs::read(&one).unwrap();
    fs::remove_file(&one).unwrap();
    fs::write(records.join("0".repeat(64)), record).unwrap();
    let emulator = open(dir.path()).await.unwrap();
    let there = [
        is_there(&emulator, "a.txt").await,
        is_there(&emulator, "b.txt").await,
    ];
    assert_eq!(there.iter().filter(|there| **there).count(), 1);
}

#[tokio::test]
async fn users_of_another_form_are_not_guessed_at() {
    let dir = used().await;
    let file = dir.path().join("auth/auth.sqlite3");
    let database = rusqlite::Connection::open(&file).unwrap();
    database.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(database);
    let error = open(dir.path()).await.unwrap_err();
    assert!(
        error.contains("auth.sqlite3") && error.contains("form"),
        "{error}"
    );
    fs::write(
        &file,
        "this is no database, though it is long enough to be looked at as if it were one",
    )
    .unwrap();
    let error = open(dir.path()).await.unwrap_err();
    assert!(error.contains("auth.sqlite3"), "{error}");
}

#[tokio::test]
async fn users_and_sessions_are_there_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let emulator = open(dir.path()).await.unwrap();
    let snapshot = emulator.snapshot().await.unwrap();
    let id = emulator
        .users()
        .add(NewUser::username("zoe1").password("Passw0rd!"))
        .unwrap();
    let sign_in = async |emulator: &Emulator, path: &str, body: serde_json::Value| {
        let call = Wire::new().post(&format!("{}/auth/v1/{path}", emulator.endpoint()));
        let call = call.header("x-device-id", "device-1");
        call.json(&body).send().await
    };
    let body = json!({"username": "zoe1", "password": "Passw0rd!"});
    let session = sign_in(&emulator, "signin", body).await.expect(200).json();
    // Without a shutdown: everything that was acknowledged is there already.
    drop(emulator);
    let emulator = open(dir.path()).await.unwrap();
    assert_eq!(emulator.users().find("zoe1").unwrap().id, id);
    let refresh = json!({"grant_type": "refresh_token", "refresh_token": session["refresh_token"]});
    sign_in(&emulator, "token", refresh.clone())
        .await
        .expect(200);
    drop(emulator);
    let emulator = open(dir.path()).await.unwrap();
    sign_in(&emulator, "token", refresh).await.expect(400);
    emulator.users().remove(&id);
    drop(emulator);
    let emulator = open(dir.path()).await.unwrap();
    assert!(emulator.users().find("zoe1").is_none());
    emulator.users().add(NewUser::username("ann1")).unwrap();
    emulator.restore(&snapshot).await.unwrap();
    emulator.users().add(NewUser::username("bob1")).unwrap();
    drop(emulator);
    let emulator = open(dir.path()).await.unwrap();
    let names: Vec<_> = emulator
        .users()
        .all()
        .into_iter()
        .filter_map(|user| user.username)
        .collect();
    assert!(
        names.contains(&"bob1".to_owned()) && !names.contains(&"ann1".to_owned()),
        "{names:?}"
    );
    emulator.reset().await.unwrap();
    drop(emulator);
    assert_eq!(open(dir.path()).await.unwrap().users().all().len(), 1);
}
