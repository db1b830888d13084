//! `CREATE TABLE`, and what MySQL makes of it by itself.

use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::column::{Definition, column};
use super::key::{Key, key};
use super::options;
use super::words::Words as _;
use super::{Step, unsupported};
use crate::data::catalog::{ForeignKey, Index, Table, TextOptions};
use crate::data::error::DataError;

/// Reads a table from after `CREATE TABLE` on. `around` is what its database says about text.
pub(super) fn create(parser: &mut Parser<'_>, around: &TextOptions) -> Result<Step, DataError> {
    let if_not_exists = parser.take(&["IF", "NOT", "EXISTS"]);
    let name = parser.table_name()?;
    let is_like = parser.take(&["LIKE"]);
    let has_parenthesis = !is_like && parser.consume_token(&Token::LParen);
    if is_like || has_parenthesis && parser.take(&["LIKE"]) {
        let like = parser.table_name()?;
        if has_parenthesis {
            parser.expect_token(&Token::RParen)?;
        }
        return Ok(Step::CreateLike {
            name,
            like,
            if_not_exists,
        });
    }
    let place = format!("table `{name}`");
    let table = if has_parenthesis {
        definitions(parser, name, around)
    } else {
        Err(unsupported("CREATE TABLE … AS SELECT"))
    };
    let (table, next_id) = table.map_err(|error| error.within(&place))?;
    Ok(Step::Create {
        table,
        next_id,
        if_not_exists,
    })
}

fn definitions(
    parser: &mut Parser<'_>,
    name: String,
    around: &TextOptions,
) -> Result<(Table, Option<u64>), DataError> {
    let mut definitions = Vec::new();
    let mut keys = Vec::new();
    loop {
        match key(parser)? {
            Some(key) => keys.push(key),
            None => definitions.push(column(parser)?),
        }
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    parser.expect_token(&Token::RParen)?;
    let options = options::table(parser)?;
    // Where rows are kept; that a row may fit into no partition is all that could be seen of it.
    if parser.take(&["PARTITION", "BY"]) {
        while parser.peek_token_ref().token != Token::EOF {
            if parser.sees(&["SELECT"]) {
                return Err(unsupported("CREATE TABLE … SELECT"));
            }
            parser.advance_token();
        }
    } else if parser.peek_token_ref().token != Token::EOF {
        return Err(unsupported(&format!(
            "`{}` after the columns",
            parser.peek_token_ref()
        )));
    }
    let mut table = Table {
        name,
        database: None,
        columns: Vec::new(),
        primary_key: Vec::new(),
        unique: Vec::new(),
        indexes: Vec::new(),
        foreign_keys: Vec::new(),
        checks: Vec::new(),
        text: options.text.within(around),
    };
    for definition in definitions {
        let place = table.columns.len();
        table.define(definition, place)?;
    }
    for key in keys {
        table.add_key(key);
    }
    table.finish()?;
    Ok((table, options.auto_increment))
}

impl Table {
    /// Adds a column with its keys.
    pub(crate) fn define(&mut self, definition: Definition, place: usize) -> Result<(), DataError> {
        let Definition {
            mut column,
            primary,
            unique,
            checks,
            references,
            text,
        } = definition;
        column.set_text(&text.within(&self.text))?;
        let columns = vec![column.name.clone()];
        if primary {
            self.primary_key.clone_from(&columns);
        }
        if unique {
            let name = String::new();
            self.add_key(Key::Unique(Index { name, columns }));
        }
        self.checks.extend(checks);
        if let Some(key) = references {
            self.add_key(Key::Foreign(key));
        }
        self.columns.insert(place, column);
        Ok(())
    }

    /// Adds a key. One without a name is called by its first column, as MySQL does it.
    pub(crate) fn add_key(&mut self, key: Key) {
        match key {
            Key::Primary(columns) => self.primary_key = columns,
            Key::Unique(mut index) => {
                self.name_index(&mut index);
                self.unique.push(index);
            }
            Key::Plain(mut index) => {
                self.name_index(&mut index);
                self.indexes.push(index);
            }
            Key::Foreign(mut key) => {
                self.name_foreign(&mut key);
                self.foreign_keys.push(key);
            }
            Key::Check(check) => self.checks.extend(check),
            Key::WithoutEffect => {}
        }
    }

    fn name_index(&self, index: &mut Index) {
        if !index.name.is_empty() {
            return;
        }
        let taken = |name: &str| {
            let mut keys = self.unique.iter().chain(&self.indexes);
            keys.any(|key| key.name.eq_ignore_ascii_case(name))
        };
        let first = index.columns.first().cloned().unwrap_or_default();
        index.name = std::iter::once(first.clone())
            .chain((2..).map(|number| format!("{first}_{number}")))
            .find(|name| !taken(name))
            .unwrap_or_default();
    }

    fn name_foreign(&self, key: &mut ForeignKey) {
        if key.name.is_empty() {
            key.name = (1..)
                .map(|number| format!("{}_ibfk_{number}", self.name))
                .find(|name| self.foreign_keys.iter().all(|key| key.name != *name))
                .unwrap_or_default();
        }
    }

    /// Does what follows from the keys, and checks the names in them.
    pub(crate) fn finish(&mut self) -> Result<(), DataError> {
        let keys = self.unique.iter().chain(&self.indexes);
        let foreign = self.foreign_keys.iter().flat_map(|key| &key.columns);
        for name in keys.flat_map(|key| &key.columns).chain(foreign) {
            if self.find(name).is_none() {
                return Err(missing(name));
            }
        }
        for name in &self.primary_key {
            let column = self
                .columns
                .iter_mut()
                .find(|column| column.name.eq_ignore_ascii_case(name));
            column.ok_or_else(|| missing(name))?.nullable = false;
        }
        Ok(())
    }
}

fn missing(name: &str) -> DataError {
    DataError::invalid_request(format!("Key column '{name}' doesn't exist"))
}
