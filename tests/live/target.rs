//! What the suite runs against: a real organization, named twice, or a stand-in on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use overlord::aws::operations::{self, Effect};
use serde_json::Value;

use crate::support::{MOTO_ACCOUNT, Moto, SandboxServer, Server, project, python, show};

/// The keys of all that the suite makes begin so. The sweeper deletes nothing else.
pub const PREFIX: &str = "overlord-live-";

/// How far the suite goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Nothing is written.
    Read,
    /// An OU and a policy, undone afterwards.
    Organization,
    /// Networks in the members that are named, undone afterwards.
    Network,
}

/// What the environment says of a live run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub account: String,
    pub config: PathBuf,
    pub tier: Tier,
    pub members: Vec<String>,
    pub record: Option<PathBuf>,
}

/// Reads the environment. `None` without `OVERLORD_LIVE`; an error for everything that is not certainly meant.
pub fn asked(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Asked>, String> {
    let Some(account) = variable("OVERLORD_LIVE") else { return Ok(None) };
    if variable("CI").is_some() {
        return Err("the live suite does not run in CI: unset OVERLORD_LIVE".to_owned());
    }
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("OVERLORD_LIVE is `{account}`; it must be the 12 digits of the management account"));
    }
    let config =
        variable("OVERLORD_LIVE_CONFIG").map(PathBuf::from).ok_or("OVERLORD_LIVE_CONFIG must name the org.toml of that organization")?;
    let tier = match variable("OVERLORD_LIVE_TIER").as_deref() {
        None | Some("read") => Tier::Read,
        Some("organization") => Tier::Organization,
        Some("network") => Tier::Network,
        Some(other) => return Err(format!("OVERLORD_LIVE_TIER is `{other}`; it must be read, organization or network")),
    };
    let members: Vec<String> =
        variable("OVERLORD_LIVE_MEMBERS").iter().flat_map(|list| list.split(',')).map(|key| key.trim().to_owned()).collect();
    if tier == Tier::Network && members.is_empty() {
        return Err("OVERLORD_LIVE_MEMBERS must name the accounts of org.toml that get a network, with commas between".to_owned());
    }
    Ok(Some(Asked { account, config, tier, members, record: variable("OVERLORD_LIVE_RECORD").map(PathBuf::from) }))
}

/// Refuses an org.toml of another organization.
pub fn agrees(account: &str, org_toml: &str) -> Result<(), String> {
    let table: toml::Table = org_toml.parse().map_err(|e| format!("org.toml: {e}"))?;
    let named = table.get("organization").and_then(|o| o.get("management_account")).and_then(toml::Value::as_str);
    match named {
        Some(named) if named == account => Ok(()),
        named => Err(format!("OVERLORD_LIVE is {account}, and org.toml names {}", named.unwrap_or("no management account"))),
    }
}

/// Which side answers.
pub enum Side {
    Aws,
    Sandbox(SandboxServer),
    Moto(Moto),
}

/// A side, and a folder with its org.toml.
pub struct Target {
    side: Side,
    folder: tempfile::TempDir,
    base: String,
    pub account: String,
    pub members: Vec<String>,
    pub record: Option<PathBuf>,
}

impl Target {
    /// The real organization.
    pub fn aws(asked: &Asked) -> Result<Self, String> {
        Self::named(Side::Aws, asked)
    }

    /// A side whose account the environment, org.toml and STS name alike. Nothing was asked of it but whose the credentials are.
    pub fn named(side: Side, asked: &Asked) -> Result<Self, String> {
        let base = fs::read_to_string(&asked.config).map_err(|e| format!("{}: {e}", asked.config.display()))?;
        agrees(&asked.account, &base)?;
        let target = Self::of(side, &base, &asked.account, asked.members.clone());
        let target = Self { record: asked.record.clone(), ..target };
        let policies = asked.config.with_file_name("policies");
        fill(&policies, &target.path("policies"));
        let caller = target.script("live/caller.py", &[]);
        match caller.trim() == asked.account {
            true => Ok(target),
            false => Err(format!("OVERLORD_LIVE is {}, and the credentials are of account {}", asked.account, caller.trim())),
        }
    }

    pub fn sandbox() -> Self {
        Self::stand_in(Side::Sandbox(SandboxServer::start(&[])), "111111111111")
    }

    pub fn moto() -> Self {
        Self::stand_in(Side::Moto(Moto::start()), MOTO_ACCOUNT)
    }

    /// An organization of two members, as somebody has it who runs the suite.
    fn stand_in(side: Side, account: &str) -> Self {
        let base = format!(
            "[organization]\nmanagement_account = \"{account}\"\npolicies = [\"FullAWSAccess\", \"deny-leave\"]\n[ou.work]\n[policy.deny-leave]\n\
             [account.one]\nemail = \"one@example.org\"\nou = \"work\"\n[account.two]\nemail = \"two@example.org\"\nou = \"work\"\n"
        );
        let target = Self::of(side, &base, account, vec!["one".to_owned(), "two".to_owned()]);
        let target = Self { record: Some(target.path("recorded")), ..target };
        fill(&project("policies"), &target.path("policies"));
        target.expect(&["apply", "--yes"], 0);
        target
    }

    fn of(side: Side, base: &str, account: &str, members: Vec<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("org.toml"), base).unwrap();
        fs::create_dir(folder.path().join("policies")).unwrap();
        Self { side, folder, base: base.to_owned(), account: account.to_owned(), members, record: None }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn server(&self) -> Option<&Server> {
        match &self.side {
            Side::Aws => None,
            Side::Sandbox(server) => Some(server),
            Side::Moto(server) => Some(server),
        }
    }

    pub fn is_moto(&self) -> bool {
        matches!(self.side, Side::Moto(_))
    }

    /// A client of that side; on AWS with the surroundings of whoever runs the suite.
    fn client(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = self.server().map_or_else(|| Command::new(&program), |server| server.client(&program));
        command.current_dir(self.folder.path()).env_remove("OVERLORD_CONFIG").stdin(std::process::Stdio::null());
        command
    }

    pub fn script(&self, script: &str, arguments: &[&str]) -> String {
        let output = self.client(python()).arg(project("tests").join(script)).args(arguments).output().unwrap();
        assert!(output.status.success(), "{script} failed: {}", show(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn overlord(&self, arguments: &[&str]) -> Output {
        self.client(env!("CARGO_BIN_EXE_overlord")).args(arguments).output().unwrap()
    }

    pub fn expect(&self, arguments: &[&str], status: i32) -> Output {
        let output = self.overlord(arguments);
        assert_eq!(output.status.code(), Some(status), "overlord {arguments:?}: {}", show(&output));
        output
    }

    /// Writes org.toml: the organization's own, with the keys of a member changed and sections added.
    pub fn configure(&self, in_members: &str, more: &str) {
        let mut org = self.base.clone();
        for member in self.members.iter().filter(|_| !in_members.is_empty()) {
            let section = format!("[account.{member}]\n");
            assert_eq!(org.matches(&section).count(), 1, "org.toml must have the line `{}` once", section.trim());
            org = org.replace(&section, &format!("{section}{in_members}\n"));
        }
        fs::write(self.path("org.toml"), org + more).unwrap();
    }

    /// The sweeper would delete it.
    pub fn has_nothing_of_the_suite(&self) {
        assert!(
            !self.base.contains(PREFIX),
            "refused, nothing was written: org.toml has a key that begins with `{PREFIX}`, which the sweeper deletes"
        );
    }

    /// A plan, as JSON.
    pub fn plan(&self, status: i32) -> Value {
        let output = self.expect(&["plan", "--format", "json"], status);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The home Region of org.toml.
    pub fn region(&self) -> String {
        self.of_organization("home_region", "us-east-1")
    }

    fn of_organization(&self, key: &str, default: &str) -> String {
        let table: toml::Table = self.base.parse().unwrap();
        table["organization"].get(key).and_then(toml::Value::as_str).unwrap_or(default).to_owned()
    }

    /// Deletes what the suite left, and nothing else: `tests/live/sweep.py`.
    pub fn sweep(&self, with_members: bool) -> Vec<String> {
        let members = if with_members { self.members.join(",") } else { String::new() };
        let deleted = self.script(
            "live/sweep.py",
            &[PREFIX, &self.region(), &self.of_organization("access_role", "OrganizationAccountAccessRole"), &members],
        );
        deleted.lines().map(str::to_owned).collect()
    }

    /// The writes in a trace of `overlord --trace`.
    pub fn writes(&self, trace: &str) -> Vec<String> {
        let text = fs::read_to_string(self.path(trace)).unwrap();
        assert!(!text.is_empty(), "{trace} is empty");
        let calls = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let calls = calls.map(|call| (call["service"].as_str().unwrap().to_owned(), call["operation"].as_str().unwrap().to_owned()));
        let writes = calls.filter(|(service, name)| {
            // What is not in the table is of the credential chain.
            operations::lookup(service, name).is_some_and(|operation| operation.effect == Effect::Write)
        });
        writes.map(|(service, name)| format!("{service}:{name}")).collect()
    }
}

/// Copies the files of a folder, and of the folders in it.
fn fill(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else { return };
    fs::create_dir_all(to).unwrap();
    for entry in entries.map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => fill(&entry.path(), &to.join(entry.file_name())),
            false => fs::write(to.join(entry.file_name()), fs::read(entry.path()).unwrap()).unwrap(),
        }
    }
}
