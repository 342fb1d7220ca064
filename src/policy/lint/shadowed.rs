//! `shadowed`.

use super::cover::Cover;
use super::{Example, Family, Rule, Setting, Severity, Spot, Subject};
use crate::policy::statement::Statement;

pub(super) static RULE: Rule = Rule {
    id: "shadowed",
    severity: Severity::Warning,
    finds: "a statement that another one of the same effect makes needless",
    why: "The other statement covers everything that this one matches. So this one has no effect, and changing it changes nothing.",
    examples: &[Example {
        family: Family::Scp,
        bad: r#"{"Sid": "KeepStorage", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"},
 {"Sid": "KeepLogs", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::logs"}"#,
        good: r#"{"Sid": "KeepStorage", "Effect": "Deny", "Action": "s3:DeleteObject*", "Resource": "*"},
 {"Sid": "KeepLogs", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::logs"}"#,
        beside: None,
    }],
    check,
};

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    let (statements, cover) = (&subject.policy.statements, Cover::default());
    // Of two that say the same, the second is needless.
    let hides = |wide: &&Statement, narrow: &Statement| {
        wide.index != narrow.index
            && wide.effect.value == narrow.effect.value
            && cover.statement(wide, narrow)
            && (wide.index < narrow.index || !cover.statement(narrow, wide))
    };
    let spot = |narrow: &Statement| {
        let wide = statements.iter().find(|wide| hides(wide, narrow))?;
        let at = narrow.sid.as_ref().map_or(narrow.effect.at, |sid| sid.at);
        let other = wide.sid.as_ref().map_or(wide.effect.at, |sid| sid.at);
        let summary = format!("`{}` has no effect: `{}` covers it", narrow.title(), wide.title());
        Some(Spot::new(at, summary, "remove it, or narrow the other one").related(other, "this says more"))
    };
    statements.iter().filter_map(spot).collect()
}
