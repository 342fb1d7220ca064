//! The findings of a plan. Equal findings about many resources are printed once, with a count and examples.

use std::collections::BTreeMap;

use super::Style;
use super::words::count;
use crate::address::Address;
use crate::resource::{Finding, FindingSeverity};

/// From so many on, errors that read alike are folded.
const FOLDED: usize = 4;
/// Subjects of a folded finding that are named.
const NAMED: usize = 3;
/// Unmanaged things that are listed, without `--detail`.
const UNMANAGED: usize = 80;

/// A finding as it is shown.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    pub(super) severity: FindingSeverity,
    pub(super) subject: String,
    pub(super) summary: String,
}

/// The findings in their order, and how many unmanaged things are left out.
pub(super) fn lines(findings: &[Finding], style: Style) -> (Vec<Line>, usize) {
    let mut groups: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    // A warning may hold what is to be done for each, such as the id of an invitation.
    let foldable = |finding: &&Finding| finding.severity == FindingSeverity::Error && !style.detail;
    for finding in findings.iter().filter(foldable) {
        groups.entry(alike(finding)).or_default().push(finding);
    }
    let (mut shown, mut unmanaged) = (Vec::new(), 0);
    for finding in findings {
        if finding.severity == FindingSeverity::Unmanaged {
            unmanaged += 1;
            if unmanaged > UNMANAGED && !style.detail {
                continue;
            }
        } else if let Some(group) = groups.get(&alike(finding)).filter(|group| group.len() >= FOLDED) {
            if group.first().is_some_and(|first| std::ptr::eq(*first, finding)) {
                shown.push(folded(group, finding));
            }
            continue;
        }
        let Finding { severity, subject, summary } = finding.clone();
        shown.push(Line { severity, subject, summary });
    }
    (shown, if style.detail { 0 } else { unmanaged.saturating_sub(UNMANAGED) })
}

/// What errors have in common that are folded: all but names, ids and figures.
fn alike(finding: &Finding) -> (FindingSeverity, String, String) {
    (finding.severity, kind(&finding.subject), frame(&finding.summary))
}

/// The kind of a subject that is an address; else the subject itself, which is folded with nothing.
fn kind(subject: &str) -> String {
    subject.parse::<Address>().map_or_else(|_| subject.to_owned(), |address| address.kind().to_owned())
}

/// A summary without the text in backticks and without figures.
fn frame(summary: &str) -> String {
    let outside = summary.split('`').enumerate().filter(|(part, _)| part % 2 == 0).map(|(_, text)| text);
    outside.collect::<Vec<_>>().join("`").chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn folded(group: &[&Finding], first: &Finding) -> Line {
    let named: Vec<&str> = group.iter().take(NAMED).map(|finding| finding.subject.as_str()).collect();
    let same = group.iter().all(|finding| finding.summary == first.summary);
    let subject = format!("{} × {}", group.len(), kind(&first.subject));
    let told = if same { first.summary.clone() } else { format!("of the first: {}", first.summary) };
    let more = count(group.len().saturating_sub(named.len()), "other");
    Line { severity: first.severity, subject, summary: format!("{told} ({} and {more}; --detail shows all)", named.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: FindingSeverity, subject: &str, summary: &str) -> Finding {
        Finding { severity, subject: subject.to_owned(), summary: summary.to_owned() }
    }

    #[test]
    fn errors_that_repeat_per_account_are_one_with_a_count_and_examples() {
        use FindingSeverity::{Error, Unmanaged, Warning};
        let full = |n: usize| finding(Error, &format!("a{n}/eu-west-1/vpc.main"), "its pool is full");
        let mut findings: Vec<Finding> = (1..=63).map(full).collect();
        findings.extend((1..=4).map(|n| finding(Error, &format!("account.b{n}"), &format!("`{n}` is taken by {n}"))));
        findings.extend((1..=3).map(|n| finding(Warning, &format!("account.b{n}"), "it is late")));
        findings.extend((0..100).map(|n| finding(Unmanaged, &format!("{n:012} (x)"), "an account")));
        let (shown, left_out) = lines(&findings, Style::default());
        let told: Vec<String> = shown.iter().take(5).map(|line| format!("{}: {}", line.subject, line.summary)).collect();
        assert_eq!(
            told,
            [
                "63 × vpc: its pool is full (a1/eu-west-1/vpc.main, a2/eu-west-1/vpc.main, a3/eu-west-1/vpc.main and 60 others; --detail shows all)",
                "4 × account: of the first: `1` is taken by 1 (account.b1, account.b2, account.b3 and 1 other; --detail shows all)",
                "account.b1: it is late",
                "account.b2: it is late",
                "account.b3: it is late",
            ]
        );
        assert_eq!((shown.len(), left_out), (85, 20));
        let (all, left_out) = lines(&findings, Style { detail: true, ..Style::default() });
        assert_eq!((all.len(), left_out), (170, 0));
    }
}
