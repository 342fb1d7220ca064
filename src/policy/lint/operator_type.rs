//! `operator-type`.

use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::condition::Condition;
use crate::policy::operator::Comparison;

pub(super) static RULE: Rule = Rule {
    id: "operator-type",
    severity: Severity::Warning,
    finds: "an operator of another type than its key",
    why: "AWS compares a value only if it has the operator's type: `Bool` on a Region or `IpAddress` on a tag matches no request, so a Deny \
          protects nothing. This rule checks the global keys, whose types AWS documents.",
    examples: &[
        Example {
            family: Family::Scp,
            bad: r#"{"Sid": "OnlyIreland", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"Bool": {"aws:RequestedRegion": "false"}}}"#,
            good: r#"{"Sid": "OnlyIreland", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}"#,
            beside: None,
        },
        Example {
            family: Family::Scp,
            bad: r#"{"Sid": "OfficeOnly", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"StringNotEquals": {"aws:SourceIp": "203.0.113.0/24"}}}"#,
            good: r#"{"Sid": "OfficeOnly", "Effect": "Deny", "Action": "gamelift:*", "Resource": "*",
  "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}"#,
            beside: None,
        },
    ],
    check,
};

/// What a key holds. Source: the IAM user guide, "AWS global condition context keys", as of 2026-12-01.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Flag,
    Number,
    /// A date, or seconds since 1970.
    Time,
    Address,
}

/// Keys that hold no text, in lower case; all other global keys hold text or ARNs.
const KINDS: [(&str, Kind); 12] = [
    ("aws:multifactorauthpresent", Kind::Flag),
    ("aws:principalisawsservice", Kind::Flag),
    ("aws:securetransport", Kind::Flag),
    ("aws:viaawsservice", Kind::Flag),
    ("aws:assumedroot", Kind::Flag),
    ("aws:multifactorauthage", Kind::Number),
    ("aws:currenttime", Kind::Time),
    ("aws:epochtime", Kind::Time),
    ("aws:tokenissuetime", Kind::Time),
    ("aws:sourceip", Kind::Address),
    ("aws:vpcsourceip", Kind::Address),
    ("aws:ec2instancesourceprivateipv4", Kind::Address),
];

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    subject.policy.statements.iter().flat_map(|statement| &statement.conditions).filter_map(of).collect()
}

fn of(condition: &Condition) -> Option<Spot> {
    if !condition.folded.starts_with("aws:") {
        return None;
    }
    let kind = KINDS.iter().find(|(key, _)| *key == condition.folded).map(|(_, kind)| *kind);
    let (fits, write) = match (kind, condition.operator.value.comparison) {
        (_, Comparison::Null) => return None,
        // Flags are compared as text too.
        (Some(Kind::Flag), Comparison::Bool | Comparison::String | Comparison::StringIgnoreCase | Comparison::StringLike) => return None,
        (Some(Kind::Flag), _) => (false, "use `Bool`"),
        (Some(Kind::Number), comparison) => (matches!(comparison, Comparison::Numeric(_)), "use `NumericEquals`, `NumericLessThan`, …"),
        (Some(Kind::Time), comparison) => {
            (matches!(comparison, Comparison::Date(_) | Comparison::Numeric(_)), "use `DateLessThan`, `DateGreaterThan`, …")
        }
        (Some(Kind::Address), comparison) => (comparison == Comparison::IpAddress, "use `IpAddress` or `NotIpAddress`"),
        // A name is neither a flag nor a number, a time or an address.
        (None, comparison) => {
            let odd = matches!(comparison, Comparison::Bool | Comparison::IpAddress | Comparison::Date(_) | Comparison::Numeric(_));
            (!odd || is_tag(&condition.folded), "use `StringEquals`, `StringLike` or their negations")
        }
    };
    let summary = || format!("`{}` is not of the type that this operator compares", condition.key.value);
    (!fits).then(|| Spot::new(condition.operator.at, summary(), write))
}

/// A tag holds whatever somebody wrote into it.
fn is_tag(key: &str) -> bool {
    ["aws:principaltag/", "aws:requesttag/", "aws:resourcetag/"].iter().any(|prefix| key.starts_with(prefix))
}
