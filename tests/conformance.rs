//! Wire conformance: the same suite, with the real binary and clients that are not ours, against the sandbox and against moto, which
//! others wrote. Where the two differ, AWS's documentation decides; the differences stand in the tables here and in docs/emulators.md,
//! so that a silent change of either side fails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod network;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Output;

use crate::support::{MOTO_ACCOUNT, Moto, SandboxServer, Server, copy, project, python, show};
use snapbox::IntoData;

/// The account that the sandbox and the worked example run their organization in.
const EXAMPLE_ACCOUNT: &str = "111111111111";

/// One change of the worked example before it meets a server that cannot do all of it.
struct Edit {
    from: &'static str,
    to: &'static str,
    /// Why; for people.
    _why: &'static str,
}

const FOR_MOTO: &[Edit] = &[
    Edit {
        from: r#"management_account = "111111111111""#,
        to: r#"management_account = "123456789012""#,
        _why: "unknown keys belong to this account of moto's",
    },
    Edit {
        from: r#"delegated_administrators = { "config.amazonaws.com" = "audit", "access-analyzer.amazonaws.com" = "security" }"#,
        to: r#"delegated_administrators = { "access-analyzer.amazonaws.com" = "security" }"#,
        _why: "moto refuses config.amazonaws.com as a delegated service; AWS documents it as one",
    },
];

/// The worked example in a folder of its own, and the AWS that it is applied to.
struct Trial<'a> {
    server: &'a Server,
    folder: tempfile::TempDir,
}

impl<'a> Trial<'a> {
    fn new(server: &'a Server, edits: &[Edit]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut org = fs::read_to_string(project("org.toml")).unwrap();
        for Edit { from, to, .. } in edits {
            assert_eq!(org.matches(from).count(), 1, "org.toml no longer has this line once: {from}");
            org = org.replace(from, to);
        }
        fs::write(folder.path().join("org.toml"), org).unwrap();
        copy(&project("policies"), &folder.path().join("policies"));
        Self { server, folder }
    }

    fn org_toml(&self) -> PathBuf {
        self.folder.path().join("org.toml")
    }

    fn overlord(&self, arguments: &[&str]) -> Output {
        let mut command = self.server.client(env!("CARGO_BIN_EXE_overlord"));
        command.current_dir(self.folder.path()).args(["--config", "org.toml"]).args(arguments).output().unwrap()
    }

    fn expect(&self, arguments: &[&str], status: i32) -> Output {
        let output = self.overlord(arguments);
        assert_eq!(output.status.code(), Some(status), "overlord {arguments:?}: {}", show(&output));
        output
    }

    /// What AWS holds is what org.toml says, and overlord agrees.
    fn converged(&self) {
        let expected = self.server.script("conformance/expected.py", &[self.org_toml().to_str().unwrap()]);
        let actual = self.server.script("conformance/readback.py", &[]);
        snapbox::assert_data_eq!(actual, expected.into_data().raw());
        self.expect(&["plan"], 0);
        self.expect(&["drift"], 0);
    }
}

/// Plan, apply, read back, plan; then somebody else changes things, and overlord puts them right.
fn the_whole_road(server: &Server, edits: &[Edit]) {
    let trial = Trial::new(server, edits);
    trial.expect(&["plan"], 2);
    let organization = server.script("conformance/organization.py", &[]);
    assert_eq!(organization.trim(), "AWSOrganizationsNotInUseException", "a plan has created the organization");
    trial.expect(&["apply", "--yes"], 0);
    trial.converged();

    server.script("conformance/disturb.py", &[]);
    let drift = trial.expect(&["drift", "--format", "line"], 2);
    let line = String::from_utf8_lossy(&drift.stdout).into_owned();
    assert!(
        line.starts_with(
            "overlord drift: 6 findings (guardrails: 4 (3 weakened), organization: 1, cosmetic: 1): account.records-dev changed"
        ),
        "{line}"
    );
    trial.expect(&["plan"], 2);
    trial.expect(&["apply", "--yes"], 0);
    trial.converged();
}

#[test]
fn the_whole_road_on_the_sandbox() {
    the_whole_road(&SandboxServer::start(&[]), &[]);
}

#[test]
fn the_whole_road_on_moto() {
    the_whole_road(&Moto::start(), FOR_MOTO);
}

/// An organization that others grew is imported, and the plan of what was written is empty.
fn grown_by_others(server: &Server) {
    server.script("conformance/grown.py", &[]);
    let before = server.script("conformance/readback.py", &[]);
    let folder = tempfile::tempdir().unwrap();
    let overlord = |arguments: &[&str]| {
        let mut command = server.client(env!("CARGO_BIN_EXE_overlord"));
        let output = command.current_dir(folder.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "overlord {arguments:?}: {}", show(&output));
    };
    overlord(&["import"]);
    overlord(&["plan"]);
    let org = fs::read_to_string(folder.path().join("org.toml")).unwrap();
    for line in ["[team.records]", "[ou.Prod]", "name = \"Security & Audit\"", "[policy.unused]", "type = \"rcp\"", "Control Tower (1)"] {
        assert!(org.contains(line), "no {line} in\n{org}");
    }
    overlord(&["import", "--force", "--tags"]);
    overlord(&["plan"]);
    let org = fs::read_to_string(folder.path().join("org.toml")).unwrap();
    assert!(org.contains("tags = { owner = \"security team\" }"), "{org}");
    // And an apply has nothing to do.
    overlord(&["apply", "--yes"]);
    snapbox::assert_data_eq!(server.script("conformance/readback.py", &[]), before.into_data().raw());
}

#[test]
fn what_others_grew_is_imported_from_the_sandbox() {
    grown_by_others(&SandboxServer::start(&[]));
}

#[test]
fn what_others_grew_is_imported_from_moto() {
    grown_by_others(&Moto::start());
}

/// The example names account 111111111111 and moto is another: nothing may happen there.
#[test]
fn the_wrong_management_account_stops_the_run() {
    let moto = Moto::start();
    let trial = Trial::new(&moto, &[]);
    for arguments in [&["plan"][..], &["apply", "--yes"]] {
        let output = trial.expect(arguments, 1);
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(talk.contains(EXAMPLE_ACCOUNT) && talk.contains(MOTO_ACCOUNT), "both accounts are named: {talk}");
    }
    assert_eq!(moto.script("conformance/organization.py", &[]).trim(), "AWSOrganizationsNotInUseException");
}

/// A check of `conformance/calls.py` and its kin: what AWS documents, which the sandbox must do; and what moto does, where it differs.
struct Call(&'static str, &'static str, Option<&'static str>);

const CALLS: &[Call] = &[
    Call("describe before there is one", "AWSOrganizationsNotInUseException", None),
    Call("create", "ALL", None),
    Call("create again", "AlreadyInOrganizationException", None),
    Call("name of the root", "Root", None),
    Call("OU: same name, other parent", "ok", None),
    Call("OU: same name, same parent", "DuplicateOrganizationalUnitException", Some("ok")),
    Call("OU: parent missing", "ParentNotFoundException", Some("ok")),
    Call("OU: describe missing", "OrganizationalUnitNotFoundException", None),
    Call("OU: rename as another parent's child", "ok", Some("DuplicateOrganizationalUnitException")),
    Call("OU: delete with a child", "OrganizationalUnitNotEmptyException", Some("ok")),
    Call("OU: sixth level", "ConstraintViolationException OU_DEPTH_LIMIT_EXCEEDED", Some("ok")),
    Call("type: attach before enabling", "PolicyTypeNotEnabledException", Some("ok")),
    Call("type: enable again", "PolicyTypeAlreadyEnabledException", None),
    Call("policies of a new OU", "p-FullAWSAccess", None),
    Call("policy: same name", "DuplicatePolicyException", None),
    Call("policy: not JSON", "MalformedPolicyDocumentException", Some("ok")),
    Call("policy: too long", "ConstraintViolationException POLICY_CONTENT_LIMIT_EXCEEDED", Some("ok")),
    Call("policy: describe missing", "PolicyNotFoundException", None),
    Call("policy: attach", "ok", None),
    Call("policy: attach again", "DuplicatePolicyAttachmentException", Some("ok")),
    Call("policy: delete while attached", "PolicyInUseException", None),
    Call("policy: detach", "ok", None),
    Call("policy: detach again", "PolicyNotAttachedException", Some("ok")),
    Call("policy: detach the last SCP", "ConstraintViolationException MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", Some("ok")),
    Call("policy: change AWS's own", "InvalidInputException IMMUTABLE_POLICY", Some("ok")),
    Call("account: state of creation", "SUCCEEDED", None),
    Call("account: born in", "root", None),
    Call("account: e-mail in use", "FAILED EMAIL_ALREADY_EXISTS", Some("SUCCEEDED")),
    Call("account: pages of ListAccounts", "24", None),
    Call("account: largest page", "20", Some("26")),
    Call("account: pages of two", "24", None),
    Call("account: ListAccounts tells Paths", "True", Some("False")),
    Call("account: creations are listed to an end", "ok", Some("no end")),
    Call("account: describe missing", "AccountNotFoundException", None),
    Call("move: source missing", "SourceParentNotFoundException", Some("ParentNotFoundException")),
    Call("move: destination missing", "DestinationParentNotFoundException", Some("ParentNotFoundException")),
    Call("move", "ok", None),
    Call("move: to where it is", "DuplicateAccountException", Some("ok")),
    Call("OU: delete with an account", "OrganizationalUnitNotEmptyException", Some("ok")),
    Call("service: trust", "ok", None),
    Call("service: delegate", "ok", Some("InvalidInputException")),
    Call(
        "service: delegate to oneself",
        "ConstraintViolationException CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
        Some("ConstraintViolationException"),
    ),
    Call("tag", "2", None),
    Call("tag: untag", "0", None),
    Call("tag: missing account", "TargetNotFoundException", None),
    Call("member: is itself", "True", None),
    Call("member: lists accounts", "AccessDeniedException", Some("ok")),
    Call("role: missing", "AccessDenied", Some("ok")),
    Call("trail: moves, refused ones too", "4", Some("500")),
    Call("simulator: a level that allows nothing of it", "implicitDeny False", Some("500 in HTML")),
    Call("simulator: wildcards in an action", "InvalidInput", Some("500 in HTML")),
];

fn calls(server: &Server, script: &str, table: &[Call], column: impl Fn(&Call) -> &'static str) {
    let actual: BTreeMap<String, String> = serde_json::from_str(&server.script(script, &[])).unwrap();
    let expected: BTreeMap<String, String> = table.iter().map(|call| (call.0.to_owned(), column(call).to_owned())).collect();
    let text = |map: &BTreeMap<String, String>| map.iter().map(|(check, outcome)| format!("{check} → {outcome}\n")).collect::<String>();
    snapbox::assert_data_eq!(text(&actual), text(&expected).into_data().raw());
}

#[test]
fn the_sandbox_answers_as_aws_documents() {
    calls(&SandboxServer::start(&[]), "conformance/calls.py", CALLS, |call| call.1);
}

#[test]
fn moto_differs_where_we_know_it() {
    calls(&Moto::start(), "conformance/calls.py", CALLS, |call| call.2.unwrap_or(call.1));
}

/// The AWS CLI is the client that a newcomer has at hand.
#[test]
fn the_aws_cli_is_a_client_of_the_sandbox() {
    let sandbox = SandboxServer::start(&[]);
    let aws = |arguments: &[&str]| {
        let output = sandbox.client(python()).args(["-m", "awscli"]).args(arguments).args(["--output", "text"]).output().unwrap();
        assert!(output.status.success(), "{}", show(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(aws(&["sts", "get-caller-identity", "--query", "Account"]), EXAMPLE_ACCOUNT);
    aws(&["organizations", "create-organization"]);
    assert_eq!(aws(&["organizations", "list-accounts", "--query", "Accounts[].Id"]), EXAMPLE_ACCOUNT);
    assert_eq!(aws(&["organizations", "list-roots", "--query", "Roots[].Name"]), "Root");
}
