//! One bad configuration per diagnostic, under `tests/errors/<name>/`, with its expected rendering in `expected.txt`.
//! `SNAPSHOTS=overwrite cargo test --test hermetic errors::` writes the renderings anew.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use overlord::config::{Code, load};
use overlord::render::Style;
use overlord::render::diagnostic::render;

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|p| p.is_dir()).collect();
    cases.sort();
    cases
}

/// The rendering with paths relative to the case's folder, whose place differs between machines.
fn rendering(case: &Path) -> String {
    let diagnostics = match load(&case.join("org.toml")) {
        Ok(loaded) => loaded.warnings,
        Err(diagnostics) => diagnostics,
    };
    render(&diagnostics, Style::default()).replace(&format!("{}/", case.display()), "")
}

/// The one case that is no file of the project: 16 MiB and a byte, all holes.
fn huge() -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::File::create(folder.path().join("org.toml")).unwrap().set_len((16 << 20) + 1).unwrap();
    rendering(folder.path())
}

#[test]
fn every_case_is_rendered_as_expected() {
    for case in cases() {
        let expected = snapbox::Data::read_from(&case.join("expected.txt"), Some(snapbox::data::DataFormat::Text)).raw();
        snapbox::Assert::new().action_env(snapbox::assert::DEFAULT_ACTION_ENV).eq(snapbox::Data::text(rendering(&case)).raw(), expected);
    }
}

#[test]
fn every_diagnostic_has_a_case() {
    let all: String = cases().iter().map(|case| rendering(case)).chain([huge()]).collect();
    let missing: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).filter(|name| !all.contains(&format!("[{name}]"))).collect();
    assert!(missing.is_empty(), "no case under tests/errors for {missing:?}");
}

#[test]
fn every_diagnostic_says_where_and_what_to_do() {
    for case in cases() {
        let diagnostics = match load(&case.join("org.toml")) {
            Ok(loaded) => loaded.warnings,
            Err(diagnostics) => diagnostics,
        };
        assert!(!diagnostics.is_empty(), "{} is no bad configuration", case.display());
        for diagnostic in diagnostics {
            assert!(diagnostic.code.is_some(), "{diagnostic:?}");
            assert!(diagnostic.hint.is_some(), "no hint: {}: {}", case.display(), diagnostic.summary);
            let unread = ["unreadable", "not-utf8", "huge"].map(Some).contains(&diagnostic.code);
            assert!(diagnostic.span.is_some() || unread, "no place: {}: {}", case.display(), diagnostic.summary);
        }
    }
}

#[test]
fn a_huge_file_is_refused_unread() {
    assert_eq!(huge().trim_end(), "error[huge]: `org.toml` is larger than 16 MiB\n |\n = help: check that it is the file you mean");
}
