//! The book builds, strictly: no link or anchor leads nowhere, and no page stands outside of the navigation.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::{copy, project, python, show};

/// Builds the book of a `docs` folder.
fn build(docs: &Path, site: &Path) -> Output {
    let mut command = Command::new(python());
    command.args(["-m", "mkdocs", "build", "--strict", "--config-file"]).arg(docs.join("book/mkdocs.yml"));
    command.arg("--site-dir").arg(site).env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap()
}

fn html(folder: &Path, found: &mut Vec<(String, String)>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            html(&path, found);
        } else if path.extension().is_some_and(|e| e == "html") {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn the_book_builds_and_all_of_it_is_read() {
    let site = tempfile::tempdir().unwrap();
    let output = build(&project("docs"), site.path());
    assert!(output.status.success(), "{}", show(&output));
    let mut pages = Vec::new();
    html(site.path(), &mut pages);
    assert!(pages.len() > 20, "{} pages", pages.len());
    for (path, text) in &pages {
        // What Markdown's dialects differ in: a list or a table that was taken for a paragraph.
        let paragraphs = text.split("<p>").skip(1).map(|rest| rest.split("</p>").next().unwrap());
        for line in paragraphs.flat_map(str::lines) {
            assert!(!["- ", "| ", "1. ", "```"].iter().any(|start| line.starts_with(start)), "{path}: {line}");
        }
    }
    let linked = fs::read_to_string(site.path().join("project/org.toml")).unwrap();
    assert_eq!(linked, fs::read_to_string(project("org.toml")).unwrap(), "what pages lead to outside of docs/ is in the book");
}

#[test]
fn a_broken_link_an_anchor_that_is_not_there_and_a_stray_page_fail() {
    let folder = tempfile::tempdir().unwrap();
    let breaks = |name: &str, edit: &dyn Fn(&Path), says: &str| {
        let root = folder.path().join(name);
        fs::create_dir(&root).unwrap();
        for file in ["org.toml", "README.md", "CHANGELOG.md"] {
            fs::copy(project(file), root.join(file)).unwrap();
        }
        copy(&project("policies"), &root.join("policies"));
        copy(&project("docs"), &root.join("docs"));
        edit(&root.join("docs"));
        let output = build(&root.join("docs"), &root.join("site"));
        let shown = show(&output);
        assert!(!output.status.success() && shown.contains(says), "{name}: {shown}");
    };
    let append = |docs: &Path, text: &str| {
        let page = docs.join("concepts.md");
        fs::write(&page, fs::read_to_string(&page).unwrap() + text).unwrap();
    };
    breaks("link", &|docs| append(docs, "\n[nowhere](nowhere.md)\n"), "nowhere.md");
    breaks("outside", &|docs| append(docs, "\n[nowhere](../nowhere.toml)\n"), "nowhere.toml");
    breaks("anchor", &|docs| append(docs, "\n[nowhere](commands.md#nowhere)\n"), "#nowhere");
    breaks("stray", &|docs| fs::write(docs.join("stray.md"), "# Stray\n").unwrap(), "stray.md");
}
