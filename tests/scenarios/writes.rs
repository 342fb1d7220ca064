//! The writes of a run as the expectations tell them: by what they are about, and of one thing in the order in which they were made.
//! The order between two things is the schedule's, and changes with any await; where it matters, `step.toml` names it.

use std::collections::BTreeMap;

use overlord::limits::LIMITS;
use overlord::sandbox::{Entry, RequestOutcome};

use crate::scenarios::world::Names;

/// One write.
pub struct Write {
    subject: String,
    line: String,
}

/// What a write is about: the first of these parameters that it has. A policy that is attached is about its target.
const SUBJECTS: [&str; 8] =
    ["ServicePrincipal", "PolicyType", "Target", "TargetId", "AccountId", "ResourceId", "OrganizationalUnitId", "PolicyId"];

impl Write {
    /// Of an entry of the journal.
    pub fn of(entry: &Entry, names: &Names) -> Self {
        let operation = entry.operation.trim_start_matches("organizations:");
        let said =
            entry.parameters.iter().filter(|(name, _)| !matches!(name.as_str(), "Action" | "Version" | "ClientToken" | "clientToken"));
        let parameters: String = said.map(|(name, value)| format!(" {name}={}", names.put_into(value))).collect();
        let outcome = match &entry.outcome {
            RequestOutcome::Ok => String::new(),
            RequestOutcome::Refused(code) => format!(" → {code}"),
            RequestOutcome::Lost => " → answer lost".to_owned(),
            RequestOutcome::Disconnected => " → no effect".to_owned(),
        };
        Self { subject: subject(&entry.parameters, names), line: format!("{operation}{parameters}{outcome}") }
    }
}

/// What is made is about itself, by the name that its id has once it is there.
fn subject(parameters: &BTreeMap<String, String>, names: &Names) -> String {
    let given = |name: &str| parameters.get(name).map(String::as_str);
    if let Some(subject) = SUBJECTS.iter().find_map(|name| given(name)) {
        return names.put_into(subject);
    }
    match (given("Email"), given("ParentId"), given("Type"), given("Name")) {
        (Some(email), _, _, _) => format!("<{email}>"),
        (None, Some(parent), _, Some(name)) => match names.put_into(parent).strip_prefix("<ou ").and_then(|path| path.strip_suffix('>')) {
            Some(path) => format!("<ou {path}/{name}>"),
            None => format!("<ou {name}>"),
        },
        (None, None, Some(kind), Some(name)) => {
            format!("<{} {name}>", LIMITS.policy_type(kind).map_or(kind, |limits| &limits.short))
        }
        // Of the organization itself.
        _ => String::new(),
    }
}

/// More writes to EC2 than these are told by their number: a VPC takes 50.
const FEW: usize = 12;

/// Of an account in a Region: what EC2 was asked to write, or how often which.
fn of_networks(entries: &[&Entry], names: &Names) -> String {
    let mut places: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        places.entry(format!("{} {}", names.put_into(&entry.account), entry.region)).or_default().push(entry);
    }
    let mut text = String::new();
    for (place, entries) in places {
        let mut lines: Vec<String> = entries.iter().map(|entry| Write::of(entry, names).line).collect();
        if entries.len() > FEW {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for entry in entries {
                let refused = if entry.took_effect() { "" } else { " without effect" };
                *counts.entry(format!("{}{refused}", entry.operation)).or_default() += 1;
            }
            lines = counts.into_iter().map(|(operation, count)| format!("{count} {operation}")).collect();
        }
        lines.sort();
        text.extend(lines.iter().map(|line| format!("{place}: {line}\n")));
    }
    text
}

/// The lines, by subject; those inside of accounts last. How often a request is repeated is the request gate's to say.
pub fn told(entries: &[Entry], names: &Names) -> String {
    let (inside, of_organization): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|entry| entry.operation.starts_with("ec2:"));
    let writes = of_organization.into_iter().map(|entry| Write::of(entry, names)).collect();
    by_subject(writes) + &of_networks(&inside, names)
}

fn by_subject(mut writes: Vec<Write>) -> String {
    writes.sort_by(|a, b| a.subject.cmp(&b.subject));
    let mut lines: Vec<(String, bool)> = Vec::new();
    for write in writes {
        match lines.last_mut() {
            Some((line, again)) if *line == write.line => *again = true,
            _ => lines.push((write.line, false)),
        }
    }
    lines.into_iter().map(|(line, again)| if again { format!("{line} (again and again)\n") } else { line + "\n" }).collect()
}

/// Whether the writes came as `step.toml` says.
pub fn in_order(writes: &[Write], order: &[(String, String)]) {
    let lines = || writes.iter().map(|write| write.line.as_str()).collect::<Vec<_>>().join("\n");
    for (first, then) in order {
        let last = writes.iter().rposition(|write| write.line.contains(first));
        let next = writes.iter().position(|write| write.line.contains(then));
        assert!(last.is_some() && next.is_some(), "`{first}` or `{then}` was not written:\n{}", lines());
        assert!(last < next, "`{first}` did not come before `{then}`:\n{}", lines());
    }
}
