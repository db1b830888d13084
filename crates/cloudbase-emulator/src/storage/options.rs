//! What can be set of storage before the emulator starts.

use super::pg::BucketPolicy;
use super::rules::{Rules, StorageAcl};
use crate::error::StartError;

/// What the builder's methods of this area collected.
#[derive(Debug, Default)]
pub(crate) struct StorageOptions {
    pub(super) port: u16,
    pub(super) url: Option<String>,
    pub(super) strict_names: bool,
    pub(super) rules: Rules,
    pub(super) bucket_policy: BucketPolicy,
    pub(super) buckets: Vec<(String, bool)>,
}

impl crate::EmulatorBuilder {
    /// The port of the object store, where signed URLs point. Default: 0, a free one.
    pub fn object_port(mut self, port: u16) -> Self {
        self.storage.port = port;
        self
    }

    /// What clients call the object store, such as `http://10.0.2.2:9001`: scheme, host and port. Default: the host at which
    /// each client reached the gateway, and the [port](Self::object_port) that the object store listens on. Needed where a
    /// container or a proxy gives that port another number.
    pub fn object_url(mut self, url: impl Into<String>) -> Self {
        self.storage.url = Some(url.into());
        self
    }

    /// Whether uploads are rejected whose names have other characters than the service documents: digits, letters, Chinese
    /// characters, spaces and `/ ! - _ . *`. Default: `false`; such an upload is only logged as a warning, since the service does
    /// not say what it does with one. Copies and moves, for which the service documents the characters, are always rejected.
    pub fn strict_object_names(mut self, strict: bool) -> Self {
        self.storage.strict_names = strict;
        self
    }

    /// The basic permission of classic storage. Default: [`StorageAcl::Readonly`]. JSON security rules are not evaluated:
    /// this and [`storage_rule`](Self::storage_rule) stand in for them.
    pub fn storage_acl(self, acl: StorageAcl) -> Self {
        self.storage_rule("", acl)
    }

    /// The permission of the objects whose key starts with `prefix`; the longest prefix decides.
    pub fn storage_rule(mut self, prefix: &str, acl: StorageAcl) -> Self {
        self.storage.rules.set(prefix, acl);
        self
    }
}

impl crate::EmulatorBuilder {
    /// Adds a PG-mode bucket that is there from the start and after each reset.
    ///
    /// In a PostgreSQL-mode environment of the service the calls of the built-in bucket reach these buckets too (the first segment
    /// of a path is then the bucket's id). The emulator does not emulate that: here the two do not know each other.
    pub fn bucket(mut self, id: &str, public: bool) -> Self {
        self.storage.buckets.push((id.to_owned(), public));
        self
    }

    /// Who may do what in PG-mode buckets. Default: [`BucketPolicy::Owner`].
    pub fn bucket_policy(mut self, policy: BucketPolicy) -> Self {
        self.storage.bucket_policy = policy;
        self
    }
}

/// A URL that paths can be appended to.
pub(super) fn object_url(text: &str) -> Result<String, StartError> {
    let origin = text.strip_suffix('/').unwrap_or(text);
    let uri = origin.parse::<http::Uri>().ok().filter(|uri| {
        let authority = uri.authority().map_or("@", |authority| authority.as_str());
        matches!(uri.scheme_str(), Some("http" | "https")) && !authority.contains('@')
    });
    let is_origin = uri.is_some_and(|uri| uri.path() == "/" && uri.query().is_none());
    if is_origin && !origin.ends_with('/') {
        return Ok(origin.to_owned());
    }
    Err(StartError::new(format!(
        "object_url: `{}` is not an origin; expected `http://host:port` without a path",
        text.escape_debug()
    )))
}
