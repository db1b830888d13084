//! Rust SDK for Tencent CloudBase: auth, MySQL, data models, functions, cloud hosting and storage.
