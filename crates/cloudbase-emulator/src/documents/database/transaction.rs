//! Transactions: what each wrote, and what was there when it began.

use std::collections::{BTreeMap, HashMap};

use bson::Document;

use crate::documents::error::{DocumentError, Result};
use crate::documents::permission::Actor;
use crate::documents::store::{Collection, Store};

/// A document in place of the committed one, or its absence.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    pub(super) collection: i64,
    pub(super) document: Option<Document>,
}

/// One open transaction. It sees what was committed when it began, and its own writes.
#[derive(Debug)]
pub(super) struct Transaction {
    owner: Actor,
    ends_ms: i64,
    /// What was committed since it began: the documents as they were before.
    pub(super) before: BTreeMap<i64, Patch>,
    pub(super) writes: BTreeMap<i64, Patch>,
}

/// The open transactions.
pub(in super::super) struct Transactions {
    lifetime_ms: i64,
    open: HashMap<String, Transaction>,
}

impl Transactions {
    pub(super) fn new(lifetime_ms: i64) -> Self {
        Self {
            lifetime_ms,
            open: HashMap::new(),
        }
    }

    /// Opens one and returns its id.
    pub(in super::super) fn start(&mut self, owner: Actor, now_ms: i64) -> String {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let transaction = Transaction {
            owner,
            ends_ms: now_ms.saturating_add(self.lifetime_ms),
            before: BTreeMap::new(),
            writes: BTreeMap::new(),
        };
        self.open.insert(id.clone(), transaction);
        id
    }

    /// Takes one out of the open ones: it is gone unless it is put back.
    pub(super) fn take(
        &mut self,
        id: &str,
        actor: &Actor,
        now_ms: i64,
    ) -> Result<(String, Transaction)> {
        // The others that took too long hold nothing any more.
        self.open
            .retain(|other, transaction| other == id || transaction.ends_ms > now_ms);
        let is_theirs = |transaction: &&Transaction| transaction.owner == *actor;
        if self.open.get(id).filter(is_theirs).is_none() {
            return Err(DocumentError::no_transaction(
                "there is no such transaction: it was committed or rolled back, or an error ended it",
            ));
        }
        match self.open.remove_entry(id) {
            Some(found) if found.1.ends_ms > now_ms => Ok(found),
            _ => Err(DocumentError::no_transaction(
                "the transaction took longer than it may and was rolled back",
            )),
        }
    }

    pub(super) fn put_back(&mut self, id: String, transaction: Transaction) {
        self.open.insert(id, transaction);
    }

    /// Drops what a transaction wrote.
    pub(in super::super) fn roll_back(
        &mut self,
        id: &str,
        actor: &Actor,
        now_ms: i64,
    ) -> Result<()> {
        self.take(id, actor, now_ms).map(drop)
    }

    pub(in super::super) fn clear(&mut self) {
        self.open.clear();
    }

    /// Keeps for the open ones what was there before documents were committed.
    pub(super) fn show(&mut self, committed: Vec<(i64, Patch)>) {
        for (seq, patch) in committed {
            for transaction in self.open.values_mut() {
                transaction
                    .before
                    .entry(seq)
                    .or_insert_with(|| patch.clone());
            }
        }
    }

    /// Whether an open transaction wrote this document.
    pub(super) fn has_written(&self, seq: i64) -> bool {
        let mut open = self.open.values();
        open.any(|transaction| transaction.writes.contains_key(&seq))
    }
}

impl Transaction {
    /// What of a collection is not as committed.
    pub(super) fn patches(&self, collection: i64) -> BTreeMap<i64, Option<&Document>> {
        let all = self.before.iter().chain(&self.writes);
        all.filter(|(_, patch)| patch.collection == collection)
            .map(|(seq, patch)| (*seq, patch.document.as_ref()))
            .collect()
    }

    /// Rejects a document that clashes in a unique index with one that is seen, or with one that would make the commit
    /// fail.
    pub(super) fn check_unique(
        &self,
        collection: &Collection,
        seq: i64,
        document: &Document,
        store: &Store,
        others: &Transactions,
    ) -> Result<()> {
        let patches = self.patches(collection.id);
        for index in collection.indexes.iter().filter(|index| index.is_unique) {
            let mut seen = patches
                .iter()
                .filter(|(other, _)| **other != seq)
                .filter_map(|(_, other)| *other);
            if seen.any(|other| index.clashes(document, other)) {
                return Err(DocumentError::duplicate(&collection.name, &index.name));
            }
        }
        let is_unseen = |other| self.before.contains_key(&other);
        let own = |other| other == seq || self.writes.contains_key(&other);
        let seen = store.rival(collection, document, &|other| {
            own(other) || is_unseen(other)
        })?;
        if let Some(index) = seen {
            return Err(DocumentError::duplicate(&collection.name, &index.name));
        }
        let is_taken = store.rival(collection, document, &own)?.is_some();
        if is_taken || others.clashes(collection, document) {
            return Err(DocumentError::conflict());
        }
        Ok(())
    }
}

impl Transactions {
    /// Whether an open transaction wrote a document that may not be beside this one.
    fn clashes(&self, collection: &Collection, document: &Document) -> bool {
        let written = self.open.values().flat_map(|other| other.writes.values());
        let mut documents = written
            .filter(|patch| patch.collection == collection.id)
            .filter_map(|patch| patch.document.as_ref());
        documents.any(|other| {
            let mut unique = collection.indexes.iter().filter(|index| index.is_unique);
            unique.any(|index| index.clashes(document, other))
        })
    }
}
