//! The impact of a change: the permissions that accounts gain and lose. For people, for a pull request and for programs.

use std::cmp::Reverse;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::text::Section;
use super::words::{count, plain};
use super::{Comment, Style};
use crate::address::Address;
use crate::plan::{Action, Difference};
use crate::policy::{Group, Impact, Lockout, OfService, Road, Selection, Shift, Typical, Verdict};

/// Without `--detail`: the number of groups of accounts, of named services and accounts, and of calls of a lockout.
const GROUPS: usize = 20;
const SERVICES: usize = 6;
const ACCOUNTS: usize = 4;
const CALLS: usize = 3;

/// The section of a plan about the impact.
pub(super) fn section(impact: &Impact, style: Style) -> Section {
    let changed: usize = impact.groups.iter().map(|group| group.accounts.len()).sum();
    let (accounts, actions) = (count(impact.accounts, "account"), count(impact.actions, "action"));
    let heading = format!("impact ({changed} of {accounts}, {actions} of {} compared)", impact.catalogue);
    Section { heading, text: groups(impact, style), has_changes: false }
}

/// The groups of accounts, with the changes for each.
fn groups(impact: &Impact, style: Style) -> String {
    let mut out = String::new();
    if !impact.not_compared.is_empty() {
        let types = impact.not_compared.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let told = format!("not compared, since org.toml has none of them and accounts move: policies of type {types}");
        let _ = writeln!(out, "  {}", style.warning(&told));
    }
    if impact.groups.is_empty() && impact.not_compared.is_empty() {
        let _ = writeln!(out, "  {}", style.dim("no account gains or loses an action"));
    }
    let shown = if style.detail { usize::MAX } else { GROUPS };
    for Group { accounts, shifts, changes } in impact.groups.iter().take(shown) {
        let _ = writeln!(out, "  {}", who(accounts, style));
        for shift in shifts {
            out.push_str(&told(shift, impact.actions, style));
        }
        if style.detail && !changes.is_empty() {
            let changes: Vec<String> = changes.iter().map(Address::to_string).collect();
            let _ = writeln!(out, "      {}", style.dim(&plain(&format!("by {}", changes.join(", ")))));
        }
    }
    if impact.groups.iter().flat_map(|group| &group.shifts).any(|shift| shift.typical.is_some()) {
        let regions = impact.regions.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let place = if regions.is_empty() { String::new() } else { format!(" in {regions}") };
        let told = format!("typical request: a role that no policy names, over TLS{place}; to a global service in its own Region");
        let _ = writeln!(out, "  {}", style.dim(&plain(&told)));
    }
    if let Some(rest) = impact.groups.len().checked_sub(shown).filter(|n| *n > 0) {
        let more = format!("… and {} of accounts more (--detail shows them)", count(rest, "group"));
        let _ = writeln!(out, "  {}", style.dim(&more));
    }
    out
}

/// `a, b`, or `58 accounts, a to z`.
fn who(accounts: &[Address], style: Style) -> String {
    let names: Vec<&str> = accounts.iter().map(Address::key).collect();
    let told = match names.as_slice() {
        [first, .., last] if names.len() > ACCOUNTS && !style.detail => {
            format!("{}, {first} to {last}", count(names.len(), "account"))
        }
        names => names.join(", "),
    };
    plain(&told)
}

/// What becomes of the actions, and how it is marked.
fn words(shift: &Shift) -> (Action, &'static str) {
    use Verdict::{Conditional, Denied, Passes};
    match (shift.from, shift.to) {
        (Conditional, Denied) => (Action::Delete, "lost that passed under conditions"),
        (Passes | Denied, Denied) => (Action::Delete, "lost"),
        (Passes, Conditional) => (Action::Update, "only under conditions from now on"),
        (Conditional, Conditional) => (Action::Update, "under other conditions"),
        (Conditional, Passes) => (Action::Create, "no longer under conditions"),
        (Denied, Conditional) => (Action::Create, "gained under conditions"),
        (Denied | Passes, Passes) => (Action::Create, "gained"),
    }
}

fn told(shift: &Shift, all: usize, style: Style) -> String {
    let (action, what) = words(shift);
    let number = if shift.actions.count == all { "all actions".to_owned() } else { count(shift.actions.count, "action") };
    let symbol = style.action(action, super::words::symbol(action));
    let mut line = format!("      {symbol} {number} {what}");
    if !shift.hinges_on.is_empty() {
        let _ = write!(line, " ({})", plain(&shift.hinges_on.iter().map(String::as_str).collect::<Vec<_>>().join(", ")));
    }
    let typical = shift.typical.as_ref().map(|typical| format!("          {}\n", typically(typical, shift, style))).unwrap_or_default();
    if style.detail {
        let mut out = line + "\n" + &typical;
        let (whole, parts): (Vec<_>, Vec<_>) = shift.actions.services.iter().partition(|(_, of)| is_whole(&of.actions));
        if !whole.is_empty() && shift.actions.count < all {
            let whole: Vec<String> = whole.iter().map(|(service, of)| format!("{service} ({})", of.count)).collect();
            let _ = writeln!(out, "          {}", style.dim(&format!("all of {}", whole.join(", "))));
        }
        for (service, of) in parts {
            let _ = writeln!(out, "          {}", style.dim(&format!("{service}: {}", of.actions.join(", "))));
        }
        return out;
    }
    if shift.actions.count < all {
        let _ = write!(line, ": {}", services(&shift.actions));
    }
    line + "\n" + &typical
}

/// What a shift under conditions means for a typical request.
fn typically(typical: &Typical, shift: &Shift, style: Style) -> String {
    let part = |selection: &Selection, verb: &str| {
        let all = selection.count == shift.actions.count;
        let told = if all { "all of them".to_owned() } else { format!("{}: {}", count(selection.count, "action"), services(selection)) };
        (selection.count > 0).then(|| plain(&format!("{verb} {told}")))
    };
    let Typical { loses, may_lose, gains, may_gain } = typical;
    let parts = [(loses, "loses"), (may_lose, "may lose"), (gains, "gains"), (may_gain, "may gain")];
    let told: Vec<String> = parts.into_iter().filter_map(|(selection, verb)| part(selection, verb)).collect();
    match told.is_empty() {
        true => style.dim("a typical request sees no difference"),
        false => style.warning(&format!("a typical request {}", told.join("; "))),
    }
}

fn is_whole(actions: &[String]) -> bool {
    matches!(actions, [only] if only == "*")
}

/// The services that most of them belong to.
pub(super) fn services(selection: &Selection) -> String {
    let mut services: Vec<(&String, &OfService)> = selection.services.iter().collect();
    services.sort_by_key(|(_, of)| Reverse(of.count));
    let one = |(service, of): &(&String, &OfService)| match of.actions.as_slice() {
        actions if is_whole(actions) => format!("{service} (all {})", of.count),
        [only] => format!("{service}:{only}"),
        _ => format!("{service} ({})", of.count),
    };
    let mut told: Vec<String> = services.iter().take(SERVICES).map(one).collect();
    if let Some(rest) = services.len().checked_sub(SERVICES).filter(|n| *n > 0) {
        told.push(format!("… {}", count(rest, "more service")));
    }
    told.join(", ")
}

/// Where overlord's own role is locked out, and how that is allowed.
pub(super) fn lockouts(impact: &Impact, style: Style) -> String {
    let mut out = String::new();
    for lockout in &impact.lockouts {
        let label = style.error("lockout");
        let allow = if lockout.by.contains(' ') { format!("{:?}", lockout.by) } else { lockout.by.clone() };
        let told = format!("{} (--allow-lockout {allow})", says(lockout, style));
        let _ = writeln!(out, "{label}: {}", plain(&told));
    }
    out
}

/// One lockout in a sentence.
fn says(lockout: &Lockout, style: Style) -> String {
    let cannot = match lockout.road {
        Road::Assume => "be assumed".to_owned(),
        Road::Everything => "do anything".to_owned(),
        Road::Calls => {
            let shown = if style.detail { usize::MAX } else { CALLS };
            let named: Vec<&str> = lockout.actions.iter().take(shown).map(String::as_str).collect();
            let more = lockout.actions.len().saturating_sub(named.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("call {}{more}", named.join(", "))
        }
    };
    let who = who(&lockout.accounts, style);
    format!("{who}: overlord's access role could no longer {cannot} there, because of {}", lockout.why)
}

/// Two configurations compared, for people.
pub fn difference(difference: &Difference, style: Style) -> String {
    let Section { heading, text, .. } = section(&difference.impact, style);
    let mut out = format!("{}\n{text}", style.bold(&heading));
    for (accounts, what) in [(&difference.gone, "only in the first"), (&difference.new, "only in the second")] {
        if !accounts.is_empty() {
            let _ = writeln!(out, "{what}: {}", who(accounts, style));
        }
    }
    for lockout in &difference.impact.lockouts {
        let _ = writeln!(out, "{}: {}", style.error("lockout"), plain(&says(lockout, style)));
    }
    out
}

/// The same for a comment on a pull request.
pub fn markdown(difference: &Difference, detail: bool) -> Comment {
    let mut out = Comment::titled("overlord policy diff");
    out.block(self::difference(difference, Style { colour: false, detail }).trim_end());
    out
}

/// The same for programs; `impact` is as in a plan.
pub fn json(difference: &Difference) -> Value {
    let Difference { impact, gone, new } = difference;
    json!({"format_version": 1, "impact": impact, "only_in_the_first": gone, "only_in_the_second": new})
}
