//! From the values that expressions are on the wire to their parts.

use bson::{Bson, Document};

use super::{
    super::{
        path::{Path, parse_path},
        rejection::{Result, reject},
    },
    Expression, Known, Variable,
    control::Control,
    operator::{Named, Positional, find_accumulator, find_named, find_positional},
};

impl Expression {
    /// Parses an expression: `$path`, `$$variable`, an object with one operator, an object or an array of expressions, or a
    /// plain value.
    pub(in super::super) fn parse(expression: &Bson, known: &Known) -> Result<Self> {
        match expression {
            Bson::String(text) => Self::parse_text(text, known),
            Bson::Document(document) => Self::parse_document(document, known),
            Bson::Array(elements) => Self::parse_list(elements, known).map(Self::Array),
            value => Ok(Self::Constant(Some(value.clone()))),
        }
    }

    pub(super) fn parse_list(elements: &[Bson], known: &Known) -> Result<Vec<Self>> {
        elements
            .iter()
            .map(|element| Self::parse(element, known))
            .collect()
    }

    fn parse_text(text: &str, known: &Known) -> Result<Self> {
        if let Some(variable) = text.strip_prefix("$$") {
            return Self::parse_variable(variable, known);
        }
        match text.strip_prefix('$') {
            Some("") => reject!("`$` alone is not the path of a field"),
            Some(path) => Ok(Self::Field {
                variable: Variable::Root,
                path: parse_path(path, text)?,
            }),
            None => Ok(Self::Constant(Some(Bson::String(text.to_owned())))),
        }
    }

    fn parse_variable(text: &str, known: &Known) -> Result<Self> {
        let (name, path) = match text.split_once('.') {
            Some((name, path)) => (name, parse_path(path, text)?),
            None => (text, Path::new()),
        };
        let variable = match name {
            "ROOT" | "CURRENT" => Variable::Root,
            "REMOVE" => return Ok(Self::Constant(None)),
            "NOW" if path.is_empty() => {
                return Ok(Self::Constant(Some(Bson::DateTime(known.now))));
            }
            "NOW" => return Ok(Self::Constant(None)),
            "" => reject!("the name of a variable is empty: `$${text}`"),
            name if known.has(name) => Variable::Named(name.to_owned()),
            name => reject!("undefined variable `$${name}`"),
        };
        Ok(Self::Field { variable, path })
    }

    fn parse_document(document: &Document, known: &Known) -> Result<Self> {
        match document.iter().next() {
            Some((name, operand)) if name.starts_with('$') => {
                if document.len() > 1 {
                    reject!("an expression has exactly one operator, and `{name}` is not alone");
                }
                Self::parse_operator(name, operand, known)
            }
            _ => document
                .iter()
                .map(|(name, value)| {
                    if name.starts_with('$') || name.contains('.') || name.is_empty() {
                        reject!("`{name}` cannot be the name of a field in an expression");
                    }
                    Ok((name.clone(), Self::parse(value, known)?))
                })
                .collect::<Result<_>>()
                .map(Self::Object),
        }
    }

    fn parse_operator(name: &str, operand: &Bson, known: &Known) -> Result<Self> {
        if let Some(operator) = find_positional(name) {
            return parse_positional(operator, operand, known);
        }
        if let Some(operator) = find_named(name) {
            return parse_named(operator, operand, known);
        }
        if let Some(accumulator) = find_accumulator(name) {
            let operands = match operand {
                Bson::Array(elements) => Self::parse_list(elements, known)?,
                operand => vec![Self::parse(operand, known)?],
            };
            return Ok(Self::Accumulate(accumulator, operands));
        }
        if name == "$literal" {
            return Ok(Self::Constant(Some(operand.clone())));
        }
        match Control::parse(name, operand, known)? {
            Some(control) => Ok(Self::Control(Box::new(control))),
            None => reject!("unknown operator `{name}`, or one that the emulator does not support"),
        }
    }
}

fn parse_positional(
    operator: &'static Positional,
    operand: &Bson,
    known: &Known,
) -> Result<Expression> {
    let operands = match operand {
        Bson::Array(elements) => Expression::parse_list(elements, known)?,
        operand => vec![Expression::parse(operand, known)?],
    };
    let Positional {
        name, least, most, ..
    } = operator;
    if !(*least..=*most).contains(&operands.len()) {
        let expected = match (least, most) {
            (least, &usize::MAX) => format!("at least {least}"),
            (least, most) if least == most => format!("exactly {least}"),
            (least, most) => format!("{least} to {most}"),
        };
        reject!("{name} takes {expected} operands, got {}", operands.len());
    }
    Ok(Expression::Positional(operator, operands))
}

fn parse_named(operator: &'static Named, operand: &Bson, known: &Known) -> Result<Expression> {
    let Named { name, names, .. } = operator;
    let mut operands: Vec<_> = names.iter().map(|_| None).collect();
    match (operator.alone, operand) {
        (_, Bson::Document(given)) if is_by_name(operator, given) => {
            for (key, value) in given {
                let Some(index) = names.iter().position(|known| known == key) else {
                    reject!("{name}: unknown operand `{key}`");
                };
                operands[index] = Some(Expression::parse(value, known)?);
            }
        }
        (Some(alone), operand) => {
            let operand = match operand {
                Bson::Array(elements) => match elements.as_slice() {
                    [element] => element,
                    _ => reject!("{name} takes exactly one operand, got {}", elements.len()),
                },
                operand => operand,
            };
            if let Some(index) = names.iter().position(|known| *known == alone) {
                operands[index] = Some(Expression::parse(operand, known)?);
            }
        }
        (None, _) => reject!("{name} needs an object of operands"),
    }
    let absent = names
        .iter()
        .zip(&operands)
        .take(operator.required)
        .find(|(_, operand)| operand.is_none());
    if let Some((absent, _)) = absent {
        reject!("{name} needs `{absent}`");
    }
    Ok(Expression::Named(operator, operands))
}

/// Whether an object names the operands, rather than being the only operand, as `{$year: {$add: …}}` has it.
fn is_by_name(operator: &Named, given: &Document) -> bool {
    operator.alone.is_none()
        || !given
            .keys()
            .next()
            .is_some_and(|name| name.starts_with('$'))
}

/// Rejects what cannot be the name of a user's variable.
pub(in super::super) fn valid_name(operator: &str, name: &str) -> Result<()> {
    let valid = name
        .chars()
        .next()
        .is_some_and(|first| first.is_ascii_lowercase() || !first.is_ascii())
        && name.chars().all(|character| {
            character.is_ascii_alphanumeric() || character == '_' || !character.is_ascii()
        });
    if !valid {
        reject!(
            "{operator}: `{name}` cannot be the name of a variable; it begins with a lower-case letter"
        );
    }
    Ok(())
}
