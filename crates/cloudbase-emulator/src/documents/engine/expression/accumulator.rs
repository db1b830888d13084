//! `$sum`, `$avg`, `$min` and the like: what collects many values into one, in `$group` and, some, as operators.

use std::collections::BTreeSet;

use bson::{Bson, Document};

use super::{
    super::{
        compare::{Ordered, compare},
        number::Number,
        rejection::Result,
    },
    Value,
    arithmetic::{integer, no_decimals},
    operator::{NULL, is_null, some, wrong_type},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Accumulator {
    AddToSet,
    Avg,
    Count,
    First,
    Last,
    Max,
    MergeObjects,
    Min,
    Push,
    StdDevPop,
    StdDevSamp,
    Sum,
}

pub(super) fn find(name: &str) -> Option<Accumulator> {
    Accumulator::find(name)
}

impl Accumulator {
    pub(in super::super) fn find(name: &str) -> Option<Self> {
        Some(match name {
            "$addToSet" => Self::AddToSet,
            "$avg" => Self::Avg,
            "$count" => Self::Count,
            "$first" => Self::First,
            "$last" => Self::Last,
            "$max" => Self::Max,
            "$mergeObjects" => Self::MergeObjects,
            "$min" => Self::Min,
            "$push" => Self::Push,
            "$stdDevPop" => Self::StdDevPop,
            "$stdDevSamp" => Self::StdDevSamp,
            "$sum" => Self::Sum,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::AddToSet => "$addToSet",
            Self::Avg => "$avg",
            Self::Count => "$count",
            Self::First => "$first",
            Self::Last => "$last",
            Self::Max => "$max",
            Self::MergeObjects => "$mergeObjects",
            Self::Min => "$min",
            Self::Push => "$push",
            Self::StdDevPop => "$stdDevPop",
            Self::StdDevSamp => "$stdDevSamp",
            Self::Sum => "$sum",
        }
    }

    /// Whether it is an operator of expressions as well. `$first` and `$last` are others there: elements of an array.
    pub(super) fn is_expression(self) -> bool {
        !matches!(
            self,
            Self::AddToSet | Self::Count | Self::First | Self::Last | Self::Push
        )
    }

    /// Collects operands of an expression; of a single one that is an array, the elements.
    pub(super) fn over(self, mut operands: Vec<Value>) -> Result<Value> {
        let mut state = State::new(self);
        match (operands.len(), operands.first_mut()) {
            (1, Some(Some(Bson::Array(elements)))) => {
                for element in std::mem::take(elements) {
                    state.add(Some(element))?;
                }
            }
            _ => {
                for operand in operands {
                    state.add(operand)?;
                }
            }
        }
        Ok(state.finish())
    }
}

/// The values that an accumulator has seen.
#[derive(Debug)]
pub(in super::super) struct State {
    accumulator: Accumulator,
    /// How many numbers there were, or documents for `$count`.
    count: u64,
    sum: Sum,
    /// Mean and sum of squared differences, by Welford's method.
    spread: (f64, f64),
    /// The value of `$first`, `$last`, `$min`, `$max`.
    value: Value,
    values: Vec<Bson>,
    set: BTreeSet<Ordered>,
    merged: Document,
}

impl State {
    pub(in super::super) fn new(accumulator: Accumulator) -> Self {
        Self {
            accumulator,
            count: 0,
            sum: Sum::new(accumulator.name()),
            spread: (0.0, 0.0),
            value: None,
            values: Vec::new(),
            set: BTreeSet::new(),
            merged: Document::new(),
        }
    }

    pub(in super::super) fn add(&mut self, value: Value) -> Result<()> {
        match self.accumulator {
            Accumulator::Count => self.count += 1,
            Accumulator::Sum | Accumulator::Avg => {
                if let Some(number) = value.as_ref().and_then(Number::from_bson) {
                    self.count += 1;
                    self.sum.add(number)?;
                }
            }
            Accumulator::StdDevPop | Accumulator::StdDevSamp => {
                if let Some(number) = value.as_ref().and_then(Number::from_bson) {
                    self.spread_by(number.to_f64());
                }
            }
            Accumulator::Min | Accumulator::Max => self.keep_extreme(value),
            Accumulator::First => {
                if self.count == 0 {
                    self.value = value;
                }
                self.count += 1;
            }
            Accumulator::Last => self.value = value,
            Accumulator::Push => self.values.extend(value),
            Accumulator::AddToSet => {
                if let Some(value) = value
                    && self.set.insert(Ordered(value.clone()))
                {
                    self.values.push(value);
                }
            }
            Accumulator::MergeObjects => match value {
                Some(Bson::Document(document)) => self.merged.extend(document),
                value if is_null(value.as_ref()) => {}
                Some(value) => return Err(wrong_type("$mergeObjects", &value, "an object")),
                None => {}
            },
        }
        Ok(())
    }

    fn spread_by(&mut self, value: f64) {
        self.count += 1;
        let (mean, squares) = &mut self.spread;
        let delta = value - *mean;
        *mean += delta / self.count as f64;
        *squares += delta * (value - *mean);
    }

    fn keep_extreme(&mut self, value: Value) {
        let Some(value) = value.filter(|value| !is_null(Some(value))) else {
            return;
        };
        let better = self.value.as_ref().is_none_or(|kept| {
            let order = compare(&value, kept);
            match self.accumulator {
                Accumulator::Min => order.is_lt(),
                _ => order.is_gt(),
            }
        });
        if better {
            self.value = Some(value);
        }
    }

    pub(in super::super) fn finish(self) -> Value {
        let count = self.count as f64;
        match self.accumulator {
            Accumulator::Count => {
                some(integer(i64::try_from(self.count).unwrap_or(i64::MAX), true))
            }
            Accumulator::Sum => some(self.sum.total()),
            Accumulator::Avg if self.count == 0 => NULL,
            Accumulator::Avg => some(self.sum.total_double() / count),
            Accumulator::StdDevPop if self.count == 0 => NULL,
            Accumulator::StdDevPop => some((self.spread.1 / count).sqrt()),
            Accumulator::StdDevSamp if self.count < 2 => NULL,
            Accumulator::StdDevSamp => some((self.spread.1 / (count - 1.0)).sqrt()),
            Accumulator::First | Accumulator::Last | Accumulator::Min | Accumulator::Max => {
                Some(self.value.unwrap_or(Bson::Null))
            }
            Accumulator::Push | Accumulator::AddToSet => some(self.values),
            Accumulator::MergeObjects => some(self.merged),
        }
    }
}

/// A sum in the widest type of its terms: integers exactly, doubles with the rounding errors kept aside.
#[derive(Debug)]
pub(super) struct Sum {
    operator: &'static str,
    integers: i128,
    narrow: bool,
    /// Whether there was a double.
    fractional: bool,
    plain: f64,
    high: f64,
    low: f64,
}

impl Sum {
    pub(super) fn new(operator: &'static str) -> Self {
        Self {
            operator,
            integers: 0,
            narrow: true,
            fractional: false,
            plain: 0.0,
            high: 0.0,
            low: 0.0,
        }
    }

    pub(super) fn add(&mut self, number: Number) -> Result<()> {
        match number {
            // 2^63 terms of 64 bits fit.
            Number::Int(value) => self.integers = self.integers.saturating_add(value.into()),
            Number::Long(value) => {
                self.narrow = false;
                self.integers = self.integers.saturating_add(value.into());
            }
            Number::Double(value) => {
                self.fractional = true;
                self.plain += value;
                (self.high, self.low) = two_sum(self.high, self.low, value);
            }
            Number::Decimal(_) => return Err(no_decimals(self.operator)),
        }
        Ok(())
    }

    pub(super) fn total(&self) -> Number {
        match i64::try_from(self.integers) {
            Ok(total) if !self.fractional => integer(total, self.narrow),
            _ => Number::Double(self.total_double()),
        }
    }

    pub(super) fn total_double(&self) -> f64 {
        if !self.plain.is_finite() {
            return self.plain;
        }
        let nearest = self.integers as f64;
        let rest = (self.integers - nearest as i128) as f64;
        let (high, low) = two_sum(self.high, self.low, nearest);
        let (high, low) = two_sum(high, low, rest);
        high + low
    }
}

/// Adds to a number that is kept as a sum of two.
fn two_sum(high: f64, low: f64, value: f64) -> (f64, f64) {
    let sum = high + value;
    let shadow = sum - high;
    let error = (high - (sum - shadow)) + (value - shadow);
    let low = low + error;
    let normalized = sum + low;
    (normalized, low - (normalized - sum))
}
