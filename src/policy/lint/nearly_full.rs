//! `nearly-full`.

use super::{Rule, Setting, Severity, Spot, Subject};

/// Percent of the limit from which on it is said.
const FROM: usize = 80;

pub(super) static RULE: Rule = Rule {
    id: "nearly-full",
    severity: Severity::Hint,
    finds: "a document above 80 % of its type's size limit",
    why: "The policy is near its size limit. The next service on a list may not fit, and it is better to know that before an incident.",
    // Nobody wants to read one.
    examples: &[],
    check,
};

fn check(subject: &Subject<'_>, _: &Setting<'_>) -> Vec<Spot> {
    let Subject { size, limit, .. } = *subject;
    let full = limit > 0 && size <= limit && size.saturating_mul(100) > limit.saturating_mul(FROM);
    let spot = || {
        let summary = format!("{size} of {limit} characters are used");
        Spot::new((0..1).into(), summary, "shorten it with wildcards or a condition, or split it before it must be")
    };
    full.then(spot).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Family, Hierarchy, Policy};

    #[test]
    fn from_eighty_percent_on() {
        let policy = Policy::parse(r#"{"Statement": []}"#).unwrap();
        let hierarchy = Hierarchy::default();
        let setting = Setting {
            hierarchy: &hierarchy,
            catalogue: &crate::policy::Catalogue::built_in(),
            access_role: "x",
            access_actions: &[],
            regions: &[],
            added_regions: &Default::default(),
        };
        for (size, expected) in [(80, 0), (81, 1), (100, 1), (101, 0)] {
            let subject = Subject { name: "x", family: Family::Scp, policy: &policy, size, limit: 100 };
            assert_eq!(check(&subject, &setting).len(), expected, "{size}");
        }
    }
}
