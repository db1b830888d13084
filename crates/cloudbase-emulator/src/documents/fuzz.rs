//! Entry points for fuzzing: any input is accepted or rejected, none panics.

use bson::{Bson, DateTime, Document, doc};

use super::{
    ejson::Decoder,
    engine::{Collections, Filter, Pipeline, Projection, Result, Update},
};

/// Reads extended JSON. An object is taken for a filter, an update and a projection, a list for a pipeline, and each that is
/// valid meets a document.
#[doc(hidden)]
pub fn fuzz_documents(json: &[u8]) {
    let now = DateTime::from_millis(0);
    let stored = doc! { "_id": 1, "a": [1, { "b": "aé" }, null], "b": { "c": 1.5 }, "d": now };
    match Decoder::at(0).value(json) {
        Ok(Bson::Document(given)) => {
            if let Ok(filter) = Filter::parse(&given, now) {
                drop(filter.matches(&stored));
            }
            if let Ok(update) = Update::parse(&given, now) {
                drop(update.apply(&mut stored.clone()));
            }
            if let Ok(projection) = Projection::parse(&given) {
                drop(projection.apply(stored));
            }
        }
        Ok(Bson::Array(stages)) => {
            if let Ok(pipeline) = Pipeline::parse(&stages, now) {
                drop(pipeline.run(vec![stored], &Empty));
            }
        }
        _ => {}
    }
}

/// No other collections.
struct Empty;

impl Collections for Empty {
    fn documents(&self, _: &str) -> Result<Vec<Document>> {
        Ok(Vec::new())
    }
}
