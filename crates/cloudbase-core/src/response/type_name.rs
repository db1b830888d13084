//! The name of a type as its user wrote it.

/// `Vec<Todo>` for `alloc::vec::Vec<app::rows::Todo>`. Of a type with which the SDK reads another
/// leniently, or in its envelope, it is the other's: nobody asked for ours.
pub(super) fn short(full: &str) -> String {
    let mut name = full;
    while name.starts_with("cloudbase_")
        && let Some((_, inner)) = name.split_once('<')
        && let Some(inner) = inner.strip_suffix('>')
    {
        name = inner;
    }
    let mut short = String::new();
    let mut rest = name;
    while let Some(at) = rest.find(|c: char| !is_of_a_path(c)) {
        let (path, after) = rest.split_at(at);
        short.push_str(last_of(path));
        let end = after.find(is_of_a_path).unwrap_or(after.len());
        let (between, after) = after.split_at(end);
        short.push_str(between);
        rest = after;
    }
    short.push_str(last_of(rest));
    short
}

fn is_of_a_path(c: char) -> bool {
    c.is_alphanumeric() || "_:{}#".contains(c)
}

fn last_of(path: &str) -> &str {
    path.rsplit_once("::").map_or(path, |(_, last)| last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_without_modules_and_wrappers() {
        for (full, expected) in [
            ("u32", "u32"),
            ("alloc::vec::Vec<app::rows::Todo>", "Vec<Todo>"),
            (
                "std::collections::HashMap<alloc::string::String, (u8, [app::T; 3])>",
                "HashMap<String, (u8, [T; 3])>",
            ),
            ("app::main::{{closure}}::Local", "Local"),
            ("&str", "&str"),
            ("()", "()"),
            (
                "cloudbase_data::lenient::Lenient<cloudbase_data::models::Envelope<core::option::Option<app::T>>>",
                "Option<T>",
            ),
            ("cloudbase_data::row::Row", "Row"),
        ] {
            assert_eq!(short(full), expected);
        }
    }
}
