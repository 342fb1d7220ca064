//! The facts of `tests/truth/*.toml`: each is replayed against the sandbox, and docs/ is made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use serde::Deserialize;

use crate::support::{SandboxServer, project, python, show};

/// One thing that AWS does. The other keys are for `replay.py`.
#[derive(Debug, Deserialize)]
struct Fact {
    operation: String,
    situation: String,
    /// The code of the refusal, with its reason.
    error: Option<String>,
    /// What the answer shows, by path.
    answer: Option<toml::Table>,
    /// The same for people, where the situation does not say it.
    says: Option<String>,
    /// Whether a refusal passes by itself, so that it is tried again.
    passing: Option<bool>,
    source: String,
    date: String,
    verified: Verified,
    /// The checks of the conformance suite about this.
    #[serde(default)]
    checks: Vec<String>,
    /// What moto does instead.
    moto: Option<String>,
}

/// How it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verified {
    /// Somebody's test ran against AWS.
    Aws,
    /// AWS's documentation says so.
    Documented,
    /// Others have met it.
    Reported,
}

#[derive(Debug, Deserialize)]
struct File {
    fact: Vec<Fact>,
}

#[derive(Debug, Deserialize)]
struct NoFact {
    operations: BTreeSet<String>,
}

/// The files, with what a page calls their facts.
const FILES: [(&str, &str); 4] = [
    ("organizations", "Organizations"),
    ("accounts", "Accounts, sessions and records"),
    ("ec2", "Networks"),
    ("connections", "Connections"),
];

fn facts() -> Vec<(&'static str, Vec<Fact>)> {
    let read = |name: &str| toml::from_str::<File>(&fs::read_to_string(project(&format!("tests/truth/{name}.toml"))).unwrap()).unwrap();
    FILES.map(|(name, _)| (name, read(name).fact)).into()
}

/// Slow enough that what takes AWS a while takes a while here.
fn replay(name: &str) {
    let world = serde_json::to_string(&super::world()).unwrap();
    let server = SandboxServer::start_with(Some(&world), &["--weather", super::SLOW]);
    let (script, file) = (project("tests/truth/replay.py"), project(&format!("tests/truth/{name}.toml")));
    let output = server.client(python()).arg(script).arg(server.url()).arg(file).output().unwrap();
    assert!(output.status.success(), "the sandbox does otherwise: {}", show(&output));
}

#[test]
fn the_sandbox_holds_the_facts_about_organizations() {
    replay("organizations");
}

#[test]
fn the_sandbox_holds_the_facts_about_accounts() {
    replay("accounts");
}

#[test]
fn the_sandbox_holds_the_facts_about_networks() {
    replay("ec2");
}

#[test]
fn the_sandbox_holds_the_facts_about_connections() {
    replay("connections");
}

#[test]
fn each_fact_has_a_source_and_a_date_and_says_whether_a_refusal_passes() {
    let mut files: Vec<String> =
        fs::read_dir(project("tests/truth")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    files.retain(|name| name.ends_with(".toml") && name != "no_fact.toml");
    files.sort();
    let mut known: Vec<String> = FILES.map(|(name, _)| format!("{name}.toml")).into();
    known.sort();
    assert_eq!(files, known, "a file is replayed by no test");
    let mut said = BTreeSet::new();
    for (file, facts) in facts() {
        for fact in &facts {
            let named = format!("{file}: {}, {}", fact.operation, fact.situation);
            assert!(said.insert(named.clone()), "{named} is there twice");
            assert!(fact.source.starts_with("https://"), "{named}: {}", fact.source);
            assert!(fact.source.contains("docs.aws.amazon.com") == (fact.verified == Verified::Documented), "{named}: {}", fact.source);
            let date = fact.date.parse::<toml::value::Datetime>();
            assert!(date.is_ok_and(|date| date.date.is_some() && date.time.is_none()), "{named}: {}", fact.date);
            assert!(fact.error.is_some() != fact.answer.is_some(), "{named}: an error or an answer");
            assert_eq!(fact.error.is_some(), fact.passing.is_some(), "{named}: `passing` is about errors");
        }
    }
}

/// The sources that say which refusals overlord waits for, without their tests: by file name below src/.
fn sources() -> BTreeMap<String, String> {
    let folders = [
        "src/resource",
        "src/resource/account_defaults",
        "src/resource/iam",
        "src/resource/network",
        "src/resource/organizations",
        "src/aws",
    ];
    let files = folders.iter().flat_map(|folder| fs::read_dir(project(folder)).unwrap()).map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|e| e == "rs") && !path.to_string_lossy().ends_with("tests.rs"));
    let read = |path: std::path::PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let text = without_facts(text.split("#[cfg(test)]").next().unwrap_or_default());
        (path.to_string_lossy().rsplit_once("src/").unwrap().1.to_owned(), text)
    };
    files.map(read).collect()
}

/// The code without the facts of the kind, which name operations that the code does not call.
fn without_facts(code: &str) -> String {
    match code.split_once("const SPEC: KindSpec = KindSpec {") {
        Some((before, after)) => format!("{before}{}", after.split_once("\n    };\n").unwrap().1),
        None => code.to_owned(),
    }
}

/// A refusal that a fact calls passing is one that overlord waits for, where it makes that call: in the file that makes it, or in the lists of all
/// kinds of networks and of new accounts. What retries repeat in any case (src/aws/retry.rs) is final in no fact.
#[test]
fn overlord_waits_for_what_the_facts_call_passing() {
    let sources = sources();
    let list = |file: &str, name: &str| {
        let text = sources[file].split(&format!("const {name}: &[&str]")).nth(1).unwrap_or_else(|| panic!("{file} has no list {name}"));
        text.split(';').next().unwrap().to_owned()
    };
    let shared = [
        ("resource/network/calls.rs", "IN_USE"),
        ("resource/network/connection_calls.rs", "INCORRECT_STATE"),
        ("resource/opening.rs", "NOT_YET"),
    ];
    let shared: String = shared.map(|(file, name)| list(file, name)).concat();
    let always = list("aws/retry.rs", "PASSING");
    let mut checked = 0;
    for (file, facts) in facts() {
        for Fact { operation, situation, error, passing, .. } in facts {
            let (Some(error), Some(passing)) = (error, passing) else { continue };
            let code = error.split(' ').next_back().unwrap();
            let call = format!("\"{operation}\"");
            let own: Vec<&String> = sources.values().filter(|text| text.contains(&call)).collect();
            if !passing {
                assert!(!always.contains(&format!("\"{code}\"")), "{file}: {operation}, {situation}: {code} is retried always");
            } else if !own.is_empty() {
                let found_later = !operation.starts_with("organizations:") && code.ends_with("NotFound");
                let in_a_list = !operation.starts_with("organizations:") && shared.contains(&format!("\"{code}\""));
                // A workflow that is pending has a code that may mean anything: only what waits until all is ready asks for its message.
                let is_pending = code == "InvalidParameterValue" && own.iter().any(|text| text.contains("when_ready"));
                let waits = is_pending || found_later || in_a_list || own.iter().any(|text| text.contains(code));
                assert!(waits, "{file}: {operation}, {situation}: nothing waits for {code}");
                checked += 1;
            }
        }
    }
    assert!(checked > 20, "{checked} facts are about calls that overlord makes: it names them otherwise than this test thinks");
}

/// Which operations nobody has written a fact about is reviewed in `no_fact.toml`.
#[test]
fn operations_without_a_fact_are_listed() {
    let all: BTreeSet<String> = overlord::sandbox::operations().into_iter().collect();
    let known: BTreeSet<String> = facts().into_iter().flat_map(|(_, facts)| facts).map(|fact| fact.operation).collect();
    let unknown: Vec<&String> = known.difference(&all).collect();
    assert!(unknown.is_empty(), "facts about operations that the sandbox does not serve: {unknown:?}");
    let listed: NoFact = toml::from_str(&fs::read_to_string(project("tests/truth/no_fact.toml")).unwrap()).unwrap();
    let missing: BTreeSet<String> = all.difference(&known).cloned().collect();
    assert_eq!(missing, listed.operations);
}

/// The checks of the conformance suite, each with whether moto differs.
fn checks() -> BTreeMap<String, bool> {
    let sources = ["tests/conformance.rs", "tests/conformance/network.rs"].map(|path| fs::read_to_string(project(path)).unwrap());
    let mut found = BTreeMap::new();
    for source in &sources {
        // `Call("name", "what AWS does", Some("what moto does"))`, on one line or several.
        for call in source.split("Call(").skip(1) {
            let Some(name) = call.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) else { continue };
            let end = call.find("),\n").unwrap_or(call.len());
            found.insert(name.to_owned(), call[..end].contains("Some("));
        }
    }
    assert!(found.len() > 150, "the tables of the conformance suite are written otherwise than this test reads them");
    found
}

#[test]
fn where_moto_differs_is_a_check_of_the_conformance_suite_and_a_fact() {
    let checks = checks();
    let mut told = BTreeSet::new();
    for fact in facts().into_iter().flat_map(|(_, facts)| facts) {
        for check in &fact.checks {
            let differs = checks.get(check).unwrap_or_else(|| panic!("{}: there is no check `{check}`", fact.situation));
            assert!(!differs || fact.moto.is_some(), "`{check}` says that moto differs: {}, {} does not", fact.operation, fact.situation);
            told.insert(check.clone());
        }
        let none_differs = !fact.checks.is_empty() && !fact.checks.iter().any(|check| checks[check]);
        assert!(!(none_differs && fact.moto.is_some()), "{}, {}: moto does the same, says the suite", fact.operation, fact.situation);
    }
    let differing: Vec<&String> =
        checks.iter().filter(|(check, differs)| **differs && !told.contains(*check)).map(|(check, _)| check).collect();
    assert!(differing.is_empty(), "moto differs, and no fact tells it: {differing:?}");
}

impl Fact {
    /// `CreateVpc, the sixth`, or `… the sixth` behind another one of CreateVpc.
    fn call(&self, before: &mut String) -> String {
        let name = self.operation.split(':').next_back().unwrap();
        let (situation, _) = self.parts();
        let same = std::mem::replace(before, self.operation.clone()) == self.operation;
        match (same, situation) {
            (true, situation) => format!("… {situation}"),
            (false, "") => name.to_owned(),
            (false, situation) => format!("{name}, {situation}"),
        }
    }

    /// What is done, and what the answer is, where the situation says so behind a colon.
    fn parts(&self) -> (&str, &str) {
        match self.situation.rsplit_once(": ") {
            Some((situation, answer)) if self.answer.is_some() && self.says.is_none() => (situation, answer),
            Some(_) | None => (&self.situation, self.says.as_deref().unwrap_or("done")),
        }
    }

    fn aws(&self) -> String {
        match &self.error {
            Some(error) => error.replace(' ', ", "),
            None => self.parts().1.to_owned(),
        }
    }
}

#[track_caller]
fn stands(path: &str, text: &str) {
    let expected = snapbox::Data::read_from(&project(path), Some(snapbox::data::DataFormat::Text)).raw();
    snapbox::Assert::new().action_env(snapbox::assert::DEFAULT_ACTION_ENV).eq(snapbox::Data::text(text).raw(), expected);
}

/// The tables of docs/emulators.md between `<!-- facts: NAME -->` and `<!-- end -->`.
#[test]
fn the_page_of_emulators_has_the_facts_where_moto_differs() {
    let page = fs::read_to_string(project("docs/emulators.md")).unwrap();
    let mut text = String::new();
    let mut rest = page.as_str();
    for (name, facts) in facts() {
        let begin = format!("<!-- facts: {name} -->\n");
        let (before, after) = rest.split_once(&begin).unwrap_or_else(|| panic!("docs/emulators.md has no `{}`", begin.trim()));
        let (_, after) = after.split_once("<!-- end -->").unwrap();
        text += before;
        text += &begin;
        text += "\n| Call | AWS, and the sandbox | moto |\n| --- | --- | --- |\n";
        let mut operation = String::new();
        for fact in facts.iter().filter(|fact| fact.moto.is_some()) {
            let call = fact.call(&mut operation);
            writeln!(text, "| {call} | {} | {} |", fact.aws(), fact.moto.as_deref().unwrap_or_default()).unwrap();
        }
        text += "\n<!-- end -->";
        rest = after;
    }
    stands("docs/emulators.md", &(text + rest));
}

#[test]
fn the_page_of_facts_has_all_of_them() {
    let mut text = "# What AWS answers\n\nMade of `tests/truth/`: each row is replayed against the sandbox. A refusal that passes is tried again by itself. \
                    *AWS* means that a test of the source ran against AWS, *documented* that AWS's documentation says so, *reported* that others have \
                    met it. Where moto does otherwise is told in [The other AWS](../emulators.md).\n"
        .to_owned();
    for ((_, facts), (_, title)) in facts().into_iter().zip(FILES) {
        write!(text, "\n## {title}\n\n| Call | AWS | Passes | Known | As of |\n| --- | --- | --- | --- | --- |\n").unwrap();
        let mut operation = String::new();
        for fact in &facts {
            let call = fact.call(&mut operation);
            let passes = fact.passing.map_or("", |passing| if passing { "yes" } else { "no" });
            let known = match fact.verified {
                Verified::Aws => "AWS",
                Verified::Documented => "documented",
                Verified::Reported => "reported",
            };
            writeln!(text, "| {call} | {} | {passes} | [{known}]({}) | {} |", fact.aws(), fact.source, fact.date).unwrap();
        }
    }
    stands("docs/reference/aws-facts.md", &text);
}
