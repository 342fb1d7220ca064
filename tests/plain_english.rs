//! Phrases that docs and sources write otherwise. docs/architecture.md, "Words", has the terms.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};

/// A phrase in lower case, and what to write instead.
const PHRASES: &[(&str, &str)] = &[
    ("what of the ", "a noun, such as `dependency graph`"),
    ("waits for what", "depends on"),
    ("nobody manages", "unmanaged"),
    ("whoever", "who does what, by name"),
    ("cannot be told", "unknown"),
    ("lets pass", "allows"),
    ("let pass", "allow"),
    ("goes round", "cycle"),
    ("a third one", "another"),
    ("is no block of", "invalid CIDR block"),
    ("is no account id", "invalid account id"),
    ("no longer asked for", "removed from org.toml"),
    ("as ever", "a rule"),
    ("guard rail", "guardrail"),
    ("taken as consent", "confirm"),
    ("make it so", "apply the changes"),
    ("a rerun heals", "run the same command again"),
];

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        if path.is_dir() {
            fs::read_dir(path).unwrap().for_each(|entry| walk(&entry.unwrap().path(), found));
        } else {
            found.push(path.to_owned());
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    found.retain(|path| path.extension().is_some_and(|e| e == extension));
    assert!(!found.is_empty(), "nothing to read in {folder}");
    found.sort();
    found
}

/// The text in lower case with comment marks and line breaks as single spaces, so that a phrase is found across lines.
fn flowing(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_start().trim_start_matches(['/', '!', '#', '*', '>']).trim());
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ").to_lowercase()
}

#[test]
fn docs_and_sources_avoid_the_listed_phrases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = files("src", "rs");
    paths.extend(files("docs", "md"));
    paths.extend([root.join("README.md"), root.join("org.toml")]);
    let mut found = Vec::new();
    for path in paths {
        let text = flowing(&fs::read_to_string(&path).unwrap());
        for (phrase, instead) in PHRASES {
            for (at, _) in text.match_indices(phrase) {
                let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                if is_word(text[..at].chars().next_back()) || is_word(text[at + phrase.len()..].chars().next()) && !phrase.ends_with(' ') {
                    continue;
                }
                let around: String = text[at..].chars().take(phrase.len() + 40).collect();
                found.push(format!("{}: `{around}`: write {instead}", path.strip_prefix(root).unwrap().display()));
            }
        }
    }
    assert!(found.is_empty(), "{} phrases:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_phrase_is_found_across_lines() {
    assert_eq!(flowing("/// What Lets\n    /// pass\n//! now"), "what lets pass now");
}
