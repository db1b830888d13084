//! The tables that the emulator made: the ones that a reset drops.

use std::collections::BTreeSet;

use crate::data::catalog::Catalog;

/// Names of tables.
#[derive(Debug, Default)]
pub(super) struct Made {
    names: BTreeSet<String>,
    /// Those whose mark could not be set. They are known by their name, until there is no table of that name.
    unmarked: BTreeSet<String>,
}

impl Made {
    pub(super) fn marked(names: BTreeSet<String>) -> Self {
        Self {
            names,
            unmarked: BTreeSet::new(),
        }
    }

    pub(super) fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    pub(super) fn insert_marked(&mut self, name: String) {
        self.unmarked.remove(&name);
        self.names.insert(name);
    }

    pub(super) fn insert_unmarked(&mut self, name: String) {
        self.unmarked.insert(name.clone());
        self.names.insert(name);
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.names.remove(name);
        self.unmarked.remove(name);
    }

    /// Forgets the tables that are gone. A table without the mark is another one under the same name.
    pub(super) fn retain(&mut self, catalog: &Catalog, marked: &BTreeSet<String>) {
        self.unmarked.retain(|name| catalog.get(name).is_some());
        let unmarked = &self.unmarked;
        self.names
            .retain(|name| marked.contains(name) || unmarked.contains(name));
    }
}
