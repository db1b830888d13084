//! What a `select` means on the tables that are there: columns to fetch, relations to follow.

use super::catalog::{Catalog, Relation, Table};
use super::error::DataError;
use super::grammar::{Embed, EmbedOption, Filter, OrderTerm, Query, SelectItem};
use super::permission::{Access, Actor, Permissions, Reach};

/// One table of a response, with the relations below it.
pub(crate) struct Plan<'a> {
    pub(crate) table: &'a Table,
    /// Columns to fetch, by their place in the table.
    pub(crate) columns: Vec<usize>,
    /// What an object of the response holds, in order.
    pub(crate) outputs: Vec<Output>,
    pub(crate) embeds: Vec<EmbedPlan<'a>>,
    pub(crate) filters: Vec<Filter>,
    pub(crate) order: Vec<OrderTerm>,
    pub(crate) limit: Option<u64>,
    pub(crate) offset: u64,
    pub(crate) reach: Reach,
}

/// A relation that is followed.
pub(crate) struct EmbedPlan<'a> {
    pub(crate) relation: Relation,
    /// Places, among the parent's fetched columns, of the columns that lead here.
    pub(crate) parent_keys: Vec<usize>,
    /// Places, among the fetched columns here, of the columns that they lead to.
    pub(crate) own_keys: Vec<usize>,
    pub(crate) inner: bool,
    pub(crate) plan: Plan<'a>,
}

/// A field of an object.
pub(crate) struct Output {
    pub(crate) key: String,
    pub(crate) source: Source,
}

/// Where a field comes from.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    /// A place among the fetched columns.
    Column(usize),
    /// A place among the relations.
    Embed(usize),
}

/// What planning needs to know.
pub(crate) struct Planner<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) permissions: &'a Permissions,
    pub(crate) actor: &'a Actor,
}

impl<'a> Planner<'a> {
    /// The plan for a whole request. `access` is what the request itself needs.
    pub(crate) fn plan(
        &self,
        table: &'a Table,
        query: &Query,
        access: Access,
    ) -> Result<Plan<'a>, DataError> {
        let mut used = vec![false; query.embedded.len()];
        let mut plan = self.table(
            table,
            &query.select,
            &mut Vec::new(),
            query,
            &mut used,
            access,
        )?;
        if let Some(unused) = used.iter().position(|used| !used) {
            return Err(DataError::invalid_param(format!(
                "'{}' is not a relation of the select, nor a column",
                query.embedded[unused].0.join(".")
            )));
        }
        plan.filters = query.filters.clone();
        plan.order = query.order.clone();
        plan.limit = query.limit;
        plan.offset = query.offset.unwrap_or(0);
        Ok(plan)
    }

    fn table(
        &self,
        table: &'a Table,
        items: &[SelectItem],
        path: &mut Vec<String>,
        query: &Query,
        used: &mut [bool],
        access: Access,
    ) -> Result<Plan<'a>, DataError> {
        let mut plan = Plan {
            table,
            columns: Vec::new(),
            outputs: Vec::new(),
            embeds: Vec::new(),
            filters: Vec::new(),
            order: Vec::new(),
            limit: None,
            offset: 0,
            reach: self.permissions.reach(self.actor, table, access)?,
        };
        let everything = [SelectItem::All];
        let items = if items.is_empty() && path.is_empty() {
            &everything
        } else {
            items
        };
        for item in items {
            match item {
                SelectItem::All => {
                    for column in &table.columns {
                        let place = plan.fetch(&column.name)?;
                        plan.output(column.name.clone(), Source::Column(place));
                    }
                }
                SelectItem::Column { name, alias } => {
                    let column = table.column(name, "field list")?;
                    let place = plan.fetch(&column.name)?;
                    let key = alias.clone().unwrap_or_else(|| name.clone());
                    plan.output(key, Source::Column(place));
                }
                SelectItem::Embed(embed) => self.embed(&mut plan, embed, path, query, used)?,
            }
        }
        Ok(plan)
    }

    fn embed(
        &self,
        parent: &mut Plan<'a>,
        embed: &Embed,
        path: &mut Vec<String>,
        query: &Query,
        used: &mut [bool],
    ) -> Result<(), DataError> {
        let relation = self
            .catalog
            .relation(parent.table, &embed.target, embed.hint.as_deref())?;
        if relation.table == parent.table.name && embed.alias.is_none() {
            return Err(DataError::invalid_request(format!(
                "a relation of table '{}' to itself needs an alias, as in alias:{}(…)",
                parent.table.name, embed.target
            )));
        }
        let table = self.catalog.table(&relation.table)?;
        path.push(embed.key().to_owned());
        let mut plan = self.table(table, &embed.items, path, query, used, Access::Read)?;
        for (place, (_, option)) in query
            .embedded
            .iter()
            .enumerate()
            .filter(|(_, (of, _))| of == path)
        {
            used[place] = true;
            match option {
                EmbedOption::Filter(filter) => plan.filters.push(filter.clone()),
                EmbedOption::Order(terms) => plan.order.clone_from(terms),
                EmbedOption::Limit(limit) => plan.limit = Some(*limit),
                EmbedOption::Offset(offset) => plan.offset = *offset,
            }
        }
        path.pop();
        let mut parent_keys = Vec::new();
        let mut own_keys = Vec::new();
        for (here, there) in &relation.on {
            parent_keys.push(parent.fetch(here)?);
            own_keys.push(plan.fetch(there)?);
        }
        let place = parent.embeds.len();
        parent.embeds.push(EmbedPlan {
            relation,
            parent_keys,
            own_keys,
            inner: embed.inner,
            plan,
        });
        parent.output(embed.key().to_owned(), Source::Embed(place));
        Ok(())
    }
}

impl Plan<'_> {
    /// Makes sure that a column is fetched; its place among the fetched ones.
    fn fetch(&mut self, name: &str) -> Result<usize, DataError> {
        let place = self
            .table
            .columns
            .iter()
            .position(|column| column.name.eq_ignore_ascii_case(name))
            .ok_or_else(|| DataError::internal(format!("column {name} of a key is missing")))?;
        if let Some(known) = self.columns.iter().position(|column| *column == place) {
            return Ok(known);
        }
        self.columns.push(place);
        Ok(self.columns.len() - 1)
    }

    /// Adds a field; a later one of the same key takes the place of the earlier.
    fn output(&mut self, key: String, source: Source) {
        match self.outputs.iter_mut().find(|output| output.key == key) {
            Some(output) => output.source = source,
            None => self.outputs.push(Output { key, source }),
        }
    }
}
