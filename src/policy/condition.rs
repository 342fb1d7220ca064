//! Conditions: an operator, a key and its values, and how they are evaluated against a request.
//!
//! Source of all rules: the IAM user guide, "Condition operators", "Single-valued vs. multivalued context keys" and "Conditions with
//! multiple context keys or values".

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::context::{Context, Fact};
use super::operator::{Comparison, Operator, Quantifier, Sense};
use super::pattern::{BadVariable, Case, Pattern, Variables, Wildcards, has_gap, is_known};
use super::statement::Placed;
use super::time::instant;
use super::truth::Truth;

/// One key under one operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The operator.
    pub operator: Placed<Operator>,
    /// The key as written.
    pub key: Placed<String>,
    /// The key in lower case, as it is looked up.
    pub(super) folded: String,
    /// The values: one of them must match, or, for a negated operator, none.
    pub values: Vec<Placed<Operand>>,
}

/// A value of the policy, made ready for its operator.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// For the comparisons of strings.
    Text(Pattern),
    /// The parts of an ARN between its first five colons, and the rest. Fewer than six are no ARN.
    Arn(Vec<Pattern>),
    /// For numbers.
    Number(f64),
    /// Nanoseconds since 1970.
    Instant(i128),
    /// For `Bool` and `Null`.
    Flag(bool),
    /// A range of addresses.
    Network(IpNetwork),
    /// Nothing of the operator's kind: it is like no value.
    Malformed(String),
}

impl Operand {
    /// Makes a value ready.
    ///
    /// # Errors
    /// A `${` that begins no variable, where the operator takes variables.
    pub(super) fn parse(comparison: Comparison, text: &str, variables: Variables) -> Result<Self, BadVariable> {
        let malformed = || Self::Malformed(text.to_owned());
        Ok(match comparison {
            Comparison::String | Comparison::StringIgnoreCase => Self::Text(Pattern::parse(text, Wildcards::Literal, variables)?),
            Comparison::StringLike => Self::Text(Pattern::parse(text, Wildcards::Expanded, variables)?),
            Comparison::Arn => {
                let parts: Result<Vec<Pattern>, BadVariable> =
                    arn_parts(text).into_iter().map(|part| Pattern::parse(part, Wildcards::Expanded, variables)).collect();
                Self::Arn(parts?)
            }
            Comparison::Binary => Self::Text(Pattern::parse(text, Wildcards::Literal, Variables::Literal)?),
            Comparison::Numeric(_) => number(text).map_or_else(malformed, Self::Number),
            Comparison::Date(_) => instant(text).map_or_else(malformed, Self::Instant),
            Comparison::Bool | Comparison::Null => flag(text).map_or_else(malformed, Self::Flag),
            Comparison::IpAddress => text.parse().map_or_else(|_| malformed(), Self::Network),
        })
    }
}

impl Operand {
    /// Its patterns.
    pub(super) fn patterns(&self) -> &[Pattern] {
        match self {
            Self::Text(pattern) => std::slice::from_ref(pattern),
            Self::Arn(parts) => parts,
            Self::Number(_) | Self::Instant(_) | Self::Flag(_) | Self::Network(_) | Self::Malformed(_) => &[],
        }
    }
}

/// Six parts at most; a colon inside `${…}` parts nothing.
pub(super) fn arn_parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut inside) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            '{' if text.get(..at).is_some_and(|before| before.ends_with('$')) => inside = true,
            '}' => inside = false,
            ':' if !inside && parts.len() < 5 => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

fn number(text: &str) -> Option<f64> {
    // Neither `inf` nor `NaN` is a number to AWS.
    let written = text.trim();
    let plain = written.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    written.parse().ok().filter(|number: &f64| plain && number.is_finite())
}

fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

impl Condition {
    /// Whether it holds.
    pub fn holds(&self, context: &Context) -> Truth {
        let operator = &self.operator.value;
        let fact = context.get(&self.folded);
        if operator.comparison == Comparison::Null {
            return self.null(fact);
        }
        match fact {
            Fact::Unknown => Truth::Unknown,
            Fact::Absent => self.without_value(),
            Fact::Known(values) => {
                let truths = values.iter().map(|value| self.of_value(value, context));
                match operator.quantifier {
                    // AWS does not document several values without a quantifier: the result is known only if all of them agree.
                    Quantifier::Single => Truth::agreed(truths),
                    Quantifier::Any => Truth::any(truths),
                    Quantifier::All => Truth::all(truths),
                }
            }
        }
    }

    fn null(&self, fact: &Fact) -> Truth {
        let absent = match fact {
            Fact::Unknown => Truth::Unknown,
            Fact::Absent => Truth::True,
            Fact::Known(_) => Truth::False,
        };
        Truth::any(self.values.iter().map(|value| match value.value {
            Operand::Flag(true) => absent,
            Operand::Flag(false) => !absent,
            Operand::Text(_) | Operand::Arn(_) | Operand::Number(_) | Operand::Instant(_) | Operand::Network(_) | Operand::Malformed(_) => {
                Truth::False
            }
        }))
    }

    /// A key that the request does not have.
    fn without_value(&self) -> Truth {
        let Operator { quantifier, comparison: _, sense, if_exists } = self.operator.value;
        match (if_exists, quantifier, sense) {
            (true, _, _) | (_, Quantifier::All, _) | (_, Quantifier::Single, Sense::Different) => Truth::True,
            (false, Quantifier::Any, _) | (false, Quantifier::Single, Sense::Alike) => Truth::False,
        }
    }

    /// One value of the request against all of the policy.
    fn of_value(&self, value: &str, context: &Context) -> Truth {
        let operator = &self.operator.value;
        let like = Truth::any(self.values.iter().map(|operand| alike(operator.comparison, value, &operand.value, context)));
        match operator.sense {
            Sense::Alike => like,
            Sense::Different => !like,
        }
    }
}

fn alike(comparison: Comparison, value: &str, operand: &Operand, context: &Context) -> Truth {
    let case = if comparison == Comparison::StringIgnoreCase { Case::Insensitive } else { Case::Sensitive };
    let unless_unknown = |like: bool| if is_known(value) { like.into() } else { Truth::Unknown };
    match operand {
        Operand::Text(pattern) => pattern.matches(value, case, context),
        Operand::Arn(parts) => arn(value, parts, context),
        Operand::Number(written) => {
            unless_unknown(number(value).is_some_and(|asked| order(comparison).is_some_and(|o| o.holds(&asked, written))))
        }
        Operand::Instant(written) => {
            unless_unknown(instant(value).is_some_and(|asked| order(comparison).is_some_and(|o| o.holds(&asked, written))))
        }
        Operand::Flag(written) => unless_unknown(flag(value) == Some(*written)),
        Operand::Network(network) => unless_unknown(value.parse::<IpAddr>().is_ok_and(|address| network.contains(address))),
        Operand::Malformed(_) => Truth::False,
    }
}

fn order(comparison: Comparison) -> Option<super::operator::Order> {
    match comparison {
        Comparison::Numeric(order) | Comparison::Date(order) => Some(order),
        Comparison::String
        | Comparison::StringIgnoreCase
        | Comparison::StringLike
        | Comparison::Bool
        | Comparison::Binary
        | Comparison::IpAddress
        | Comparison::Arn
        | Comparison::Null => None,
    }
}

fn arn(value: &str, parts: &[Pattern], context: &Context) -> Truth {
    let asked: Vec<&str> = value.splitn(6, ':').collect();
    let by_part = |asked: &[&str]| Truth::all(asked.iter().zip(parts).map(|(asked, part)| part.matches(asked, Case::Sensitive, context)));
    let shifting = asked.iter().take(5).any(|part| has_gap(part));
    match (asked.len(), parts.len()) {
        // A gap may hold colons: which part is which is not known then.
        _ if shifting => Truth::Unknown,
        (6, 6) => by_part(&asked),
        // Lone wildcards are no ARN; AWS takes them, and does not say what they match.
        (6, _) if parts.last().is_some_and(|part| part.text().ends_with('*')) => Truth::Unknown,
        (_, _) => Truth::False,
    }
}
