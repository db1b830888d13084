//! What indexes save, and that they change no result.

use bson::{Bson, Document, doc};

use super::{Find, Removal, Selection, Update, declare, find, insert, remove, update};
use crate::documents::database::Database;
use crate::documents::default_place;
use crate::documents::operation::Change;
use crate::documents::options::Declared;
use crate::documents::permission::Reach;
use crate::documents::store::{IndexSpec, Store};

fn database(indexes: &[&[&str]], documents: Vec<Document>) -> Database {
    let mut database = Database::new(Store::open(None).unwrap(), 60_000);
    let index = |paths: &&[&str]| {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        IndexSpec::new(paths, false).unwrap()
    };
    let declared = Declared {
        name: "c".to_owned(),
        permission: None,
        indexes: indexes.iter().map(index).collect(),
        documents,
    };
    declare(&mut database, declared, false, 0).unwrap();
    database
}

/// The documents that a filter finds, and how many were read for it.
fn found(database: &mut Database, filter: &Document) -> (Vec<Document>, u64) {
    let page = Find {
        selection: Selection::new(filter, Reach::All, 0).unwrap(),
        sort: None,
        projection: None,
        skip: 0,
        limit: None,
    };
    let before = database.store.examined();
    let place = default_place("c".to_owned());
    let found = database.read(None, 0, |session| find(session, &place, &page));
    (found.unwrap(), database.store.examined() - before)
}

#[test]
fn a_point_query_reads_what_it_finds() {
    let document = |n: i32| doc! {"_id": n, "owner": n % 100, "at": n, "tags": [n % 7, "x"]};
    let documents = (0..5000).map(document).collect();
    let mut database = database(&[&["owner", "at"], &["at"], &["tags"]], documents);
    for (filter, read) in [
        (doc! {"_id": 77}, 1),
        (doc! {"_id": {"$in": [1, 2, 9999]}}, 2),
        (doc! {"at": 4999}, 1),
        (doc! {"at": {"$gte": 100, "$lt": 110}}, 11),
        (doc! {"owner": 7, "at": {"$gt": 4000}}, 10),
        (doc! {"$and": [{"owner": 7}, {"x": {"$exists": false}}]}, 50),
        (doc! {"tags": 3, "at": {"$lt": 5000}}, 714),
        (doc! {"x": 1}, 5000),
    ] {
        let (_, examined) = found(&mut database, &filter);
        assert_eq!(examined, read, "{filter}");
    }
    // What is written and removed is in the index, and out of it.
    let place = default_place("c".to_owned());
    let selection = |filter| Selection::new(&filter, Reach::All, 0).unwrap();
    let moved = Update {
        selection: selection(doc! {"_id": 77}),
        change: Change::parse(doc! {"$set": {"at": 9000}}, false, 0).unwrap(),
        multi: false,
        upsert: false,
        owner: None,
    };
    let gone = Removal {
        selection: selection(doc! {"_id": 78}),
        multi: false,
    };
    let written = database.write(None, 0, |session| {
        update(session, &place, &moved)?;
        insert(session, &place, vec![doc! {"_id": "new", "at": 9001}], None)?;
        remove(session, &place, &gone)
    });
    assert_eq!(written.unwrap(), 1);
    assert_eq!(found(&mut database, &doc! {"at": {"$gt": 8999}}).1, 2);
    assert_eq!(found(&mut database, &doc! {"at": {"$in": [77, 78]}}).1, 0);
}

/// Numbers of a fixed sequence, so that a failure can be repeated.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn value(&mut self) -> Bson {
        let large = 9_007_199_254_740_993_i64;
        let values: [Bson; 16] = [
            Bson::Null,
            0.into(),
            1_i64.into(),
            1.0.into(),
            (-1).into(),
            f64::NAN.into(),
            Bson::Decimal128("1.5".parse().unwrap()),
            large.into(),
            9_007_199_254_740_992.0.into(),
            "".into(),
            "a".into(),
            "a\0".into(),
            "b".into(),
            true.into(),
            bson::DateTime::from_millis(-5).into(),
            doc! {"b": 1}.into(),
        ];
        match self.below(20) {
            16 => Bson::Array(vec![self.scalar(&values), self.scalar(&values)]),
            17 => Bson::Array(Vec::new()),
            18 => doc! {"b": self.scalar(&values)}.into(),
            19 => Bson::Array(vec![doc! {"b": self.scalar(&values)}.into()]),
            place => values[place].clone(),
        }
    }

    fn scalar(&mut self, values: &[Bson]) -> Bson {
        values[self.below(15)].clone()
    }

    fn condition(&mut self) -> Bson {
        match self.below(8) {
            0 => doc! {"$gt": self.value()}.into(),
            1 => doc! {"$gte": self.value(), "$lt": self.value()}.into(),
            2 => doc! {"$lte": self.value()}.into(),
            3 => doc! {"$in": [self.value(), self.value()]}.into(),
            4 => doc! {"$ne": self.value()}.into(),
            5 => doc! {"$eq": self.value(), "$gt": self.value()}.into(),
            _ => self.value(),
        }
    }
}

#[test]
fn indexes_change_no_result() {
    let mut sequence = Sequence(7);
    for _ in 0..20 {
        let document = |n: i32, sequence: &mut Sequence| {
            let mut document = doc! {"_id": n};
            for field in ["a", "c"] {
                if sequence.below(5) > 0 {
                    document.insert(field, sequence.value());
                }
            }
            // Of two indexed paths one may lead through an array.
            if matches!(document.get("a"), Some(Bson::Array(_))) {
                document.remove("c");
            }
            document
        };
        let documents: Vec<_> = (0..40).map(|n| document(n, &mut sequence)).collect();
        let mut plain = database(&[], documents.clone());
        let mut indexed = database(&[&["a"], &["a.b"], &["c", "a"], &["a", "c"]], documents);
        for _ in 0..100 {
            let mut filter = doc! {["a", "a.b", "c"][sequence.below(3)]: sequence.condition()};
            filter.insert(["a", "c"][sequence.below(2)], sequence.condition());
            let (expected, _) = found(&mut plain, &filter);
            let (with_index, _) = found(&mut indexed, &filter);
            assert_eq!(with_index.len(), expected.len(), "{filter}");
            let ids = |documents: &[Document]| -> Vec<_> {
                documents
                    .iter()
                    .map(|document| document.get("_id").cloned())
                    .collect()
            };
            assert_eq!(ids(&with_index), ids(&expected), "{filter}");
        }
    }
}
