//! `$and`, `$or`, `$cond`, `$ifNull`, `$switch`; `$let`, `$map`, `$filter`, `$reduce`: operators that evaluate some operands
//! only, or bind variables.

use bson::{Bson, Document};

use super::{
    super::{
        depth::check_depth,
        rejection::{Rejection, Result, reject},
        types::is_true,
    },
    Expression, Known, Scope, Value,
    operator::{NULL, is_null, some, wrong_type},
    parse::valid_name,
};

#[derive(Debug, Clone)]
pub(in super::super) enum Control {
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Cond {
        condition: Expression,
        then: Expression,
        otherwise: Expression,
    },
    /// The operands, of which the last is the replacement.
    IfNull(Vec<Expression>),
    Switch {
        branches: Vec<(Expression, Expression)>,
        default: Option<Expression>,
    },
    Let {
        variables: Vec<(String, Expression)>,
        body: Expression,
    },
    Map {
        input: Expression,
        name: String,
        body: Expression,
    },
    Filter {
        input: Expression,
        name: String,
        condition: Expression,
    },
    Reduce {
        input: Expression,
        initial: Expression,
        body: Expression,
    },
}

impl Control {
    /// `None` if the operator is not one of these.
    pub(super) fn parse(name: &str, operand: &Bson, known: &Known) -> Result<Option<Self>> {
        Ok(Some(match name {
            "$and" => Self::And(list(operand, known)?),
            "$or" => Self::Or(list(operand, known)?),
            "$cond" => cond(operand, known)?,
            "$ifNull" => {
                let operands = list(operand, known)?;
                if operands.len() < 2 {
                    reject!("$ifNull takes at least 2 operands, got {}", operands.len());
                }
                Self::IfNull(operands)
            }
            "$switch" => switch(operand, known)?,
            "$let" => let_in(operand, known)?,
            "$map" => {
                let operands = fields(name, operand, &["input", "in"], &["as"])?;
                let (variable, inner) = element_name(name, operands, known)?;
                Self::Map {
                    input: parse(operands, "input", known)?,
                    body: parse(operands, "in", &inner)?,
                    name: variable,
                }
            }
            "$filter" => {
                let operands = fields(name, operand, &["input", "cond"], &["as"])?;
                let (variable, inner) = element_name(name, operands, known)?;
                Self::Filter {
                    input: parse(operands, "input", known)?,
                    condition: parse(operands, "cond", &inner)?,
                    name: variable,
                }
            }
            "$reduce" => {
                let operands = fields(name, operand, &["input", "initialValue", "in"], &[])?;
                Self::Reduce {
                    input: parse(operands, "input", known)?,
                    initial: parse(operands, "initialValue", known)?,
                    body: parse(operands, "in", &known.with(["value", "this"]))?,
                }
            }
            _ => return Ok(None),
        }))
    }

    pub(super) fn evaluate(&self, scope: &Scope<'_>) -> Result<Value> {
        match self {
            Self::And(operands) => {
                for operand in operands {
                    if !truth(operand, scope)? {
                        return Ok(some(false));
                    }
                }
                Ok(some(true))
            }
            Self::Or(operands) => {
                for operand in operands {
                    if truth(operand, scope)? {
                        return Ok(some(true));
                    }
                }
                Ok(some(false))
            }
            Self::Cond {
                condition,
                then,
                otherwise,
            } => if truth(condition, scope)? {
                then
            } else {
                otherwise
            }
            .evaluate(scope),
            Self::IfNull(operands) => {
                let mut value = None;
                for operand in operands {
                    value = operand.evaluate(scope)?;
                    if !is_null(value.as_ref()) {
                        break;
                    }
                }
                Ok(value)
            }
            Self::Switch { branches, default } => {
                for (case, then) in branches {
                    if truth(case, scope)? {
                        return then.evaluate(scope);
                    }
                }
                match default {
                    Some(default) => default.evaluate(scope),
                    None => reject!("$switch: no branch matches and there is no default"),
                }
            }
            Self::Let { variables, body } => {
                let values = variables
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), value.evaluate(scope)?)))
                    .collect::<Result<Vec<_>>>()?;
                scope.bind(&values, |scope| body.evaluate(scope))
            }
            Self::Map { input, name, body } => {
                let Some(elements) = array("$map", input.evaluate(scope)?)? else {
                    return Ok(NULL);
                };
                elements
                    .into_iter()
                    .map(|element| {
                        let value = scope.bind(&[(name.clone(), Some(element))], |scope| {
                            body.evaluate(scope)
                        })?;
                        Ok(value.unwrap_or(Bson::Null))
                    })
                    .collect::<Result<Vec<_>>>()
                    .map(some)
            }
            Self::Filter {
                input,
                name,
                condition,
            } => {
                let Some(elements) = array("$filter", input.evaluate(scope)?)? else {
                    return Ok(NULL);
                };
                let mut kept = Vec::new();
                for element in elements {
                    let variable = [(name.clone(), Some(element))];
                    let keep = scope.bind(&variable, |scope| truth(condition, scope))?;
                    let [(_, element)] = variable;
                    kept.extend(element.filter(|_| keep));
                }
                Ok(some(kept))
            }
            Self::Reduce {
                input,
                initial,
                body,
            } => {
                let Some(elements) = array("$reduce", input.evaluate(scope)?)? else {
                    return Ok(NULL);
                };
                let mut value = initial.evaluate(scope)?;
                for element in elements {
                    let variables = [
                        ("this".to_owned(), Some(element)),
                        ("value".to_owned(), value),
                    ];
                    value = scope.bind(&variables, |scope| body.evaluate(scope))?;
                    // Each round can nest the value once more.
                    value.as_ref().map_or(Ok(()), check_depth)?;
                }
                Ok(value)
            }
        }
    }
}

fn truth(expression: &Expression, scope: &Scope<'_>) -> Result<bool> {
    Ok(expression.evaluate(scope)?.as_ref().is_some_and(is_true))
}

/// The elements of an array; `None` for null and what is not there.
fn array(operator: &str, value: Value) -> Result<Option<Vec<Bson>>> {
    match value {
        Some(Bson::Array(elements)) => Ok(Some(elements)),
        value if is_null(value.as_ref()) => Ok(None),
        Some(value) => Err(wrong_type(operator, &value, "an array as `input`")),
        None => Ok(None),
    }
}

fn list(operand: &Bson, known: &Known) -> Result<Vec<Expression>> {
    match operand {
        Bson::Array(elements) => Expression::parse_list(elements, known),
        operand => Ok(vec![Expression::parse(operand, known)?]),
    }
}

/// The operands by name, checked for those that must be there and those that may.
fn fields<'a>(
    operator: &str,
    operand: &'a Bson,
    required: &[&str],
    optional: &[&str],
) -> Result<&'a Document> {
    let Bson::Document(operands) = operand else {
        reject!("{operator} needs an object of operands");
    };
    for name in operands.keys() {
        if !required.contains(&name.as_str()) && !optional.contains(&name.as_str()) {
            reject!("{operator}: unknown operand `{name}`");
        }
    }
    for name in required {
        if !operands.contains_key(name) {
            reject!("{operator} needs `{name}`");
        }
    }
    Ok(operands)
}

fn parse(operands: &Document, name: &str, known: &Known) -> Result<Expression> {
    let operand = operands
        .get(name)
        .ok_or_else(|| Rejection::new(format!("`{name}` is missing")))?;
    Expression::parse(operand, known)
}

/// The variable for an element: `as`, or `this`.
fn element_name(operator: &str, operands: &Document, known: &Known) -> Result<(String, Known)> {
    let name = match operands.get("as") {
        None => "this",
        Some(Bson::String(name)) => {
            valid_name(operator, name)?;
            name
        }
        Some(_) => reject!("{operator}: `as` must be a string"),
    };
    Ok((name.to_owned(), known.with([name])))
}

fn cond(operand: &Bson, known: &Known) -> Result<Control> {
    if let Bson::Array(operands) = operand {
        let [condition, then, otherwise] = operands.as_slice() else {
            reject!("$cond takes exactly 3 operands, got {}", operands.len());
        };
        return Ok(Control::Cond {
            condition: Expression::parse(condition, known)?,
            then: Expression::parse(then, known)?,
            otherwise: Expression::parse(otherwise, known)?,
        });
    }
    let operands = fields("$cond", operand, &["if", "then", "else"], &[])?;
    Ok(Control::Cond {
        condition: parse(operands, "if", known)?,
        then: parse(operands, "then", known)?,
        otherwise: parse(operands, "else", known)?,
    })
}

fn switch(operand: &Bson, known: &Known) -> Result<Control> {
    let operands = fields("$switch", operand, &["branches"], &["default"])?;
    let Some(Bson::Array(branches)) = operands.get("branches") else {
        reject!("$switch: `branches` must be an array");
    };
    if branches.is_empty() {
        reject!("$switch needs at least one branch");
    }
    let branches = branches
        .iter()
        .map(|branch| {
            let branch = fields("$switch: a branch", branch, &["case", "then"], &[])?;
            Ok((parse(branch, "case", known)?, parse(branch, "then", known)?))
        })
        .collect::<Result<_>>()?;
    let default = operands
        .get("default")
        .map(|default| Expression::parse(default, known))
        .transpose()?;
    Ok(Control::Switch { branches, default })
}

fn let_in(operand: &Bson, known: &Known) -> Result<Control> {
    let operands = fields("$let", operand, &["vars", "in"], &[])?;
    let Some(Bson::Document(variables)) = operands.get("vars") else {
        reject!("$let: `vars` must be an object");
    };
    let inner = known.with(variables.keys().map(String::as_str));
    let variables = variables
        .iter()
        .map(|(name, value)| {
            valid_name("$let", name)?;
            Ok((name.clone(), Expression::parse(value, known)?))
        })
        .collect::<Result<_>>()?;
    Ok(Control::Let {
        variables,
        body: parse(operands, "in", &inner)?,
    })
}
