//! The folder rules of docs/architecture.md, held by reading the sources.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};

/// Every Rust file below a path of `src`, with the text in front of its unit tests and without comment lines.
fn sources(below: &str) -> Vec<(PathBuf, String)> {
    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        if path.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                walk(&entry.unwrap().path(), found);
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path.to_owned());
        }
    }
    let mut files = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(below), &mut files);
    assert!(!files.is_empty(), "nothing at src/{below}: the rule guards nothing");
    files.sort();
    let code = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        code.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    };
    files.into_iter().filter(|p| !p.to_string_lossy().ends_with("tests.rs")).map(|p| (p.clone(), code(&p))).collect()
}

fn relative(path: &Path) -> String {
    path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap().to_string_lossy().replace('\\', "/")
}

/// Invariant 4.
#[test]
fn the_core_is_pure() {
    for below in [
        "config",
        "network",
        "diff.rs",
        "ci",
        "drift",
        "graph.rs",
        "import",
        "plan.rs",
        "policy",
        "apply/schedule.rs",
        "render",
        "report",
        "starter",
        "address.rs",
        "diagnostic.rs",
    ] {
        for (path, code) in sources(below) {
            for forbidden in ["async ", ".await", "aws_sdk", "aws_config", "aws_smithy", "aws_types", "tokio"] {
                assert!(!code.contains(forbidden), "{} is pure and may not say `{forbidden}`", relative(&path));
            }
        }
    }
}

/// Invariant 3: only the door and the polls wait; the sandbox has its weather.
#[test]
fn only_the_door_and_the_polls_sleep() {
    let mut sleepers = Vec::new();
    for (path, code) in sources("") {
        if ["::sleep(", " sleep(", "sleep_until(", "::interval(", " interval(", "time::timeout(", " timeout("]
            .iter()
            .any(|s| code.contains(s))
        {
            sleepers.push(relative(&path));
        }
    }
    sleepers.retain(|p| !p.starts_with("sandbox/"));
    assert_eq!(sleepers, ["aws/door.rs", "aws/poll.rs", "aws/turn.rs"]);
}

/// Invariant 1, seen from the sources: nobody but the door's folder makes an HTTP client or loads AWS configuration, and
/// nobody but the kinds, the sessions and the sandbox knows the SDK.
#[test]
fn the_sdk_stays_behind_its_door() {
    for (path, code) in sources("") {
        let path = relative(&path);
        let inside = path.starts_with("aws/") || path.starts_with("sandbox/");
        for forbidden in ["aws_smithy_http_client", "aws_config", "HttpConnector"] {
            assert!(inside || !code.contains(forbidden), "{path} says `{forbidden}`");
        }
        assert!(inside || path.starts_with("resource/") || !code.contains("aws_sdk"), "{path} knows the SDK");
    }
}

/// The sandbox knows nothing of the engine it is used to test: it is AWS, not overlord.
#[test]
fn the_sandbox_does_not_know_the_engine() {
    for (path, code) in sources("sandbox") {
        for module in ["config", "resource", "snapshot", "diff", "graph", "plan", "apply", "render", "cli"] {
            let forbidden = format!("crate::{module}");
            assert!(!code.contains(&forbidden), "{} says `{forbidden}`", relative(&path));
        }
    }
}

/// Invariant 11: what opens, reads or writes a file is in `src/files`, with its limits and its rules about what may be replaced.
#[test]
fn only_the_files_module_touches_the_disk() {
    for (path, code) in sources("") {
        let path = relative(&path);
        if path.starts_with("files/") {
            continue;
        }
        for forbidden in
            ["fs::read", "fs::write", "fs::rename", "fs::remove", "fs::create", "fs::copy", "File::open", "File::create", "OpenOptions"]
        {
            assert!(!code.contains(forbidden), "{path} says `{forbidden}`: use `crate::files`");
        }
    }
}

/// Arguments, exit status, nothing else.
#[test]
fn main_is_small() {
    for (_, code) in sources("main.rs") {
        assert!(code.lines().filter(|l| !l.trim().is_empty()).count() <= 10);
    }
}

/// What overlord counts, as many of them.
const COUNTED: [&str; 37] = [
    "changes",
    "accounts",
    "policies",
    "OUs",
    "VPCs",
    "subnets",
    "routes",
    "gateways",
    "addresses",
    "actions",
    "services",
    "findings",
    "errors",
    "warnings",
    "mistakes",
    "resources",
    "calls",
    "tests",
    "groups",
    "classes",
    "differences",
    "invitations",
    "zones",
    "tags",
    "documents",
    "endpoints",
    "files",
    "peerings",
    "operations",
    "requests",
    "keys",
    "networks",
    "Regions",
    "lines",
    "conditions",
    "characters",
    "days",
];

/// Lines of the sources that say a number and many of something, where the number is never 1, or none of ours.
const NEVER_ONE: [&str; 25] = [
    "{days} days old",                                  // more than 90
    "{many} new accounts look like",                    // the arm for more than one
    "if new == 1",                                      // both forms are there
    "it has {size} characters, and IAM takes",          // over a limit
    "{} characters without white space, and {most}",    // over a limit
    "an address of {} lines",                           // over a limit
    "has {size} characters without white space, and",   // over a limit
    "makes {size} characters, and only a list",         // over a limit
    "they are {documents} documents of at most",        // it was cut
    "Merged by overlord of {} policies",                // a merger is of several
    "AWS refuses this description of {} characters",    // over a limit
    "it is 1 to {most} characters long",                // a limit
    "at most {} characters",                            // a limit
    "{size} of {limit} characters are used",            // a limit
    "must have 1 to {most} characters",                 // a limit
    "must have 1 to {LONGEST} characters",              // a limit
    "at most {LARGEST_REQUEST} bytes",                  // a limit
    "of {} networks (an account in a Region)",          // a part of them
    "{does} requests without",                          // no number
    "{} policies of {}",                                // a type
    "AWS has {} policies in use",                       // a type
    "Of AWS's {} actions of {}",                        // thousands
    "{} of {room} zones in use",                        // a part of them
    "&format!(\"{} addresses\", usable(subnet.block))", // a subnet has 11 or more
    "{} live accounts {what}",                          // two or more
];

/// The word behind a number, past `more` and its like.
fn counted(behind: &str) -> Option<&str> {
    let behind = behind.strip_prefix(' ')?;
    let behind = ["more ", "other ", "live ", "open ", "new "].iter().find_map(|word| behind.strip_prefix(word)).unwrap_or(behind);
    let word = behind.split(|c: char| !c.is_ascii_alphabetic()).next()?;
    COUNTED.contains(&word).then_some(word)
}

/// Counts agree with their nouns: a fixed plural behind a number would say `1 accounts`.
#[test]
fn counts_are_told_by_the_helper() {
    let (mut wrong, all) = (Vec::new(), sources(""));
    for allowed in NEVER_ONE {
        assert!(all.iter().any(|(_, code)| code.contains(allowed)), "NEVER_ONE is stale: {allowed}");
    }
    for (path, code) in all {
        for line in code.lines().filter(|line| !NEVER_ONE.iter().any(|allowed| line.contains(allowed))) {
            if line.match_indices('}').any(|(at, _)| counted(&line[at + 1..]).is_some()) {
                wrong.push(format!("{}: {}", relative(&path), line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "use crate::plural::count, or add the line to NEVER_ONE with a reason:\n{}", wrong.join("\n"));
}

/// The same in everything that tests expect and pages show.
#[test]
fn no_expected_text_says_one_of_many() {
    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        if path.is_dir() {
            fs::read_dir(path).unwrap().for_each(|entry| walk(&entry.unwrap().path(), found));
        } else if path
            .extension()
            .is_some_and(|e| ["txt", "md", "json", "dot", "mermaid", "toml", "xml", "svg", "py"].iter().any(|k| e == *k))
        {
            found.push(path.to_owned());
        }
    }
    let (root, mut files) = (Path::new(env!("CARGO_MANIFEST_DIR")), Vec::new());
    ["tests", "docs", "README.md", "CHANGELOG.md"].iter().for_each(|name| walk(&root.join(name), &mut files));
    assert!(files.len() > 100, "the rule guards nothing");
    let mut wrong = Vec::new();
    for path in files {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for line in text.lines() {
            let alone = |at: usize| !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || ".,/-_".contains(c));
            if line.match_indices('1').any(|(at, _)| alone(at) && counted(&line[at + 1..]).is_some()) {
                wrong.push(format!("{}: {line}", path.strip_prefix(root).unwrap().display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Drawings are built of parts that escape what they are given.
#[test]
fn drawings_escape_by_type() {
    for (path, code) in ["render/graph", "render/network_svg"].iter().flat_map(|below| sources(below)) {
        for forbidden in ["escape::", "writeln!(", "write!(", "push_str("] {
            assert!(!code.contains(forbidden), "{} is to use Markup, not `{forbidden}`", relative(&path));
        }
    }
}
