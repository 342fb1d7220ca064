//! The commands that the pages show, in their order, in a folder of the page's own. What says `--sandbox` runs on the sandbox, as it says;
//! everything else meets an AWS over TCP that is the sandbox too. A person is there who consents where `apply` asks.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use overlord::sandbox::World;
use tempfile::TempDir;

use crate::book::pages::{Block, Page, Role, claimed, commands, pages};
use crate::support::{SandboxServer, client_of, copy, project, python, show};

const OVERLORD: &str = env!("CARGO_BIN_EXE_overlord");

/// What there is when a page begins: in its folder, or in AWS.
#[derive(Clone, Copy)]
enum Organization {
    Nothing,
    /// What `overlord init` writes.
    Starter,
    /// The worked example, which takes some seconds for each plan.
    Example,
}

/// The reader's folder, and the AWS of the reader's credentials.
fn setting(page: &str) -> (Organization, Organization) {
    match page {
        "README.md" => (Organization::Example, Organization::Example),
        "docs/worked-example.md" => (Organization::Example, Organization::Nothing),
        "docs/how-to/adopt-an-organization.md" => (Organization::Nothing, Organization::Starter),
        "docs/getting-started.md" | "docs/how-to/first-guard-rail.md" | "docs/how-to/add-a-team.md" | "docs/how-to/connect-vpcs.md" => {
            (Organization::Nothing, Organization::Nothing)
        }
        _ => (Organization::Starter, Organization::Starter),
    }
}

fn must(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", show(&output));
}

fn overlord(folder: &TempDir) -> Command {
    let mut command = client_of("http://127.0.0.1:1", OVERLORD);
    command.current_dir(folder);
    command
}

/// An AWS in which it was applied, and somebody outside of it.
fn world(organization: Organization) -> Option<String> {
    if matches!(organization, Organization::Nothing) {
        return None;
    }
    let folder = folder(organization);
    must(overlord(&folder).args(["apply", "--sandbox", "--yes"]));
    let mut world: World = serde_json::from_slice(&fs::read(folder.path().join(".overlord/sandbox.json")).unwrap()).unwrap();
    world.add_outsider("222222222222", "legacy", "legacy@example.net");
    Some(serde_json::to_string(&world).unwrap())
}

/// Under version control, where there is something.
fn folder(organization: Organization) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    match organization {
        Organization::Nothing => return folder,
        Organization::Starter => must(overlord(&folder).arg("init")),
        Organization::Example => {
            fs::copy(project("org.toml"), folder.path().join("org.toml")).unwrap();
            copy(&project("policies"), &folder.path().join("policies"));
        }
    }
    let person = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
    for arguments in [&["init", "--quiet", "--initial-branch", "main"][..], &["add", "."], &["commit", "--quiet", "--message", "Begin"]] {
        must(Command::new("git").args(person).args(arguments).current_dir(&folder));
    }
    folder
}

/// A folder with the programs that the pages call.
fn programs() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let python = python();
    let program = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let person = project("tests/book/person.py");
    program(
        "overlord",
        &format!(
            "case \" $* \" in *' --yes '*|*' --rehearse '*) ;; *' apply '*|*' invite '*) exec '{}' '{}' '{OVERLORD}' \"$@\" ;; esac\nexec '{OVERLORD}' \"$@\"",
            python.display(),
            person.display()
        ),
    );
    // README.md's first command.
    program("cargo", "[ \"$1 $2\" = 'run --' ] && shift 2 && exec overlord \"$@\"\nexit 64");
    program("aws", &format!("exec '{}' '{}' \"$@\"", python.display(), python.with_file_name("aws").display()));
    folder
}

/// A page as one script. What a command prints and its status go to files that its number names.
fn script(page: &Page, log: &Path) -> (String, Vec<String>) {
    let (mut text, mut ran) = (String::new(), Vec::new());
    let mut step = |command: &str| {
        let place = log.join(ran.len().to_string());
        let place = place.display();
        write!(text, "{{\n{command}\n}} > '{place}.out' 2>&1 < /dev/null\necho $? > '{place}.status'\n").unwrap();
        ran.push(command.to_owned());
    };
    for (number, Block { language, text, role }) in page.blocks.iter().enumerate() {
        let source = log.join(format!("block-{number}"));
        fs::write(&source, text).unwrap();
        let source = source.display();
        match role {
            Role::File(path) => step(&format!("mkdir -p \"$(dirname '{path}')\" && cp '{source}' '{path}'")),
            Role::Append(path) => step(&format!("test -f '{path}' && cat '{source}' >> '{path}'")),
            Role::Below(section) => {
                let header = section.replace('[', "\\[");
                step(&format!("grep -q '^{header}' org.toml && sed -i -e '/^{header}/r {source}' org.toml"));
            }
            Role::Shown if language == "sh" => commands(text).iter().for_each(|command| step(command)),
            Role::Shown | Role::NotRun(_) => {}
        }
    }
    (text, ran)
}

/// What did not come out as the page says.
fn failures(page: &Page, programs: &Path) -> Vec<String> {
    let (here, there) = setting(&page.path);
    let log = tempfile::tempdir().unwrap();
    let (script, ran) = script(page, log.path());
    if ran.is_empty() {
        return Vec::new();
    }
    let (folder, server) = (folder(here), SandboxServer::start_with(world(there).as_deref(), &[]));
    let path = std::env::join_paths([PathBuf::from(programs)].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())));
    let home = tempfile::tempdir().unwrap();
    let mut shell = server.client("bash");
    let shell = shell.args(["-c", &script]).current_dir(folder.path()).env("PATH", path.unwrap()).env("HOME", home.path());
    let output = shell.output().unwrap();
    let read = |number: usize, what: &str| fs::read_to_string(log.path().join(format!("{number}.{what}"))).unwrap_or_default();
    let mut failures: Vec<String> = Vec::new();
    for (number, command) in ran.iter().enumerate() {
        let status = read(number, "status").trim().parse::<i32>().ok();
        if !status.is_some_and(|status| claimed(command).contains(&status)) {
            failures.push(format!("{}: `{command}` ended with {status:?}\n{}", page.path, read(number, "out")));
        }
    }
    if failures.is_empty() && !output.status.success() {
        failures.push(format!("{}: {}", page.path, show(&output)));
    }
    failures
}

#[test]
fn every_command_of_the_pages_does_what_it_says() {
    let (pages, programs) = (pages(), programs());
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let take = || pages.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        std::iter::from_fn(take).flat_map(|page| failures(page, programs.path())).collect::<Vec<_>>()
    };
    let failures: Vec<String> = std::thread::scope(|scope| {
        let workers = [(); 2].map(|()| scope.spawn(work));
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What cannot be run here, and why. Whoever adds to it says so here too.
const NOT_RUN: &[(&str, &str)] = &[
    ("README.md", "builds and runs all tests"),
    ("docs/commands.md", "downloads from AWS"),
    ("docs/commands.md", "changes IAM, which the sandbox does not serve so far"),
    ("docs/emulators.md", "writes files of the project"),
    ("docs/emulators.md", "downloads from PyPI"),
    ("docs/getting-started.md", "builds overlord"),
    ("docs/live.md", "builds and runs a test, on a recording"),
    ("docs/live.md", "needs an organization on AWS"),
    ("docs/sandbox.md", "serves until it is stopped; tests/conformance.rs does the same"),
    ("docs/sandbox.md", "needs Terraform and its provider"),
];

#[test]
fn what_is_not_run_is_known() {
    let mut told = Vec::new();
    for page in pages() {
        for block in page.blocks {
            if let Role::NotRun(reason) = block.role {
                told.push((page.path.clone(), reason));
            } else if !["sh", "text"].contains(&block.language.as_str()) {
                let hidden = block.text.lines().find(|line| line.starts_with("overlord ") || line.starts_with("$ overlord "));
                assert_eq!(hidden, None, "{}: a command in a block that is no shell's is not run", page.path);
            }
        }
    }
    let told: Vec<(&str, &str)> = told.iter().map(|(page, reason)| (page.as_str(), reason.as_str())).collect();
    assert_eq!(told, NOT_RUN);
}
