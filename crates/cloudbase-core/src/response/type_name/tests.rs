//! Names of types in messages.

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
