//! A kind is named by a string in its own file alone. All other files use its type: `Vpc::address(key)`, `Vpc::has(&address)`,
//! `Vpc::SPEC.kind`. So a new name, or a kind that is removed, is a compile error wherever it matters.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;

use overlord::resource::KINDS;

use crate::shape::{relative, sources};

/// A file or folder of src/, the names that may be in it (none: all), and why.
type Exception = (&'static str, &'static [&'static str], &'static str);

/// Words that only look like kinds, and lower layers.
const OTHER_WORDS: [Exception; 6] = [
    ("config/check/", &["transit_gateway"], "the section of org.toml is spelled like the kind"),
    ("resource/network/describe.rs", &["nat_gateway", "vpc_endpoint"], "AWS's types of network interfaces"),
    ("aws/recording/members.rs", &[], "members of requests and answers of AWS, for scrubbing"),
    ("network/addresses.rs", &[], "a lower layer than the kinds; a test there compares the names"),
    ("diff/replacement.rs", &["policy_type"], "the attribute of a policy that is spelled like the kind"),
    ("plan/worlds.rs", &[], "organizations for tests alone"),
];

/// A string literal: where it begins, where it ends, and its text.
type Literal<'c> = (usize, usize, &'c str);

/// The plain string literals of a source. Raw strings, characters and comments are passed over.
fn literals(code: &str) -> Vec<Literal<'_>> {
    let bytes = code.as_bytes();
    let is_word = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &code[at..];
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("r\"") && !is_word(at.wrapping_sub(1)) {
            at += 2 + rest[2..].find('"').map_or(rest.len() - 2, |end| end + 1);
        } else if rest.starts_with("r#\"") && !is_word(at.wrapping_sub(1)) {
            at += 3 + rest[3..].find("\"#").map_or(rest.len() - 3, |end| end + 2);
        } else if rest.starts_with("'\\") {
            at += 3 + rest[3..].find('\'').map_or(0, |end| end + 1);
        } else if rest.starts_with("'\"'") {
            at += 3;
        } else if rest.starts_with('"') {
            let mut end = at + 1;
            while end < bytes.len() && bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            found.push((at, end + 1, &code[at + 1..end.min(bytes.len())]));
            at = end + 1;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    found
}

/// The patterns of every `match` on a kind. Relies on rustfmt: an arm is indented by 4 more than its `match`.
fn patterns_of_kinds(code: &str) -> Vec<(usize, usize)> {
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let mut found = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut start = 0;
    for line in code.split_inclusive('\n') {
        if !line.trim().is_empty() {
            open.retain(|of_match| indentation(line) > *of_match);
            if open.iter().any(|of_match| indentation(line) == of_match + 4) {
                found.push((start, start + line.find("=>").unwrap_or(line.len())));
            }
            let on = line.split_once("match ").map(|(_, on)| on.trim_end());
            if on.is_some_and(|on| {
                on.ends_with('{') && (on.contains(".kind") || on.split(|c: char| !c.is_alphanumeric()).any(|word| word == "kind"))
            }) {
                open.push(indentation(line));
            }
        }
        start += line.len();
    }
    found
}

/// The call that a text is an argument of, without its opening bracket, and the arguments before.
fn call(before: &str) -> Option<(&str, &str)> {
    let (call, arguments) = before.rsplit_once('(')?;
    (!arguments.contains([')', '{', '}', ';'])).then_some((call, arguments))
}

/// Whether a text names an attribute of a kind, or a key of org.toml.
fn is_attribute_or_key(before: &str) -> bool {
    const OF_ATTRIBUTES: [&str; 12] = [
        "AttributeSpec::new",
        "EventSpec::added",
        "EventSpec::changed",
        "EventSpec::removed",
        "EventSpec::unexplained",
        "NamedBy::Attributes",
        "unique_name_in: Some",
        "reference",
        "references",
        ".get",
        ".changes",
        "Attribute",
    ];
    const OF_KEYS: [&str; 4] = ["is_broken", "any_broken_in", "any_broken_below", "put_text"];
    let of_call = |(call, _): (&str, &str)| OF_ATTRIBUTES.iter().chain(&OF_KEYS).any(|name| call.ends_with(name));
    call(before).is_some_and(of_call) || ["schema_with =", "rename ="].iter().any(|key| before.ends_with(key))
}

/// Whether an expression is a kind: `address.kind()`, `spec.kind`, `kind`.
fn is_kind(expression: &str) -> bool {
    expression.trim().trim_end_matches(['(', ')']).rsplit(|c: char| !c.is_alphanumeric() && c != '_').next() == Some("kind")
}

/// Whether a literal is an element of a list in which all others are names of kinds too.
fn is_in_list_of_kinds(before: &str, after: &str, kinds: &BTreeSet<&str>) -> bool {
    let (Some(open), Some(close)) = (before.rfind('['), after.find(']')) else { return false };
    let others = before[open + 1..].split(',').chain(after[..close].split(',')).map(str::trim).filter(|other| !other.is_empty());
    let others: Vec<&str> = others.collect();
    !others.is_empty() && others.iter().all(|other| kinds.contains(other.trim_matches('"')))
}

/// The names of kinds in a source, each with its line and how it is written.
fn names<'c>(code: &'c str, kinds: &BTreeSet<&str>) -> Vec<(usize, &'c str, &'static str)> {
    let patterns = patterns_of_kinds(code);
    let mut found = Vec::new();
    for (start, end, text) in literals(code) {
        let name = text.split('.').next().unwrap_or_default();
        if !kinds.contains(name) || text.ends_with(".amazonaws.com") {
            continue;
        }
        let (before, after) = (code[..start].trim_end(), code[end..].trim_start());
        let form = if text != name {
            Some("an address")
        } else if name.contains('_') {
            (!is_attribute_or_key(before)).then_some("a name")
        } else {
            form_of_word(before, after, kinds)
                .or_else(|| patterns.iter().any(|(from, to)| (*from..*to).contains(&start)).then_some("a pattern"))
        };
        found.extend(form.map(|form| (code[..start].matches('\n').count() + 1, name, form)));
    }
    found
}

/// How a word such as `account` names a kind, if it does: the same words are nouns, options, keys of JSON and services of AWS.
fn form_of_word(before: &str, after: &str, kinds: &BTreeSet<&str>) -> Option<&'static str> {
    let is_argument = |(call, arguments): (&str, &str)| {
        let first = arguments.trim().is_empty();
        (first && ["Address::new", "beside", ".within", "kind", "Kind"].iter().any(|name| call.ends_with(name)))
            || (call.ends_with("matches!") && arguments.contains("kind()"))
    };
    let is_within = before.rfind("Address::within(").is_some_and(|at| !before[at..].contains([';', '{', '}', '"']));
    let compared = |operator: &str| {
        before.strip_suffix(operator).is_some_and(is_kind)
            || after
                .strip_prefix(operator)
                .is_some_and(|other| is_kind(other.split([' ', ',', ';', '\n']).find(|word| !word.is_empty()).unwrap_or_default()))
    };
    let line = before.rsplit('\n').next().unwrap_or_default();
    if call(before).is_some_and(is_argument)
        || is_within
        || before.rsplit_once("matches!(").is_some_and(|(_, of)| of.contains("kind(),") && !of.contains([';', '{', '}']))
    {
        Some("an argument")
    } else if compared("==") || compared("!=") {
        Some("a comparison")
    } else if before.ends_with("kind:") {
        Some("a field")
    } else if line.contains("const ") && before.ends_with("str =") {
        Some("a constant")
    } else if is_in_list_of_kinds(before, after, kinds) && !is_attribute_or_key(before) {
        Some("a list")
    } else {
        None
    }
}

#[test]
fn names_of_kinds_are_found_and_other_words_are_not() {
    let kinds = BTreeSet::from(["account", "ou", "vpc", "route_table"]);
    let found = |code: &str| names(code, &kinds).into_iter().map(|(line, name, form)| format!("{line} {name} {form}")).collect::<Vec<_>>();
    let named = [
        (r#"Address::new("account", key)"#, "1 account an argument"),
        ("Address::within(\n    scope(x), \"vpc\",", "2 vpc an argument"),
        (r#"self.beside("vpc", "x")"#, "1 vpc an argument"),
        (r#"resource::kind("ou")"#, "1 ou an argument"),
        (r#"if address.kind() == "account" {"#, "1 account a comparison"),
        (r#"if "account" != address.kind() {"#, "1 account a comparison"),
        (r#"matches!(address.kind(), "ou")"#, "1 ou an argument"),
        ("match address.kind() {\n    \"ou\" => 1,", "2 ou a pattern"),
        ("match (scope, address.kind()) {\n    (None, \"ou\") => 1,", "2 ou a pattern"),
        (r#"Candidate { kind: "ou" }"#, "1 ou a field"),
        (r#"const OU: &str = "ou";"#, "1 ou a constant"),
        (r#"format!("account.{key}")"#, "1 account an address"),
        (r#"let x = "route_table";"#, "1 route_table a name"),
    ];
    for (code, name) in named {
        assert_eq!(found(code), [name], "{code}");
    }
    assert_eq!(found(r#"let both = ["ou", "account"];"#), ["1 ou a list", "1 account a list"]);
    let others = [
        r#"count(number, "account")"#,
        r#"json!({ "account": id })"#,
        r#"#[arg(long = "account")]"#,
        r#"AttributeSpec::new("vpc", OnChange::Update), AttributeSpec::new("route_table", OnChange::Update)"#,
        r#"attributes.reference("route_table")"#,
        r#"report.is_broken(&["account", "ou"])"#,
        r#"report.is_broken(&["account", "route_table"])"#,
        r#"for (name, there) in [("account", true)]"#,
        r#""account.amazonaws.com""#,
        r##"'"' r#"Address::new("account", key)"# "and an ou" // Address::new("account", key)"##,
        "match section {\n    \"ou\" => 1,",
        "match address.kind() {\n    x => y(\n        \"account\",\n    ),",
    ];
    for code in others {
        assert_eq!(found(code), Vec::<String>::new(), "{code}");
    }
}

/// The sandbox is a second opinion: it names AWS's things itself.
#[test]
fn no_kind_is_named_by_a_string_outside_its_file() {
    let kinds: BTreeSet<&str> = KINDS.iter().map(|kind| kind.spec().kind).collect();
    let exceptions: Vec<&Exception> = OTHER_WORDS.iter().collect();
    let (mut offences, mut used, mut own) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for (path, code) in sources("") {
        let path = relative(&path);
        if path.starts_with("sandbox/") {
            continue;
        }
        for (line, name, form) in names(&code, &kinds) {
            let has_kind = ["impl Kind for", "impl Setting for"].iter().any(|start| code.contains(start));
            if has_kind && code.contains(&format!("kind: \"{name}\",")) {
                own.insert(name.to_owned());
                continue;
            }
            let excepted =
                exceptions.iter().position(|(place, names, _)| path.starts_with(place) && (names.is_empty() || names.contains(&name)));
            match excepted {
                Some(exception) => drop(used.insert(exception)),
                None => offences.push(format!("src/{path}: `{name}` is {form} (line {line} without comments)")),
            }
        }
    }
    assert_eq!(own.len(), kinds.len(), "the scan does not see the kinds' own files any more");
    assert!(offences.is_empty(), "use the kind's type:\n{}", offences.join("\n"));
    let unused: Vec<&str> = exceptions.iter().enumerate().filter(|(at, _)| !used.contains(at)).map(|(_, (place, _, _))| *place).collect();
    assert!(unused.is_empty(), "exceptions that except nothing; remove them: {unused:?}");
}
