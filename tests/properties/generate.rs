//! Random configurations: as org.toml and policy files, so that the whole road is walked, not a part of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use overlord::config::{self, Files};
use overlord::resource::Desired;
use overlord::sandbox::World;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::pipeline::MANAGEMENT;

/// One random configuration. Keys are numbered, so that two of them share some: the second is an edit of the first.
#[derive(Debug, Clone)]
pub struct Case {
    ous: Vec<Ou>,
    policies: Vec<Policy>,
    accounts: Vec<Account>,
    /// Accounts that others made, by number: outside of the organization until their owners accept.
    guests: Vec<Guest>,
    /// Which account, by number, administers a service.
    delegated: Option<usize>,
    /// Which OU, by number, new accounts wait in.
    quarantine: Option<usize>,
}

#[derive(Debug, Clone)]
struct Ou {
    moved: bool,
    parent: usize,
    renamed: u8,
    policies: Option<Vec<usize>>,
    tags: u8,
}

#[derive(Debug, Clone)]
struct Policy {
    moved: bool,
    kind: u8,
    version: u8,
    renamed: u8,
    described: bool,
}

#[derive(Debug, Clone)]
struct Account {
    moved: bool,
    ou: usize,
    renamed: u8,
    policies: Option<Vec<usize>>,
    tags: u8,
    /// Which e-mail it has, and which contact; no contact for 0.
    email: u8,
    contact: u8,
    /// Whether it is to be closed.
    closes: bool,
}

#[derive(Debug, Clone)]
struct Guest {
    standing: GuestStanding,
    ou: usize,
    policies: Option<Vec<usize>>,
    tags: u8,
}

/// What org.toml says of an account that others made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GuestStanding {
    Unnamed,
    Invited,
    Removed,
}

/// So many accounts outside there are in [`outside`].
const GUESTS: usize = 2;
/// An account with a lower number may administer a service.
const ADMINISTRATORS: usize = 2;

/// A world before its first run: no organization, and the accounts that others made.
pub fn outside() -> World {
    let mut world = World::new(MANAGEMENT);
    (0..GUESTS).for_each(|i| world.add_outsider(&guest(i), &format!("guest {i}"), &format!("g{i}@example.net")));
    world
}

fn guest(i: usize) -> String {
    format!("90000000000{i}")
}

/// Random configurations, small enough to be tried by the hundred.
pub fn cases() -> impl Strategy<Value = Case> {
    let set = || option::of(vec(0..6usize, 0..4));
    let moved = || prop::bool::weighted(0.25);
    let ou = (moved(), 0..8usize, 0..3u8, set(), 0..3u8).prop_map(|(moved, parent, renamed, policies, tags)| Ou {
        moved,
        parent,
        renamed,
        policies,
        tags,
    });
    let policy = (moved(), 0..4u8, 0..3u8, 0..2u8, any::<bool>()).prop_map(|(moved, kind, version, renamed, described)| Policy {
        moved,
        kind,
        version,
        renamed,
        described,
    });
    let attributes = (prop::bool::weighted(0.1), 0..3u8, prop::bool::weighted(0.2));
    let account = (moved(), 0..8usize, 0..2u8, set(), 0..3u8, attributes).prop_map(
        |(moved, ou, renamed, policies, tags, (email, contact, closes))| Account {
            moved,
            ou,
            renamed,
            policies,
            tags,
            email: u8::from(email),
            contact,
            closes,
        },
    );
    let standing = prop::sample::select(vec![GuestStanding::Unnamed, GuestStanding::Invited, GuestStanding::Removed]);
    let guest = (standing, 0..8usize, set(), 0..3u8).prop_map(|(standing, ou, policies, tags)| Guest { standing, ou, policies, tags });
    let places = (option::of(0..ADMINISTRATORS), option::of(0..6usize));
    (vec(ou, 0..6), vec(policy, 0..5), vec(account, 0..6), vec(guest, GUESTS), places).prop_map(
        |(ous, policies, accounts, guests, (delegated, quarantine))| Case { ous, policies, accounts, guests, delegated, quarantine },
    )
}

/// What a case asks for.
pub fn desired(case: &Case) -> Desired {
    load(&case.toml(), &case.files())
}

/// Loads org.toml and policy files through the real configuration code.
pub fn load(toml: &str, files: &BTreeMap<String, String>) -> Desired {
    let read = |path: &Path| {
        let name = path.to_string_lossy();
        files.get(name.as_ref()).map(|t| t.clone().into_bytes()).ok_or_else(|| std::io::Error::other(format!("no {name}")))
    };
    match config::load_with(Path::new("org.toml"), Ok(toml.as_bytes().to_vec()), &Files::new("", &read)) {
        Ok(loaded) => loaded.desired,
        Err(diagnostics) => {
            let text = overlord::render::diagnostic::render(&diagnostics, overlord::render::Style::default());
            panic!("a generated configuration is refused:\n{toml}\n{text}")
        }
    }
}

impl Case {
    /// The same with nobody invited: whom an owner has not answered yet is not as org.toml says, and rightly found.
    pub fn uninvited(mut self) -> Self {
        self.guests.iter_mut().filter(|it| it.standing == GuestStanding::Invited).for_each(|it| it.standing = GuestStanding::Unnamed);
        self
    }

    /// org.toml.
    pub fn toml(&self) -> String {
        let mut out = format!(
            "[organization]\nmanagement_account = \"{MANAGEMENT}\"\n\
             trusted_services = [\"account.amazonaws.com\", \"config.amazonaws.com\"]\n"
        );
        if let Some(i) = self.administrator() {
            let _ = writeln!(out, "delegated_administrators = {{ \"config.amazonaws.com\" = \"{}\" }}", self.account(i));
        }
        if let Some(drawn) = self.quarantine.filter(|_| !self.ous.is_empty()) {
            let _ = writeln!(out, "quarantine = \"{}\"", self.ou(drawn % self.ous.len()));
        }
        out.push_str("[limits]\naccounts = 100\n");
        for (i, ou) in self.ous.iter().enumerate() {
            let _ = writeln!(out, "[ou.{}]\nname = \"o{i} {}\"", self.ou(i), ou.renamed);
            if let Some(parent) = self.parent(i) {
                let _ = writeln!(out, "parent = \"{}\"", self.ou(parent));
            }
            self.set(&mut out, &ou.policies);
            tags(&mut out, ou.tags);
        }
        for (i, policy) in self.policies.iter().enumerate() {
            let _ = writeln!(out, "[policy.{}]\nname = \"p{i}-{}\"\ntype = \"{}\"", self.policy(i), policy.renamed, policy.kind());
            if policy.described {
                let _ = writeln!(out, "description = \"the {i}th\"");
            }
        }
        for (i, account) in self.accounts.iter().enumerate() {
            let _ = writeln!(out, "[account.{}]\nname = \"a-{}\"", self.account(i), account.renamed);
            let _ = match account.email {
                0 => writeln!(out, "email = \"a{i}@example.org\""),
                other => writeln!(out, "email = \"a{i}+{other}@example.org\""),
            };
            self.place(&mut out, account.ou);
            tags(&mut out, account.tags);
            match self.closes(i) {
                true => out.push_str("close = true\n"),
                false => self.set(&mut out, &account.policies),
            }
            if account.contact > 0 {
                let phone = account.contact;
                let _ = writeln!(
                    out,
                    "contacts.billing = {{ name = \"{{account}}\", title = \"t\", email = \"b@example.org\", phone = \"{phone}\" }}"
                );
            }
        }
        self.guests(&mut out);
        self.moves(&mut out);
        out
    }

    fn guests(&self, out: &mut String) {
        for (i, it) in self.guests.iter().enumerate().filter(|(_, it)| it.standing != GuestStanding::Unnamed) {
            let _ = writeln!(out, "[account.g{i}]\nid = \"{}\"", guest(i));
            self.place(out, it.ou);
            tags(out, it.tags);
            if it.standing == GuestStanding::Removed {
                out.push_str("removed = true\n");
            } else {
                out.push_str("invite = true\n");
                self.set(out, &it.policies);
            }
        }
    }

    fn place(&self, out: &mut String, drawn: usize) {
        let _ = match self.ous.len() {
            0 => writeln!(out, "ou = \"root\""),
            n => writeln!(out, "ou = \"{}\"", self.ou(drawn % n)),
        };
    }

    fn administrator(&self) -> Option<usize> {
        self.delegated.filter(|_| !self.accounts.is_empty()).map(|drawn| drawn % self.accounts.len())
    }

    /// One that may have been an administrator is closed only where another has become it: AWS closes none that is.
    fn closes(&self, i: usize) -> bool {
        self.accounts[i].closes && self.administrator() != Some(i) && (i >= ADMINISTRATORS || self.administrator().is_some())
    }

    /// The accounts that it wants and that an apply to an empty world makes.
    pub fn made(&self) -> Vec<String> {
        (0..self.accounts.len()).filter(|i| !self.closes(*i)).map(|i| self.account(i)).collect()
    }

    fn moves(&self, out: &mut String) {
        let ous = self.ous.iter().map(|ou| ("ou", "o", ou.moved)).enumerate();
        let policies = self.policies.iter().map(|policy| ("policy", "p", policy.moved)).enumerate();
        let accounts = self.accounts.iter().map(|account| ("account", "a", account.moved)).enumerate();
        for (i, (kind, letter, _)) in ous.chain(policies).chain(accounts).filter(|(_, (_, _, moved))| *moved) {
            let _ = writeln!(out, "[[moved]]\nfrom = \"{kind}.{letter}{i}\"\nto = \"{kind}.{letter}{i}-moved\"");
        }
    }

    fn ou(&self, i: usize) -> String {
        key("o", i, self.ous[i].moved)
    }

    fn policy(&self, i: usize) -> String {
        key("p", i, self.policies[i].moved)
    }

    fn account(&self, i: usize) -> String {
        key("a", i, self.accounts[i].moved)
    }

    /// The policy files by path.
    pub fn files(&self) -> BTreeMap<String, String> {
        self.policies.iter().enumerate().map(|(i, p)| (format!("policies/{}.json", self.policy(i)), p.document(i))).collect()
    }

    /// The OU above, at most five levels deep.
    fn parent(&self, i: usize) -> Option<usize> {
        let parent = self.ous.get(i)?.parent;
        (parent < i && self.depth(parent) < 5).then_some(parent)
    }

    fn depth(&self, i: usize) -> usize {
        1 + self.parent(i).map_or(0, |parent| self.depth(parent))
    }

    /// A set that always allows: with FullAWSAccess, and what else was drawn.
    fn set(&self, out: &mut String, policies: &Option<Vec<usize>>) {
        let Some(drawn) = policies else { return };
        let drawn: BTreeSet<usize> = drawn.iter().filter(|_| !self.policies.is_empty()).map(|p| p % self.policies.len()).collect();
        let mut names: Vec<String> = drawn.iter().map(|i| self.policy(*i)).collect();
        // An SCP of the kind that allows may stand in for FullAWSAccess.
        if !drawn.iter().any(|i| self.policies[*i].kind == 0 && self.policies[*i].version == 2) {
            names.push("FullAWSAccess".to_owned());
        }
        let _ = writeln!(out, "policies = {names:?}");
    }
}

impl Policy {
    fn kind(&self) -> &'static str {
        match self.kind {
            0 | 1 => "scp",
            2 => "tag",
            _ => "rcp",
        }
    }

    /// A small document that its type takes, different for each version.
    fn document(&self, i: usize) -> String {
        match (self.kind, self.version) {
            (0, 2) => format!(r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"A{i}","Effect":"Allow","Action":"*","Resource":"*"}}]}}"#),
            (0 | 1, v) => format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"D{i}V{v}","Effect":"Deny","Action":["sqs:Purge*","s3:Delete{v}"],"Resource":"*"}}]}}"#
            ),
            (2, v) => format!(r#"{{"tags":{{"k{i}v{v}":{{"tag_key":{{"@@assign":"k{i}v{v}"}}}}}}}}"#),
            (_, v) => format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"R{i}V{v}","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}]}}"#
            ),
        }
    }
}

/// The key, or what a `[[moved]]` renames it to.
pub fn key(letter: &str, i: usize, moved: bool) -> String {
    format!("{letter}{i}{}", if moved { "-moved" } else { "" })
}

fn tags(out: &mut String, tags: u8) {
    let _ = match tags {
        0 => Ok(()),
        1 => writeln!(out, "tags = {{ team = \"t\" }}"),
        _ => writeln!(out, "tags = {{ team = \"u\", stage = \"s\" }}"),
    };
}
