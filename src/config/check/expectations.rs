//! `[[test]]`: the accounts, and the expected verdicts of their guardrails. The tests run once everything else is valid.

use std::collections::BTreeSet;

use super::Model;
use super::accounts::Planned;
use super::tree;
use crate::address::{Address, Reference};
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::{Accounts, Below, Test};
use crate::config::span::{At, Key};
use crate::diagnostic::{ByteRange, Diagnostic, Span};
use crate::policy::{Cause, Expectation, Expected, Fact, Outcome, Test as Resolved, TestResult};
use crate::resource::Kind;
use crate::resource::organizations::OrganizationalUnit;

const HEADER: &str = "[[test]]";
/// Accounts that a failure names before it counts the rest.
const NAMED: usize = 5;

/// Checks all tests, and resolves the accounts that they are about.
pub(super) fn check(model: &Model<'_>, accounts: &[Planned<'_>], report: &mut Report) -> Vec<Resolved> {
    let headers = super::headers(report.text(), HEADER);
    let mut tests = Vec::new();
    for (index, test) in model.file.test.iter().enumerate() {
        let at = headers.get(index).copied().unwrap_or(ByteRange { start: 0, end: 0 });
        let expectations = expectations(test, at, report);
        let accounts = match &test.accounts {
            Some(selected) => select(selected, model, accounts, report),
            None => accounts.iter().map(Planned::address).collect(),
        };
        tests.push(Resolved {
            name: test.name.as_ref().map_or_else(|| format!("test {}", index + 1), |name| name.value.clone()),
            at: report.span(test.name.as_ref().map_or(at, |name| name.at)),
            accounts,
            principals: test.principals.iter().map(|p| p.value.clone()).collect(),
            resources: test.resources.iter().map(|r| r.value.clone()).collect(),
            facts: facts(test),
            expectations,
        });
    }
    tests
}

fn facts(test: &Test) -> Vec<(String, Fact)> {
    let known = test.context.iter().map(|(key, values)| (key.0.value.clone(), Fact::known(values.0.iter().cloned())));
    known.chain(test.absent.iter().map(|key| (key.value.clone(), Fact::Absent))).collect()
}

fn expectations(test: &Test, at: ByteRange, report: &mut Report) -> Vec<Expectation> {
    let mut expectations = Vec::new();
    for (list, expected) in [(&test.allow, Expected::Allow), (&test.deny, Expected::Deny)] {
        for action in list.iter().flat_map(|list| &list.value) {
            if action.value != "*" && !is_action(action) {
                let hint = "write `service:Action`, such as `s3:GetObject`, `s3:*` or `*`";
                report.at(action.at, Code::BadTest.error(format!("`{}` is not an action", action.value)).hint(hint));
            }
            expectations.push(Expectation { action: action.value.clone(), expected, at: report.span(action.at) });
        }
    }
    let unsure = ["allow", "deny"].iter().any(|list| report.is_broken(&["test", list]));
    if expectations.is_empty() && !unsure {
        let hint = "list the actions and the expected result: `deny = [\"sagemaker:*\"]`, `allow = [\"ec2:RunInstances\"]`";
        report.at(at, Code::BadTest.error("this [[test]] expects nothing").hint(hint));
    }
    expectations
}

fn is_action(text: &str) -> bool {
    text.split_once(':').is_some_and(|(service, action)| {
        let fits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-*?".contains(&b));
        fits(service) && fits(action)
    })
}

fn select(selected: &At<Accounts>, model: &Model<'_>, accounts: &[Planned<'_>], report: &mut Report) -> Vec<Address> {
    match &selected.value {
        Accounts::Keys(keys) => keys.iter().filter_map(|key| by_key(key, accounts, report)).collect(),
        Accounts::Below(Below { ou, team }) => {
            let ous = ou.as_ref().map(|ou| below(ou, model, report));
            if let Some(team) =
                team.as_ref().filter(|team| !model.file.team.contains_key(team.as_str()) && !report.is_broken(&["team", team.as_str()]))
            {
                let hint = report.suggest(team, model.file.team.keys().map(Key::as_str), "name the key of a team");
                report.at(team.at, Code::UnknownTeam.error(format!("unknown team `{}`", team.value)).hint(hint));
            }
            let fits = |account: &&Planned<'_>| {
                let in_ou = ous.as_ref().is_none_or(|ous| account.parent.as_ref().is_some_and(|parent| ous.contains(parent)));
                in_ou && team.as_ref().is_none_or(|team| account.team.is_some_and(|(own, _)| own == team.as_str()))
            };
            let found: Vec<Address> = accounts.iter().filter(fits).map(Planned::address).collect();
            let known = ou.as_ref().is_none_or(|ou| ou.value == tree::ROOT || model.file.ou.contains_key(ou.as_str()));
            if found.is_empty() && known && team.as_ref().is_none_or(|team| model.file.team.contains_key(team.as_str())) {
                let hint = "a test of no account is met by anything: name others, or remove it";
                report.at(selected.at, Code::BadTest.error("this [[test]] is about no account").hint(hint));
            }
            found
        }
    }
}

fn by_key(key: &At<String>, accounts: &[Planned<'_>], report: &mut Report) -> Option<Address> {
    let found = accounts.iter().find(|account| account.key == key.value).map(Planned::address);
    let unsure = report.any_broken_in(&["account", "team", "defaults"]);
    if found.is_none() && !unsure {
        let hint = report.suggest(key, accounts.iter().map(|a| a.key.as_str()), "name the key of an account, such as `audit`");
        report.at(key.at, Code::UnknownAccount.error(format!("unknown account `{}`", key.value)).hint(hint));
    }
    found
}

/// An OU and all OUs below it.
fn below(ou: &At<String>, model: &Model<'_>, report: &mut Report) -> BTreeSet<Reference> {
    let mut found: BTreeSet<Reference> = tree::reference(ou, model, report).into_iter().collect();
    loop {
        let before = found.len();
        for (key, section) in &model.file.ou {
            let above = section.parent.as_ref().map_or(tree::ROOT, |parent| parent.as_str());
            let above = if above == tree::ROOT { tree::root() } else { OrganizationalUnit::address(above).into() };
            if found.contains(&above) {
                found.insert(OrganizationalUnit::address(key.as_str()).into());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// An expectation that is not met, as a mistake of the configuration: of the first account where it is not, with all of them named.
pub(in crate::config) fn failed(result: &TestResult<'_>, place: impl Fn(&Cause) -> Option<Span>) -> Option<Diagnostic> {
    let first = result.failures.first()?;
    let (action, expected, decision) = (&result.expectation.action, result.expectation.expected.word(), &first.decision);
    let accounts: BTreeSet<&str> = result.failures.iter().map(|failure| failure.account.key()).collect();
    let named: Vec<String> = accounts.iter().take(NAMED).map(|key| format!("`{key}`")).collect();
    let more = accounts.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let summary = format!("the test `{}` fails: `{action}` {} in {}{more}", result.test.name, decision.outcome.says(), named.join(", "));
    let mut diagnostic = Code::PolicyTestFailed.error(summary).at(result.expectation.at.clone()).label(format!("expected: {expected}"));
    if let Some(cause) = &decision.cause {
        let decides = if decision.outcome == Outcome::Unknown { "this may decide" } else { "this decides" };
        diagnostic = match place(cause) {
            Some(span) => diagnostic.related(span, format!("{decides}, attached to {}", cause.level_name())),
            None => diagnostic.detail(cause.says(decision.outcome)),
        };
    }
    let explain = format!("`overlord policy explain --account {} --action '{action}'` shows each level", first.account.key());
    let keys: Vec<String> = decision.hinges_on.iter().map(|key| format!("`{key}`")).collect();
    Some(diagnostic.hint(match keys.as_slice() {
        [] => explain,
        keys => format!("it hinges on {}: say more in `context`, `absent`, `principals` or `resources`; {explain}", keys.join(", ")),
    }))
}
