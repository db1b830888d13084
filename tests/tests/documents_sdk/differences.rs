//! What this SDK does differently from the official one on purpose, step by step, and why.

use cloudbase_tests::fixtures::{Difference, Differences};

const LONG: &str = "a plain number of this size would be one of 32 bits, or have no type";

pub(super) static DIFFERENCES: Differences = Differences::new(&[
    Difference::new(
        "POST /v1/database/*",
        "body.data.0.at.$date value",
        LONG,
        &["document_add 1"],
    ),
    Difference::new(
        "POST /v1/database/*",
        "body.data.0.big value",
        LONG,
        &["document_add 1"],
    ),
    Difference::new(
        "PATCH /v1/database/*",
        "body.data.$set.when.$date value",
        LONG,
        &["document_update 21"],
    ),
    Difference::new(
        "GET /v1/database/*",
        "query.projection missing",
        "an empty choice of fields is none",
        &["document_get 1"],
    ),
    Difference::new(
        "result",
        "error extra",
        "a rejection is an error whatever its status",
        &["document_get 9"],
    ),
]);
