//! Places in a text: from lines and columns to bytes.

/// Where the lines of a text begin.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(ends).collect(),
        }
    }

    /// The byte at a line, counted from 1, and a column, counted in characters from 0.
    pub(super) fn offset(&self, line: usize, column: usize) -> usize {
        let start = self
            .starts
            .get(line - 1)
            .map_or(self.text.len(), |&start| start);
        let rest = &self.text[start..];
        rest.char_indices()
            .nth(column)
            .map_or(self.text.len(), |(offset, _)| start + offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let lines = Lines::new("a\n…b\n");
        assert_eq!(lines.offset(1, 0), 0);
        assert_eq!(lines.offset(2, 0), 2);
        assert_eq!(lines.offset(2, 1), 5);
        assert_eq!(lines.offset(2, 9), 7);
    }
}
