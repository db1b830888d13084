//! `$geoNear`.

use bson::{Bson, Document};

use super::{
    super::{
        expression::{Known, Scope},
        filter::Filter,
        geo::Near,
        number::Number,
        path::{Path, visit_path},
        rejection::{Result, reject},
    },
    operands,
};

#[derive(Debug, Clone)]
pub(in super::super) struct GeoNear {
    near: Near,
    /// The field with the places, if it is named.
    key: Option<Path>,
    filter: Filter,
    distance_field: Path,
    multiplier: f64,
    location_field: Option<Path>,
}

const STAGE: &str = "$geoNear";

impl GeoNear {
    pub(super) fn parse(given: &Document, known: &Known) -> Result<Self> {
        let optional = [
            "key",
            "maxDistance",
            "minDistance",
            "query",
            "distanceMultiplier",
            "includeLocs",
            "spherical",
        ];
        let given = operands::check(STAGE, given, &["near", "distanceField"], &optional)?;
        let Some(Bson::Document(point)) = given.get("near") else {
            reject!("$geoNear: `near` must be a GeoJSON point");
        };
        let filter = match given.get("query") {
            None => Document::new(),
            Some(Bson::Document(filter)) => filter.clone(),
            Some(_) => reject!("$geoNear: `query` must be an object"),
        };
        let multiplier = match given.get("distanceMultiplier").map(Number::from_bson) {
            None => 1.0,
            Some(Some(multiplier)) if multiplier.to_f64() >= 0.0 => multiplier.to_f64(),
            Some(_) => {
                reject!("$geoNear: `distanceMultiplier` must be a number that is not negative")
            }
        };
        let optional_path = |name: &str| match given.get(name) {
            None => Ok(None),
            Some(_) => operands::path(STAGE, given, name).map(Some),
        };
        Ok(Self {
            near: Near::from_point(
                STAGE,
                point,
                given.get("minDistance"),
                given.get("maxDistance"),
            )?,
            key: optional_path("key")?,
            filter: Filter::parse_match(&filter, known)?,
            distance_field: operands::path(STAGE, given, "distanceField")?,
            multiplier,
            location_field: optional_path("includeLocs")?,
        })
    }

    /// The documents with a place within the distances, nearest first.
    pub(super) fn run(&self, documents: Vec<Document>, scope: &Scope<'_>) -> Result<Vec<Document>> {
        let mut found = Vec::new();
        for mut document in documents {
            if !self.filter.matches_in(&document, &scope.over(&document))? {
                continue;
            }
            let Some((distance, location)) = self.nearest(&document)? else {
                continue;
            };
            let shown = Bson::Double(distance * self.multiplier);
            operands::put(&mut document, &self.distance_field, shown);
            if let Some(path) = &self.location_field {
                operands::put(&mut document, path, location);
            }
            found.push((distance, document));
        }
        found.sort_by(|(left, _), (right, _)| left.total_cmp(right));
        Ok(found.into_iter().map(|(_, document)| document).collect())
    }

    /// The distance of the document's nearest place, and the place.
    fn nearest(&self, document: &Document) -> Result<Option<(f64, Bson)>> {
        let path = match &self.key {
            Some(path) => path.clone(),
            None => match place_of(document)? {
                Some(name) => vec![name],
                None => return Ok(None),
            },
        };
        let mut nearest: Option<(f64, Bson)> = None;
        visit_path(document, &path, &mut |value| {
            if let Some(value) = value
                && let Some((distance, place)) = self.near.nearest(value)
                && nearest.as_ref().is_none_or(|(least, _)| distance < *least)
            {
                nearest = Some((distance, place.clone()));
            }
            false
        });
        Ok(nearest)
    }
}

/// The field with a place: the database takes that of the only index on places.
fn place_of(document: &Document) -> Result<Option<String>> {
    let mut places = document
        .iter()
        .filter(|(_, value)| is_geo_json(value))
        .map(|(name, _)| name);
    let first = places.next();
    if let (Some(first), Some(second)) = (first, places.next()) {
        reject!("$geoNear: both `{first}` and `{second}` are places; name one in `key`");
    }
    Ok(first.cloned())
}

fn is_geo_json(value: &Bson) -> bool {
    match value {
        Bson::Document(value) => {
            matches!(value.get("type"), Some(Bson::String(_))) && value.contains_key("coordinates")
        }
        _ => false,
    }
}
