//! The report in a few figures: the tiles of the page, and the output of the command.

use super::parts::{Page, count, number};
use crate::doctor::InUse;
use crate::render::Comment;
use crate::render::Style;
use crate::render::network::percent;
use crate::report::{Kept, Report};

/// One figure.
struct Figure {
    /// The section with the details.
    id: &'static str,
    look: &'static str,
    what: &'static str,
    figure: String,
    more: String,
}

/// The tiles at the head of the page.
pub(super) fn tiles(report: &Report<'_>) -> Page {
    let mut out = Page::new();
    for Figure { id, look, what, figure, more } in figures(report) {
        out.own("<a class=\"tile ").own(look).own("\" href=\"#").own(id).own("\"><span class=\"what\">").own(what);
        out.own("</span><b>").text(figure).own("</b><span class=\"more\">").text(more).own("</span></a>\n");
    }
    out
}

/// For people, on a terminal.
pub fn text(report: &Report<'_>, style: Style) -> String {
    let figures = figures(report);
    let width = figures.iter().map(|figure| figure.what.len()).max().unwrap_or_default();
    let line = |Figure { what, figure, more, .. }: &Figure| format!("{what:width$}  {}  {}\n", style.bold(figure), style.dim(more));
    figures.iter().map(line).collect()
}

/// For a comment on a pull request, or the summary of a job.
pub fn markdown(report: &Report<'_>) -> Comment {
    let mut out = Comment::titled("overlord report");
    out.block(&text(report, Style::default()));
    out
}

fn figures(report: &Report<'_>) -> Vec<Figure> {
    let units = report.units.len().saturating_sub(1);
    let accounts = (report.accounts.len(), report.restrictions.classes.len());
    let rails =
        report.policies.iter().filter(|policy| policy.known.is_some() && matches!(policy.policy_type.as_str(), "scp" | "rcp")).count();
    let mut figures = vec![
        Figure {
            id: "organization",
            look: "info",
            what: "Accounts",
            figure: number(accounts.0),
            more: format!("in {}{}", count(units, "OU"), unread(report)),
        },
        Figure {
            id: "restrictions",
            look: "info",
            what: "Guardrails",
            figure: rails.to_string(),
            more: format!("{} of accounts", count(accounts.1, "class")),
        },
        drift(report),
    ];
    figures.extend(compliance(report));
    figures.extend(networks(report));
    if let Some(cost) = &report.cost {
        let after = if cost.after.total == cost.before.total { String::new() } else { format!("; {} $ after apply", cost.after.total) };
        let more = format!("a month, for networks{}", after);
        figures.push(Figure { id: "costs", look: "info", what: "Costs", figure: format!("{} $", cost.before.total), more });
    }
    figures.extend(quotas(report));
    figures
}

fn unread(report: &Report<'_>) -> String {
    match report.accounts.iter().filter(|account| account.unread.is_some()).count() {
        0 => String::new(),
        n => format!("; {n} not read"),
    }
}

fn drift(report: &Report<'_>) -> Figure {
    let (found, heavy) =
        (report.drift.findings.len(), report.drift.findings.iter().filter(|f| f.weight == crate::resource::Weight::GuardRail));
    let heavy = heavy.count();
    let (look, more) = match (found, heavy) {
        (0, _) => ("good", "all is as org.toml says".to_owned()),
        (_, 0) => ("warn", "none of them about guardrails".to_owned()),
        (_, heavy) => ("bad", format!("{heavy} about guardrails")),
    };
    Figure { id: "drift", look, what: "Drift", figure: if found == 0 { "none".to_owned() } else { count(found, "finding") }, more }
}

fn compliance(report: &Report<'_>) -> Option<Figure> {
    let compliance = report.compliance.as_ref().filter(|compliance| compliance.not_told.is_none())?;
    let restricted = |key: &String| {
        let of = report.accounts.iter().filter_map(|account| account.standings.get(key));
        of.filter(|standing| standing.standing == Kept::Restricted).count()
    };
    let told: Vec<String> =
        compliance.frameworks.iter().map(|list| format!("{} {}", list.framework, restricted(&list.framework))).collect();
    let more = "accounts restricted to the list".to_owned();
    Some(Figure { id: "compliance", look: "info", what: "Compliance", figure: told.join(" · "), more })
}

fn networks(report: &Report<'_>) -> Option<Figure> {
    let networks = &report.networks;
    let (live, planned) = networks.layouts.iter().fold((0, 0), |(live, planned), of| (live + of.live, planned + of.planned));
    let pool = networks.pools.first()?;
    let (free, planned) =
        (percent(pool.free, pool.addresses), if planned > 0 { format!("{planned} still to be made; ") } else { String::new() });
    let look = if networks.unread.is_empty() && networks.unplaced.is_empty() { "info" } else { "warn" };
    Some(Figure { id: "networks", look, what: "VPCs", figure: number(live), more: format!("{planned}{free} of pool {} free", pool.pool) })
}

/// The quota with the highest usage.
fn quotas(report: &Report<'_>) -> Option<Figure> {
    let share = |of: &&InUse| (of.used + of.to_come) * 1000 / of.most.max(1);
    let fullest = report.quotas.in_use.iter().max_by_key(share)?;
    let look = match share(&fullest) {
        0..=900 => "info",
        901..=1000 => "warn",
        _ => "bad",
    };
    let figure = format!("{} of {}", number(fullest.used + fullest.to_come), number(fullest.most));
    Some(Figure { id: "quotas", look, what: "Fullest quota", figure, more: fullest.quota.clone() })
}
