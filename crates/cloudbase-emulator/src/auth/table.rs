//! A map that remembers what changed, so that a change costs the same however many rows there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::{Deref, DerefMut};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A table is searched for rows that have ended once it has this many, and then whenever it has doubled.
const PRUNE_AT: usize = 4096;

/// Something that a table holds.
pub(super) trait Row: Serialize + DeserializeOwned {
    /// What the row can be found by besides its key: pairs of a property's name and its value.
    fn properties(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Rows by key, found by their properties too.
pub(super) struct Table<K, V> {
    rows: BTreeMap<K, V>,
    /// The keys of the rows that have a property with a value.
    index: HashMap<(&'static str, String), BTreeSet<K>>,
    /// The keys whose rows were added, changed or removed.
    changed: BTreeSet<K>,
    prune_at: usize,
}

/// A row that may be changed; what it can be found by follows when this is dropped.
pub(super) struct RowMut<'a, K: Ord + Clone, V: Row> {
    table: &'a mut Table<K, V>,
    key: K,
    /// Taken out of the table meanwhile; absent only once dropped.
    row: Option<V>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            index: HashMap::new(),
            changed: BTreeSet::new(),
            prune_at: PRUNE_AT,
        }
    }
}

impl<K: Ord + Clone, V: Row> Table<K, V> {
    pub(super) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.rows.get(key)
    }

    pub(super) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<RowMut<'_, K, V>>
    where
        K: std::borrow::Borrow<Q>,
    {
        let (key, row) = self.rows.remove_entry(key)?;
        self.unindex(&key, &row);
        Some(RowMut {
            table: self,
            key,
            row: Some(row),
        })
    }

    pub(super) fn insert(&mut self, key: K, row: V) -> Option<V> {
        let old = self.remove(&key);
        for property in row.properties() {
            self.index.entry(property).or_default().insert(key.clone());
        }
        self.changed.insert(key.clone());
        self.rows.insert(key, row);
        old
    }

    pub(super) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        let (key, row) = self.rows.remove_entry(key)?;
        self.unindex(&key, &row);
        self.changed.insert(key);
        Some(row)
    }

    pub(super) fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: std::borrow::Borrow<Q>,
    {
        self.rows.contains_key(key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.rows.values()
    }

    /// The rows with this value of a property, by key.
    pub(super) fn with(
        &self,
        property: &'static str,
        value: &str,
    ) -> impl Iterator<Item = (&K, &V)> + use<'_, K, V> {
        let keys = self.index.get(&(property, value.to_owned()));
        keys.into_iter()
            .flatten()
            .filter_map(|key| self.rows.get_key_value(key))
    }

    /// Keeps the rows that fit.
    pub(super) fn retain(&mut self, fits: impl Fn(&K, &V) -> bool) {
        let mut gone = Vec::new();
        for (key, row) in &self.rows {
            if !fits(key, row) {
                gone.push(key.clone());
            }
        }
        for key in gone {
            self.remove(&key);
        }
    }

    /// Like [`retain`](Self::retain), now and then: on the average of many changes it costs nothing.
    pub(super) fn prune(&mut self, fits: impl Fn(&K, &V) -> bool) {
        if self.rows.len() > self.prune_at {
            self.retain(fits);
            self.prune_at = PRUNE_AT.max(2 * self.rows.len());
        }
    }

    /// Forgets the changes and gives their keys; a key whose row is gone has none.
    pub(super) fn take_changes(&mut self) -> impl Iterator<Item = (K, Option<&V>)> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().map(|key| {
            let row = self.rows.get(&key);
            (key, row)
        })
    }

    fn unindex(&mut self, key: &K, row: &V) {
        for property in row.properties() {
            if let Some(keys) = self.index.get_mut(&property) {
                keys.remove(key);
                if keys.is_empty() {
                    self.index.remove(&property);
                }
            }
        }
    }
}

impl<K: Ord + Clone, V: Row + Default> Table<K, V> {
    /// The row of a key, made if necessary.
    pub(super) fn get_or_default(&mut self, key: K) -> RowMut<'_, K, V> {
        let row = self.remove(&key).unwrap_or_default();
        RowMut {
            table: self,
            key,
            row: Some(row),
        }
    }
}

impl<K: Ord + Clone, V: Row> Deref for RowMut<'_, K, V> {
    type Target = V;

    #[expect(clippy::expect_used, reason = "the row is there until the drop")]
    fn deref(&self) -> &V {
        self.row.as_ref().expect("the row is there")
    }
}

impl<K: Ord + Clone, V: Row> DerefMut for RowMut<'_, K, V> {
    #[expect(clippy::expect_used, reason = "the row is there until the drop")]
    fn deref_mut(&mut self) -> &mut V {
        self.row.as_mut().expect("the row is there")
    }
}

impl<K: Ord + Clone, V: Row> Drop for RowMut<'_, K, V> {
    fn drop(&mut self) {
        if let Some(row) = self.row.take() {
            self.table.insert(self.key.clone(), row);
        }
    }
}

impl<K: Ord + Clone + Serialize, V: Row> Serialize for Table<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rows.serialize(serializer)
    }
}

impl<'de, K: Ord + Clone + Deserialize<'de>, V: Row> Deserialize<'de> for Table<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = Self::default();
        for (key, row) in BTreeMap::<K, V>::deserialize(deserializer)? {
            table.insert(key, row);
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Row for String {
        fn properties(&self) -> Vec<(&'static str, String)> {
            vec![("first", self.chars().take(1).collect())]
        }
    }

    fn found(table: &Table<u8, String>, value: &str) -> Vec<u8> {
        table.with("first", value).map(|(key, _)| *key).collect()
    }

    #[test]
    fn rows_are_found_by_what_they_are_now() {
        let mut table = Table::default();
        for (key, row) in [(1, "ann"), (2, "bob"), (3, "abe")] {
            table.insert(key, row.to_owned());
        }
        assert_eq!(found(&table, "a"), [1, 3]);
        *table.get_mut(&1).unwrap() = "carl".to_owned();
        table.insert(2, "al".to_owned());
        assert_eq!(
            (found(&table, "a"), found(&table, "b")),
            (vec![2, 3], vec![])
        );
        table.retain(|_, row| row != "abe");
        table.remove(&2);
        assert_eq!((found(&table, "a"), found(&table, "c")), (vec![], vec![1]));
        assert!(table.get_mut(&9).is_none());
    }

    #[test]
    fn only_what_changed_is_given_out() {
        let mut table = Table::default();
        for key in 0..100_u8 {
            table.insert(key, "x".to_owned());
        }
        assert_eq!(table.take_changes().count(), 100);
        table.remove(&1);
        table.get_mut(&2).unwrap().push('y');
        table.get_or_default(200).push('z');
        let _ = (table.get(&3), table.with("first", "x").count());
        let changes: Vec<_> = table
            .take_changes()
            .map(|(key, row)| (key, row.cloned()))
            .collect();
        assert_eq!(
            changes,
            [
                (1, None),
                (2, Some("xy".to_owned())),
                (200, Some("z".to_owned()))
            ]
        );
        assert_eq!(table.take_changes().count(), 0);
    }

    #[test]
    fn pruning_waits_until_the_table_has_doubled() {
        let mut table = Table::default();
        let looks = std::cell::Cell::new(0_usize);
        for key in 0..20_000_u32 {
            table.insert(key, "x".to_owned());
            table.prune(|_, _| {
                looks.set(looks.get() + 1);
                true
            });
        }
        assert!(looks.get() < 40_000, "{} looks for 20000 rows", looks.get());
    }
}
