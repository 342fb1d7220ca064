//! `overlord init ci`: every file that it writes is held to the linters and schemas of who reads it, and every step in them that is a script
//! is run, against the sandbox.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use support::{SandboxServer, copy, project, python, show};

const SMALL: &str = r#"
[organization]
management_account = "111111111111"
home_region = "eu-west-1"
policies = ["FullAWSAccess", "deny-leave"]

[ou.work]
[policy.deny-leave]

[account.web]
email = "aws+web@example.org"
ou = "work"
"#;

/// Without what it only would like better: a new way to name actions of the same repository, which not all runners know.
const ZIZMOR: &[&str] = &["--offline", "--no-progress", "--persona", "pedantic", "--min-severity", "medium", ".github"];

/// A repository with what was made for a platform.
struct Repository(tempfile::TempDir);

impl Repository {
    fn of(org_toml: &str, platform: &str) -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        fs::write(repository.path("org.toml"), org_toml).unwrap();
        copy(&project("policies"), &repository.path("policies"));
        let made = repository.overlord(&["init", "ci", "--for", platform, "--format", "json"]);
        assert!(made.status.success(), "{}", show(&made));
        repository
    }

    fn example(platform: &str) -> Self {
        Self::of(&fs::read_to_string(project("org.toml")).unwrap(), platform)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn overlord(&self, arguments: &[&str]) -> Output {
        support::client_of("http://127.0.0.1:1", env!("CARGO_BIN_EXE_overlord"))
            .current_dir(self.0.path())
            .args(arguments)
            .output()
            .unwrap()
    }

    /// A tool of the tests' Python, which must have nothing to say against it.
    #[track_caller]
    fn passes(&self, tool: &str, arguments: &[&str]) {
        let output = self.tool(tool, arguments);
        assert!(output.status.success(), "{tool} {arguments:?}: {}", show(&output));
    }

    fn tool(&self, tool: &str, arguments: &[&str]) -> Output {
        // The environment was moved after it was made: its scripts name an interpreter that is no longer there.
        let program = python().with_file_name(tool);
        let mut command = Command::new(if fs::read(&program).unwrap().starts_with(b"#!") { python() } else { program.clone() });
        if command.get_program() != program.as_os_str() {
            command.arg(program);
        }
        command.current_dir(self.0.path()).args(arguments).output().unwrap()
    }

    /// Runs the scripts of a job as its platform does, on that AWS; what they printed and wrote, as JSON.
    #[track_caller]
    fn run(&self, server: &SandboxServer, file: &str, job: &str, answers: &Value) -> Value {
        let bin = self.path("bin");
        let _ = fs::create_dir(&bin);
        let overlord = bin.join("overlord");
        if !overlord.exists() {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_overlord"), overlord).unwrap();
        }
        let mut command = server.client(python());
        let script = project("tests/workflows/run_job.py");
        let output = command.current_dir(self.0.path()).arg(script).args([file, job, &answers.to_string()]).output().unwrap();
        assert!(output.status.success(), "{file} {job}: {}", show(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

#[test]
fn workflows_of_github_are_what_its_schema_and_a_linter_want() {
    let repository = Repository::example("github");
    for name in ["plan", "apply", "drift"] {
        let file = format!(".github/workflows/overlord-{name}.yml");
        repository.passes("check-jsonschema", &["--builtin-schema", "vendor.github-workflows", &file]);
    }
    repository.passes("check-jsonschema", &["--builtin-schema", "vendor.github-actions", ".github/actions/overlord/action.yml"]);
    repository.passes("zizmor", ZIZMOR);
    repository.passes("cfn-lint", &["ci/roles.json"]);
    // Both can fail.
    let plan = repository.path(".github/workflows/overlord-plan.yml");
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, text.replace("runs-on:", "run-on:")).unwrap();
    assert!(
        !repository.tool("check-jsonschema", &["--builtin-schema", "vendor.github-workflows", plan.to_str().unwrap()]).status.success()
    );
    fs::write(&plan, text.replace("permissions: {}", "permissions: write-all")).unwrap();
    assert!(!repository.tool("zizmor", ZIZMOR).status.success());
}

#[test]
fn files_of_gitlab_and_cron_are_what_their_readers_want() {
    let repository = Repository::example("gitlab");
    repository.passes("check-jsonschema", &["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", "ci/overlord.yml"]);
    repository.passes("cfn-lint", &["ci/roles.json"]);
    let repository = Repository::example("cron");
    let shell = Command::new("sh").args(["-n", "ci/drift.sh"]).current_dir(repository.0.path()).status().unwrap();
    assert!(shell.success());
    let crontab = fs::read_to_string(repository.path("ci/crontab")).unwrap();
    let lines: Vec<&str> = crontab.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).collect();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].split_whitespace().take(5).all(|field| field == "*" || field.parse::<u8>().is_ok()), "{lines:?}");
    assert!(!repository.path("ci/roles.json").exists(), "nobody signs tokens for cron");
}

/// Whose repository may do what, and that the role which plans can write nothing.
#[test]
fn roles_are_the_least_for_the_repository_alone() {
    let repository = Repository::example("github");
    let template: Value = serde_json::from_str(&fs::read_to_string(repository.path("ci/roles.json")).unwrap()).unwrap();
    let resources = template["Resources"].as_object().unwrap();
    let actions = |role: &str| -> BTreeSet<String> {
        let policies = resources[role]["Properties"]["ManagedPolicyArns"].as_array().unwrap();
        let of = |policy: &Value| resources[policy["Ref"].as_str().unwrap()]["Properties"]["PolicyDocument"]["Statement"].clone();
        let statements = policies.iter().flat_map(|policy| of(policy).as_array().unwrap().clone());
        statements
            .flat_map(|s| s["Action"].as_array().unwrap().iter().map(|a| a.as_str().unwrap().to_owned()).collect::<Vec<_>>())
            .collect()
    };
    for (role, run) in [("PlanRole", "plan"), ("ApplyRole", "apply")] {
        let printed: Value = serde_json::from_slice(&repository.overlord(&["doctor", "--policy", run]).stdout).unwrap();
        let told = printed["Statement"].as_array().unwrap().iter();
        let told: BTreeSet<String> =
            told.flat_map(|s| s["Action"].as_array().unwrap().iter().map(|a| a.as_str().unwrap().to_owned()).collect::<Vec<_>>()).collect();
        assert_eq!(actions(role), told, "{role}");
    }
    let reads = |action: &str| {
        ["List", "Describe", "Get", "Lookup", "Search", "AssumeRole"].iter().any(|read| action.split(':').nth(1).unwrap().starts_with(read))
    };
    let writes: Vec<String> = actions("PlanRole").into_iter().filter(|action| !reads(action)).collect();
    assert_eq!(writes, Vec::<String>::new());
    let trust = |role: &str| resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"].clone();
    let subjects = trust("ApplyRole")["StringLike"]["token.actions.githubusercontent.com:sub"].clone();
    assert_eq!(subjects, serde_json::json!([{"Fn::Sub": "repo:${Repository}:environment:production"}]));
    for (name, resource) in resources.iter().filter(|(_, resource)| resource["Type"] == "AWS::IAM::ManagedPolicy") {
        let size = resource["Properties"]["PolicyDocument"].to_string().chars().count();
        assert!(size <= 6_144, "{name} has {size} characters");
    }
}

/// A pull request, its merge, and nights after it.
#[test]
fn every_script_of_the_workflows_of_github_runs() {
    let repository = Repository::of(SMALL, "github");
    let server = SandboxServer::start(&[]);
    let run =
        |name: &str, job: &str, answers: Value| repository.run(&server, &format!(".github/workflows/overlord-{name}.yml"), job, &answers);
    let calls = |ran: &Value| ran["gh"].as_array().unwrap().iter().map(|call| call.as_str().unwrap().to_owned()).collect::<Vec<_>>();

    let first = run("plan", "plan", serde_json::json!({}));
    assert!(first["summary"].as_str().unwrap().contains("## overlord plan") && first["outputs"]["plan.status"] == "2", "{first:#}");
    assert!(calls(&first)[1].starts_with("api --method POST repos/o/r/issues/7/comments --field body=@comment.md"), "{first:#}");
    let comment = fs::read_to_string(repository.path("comment.md")).unwrap();
    assert!(comment.starts_with("<!-- overlord plan -->\n## overlord plan"));
    let again = run("plan", "plan", serde_json::json!({"api repos/o/r/issues/7/comments": "99\n"}));
    assert!(calls(&again)[1].starts_with("api --method PATCH repos/o/r/issues/comments/99 "), "{again:#}");

    let drifted = run("drift", "drift", serde_json::json!({}));
    assert!(calls(&drifted).iter().any(|call| call.starts_with("issue create ")), "{drifted:#}");
    let known = run("drift", "drift", serde_json::json!({"issue list": "5\n"}));
    assert!(calls(&known).iter().any(|call| call.starts_with("issue edit 5 --body-file drift.md")), "{known:#}");

    assert_eq!(run("apply", "plan", serde_json::json!({}))["outputs"]["plan.status"], "2");
    let applied = run("apply", "apply", serde_json::json!({}));
    assert!(applied["summary"].as_str().unwrap().contains("overlord apply"), "{applied:#}");
    assert_eq!(run("apply", "plan", serde_json::json!({}))["outputs"]["plan.status"], "0");

    let clean = run("drift", "drift", serde_json::json!({"issue list": "5\n"}));
    assert!(calls(&clean).iter().any(|call| call.starts_with("issue close 5 ")), "{clean:#}");
    let quiet = run("drift", "drift", serde_json::json!({}));
    assert_eq!(calls(&quiet).len(), 1, "{quiet:#}");
    // What is wrong fails the job, after it was told.
    fs::write(repository.path("org.toml"), "nonsense").unwrap();
    assert_eq!(run("plan", "plan", serde_json::json!({}))["failed"], "Result");
    assert_eq!(run("drift", "drift", serde_json::json!({}))["failed"], "Look");
}

#[test]
fn every_script_of_gitlab_and_cron_runs() {
    let repository = Repository::of(SMALL, "gitlab");
    let server = SandboxServer::start(&[]);
    let run = |job: &str| repository.run(&server, "ci/overlord.yml", job, &Value::Null);
    assert_eq!(run("overlord plan")["failed"], Value::Null);
    assert_eq!(run("overlord drift")["failed"], "overlord drift", "findings fail the job");
    assert!(fs::read_to_string(repository.path("drift.xml")).unwrap().contains("<failure "));
    assert_eq!(run("overlord saved plan")["failed"], Value::Null);
    assert_eq!(run("overlord apply")["failed"], Value::Null);
    assert_eq!(run("overlord drift")["failed"], Value::Null);

    let cron = Repository::of(SMALL, "cron");
    let night = |path: &Path| {
        let binary = Path::new(env!("CARGO_BIN_EXE_overlord")).parent().unwrap();
        let paths = std::env::join_paths([binary.to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())));
        server.client("sh").arg("ci/drift.sh").env("PATH", paths.unwrap()).current_dir(path).output().unwrap()
    };
    let quiet = night(cron.0.path());
    assert!(quiet.status.success() && quiet.stdout.is_empty(), "{}", show(&quiet));
    fs::write(cron.path("org.toml"), SMALL.replace("[ou.work]", "[ou.work]\n[ou.play]")).unwrap();
    let told = night(cron.0.path());
    assert_eq!((told.status.code(), String::from_utf8_lossy(&told.stdout).lines().count()), (Some(2), 1), "{}", show(&told));
}

#[test]
fn nothing_is_written_over() {
    let repository = Repository::of(SMALL, "github");
    let again = repository.overlord(&["init", "ci", "--for", "github"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already; nothing was written"), "{}", show(&again));
    assert!(repository.overlord(&["init", "ci", "--for", "github", "--force"]).status.success());
    assert!(repository.overlord(&["init", "ci", "--for", "github", "--out", "elsewhere"]).status.success());
    assert!(repository.path("elsewhere/.github/workflows/overlord-plan.yml").exists());
}
