//! The headers of an upload: what is kept of them with the object, and what they demand.

use std::collections::BTreeMap;

use http::HeaderMap;

use super::disk::{ObjectHeaders, Overwrite};
use super::xml::CosError;

/// The headers of an object, out of the headers of a PUT or the fields of a form.
pub(super) fn object_headers(fields: &BTreeMap<String, String>) -> ObjectHeaders {
    let field = |name: &str| fields.get(name).cloned();
    let kept = |name: &str| name.starts_with("x-cos-meta-") || name == "x-cos-metadata-metadata";
    ObjectHeaders {
        content_type: field("content-type"),
        cache_control: field("cache-control"),
        content_disposition: field("content-disposition"),
        content_encoding: field("content-encoding"),
        content_language: field("content-language"),
        expires: field("expires"),
        meta: fields
            .iter()
            .filter(|(name, _)| kept(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        metadata: None,
    }
}

pub(super) fn overwrite(fields: &BTreeMap<String, String>) -> Overwrite {
    match fields.get("x-cos-forbid-overwrite") {
        Some(value) if value.trim().eq_ignore_ascii_case("true") => Overwrite::Forbid,
        _ => Overwrite::Allow,
    }
}

/// Headers by lower-case name; repeated ones joined, values as text.
pub(super) fn lower_case(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        match fields.entry(name.as_str().to_owned()) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(value.into_owned());
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                entry.get_mut().push(',');
                entry.get_mut().push_str(&value);
            }
        }
    }
    fields
}

/// The hex form of a `Content-MD5` header.
pub(super) fn content_md5(value: &str) -> Result<String, CosError> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD
        .decode(value.trim())
        .ok()
        .filter(|digest| digest.len() == 16)
        .map(hex::encode)
        .ok_or(CosError::bad_request(
            "InvalidDigest",
            "The Content-MD5 is not valid.",
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_md5_is_checked() {
        let hex = content_md5("JfnnlDI7RTiF9RgfG2JNCw==").unwrap();
        assert_eq!(hex, "25f9e794323b453885f5181f1b624d0b");
        assert!(content_md5("x").is_err());
        assert!(content_md5("AAAA").is_err());
    }

    #[test]
    fn metadata_headers_are_kept() {
        let fields = [
            ("x-cos-meta-a", "1"),
            ("x-cos-acl", "private"),
            ("content-type", "a/b"),
        ];
        let fields = fields
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        let headers = object_headers(&fields);
        assert_eq!(headers.content_type.as_deref(), Some("a/b"));
        assert_eq!(headers.meta.len(), 1);
    }
}
