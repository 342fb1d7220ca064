//! Commands in the middle of a sentence: they are not run, but there are such commands and options.

use clap::CommandFactory;
use overlord::cli::Cli;

use crate::book::pages::pages;

/// What is wrong with a command line, of which only the names of commands and options are read.
fn mistake(line: &str) -> Option<String> {
    let mut command = Cli::command();
    command.build();
    let mut below = true;
    for word in line.split_whitespace().skip(1) {
        if word == "#" {
            break;
        }
        let name = word.trim_start_matches('[').trim_end_matches(']');
        if let Some(option) = name.strip_prefix("--").filter(|option| !option.is_empty()) {
            let option = option.split(['=', '[']).next().unwrap();
            if !command.get_arguments().any(|arg| arg.get_long() == Some(option)) {
                return Some(format!("`{}` has no option `--{option}`", command.get_name()));
            }
        } else if let Some(found) = command.find_subcommand(name).filter(|_| below).cloned() {
            command = found;
        } else if below && command.has_subcommands() && command.is_subcommand_required_set() && name.chars().all(|c| c.is_ascii_lowercase())
        {
            return Some(format!("`{}` has no command `{name}`", command.get_name()));
        }
        below = command.has_subcommands();
    }
    None
}

#[test]
fn commands_within_sentences_are_there() {
    let mut read = 0;
    for page in pages() {
        let prose: String = page.text.split("```").step_by(2).collect();
        for code in prose.split('`').skip(1).step_by(2).filter(|code| code.starts_with("overlord ")) {
            read += 1;
            let line = code.replace("\\|", "|").replace('\n', " ");
            assert_eq!(mistake(&line), None, "{}: `{line}`", page.path);
        }
    }
    assert!(read > 30, "only {read} commands found: are they still written so?");
}

#[test]
fn what_is_not_there_is_found() {
    for line in ["overlord plna", "overlord plan --nonsense", "overlord policy explian --account x", "overlord sandbox serv"] {
        assert!(mistake(line).is_some(), "{line}");
    }
    for line in [
        "overlord --sandbox plan",
        "overlord doctor --policy plan|apply",
        "overlord --sandbox=x.json sandbox show",
        "overlord init ci --for github",
    ] {
        assert_eq!(mistake(line), None, "{line}");
    }
}
