//! `assumed-role-arn`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::condition::{Condition, Operand};

pub(super) static RULE: Rule = Rule {
    id: "assumed-role-arn",
    severity: Severity::Warning,
    finds: "`aws:PrincipalArn` against the ARN of a session",
    why: "For a session, `aws:PrincipalArn` holds the ARN of its role, `arn:aws:iam::<account>:role/<name>`, and never \
          `arn:aws:sts::<account>:assumed-role/…`. The pattern matches no principal: a Deny that should exempt a role applies to it, and a Deny \
          that should apply to a role does not.",
    examples: &[Example {
        family: Family::Scp,
        bad: r#"{"Sid": "OnlyAdmins", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:sts::*:assumed-role/Admin/*"}}}"#,
        good: r#"{"Sid": "OnlyAdmins", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Admin"}}}"#,
        beside: None,
    }],
    check,
};

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    let conditions = subject.policy.statements.iter().flat_map(|statement| &statement.conditions);
    conditions.filter(|condition| condition.folded == "aws:principalarn").flat_map(of).collect()
}

fn of(condition: &Condition) -> Vec<Spot> {
    let session = condition.values.iter().filter(|value| match &value.value {
        Operand::Text(pattern) => pattern.text().contains(":assumed-role/"),
        Operand::Arn(parts) => parts.get(5).is_some_and(|resource| resource.text().starts_with("assumed-role/")),
        Operand::Number(_) | Operand::Instant(_) | Operand::Flag(_) | Operand::Network(_) | Operand::Malformed(_) => false,
    });
    let hint = "write the ARN of the role, `arn:aws:iam::*:role/NAME`";
    session.map(|value| Spot::new(value.at, "`aws:PrincipalArn` of a session is the ARN of its role", hint)).collect()
}
