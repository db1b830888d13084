//! All mutants of a file in one text, each behind a condition that is decided when the tests run.

use std::{cmp::Reverse, ops::Range};

use super::{
    mutant::{Genre, Mutant},
    syntax::{ArmPlace, Syntax},
    text::Lines,
};

/// What is put around a part of a file for one mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guard {
    mutant: usize,
    around: Range<usize>,
    before: String,
    after: &'static str,
}

impl Guard {
    /// The guard of the mutant with that number; `None` for the operator of a condition that binds with `let`.
    pub(super) fn new(number: usize, mutant: &Mutant, text: &str, syntax: &Syntax) -> Option<Self> {
        let span = mutant.range(&Lines::new(text));
        let active = format!("crate::mutant::is_active({number})");
        let instead = |around: Range<usize>| {
            let head = &text[around.start..span.start];
            let tail = &text[span.end..around.end];
            let changed = format!("{head}{}{tail}", mutant.replacement);
            (
                around,
                format!("(if {active} {{ {changed} }} else {{ "),
                " })",
            )
        };
        let (around, before, after) = match mutant.genre {
            Genre::FnValue => {
                let leave = format!("if {active} {{ return {}; }} ", mutant.replacement);
                (span, leave, "")
            }
            Genre::MatchArmGuard => instead(span.clone()),
            Genre::BinaryOperator | Genre::UnaryOperator | Genre::StructField => {
                instead(syntax.expression(span.start)?.clone())
            }
            Genre::MatchArm => match syntax.arm(span.start)?.clone() {
                ArmPlace::Pattern(end) => (end..end, format!(" if !{active}"), ""),
                ArmPlace::Guard(guard) => (guard, format!("!{active} && ("), ")"),
            },
        };
        Some(Self {
            mutant: number,
            around,
            before,
            after,
        })
    }
}

/// A file with its guards.
#[derive(Debug, Default)]
pub(super) struct Guarded {
    pub(super) text: String,
    /// Where the code of each mutant stands in the text, and the whole that it guards.
    places: Vec<Place>,
}

#[derive(Debug)]
struct Place {
    mutant: usize,
    own: Range<usize>,
    whole: Range<usize>,
}

impl Guarded {
    pub(super) fn new(text: &str, guards: &[Guard]) -> Self {
        // From the outermost to the innermost: what opens first closes last.
        let mut outside_in: Vec<_> = guards.iter().collect();
        outside_in.sort_by_key(|guard| {
            let around = &guard.around;
            (around.start, Reverse(around.end), guard.after.len())
        });
        let mut guarded = Self::default();
        let mut open: Vec<(&Guard, usize)> = Vec::new();
        let mut copied = 0;
        for guard in outside_in {
            guarded.close(text, &mut copied, &mut open, guard.around.start);
            guarded.copy(text, &mut copied, guard.around.start);
            let start = guarded.text.len();
            guarded.text.push_str(&guard.before);
            let place = Place {
                mutant: guard.mutant,
                own: start..guarded.text.len(),
                whole: start..start,
            };
            open.push((guard, guarded.places.len()));
            guarded.places.push(place);
        }
        guarded.close(text, &mut copied, &mut open, usize::MAX);
        guarded.copy(text, &mut copied, text.len());
        guarded
    }

    /// Closes the guards that end before `next` opens.
    fn close(
        &mut self,
        text: &str,
        copied: &mut usize,
        open: &mut Vec<(&Guard, usize)>,
        next: usize,
    ) {
        while let Some((guard, place)) = open.pop_if(|(guard, _)| guard.around.end <= next) {
            self.copy(text, copied, guard.around.end);
            self.text.push_str(guard.after);
            self.places[place].whole.end = self.text.len();
        }
    }

    fn copy(&mut self, text: &str, copied: &mut usize, end: usize) {
        self.text.push_str(&text[*copied..end]);
        *copied = end;
    }

    /// The mutant because of which the compiler points at `spans`: one in whose code a span lies, else the one that
    /// guards the least around a span.
    pub(super) fn cause(&self, spans: &[Range<usize>]) -> Option<usize> {
        let smallest = |part: fn(&Place) -> &Range<usize>| {
            let around = |span: &Range<usize>| {
                let places = self.places.iter();
                let around = places.filter(move |place| {
                    part(place).start <= span.start && span.end <= part(place).end
                });
                around.min_by_key(|place| part(place).len())
            };
            spans.iter().find_map(around).map(|place| place.mutant)
        };
        smallest(|place| &place.own).or_else(|| smallest(|place| &place.whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIVE: &str = "crate::mutant::is_active";

    fn guarded(text: &str, mutants: &[(Genre, &str, &str)]) -> Guarded {
        let syntax = Syntax::parse(text).unwrap();
        let guards: Vec<_> = mutants
            .iter()
            .enumerate()
            .map(|(number, (genre, part, replacement))| {
                let start = text.find(part).unwrap() + 1;
                let columns = start..start + part.len();
                let mutant = Mutant::sample("a.rs", *genre, 1, columns, replacement);
                Guard::new(number, &mutant, text, &syntax).unwrap()
            })
            .collect();
        Guarded::new(text, &guards)
    }

    #[test]
    fn an_operator_is_changed_in_its_expression() {
        let text = "fn f() -> bool { a + b < !c }";
        let mutants = [
            (Genre::BinaryOperator, "<", ">"),
            (Genre::BinaryOperator, "+", "-"),
            (Genre::UnaryOperator, "!", ""),
        ];
        assert_eq!(
            guarded(text, &mutants).text,
            format!(
                "fn f() -> bool {{ (if {ACTIVE}(0) {{ a + b > !c }} else {{ \
                 (if {ACTIVE}(1) {{ a - b }} else {{ a + b }}) < \
                 (if {ACTIVE}(2) {{ c }} else {{ !c }}) }}) }}"
            )
        );
    }

    #[test]
    fn several_mutants_of_one_place_stand_in_each_other() {
        let text = "fn f() -> bool { a < b }";
        let mutants = [
            (Genre::BinaryOperator, "<", ">"),
            (Genre::BinaryOperator, "<", "=="),
            (Genre::FnValue, "a < b", "true"),
        ];
        assert_eq!(
            guarded(text, &mutants).text,
            format!(
                "fn f() -> bool {{ if {ACTIVE}(2) {{ return true; }} \
                 (if {ACTIVE}(0) {{ a > b }} else {{ \
                 (if {ACTIVE}(1) {{ a == b }} else {{ a < b }}) }}) }}"
            )
        );
    }

    #[test]
    fn an_arm_is_deleted_by_a_condition() {
        let text = "fn f() { match a { 1 => b, 2 if x => d, _ => e } }";
        let mutants = [
            (Genre::MatchArm, "1 => b,", ""),
            (Genre::MatchArm, "2 if x => d,", ""),
            (Genre::MatchArmGuard, "x", "true"),
        ];
        assert_eq!(
            guarded(text, &mutants).text,
            format!(
                "fn f() {{ match a {{ 1 if !{ACTIVE}(0) => b, 2 if !{ACTIVE}(1) && (\
                 (if {ACTIVE}(2) {{ true }} else {{ x }})) => d, _ => e }} }}"
            )
        );
    }

    #[test]
    fn a_field_is_left_to_the_base() {
        let text = "fn f() -> S { S { a: 1, ..b } }";
        let mutants = [(Genre::StructField, "a: 1,", "")];
        assert_eq!(
            guarded(text, &mutants).text,
            format!(
                "fn f() -> S {{ (if {ACTIVE}(0) {{ S {{  ..b }} }} else {{ S {{ a: 1, ..b }} }}) }}"
            )
        );
    }

    #[test]
    fn an_error_is_caused_by_the_mutant_whose_code_it_names() {
        let text = "fn f() -> bool { a + b < c }";
        let mutants = [
            (Genre::BinaryOperator, "<", ">"),
            (Genre::BinaryOperator, "+", "-"),
        ];
        let guarded = guarded(text, &mutants);
        let span = |part: &str| {
            let start = guarded.text.find(part).unwrap();
            start..start + part.len()
        };
        assert_eq!(guarded.cause(&[span("a + b > c")]), Some(0));
        assert_eq!(guarded.cause(&[span("a - b")]), Some(1));
        assert_eq!(guarded.cause(&[span("a + b })")]), Some(1));
        assert_eq!(guarded.cause(&[span("fn"), span("< c")]), Some(0));
        assert_eq!(guarded.cause(&[span("fn")]), None);
    }
}
