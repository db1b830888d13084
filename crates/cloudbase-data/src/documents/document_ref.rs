//! One document, by its id.

mod get;
mod remove;
mod set;
mod update;

use cloudbase_core::http::Method;
use cloudbase_core::{Operation, PathBuilder, Result};
use serde::Serialize;

pub use self::get::GetDocument;
pub use self::remove::RemoveDocument;
pub use self::set::SetDocument;
pub use self::update::UpdateDocument;
use super::filter::{Filter, eq};
use super::request::{Body, CollectionTarget, Name};
use super::update::Update;
use super::value::{ObjectId, Value, integer};

/// The id of a document: text, an [`ObjectId`] or a number.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentId(Id);

#[derive(Clone, Debug, PartialEq)]
enum Id {
    Text(String),
    /// The paths of single documents know ids as text only.
    Number(Value),
}

impl From<&str> for DocumentId {
    fn from(id: &str) -> Self {
        Self(Id::Text(id.to_owned()))
    }
}

impl From<String> for DocumentId {
    fn from(id: String) -> Self {
        Self(Id::Text(id))
    }
}

impl From<&String> for DocumentId {
    fn from(id: &String) -> Self {
        id.as_str().into()
    }
}

impl From<ObjectId> for DocumentId {
    fn from(id: ObjectId) -> Self {
        Self(Id::Text(id.to_string()))
    }
}

impl From<i32> for DocumentId {
    fn from(id: i32) -> Self {
        i64::from(id).into()
    }
}

impl From<i64> for DocumentId {
    fn from(id: i64) -> Self {
        Self(Id::Number(integer(id)))
    }
}

/// One document of a collection. Cheap to clone; each method starts a call.
#[doc(alias = "DocumentReference")]
#[derive(Clone, Debug)]
pub struct DocumentRef {
    target: CollectionTarget,
    id: DocumentId,
}

const TEMPLATE: &str =
    "/v1/database/instances/{instance}/databases/{database}/collections/{name}/documents/{id}";

impl DocumentRef {
    pub(super) fn new(target: CollectionTarget, id: DocumentId) -> Self {
        Self { target, id }
    }

    /// Reads the document; awaited, it gives an `Option<T>`, `None` if there is no such document.
    ///
    /// ```no_run
    /// # use cloudbase_data::documents::Documents;
    /// # #[derive(serde::Deserialize)] struct Todo { title: String }
    /// # async fn run(documents: Documents) -> cloudbase_core::Result<()> {
    /// let todo: Option<Todo> = documents.collection("todos").doc("a1").get().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn get<T>(&self) -> GetDocument<T> {
        GetDocument::new(self.clone())
    }

    /// Replaces the whole document by `document` (a struct or map without `_id`), or adds it.
    pub fn set<T: Serialize + ?Sized>(&self, document: &T) -> SetDocument {
        SetDocument::new(self.clone(), document)
    }

    /// Changes the document. One that is not there is no error: nothing
    /// [matches](super::Updated::matched) then.
    pub fn update(&self, update: impl Into<Update>) -> UpdateDocument {
        UpdateDocument::new(self.clone(), update.into())
    }

    /// Removes the document. One that is not there is no error.
    #[doc(alias = "delete")]
    pub fn remove(&self) -> RemoveDocument {
        RemoveDocument::new(self.clone())
    }

    fn path(&self, id: &str) -> Result<PathBuilder> {
        self.target.documents()?.segment("id", id)
    }

    /// The condition that the document with a number for an id meets.
    fn filter(id: &Value) -> Filter {
        eq("_id", id)
    }

    /// A change of the document, by its path or by a condition on its number.
    fn patch(
        &self,
        name: &'static str,
        body: impl FnOnce(Body) -> Result<Body>,
    ) -> Result<Operation> {
        Name(name, TEMPLATE).operation(Method::PATCH, || {
            let (path, start) = match &self.id.0 {
                Id::Text(id) => (self.path(id)?, Body::new()),
                Id::Number(id) => {
                    let query = Self::filter(id).to_document()?;
                    let start = Body::new().document("query", &query)?.flag("multi", false);
                    (self.target.documents()?, start)
                }
            };
            let body = self.target.target.mark_body(body(start)?)?;
            Ok((path, Some(body)))
        })
    }
}
