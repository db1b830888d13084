//! Object storage for the CloudBase SDK: upload, download, signed URLs, copy, move, delete.
