//! Which foreign types are found.

use super::*;

fn findings(text: &str) -> Vec<String> {
    let path = std::path::Path::new("crates/cloudbase-core/src/a.rs");
    let source = RustSource::parse(path, text).unwrap().unwrap();
    let externals = ["http", "hyper", "rustls", "std", "tokio", "tower"];
    let mut found = ByName::new();
    check_crate(&[&source], &externals.map(str::to_owned).into(), &mut found);
    found.into_keys().collect()
}

#[test]
fn each_kind_of_public_signature_is_read() {
    for text in [
        "pub fn a(b: u8) -> Option<tokio::time::Instant> {}",
        "use tokio::time::Instant; pub fn a(b: Instant) {}",
        "use tokio::{time::{self as clock}}; pub fn a(b: &[clock::Instant]) {}",
        "use tokio::time; pub struct A { pub b: time::Instant }",
        "use tokio::time::Instant as End; pub enum A { B(End) }",
        "pub type A = tokio::time::Instant;",
        "pub const A: Option<tokio::time::Instant> = None;",
        "pub use tokio::time::{Instant};",
        "pub mod a { use tokio::time::Instant; pub trait B { fn c(&self) -> Instant; } }",
        "pub trait A { type B: Into<::tokio::time::Instant>; }",
        "pub fn a<B>(b: B) where B: Into<tokio::time::Instant> {}",
        "pub struct A; impl A { pub fn b(&self) -> tokio::time::Instant {} }",
        "pub struct A; impl From<tokio::time::Instant> for A { fn from(_: B) -> A {} }",
        "pub struct A; impl From<A> for tokio::time::Instant { fn from(_: A) -> Self {} } pub trait From {}",
        "pub struct A; impl std::ops::Deref for A { type Target = tokio::time::Instant; }",
        "macros! { pub struct A { b: u8 } } impl std::ops::Deref for A { type Target = tokio::time::Instant; }",
    ] {
        assert_eq!(
            findings(text),
            ["cloudbase-core: tokio::time::Instant"],
            "{text}"
        );
    }
}

#[test]
fn foreign_traits_of_public_types_are_read() {
    let text = "use rustls::client::Verifier; pub struct A; impl Verifier for A {}";
    assert_eq!(findings(text), ["cloudbase-core: rustls::client::Verifier"]);
}

#[test]
fn what_is_private_or_hidden_is_free() {
    for text in [
        "use hyper::Error; pub(crate) fn a(b: Error) {}",
        "pub struct A { inner: hyper::Error }",
        "pub struct A; impl A { fn b() -> hyper::Error {} }",
        "struct A; impl From<hyper::Error> for A {}",
        "trait Own {} pub struct A; impl Own for A { type B = hyper::Error; }",
        "pub fn a() { hyper::b(); }",
        "#[doc(hidden)] pub fn a() -> hyper::Error {}",
        "#[doc(hidden)] pub mod sdk { pub use hyper::Error; }",
        "#[cfg(test)] mod tests { pub fn a() -> hyper::Error {} }",
    ] {
        assert_eq!(findings(text), [""; 0], "{text}");
    }
}

#[test]
fn the_list_names_crates_and_single_types() {
    for text in [
        "pub fn a(b: http::Uri, c: std::time::Duration, d: tokio::fs::File) {}",
        "use tower::{Layer, Service}; pub fn a<S: Service<()>>(b: impl Layer<S>) {}",
        "mod http2; pub fn a(b: http2::Settings, c: String) -> crate::Error {}",
    ] {
        assert_eq!(findings(text), [""; 0], "{text}");
    }
    assert_eq!(findings("pub fn a(b: tokio::fs::FileType) {}").len(), 1);
    assert_eq!(findings("pub fn a(b: tower::util::Oneshot) {}").len(), 1);
}
