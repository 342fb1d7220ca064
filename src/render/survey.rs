//! Answers about many accounts and actions as text, Markdown and JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::policy::NO_GRANT;
use super::words::{count, plain};
use super::{Comment, Style};
use crate::policy::{Answered, Catalogue, Outcome};

/// The number of names that are listed before the rest is only counted.
const SHOWN: usize = 12;

/// For people. With `style.detail`, every account and action by name.
pub fn text(groups: &[Answered], catalogue: Option<&Catalogue>, style: Style) -> String {
    let mut out = String::new();
    for group in groups {
        let names: Vec<&str> = group.accounts.iter().map(|account| account.key()).collect();
        let accounts = count(names.len(), "account");
        let _ = writeln!(out, "{}: {}", style.bold(&accounts), plain(&some(&names, style)));
        for (outcome, services) in &group.outcomes {
            let verdict = match outcome {
                Outcome::WithinGuardRails => style.good("within the guardrails"),
                Outcome::ExplicitDeny => style.error("explicitly denied"),
                Outcome::ImplicitDeny => style.error("implicitly denied"),
                Outcome::Unknown => style.warning("effect unknown"),
            };
            let actions = count(services.values().map(BTreeSet::len).sum(), "action");
            let _ = writeln!(out, "  {verdict}: {actions}: {}", plain(&services_text(services, catalogue, style)));
        }
    }
    if let Some(catalogue) = catalogue {
        let _ = writeln!(out, "\n{}", style.dim(&format!("Of AWS's actions of {}.", catalogue.date())));
    }
    let _ = writeln!(out, "{}", style.dim(NO_GRANT));
    out
}

fn some(names: &[&str], style: Style) -> String {
    let shown = if style.detail { names.len() } else { SHOWN };
    let more = names.len().saturating_sub(shown);
    let list = names.iter().take(shown).copied().collect::<Vec<_>>().join(", ");
    if more == 0 { list } else { format!("{list} and {more} more") }
}

/// Whole services by name; of the others how many of how many, or, of a few, which.
fn services_text(services: &BTreeMap<String, BTreeSet<String>>, catalogue: Option<&Catalogue>, style: Style) -> String {
    let (mut whole, mut parts) = (Vec::new(), Vec::new());
    for (service, actions) in services {
        let all = catalogue.map_or(0, |catalogue| catalogue.actions_of(service));
        if actions.len() == all {
            whole.push(service.as_str());
        } else if style.detail || actions.len() <= 3 {
            parts.extend(actions.iter().map(|action| format!("{service}:{action}")));
        } else {
            parts.push(format!("{} of {all} of {service}", actions.len()));
        }
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let whole = (!whole.is_empty()).then(|| format!("all of {}", some(&whole, style)));
    whole.into_iter().chain((!parts.is_empty()).then(|| some(&parts, style))).collect::<Vec<_>>().join("; ")
}

/// For a comment on a pull request.
pub fn markdown(groups: &[Answered], catalogue: Option<&Catalogue>, detail: bool) -> Comment {
    let mut out = Comment::titled("overlord policy explain");
    out.block(text(groups, catalogue, Style { detail, ..Style::default() }).trim_end());
    out
}

/// For programs: all names.
pub fn json(groups: &[Answered], catalogue: Option<&Catalogue>) -> Value {
    let group = |group: &Answered| {
        let outcomes: Map<String, Value> =
            group.outcomes.iter().map(|(outcome, services)| (outcome.word().to_owned(), json!(services))).collect();
        json!({ "accounts": group.accounts, "actions": outcomes })
    };
    json!({ "format_version": 1, "catalogue": catalogue.map(Catalogue::date), "groups": groups.iter().map(group).collect::<Vec<_>>() })
}
