//! The sixteen stages of a pipeline.

mod bucket;
mod bucket_auto;
mod geo_near;
mod group;
mod lookup;
mod operands;
mod unwind;

use bson::{Bson, Document, doc};
use uuid::Uuid;

use self::{
    bucket::Bucket, bucket_auto::BucketAuto, geo_near::GeoNear, group::Group, lookup::Lookup,
    unwind::Unwind,
};
use super::{
    depth::check_depth,
    expression::{Expression, Known, Scope},
    filter::Filter,
    number::Number,
    pipeline::Collections,
    projection::{ComputedFields, Projection},
    rejection::{Rejection, Result, reject},
    sort::Sort,
};

#[derive(Debug, Clone)]
pub(super) enum Stage {
    AddFields(ComputedFields),
    Bucket(Box<Bucket>),
    BucketAuto(Box<BucketAuto>),
    /// The name of the field with the count.
    Count(String),
    GeoNear(Box<GeoNear>),
    Group(Group),
    Limit(usize),
    Lookup(Box<Lookup>),
    Match(Filter),
    Project(Projection),
    ReplaceRoot(Expression),
    Sample(usize),
    Skip(usize),
    Sort(Sort),
    SortByCount(Group, Sort),
    Unwind(Unwind),
}

impl Stage {
    pub(super) fn parse(stage: &Document, known: &Known) -> Result<Self> {
        let (Some((name, operand)), 1) = (stage.iter().next(), stage.len()) else {
            reject!("a stage of a pipeline must have exactly one key");
        };
        let name = name.as_str();
        Ok(match name {
            "$addFields" => {
                let fields = object(name, operand)?;
                Self::AddFields(ComputedFields::parse(name, fields, known)?)
            }
            "$bucket" => Self::Bucket(Box::new(Bucket::parse(object(name, operand)?, known)?)),
            "$bucketAuto" => {
                let bucket = BucketAuto::parse(object(name, operand)?, known)?;
                Self::BucketAuto(Box::new(bucket))
            }
            "$count" => Self::Count(count_name(operand)?),
            "$geoNear" => Self::GeoNear(Box::new(GeoNear::parse(object(name, operand)?, known)?)),
            "$group" => Self::Group(Group::parse(object(name, operand)?, known)?),
            "$limit" => Self::Limit(whole(name, operand, 1)?),
            "$lookup" => Self::Lookup(Box::new(Lookup::parse(object(name, operand)?, known)?)),
            "$match" => Self::Match(Filter::parse_match(object(name, operand)?, known)?),
            "$project" => Self::Project(Projection::parse_stage(object(name, operand)?, known)?),
            "$replaceRoot" => {
                let operands = operands::check(name, object(name, operand)?, &["newRoot"], &[])?;
                Self::ReplaceRoot(operands::expression(name, operands, "newRoot", known)?)
            }
            "$sample" => {
                let operands = operands::check(name, object(name, operand)?, &["size"], &[])?;
                let size = operands.get("size").unwrap_or(&Bson::Null);
                Self::Sample(whole("$sample: `size`", size, 1)?)
            }
            "$skip" => Self::Skip(whole(name, operand, 0)?),
            "$sort" => Self::Sort(Sort::parse(name, object(name, operand)?)?),
            "$sortByCount" => {
                operands::is_computed(name, operand)?;
                let group = doc! { "_id": operand.clone(), "count": { "$sum": 1 } };
                let sort = Sort::parse(name, &doc! { "count": -1 })?;
                Self::SortByCount(Group::parse(&group, known)?, sort)
            }
            "$unwind" => Self::Unwind(Unwind::parse(operand)?),
            name => reject!("unknown stage `{name}`, or one that the service does not support"),
        })
    }

    pub(super) fn must_be_first(&self) -> bool {
        matches!(self, Self::GeoNear(_))
    }

    pub(super) fn run(
        &self,
        mut documents: Vec<Document>,
        collections: &dyn Collections,
        scope: &Scope<'_>,
    ) -> Result<Vec<Document>> {
        match self {
            Self::AddFields(fields) => each(documents, |mut document| {
                let before = document.clone();
                fields.add(&mut document, &scope.over(&before))?;
                Ok(document)
            }),
            Self::Bucket(bucket) => checked(bucket.run(documents, scope)?),
            Self::BucketAuto(bucket) => checked(bucket.run(documents, scope)?),
            // No documents, no count.
            Self::Count(_) if documents.is_empty() => Ok(documents),
            Self::Count(name) => {
                let mut counted = Document::new();
                let count = documents.len();
                counted.insert(
                    name,
                    i32::try_from(count).map_or(Bson::Int64(count as i64), Bson::Int32),
                );
                Ok(vec![counted])
            }
            Self::GeoNear(near) => checked(near.run(documents, scope)?),
            Self::Group(group) => checked(group.run(documents, scope)?),
            Self::Limit(limit) => {
                documents.truncate(*limit);
                Ok(documents)
            }
            Self::Lookup(lookup) => checked(lookup.run(documents, collections, scope)?),
            Self::Match(filter) => {
                let mut found = Vec::new();
                for document in documents {
                    if filter.matches_in(&document, &scope.over(&document))? {
                        found.push(document);
                    }
                }
                Ok(found)
            }
            Self::Project(projection) => each(documents, |document| {
                let before = document.clone();
                projection.apply_in(document, &scope.over(&before))
            }),
            Self::ReplaceRoot(root) => each(documents, |document| {
                match root.evaluate(&scope.over(&document))? {
                    Some(Bson::Document(root)) => Ok(root),
                    _ => reject!("$replaceRoot: `newRoot` must give an object"),
                }
            }),
            Self::Sample(size) => {
                // A random order without repetition.
                documents.sort_by_cached_key(|_| Uuid::new_v4());
                documents.truncate(*size);
                Ok(documents)
            }
            Self::Skip(skip) => Ok(documents.into_iter().skip(*skip).collect()),
            Self::Sort(sort) => Ok(sort.sort(documents)),
            Self::SortByCount(group, sort) => Ok(sort.sort(checked(group.run(documents, scope)?)?)),
            Self::Unwind(unwind) => checked(unwind.run(documents)),
        }
    }
}

fn each(
    documents: Vec<Document>,
    change: impl FnMut(Document) -> Result<Document>,
) -> Result<Vec<Document>> {
    checked(documents.into_iter().map(change).collect::<Result<_>>()?)
}

/// Rejects results that are nested too deeply: stages could nest them without end.
fn checked(documents: Vec<Document>) -> Result<Vec<Document>> {
    for document in &documents {
        document.values().try_for_each(check_depth)?;
    }
    Ok(documents)
}

fn object<'a>(stage: &str, operand: &'a Bson) -> Result<&'a Document> {
    match operand {
        Bson::Document(operand) => Ok(operand),
        _ => reject!("{stage} needs an object"),
    }
}

fn whole(stage: &str, operand: &Bson, least: usize) -> Result<usize> {
    Number::from_bson(operand)
        .and_then(Number::whole)
        .and_then(|number| usize::try_from(number).ok())
        .filter(|number| *number >= least)
        .ok_or_else(|| {
            Rejection::new(format!(
                "{stage} must be a whole number that is at least {least}"
            ))
        })
}

fn count_name(operand: &Bson) -> Result<String> {
    match operand {
        Bson::String(name)
            if !name.is_empty() && !name.starts_with('$') && !name.contains(['.', '\0']) =>
        {
            Ok(name.clone())
        }
        _ => reject!("$count needs the name of a field: not empty, without `.` or a leading `$`"),
    }
}
