//! The command: what it writes where, and that AWS is only read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use overlord::config;
use overlord::resource::organizations::handshakes;
use overlord::sandbox::{Effect, Sandbox, Weather};
use overlord::snapshot;
use serde_json::Value;

use crate::pipeline::{MANAGEMENT, process_with};
use crate::support::{client_of, copy, project, show};

/// A folder with a configuration.
pub struct Case(tempfile::TempDir);

impl Case {
    /// The worked example, applied to a sandbox.
    pub fn example() -> Self {
        static APPLIED: OnceLock<String> = OnceLock::new();
        let (case, world) = (Self::of(&fs::read_to_string(project("org.toml")).unwrap()), ".overlord/sandbox.json");
        let applied = APPLIED.get_or_init(|| {
            case.run(&["apply", "--sandbox", "--yes"], 0);
            fs::read_to_string(case.path(world)).unwrap()
        });
        let _ = fs::create_dir(case.path(".overlord"));
        fs::write(case.path(world), applied).unwrap();
        case
    }

    fn of(org_toml: &str) -> Self {
        let case = Self(tempfile::tempdir().unwrap());
        fs::write(case.path("org.toml"), org_toml).unwrap();
        copy(&project("policies"), &case.path("policies"));
        case
    }

    fn small() -> Self {
        Self::of(
            "[organization]\nmanagement_account = \"111111111111\"\n[account.web]\nemail = \"aws+web@example.org\"\nname = \"Web\"\nou = \"root\"\n",
        )
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Standard output of a run that ends so.
    #[track_caller]
    pub fn run(&self, arguments: &[&str], status: i32) -> String {
        self.run_saying(arguments, status).0
    }

    /// Both streams.
    #[track_caller]
    fn run_saying(&self, arguments: &[&str], status: i32) -> (String, String) {
        let mut command = client_of("http://127.0.0.1:1", env!("CARGO_BIN_EXE_overlord"));
        let output = command.current_dir(self.0.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "overlord {arguments:?}: {}", show(&output));
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    }
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

/// The request gate is locked, and nothing knocks at it: the journal has reads alone, and the trace of the command too.
#[tokio::test]
async fn a_report_only_reads() {
    let case = Case::example();
    case.run(&["report", "--sandbox", "--trace", "trace.jsonl"], 0);
    let trace = fs::read_to_string(case.path("trace.jsonl")).unwrap();
    let lines = trace.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let asked: Vec<String> =
        lines.map(|line| format!("{}:{}", line["service"].as_str().unwrap(), line["operation"].as_str().unwrap())).collect();
    assert!(asked.len() > 100 && asked.iter().any(|call| call == "organizations:ListHandshakesForOrganization"), "{asked:?}");

    let sandbox = Sandbox::open(&case.path(".overlord/sandbox.json"), MANAGEMENT, Weather::default()).unwrap();
    let (world, desired) = (sandbox.world(), config::load(&case.path("org.toml")).unwrap().desired);
    let sessions = process_with(&sandbox, desired.role()).await;
    sessions.guard(MANAGEMENT).await.unwrap();
    let (live, facts) = snapshot::read_with_facts(&sessions, &desired).await.unwrap();
    handshakes::invitations(&sessions).await.unwrap();
    assert_eq!(facts.unwrap().accounts.len(), 64);
    assert!(live.findings.is_empty(), "{:?}", live.findings);
    let journal = sandbox.journal();
    let reads: std::collections::BTreeSet<&str> =
        journal.iter().filter(|entry| entry.effect == Effect::Read).map(|entry| entry.operation.as_str()).collect();
    assert_eq!(journal.iter().find(|entry| entry.effect == Effect::Write), None);
    assert_eq!(asked.iter().find(|call| !reads.contains(call.as_str())), None, "the command asks for more");
    assert_eq!(serde_json::to_value(sandbox.world()).unwrap()["accounts"], serde_json::to_value(world).unwrap()["accounts"]);
}

#[test]
fn the_page_is_written_where_it_is_asked_for() {
    let case = Case::small();
    let (out, err) = case.run_saying(&["report", "--sandbox"], 0);
    assert!(out.contains("Accounts") && err.contains("`overlord-report.html`"), "{out}{err}");
    assert!(fs::read_to_string(case.path("overlord-report.html")).unwrap().contains("AWS has no organization yet"));
    case.run(&["report", "--sandbox", "--format", "markdown", "--out", "pages/deep"], 0);
    assert!(case.path("pages/deep/overlord-report.html").exists());
    // An earlier report is written over.
    case.run(&["report", "--sandbox", "--out", "pages/deep"], 0);
    let before = files(case.0.path());
    let document: Value = serde_json::from_str(&case.run(&["report", "--sandbox", "--format", "json"], 0)).unwrap();
    assert_eq!((document["format_version"].clone(), document["exists"].clone()), (1.into(), false.into()));
    assert_eq!(document["accounts"][0]["known"], "missing");
    assert_eq!(files(case.0.path()), before, "the JSON goes to standard output alone");
    case.run(&["report", "--sandbox", "--format", "json", "--out", "data"], 0);
    assert!(case.path("data/overlord-report.html").exists());
}

#[test]
fn what_is_no_report_is_not_written_over() {
    let case = Case::small();
    fs::write(case.path("overlord-report.html"), "<!doctype html>\n<p>mine").unwrap();
    let (_, err) = case.run_saying(&["report", "--sandbox"], 1);
    assert!(err.contains("is not an overlord report") && err.contains("--force"), "{err}");
    assert_eq!(fs::read_to_string(case.path("overlord-report.html")).unwrap(), "<!doctype html>\n<p>mine");
    assert!(!case.path(".overlord").exists(), "no AWS calls were made");
    case.run(&["report", "--sandbox", "--force"], 0);
    assert!(fs::read_to_string(case.path("overlord-report.html")).unwrap().contains("overlord report"));
    case.run(&["report", "--sandbox", "--out", "org.toml"], 1);
}

#[test]
fn the_matrix_alone_stays_offline() {
    let case = Case::of(&fs::read_to_string(project("org.toml")).unwrap());
    assert!(case.run(&["report", "compliance"], 0).contains("restricted"));
    let (_, err) = case.run_saying(&["report", "compliance", "--sandbox"], 1);
    assert!(err.contains("`overlord report compliance` reads no AWS"), "{err}");
    case.run(&["report", "--out", "x", "compliance"], 1);
}
