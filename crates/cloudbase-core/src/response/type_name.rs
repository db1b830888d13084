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
    let is_outside_paths = |c: char| !c.is_alphanumeric() && !"_:{}#".contains(c);
    name.split_inclusive(is_outside_paths)
        .map(|path| path.rsplit_once("::").map_or(path, |(_, last)| last))
        .collect()
}

#[cfg(test)]
mod tests;
