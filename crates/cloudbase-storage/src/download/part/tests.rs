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
    let nowhere = Target::of(folder.path().join("nowhere").join("a"));
    assert!(nowhere.is_err(), "its folder must be there");
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

#[cfg(unix)]
#[test]
fn a_name_that_is_anothers_now_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "old").unwrap();
    for is_whole in [false, true] {
        let (part, file) = part(&path);
        let name = part.path.clone();
        fs::remove_file(&name).unwrap();
        fs::write(&name, "another's").unwrap();
        if is_whole {
            let error = part.put_in_place(file).unwrap_err();
            assert_eq!(error.to_string(), "its temporary file was removed");
        } else {
            drop(part);
        }
        assert_eq!(fs::read(&name).unwrap(), b"another's");
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }
}

#[cfg(unix)]
#[test]
fn a_link_at_the_name_of_a_part_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(folder.path().join("other"), "other").unwrap();
    for (number, to) in [(0, "other"), (1, "nowhere")] {
        let link = path.with_file_name(part_name(&path, number));
        std::os::unix::fs::symlink(to, link).unwrap();
    }
    let (part, file) = part(&path);
    assert_eq!(part.path, path.with_file_name(part_name(&path, 2)));
    part.put_in_place(file).unwrap();
    assert_eq!(names(folder.path()).len(), 4);
}

#[test]
fn downloads_to_one_place_never_take_each_others_parts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::thread::scope(|scope| {
        for own in [b"1", b"2", b"3", b"4"] {
            let path = &path;
            scope.spawn(move || {
                for round in 0..50 {
                    let (part, mut file) = part(path);
                    file.write_all(own).unwrap();
                    let name = part.path.clone();
                    assert_eq!(fs::read(&name).unwrap(), own);
                    if round % 2 == 0 {
                        part.put_in_place(file).unwrap();
                    }
                }
            });
        }
    });
    assert_eq!(names(folder.path()), ["a"]);
    assert_eq!(fs::read(&path).unwrap().len(), 1);
}

#[cfg(unix)]
#[test]
fn a_target_that_changed_meanwhile_is_looked_at_again() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "old").unwrap();
    let (whole, file) = part(&path);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    whole.put_in_place(file).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let (whole, file) = part(&path);
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("elsewhere", &path).unwrap();
    let error = whole.put_in_place(file).unwrap_err();
    assert_eq!(error.to_string(), "it became a link meanwhile");
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    let (whole, file) = part(&folder.path().join("b"));
    fs::create_dir(folder.path().join("b")).unwrap();
    assert!(whole.put_in_place(file).is_err());
    assert_eq!(names(folder.path()), ["a", "b"]);
}
