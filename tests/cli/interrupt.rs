//! Ctrl-C once, twice, and kill -9 at every moment: a rerun finishes, and nothing is there twice.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Child;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::cli::between::{Between, Fate, Write_};
use crate::cli::case::*;
use crate::support::{SandboxServer, send_signal};

/// E-mails may be there twice, as in moto: only overlord's care keeps an account from being created twice.
const LENIENT: &[&str] = &["--weather", "emails=lenient,create-account=300"];

/// An apply in its own process.
struct Apply {
    child: Child,
    said: PathBuf,
}

impl Apply {
    fn start(case: &Case, url: &str) -> Self {
        Self::start_as(case, url, "text")
    }

    /// The result goes to the file `stdout`.
    fn start_as(case: &Case, url: &str, format: &str) -> Self {
        let said = case.path("stderr");
        let mut command = case.client(url);
        command.args(["apply", "--yes", "--format", format]);
        let child = command.stdout(File::create(case.path("stdout")).unwrap()).stderr(File::create(&said).unwrap()).spawn().unwrap();
        Self { child, said }
    }

    fn signal(&self, signal: &str) {
        send_signal(self.child.id(), signal);
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.said).unwrap()
    }

    fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    fn ends(&mut self) -> Option<i32> {
        eventually("the end of apply", || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Apply {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lets writes pass up to the first CreateAccount.
fn first_creation(between: &Between) -> Write_ {
    loop {
        let write = between.next();
        if write.operation == "CreateAccount" {
            return write;
        }
        write.fate(Fate::Pass);
    }
}

#[test]
fn ctrl_c_once_finishes_what_is_in_flight_and_starts_nothing_more() {
    // Accounts that take ten minutes: waiting for them is what the interrupt must end.
    let server = SandboxServer::start(&["--weather", "emails=lenient,create-account=600000"]);
    let between = Between::start(server.url());
    let case = Case::small();
    let mut apply = Apply::start(&case, &between.url);
    let creation = first_creation(&between);
    apply.signal("INT");
    eventually("a word on the interrupt", || apply.said().contains("waiting for requests in flight").then_some(()));
    assert!(!apply.is_over(), "it did not wait for the request in flight");
    creation.fate(Fate::Pass);
    // A second creation may have been waiting at the request_gate: it is let through or never comes.
    while let Some(write) = between.next_unless(|| apply.is_over()) {
        let ends = ["CreateAccount", "DeleteOrganizationalUnit"];
        assert!(ends.contains(&write.operation.as_str()), "{} was started after the interrupt", write.operation);
        write.fate(Fate::Pass);
    }
    assert!(unlocked(&server), "the lock is still there");
    assert_eq!(apply.ends(), Some(3), "{}", apply.said());
    assert!(apply.said().contains("run the same command again"), "{}", apply.said());
}

/// The same by SIGTERM, which schedulers send; and what was cut is told as that, in each format.
#[test]
fn sigterm_interrupts_and_what_was_cut_has_not_failed() {
    for format in ["text", "json", "markdown"] {
        let server = SandboxServer::start(&["--weather", "emails=lenient,create-account=600000"]);
        let between = Between::start(server.url());
        let case = Case::small();
        let mut apply = Apply::start_as(&case, &between.url, format);
        let creation = first_creation(&between);
        apply.signal("TERM");
        eventually("a word on the interrupt", || apply.said().contains("waiting for requests in flight").then_some(()));
        creation.fate(Fate::Pass);
        while let Some(write) = between.next_unless(|| apply.is_over()) {
            write.fate(Fate::Pass);
        }
        assert_eq!(apply.ends(), Some(3), "{}", apply.said());
        let result = fs::read_to_string(case.path("stdout")).unwrap();
        assert!(result.contains("interrupted") && !result.contains("failed"), "{result}");
        if format == "json" {
            let result: serde_json::Value = serde_json::from_str(&result).unwrap();
            let outcomes = result["report"]["outcomes"].as_array().unwrap();
            let of = |outcome: &str| outcomes.iter().filter(|one| one["outcome"] == outcome).count();
            assert!(of("interrupted") >= 1 && of("failed") + of("skipped") == 0, "{outcomes:?}");
        }
    }
}

#[test]
fn after_ctrl_c_a_rerun_finishes() {
    let server = SandboxServer::start(&["--weather", "emails=lenient,create-account=500"]);
    let between = Between::start(server.url());
    let case = Case::small();
    let mut apply = Apply::start(&case, &between.url);
    let creation = first_creation(&between);
    apply.signal("INT");
    eventually("a word on the interrupt", || apply.said().contains("interrupted").then_some(()));
    creation.fate(Fate::Pass);
    while let Some(write) = between.next_unless(|| apply.is_over()) {
        write.fate(Fate::Pass);
    }
    assert_eq!(apply.ends(), Some(3), "{}", apply.said());
    finishes(&case, &server);
}

#[test]
fn ctrl_c_twice_ends_at_once() {
    let server = SandboxServer::start(LENIENT);
    let between = Between::start(server.url());
    let case = Case::small();
    let mut apply = Apply::start(&case, &between.url);
    let creation = first_creation(&between);
    creation.fate(Fate::HoldAnswer);
    apply.signal("INT");
    eventually("a word on the interrupt", || apply.said().contains("interrupted").then_some(()));
    apply.signal("INT");
    // The answer is still held back: nothing but the second signal can end it.
    assert_eq!(apply.ends(), Some(130), "{}", apply.said());
    // The lock stays behind, and the run says so.
    assert!(apply.said().contains("the lock of this run stays") && apply.said().contains("`overlord apply --unlock`"), "{}", apply.said());
    case.run_at(server.url(), &["apply", "--yes"]).ends(1).says(&["another run holds the lock", "apply --unlock"]);
    case.run_at(server.url(), &["apply", "--unlock=sandbox"]).ends(0);
    finishes(&case, &server);
}

/// Before each write reaches AWS, and after each has reached it unanswered. A few moments at a time: each is mostly waiting.
#[test]
fn after_kill_9_at_any_write_a_rerun_finishes() {
    let (moments, killed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(operation) = killed_at(moments.fetch_add(1, Ordering::Relaxed)) {
                    killed.lock().unwrap().push(operation);
                }
            });
        }
    });
    let killed = killed.into_inner().unwrap();
    assert_eq!(killed.iter().filter(|operation| *operation == "CreateAccount").count(), 4, "{killed:?}");
}

/// Kills an apply at a moment, and reruns it: the write that it was killed at, or `None` when it has no such moment.
fn killed_at(moment: usize) -> Option<String> {
    let server = SandboxServer::start(LENIENT);
    let between = Between::start(server.url());
    let case = Case::small();
    let mut apply = Apply::start(&case, &between.url);
    for _ in 0..moment / 2 {
        between.next_unless(|| apply.is_over())?.fate(Fate::Pass);
    }
    let write = between.next_unless(|| apply.is_over())?;
    if moment % 2 == 1 && write.operation == "CreateAccount" {
        // The worst moment: AWS has begun it and nobody knows.
        let before = creations(&server);
        write.fate(Fate::HoldAnswer);
        eventually("the creation", || (creations(&server) > before).then_some(()));
    } else if moment % 2 == 1 {
        write.fate(Fate::HoldAnswer);
    }
    apply.signal("KILL");
    assert_eq!(apply.ends(), None);
    case.run_at(server.url(), &["apply", "--unlock=sandbox"]).ends(0);
    finishes(&case, &server);
    Some(write.operation.clone())
}

/// Whether no lock is there.
fn unlocked(server: &SandboxServer) -> bool {
    let root = organizations(server.url(), "ListRoots", &serde_json::json!({}))["Roots"][0]["Id"].clone();
    let units = organizations(server.url(), "ListOrganizationalUnitsForParent", &serde_json::json!({"ParentId": root}));
    units["OrganizationalUnits"].as_array().unwrap().iter().all(|unit| unit["Name"] != "overlord-lock")
}

/// Account creations that AWS knows of.
fn creations(server: &SandboxServer) -> usize {
    let statuses = organizations(server.url(), "ListCreateAccountStatus", &serde_json::json!({}));
    statuses["CreateAccountStatuses"].as_array().unwrap().len()
}

/// The same command again does what is left, the next plan is empty, and no e-mail is there twice.
#[track_caller]
fn finishes(case: &Case, server: &SandboxServer) {
    case.run_at(server.url(), &["apply", "--yes"]).ends(0);
    case.run_at(server.url(), &["plan"]).ends(0);
    let ours: Vec<String> = emails(server.url()).into_iter().filter(|email| email.starts_with("aws+")).collect();
    assert_eq!(ours, ["aws+audit@example.org", "aws+web@example.org"]);
}
