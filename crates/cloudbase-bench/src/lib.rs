//! Side-by-side measurements of the CloudBase SDK.
