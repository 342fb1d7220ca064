//! The folder rules of docs/architecture.md, held by reading the sources.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};

/// Every Rust file of a module, or of all for "": `src/<module>.rs` and what is below `src/<module>/`, without comment lines and without what
/// is compiled for tests alone.
pub(crate) fn sources(module: &str) -> Vec<(PathBuf, String)> {
    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        if path.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                walk(&entry.unwrap().path(), found);
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path.to_owned());
        }
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&src.join(module), &mut files);
    let file = src.join(format!("{module}.rs"));
    if file.exists() {
        files.push(file);
    }
    assert!(!files.is_empty(), "nothing at src/{module}: the rule guards nothing");
    files.sort();
    let shipped = files.into_iter().filter(|path| !path.to_string_lossy().ends_with("tests.rs"));
    shipped.map(|path| (path.clone(), shipped_code(&fs::read_to_string(&path).unwrap()))).collect()
}

/// A source without comment lines, and without each item behind `#[cfg(test)]`. Relies on rustfmt: an item of several lines ends with a closing
/// bracket that is indented as its first line is.
fn shipped_code(text: &str) -> String {
    let mut code = Vec::new();
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            code.push(line);
            continue;
        }
        let indentation = line.len() - line.trim_start().len();
        let item = lines.by_ref().find(|line| !line.trim_start().starts_with("#[")).unwrap_or_default();
        if item.trim_end().ends_with(['{', '(', '[']) {
            let is_end = |line: &str| {
                line.len() > indentation && line[..indentation].trim().is_empty() && line[indentation..].starts_with(['}', ')', ']'])
            };
            while lines.next().is_some_and(|line| !is_end(line)) {}
        }
    }
    code.join("\n")
}

#[test]
fn items_for_tests_are_left_out_and_nothing_else() {
    let text = "use a;\n#[cfg(test)]\nmod tests;\n// note\nfn b() {\n    #[cfg(test)]\n    #[allow(x)]\n    if c {\n        d\n    }\n    e\n}\n\
                #[cfg(test)]\nmod more {\n    fn f() {\n    }\n}\nfn g() {}\n";
    assert_eq!(shipped_code(text), "use a;\nfn b() {\n    e\n}\nfn g() {}");
}

pub(crate) fn relative(path: &Path) -> String {
    path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap().to_string_lossy().replace('\\', "/")
}

/// The layers of `src/lib.rs`, the lowest first: the modules that it lists without an empty line in between.
fn layers() -> Vec<Vec<String>> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let modules = |layer: &str| {
        let names = layer.lines().filter_map(|line| line.strip_prefix("pub ").unwrap_or(line).strip_prefix("mod ")?.strip_suffix(';'));
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    text.split("\n\n").map(modules).filter(|layer| !layer.is_empty()).collect()
}

/// The modules of the crate that a text names: after `crate::`, and in `use crate::{…}`.
fn named_modules(code: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => found.push(word(rest)),
            Some(group) => {
                let mut depth = 1;
                let mut start = true;
                for (i, c) in group.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' if depth == 1 => start = true,
                        c if start && !c.is_whitespace() => {
                            found.push(word(&group[i..]));
                            start = false;
                        }
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
        }
    }
    found
}

#[test]
fn named_modules_are_found_in_paths_and_groups() {
    let code = "use crate::plan::{Change, Plan};\nuse crate::{diff, resource::{self, Live},\n    graph};\nlet x = crate::cost::of();";
    assert_eq!(named_modules(code), ["plan", "diff", "resource", "graph", "cost"]);
}

/// Modules depend downwards only, so there is no cycle of modules.
#[test]
fn a_module_uses_lower_layers_only() {
    let layers = layers();
    let layer_of = |module: &str| layers.iter().position(|layer| layer.iter().any(|name| name == module));
    let mut upward = Vec::new();
    let mut seen = 0;
    for (path, code) in sources("") {
        let path = relative(&path);
        let module = path.split(['/', '.']).next().unwrap();
        if matches!(module, "lib" | "main") {
            continue;
        }
        let layer = layer_of(module).unwrap_or_else(|| panic!("src/lib.rs does not list `{module}`"));
        for used in named_modules(&code) {
            if used == module {
                continue;
            }
            seen += 1;
            if layer_of(&used).is_some_and(|other| other >= layer) {
                upward.push(format!("src/{path} uses `{used}`"));
            }
        }
    }
    assert!(seen > 500, "the paths are not found any more: {seen}");
    assert!(upward.is_empty(), "modules that use their own or a higher layer (src/lib.rs):\n{}", upward.join("\n"));
}

/// The modules that neither await nor know AWS.
const PURE: [&str; 25] = [
    "address",
    "apply/consent",
    "apply/schedule",
    "change",
    "ci",
    "config",
    "cost",
    "diagnostic",
    "diff",
    "drift",
    "escape",
    "graph",
    "guardrails",
    "import",
    "limits",
    "network",
    "permissions",
    "plan",
    "policy",
    "prices",
    "render",
    "report",
    "resource/attributes",
    "resource/network/expand",
    "starter",
];

/// Invariant 4.
#[test]
fn the_core_is_pure() {
    for module in PURE {
        for (path, code) in sources(module) {
            for forbidden in ["async ", ".await", "aws_sdk", "aws_config", "aws_smithy", "aws_types", "tokio"] {
                assert!(!code.contains(forbidden), "{} is pure and may not say `{forbidden}`", relative(&path));
            }
        }
    }
}

/// Invariant 3: only the request gate and the polls wait; the sandbox has its weather.
#[test]
fn only_the_request_gate_and_the_polls_sleep() {
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
    assert_eq!(sleepers, ["aws/poll.rs", "aws/rate_limiter.rs", "aws/request_gate.rs"]);
}

/// Invariant 1, seen from the sources: nobody but the request gate's folder makes an HTTP client or loads AWS configuration, and
/// nobody but the kinds, the sessions and the sandbox knows the SDK.
#[test]
fn the_sdk_stays_behind_the_request_gate() {
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
const NEVER_ONE: [&str; 24] = [
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
    "must have 1 to {LONGEST} characters",              // a limit
    "at most {LARGEST_REQUEST} bytes",                  // a limit
    "of {} networks (an account in a Region)",          // a part of them
    "{does} requests without",                          // no number
    "{} policies of {}",                                // a type
    ".own(\" policies that org.toml does not",          // a type
    "says.text(number(restrictions.actions))",          // thousands
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
    let in_format = |line: &str| line.match_indices('}').any(|(at, _)| counted(&line[at + 1..]).is_some());
    let in_markup = |line: &str| line.match_indices("own(\"").any(|(at, own)| counted(&line[at + own.len()..]).is_some());
    for allowed in NEVER_ONE {
        assert!(all.iter().any(|(_, code)| code.contains(allowed)), "NEVER_ONE is stale: {allowed}");
    }
    for (path, code) in all {
        for line in code.lines().filter(|line| !NEVER_ONE.iter().any(|allowed| line.contains(allowed))) {
            if in_format(line) || in_markup(line) {
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
        for forbidden in ["escape::", "writeln!(", "write!(", "push_str(", "leak("] {
            assert!(!code.contains(forbidden), "{} is to use Markup, not `{forbidden}`", relative(&path));
        }
    }
}

/// The string literals that follow a text, such as the name of a macro. Without raw strings.
fn literals_after<'c>(code: &'c str, before: &str) -> Vec<&'c str> {
    let behind = code.match_indices(before).filter_map(|(at, _)| code[at + before.len()..].trim_start().strip_prefix('"'));
    let mut literals = Vec::new();
    for text in behind {
        let mut escaped = false;
        let end = text.find(|c| {
            let is_end = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            is_end
        });
        literals.push(&text[..end.unwrap_or(text.len())]);
    }
    literals
}

#[test]
fn literals_end_at_their_closing_quote() {
    assert_eq!(literals_after(r#"format!("a\"b{}", "c") + format!(x) + format!( "\\")"#, "format!("), [r#"a\"b{}"#, r"\\"]);
}

/// The report page is built of parts that escape what they are given. Only the whole page becomes a string, and nothing is added to that.
#[test]
fn report_page_escapes_by_type() {
    let pages = sources("render/html");
    for (path, code) in &pages {
        for forbidden in ["escape::", "writeln!(", "write!(", "push_str(", "leak(", " r\"", "(r\"", "r#\""] {
            assert!(!code.contains(forbidden), "{} is to use Markup, not `{forbidden}`", relative(path));
        }
        for of in ["format!(", "format_args!("] {
            let tags: Vec<&str> = literals_after(code, of).into_iter().filter(|text| text.contains(['<', '>'])).collect();
            assert!(tags.is_empty(), "{} is to write tags with Markup, not with `{of}`: {tags:?}", relative(path));
        }
    }
    let ends: Vec<&str> = pages.iter().flat_map(|(_, code)| code.lines().filter(|line| line.contains("finish()"))).map(str::trim).collect();
    assert_eq!(ends, ["page.finish()"], "only the whole page becomes a string");
}

/// Inside the type, only its own functions put text together.
#[test]
fn markup_takes_unescaped_text_only_if_it_is_static() {
    let (_, code) = sources("render").into_iter().find(|(path, _)| path.ends_with("markup.rs")).unwrap();
    let added: Vec<&str> = code.lines().filter(|line| line.contains("push_str(")).map(str::trim).collect();
    let expected = [
        "self.0.push_str(markup);",
        "self.0.push_str(&L::escaped(&text.to_string()));",
        "self.0.push_str(&other.0);",
        "self.0.push_str(&drawing.0);",
        "self.0.push_str(&escape::script_json(&value.to_string()));",
    ];
    assert_eq!(added, expected);
    let own = code.matches("fn own(&mut self, markup: &'static str)").count() + code.matches("fn of_own(markup: &'static str)").count();
    assert_eq!(own, 2, "markup of overlord's own is part of the program");
}
