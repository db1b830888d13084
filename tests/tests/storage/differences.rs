//! What this SDK does differently from the official one on purpose, step by step, and why.

use cloudbase_tests::fixtures::{Difference, Differences};

const STORE_HEADERS: &str = "the object store has no business with the SDK's headers";
const UPLOAD_SECRETS: &str = "secrets of the upload are not shown; `headers()` has them";
const MADE_UP: &str =
    "made up from one header by the JavaScript SDK, which `last_modified` hands on as it is";
const DEFAULTS: &str = "said even where it is the default";

pub(super) static DIFFERENCES: Differences = Differences::new(&[
    Difference::new(
        "result",
        "result.message missing",
        "a sentence without information",
        &[
            "storage_bucket_management 4",
            "storage_bucket_management 5",
            "storage_classic_bucket_api 11",
        ],
    ),
    Difference::new(
        "result",
        "error.message value",
        "arguments are checked here first, with a sentence of ours",
        &["storage_bucket_management 6", "storage_copy_file 3"],
    ),
    Difference::new(
        "PUT /dir/a.txt",
        "header.accept-language missing",
        STORE_HEADERS,
        &[
            "storage_classic_bucket_api 1",
            "storage_classic_bucket_api 2",
            "storage_upload_file_error 2",
        ],
    ),
    Difference::new(
        "PUT /dir/a.txt",
        "header.x-sdk-version missing",
        STORE_HEADERS,
        &[
            "storage_classic_bucket_api 1",
            "storage_classic_bucket_api 2",
            "storage_upload_file_error 2",
        ],
    ),
    Difference::new(
        "result",
        "result value",
        "ours returns one result for each object, theirs what it asked before",
        &["storage_classic_bucket_api 12"],
    ),
    Difference::new(
        "result",
        "result.authorization missing",
        UPLOAD_SECRETS,
        &["storage_classic_bucket_api 3"],
    ),
    Difference::new(
        "result",
        "result.cosFileId missing",
        UPLOAD_SECRETS,
        &["storage_classic_bucket_api 3"],
    ),
    Difference::new(
        "result",
        "result.token missing",
        UPLOAD_SECRETS,
        &["storage_classic_bucket_api 3"],
    ),
    Difference::new(
        "POST /v1/storages/get-objects-download-info",
        "body.0.maxAge extra",
        "the lifetime that the caller asked for, as the Flutter SDK sends it since 1.3.0",
        &[
            "storage_classic_bucket_api 4",
            "storage_classic_bucket_api 5",
            "storage_classic_bucket_api 6",
            "storage_classic_bucket_api 7",
            "storage_classic_bucket_api 8",
            "storage_classic_bucket_api 9",
            "storage_download_file 1",
            "storage_download_file 2",
            "storage_get_file_info 1",
            "storage_get_file_info 2",
            "storage_get_temp_file_url 1",
            "storage_get_temp_file_url 2",
        ],
    ),
    Difference::new(
        "HEAD /dir/a.txt",
        "header.accept-language missing",
        STORE_HEADERS,
        &[
            "storage_classic_bucket_api 8",
            "storage_classic_bucket_api 9",
            "storage_get_file_info 1",
        ],
    ),
    Difference::new(
        "HEAD /dir/a.txt",
        "header.authorization missing",
        "the JavaScript SDK leaks the session's token to the object store",
        &[
            "storage_classic_bucket_api 8",
            "storage_classic_bucket_api 9",
            "storage_get_file_info 1",
        ],
    ),
    Difference::new(
        "HEAD /dir/a.txt",
        "header.x-sdk-version missing",
        STORE_HEADERS,
        &[
            "storage_classic_bucket_api 8",
            "storage_classic_bucket_api 9",
            "storage_get_file_info 1",
        ],
    ),
    Difference::new(
        "result",
        "result.bucketId missing",
        MADE_UP,
        &["storage_classic_bucket_api 8"],
    ),
    Difference::new(
        "result",
        "result.createdAt missing",
        MADE_UP,
        &["storage_classic_bucket_api 8"],
    ),
    Difference::new(
        "result",
        "result.lastAccessedAt missing",
        MADE_UP,
        &["storage_classic_bucket_api 8"],
    ),
    Difference::new(
        "result",
        "result.lastModified missing",
        MADE_UP,
        &["storage_classic_bucket_api 8"],
    ),
    Difference::new(
        "result",
        "result.updatedAt missing",
        MADE_UP,
        &["storage_classic_bucket_api 8"],
    ),
    Difference::new(
        "result",
        "result.version missing",
        MADE_UP,
        &["storage_classic_bucket_api 8"],
    ),
    Difference::new(
        "POST /v1/storages/copy-objects",
        "body.0.overwrite extra",
        DEFAULTS,
        &["storage_copy_file 1"],
    ),
    Difference::new(
        "POST /v1/storages/copy-objects",
        "body.0.removeOriginal extra",
        DEFAULTS,
        &["storage_copy_file 1"],
    ),
    Difference::new(
        "result",
        "result.requestId missing",
        "storage calls return what was asked for alone",
        &[
            "storage_copy_file 1",
            "storage_copy_file 2",
            "storage_get_file_info 1",
            "storage_get_temp_file_url 1",
            "storage_get_temp_file_url 2",
            "storage_upload_file_post 1",
        ],
    ),
    Difference::new(
        "POST /v1/storages/copy-objects",
        "body.1.removeOriginal extra",
        DEFAULTS,
        &["storage_copy_file 2"],
    ),
    Difference::new(
        "result",
        "result.tempFilePath missing",
        "ours reads the object instead of handing on its URL",
        &["storage_download_file 1"],
    ),
    Difference::new(
        "result",
        "result.fileList.0.tempFileURL missing",
        "the URL that it was asked with is not part of the information",
        &["storage_get_file_info 1"],
    ),
    Difference::new(
        "result",
        "error extra",
        "one object is asked for, and its absence is the error of the call",
        &["storage_get_file_info 2"],
    ),
    Difference::new(
        "POST /v1/storages/get-objects-download-info",
        "body.1.maxAge extra",
        "the lifetime that the caller asked for, as the Flutter SDK sends it since 1.3.0",
        &["storage_get_temp_file_url 2"],
    ),
    Difference::new(
        "result",
        "result.fileList.1.fileID missing",
        "an item that failed is an error; it stands where it was asked for",
        &["storage_get_temp_file_url 2"],
    ),
    Difference::new(
        "result",
        "result.fileList.1.fileid missing",
        "an item that failed is an error; it stands where it was asked for",
        &["storage_get_temp_file_url 2"],
    ),
    Difference::new(
        "result",
        "error missing",
        "an empty batch is no error: there is nothing to do",
        &["storage_get_temp_file_url 3"],
    ),
    Difference::new(
        "result",
        "error.code value",
        "the JavaScript SDK puts the code into its text",
        &["storage_upload_file_error 1"],
    ),
    Difference::new(
        "result",
        "error.message value",
        "the JavaScript SDK puts the code into its text",
        &["storage_upload_file_error 1"],
    ),
    Difference::new(
        "result",
        "error.code value",
        "the JavaScript SDK puts the body into its text",
        &["storage_upload_file_error 2"],
    ),
    Difference::new(
        "result",
        "error.message value",
        "the JavaScript SDK puts the body into its text",
        &["storage_upload_file_error 2"],
    ),
    Difference::new(
        "POST /v1/storages/get-objects-upload-info",
        "body.0.signedHeader extra",
        "what the object is put with is signed; the form signs nothing",
        &["storage_upload_file_post 1"],
    ),
    Difference::new(
        "POST /v1/storages/get-objects-download-info",
        "request missing",
        "the JavaScript SDK asks about objects before it removes them",
        &["storage_classic_bucket_api 12"],
    ),
    Difference::new(
        "HEAD /dir/a.txt",
        "request missing",
        "the JavaScript SDK asks about objects before it removes them",
        &["storage_classic_bucket_api 12"],
    ),
    Difference::new(
        "POST /dir/a.txt",
        "request missing",
        "the form is for browsers without PUT; objects are put",
        &["storage_upload_file_post 1"],
    ),
    Difference::new(
        "PUT /dir/a.txt",
        "request extra",
        "the form is for browsers without PUT; objects are put",
        &["storage_upload_file_post 1"],
    ),
]);
