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
