//! How far a path leads, and how often anything is reached by it.

use bson::{Bson, Document, doc};

use super::{
    super::{
        Collections, Pipeline, Result, Update,
        path::{parse_path, visit_path},
    },
    NOW,
};

struct None;

impl Collections for None {
    fn documents(&self, _: &str) -> Result<Vec<Document>> {
        Ok(Vec::new())
    }
}

fn long(parts: usize) -> String {
    vec!["a"; parts].join(".")
}

#[test]
fn a_path_has_a_hundred_parts_at_most() {
    assert_eq!(parse_path(&long(100), "$set").expect("valid").len(), 100);
    let rejection = parse_path(&long(101), "$set").expect_err("too long");
    assert_eq!(rejection.message, "$set: a path has more than 100 parts");
    for stage in [
        doc! { "$unwind": { "path": "$a", "includeArrayIndex": long(101) } },
        doc! { "$lookup": { "from": "c", "localField": "a", "foreignField": "a", "as": long(101) } },
        doc! { "$addFields": { long(60): { long(60): 1 } } },
    ] {
        let rejection = Pipeline::parse(&[stage.into()], NOW).expect_err("too long");
        assert!(rejection.message.ends_with("more than 100 parts"));
    }
    let rename = doc! { "$rename": { "b": long(101) } };
    assert!(Update::parse(&rename, NOW).is_err());
}

#[test]
fn nothing_is_nested_without_end() {
    let nest = doc! { "$rename": { "a": format!("b.{}", long(98)) } };
    let back = doc! { "$rename": { "b": "a" } };
    let mut document = doc! { "a": 1 };
    let nested = [&nest, &back, &nest].map(|update| {
        let update = Update::parse(update, NOW).expect("valid");
        update.apply(&mut document).is_ok()
    });
    assert_eq!(nested, [true, true, false]);

    let unwind = |path: String| doc! { "$unwind": { "path": "$a", "includeArrayIndex": path } };
    let stages = [
        doc! { "$addFields": { "a": { "$literal": nested_value(150) } } },
        doc! { "$bucketAuto": { "groupBy": "$b", "buckets": 1, "output": { "a": { "$push": ["$a"] } } } },
        unwind("b".to_owned()),
    ];
    let pipeline = |stages: &[Document]| {
        let stages: Vec<_> = stages.iter().cloned().map(Bson::Document).collect();
        let pipeline = Pipeline::parse(&stages, NOW).expect("valid");
        pipeline.run(vec![doc! { "a": 1 }], &None)
    };
    assert!(pipeline(&stages).is_ok());
    let deeper = doc! { "$bucket": {
        "groupBy": "$b",
        "boundaries": [1, 2],
        "default": 0,
        "output": { "a": { "$push": { "x": { "y": { "z": "$a" } } } } },
    } };
    let deep = doc! { "$addFields": { "a": { "$literal": nested_value(178) } } };
    assert!(pipeline(&[deep, deeper]).is_err());
}

fn nested_value(levels: usize) -> Bson {
    (0..levels).fold(Bson::Null, |value, _| Bson::Array(vec![value]))
}

#[test]
fn an_array_is_entered_once_with_so_much_of_a_path_left() {
    let mut value = Bson::Null;
    for _ in 0..20 {
        value = Bson::Array(vec![Bson::Document(doc! { "0": value })]);
    }
    let path = parse_path(&format!("a{}", ".0".repeat(30)), "find").expect("valid");
    let mut visits = 0;
    visit_path(&doc! { "a": value }, &path, &mut |_| {
        visits += 1;
        false
    });
    assert!(visits < 100, "{visits}");
}
