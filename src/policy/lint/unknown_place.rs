//! `unknown-place`.

use std::collections::BTreeSet;

use super::unknown_action::nearest;
use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::diagnostic::ByteRange;
use crate::limits::LIMITS;
use crate::policy::condition::{Operand, arn_parts};
use crate::policy::pattern::Pattern;
use crate::policy::statement::Statement;

pub(super) static RULE: Rule = Rule {
    id: "unknown-place",
    severity: Severity::Warning,
    finds: "an ARN in a partition or a Region that AWS does not have",
    why: "An ARN that no resource has matches nothing: a Deny with it protects nothing. This rule checks resources, and values that are compared \
          as ARNs. The list of partitions and Regions has a date.",
    examples: &[
        Example {
            family: Family::Scp,
            bad: r#"{"Sid": "KeepTopics", "Effect": "Deny", "Action": "sns:DeleteTopic", "Resource": "arn:aws:sns:eu-west-9:*:alarms"}"#,
            good: r#"{"Sid": "KeepTopics", "Effect": "Deny", "Action": "sns:DeleteTopic", "Resource": "arn:aws:sns:eu-west-1:*:alarms"}"#,
            beside: None,
        },
        Example {
            family: Family::Scp,
            bad: r#"{"Sid": "KeepLogs", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "arn:aws-gov:s3:::logs"}"#,
            good: r#"{"Sid": "KeepLogs", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "arn:aws-us-gov:s3:::logs"}"#,
            beside: None,
        },
    ],
    check,
};

fn check(subject: &Subject<'_>, setting: &Setting<'_>) -> Vec<Spot> {
    let arns = subject.policy.statements.iter().flat_map(arns);
    arns.filter_map(|([partition, region], at)| of(&partition, &region, setting.added_regions, at)).collect()
}

/// The partition and the Region of each ARN.
fn arns(statement: &Statement) -> Vec<([String; 2], ByteRange)> {
    let place = |parts: &[&str]| Some([(*parts.get(1)?).to_owned(), (*parts.get(3)?).to_owned()]);
    let resources = statement.resources.patterns.iter().filter_map(|pattern| Some((place(&arn_parts(pattern.value.text()))?, pattern.at)));
    let values = statement.conditions.iter().flat_map(|condition| &condition.values);
    let values = values.filter_map(|value| match &value.value {
        Operand::Arn(parts) => Some((place(&parts.iter().map(Pattern::text).collect::<Vec<_>>())?, value.at)),
        Operand::Text(_) | Operand::Number(_) | Operand::Instant(_) | Operand::Flag(_) | Operand::Network(_) | Operand::Malformed(_) => {
            None
        }
    });
    resources.chain(values).collect()
}

fn of(partition: &str, region: &str, added: &BTreeSet<String>, at: ByteRange) -> Option<Spot> {
    let regions = &LIMITS.regions;
    let known_regions = || regions.names().chain(added.iter().map(String::as_str));
    let partitions = || regions.partitions.iter().map(|partition| partition.name.as_str());
    let is_open = |text: &str| text.contains('$');
    let (what, near) = if !is_open(partition) && !partitions().any(|known| Pattern::plain(partition).is_like(known)) {
        (format!("partition `{partition}`"), nearest(partition, partitions()))
    } else if !region.is_empty() && !is_open(region) && !known_regions().any(|known| Pattern::plain(region).is_like(known)) {
        (format!("Region `{region}`"), nearest(region, known_regions()))
    } else {
        return None;
    };
    let hint = near.map_or_else(
        || "write `*` for any; add a Region that AWS opened since to `regions` of [limits]".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Some(Spot::new(at, format!("AWS has no {what} (list of {})", regions.date), hint))
}
