//! `select`, `order`, `columns` and `on_conflict`.

use super::cursor::Cursor;
use super::{Embed, MAX_DEPTH, OrderTerm, SelectItem};
use crate::data::error::DataError;

/// Parses `select=…`.
pub(super) fn parse_select(parameter: &str, value: &str) -> Result<Vec<SelectItem>, DataError> {
    let mut cursor = Cursor::new(parameter, value);
    cursor.skip_blanks();
    if cursor.at_end() {
        return Ok(Vec::new());
    }
    let items = items(&mut cursor, 0)?;
    if !cursor.at_end() {
        return Err(cursor.error("expected a comma or the end"));
    }
    Ok(items)
}

fn items(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<SelectItem>, DataError> {
    if depth >= MAX_DEPTH {
        return Err(cursor.error(format!("relations nest deeper than {MAX_DEPTH}")));
    }
    let mut items = Vec::new();
    loop {
        cursor.skip_blanks();
        items.push(item(cursor, depth)?);
        cursor.skip_blanks();
        if !cursor.eat(",") {
            return Ok(items);
        }
    }
}

fn item(cursor: &mut Cursor<'_>, depth: usize) -> Result<SelectItem, DataError> {
    if cursor.eat("*") {
        return Ok(SelectItem::All);
    }
    if cursor.rest().starts_with("...") {
        return Err(cursor.error("spreading a relation (`...`) exists on PostgreSQL only"));
    }
    let mut quoted = cursor.peek() == Some('"');
    let mut name = cursor.name()?;
    cursor.skip_blanks();
    let mut alias = None;
    if cursor.rest().starts_with("::") {
        return Err(cursor.error("casts (`::`) exist on PostgreSQL only"));
    }
    if cursor.eat(":") {
        cursor.skip_blanks();
        quoted = cursor.peek() == Some('"');
        alias = Some(std::mem::replace(&mut name, cursor.name()?));
        cursor.skip_blanks();
    }
    if !quoted && name.contains("->") {
        return Err(cursor.error("JSON paths (`->`) exist on PostgreSQL only"));
    }
    let (mut hint, mut inner) = (None, false);
    while cursor.eat("!") {
        match cursor.name()?.as_str() {
            "inner" => inner = true,
            "left" => {}
            other if hint.is_none() => hint = Some(other.to_owned()),
            _ => return Err(cursor.error("a relation takes one hint")),
        }
        cursor.skip_blanks();
    }
    if cursor.eat("(") {
        cursor.skip_blanks();
        let items = if cursor.peek() == Some(')') {
            Vec::new()
        } else {
            items(cursor, depth + 1)?
        };
        cursor.skip_blanks();
        cursor.expect(')')?;
        return Ok(SelectItem::Embed(Embed {
            target: name,
            hint,
            inner,
            alias,
            items,
        }));
    }
    if cursor.rest().starts_with("::") {
        return Err(cursor.error("casts (`::`) exist on PostgreSQL only"));
    }
    if cursor.peek() == Some('.') {
        return Err(cursor.error("aggregates and dotted columns exist on PostgreSQL only"));
    }
    if hint.is_some() || inner {
        return Err(cursor.error("`!` belongs to a relation, which needs parentheses"));
    }
    Ok(SelectItem::Column { name, alias })
}

/// Parses `order=a.desc.nullslast,b`.
pub(super) fn parse_order(parameter: &str, value: &str) -> Result<Vec<OrderTerm>, DataError> {
    let mut cursor = Cursor::new(parameter, value);
    let mut terms = Vec::new();
    cursor.skip_blanks();
    if cursor.at_end() {
        return Ok(terms);
    }
    loop {
        cursor.skip_blanks();
        let column = cursor.name()?;
        let mut term = OrderTerm {
            column,
            descending: false,
            nulls_first: None,
        };
        let mut directed = false;
        while cursor.eat(".") {
            match cursor.take_while(|c| c != '.' && c != ',').trim() {
                "asc" if !directed && term.nulls_first.is_none() => directed = true,
                "desc" if !directed && term.nulls_first.is_none() => {
                    directed = true;
                    term.descending = true;
                }
                "nullsfirst" if term.nulls_first.is_none() => term.nulls_first = Some(true),
                "nullslast" if term.nulls_first.is_none() => term.nulls_first = Some(false),
                _ => {
                    return Err(cursor.error(
                        "a sort key is column, column.asc or column.desc, \
                         then .nullsfirst or .nullslast",
                    ));
                }
            }
        }
        terms.push(term);
        cursor.skip_blanks();
        if cursor.at_end() {
            return Ok(terms);
        }
        cursor.expect(',')?;
    }
}

/// Parses `columns="a","b"` and `on_conflict=a,b`.
pub(super) fn parse_names(parameter: &str, value: &str) -> Result<Vec<String>, DataError> {
    let mut cursor = Cursor::new(parameter, value);
    let mut names = Vec::new();
    cursor.skip_blanks();
    while !cursor.at_end() {
        cursor.skip_blanks();
        names.push(cursor.name()?);
        cursor.skip_blanks();
        if !cursor.at_end() {
            cursor.expect(',')?;
        }
    }
    Ok(names)
}
