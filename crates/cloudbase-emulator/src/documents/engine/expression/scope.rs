//! What expressions can name: the document, variables, the time.

use bson::{Bson, DateTime, Document};

use super::Value;

/// What is known while an expression is parsed.
#[derive(Debug, Clone)]
pub(in super::super) struct Known {
    /// What `$$NOW` stands for: one instant for a whole query.
    pub(super) now: DateTime,
    /// The variables that are bound, without the dollars.
    variables: Vec<String>,
}

impl Known {
    pub(in super::super) fn new(now: DateTime) -> Self {
        Self {
            now,
            variables: Vec::new(),
        }
    }

    /// The same with more variables.
    pub(in super::super) fn with<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut known = self.clone();
        known.variables.extend(names.into_iter().map(str::to_owned));
        known
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.variables.iter().any(|variable| variable == name)
    }
}

/// What an expression is evaluated in: the document, and the variables from the innermost outward.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Scope<'a> {
    root: &'a Document,
    bound: Option<&'a Bound<'a>>,
}

/// Variables bound at one place.
#[derive(Debug)]
struct Bound<'a> {
    variables: &'a [(String, Value)],
    outer: Option<&'a Bound<'a>>,
}

impl<'a> Scope<'a> {
    pub(in super::super) fn new(root: &'a Document) -> Self {
        Self { root, bound: None }
    }

    /// Runs `with` in this scope with more variables.
    pub(in super::super) fn bind<T>(
        &self,
        variables: &[(String, Value)],
        with: impl FnOnce(&Scope<'_>) -> T,
    ) -> T {
        let bound = Bound {
            variables,
            outer: self.bound,
        };
        with(&Scope {
            root: self.root,
            bound: Some(&bound),
        })
    }

    /// The same variables over another document.
    pub(in super::super) fn over<'b>(&self, root: &'b Document) -> Scope<'b>
    where
        'a: 'b,
    {
        Scope {
            root,
            bound: self.bound,
        }
    }

    pub(super) fn root(&self) -> &'a Document {
        self.root
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Bson> {
        let mut bound = self.bound;
        while let Some(Bound { variables, outer }) = bound {
            if let Some((_, value)) = variables.iter().find(|(variable, _)| variable == name) {
                return value.as_ref();
            }
            bound = *outer;
        }
        None
    }
}
