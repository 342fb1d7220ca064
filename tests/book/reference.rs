//! The pages of docs/reference/: made of clap's commands, of the types of org.toml, and of the cases of `tests/errors`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use clap::{Arg, Command, CommandFactory};
use overlord::cli::Cli;
use overlord::config::{self, Code};
use overlord::render::{Style, diagnostic};
use serde_json::{Map, Value};

use crate::support::project;

#[track_caller]
fn stands(page: &str, text: String) {
    let path = project("docs/reference").join(page);
    let expected = snapbox::Data::read_from(&path, Some(snapbox::data::DataFormat::Text)).raw();
    snapbox::Assert::new().action_env(snapbox::assert::DEFAULT_ACTION_ENV).eq(snapbox::Data::text(text).raw(), expected);
}

/// A cell of a table, on one line.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn values(arg: &Arg) -> String {
    let values = arg.get_possible_values().into_iter().filter(|value| !value.is_hide_set() && arg.get_action().takes_values());
    let value = |value: clap::builder::PossibleValue| match value.get_help() {
        Some(help) => format!("`{}`: {help}", value.get_name()),
        None => format!("`{}`", value.get_name()),
    };
    values.map(value).collect::<Vec<_>>().join("; ")
}

fn arguments<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    let mut rows = String::new();
    for arg in arguments.filter(|arg| !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str())) {
        let mut means = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let mut also = |text: String| means += &format!(". {text}");
        if arg.is_required_set() {
            also("Required".to_owned());
        }
        let (values, defaults) = (values(arg), arg.get_default_values());
        if !values.is_empty() {
            also(values);
        }
        if arg.get_action().takes_values() && !defaults.is_empty() {
            also(format!("Default: `{}`", defaults[0].to_str().unwrap()));
        }
        if let Some(variable) = arg.get_env() {
            also(format!("Also `{}`", variable.to_str().unwrap()));
        }
        writeln!(rows, "| `{}` | {} |", cell(&arg.to_string()), cell(&means)).unwrap();
    }
    if rows.is_empty() { rows } else { format!("| Argument | Means |\n| --- | --- |\n{rows}\n") }
}

fn command(command: &Command, above: &str, text: &mut String) {
    let name = format!("{above}{}", command.get_name());
    if !above.is_empty() {
        writeln!(text, "## {name}\n\n{}.\n", command.get_about().unwrap()).unwrap();
    }
    let usage = command.clone().render_usage().to_string();
    writeln!(text, "```text\n{}\n```\n", usage.trim_start_matches("Usage: ").replace("\n       ", "\n")).unwrap();
    text.push_str(&arguments(command.get_arguments().filter(|arg| !arg.is_global_set())));
    if let Some(exit) = command.get_after_help() {
        writeln!(text, "{exit}.\n").unwrap();
    }
    if above.is_empty() {
        text.push_str("Options of every command:\n\n");
        text.push_str(&arguments(command.get_arguments().filter(|arg| arg.is_global_set())));
    }
    command.get_subcommands().for_each(|below| self::command(below, &format!("{name} "), text));
}

fn overlord() -> Command {
    let mut overlord = Cli::command().disable_help_subcommand(true);
    overlord.build();
    overlord
}

#[test]
fn the_page_of_commands_is_what_clap_knows() {
    let mut text =
        "# Commands, in full\n\nMade of the program: what `overlord help COMMAND` prints too. What the commands do, and their JSON, \
                    is told in [Commands](../commands.md).\n\n"
            .to_owned();
    command(&overlord(), "", &mut text);
    stands("commands.md", text.trim_end().to_owned() + "\n");
}

/// The table of docs/commands.md says of each command what its help says.
#[test]
fn exit_statuses_of_the_table_are_those_of_the_help() {
    fn walk(command: &Command, name: &str, table: &str, wrong: &mut Vec<String>) {
        let (first, last) = name.rsplit_once(' ').unwrap_or((name, name));
        let stands = |row: &&str| {
            row.starts_with(&format!("| `{name}")) || row.starts_with(&format!("| `{first} ")) && row.contains(&format!("`{last}`"))
        };
        let told = command.get_after_help().map(|help| help.to_string().replace("Exit status: ", ""));
        match told {
            Some(told) if !table.lines().filter(stands).any(|row| row.ends_with(&format!(" | {told} |"))) => {
                wrong.push(format!("{name}: {told}"))
            }
            None if !command.has_subcommands() => wrong.push(format!("{name}: not told")),
            Some(_) | None => {}
        }
        command.get_subcommands().for_each(|below| walk(below, &format!("{name} {}", below.get_name()), table, wrong));
    }
    let table = fs::read_to_string(project("docs/commands.md")).unwrap();
    let mut wrong = Vec::new();
    overlord().get_subcommands().for_each(|command| walk(command, command.get_name(), &table, &mut wrong));
    assert_eq!(wrong, Vec::<String>::new());
}

/// The tables of org.toml, of the JSON Schema that the types make.
struct Tables<'s> {
    definitions: &'s Map<String, Value>,
    /// Of a table within a section: which keys of which tables have it.
    names: BTreeMap<&'s str, BTreeMap<String, BTreeSet<String>>>,
    /// The headings of the tables that are sections.
    sections: BTreeMap<&'s str, String>,
}

fn target(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/"))
}

/// What a table of tables has under each key.
fn entries(schema: &Value) -> Option<&Value> {
    let named = schema["patternProperties"].as_object().and_then(|patterns| patterns.values().next());
    named.or_else(|| Some(&schema["additionalProperties"]).filter(|schema| schema.is_object()))
}

/// As GitHub and MkDocs make one of a heading.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_ascii_alphanumeric() || ['-', '_', ' '].contains(c);
    heading.chars().filter(kept).collect::<String>().trim().to_lowercase().replace(' ', "-")
}

/// The heading of a section, and what it has.
fn section<'s>(key: &str, schema: &'s Value) -> (String, &'s Value) {
    match (schema["type"].as_str(), entries(schema)) {
        (Some("array"), _) => (format!("[[{key}]]"), &schema["items"]),
        (_, Some(entry)) => (format!("[{key}.<key>]"), entry),
        _ => (format!("[{key}]"), schema),
    }
}

impl<'s> Tables<'s> {
    fn of(schema: &'s Value) -> Self {
        let definitions = schema["$defs"].as_object().unwrap();
        let mut tables = Self { definitions, names: BTreeMap::new(), sections: BTreeMap::new() };
        for (key, schema) in schema["properties"].as_object().unwrap() {
            let (heading, table) = section(key, schema);
            if let Some(definition) = target(table) {
                tables.sections.insert(definition, heading);
            }
        }
        for (definition, table) in definitions {
            for (key, schema) in table["properties"].as_object().unwrap() {
                tables.name(definition, key, schema);
            }
        }
        tables
    }

    fn name(&mut self, owner: &str, key: &str, schema: &'s Value) {
        if let Some(definition) = target(schema) {
            self.names.entry(definition).or_default().entry(key.to_owned()).or_default().insert(owner.to_owned());
        }
        let each = schema["anyOf"].as_array().into_iter().flatten();
        each.for_each(|schema| self.name(owner, key, schema));
        if let Some(entry) = entries(schema) {
            self.name(owner, key, entry);
        }
    }

    /// The keys that have it.
    fn heading(&self, definition: &str) -> String {
        self.names[definition].keys().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
    }

    /// The tables that these keys are in.
    fn owners(&self, definition: &str) -> String {
        let owners: BTreeSet<&String> = self.names[definition].values().flatten().collect();
        let owner =
            |owner: &&String| self.sections.get(owner.as_str()).map_or_else(|| self.heading(owner), |heading| format!("`{heading}`"));
        owners.iter().map(owner).collect::<Vec<_>>().join(", ")
    }

    fn takes(&self, schema: &Value) -> String {
        if let Some(definition) = target(schema) {
            return format!("[table](#{})", anchor(&self.heading(definition)));
        }
        if let Some(either) = schema["anyOf"].as_array() {
            return either.iter().map(|schema| self.takes(schema)).collect::<Vec<_>>().join(", or ");
        }
        if let Some(values) = schema["enum"].as_array() {
            return values.iter().map(|value| format!("`{}`", value.as_str().unwrap())).collect::<Vec<_>>().join(", ");
        }
        match schema["type"].as_str().unwrap() {
            "string" if schema["format"] == "date" => "date".to_owned(),
            "string" => "text".to_owned(),
            "integer" | "number" => "number".to_owned(),
            "boolean" => "true or false".to_owned(),
            "array" => format!("list of {}", self.takes(&schema["items"])),
            "object" => format!("table of {}", self.takes(entries(schema).unwrap())),
            other => panic!("{other}"),
        }
    }

    fn table(&self, heading: &str, table: &Value) -> String {
        let mut text =
            format!("{heading}\n\n{}\n\n| Key | Takes | Meaning |\n| --- | --- | --- |\n", table["description"].as_str().unwrap());
        for (key, schema) in table["properties"].as_object().unwrap() {
            let meaning = schema["description"].as_str().unwrap_or_else(|| panic!("{heading} does not say what `{key}` is"));
            writeln!(text, "| `{key}` | {} | {} |", cell(&self.takes(schema)), cell(meaning)).unwrap();
        }
        text + "\n"
    }
}

#[test]
fn the_page_of_org_toml_is_what_its_types_say() {
    let schema = config::schema();
    let tables = Tables::of(&schema);
    let mut text =
        "# org.toml, every key\n\nMade of the types that org.toml is read into; `overlord schema` prints the same for editors. What the \
                    keys do together is told in [the language of org.toml](../org-toml.md).\n\n"
            .to_owned();
    for (key, schema) in schema["properties"].as_object().unwrap() {
        let (heading, table) = section(key, schema);
        let table = target(table).map_or(table, |definition| &tables.definitions[definition]);
        text += &tables.table(&format!("## `{heading}`"), table);
    }
    text += "## Tables within sections\n\n";
    for (definition, table) in tables.definitions.iter().filter(|(definition, _)| !tables.sections.contains_key(definition.as_str())) {
        let heading = format!("### {}\n\nIn {}.", tables.heading(definition), tables.owners(definition));
        text += &tables.table(&heading, table);
    }
    let headings: Vec<String> = text.lines().filter(|line| line.starts_with('#')).map(anchor).collect();
    assert_eq!(headings.iter().collect::<BTreeSet<_>>().len(), headings.len(), "two headings have one anchor: {headings:?}");
    stands("org-toml.md", text.trim_end().to_owned() + "\n");
}

/// The only diagnostic that no case of `tests/errors` has: such a file is too large for the project.
fn huge() -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::File::create(folder.path().join("org.toml")).unwrap().set_len((16 << 20) + 1).unwrap();
    let diagnostics = config::load(&folder.path().join("org.toml")).unwrap_err();
    diagnostic::render(&diagnostics, Style::default()).replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn the_page_of_errors_shows_each_as_it_is_printed() {
    let mut cases: Vec<_> =
        fs::read_dir(project("tests/errors")).unwrap().map(|entry| entry.unwrap().path().join("expected.txt")).collect();
    cases.sort();
    let printed = cases.iter().map(|path| fs::read_to_string(path).unwrap()).chain([huge()]);
    let printed: Vec<String> = printed.flat_map(|text| text.split("\n\n").map(str::to_owned).collect::<Vec<_>>()).collect();
    let mut names: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    names.sort_unstable();
    let mut text = "# Mistakes of org.toml\n\nEach mistake that `overlord validate` can tell, by the name that stands in brackets behind `error` or \
                    `warning`, with an example of how it is told. What went wrong with AWS is told in [Troubleshooting](../troubleshooting.md).\n\n"
        .to_owned();
    for name in names {
        let told = printed.iter().filter(|text| text.trim_start().lines().next().is_some_and(|line| line.contains(&format!("[{name}]: "))));
        let example = told.min_by_key(|text| text.len()).unwrap_or_else(|| panic!("no case of tests/errors shows `{name}`"));
        writeln!(text, "## {name}\n\n```text\n{}\n```\n", example.trim()).unwrap();
    }
    stands("errors.md", text.trim_end().to_owned() + "\n");
}
