//! A folder with a configuration, and the binary run in it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{client_of, project, show};

/// Nothing that a test waits for takes so long, even on a busy machine; a test fails then instead of hanging.
pub const BOUND: Duration = Duration::from_secs(60);

pub const SMALL: &str = r#"
[organization]
management_account = "111111111111"
home_region = "eu-west-1"
policies = ["FullAWSAccess", "deny-leave"]

[ou.work]
[policy.deny-leave]
description = "Nobody leaves"

[account.audit]
email = "aws+audit@example.org"
ou = "work"
[account.web]
email = "aws+web@example.org"
ou = "work"
"#;

pub struct Case(TempDir);

impl Case {
    /// With this org.toml and the worked example's policies.
    pub fn new(org_toml: &str) -> Self {
        let case = Self(tempfile::tempdir().unwrap());
        fs::write(case.path("org.toml"), org_toml).unwrap();
        fs::create_dir(case.path("policies")).unwrap();
        for entry in fs::read_dir(project("policies")).unwrap() {
            let from = entry.unwrap().path();
            if from.extension().is_some_and(|e| e == "json") {
                // Not copied: a copy of what is read-only could not be edited.
                fs::write(case.path("policies").join(from.file_name().unwrap()), fs::read(&from).unwrap()).unwrap();
            }
        }
        fs::create_dir(case.path("policies/frameworks")).unwrap();
        for entry in fs::read_dir(project("policies/frameworks")).unwrap() {
            let from = entry.unwrap().path();
            fs::write(case.path("policies/frameworks").join(from.file_name().unwrap()), fs::read(&from).unwrap()).unwrap();
        }
        case
    }

    pub fn small() -> Self {
        Self::new(SMALL)
    }

    pub fn example() -> Self {
        Self::new(&fs::read_to_string(project("org.toml")).unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} does not say {from:?}");
        fs::write(self.path(name), text.replacen(from, to, 1)).unwrap();
    }

    /// The binary with no credentials and no settings of whoever runs the test.
    pub fn command(&self) -> Command {
        let mut command = self.client("http://127.0.0.1:1");
        for name in ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"] {
            command.env_remove(name);
        }
        command
    }

    /// The binary with keys, and AWS at `url`.
    pub fn client(&self, url: &str) -> Command {
        let mut command = client_of(url, env!("CARGO_BIN_EXE_overlord"));
        command.current_dir(self.0.path()).env("HOME", self.0.path());
        for name in ["OVERLORD_CONFIG", "NO_COLOR", "CLICOLOR_FORCE", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            command.env_remove(name);
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command().args(arguments))
    }

    pub fn run_at(&self, url: &str, arguments: &[&str]) -> Ran {
        Ran::of(self.client(url).args(arguments))
    }
}

/// How a run ended.
pub struct Ran {
    pub status: i32,
    pub out: String,
    pub err: String,
    shown: String,
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        Self::from(command.output().unwrap())
    }

    pub fn from(output: Output) -> Self {
        let shown = show(&output);
        assert!(!shown.contains("panicked"), "{shown}");
        let status = output.status.code().unwrap_or(-1);
        Self { status, out: String::from_utf8(output.stdout).unwrap(), err: String::from_utf8(output.stderr).unwrap(), shown }
    }

    #[track_caller]
    pub fn ends(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}", self.shown);
        self
    }

    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.err.contains(word), "standard error does not say {word:?}\n{}", self.shown);
        }
        self
    }

    /// Standard output as exactly one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}\n{}", self.shown))
    }
}

/// The lines of a trace.
pub fn trace(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn operations(path: &Path) -> Vec<String> {
    trace(path).iter().map(|line| line["operation"].as_str().unwrap().to_owned()).collect()
}

/// Whether a call of this name only reads.
pub fn reads(operation: &str) -> bool {
    ["List", "Describe", "GetCallerIdentity"].iter().any(|prefix| operation.starts_with(prefix))
}

/// One call of Organizations, as somebody else in the management account.
pub fn organizations(url: &str, operation: &str, input: &Value) -> Value {
    let host = url.strip_prefix("http://").unwrap();
    let body = input.to_string();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    let credential = "AKIA111111111111/20260101/us-east-1/organizations/aws4_request";
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: AWSOrganizationsV20161128.{operation}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{operation}: {answer}");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or(Value::Null)
}

/// The organization's e-mails, in order.
pub fn emails(url: &str) -> Vec<String> {
    let answer = organizations(url, "ListAccounts", &json!({}));
    let mut emails: Vec<String> = answer["Accounts"].as_array().unwrap().iter().map(|a| a["Email"].as_str().unwrap().to_owned()).collect();
    emails.sort();
    emails
}

/// The id of an OU right below the root.
pub fn unit(url: &str, name: &str) -> String {
    let root = organizations(url, "ListRoots", &json!({}))["Roots"][0]["Id"].clone();
    let units = organizations(url, "ListOrganizationalUnitsForParent", &json!({"ParentId": root}));
    let unit = units["OrganizationalUnits"].as_array().unwrap().iter().find(|unit| unit["Name"] == name);
    unit.unwrap_or_else(|| panic!("no OU {name}"))["Id"].as_str().unwrap().to_owned()
}

/// Asks until the answer is `Some`.
#[track_caller]
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + BOUND;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
