//! `never-matches`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::condition::{Condition, Operand};
use crate::policy::operator::{Comparison, Operator, Quantifier, Sense};
use crate::policy::statement::Statement;
use crate::policy::{Context, Fact, Truth};

pub(super) static RULE: Rule = Rule {
    id: "never-matches",
    severity: Severity::Warning,
    finds: "conditions that no request can meet",
    why: "All conditions of a statement must hold at once. A condition with an empty list never holds, nor do two conditions that contradict each \
          other on one key: a Deny protects nothing.",
    examples: &[
        Example {
            family: Family::Scp,
            bad: r#"{"Sid": "OnlyEurope", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}, "StringLike": {"aws:RequestedRegion": "eu-*"}}}"#,
            good: r#"{"Sid": "OnlyEurope", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"StringLike": {"aws:RequestedRegion": ["us-east-1", "eu-*"]}}}"#,
            beside: None,
        },
        Example {
            family: Family::Scp,
            bad: r#"{"Sid": "NoOther", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"Null": {"aws:SourceVpc": "true"}, "StringEquals": {"aws:SourceVpc": "vpc-1"}}}"#,
            good: r#"{"Sid": "NoOther", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}}"#,
            beside: None,
        },
    ],
    check,
};

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    subject.policy.statements.iter().filter_map(of).collect()
}

fn of(statement: &Statement) -> Option<Spot> {
    statement.conditions.iter().find_map(|condition| {
        let facts = all_that_meet(condition)?;
        if facts.is_empty() {
            return Some(Spot::new(condition.key.at, "this list is empty: no request meets it", "write the values that are meant"));
        }
        // With several values, others of them may match: reported only where there is one value.
        let mut others =
            statement.conditions.iter().filter(|o| o.folded == condition.folded && o.operator.value.quantifier == Quantifier::Single);
        let refuses = |other: &Condition, fact: &Fact| {
            let mut context = Context::partial();
            context.set(&condition.folded, fact.clone());
            other.holds(&context) == Truth::False
        };
        let against = others.find(|other| facts.iter().all(|fact| refuses(other, fact)))?;
        let summary = format!("no request meets both conditions on `{}`", condition.key.value);
        let hint = "write them as one list if either may match, or remove one";
        Some(Spot::new(against.key.at, summary, hint).related(condition.key.at, "and this"))
    })
}

/// What the key can be where the condition holds; `None` where that is no list.
fn all_that_meet(condition: &Condition) -> Option<Vec<Fact>> {
    let Operator { quantifier, comparison, sense, if_exists } = condition.operator.value;
    if (quantifier, sense, if_exists) != (Quantifier::Single, Sense::Alike, false) {
        return None;
    }
    let fact = |operand: &Operand| match (comparison, operand) {
        (Comparison::Null, Operand::Flag(true)) => Some(Fact::Absent),
        (Comparison::String, Operand::Text(pattern)) if pattern.variables().next().is_none() && !pattern.text().contains("${") => {
            Some(Fact::known([pattern.text()]))
        }
        (Comparison::Bool, Operand::Flag(flag)) => Some(Fact::known([flag.to_string()])),
        (
            _,
            Operand::Text(_)
            | Operand::Arn(_)
            | Operand::Number(_)
            | Operand::Instant(_)
            | Operand::Flag(_)
            | Operand::Network(_)
            | Operand::Malformed(_),
        ) => None,
    };
    condition.values.iter().map(|value| fact(&value.value)).collect()
}
