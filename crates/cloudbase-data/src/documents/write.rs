//! Changing and removing all documents that match.

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Idempotency, Operation, Response, Result};

use super::filter::Filter;
use super::request::{Body, CollectionTarget, Name, fetch};
use super::results::{Removed, RemovedBody, Updated, UpdatedBody};
use super::update::Update;

/// Changes all documents that match; awaited, it gives an [`Updated`].
///
/// Not repeated once it may have been sent, unless it is `.idempotent(true)`.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct UpdateMany {
    target: CollectionTarget,
    filter: Filter,
    update: Update,
    multi: bool,
    upsert: bool,
    options: CallOptions,
}

impl UpdateMany {
    pub(super) fn new(target: CollectionTarget, filter: Filter, update: Update) -> Self {
        Self {
            options: target.target.options(),
            target,
            filter,
            update,
            multi: true,
            upsert: false,
        }
    }

    /// Changes the first document that matches, and no other.
    #[doc(alias = "multi")]
    pub fn first_only(mut self) -> Self {
        self.multi = false;
        self
    }

    /// Adds a document if none matches: made of what the filter asks to be equal, then changed.
    pub fn upsert(mut self) -> Self {
        self.upsert = true;
        self
    }

    pub(in crate::documents) fn build(self) -> Result<Operation> {
        let name = Name(
            "documents.update",
            "/v1/database/instances/{instance}/databases/{database}/collections/{name}/documents",
        );
        let operation = name.operation(Method::PATCH, || {
            let body = Body::new()
                .document("query", &self.filter.to_choosing_document()?)?
                .document("data", &self.update.to_document()?)?
                .flag("multi", self.multi)
                .flag("upsert", self.upsert)
                .flag("replaceMode", false);
            let body = self.target.target.mark_body(body)?;
            Ok((self.target.documents()?, Some(body)))
        })?;
        Ok(operation
            .idempotency(Idempotency::Unsafe)
            .options(self.options))
    }

    async fn respond(self) -> Result<Response<Updated>> {
        let client = self.target.target.client.clone();
        let updated = fetch::<UpdatedBody>(&client, self.build()?).await?;
        Ok(updated.map(Updated::from))
    }
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent, also for a
    /// filter that every document meets; whatever the service or the way to it reports.
    impl[] UpdateMany => Updated; call, product, write, operation
}

/// Removes all documents that match; awaited, it gives a [`Removed`].
///
/// Not repeated once it may have been sent, unless it is `.idempotent(true)`.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct RemoveMany {
    target: CollectionTarget,
    filter: Filter,
    multi: bool,
    options: CallOptions,
}

impl RemoveMany {
    pub(super) fn new(target: CollectionTarget, filter: Filter) -> Self {
        Self {
            options: target.target.options(),
            target,
            filter,
            multi: true,
        }
    }

    /// Removes the first document that matches, and no other.
    #[doc(alias = "multi")]
    pub fn first_only(mut self) -> Self {
        self.multi = false;
        self
    }

    pub(in crate::documents) fn build(self) -> Result<Operation> {
        let name = Name(
            "documents.remove",
            "/v1/database/instances/{instance}/databases/{database}/collections/{name}/documents/remove",
        );
        let operation = name.operation(Method::POST, || {
            let body = Body::new()
                .document("query", &self.filter.to_choosing_document()?)?
                .flag("multi", self.multi);
            let body = self.target.target.mark_body(body)?;
            Ok((
                self.target.documents()?.path("action", "remove")?,
                Some(body),
            ))
        })?;
        Ok(operation
            .idempotency(Idempotency::Unsafe)
            .options(self.options))
    }

    async fn respond(self) -> Result<Response<Removed>> {
        let client = self.target.target.client.clone();
        let removed = fetch::<RemovedBody>(&client, self.build()?).await?;
        Ok(removed.map(Removed::from))
    }
}

cloudbase_core::request_builder! {
    /// As [`UpdateMany::send`].
    impl[] RemoveMany => Removed; call, product, write, operation
}
