//! Where in a script something stands: what cannot be used is named by it.

use super::splitter::Piece;
use crate::data::error::DataError;

/// A statement is shown up to here.
const SHOWN: usize = 60;

/// Something that a script says, and where.
#[derive(Debug)]
pub(crate) struct Placed<T> {
    /// Absent for what no script says.
    place: Option<Place>,
    pub(crate) content: T,
}

#[derive(Debug)]
struct Place {
    /// From 1.
    line: usize,
    /// How the statement begins.
    head: String,
}

impl<T> Placed<T> {
    pub(crate) fn nowhere(content: T) -> Self {
        Self {
            place: None,
            content,
        }
    }

    /// What the statement of a script says.
    pub(crate) fn in_script(piece: &Piece<'_>, content: T) -> Self {
        let text = piece.text.as_deref().unwrap_or(piece.raw);
        let place = Place {
            line: piece.line,
            head: head(text),
        };
        Self {
            place: Some(place),
            content,
        }
    }

    /// The content apart from its place.
    pub(crate) fn take(self) -> (Placed<()>, T) {
        let place = Placed {
            place: self.place,
            content: (),
        };
        (place, self.content)
    }
}

impl Placed<()> {
    /// The table that the statement was to make.
    pub(crate) fn created_table(&self) -> Option<String> {
        let head = &self.place.as_ref()?.head;
        let mut words = head
            .split(|c: char| c.is_whitespace() || c == '(')
            .filter(|word| !word.is_empty());
        let mut next_is = |expected: &str| {
            words
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case(expected))
        };
        if !next_is("CREATE") || !next_is("TABLE") {
            return None;
        }
        let name =
            words.find(|word| !["IF", "NOT", "EXISTS"].contains(&&*word.to_ascii_uppercase()))?;
        let name = name.rsplit('.').next().unwrap_or(name);
        Some(name.trim_matches(['`', '"', ';']).to_owned())
    }

    /// What is wrong here, in one line.
    pub(crate) fn report(&self, error: &DataError) -> String {
        match &self.place {
            Some(place) => format!("line {}, `{}`: {}", place.line, place.head, error.message),
            None => error.message.clone(),
        }
    }
}

/// The beginning of a statement, on one line.
fn head(text: &str) -> String {
    let mut shown = String::new();
    for word in text.split_ascii_whitespace() {
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.push_str(word);
        if let Some((end, _)) = shown.char_indices().nth(SHOWN) {
            shown.truncate(end);
            shown.push('…');
            break;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::script::split;

    #[test]
    fn statements_know_their_lines() {
        let sql = "-- a comment; with a semicolon\n\nSELECT 1;;\n  CREATE TABLE `shop`.`t`\n  (x INT); SELEC 2;\n\
                   INSERT INTO t VALUES (1, 'a text that is so long that it is not shown up to its end')";
        let read: Vec<_> = split(sql)
            .iter()
            .map(|piece| {
                let (place, ()) = Placed::in_script(piece, ()).take();
                let table = place.created_table();
                let place = place.place.unwrap();
                (place.line, place.head, table)
            })
            .collect();
        let expected = [
            (3, "SELECT 1", None),
            (4, "CREATE TABLE `shop`.`t` (x INT)", Some("t")),
            (5, "SELEC 2", None),
        ]
        .map(|(line, head, table): (usize, &str, Option<&str>)| {
            (line, head.to_owned(), table.map(str::to_owned))
        });
        assert_eq!(read[..3], expected[..3]);
        assert_eq!((read[3].0, read[3].1.chars().count()), (6, SHOWN + 1));
    }
}
