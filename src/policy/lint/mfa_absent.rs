//! `mfa-absent`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::condition::{Condition, Operand};
use crate::policy::operator::{Comparison, Sense};
use crate::policy::statement::{Effect, Statement};

pub(super) static RULE: Rule = Rule {
    id: "mfa-absent",
    severity: Severity::Warning,
    finds: "a Deny without MFA that misses requests without the key",
    why: "A request with a user's long-term keys has no `aws:MultiFactorAuthPresent`, and `Bool` does not match an absent key: the Deny applies \
          only to sessions. `BoolIfExists` applies to both.",
    examples: &[Example {
        family: Family::Scp,
        bad: r#"{"Sid": "WithMfa", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}"#,
        good: r#"{"Sid": "WithMfa", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}"#,
        beside: None,
    }],
    check,
};

const PRESENT: &str = "aws:multifactorauthpresent";

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    let denies = subject.policy.statements.iter().filter(|statement| statement.effect.value == Effect::Deny);
    denies.flat_map(|statement| statement.conditions.iter().filter(|condition| misses(condition, statement))).map(spot).collect()
}

fn misses(condition: &Condition, statement: &Statement) -> bool {
    let operator = &condition.operator.value;
    let is_false = |operand: &Operand| match operand {
        Operand::Flag(flag) => !flag,
        Operand::Text(pattern) => pattern.text().eq_ignore_ascii_case("false"),
        Operand::Arn(_) | Operand::Number(_) | Operand::Instant(_) | Operand::Network(_) | Operand::Malformed(_) => false,
    };
    // A statement that requires the key means sessions only.
    let on_purpose = statement.conditions.iter().any(|other| {
        other.folded == PRESENT
            && other.operator.value.comparison == Comparison::Null
            && other.values.iter().any(|value| value.value == Operand::Flag(false))
    });
    condition.folded == PRESENT
        && operator.sense == Sense::Alike
        && operator.comparison != Comparison::Null
        && !operator.if_exists
        && condition.values.iter().any(|value| is_false(&value.value))
        && !on_purpose
}

fn spot(condition: &Condition) -> Spot {
    let summary = "this misses requests without `aws:MultiFactorAuthPresent`, such as those with the long-term keys of a user";
    Spot::new(condition.operator.at, summary, "write `BoolIfExists`")
}
