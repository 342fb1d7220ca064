//! The report as one self-contained page: it loads nothing from the network and no other file. The JSON form has the same content.
//!
//! OUs, policies, classes of restrictions and networks are few: they are rendered here. There may be thousands of accounts: the page has them
//! as data, and its script draws those that somebody opens. All text from AWS and from org.toml is escaped by `parts::safe` or `data`. As a
//! second barrier, the page's content security policy allows only its own script and style sheet.

mod compliance;
mod costs;
mod data;
mod drift;
mod networks;
mod parts;
mod policies;
mod quotas;
mod restrictions;
mod summary;
mod tree;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::network_svg::canvas;
use crate::files::Kind;
use crate::report::Report;

pub use summary::{markdown, text};

use parts::safe;

/// The first bytes of the pages that this version and earlier ones write. They distinguish a report from a user's own file.
const BEGINNING: &str = "<!doctype html>\n<!-- overlord report -->";

/// What `report` writes.
pub const REPORT: Kind = Kind { name: "a report of overlord", is_one: |text| text.starts_with(BEGINNING) };

const SHEET: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page.
pub fn html(report: &Report<'_>) -> String {
    // Drawings bring looks with names of their own.
    let sheet = format!("{SHEET}\n.drawing {{{}}}\n", canvas::STYLE);
    let title = format!("Organization {}", safe(&report.management_account));
    let sections = [
        tree::section(report),
        restrictions::section(report),
        policies::section(report),
        compliance::section(report),
        networks::section(report),
        drift::section(report),
        costs::section(report),
        quotas::section(report),
    ];
    format!(
        "{BEGINNING}\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"generator\" content=\"overlord {}\">\n<link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n\
         <style>{sheet}</style>\n</head>\n<body>\n{}\n<main>\n{}</main>\n{}\n\
         <svg class=\"drawing definitions\" aria-hidden=\"true\">{}</svg>\n\
         <script type=\"application/json\" id=\"data\">{}</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        policy(&sheet),
        report.overlord,
        head(report, &title),
        sections.concat(),
        foot(report),
        canvas::definitions(),
        data::embedded(report),
    )
}

/// For programs. docs/report.md describes the shape.
pub fn json(report: &Report<'_>) -> Value {
    let mut value = serde_json::to_value(report).unwrap_or_default();
    if let Some(map) = value.as_object_mut() {
        map.insert("drift".to_owned(), super::drift::json(&report.drift, report.places));
    }
    value
}

/// Loads nothing from the network, and allows only this style sheet and this script.
fn policy(sheet: &str) -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        hash(sheet),
        hash(SCRIPT)
    )
}

fn head(report: &Report<'_>, title: &str) -> String {
    let links = [
        ("organization", "Organization"),
        ("restrictions", "Restrictions"),
        ("policies", "Policies"),
        ("compliance", "Compliance"),
        ("networks", "Networks"),
        ("drift", "Drift"),
        ("costs", "Costs"),
        ("quotas", "Quotas"),
    ];
    let links: String = links.into_iter().map(|(id, name)| format!("<a href=\"#{id}\">{name}</a>")).collect();
    format!(
        "<div class=\"bar\"><div>\n<input id=\"search\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" \
         aria-label=\"Search accounts\" placeholder=\"Search accounts: name, id, OU, team\">\n<nav>{links}</nav>\n</div></div>\n\
         <header class=\"head\">\n<h1>{title}</h1>\n<p class=\"dim\">AWS as read on {}, compared with org.toml, by overlord {}</p>\n\
         <noscript><p class=\"note\">The accounts, the search and the links into the tree need JavaScript, which this page brings itself.</p></noscript>\n\
         <div class=\"tiles\">\n{}</div>\n</header>",
        safe(&report.read_at),
        report.overlord,
        summary::tiles(report)
    )
}

fn foot(report: &Report<'_>) -> String {
    format!(
        "<footer>\n<p>Made by overlord {} from AWS data of {}. Guardrails only deny: they grant no permissions. \
         A list of callable services does not prove compliance. Costs are list prices of networks, without data transfer.</p>\n</footer>",
        report.overlord,
        safe(&report.read_at)
    )
}
