//! Names and values in quotes, where a bare one would end early or read differently.

/// A name, in quotes if it holds what separates names (or, in a group, reads as a group).
pub(crate) fn push_name(out: &mut String, name: &str, in_group: bool) {
    let special = |c: char| matches!(c, '.' | ',' | ':' | '!' | '(' | ')' | '"' | '\\');
    let edge = name.starts_with(char::is_whitespace) || name.ends_with(char::is_whitespace);
    let word = in_group && matches!(name, "and" | "or" | "not");
    if edge || word || name.contains(special) {
        push_quoted(out, name);
    } else {
        out.push_str(name);
    }
}

/// A value among others, in quotes if a bare one would end early or read differently.
pub(super) fn push_value(out: &mut String, value: &str) {
    let special = |c: char| matches!(c, ',' | '(' | ')' | '"' | '\\' | '{' | '}');
    let edge = value.starts_with(char::is_whitespace) || value.ends_with(char::is_whitespace);
    if value.is_empty() || edge || value.contains(special) {
        push_quoted(out, value);
    } else {
        out.push_str(value);
    }
}

pub(crate) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}
