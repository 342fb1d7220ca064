//! `overlord invite`: from the first invitation to an account that can be worked in.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use overlord::sandbox::World;
use overlord::sandbox::outside::{InvitationState, Obstacle};
use overlord::sandbox::world::FeatureSet;

use crate::cli::case::{Case, Ran};
use crate::support::SandboxServer;

const INVITES: &str = r#"
[organization]
management_account = "111111111111"
home_region = "eu-west-1"
external_id = "corp-4711"
invitation_note = "Welcome, {account}"

[ou.work]

[account.legacy]
id = "222222222222"
invite = true
ou = "work"
[account.old]
email = "old@example.org"
invite = true
ou = "work"
"#;

const ROLE: &str = "OrganizationAccountAccessRole";

/// An organization with the OU, and accounts outside.
fn world() -> World {
    let mut world = World::new("111111111111");
    let root = world.add_organization(FeatureSet::All);
    let ou = world.add_ou(&root, "work");
    world.tags.entry(ou).or_default().insert("overlord:address".to_owned(), "ou.work".to_owned());
    for (id, name) in [("222222222222", "legacy"), ("333333333333", "old"), ("444444444444", "stranger")] {
        world.add_outsider(id, name, &format!("{name}@example.org"));
    }
    world
}

/// A folder with org.toml and such a world.
fn case(edit: impl FnOnce(&mut World)) -> Case {
    let case = Case::new(INVITES);
    let mut world = world();
    edit(&mut world);
    fs::write(case.path("world.json"), serde_json::to_vec(&world).unwrap()).unwrap();
    case
}

impl Case {
    fn invite(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["invite", "--sandbox=world.json"], arguments].concat())
    }

    fn world(&self) -> World {
        serde_json::from_slice(&fs::read(self.path("world.json")).unwrap()).unwrap()
    }

    /// What others do.
    fn meanwhile(&self, edit: impl FnOnce(&mut World)) {
        let mut world = self.world();
        world.reindex();
        edit(&mut world);
        fs::write(self.path("world.json"), serde_json::to_vec(&world).unwrap()).unwrap();
    }
}

/// The handshake of an account's last invitation.
fn handshake(world: &World, account: &str) -> String {
    let its = world.invitations.values().filter(|one| one.account == account);
    its.max_by_key(|one| one.requested_ms).unwrap().id.clone()
}

#[test]
fn an_account_is_invited_and_brought_in_by_the_same_command() {
    let case = case(|_| ());
    let ran = case.invite(&["--account", "legacy", "--yes"]).ends(0);
    let id = handshake(&case.world(), "222222222222");
    for word in [&format!("aws organizations accept-handshake --handshake-id {id}"), "corp-4711", "create-role", "open until 2026-01-16"] {
        assert!(ran.out.contains(word), "{word}\n{}", ran.out);
    }
    let sent = &case.world().invitations[&id];
    assert_eq!((sent.note.as_deref(), sent.tags["overlord:address"].as_str()), (Some("Welcome, legacy"), "account.legacy"));
    // Again: nothing is sent, and nobody has to consent.
    let again = case.invite(&["--account", "222222222222"]).ends(0);
    assert!(again.out.contains("was invited already") && case.world().invitations.len() == 1, "{}", again.out);

    case.meanwhile(|world| world.end_invitation(&id, InvitationState::Accepted, world.clock_ms));
    // It has joined, and its owner made no role yet: it is moved, and the rest is told.
    case.invite(&["--account", "legacy", "--yes"]).ends(3).says(&["1 joined"]);
    let world = case.world();
    let ou = world.ous.values().find(|ou| ou.name == "work").unwrap();
    assert_eq!(world.accounts["222222222222"].parent.as_ref(), Some(&ou.id));
    case.meanwhile(|world| {
        let account = world.accounts.get_mut("222222222222").unwrap();
        account.roles.insert(ROLE.to_owned());
        account.external_ids.insert(ROLE.to_owned(), "corp-4711".to_owned());
    });
    // By an e-mail that org.toml does not tell it is the same account.
    case.invite(&["--account", "legacy@example.org"]).ends(1).says(&["`legacy@example.org` is `account.legacy` of org.toml"]);
    let done = case.invite(&["--account", "legacy"]).ends(0);
    assert!(done.out.contains("overlord can work in it") && done.out.contains("No changes"), "{}", done.out);
}

#[test]
fn without_names_all_that_org_toml_wants_are_invited_and_programs_are_told() {
    let case = case(|_| ());
    let document = case.invite(&["--yes", "--format", "json"]).ends(0).json();
    let accounts = document["invitations"]["accounts"].as_array().unwrap();
    let told: Vec<_> = accounts.iter().map(|one| (one["account"].as_str().unwrap(), one["state"].as_str().unwrap())).collect();
    assert_eq!(told, [("account.legacy", "open"), ("account.old", "open")]);
    assert_eq!(
        accounts[0]["accept"],
        format!("aws organizations accept-handshake --handshake-id {}", accounts[0]["handshake"].as_str().unwrap())
    );
    // The template that owners are given says the same of who is trusted.
    let template = case.run(&["invite", "--template"]).ends(0).out;
    assert_eq!(document["invitations"]["role"]["template"], template.as_str());
    assert!(document["invitations"]["role"]["trust"].as_str().unwrap().contains("arn:aws:iam::111111111111:root"));
}

#[test]
fn nobody_is_invited_without_consent() {
    let case = case(|_| ());
    case.invite(&[]).ends(1).says(&["cannot ask for confirmation"]);
    assert!(case.world().invitations.is_empty());
}

#[test]
fn what_is_not_in_org_toml_is_invited_and_its_section_told() {
    let case = case(|_| ());
    fs::write(case.path("list"), "stranger@example.org   # from the merger\n\nlegacy\n").unwrap();
    let ran = case.invite(&["--from", "list", "--yes", "--note", "Hello"]).ends(0);
    let section = "[account.invited-stranger]\nemail = \"stranger@example.org\"\ninvite = true\nou = \"root\"\n";
    assert!(ran.out.contains(section), "{}", ran.out);
    assert!(case.world().invitations.values().all(|sent| sent.note.as_deref() == Some("Hello")));
    // With the section in it, org.toml asks for nothing more.
    let org = fs::read_to_string(case.path("org.toml")).unwrap();
    fs::write(case.path("org.toml"), format!("{org}\n{}", section.replace("root", "work"))).unwrap();
    case.invite(&["--account", "invited-stranger"]).ends(0);
    assert_eq!(case.world().invitations.len(), 2);
    case.invite(&["--account", "444444444444", "--ou", "nowhere"]).ends(1).says(&["unknown OU `nowhere`"]);
    case.invite(&["--account", "legacy", "--ou", "other"]).ends(1).says(&["org.toml places `account.legacy` in `ou.work`"]);
    case.invite(&["--account", "legcy"]).ends(1).says(&["org.toml has no account `legcy`", "did you mean `legacy`?"]);
    case.invite(&["--from", "gone"]).ends(1).says(&["the list `gone` cannot be read"]);
}

#[test]
fn a_refusal_is_told_and_the_others_are_sent() {
    let case = case(|world| {
        world.external_accounts.get_mut("222222222222").unwrap().obstacle = Some(Obstacle::OrganizationFromDifferentSellerOfRecord);
    });
    let ran = case.invite(&["--yes"]).ends(3);
    assert!(ran.out.contains("another seller of record") && ran.out.contains("HandshakeConstraintViolationException"), "{}", ran.out);
    assert_eq!(case.world().invitations.len(), 1);
    case.invite(&["--yes", "--account", "999999999999"]).ends(1).says(&["1 failed"]);
}

#[test]
fn open_invitations_are_taken_back_and_sent_anew() {
    let case = case(|_| ());
    case.invite(&["--yes"]).ends(0);
    let ran = case.invite(&["--cancel", "--account", "legacy", "--yes"]).ends(0);
    assert!(ran.out.contains("its invitation is canceled") && !ran.out.contains("create-role"), "{}", ran.out);
    let world = case.world();
    assert_eq!(world.invitations[&handshake(&world, "222222222222")].state, InvitationState::Canceled);
    assert_eq!(world.invitations[&handshake(&world, "333333333333")].state, InvitationState::Open);
    case.invite(&["--yes"]).ends(0).says(&["account.legacy: its invitation of 2026-01-01 was canceled; another one is sent"]);
    assert_eq!(case.world().invitations.len(), 3);
}

#[test]
fn the_daily_limit_says_when_the_rest_can_go() {
    let case = case(|world| {
        for _ in 0..19 {
            let id = world.add_invitation("444444444444", "444444444444");
            world.end_invitation(&id, InvitationState::Declined, world.clock_ms);
        }
    });
    let ran = case.run(&["invite", "--sandbox=world.json", "--weather", "accounts=aws", "--yes"]).ends(3);
    assert!(ran.out.contains("AWS takes 20 invitations in 24 hours; the next can be sent after 2026-01-02 00:00 UTC"), "{}", ran.out);
    assert_eq!(case.world().invitations.len(), 20);
}

#[test]
fn an_owner_accepts_with_a_profile_and_who_waits_goes_on() {
    let server = SandboxServer::start_with(Some(&serde_json::to_string(&world()).unwrap()), &[]);
    let case = Case::new(INVITES);
    let keys = |profile: &str, account: &str| format!("[{profile}]\naws_access_key_id = AKIA{account}\naws_secret_access_key = sandbox\n");
    fs::write(case.path("credentials"), keys("owner", "222222222222") + &keys("somebody", "999999999999")).unwrap();
    let command = || {
        let mut command = case.client(server.url());
        command.env("AWS_SHARED_CREDENTIALS_FILE", case.path("credentials"));
        command
    };
    let mut waits = command();
    waits.args(["invite", "--account", "legacy", "--yes", "--wait"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut waits = waits.spawn().unwrap();
    // Where it stands is told before the waiting begins.
    let mut out = BufReader::new(waits.stdout.take().unwrap());
    let mut told = String::new();
    while !told.contains("accept-handshake") {
        assert_ne!(out.read_line(&mut told).unwrap(), 0, "{told}");
    }
    let somebody = Ran::of(command().args(["invite", "--account", "legacy", "--yes", "--accept-profile", "somebody"])).ends(1);
    somebody.says(&["credentials of account `999999999999`, and none of these invitations is for it"]);
    let owner = Ran::of(command().args(["invite", "--account", "legacy", "--yes", "--accept-profile", "owner"])).ends(0);
    owner.says(&[
        "`222222222222` has accepted its invitation (profile `owner`)",
        "`222222222222`: the role `OrganizationAccountAccessRole` was made",
    ]);
    // Whether the role was there already when the other looked is a matter of moments.
    let waited = Ran::from(waits.wait_with_output().unwrap());
    assert!([0, 3].contains(&waited.status), "{}", waited.err);
    waited.says(&["account.legacy: accepted", "1 joined"]);
    let plan = Ran::of(command().args(["plan", "--account", "legacy"])).ends(0);
    assert!(plan.out.contains("No changes"), "{}", plan.out);
}

const NETWORK: &str = r#"
[pool.main]
cidr = "10.0.0.0/8"

[vpc.standard]
region = "eu-west-1"
pool = "main"
prefix = 20
zones = 2
tiers = { private = 50 }
"#;

/// From the invitation to the network in the account: one command, with the owner's credentials beside ours.
#[test]
fn one_command_invites_accepts_makes_the_role_and_builds_the_network() {
    let case = case(|_| ());
    let org =
        INVITES.replace("invite = true\nou = \"work\"\n[account.old]", "invite = true\nou = \"work\"\nvpc = [\"standard\"]\n[account.old]");
    fs::write(case.path("org.toml"), format!("{org}{NETWORK}")).unwrap();
    let all = ["--account", "legacy", "--yes", "--accept-profile", "222222222222"];
    // AWS takes a new role after a second.
    let ran = case.invite(&[&["--weather", "account-ready=2000"], all.as_slice()].concat()).ends(0);
    let ran = ran.says(&["`222222222222`: the role `OrganizationAccountAccessRole` was made"]);
    assert!(ran.out.contains("overlord can work in it") && !ran.out.contains("create-role"), "{}", ran.out);
    let world = case.world();
    let made = &world.roles["222222222222"][ROLE];
    assert_eq!(made.tags["overlord:address"], "account.legacy");
    assert!(made.trust.contains("corp-4711") && made.policies.contains("arn:aws:iam::aws:policy/AdministratorAccess"), "{made:?}");
    let ours = world.region("222222222222", "eu-west-1").unwrap().vpcs.values().filter(|vpc| !vpc.is_default).count();
    assert_eq!(ours, 1);
    // Again: all is there.
    let again = case.invite(&all).ends(0);
    let again = again.says(&["the role `OrganizationAccountAccessRole` was there already"]);
    assert!(again.out.contains("No changes") && case.world().roles == world.roles, "{}", again.out);
}

/// A role of the owner's is told and left as it is, and what IAM refuses leaves the rest to its owner.
#[test]
fn a_role_of_the_owners_stays_as_it_is() {
    let all = ["--account", "legacy", "--yes", "--accept-profile", "222222222222"];
    let theirs = case(|world| {
        world.external_accounts.get_mut("222222222222").unwrap().roles.insert(ROLE.to_owned(), Some("corp-4711".to_owned()));
    });
    theirs.invite(&all).ends(0).says(&["already exists, created by its owner, and was not changed"]);
    let others = case(|world| {
        world.external_accounts.get_mut("222222222222").unwrap().roles.insert(ROLE.to_owned(), Some("somebody-else".to_owned()));
    });
    let ran = others.invite(&all).ends(3);
    let ran = ran.says(&["already exists with another trust policy, and was not changed"]);
    assert!(ran.out.contains("its access role cannot be assumed"), "{}", ran.out);
    for case in [theirs, others] {
        assert!(case.world().roles.is_empty() && case.world().accounts.contains_key("222222222222"));
    }
    let broken = case(|_| ());
    let ran = broken.invite(&[&["--weather", "broken=iam:CreateRole"], all.as_slice()].concat()).ends(3);
    let ran = ran.says(&["the role `OrganizationAccountAccessRole` was not made: iam:CreateRole", "1 joined"]);
    assert!(ran.out.contains("aws iam create-role"), "{}", ran.out);
    // Called again, it goes on from there.
    broken.invite(&all).ends(0).says(&["was made"]);
}

/// The least policy for inviting is enough from the invitation to an account in its OU, declared or not, and for nothing that makes accounts.
#[test]
fn its_least_policy_is_enough() {
    let case = case(|_| ());
    let least = case.run(&["doctor", "--policy", "invite"]).ends(0);
    assert!(!least.out.contains("CreateAccount"), "{}", least.out);
    fs::write(case.path("invite.json"), least.out).unwrap();
    let invite = |arguments: &[&str]| case.invite(&[arguments, &["--weather", "caller-policy=invite.json"]].concat());
    invite(&["--account", "legacy", "--accept-profile", "222222222222", "--yes"]).ends(0);
    invite(&["--account", "444444444444", "--ou", "work", "--accept-profile", "444444444444", "--yes"]).ends(0);
    let world = case.world();
    for id in ["222222222222", "444444444444"] {
        let parent = world.accounts[id].parent.as_ref().unwrap();
        assert_eq!(world.ous[parent].name, "work");
    }
    let open = handshake(
        &{
            invite(&["--account", "old", "--yes"]).ends(0);
            case.world()
        },
        "333333333333",
    );
    invite(&["--account", "old", "--cancel", "--yes"]).ends(0);
    assert_eq!(case.world().invitations[&open].state, InvitationState::Canceled);
    // It may make an OU, since the lock is one, and change none.
    case.edit("org.toml", "[ou.work]", "[ou.work]\nname = \"workloads\"");
    let refused = case.run(&["apply", "--sandbox=world.json", "--yes", "--weather", "caller-policy=invite.json"]);
    assert_ne!(refused.status, 0);
    assert!(refused.out.contains("organizations:UpdateOrganizationalUnit was refused"), "{}", refused.out);
}
