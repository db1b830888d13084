//! Poisoned files, modes, and locks.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use secrecy::ExposeSecret as _;

use super::disk::MAX_SIZE;
use super::*;

fn store() -> (tempfile::TempDir, FileStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::new(directory.path().join("sessions"));
    (directory, store)
}

async fn text(store: &FileStore) -> Option<String> {
    store
        .load("k")
        .await
        .unwrap()
        .map(|value| value.expose_secret().to_owned())
}

async fn save(store: &FileStore, value: &str) {
    let lock = store.lock("k").await.unwrap();
    store.save("k", &value.into(), &lock).await.unwrap();
    lock.release().await;
}

fn names(store: &FileStore) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(store.directory())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn only_the_owner_can_read() {
    let (_directory, store) = store();
    save(&store, "v").await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(store.directory()), 0o700);
    assert_eq!(mode(&store.directory().join("k.json")), 0o600);
    assert_eq!(mode(&store.directory().join("k.lock")), 0o600);
    assert_eq!(
        names(&store),
        ["k.json", "k.lock"],
        "nothing is left behind"
    );
}

#[tokio::test]
async fn poison_is_moved_aside_and_counts_as_absent() {
    type Poison = fn(&Path);
    let poisons: &[(&str, Poison)] = &[
        ("bad UTF-8", |path| {
            fs::write(path, [0xff, 0xfe, b'{']).unwrap()
        }),
        ("1 GB", |path| {
            fs::File::create(path).unwrap().set_len(1 << 30).unwrap()
        }),
        ("a directory", |path| fs::create_dir(path).unwrap()),
        ("writable by others", |path| {
            fs::write(path, "{}").unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap();
        }),
        ("a link", |path| {
            let target = path.with_extension("target");
            fs::write(&target, "sentinel").unwrap();
            symlink(target, path).unwrap();
        }),
        ("a link to nothing", |path| {
            symlink("/nowhere", path).unwrap()
        }),
    ];
    for (name, poison) in poisons {
        let (_directory, store) = store();
        save(&store, "old").await;
        let path = store.directory().join("k.json");
        fs::remove_file(&path).unwrap();
        poison(&path);
        assert_eq!(text(&store).await, None, "{name}");
        assert!(
            names(&store)
                .iter()
                .any(|name| name.starts_with("k.poisoned-")),
            "{name}"
        );
        save(&store, "new").await;
        assert_eq!(text(&store).await.as_deref(), Some("new"), "{name}");
    }
}

#[tokio::test]
async fn nobody_else_reads_what_was_moved_aside() {
    type Poison = fn(&Path);
    let poisons: &[(&str, Poison)] = &[
        ("writable by others", |path| fs::write(path, "{}").unwrap()),
        ("bad UTF-8", |path| fs::write(path, [0xff]).unwrap()),
        ("too large", |path| {
            let file = fs::File::create(path).unwrap();
            file.set_len(MAX_SIZE + 1).unwrap();
        }),
        ("a directory", |path| fs::create_dir(path).unwrap()),
    ];
    for (name, poison) in poisons {
        let (_directory, store) = store();
        save(&store, "old").await;
        let path = store.directory().join("k.json");
        fs::remove_file(&path).unwrap();
        poison(&path);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(text(&store).await, None, "{name}");
        check_mode_of_poison(&store, name);
    }
    // A whole text that its reader finds to be no session.
    let (_directory, store) = store();
    save(&store, "token").await;
    let path = store.directory().join("k.json");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let lock = store.lock("k").await.unwrap();
    store.discard("k", &lock).await.unwrap();
    check_mode_of_poison(&store, "no session");
}

fn check_mode_of_poison(store: &FileStore, case: &str) {
    let names = names(store);
    let aside = names.iter().find(|name| name.starts_with("k.poisoned-"));
    let aside = store.directory().join(aside.unwrap());
    let mode = fs::metadata(aside).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{case}: {mode:o}");
}

#[tokio::test]
async fn a_value_that_could_not_be_read_again_is_not_saved() {
    let (_directory, store) = store();
    let largest = "x".repeat(MAX_SIZE as usize);
    save(&store, &largest).await;
    assert_eq!(text(&store).await, Some(largest.clone()));
    let lock = store.lock("k").await.unwrap();
    let larger = format!("{largest}x").into();
    let error = store.save("k", &larger, &lock).await.unwrap_err();
    assert!(error.message().contains("at most 1048576 bytes"), "{error}");
    assert_eq!(text(&store).await, Some(largest), "the old value stays");
}

#[tokio::test]
async fn where_there_are_no_locks_one_process_does_without() {
    type Block = fn(&Path);
    let blocks: &[(&str, Block)] = &[
        ("a directory", |path| fs::create_dir(path).unwrap()),
        ("a link", |path| symlink("/nowhere", path).unwrap()),
    ];
    for (name, block) in blocks {
        let (_directory, store) = store();
        fs::create_dir(store.directory()).unwrap();
        fs::set_permissions(store.directory(), fs::Permissions::from_mode(0o700)).unwrap();
        block(&store.directory().join("k.lock"));
        let first = store.lock("k").await.expect(name);
        let second = store.lock("k").await.expect(name);
        store.save("k", &"v".into(), &first).await.unwrap();
        store.remove("k", &second).await.unwrap();
        // Another key has its lock all the same.
        store.lock("k2").await.unwrap().release().await;
    }
    // What an NFS without a lock daemon says, and a file system that has no such call.
    let (_directory, store) = store();
    for (number, none) in [
        (libc::ENOLCK, true),
        (libc::ENOSYS, true),
        (libc::EACCES, false),
    ] {
        let error = io::Error::from_raw_os_error(number);
        assert_eq!(store.disk.knows_no_locks(&error), none, "{error}");
    }
}

#[tokio::test]
async fn a_file_that_others_can_read_is_mended() {
    let (_directory, store) = store();
    save(&store, "v").await;
    let path = store.directory().join("k.json");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(text(&store).await.as_deref(), Some("v"));
    assert_eq!(
        fs::metadata(path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[tokio::test]
async fn the_mode_of_a_file_that_only_its_owner_can_read_is_left_alone() {
    let (_directory, store) = store();
    save(&store, "v").await;
    let path = store.directory().join("k.json");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert_eq!(text(&store).await.as_deref(), Some("v"));
    let mode = fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o400);
}

/// No file can be made in a directory that is removed while it is open.
#[test]
#[cfg(target_os = "linux")]
fn a_write_beside_which_every_file_is_gone_gives_up() {
    use std::os::fd::AsRawFd as _;
    let (directory, _) = store();
    let open = fs::File::open(directory.path()).unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
    directory.close().unwrap();
    let disk = Disk::new(format!("/proc/self/fd/{}", open.as_raw_fd()).into());
    let error = disk.write("k", &"v".into()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
}

#[tokio::test]
async fn a_directory_that_others_can_write_is_rejected() {
    let (_directory, store) = store();
    save(&store, "v").await;
    fs::set_permissions(store.directory(), fs::Permissions::from_mode(0o777)).unwrap();
    let error = store.lock("k").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local);
    let path = store.directory().join("k.json");
    assert_eq!(
        error.to_string(),
        format!(
            "local failure: cannot lock the session file `{}`: the session directory can be \
             written by others: `chmod go-w` it",
            path.display()
        )
    );
}

#[tokio::test]
async fn errors_name_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let blocked = directory.path().join("x".repeat(200)).join("y".repeat(200));
    fs::create_dir(blocked.parent().unwrap()).unwrap();
    fs::write(&blocked, "no directory").unwrap();
    let store = FileStore::new(&blocked);
    let path = blocked.join("k.json");
    let error = store.load("k").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "local failure: cannot read the session file `{}`: {}",
            path.display(),
            io::Error::from_raw_os_error(libc::ENOTDIR)
        )
    );
    assert!(std::error::Error::source(&error).is_some());
    let lock = StoreLock::unshared();
    let error = store.save("k", &"sentinel".into(), &lock).await;
    let error = error.unwrap_err();
    let beginning = format!("cannot write the session file `{}`: ", path.display());
    assert!(error.message().starts_with(&beginning), "{error}");
    assert!(!format!("{error} {error:?}").contains("sentinel"));
}

#[tokio::test]
async fn keys_cannot_leave_the_directory() {
    let (directory, store) = store();
    for key in ["../escape", "a/b", "", ".", "ü"] {
        let lock = store.lock(key).await.unwrap();
        store.save(key, &"v".into(), &lock).await.unwrap();
        assert_eq!(
            store.load(key).await.unwrap().unwrap().expose_secret(),
            "v",
            "{key}"
        );
        store.remove(key, &lock).await.unwrap();
        assert!(store.load(key).await.unwrap().is_none());
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn the_debris_of_killed_writers_is_swept_and_living_ones_are_left_alone() {
    let (_directory, store) = store();
    save(&store, "old").await;
    let debris = ["k.tmp", "k.1-00ff.tmp", "k.4000000000-1.tmp"];
    for name in debris {
        fs::write(store.directory().join(name), "half").unwrap();
    }
    // Another key's, and one that has a writer.
    fs::write(store.directory().join("k2.1-00ff.tmp"), "half").unwrap();
    let living = store.directory().join("k.1-0001.tmp");
    let writer = fs::File::create(&living).unwrap();
    writer.lock().unwrap();
    assert_eq!(text(&store).await.as_deref(), Some("old"));
    save(&store, "new").await;
    assert_eq!(text(&store).await.as_deref(), Some("new"));
    assert_eq!(
        names(&store),
        ["k.1-0001.tmp", "k.json", "k.lock", "k2.1-00ff.tmp"]
    );
    drop(writer);
    save(&store, "newer").await;
    assert!(!living.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_without_the_lock_spoil_nothing() {
    let (_directory, store) = store();
    let value = |n: usize| n.to_string().repeat(20_000);
    save(&store, &value(9)).await;
    let writers: Vec<_> = (0..8)
        .map(|n| {
            let (store, value) = (store.clone(), value(n));
            tokio::spawn(async move {
                for _ in 0..40 {
                    // As after the time limit for the lock: nothing keeps two of them apart.
                    let lock = StoreLock::unshared();
                    store
                        .save("k", &value.as_str().into(), &lock)
                        .await
                        .unwrap();
                    let read = text(&store).await.unwrap();
                    assert!(
                        read.len() == 20_000 && read.bytes().all(|byte| byte == read.as_bytes()[0])
                    );
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(
        names(&store),
        ["k.json", "k.lock"],
        "nothing is left behind"
    );
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_never_let_go_is_waited_for_so_long_and_no_longer() {
    let (_directory, store) = store();
    let held = store.lock("k").await.unwrap();
    let begin = Instant::now();
    let error = store.lock("k").await.unwrap_err();
    let waited = begin.elapsed();
    let path = store.directory().join("k.json");
    assert_eq!(
        error.message(),
        format!(
            "another process has held the lock of the session file `{}` for 75s",
            path.display()
        )
    );
    assert!(
        (LOCK_LIMIT..LOCK_LIMIT + Duration::from_secs(1)).contains(&waited),
        "{waited:?}"
    );
    // Other keys have locks of their own, and this one is free at once when it is let go.
    store.lock("k2").await.unwrap().release().await;
    held.release().await;
    let begin = Instant::now();
    store.lock("k").await.unwrap().release().await;
    assert!(begin.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_file_of_another_user_is_not_trusted() {
    let (_directory, store) = store();
    save(&store, "v").await;
    let path = store.directory().join("k.json");
    // Only the superuser can give a file away; anybody else cannot be given one in this directory.
    if std::os::unix::fs::chown(&path, Some(12_345), None).is_ok() {
        assert_eq!(text(&store).await, None);
        assert!(!path.exists());
    } else {
        assert_eq!(text(&store).await.as_deref(), Some("v"));
    }
}
