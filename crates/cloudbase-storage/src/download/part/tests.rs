//! Names, permissions, links and left-over parts.

use std::io::Write as _;

use super::*;

fn part(path: &Path) -> (Part, File) {
    Part::create(Target::of(path.to_owned()).unwrap()).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[test]
fn a_name_may_be_as_long_as_the_system_takes() {
    let folder = tempfile::tempdir().unwrap();
    for length in [1, 240, 255] {
        let path = folder.path().join("n".repeat(length));
        let (part, mut file) = part(&path);
        file.write_all(b"new").unwrap();
        part.put_in_place(file).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }
    assert_eq!(names(folder.path()).len(), 3);
}

#[test]
fn what_a_killed_process_left_is_removed_and_what_is_written_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    for number in [0, 1] {
        fs::write(path.with_file_name(part_name(&path, number)), "left over").unwrap();
    }
    let (first, mut file) = part(&path);
    let (second, _other) = part(&path);
    assert_ne!(first.path, second.path);
    assert!(first.path.exists() && second.path.exists());
    assert_eq!(names(folder.path()).len(), 2);
    drop(second);
    file.write_all(b"new").unwrap();
    first.put_in_place(file).unwrap();
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn a_part_that_gets_nowhere_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "old").unwrap();
    drop(part(&path));
    assert_eq!(names(folder.path()), ["a"]);
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert!(Target::of(folder.path().join("nowhere").join("a")).is_ok());
    let nowhere = Target::of(folder.path().join("nowhere").join("a")).unwrap();
    assert!(Part::create(nowhere).is_err());
}

#[cfg(unix)]
#[test]
fn permissions_are_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    for mode in [0o600, 0o640, 0o755] {
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let (part, file) = part(&path);
        let now = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(now(&part.path), mode);
        part.put_in_place(file).unwrap();
        assert_eq!(now(&path), mode);
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_stay() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("there")).unwrap();
    fs::write(at("there/old"), "old").unwrap();
    symlink(at("there/old"), at("absolute")).unwrap();
    symlink("there/new", at("dangling")).unwrap();
    symlink("dangling2", at("chain")).unwrap();
    symlink("there/../there/newer", at("dangling2")).unwrap();
    for (link, file) in [
        ("absolute", "there/old"),
        ("dangling", "there/new"),
        ("chain", "there/newer"),
    ] {
        let (part, mut written) = part(&at(link));
        written.write_all(link.as_bytes()).unwrap();
        part.put_in_place(written).unwrap();
        assert_eq!(fs::read(at(file)).unwrap(), link.as_bytes());
        assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink());
    }
    assert_eq!(names(&at("there")), ["new", "newer", "old"]);
    symlink("loop", at("loop")).unwrap();
    assert!(Target::of(at("loop")).is_err());
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for path in [Path::new("/dev/null"), folder.path(), &socket] {
        let error = Target::of(path.to_owned()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{path:?}");
    }
}
