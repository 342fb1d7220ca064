//! docs/troubleshooting.md says what the program says.

use std::fs;
use std::path::Path;

use overlord::aws::{Details, Error, Refusal};

use crate::support::project;

fn page() -> String {
    let text = fs::read_to_string(project("docs/troubleshooting.md")).unwrap();
    text.replace("\\|", "|").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All sources; texts that go over several lines as one.
fn sources(folder: &Path, found: &mut String) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(path).unwrap();
            found.extend(text.split("\\\n").enumerate().map(|(n, part)| if n == 0 { part } else { part.trim_start() }));
        }
    }
}

#[test]
fn hints_stand_on_the_page() {
    let refused = |code: &str| {
        let (operation, code) = ("organizations:CreateAccount".to_owned(), code.to_owned());
        let details = Some(Box::new(Details { status: if code == "ServiceException" { 500 } else { 400 }, reason: None }));
        Error::Refused(Refusal { operation, place: None, code, message: String::new(), details, request_id: None })
    };
    let unanswered = |operation: &str| Error::NoAnswer { operation: operation.to_owned(), place: None, message: String::new() };
    let page = page().to_lowercase();
    for error in [
        refused("VpcLimitExceeded"),
        refused("ExpiredToken"),
        refused("ServiceException"),
        unanswered("organizations:ListRoots"),
        unanswered("organizations:CreateAccount"),
        Error::Interrupted,
    ] {
        let hint = error.hint().unwrap();
        for part in hint.split(": ") {
            assert!(page.contains(&part.to_lowercase()), "{error}: {part}");
        }
    }
    let hint = refused("AccessDeniedException").hint().unwrap();
    assert!(page.contains(&hint.rsplit_once("; ").unwrap().1.to_lowercase()), "{hint}");
}

/// What the tables say that is said, or that AWS answers, is there to be said.
#[test]
fn what_is_quoted_is_in_the_sources() {
    let mut all = String::new();
    sources(&project("src"), &mut all);
    let text = fs::read_to_string(project("docs/troubleshooting.md")).unwrap();
    let cells = text.lines().filter(|line| line.starts_with("| ")).map(|line| line.split(" | ").next().unwrap());
    let quoted: Vec<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(quoted.len() > 20, "{quoted:?}");
    for quote in quoted {
        assert!(all.contains(quote.trim_matches('…')), "`{quote}` is said nowhere");
    }
}
