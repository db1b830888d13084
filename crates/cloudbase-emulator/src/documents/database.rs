//! What is committed and the open transactions, as calls read and write them.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use bson::Document;

use super::error::{DocumentError, Result};
use super::permission::Actor;
use super::store::{Access, Collection, Place, Store, Stored};

mod transaction;

pub(super) use transaction::Transactions;
use transaction::{Patch, Transaction};

/// The store, and the transactions on it.
pub(super) struct Database {
    pub(super) store: Store,
    pub(super) transactions: Transactions,
}

/// What a call sees and where its writes go: the store, or one transaction.
pub(super) struct Session<'a> {
    database: &'a mut Database,
    /// Taken out of the open ones while it is used. An error of a write ends it.
    transaction: Option<(String, Transaction)>,
    /// What was written to the store, each with what was there before.
    written: Vec<(i64, Patch)>,
}

impl Database {
    pub(super) fn new(store: Store, lifetime_ms: i64) -> Self {
        Self {
            store,
            transactions: Transactions::new(lifetime_ms),
        }
    }

    /// Reads, in a transaction if one is named.
    pub(super) fn read<T>(
        &mut self,
        transaction: Option<(&str, &Actor)>,
        now_ms: i64,
        run: impl FnOnce(&mut Session<'_>) -> Result<T>,
    ) -> Result<T> {
        let transaction = transaction
            .map(|(id, actor)| self.transactions.take(id, actor, now_ms))
            .transpose()?;
        let mut session = Session {
            database: self,
            transaction,
            written: Vec::new(),
        };
        let outcome = run(&mut session);
        if let Some((id, transaction)) = session.transaction.take() {
            self.transactions.put_back(id, transaction);
        }
        outcome
    }

    /// Writes, all or nothing; in a transaction if one is named, which an error ends.
    pub(super) fn write<T>(
        &mut self,
        transaction: Option<(&str, &Actor)>,
        now_ms: i64,
        run: impl FnOnce(&mut Session<'_>) -> Result<T>,
    ) -> Result<T> {
        if let Some((id, actor)) = transaction {
            let taken = self.transactions.take(id, actor, now_ms)?;
            let mut session = Session {
                database: self,
                transaction: Some(taken),
                written: Vec::new(),
            };
            let value = run(&mut session)?;
            if let Some((id, transaction)) = session.transaction.take() {
                self.transactions.put_back(id, transaction);
            }
            return Ok(value);
        }
        self.store.begin()?;
        let mut session = Session {
            database: self,
            transaction: None,
            written: Vec::new(),
        };
        let outcome = run(&mut session);
        let written = std::mem::take(&mut session.written);
        let value = self.store.end(outcome)?;
        self.transactions.show(written);
        Ok(value)
    }

    /// Makes what a transaction wrote visible to all, or rejects it as a whole.
    pub(super) fn commit(&mut self, id: &str, actor: &Actor, now_ms: i64) -> Result<()> {
        let (_, transaction) = self.transactions.take(id, actor, now_ms)?;
        let Transaction { before, writes, .. } = transaction;
        if writes.keys().any(|seq| before.contains_key(seq)) {
            return Err(DocumentError::conflict());
        }
        let by_id: HashMap<i64, Collection> = self.store.by_id();
        self.store.begin()?;
        let mut written = Vec::new();
        let outcome = (|| {
            for (seq, patch) in &writes {
                let Some(collection) = by_id.get(&patch.collection) else {
                    // It was dropped.
                    return Err(DocumentError::conflict());
                };
                let was = self.store.get(*seq)?.map(|stored| stored.document);
                match &patch.document {
                    Some(document) => self.store.put(collection, *seq, document)?,
                    None => self.store.delete(*seq)?,
                }
                let patch = Patch {
                    collection: collection.id,
                    document: was,
                };
                written.push((*seq, patch));
            }
            // After all of them: what a removal leaves free may be taken.
            for (seq, patch) in &writes {
                if let (Some(document), Some(collection)) =
                    (&patch.document, by_id.get(&patch.collection))
                    && self
                        .store
                        .rival(collection, document, &|other| other == *seq)?
                        .is_some()
                {
                    return Err(DocumentError::conflict());
                }
            }
            Ok(())
        })();
        self.store.end(outcome)?;
        self.transactions.show(written);
        Ok(())
    }
}

impl Session<'_> {
    pub(super) fn collection(&self, place: &Place) -> Result<Collection> {
        self.database.store.collection(place)
    }

    /// Shows the documents of a collection that may match, in their order, until `show` breaks off.
    pub(super) fn scan(
        &self,
        collection: &Collection,
        access: &Access,
        show: &mut dyn FnMut(Stored) -> ControlFlow<()>,
    ) -> Result<()> {
        let store = &self.database.store;
        let Some((_, transaction)) = &self.transaction else {
            return store.scan(collection, access, show);
        };
        let patches = transaction.patches(collection.id);
        let mut found: BTreeMap<i64, Document> = patches
            .iter()
            .filter_map(|(seq, document)| Some((*seq, (*document)?.clone())))
            .collect();
        store.scan(collection, access, &mut |stored| {
            if !patches.contains_key(&stored.seq) {
                found.insert(stored.seq, stored.document);
            }
            ControlFlow::Continue(())
        })?;
        for (seq, document) in found {
            if show(Stored { seq, document }).is_break() {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn insert(&mut self, collection: &Collection, document: Document) -> Result<()> {
        let seq = self.database.store.take_seq();
        self.write(collection, seq, Some(document), None)
    }

    pub(super) fn replace(
        &mut self,
        collection: &Collection,
        old: Stored,
        document: Document,
    ) -> Result<()> {
        self.write(collection, old.seq, Some(document), Some(old.document))
    }

    pub(super) fn remove(&mut self, collection: &Collection, old: Stored) -> Result<()> {
        self.write(collection, old.seq, None, Some(old.document))
    }

    fn write(
        &mut self,
        collection: &Collection,
        seq: i64,
        document: Option<Document>,
        was: Option<Document>,
    ) -> Result<()> {
        let store = &mut self.database.store;
        let Some((_, transaction)) = &mut self.transaction else {
            if let Some(document) = &document {
                let rival = store.rival(collection, document, &|other| other == seq)?;
                if let Some(index) = rival {
                    return Err(DocumentError::duplicate(&collection.name, &index.name));
                }
                store.put(collection, seq, document)?;
            } else {
                store.delete(seq)?;
            }
            let patch = Patch {
                collection: collection.id,
                document: was,
            };
            self.written.push((seq, patch));
            return Ok(());
        };
        let others = &self.database.transactions;
        if transaction.before.contains_key(&seq) || others.has_written(seq) {
            return Err(DocumentError::conflict());
        }
        if let Some(document) = &document {
            transaction.check_unique(collection, seq, document, store, others)?;
        }
        let patch = Patch {
            collection: collection.id,
            document,
        };
        transaction.writes.insert(seq, patch);
        Ok(())
    }
}
