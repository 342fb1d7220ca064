//! Existing resources by their names in org.toml: a table of the accounts, and the ids of all managed resources for other tools.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};
use tabled::builder::Builder;
use tabled::settings::{Padding, Style as TableStyle};

use super::comment::{Cell, Comment};
use super::words::plain;
use crate::address::{Address, Reference};
use crate::config::Loaded;
use crate::escape::csv;
use crate::resource::Kind;
use crate::resource::organizations::{Account, Organization};
use crate::resource::{Attributes, Live, LiveResource};

/// An account of the organization or of org.toml.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountRow {
    /// Its key in org.toml; `None` if org.toml does not have it.
    pub key: Option<String>,
    /// Its 12-digit id; `None` if it does not exist yet.
    pub id: Option<String>,
    /// Its display name.
    pub name: Option<String>,
    /// Its primary e-mail.
    pub email: Option<String>,
    /// The key of its OU, `root`, or the id of an OU that org.toml does not have.
    pub ou: Option<String>,
    /// The team that it belongs to.
    pub team: Option<String>,
    /// The stage that it is for.
    pub stage: Option<String>,
    /// `managed`, `missing` (not created yet), `unmanaged`, or why overlord leaves it as it is.
    pub status: String,
}

const COLUMNS: [&str; 8] = ["key", "id", "name", "email", "ou", "team", "stage", "status"];

impl AccountRow {
    fn fields(&self) -> [&str; 8] {
        let Self { key, id, name, email, ou, team, stage, status } = self;
        let [key, id, name, email, ou, team, stage] =
            [key, id, name, email, ou, team, stage].map(|field| field.as_deref().unwrap_or_default());
        [key, id, name, email, ou, team, stage, status]
    }
}

/// The accounts: those of org.toml in the order of their keys, then the unmanaged ones in the order of their ids.
pub fn accounts(loaded: &Loaded, live: &Live) -> Vec<AccountRow> {
    let is_account = |address: &&Address| Account::has(address);
    let declared = loaded.desired.resources.iter().filter(|(address, _)| is_account(address));
    let mut rows: Vec<AccountRow> = declared.map(|(address, wanted)| declared_row(loaded, live, address, wanted)).collect();
    let unmanaged = live.resources.iter().filter(|(address, _)| !loaded.desired.resources.contains_key(*address)).chain(&live.beside);
    let mut others: Vec<AccountRow> =
        unmanaged.filter(|(address, _)| is_account(address)).map(|(_, found)| row(&found.attributes, Some(found))).collect();
    others.sort_by(|a, b| a.id.cmp(&b.id));
    rows.extend(others);
    rows
}

fn declared_row(loaded: &Loaded, live: &Live, address: &Address, wanted: &Attributes) -> AccountRow {
    let found = live.resources.get(address);
    let team = loaded.teams.get(address);
    let wanted = row(wanted, found);
    let real = found.map_or_else(|| wanted.clone(), |found| row(&found.attributes, Some(found)));
    let managed = if found.is_some() { "managed" } else { "missing" };
    AccountRow {
        key: Some(address.key().to_owned()),
        id: real.id.or_else(|| loaded.desired.pinned.get(address).cloned()),
        name: real.name.or(wanted.name),
        email: real.email.or(wanted.email),
        ou: real.ou.or(wanted.ou),
        team: team.map(|team| team.team.clone()),
        stage: team.map(|team| team.stage.clone()),
        status: found.and_then(|found| found.frozen.clone()).unwrap_or_else(|| managed.to_owned()),
    }
}

fn row(attributes: &Attributes, found: Option<&LiveResource>) -> AccountRow {
    let text = |name: &str| attributes.get(name).and_then(|value| value.as_str().map(str::to_owned));
    let ou = attributes.reference("parent").map(|parent| match parent {
        Reference::Address(address) if Organization::has(&address) => "root".to_owned(),
        Reference::Address(address) => address.key().to_owned(),
        Reference::Id(id) => id,
    });
    AccountRow {
        key: None,
        id: found.and_then(|found| found.id.clone()),
        name: text("name"),
        email: text("email"),
        ou,
        team: None,
        stage: None,
        status: found.and_then(|found| found.frozen.clone()).unwrap_or_else(|| "unmanaged".to_owned()),
    }
}

/// A table for people.
pub fn accounts_text(rows: &[AccountRow]) -> String {
    let mut table = Builder::default();
    table.push_record(COLUMNS.map(str::to_uppercase));
    rows.iter().for_each(|row| table.push_record(row.fields().map(plain)));
    let mut table = table.build();
    table.with(TableStyle::empty()).with(Padding::new(0, 2, 0, 0));
    let lines = table.to_string();
    lines.lines().fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "{}", line.trim_end());
        out
    })
}

/// A table for a comment.
pub fn accounts_markdown(rows: &[AccountRow]) -> Comment {
    let mut out = Comment::titled("overlord accounts");
    out.table(COLUMNS, rows.iter().map(|row| row.fields().map(Cell::from)));
    out
}

/// A line for each account, for a spreadsheet.
pub fn accounts_csv(rows: &[AccountRow]) -> String {
    let mut out = COLUMNS.join(",") + "\n";
    for row in rows {
        let _ = writeln!(out, "{}", row.fields().map(csv).join(","));
    }
    out
}

/// For programs.
pub fn accounts_json(rows: &[AccountRow]) -> Value {
    json!({ "format_version": 1, "accounts": rows })
}

/// The ids of everything managed that exists, by address.
pub fn ids(live: &Live, selects: impl Fn(&Address) -> bool) -> BTreeMap<&Address, &str> {
    let found = live.resources.iter().filter(|(address, _)| selects(address));
    found.filter_map(|(address, resource)| Some((address, resource.id.as_deref()?))).collect()
}

/// A line for each: `address = id`.
pub fn ids_text(ids: &BTreeMap<&Address, &str>) -> String {
    ids.iter().fold(String::new(), |mut out, (address, id)| {
        let _ = writeln!(out, "{} = {}", plain(&address.to_string()), plain(id));
        out
    })
}

/// A table for a comment.
pub fn ids_markdown(ids: &BTreeMap<&Address, &str>) -> Comment {
    let mut out = Comment::titled("overlord output");
    out.table(["address", "id"], ids.iter().map(|(address, id)| [Cell::from(address.to_string()), Cell::from(*id)]));
    out
}

/// For programs: ids by address.
pub fn ids_json(ids: &BTreeMap<&Address, &str>) -> Value {
    let ids: serde_json::Map<String, Value> = ids.iter().map(|(address, id)| (address.to_string(), (*id).into())).collect();
    json!({ "format_version": 1, "ids": ids })
}
