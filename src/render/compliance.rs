//! Which accounts are restricted to which frameworks: for people, for a pull request, for a spreadsheet and for programs. Every format says the
//! date of the list. None says that an account is compliant.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use tabled::builder::Builder;
use tabled::settings::{Padding, Style as TableStyle};

use super::Style;
use super::comment::{Cell as TableCell, Comment};
use super::fold::braced;
use super::words::{count, plain};
use crate::escape::csv as csv_field;
use crate::policy::framework::{Cell, Column, Matrix, Opening, Row, Standing, UNLISTED};
use crate::resource::Kind;
use crate::resource::organizations::OrganizationalUnit;

/// Services of an exception that are named before the rest is counted, without `--detail`.
const SERVICES: usize = 12;
/// The same for actions of a service.
const ACTIONS: usize = 4;

/// The exceptions of a matrix, each once, numbered from 1 in the order of the table.
struct Notes<'m>(Vec<&'m BTreeMap<String, Opening>>);

impl<'m> Notes<'m> {
    fn of(matrix: &'m Matrix<'_>) -> Self {
        let mut notes = Self(Vec::new());
        for cell in matrix.rows.iter().flat_map(|row| &row.cells) {
            if let Standing::Exceptions(open) = &*cell.standing
                && notes.number(open).is_none()
            {
                notes.0.push(open);
            }
        }
        notes
    }

    /// Equal accounts share one result, so that most are found by pointer.
    fn number(&self, open: &BTreeMap<String, Opening>) -> Option<usize> {
        let found = self.0.iter().position(|known| std::ptr::eq(*known, open));
        found.or_else(|| self.0.iter().position(|known| *known == open)).map(|at| at + 1)
    }

    /// What a cell says, with its note.
    fn says(&self, cell: &Cell) -> String {
        match &*cell.standing {
            Standing::NotBound => "not bound".to_owned(),
            Standing::Restricted => "restricted".to_owned(),
            Standing::Exceptions(open) => {
                format!("restricted but for {} [{}]", count(open.len(), "service"), self.number(open).unwrap_or_default())
            }
            Standing::NotRestricted => "not restricted".to_owned(),
        }
    }
}

fn account_of(row: &Row) -> &str {
    row.account.as_ref().map_or("(management account)", |account| account.key())
}

fn place_of(row: &Row) -> &str {
    match &row.parent {
        Some(parent) if OrganizationalUnit::has(parent) => parent.key(),
        Some(_) | None => "root",
    }
}

/// A table, with a line for each account, or for accounts that say the same.
fn table(matrix: &Matrix<'_>, lines: Vec<Vec<String>>) -> Builder {
    let mut table = Builder::default();
    let keys = matrix.columns.iter().map(|column| column.framework.key.as_str());
    for record in [["account", "OU"].into_iter().chain(keys).map(str::to_owned).collect()].into_iter().chain(lines) {
        table.push_record(record.iter().map(|text| plain(text)));
    }
    table
}

fn line(row: &Row, notes: &Notes<'_>) -> Vec<String> {
    let own = [account_of(row), place_of(row)].map(str::to_owned);
    own.into_iter().chain(row.cells.iter().map(|cell| notes.says(cell))).collect()
}

/// One line for the accounts of one place with the same results.
fn folded(lines: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let mut alike: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    let mut known: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for mut line in lines {
        let rest = line.split_off(line.len().min(1));
        let at = *known.entry(rest.clone()).or_insert(alike.len());
        if at == alike.len() {
            alike.push((rest, Vec::new()));
        }
        alike.iter_mut().skip(at).take(1).for_each(|(_, names)| names.append(&mut line));
    }
    let named = |(rest, names): (Vec<String>, Vec<String>)| {
        braced(&names).into_iter().map(move |(name, _)| [vec![name], rest.clone()].concat()).collect::<Vec<_>>()
    };
    alike.into_iter().flat_map(named).collect()
}

/// The lists, a paragraph each.
fn lists(matrix: &Matrix<'_>) -> String {
    let mut out = String::new();
    for Column { framework, outside } in &matrix.columns {
        let list = &framework.list;
        let services = count(list.services.len(), "service");
        let _ = writeln!(
            out,
            "{}: {}, {services} as of {}, reviewed {}; {outside} AWS services are not on the list",
            framework.key,
            plain(&list.title),
            list.as_of,
            list.reviewed
        );
        let _ = writeln!(out, "  {} from {}", plain(&list.file), plain(&list.source));
        if let Some(baseline) = &framework.baseline {
            let beside: Vec<&str> = framework.beside().into_iter().collect();
            let named = if beside.is_empty() { "nothing more".to_owned() } else { beside.join(", ") };
            let _ = writeln!(out, "  also allowed, by {} of {}: {named}", plain(&baseline.file), baseline.as_of);
        }
    }
    out
}

/// What an exception is, on a line.
fn note(open: &BTreeMap<String, Opening>, style: Style) -> String {
    let (services, actions) = if style.detail { (usize::MAX, usize::MAX) } else { (SERVICES, ACTIONS) };
    let all_conditional = open.values().all(|opening| opening.conditional);
    let told = |(prefix, opening): (&String, &Opening)| service(prefix, opening, opening.conditional && !all_conditional, actions);
    let mut parts: Vec<String> = open.iter().take(services).map(told).collect();
    if open.len() > services {
        parts.push(format!("and {} more (--detail shows them)", open.len() - services));
    }
    if all_conditional { format!("under some circumstances: {}", parts.join("; ")) } else { parts.join("; ") }
}

fn service(prefix: &str, opening: &Opening, conditional: bool, most: usize) -> String {
    let condition = if conditional { ", under some circumstances" } else { "" };
    if prefix == UNLISTED {
        return format!("services that AWS's list does not have{condition}");
    }
    if opening.is_whole() {
        return format!("{prefix} (all {}{condition})", count(opening.of, "action"));
    }
    let named: Vec<&str> = opening.actions.iter().take(most).map(String::as_str).collect();
    let more = if opening.actions.len() > named.len() { " …" } else { "" };
    format!("{prefix} ({} of {}: {}{more}{condition})", opening.actions.len(), opening.of, named.join(", "))
}

/// What the words mean, and what the result does not prove.
fn legend(matrix: &Matrix<'_>, access_role: &str) -> String {
    let mut out = format!(
        "Based on the guardrails in org.toml and AWS's actions of {}.\n\
         restricted: every action of a service that is not on the list, and not also allowed, is denied.\n\
         not restricted: some action of each such service can be allowed, if only under some circumstances.\n",
        matrix.actions_as_of
    );
    let exempt = matrix.rows.iter().filter(|row| row.cells.iter().any(|cell| cell.exempts_access_role)).count();
    let role = match exempt {
        0 => format!("This includes {access_role}, overlord's access role."),
        n => format!("{access_role}, overlord's access role, is allowed more in {}.", count(n, "account")),
    };
    let _ = writeln!(out, "{role} Guardrails do not restrict service-linked roles and the management account.");
    let _ = writeln!(out, "This shows only which services can be called, not how they are used. It does not prove compliance.");
    out
}

/// For people.
pub fn text(matrix: &Matrix<'_>, access_role: &str, style: Style) -> String {
    let notes = Notes::of(matrix);
    let lines: Vec<Vec<String>> = matrix.rows.iter().map(|row| line(row, &notes)).collect();
    let mut table = table(matrix, if style.detail { lines } else { folded(lines) }).build();
    table.with(TableStyle::empty()).with(Padding::new(0, 2, 0, 0));
    let table: String = table.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect();
    let mut out = format!("{}\n{table}", lists(matrix));
    if !notes.0.is_empty() {
        out.push('\n');
    }
    for (number, open) in notes.0.iter().enumerate() {
        let _ = writeln!(out, "[{}] {}", number + 1, note(open, style));
    }
    let _ = write!(out, "\n{}", style.dim(legend(matrix, access_role).trim_end()));
    out + "\n"
}

/// For a comment on a pull request, or a file next to the configuration.
pub fn markdown(matrix: &Matrix<'_>, access_role: &str, detail: bool) -> Comment {
    let notes = Notes::of(matrix);
    let style = Style { colour: false, detail };
    let mut out = Comment::titled("overlord report compliance");
    for line in lists(matrix).lines() {
        match line.strip_prefix("  ") {
            Some(indented) => out.own("  - ").text(indented),
            None => out.own("- ").text(line),
        };
        out.own("\n");
    }
    let keys = matrix.columns.iter().map(|column| column.framework.key.as_str().into());
    let headings = ["account", "OU"].map(TableCell::Own).into_iter().chain(keys).collect();
    let rows = matrix.rows.iter().map(|row| line(row, &notes).into_iter().map(TableCell::from).collect());
    out.own("\n").rows(headings, rows);
    for (number, open) in notes.0.iter().enumerate() {
        out.own("\n").text(format_args!("[{}] {}", number + 1, note(open, style))).own("\n");
    }
    for line in legend(matrix, access_role).lines() {
        out.own("\n").text(line).own("\n");
    }
    out
}

/// For a spreadsheet: a line for each account and framework.
pub fn csv(matrix: &Matrix<'_>) -> String {
    let mut out = String::from("account,ou,framework,list_as_of,reviewed,standing,services_open,access_role_exempt\n");
    for row in &matrix.rows {
        for (column, cell) in matrix.columns.iter().zip(&row.cells) {
            let open = match &*cell.standing {
                Standing::Exceptions(open) => open.keys().map(String::as_str).collect::<Vec<_>>().join(" "),
                Standing::NotBound | Standing::Restricted | Standing::NotRestricted => String::new(),
            };
            let list = &column.framework.list;
            let fields = [
                account_of(row),
                place_of(row),
                &column.framework.key,
                &list.as_of,
                &list.reviewed,
                word(&cell.standing),
                &open,
                if cell.exempts_access_role { "yes" } else { "no" },
            ];
            let _ = writeln!(out, "{}", fields.map(csv_field).join(","));
        }
    }
    out
}

fn word(standing: &Standing) -> &'static str {
    match standing {
        Standing::NotBound => "not-bound",
        Standing::Restricted => "restricted",
        Standing::Exceptions(_) => "exceptions",
        Standing::NotRestricted => "not-restricted",
    }
}

/// For programs.
pub fn json(matrix: &Matrix<'_>, access_role: &str) -> Value {
    let list = |list: &crate::policy::framework::ServiceList| {
        json!({"title": list.title, "source": list.source, "as_of": list.as_of, "reviewed": list.reviewed, "file": list.file,
            "services": list.services})
    };
    let frameworks = matrix.columns.iter().map(|Column { framework, outside }| {
        json!({"framework": framework.key, "list": list(&framework.list), "baseline": framework.baseline.as_ref().map(list),
            "beside": framework.beside(), "services_outside": outside})
    });
    let cell = |(column, cell): (&Column<'_>, &Cell)| {
        let exceptions = match &*cell.standing {
            Standing::Exceptions(open) => open.iter().map(|(prefix, opening)| (prefix.clone(), exception(prefix, opening))).collect(),
            Standing::NotBound | Standing::Restricted | Standing::NotRestricted => serde_json::Map::new(),
        };
        json!({"framework": column.framework.key, "standing": word(&cell.standing), "exceptions": exceptions,
            "access_role_exempt": cell.exempts_access_role})
    };
    let accounts = matrix.rows.iter().map(|row| {
        json!({"account": row.account.as_ref().map(|account| account.key()), "ou": place_of(row),
            "frameworks": matrix.columns.iter().zip(&row.cells).map(cell).collect::<Vec<_>>()})
    });
    json!({
        "format_version": 1, "actions_as_of": matrix.actions_as_of, "access_role": access_role,
        "frameworks": frameworks.collect::<Vec<_>>(), "accounts": accounts.collect::<Vec<_>>(),
    })
}

fn exception(prefix: &str, opening: &Opening) -> Value {
    let actions: &[String] = if prefix == UNLISTED { &[] } else { &opening.actions };
    json!({"listed_by_aws": prefix != UNLISTED, "actions": actions, "of": if prefix == UNLISTED { 0 } else { opening.of },
        "conditional": opening.conditional})
}
