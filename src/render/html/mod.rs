//! The report as one self-contained page: it loads nothing from the network and no other file. The JSON form has the same content.
//!
//! OUs, policies, classes of restrictions and networks are few: they are rendered here. There may be thousands of accounts: the page has them
//! as data, and its script draws those that somebody opens. All text is escaped by the type of the page, `Markup`. As
//! a second barrier, the page's content security policy allows only its own script and style sheet.

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

use parts::Page;

/// The first bytes of the pages that this version and earlier ones write. They distinguish a report from a user's own file.
const BEGINNING: &str = "<!doctype html>\n<!-- overlord report -->";

/// What `report` writes.
pub const REPORT: Kind = Kind { name: "a report of overlord", is_one: |text| text.starts_with(BEGINNING) };

/// The style sheet. Drawings bring looks with names of their own.
const SHEET: [&str; 4] = [include_str!("page.css"), "\n.drawing {", canvas::STYLE, "}\n"];
const SCRIPT: &str = include_str!("page.js");

/// The page.
pub fn html(report: &Report<'_>) -> String {
    let title = format!("Organization {}", report.management_account);
    let mut page = Page::new();
    page.own(BEGINNING).own("\n<html lang=\"en\">\n").and(&metadata(report, &title));
    page.own("<body>\n").and(&head(report, &title)).own("\n<main>\n");
    for section in [
        tree::section(report),
        restrictions::section(report),
        policies::section(report),
        compliance::section(report),
        networks::section(report),
        drift::section(report),
        costs::section(report),
        quotas::section(report),
    ] {
        page.and(&section);
    }
    page.own("</main>\n").and(&foot(report));
    page.own("\n<svg class=\"drawing definitions\" aria-hidden=\"true\">").drawing(&canvas::definitions()).own("</svg>\n");
    page.data("data", &data::data(report)).own("\n<script>").own(SCRIPT).own("</script>\n</body>\n</html>\n");
    page.finish()
}

/// For programs. docs/report.md describes the shape.
pub fn json(report: &Report<'_>) -> Value {
    let mut value = serde_json::to_value(report).unwrap_or_default();
    if let Some(map) = value.as_object_mut() {
        map.insert("drift".to_owned(), super::drift::json(&report.drift, report.places));
    }
    value
}

/// What the browser reads about the page.
fn metadata(report: &Report<'_>, title: &str) -> Page {
    let mut out = Page::new();
    out.own("<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\"").attribute("content", policy());
    out.own(">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.own("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\"");
    out.attribute("content", format_args!("overlord {}", report.overlord)).own(">\n<link rel=\"icon\" href=\"data:,\">\n");
    out.own("<title>").text(title).own("</title>\n<style>");
    for part in SHEET {
        out.own(part);
    }
    out.own("</style>\n</head>\n");
    out
}

/// Loads nothing from the network, and allows only this style sheet and this script.
fn policy() -> String {
    let hash = |parts: &[&str]| {
        let whole = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part));
        format!("'sha256-{}'", STANDARD.encode(whole.finalize()))
    };
    format!(
        "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        hash(&SHEET),
        hash(&[SCRIPT])
    )
}

fn head(report: &Report<'_>, title: &str) -> Page {
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
    let mut out = Page::of_own(
        "<div class=\"bar\"><div>\n<input id=\"search\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" \
         aria-label=\"Search accounts\" placeholder=\"Search accounts: name, id, OU, team\">\n<nav>",
    );
    for (id, name) in links {
        out.own("<a href=\"#").own(id).own("\">").own(name).own("</a>");
    }
    out.own("</nav>\n</div></div>\n<header class=\"head\">\n<h1>").text(title).own("</h1>\n<p class=\"dim\">AWS as read on ");
    out.text(&report.read_at).own(", compared with org.toml, by overlord ").text(report.overlord).own("</p>\n");
    out.own(
        "<noscript><p class=\"note\">The accounts, the search and the links into the tree need JavaScript, which this page brings itself.</p></noscript>\n",
    );
    out.own("<div class=\"tiles\">\n").and(&summary::tiles(report)).own("</div>\n</header>");
    out
}

fn foot(report: &Report<'_>) -> Page {
    let mut out = Page::of_own("<footer>\n<p>Made by overlord ");
    out.text(report.overlord).own(" from AWS data of ").text(&report.read_at);
    out.own(
        ". Guardrails only deny: they grant no permissions. A list of callable services does not prove compliance. \
         Costs are list prices of networks, without data transfer.</p>\n</footer>",
    );
    out
}
