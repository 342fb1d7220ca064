//! `overlord init ci`: every file that it writes is held to the linters and schemas of who reads it, and every step in them that is a script
//! is run, against the sandbox.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{SandboxServer, copy, project, python, show};
use serde_json::Value;

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
        Self::with(org_toml, platform, &[])
    }

    fn with(org_toml: &str, platform: &str, options: &[&str]) -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        fs::write(repository.path("org.toml"), org_toml).unwrap();
        copy(&project("policies"), &repository.path("policies"));
        let made = repository.overlord(&[&["init", "ci", "--for", platform, "--format", "json"], options].concat());
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
        crate::support::client_of("http://127.0.0.1:1", env!("CARGO_BIN_EXE_overlord"))
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

    /// A folder with what stands for an engine of containers, under that name, and with the program that its image has.
    fn engine(&self, name: &str) -> PathBuf {
        let folder = self.path("engine");
        fs::create_dir_all(folder.join("image")).unwrap();
        let script = format!("#!/bin/sh\nexec {} {} \"$@\"\n", python().display(), project("tests/workflows/engine.py").display());
        fs::write(folder.join(name), script).unwrap();
        fs::set_permissions(folder.join(name), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let program = folder.join("image/overlord");
        if !program.exists() {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_overlord"), program).unwrap();
        }
        folder
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
    repository.passes("cfn-lint", &["ci/roles.json", "ci/member-role.json"]);
    let manual = Repository::with(SMALL, "github", &["--apply", "manual"]);
    let file = ".github/workflows/overlord-apply.yml";
    manual.passes("check-jsonschema", &["--builtin-schema", "vendor.github-workflows", file]);
    manual.passes("zizmor", ZIZMOR);
    manual.passes("cfn-lint", &["ci/roles.json"]);
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

/// Actions that run on Node 24, by the commits of their releases, as their repositories have them on 2026-12-01.
const ACTIONS: [&str; 4] = [
    "actions/checkout@d23441a48e516b6c34aea4fa41551a30e30af803 # v6.1.0",
    "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
    "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0",
    "aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3",
];

#[test]
fn actions_are_pinned_to_releases_that_run_on_node_24() {
    for trigger in ["merge", "manual"] {
        let repository = Repository::with(SMALL, "github", &["--apply", trigger]);
        let mut used = BTreeSet::new();
        for name in ["plan", "apply", "drift"] {
            let text = fs::read_to_string(repository.path(&format!(".github/workflows/overlord-{name}.yml"))).unwrap();
            used.extend(text.lines().filter_map(|line| line.trim_start().strip_prefix("- uses: ")).map(str::to_owned));
        }
        assert!(used.remove("./.github/actions/overlord"));
        assert_eq!(used.into_iter().collect::<Vec<_>>(), ACTIONS);
    }
}

/// The policies of a role in a template, as one.
fn policy_of(template: &Value, role: &str) -> Value {
    let resources = &template["Resources"];
    let policies = resources[role]["Properties"]["ManagedPolicyArns"].as_array().unwrap().iter();
    let of = |policy: &Value| resources[policy["Ref"].as_str().unwrap()]["Properties"]["PolicyDocument"]["Statement"].clone();
    let statements: Vec<Value> = policies.flat_map(|policy| of(policy).as_array().unwrap().clone()).collect();
    serde_json::json!({ "Version": "2012-10-17", "Statement": statements })
}

fn read(repository: &Repository, file: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(repository.path(file)).unwrap()).unwrap()
}

/// Each role has the policy that `doctor` prints for it. That the one which plans can write nothing, `src/ci/tests.rs` proves.
#[test]
fn roles_are_the_least() {
    let networks = fs::read_to_string(project("org.toml")).unwrap();
    let named = networks.replacen("[organization]\n", "[organization]\nplan_role = \"overlord-read\"\n", 1);
    let repository = Repository::of(&named, "github");
    let template = read(&repository, "ci/roles.json");
    let resources = template["Resources"].as_object().unwrap();
    for (role, run) in [("PlanRole", "plan"), ("ApplyRole", "apply")] {
        let printed: Value = serde_json::from_slice(&repository.overlord(&["doctor", "--policy", run]).stdout).unwrap();
        assert_eq!(policy_of(&template, role), printed, "{role}");
    }
    for (name, resource) in resources.iter().filter(|(_, resource)| resource["Type"] == "AWS::IAM::ManagedPolicy") {
        let size = resource["Properties"]["PolicyDocument"].to_string().chars().count();
        assert!(size <= 6_144, "{name} has {size} characters");
    }
}

/// Where org.toml names a role for plans in members, who plans can enter them by that one alone, and it reads.
#[test]
fn the_role_of_plans_in_members_reads_and_is_the_only_one_that_plans_assume() {
    let with_network = r#"
external_id = "secret-of-ours"
plan_role = "overlord-read"
regions = ["eu-west-1"]
"#;
    let org_toml = SMALL.replacen("home_region = \"eu-west-1\"\n", &format!("home_region = \"eu-west-1\"{with_network}"), 1);
    for platform in ["github", "cron"] {
        let repository = Repository::of(&org_toml, platform);
        repository.passes("cfn-lint", &["ci/member-role.json"]);
        let read = |file: &str| -> Value { serde_json::from_str(&fs::read_to_string(repository.path(file)).unwrap()).unwrap() };
        let template = read("ci/member-role.json");
        let printed = repository.overlord(&["doctor", "--policy", "plan", "--for", "access-role"]);
        let printed: Value = serde_json::from_slice(&printed.stdout).unwrap();
        assert_eq!(template["Resources"]["Policy1"]["Properties"]["PolicyDocument"]["Statement"], printed["Statement"]);
        let actions = printed["Statement"].as_array().unwrap().iter().flat_map(|statement| statement["Action"].as_array().unwrap());
        for action in actions.map(|action| action.as_str().unwrap().split_once(':').unwrap().1) {
            assert!(["Describe", "Get", "List", "Lookup", "Select"].iter().any(|read| action.starts_with(read)), "{action}");
        }
        let trust = &template["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0];
        assert_eq!(trust["Condition"]["StringEquals"]["sts:ExternalId"], "secret-of-ours");
        assert!(trust["Principal"]["AWS"]["Fn::Sub"].as_str().unwrap().contains(":111111111111:root"), "{trust}");
        for (run, role) in [("plan", "overlord-read"), ("apply", "OrganizationAccountAccessRole")] {
            let printed: Value = serde_json::from_slice(&repository.overlord(&["doctor", "--policy", run]).stdout).unwrap();
            let entries = printed["Statement"].as_array().unwrap().iter().filter(|statement| statement["Action"][0] == "sts:AssumeRole");
            let roles: Vec<&str> = entries.map(|statement| statement["Resource"].as_str().unwrap().rsplit('/').next().unwrap()).collect();
            assert_eq!(roles, [role], "{run}");
        }
        assert_eq!(repository.path("ci/roles.json").exists(), platform == "github");
    }
    assert!(!Repository::of(SMALL, "github").path("ci/member-role.json").exists(), "nothing is read in members");
}

/// With the policies of the generated roles, the sandbox lets plans read and lets them change nothing.
#[test]
fn the_role_that_plans_is_refused_every_change_by_the_sandbox() {
    let repository = Repository::of(SMALL, "github");
    let template = read(&repository, "ci/roles.json");
    for (role, file) in [("PlanRole", "plan.policy.json"), ("ApplyRole", "apply.policy.json")] {
        fs::write(repository.path(file), policy_of(&template, role).to_string()).unwrap();
    }
    let as_role = |role: &str, arguments: &[&str]| {
        let weather = format!("caller-policy={role}.policy.json");
        repository.overlord(&[&["--sandbox", "--weather", &weather], arguments].concat())
    };
    assert_eq!(as_role("plan", &["plan"]).status.code(), Some(2));
    let refused = as_role("plan", &["apply", "--yes"]);
    assert!(
        refused.status.code() == Some(1) && show(&refused).contains("organizations:CreateOrganization was refused"),
        "{}",
        show(&refused)
    );
    assert_eq!(as_role("apply", &["apply", "--yes"]).status.code(), Some(0));
    assert_eq!(as_role("plan", &["drift"]).status.code(), Some(0));
    assert_eq!(as_role("plan", &["doctor"]).status.code(), Some(0));
}

/// A merge that saves a plan, and somebody who applies that plan by hand.
#[test]
fn every_script_of_the_manual_apply_of_github_runs() {
    let repository = Repository::with(SMALL, "github", &["--apply", "manual"]);
    let server = SandboxServer::start(&[]);
    let run = |job: &str, answers: Value| repository.run(&server, ".github/workflows/overlord-apply.yml", job, &answers);
    let planned = run("plan", serde_json::json!({}));
    assert_eq!((&planned["failed"], &planned["outputs"]["plan.status"]), (&Value::Null, &Value::from("2")), "{planned:#}");
    assert!(planned["summary"].as_str().unwrap().contains("gh workflow run overlord-apply.yml --field run=12"), "{planned:#}");
    let of = |origin: &str| serde_json::json!({ "api repos/o/r/actions/runs/12": format!("{origin}\n") });
    for origin in [
        ".github/workflows/evil.yml main o/r",
        ".github/workflows/overlord-apply.yml evil o/r",
        ".github/workflows/overlord-apply.yml main evil/r",
        "",
    ] {
        assert_eq!(run("apply", of(origin))["failed"], "Find", "{origin}");
    }
    let applied = run("apply", of(".github/workflows/overlord-apply.yml main o/r"));
    assert!(applied["failed"].is_null() && applied["summary"].as_str().unwrap().contains("overlord apply"), "{applied:#}");
    let refused = Repository::of(SMALL, "gitlab").overlord(&["init", "ci", "--for", "gitlab", "--apply", "manual", "--force"]);
    assert!(refused.status.code() == Some(1) && show(&refused).contains("`--apply` is for GitHub only"), "{}", show(&refused));
}

/// The comment shows the mistakes, and the annotations their lines. Where overlord prints nothing, the last comment stays.
#[test]
fn a_mistake_in_a_pull_request_is_told_in_the_comment_and_on_its_line() {
    let repository = Repository::of(SMALL, "github");
    let server = SandboxServer::start(&[]);
    let plan = || {
        repository.run(
            &server,
            ".github/workflows/overlord-plan.yml",
            "plan",
            &serde_json::json!({"api repos/o/r/issues/7/comments": "99\n"}),
        )
    };
    let calls = |ran: &Value| ran["gh"].as_array().unwrap().iter().map(|call| call.as_str().unwrap().to_owned()).collect::<Vec<_>>();
    fs::write(repository.path("org.toml"), SMALL.replace("ou = \"work\"", "ou = \"wrok\"")).unwrap();
    let wrong = plan();
    assert_eq!(wrong["failed"], "Result", "{wrong:#}");
    assert!(wrong["printed"].as_str().unwrap().contains("::error file=org.toml,line=12,col=6,title=unknown-ou::"), "{wrong:#}");
    assert!(calls(&wrong).iter().any(|call| call.starts_with("api --method PATCH repos/o/r/issues/comments/99 ")), "{wrong:#}");
    let comment = fs::read_to_string(repository.path("comment.md")).unwrap();
    assert!(comment.starts_with("<!-- overlord plan -->\n## overlord") && comment.contains("--> org.toml:12:6"), "{comment}");
    assert!(wrong["summary"].as_str().unwrap().contains("`wrok`"), "{wrong:#}");
    // What AWS refuses is told as well.
    fs::write(repository.path("org.toml"), SMALL.replace("111111111111", "222222222222")).unwrap();
    let refused = plan();
    let comment = fs::read_to_string(repository.path("comment.md")).unwrap();
    assert!(refused["failed"] == "Result" && comment.contains("## overlord: error") && comment.contains("222222222222"), "{comment}");
    // A program that dies without a word.
    let bin = repository.path("bin/overlord");
    fs::remove_file(&bin).unwrap();
    fs::write(&bin, "#!/bin/sh\nexit 101\n").unwrap();
    fs::set_permissions(&bin, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let silent = plan();
    assert_eq!((&silent["failed"], calls(&silent)), (&Value::from("Result"), Vec::new()), "{silent:#}");
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
    fs::write(repository.path("org.toml"), SMALL.replace("ou = \"work\"", "ou = \"wrok\"")).unwrap();
    assert_eq!(run("overlord plan")["failed"], "overlord plan");
    assert!(fs::read_to_string(repository.path("plan.md")).unwrap().contains("--> org.toml:12:6"));
    let quality: Value = serde_json::from_str(&fs::read_to_string(repository.path("quality.json")).unwrap()).unwrap();
    assert_eq!(quality[0]["location"], serde_json::json!({"path": "org.toml", "lines": {"begin": 12}}), "{quality:#}");
    fs::write(repository.path("org.toml"), SMALL).unwrap();
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

/// The action takes the program out of the image, and puts it on the path.
#[test]
fn the_action_of_github_puts_the_program_of_the_image_on_the_path() {
    let repository = Repository::of(SMALL, "github");
    let (engine, runner) = (repository.engine("docker"), repository.path("runner"));
    fs::create_dir(&runner).unwrap();
    let script = "import sys, yaml; [step] = yaml.safe_load(open(sys.argv[1]))['runs']['steps']; print(step['run'])";
    let script =
        Command::new(python()).args(["-c", script, ".github/actions/overlord/action.yml"]).current_dir(repository.0.path()).output();
    let script = String::from_utf8(script.unwrap().stdout).unwrap();
    let path = format!("{}:{}", engine.display(), std::env::var("PATH").unwrap());
    let ran = Command::new("bash")
        .args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", &script])
        .envs([("PATH", path.as_str()), ("IMAGE", "registry.example.org/overlord@sha256:1")])
        .env("ENGINE_IMAGE", engine.join("image"))
        .env("RUNNER_TEMP", &runner)
        .env("GITHUB_PATH", runner.join("path"))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", show(&ran));
    let folder = fs::read_to_string(runner.join("path")).unwrap();
    let version = Command::new(Path::new(folder.trim_end()).join("overlord")).arg("--version").output().unwrap();
    assert!(version.stdout.starts_with(b"overlord "), "{}", show(&version));
}

/// A night of cron: its line, as it stands, but for where the repository and the credentials are.
#[test]
fn the_line_of_the_crontab_runs() {
    let repository = Repository::of(SMALL, "cron");
    let server = SandboxServer::start(&[]);
    let (engine, crontab) = (repository.engine("podman"), fs::read_to_string(repository.path("ci/crontab")).unwrap());
    let line = crontab.lines().find(|line| line.starts_with(|c: char| c.is_ascii_digit())).unwrap();
    let command = line.splitn(6, ' ').last().unwrap();
    let credentials = repository.path("overlord.env");
    let client = server.client("sh");
    let variables = client.get_envs().filter_map(|(name, value)| Some(format!("{}={}\n", name.to_str()?, value?.to_str()?)));
    fs::write(&credentials, variables.collect::<String>()).unwrap();
    let command = command.replace("/srv/organization:", &format!("{}:", repository.0.path().display()));
    let command = command.replace("/etc/overlord.env", credentials.to_str().unwrap());
    let night = || {
        let path = format!("{}:/usr/bin:/bin", engine.display());
        // Cron hands on what the crontab sets, and nothing else.
        Command::new("sh")
            .args(["-c", &command])
            .env_clear()
            .envs([("PATH", path.as_str()), ("OVERLORD_IMAGE", "registry.example.org/overlord")])
            .env("ENGINE_IMAGE", engine.join("image"))
            .output()
            .unwrap()
    };
    let told = night();
    assert!(!told.stdout.is_empty() && told.status.code() == Some(2), "nothing is there yet: {}", show(&told));
    let applied = server.client(env!("CARGO_BIN_EXE_overlord")).args(["apply", "--yes"]).current_dir(repository.0.path()).output().unwrap();
    assert!(applied.status.success(), "{}", show(&applied));
    let quiet = night();
    assert!(quiet.status.success() && quiet.stdout.is_empty(), "{}", show(&quiet));
}

/// But for the versions of Debian's packages, which Debian takes away when there are newer ones.
#[test]
fn the_image_definition_is_what_a_linter_wants() {
    for platform in ["github", "gitlab", "cron"] {
        let repository = Repository::of(SMALL, platform);
        repository.passes("hadolint", &["--no-color", "--ignore", "DL3008", "ci/Containerfile"]);
        let definition = fs::read_to_string(repository.path("ci/Containerfile")).unwrap();
        // The command in its remarks names its arguments, and gives each a value.
        let arguments: BTreeSet<&str> = definition.lines().filter_map(|line| line.strip_prefix("ARG ")).collect();
        let command = definition.lines().find(|line| line.starts_with("#   podman build")).unwrap();
        let given: BTreeSet<&str> = command.split("--build-arg ").skip(1).map(|given| given.split('=').next().unwrap()).collect();
        assert_eq!((given, command.contains("--file ci/Containerfile ")), (arguments, true));
        // It can fail.
        fs::write(repository.path("ci/Containerfile"), definition.replace("WORKDIR /work", "WORKDIR work")).unwrap();
        assert!(!repository.tool("hadolint", &["--ignore", "DL3008", "ci/Containerfile"]).status.success());
    }
}

#[test]
fn nothing_is_written_over() {
    let repository = Repository::of(SMALL, "github");
    let again = repository.overlord(&["init", "ci", "--for", "github"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("already exists; nothing was written"), "{}", show(&again));
    assert!(repository.overlord(&["init", "ci", "--for", "github", "--force"]).status.success());
    assert!(repository.overlord(&["init", "ci", "--for", "github", "--out", "elsewhere"]).status.success());
    assert!(repository.path("elsewhere/.github/workflows/overlord-plan.yml").exists());
}
