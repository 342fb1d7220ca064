//! `man`: a page for each command, of a form that readers of manual pages take. `.ci/run` also formats them with groff.

use std::collections::BTreeSet;
use std::fs;

use clap::CommandFactory;
use overlord::cli::Cli;

use crate::cli::case::*;

/// `overlord-policy-explain`, for each command.
fn names() -> BTreeSet<String> {
    fn walk(command: &clap::Command, above: &str, found: &mut BTreeSet<String>) {
        let name = format!("{above}{}", command.get_name());
        command.get_subcommands().for_each(|below| walk(below, &format!("{name}-"), found));
        found.insert(name);
    }
    let mut found = BTreeSet::new();
    walk(&Cli::command(), "", &mut found);
    found
}

fn pages() -> (Case, BTreeSet<String>) {
    let case = Case::small();
    let told = case.run(&["man", "--out", "man/man1"]).ends(0).out;
    let written = fs::read_dir(case.path("man/man1")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let written: BTreeSet<String> = written.map(|name| name.strip_suffix(".1").unwrap_or(&name).to_owned()).collect();
    assert_eq!(told.lines().count(), written.len());
    (case, written)
}

#[test]
fn each_command_has_its_page() {
    let (case, written) = pages();
    assert!(written.contains("overlord-policy-explain") && written.contains("overlord-init-ci"), "{written:?}");
    assert_eq!(written, names());
    let page = fs::read_to_string(case.path("man/man1/overlord-plan.1")).unwrap();
    for words in [
        "overlord\\-plan \\- Show the difference",
        "\\-\\-allow\\-lockout",
        ".SH \"EXIT STATUS\"",
        "0 no changes, 2 changes",
        "\\fBoverlord\\fR(1)",
    ] {
        assert!(page.contains(words), "{words}\n{page}");
    }
    // Over the pages of the version before; and without a folder, to be read at once.
    case.run(&["man", "--out", "man/man1"]).ends(0);
    assert_eq!(case.run(&["man"]).ends(0).out, fs::read_to_string(case.path("man/man1/overlord.1")).unwrap());
    case.run(&["man", "--out", "org.toml"]).ends(1).says(&["org.toml", "nothing was written"]);
    case.run(&["man", "--sandbox"]).ends(1).says(&["reads no AWS"]);
}

/// The title first; then only the sections of man-pages(7) in their order, none of them empty; only requests that man(7) knows; nothing
/// that roff would take for a request of its own, and no line that has lost its bold or italic end.
#[test]
fn pages_are_what_readers_of_manual_pages_take() {
    let (case, written) = pages();
    let order = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "OPTIONS OF EVERY COMMAND", "SUBCOMMANDS", "EXIT STATUS", "SEE ALSO"];
    for name in written {
        let page = fs::read_to_string(case.path("man/man1").join(format!("{name}.1"))).unwrap();
        let title = page.lines().find(|line| !line.starts_with(".ie") && !line.starts_with(".el")).unwrap();
        assert!(title.starts_with(&format!(".TH {name} 1")), "{name}: {title}");
        let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).map(|text| text.trim_matches('"')).collect();
        let places: Vec<usize> = sections.iter().map(|section| order.iter().position(|s| s == section).expect(section)).collect();
        assert!(places.is_sorted_by(|a, b| a < b) && places.starts_with(&[0, 1, 2]), "{name}: {sections:?}");
        let group = name != "overlord" && places.contains(&5) && name != "overlord-init";
        assert!(group || places.contains(&6), "{name} does not tell its exit status");
        let mut empty = false;
        for line in page.lines().filter(|line| !line.starts_with(".ie") && !line.starts_with(".el")) {
            let request = line.strip_prefix('.').map(|rest| rest.split(' ').next().unwrap());
            assert!(request.is_none_or(|r| ["TH", "SH", "TP", "PP", "RS", "RE", "IP", "br"].contains(&r)), "{name}: {line}");
            assert!(!(empty && request == Some("SH")), "{name}: nothing stands before {line}");
            empty = request == Some("SH");
            let fonts = line.matches("\\fB").count() + line.matches("\\fI").count();
            assert_eq!(fonts, line.matches("\\fR").count(), "{name}: {line}");
            assert!(!line.starts_with('\''), "{name}: {line}");
        }
    }
}
