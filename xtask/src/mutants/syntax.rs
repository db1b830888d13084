//! Which expression or arm of a source a mutant changes.

use std::{collections::BTreeMap, ops::Range};

use anyhow::{Context, Result};
use proc_macro2::Span;
use syn::{
    Arm, Expr, ExprBinary, ExprStruct, ExprUnary,
    spanned::Spanned as _,
    visit::{self, Visit},
};

use super::text::Lines;

/// The expressions and arms of a file, each by where that stands which a mutant replaces.
#[derive(Debug, Default)]
pub(super) struct Syntax {
    /// The whole expression by its operator, and a struct expression by each of its fields.
    expressions: BTreeMap<usize, Range<usize>>,
    arms: BTreeMap<usize, ArmPlace>,
}

/// Where one more condition of an arm belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ArmPlace {
    /// Behind its pattern.
    Pattern(usize),
    /// Around the guard that it has.
    Guard(Range<usize>),
}

impl Syntax {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let file = syn::parse_file(text).context("not Rust")?;
        let mut reader = Reader {
            lines: Lines::new(text),
            syntax: Self::default(),
        };
        reader.visit_file(&file);
        Ok(reader.syntax)
    }

    /// The smallest expression with an operator or a field that begins at `start`.
    pub(super) fn expression(&self, start: usize) -> Option<&Range<usize>> {
        self.expressions.get(&start)
    }

    pub(super) fn arm(&self, start: usize) -> Option<&ArmPlace> {
        self.arms.get(&start)
    }
}

struct Reader<'a> {
    lines: Lines<'a>,
    syntax: Syntax,
}

impl Reader<'_> {
    fn range(&self, span: Span) -> Range<usize> {
        let offset = |place: proc_macro2::LineColumn| self.lines.offset(place.line, place.column);
        offset(span.start())..offset(span.end())
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        // What `let` binds in a chain of conditions is lost in an expression of its own.
        if !has_let(&binary.left) && !has_let(&binary.right) {
            let operator = self.range(binary.op.span()).start;
            let whole = self.range(binary.span());
            self.syntax.expressions.insert(operator, whole);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast ExprUnary) {
        let whole = self.range(unary.span());
        self.syntax.expressions.insert(whole.start, whole);
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_struct(&mut self, literal: &'ast ExprStruct) {
        let whole = self.range(literal.span());
        for field in &literal.fields {
            let field = self.range(field.span()).start;
            self.syntax.expressions.insert(field, whole.clone());
        }
        visit::visit_expr_struct(self, literal);
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        let place = match &arm.guard {
            Some((_, guard)) => ArmPlace::Guard(self.range(guard.span())),
            None => ArmPlace::Pattern(self.range(arm.pat.span()).end),
        };
        let start = self.range(arm.span()).start;
        self.syntax.arms.insert(start, place);
        visit::visit_arm(self, arm);
    }
}

fn has_let(condition: &Expr) -> bool {
    match condition {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_found_by_its_operator_or_field() {
        let text = "fn f() { a + b == !c; S { d: 1, ..e } }";
        let syntax = Syntax::parse(text).unwrap();
        let whole = |part: &str| {
            let range = syntax.expression(text.find(part).unwrap()).unwrap();
            &text[range.clone()]
        };
        assert_eq!(whole("+"), "a + b");
        assert_eq!(whole("=="), "a + b == !c");
        assert_eq!(whole("!c"), "!c");
        assert_eq!(whole("d: 1"), "S { d: 1, ..e }");
    }

    #[test]
    fn a_chain_that_binds_is_no_expression_of_its_own() {
        let text = "fn f() { if let Some(a) = b && c == d {} }";
        let syntax = Syntax::parse(text).unwrap();
        assert_eq!(syntax.expression(text.find("&&").unwrap()), None);
        assert!(syntax.expression(text.find("==").unwrap()).is_some());
    }

    #[test]
    fn an_arm_has_a_place_for_a_condition() {
        let text = "fn f() { match a { 1 | 2 => b, c if d => e, } }";
        let syntax = Syntax::parse(text).unwrap();
        let arm = |part: &str| syntax.arm(text.find(part).unwrap()).unwrap();
        assert_eq!(*arm("1 | 2"), ArmPlace::Pattern(24));
        assert_eq!(*arm("c if d"), ArmPlace::Guard(36..37));
    }
}
