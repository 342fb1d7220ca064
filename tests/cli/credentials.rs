//! Whose credentials these are, where they come from, and what is said when there are none.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::cli::case::*;
use crate::support::SandboxServer;

#[test]
fn another_account_is_refused_before_anything_is_read() {
    let server = SandboxServer::start(&["--management-account", "222222222222"]);
    let case = Case::small();
    for arguments in [&["plan"][..], &["apply", "--yes"]] {
        let ran = case.run_at(server.url(), &[arguments, &["--trace", "trace.jsonl"]].concat()).ends(1);
        ran.says(&["`222222222222`", "`111111111111`", "--profile"]);
        assert_eq!(operations(&case.path("trace.jsonl")), ["GetCallerIdentity"]);
    }
}

#[test]
fn without_credentials_it_says_what_to_do_and_asks_nobody() {
    let case = Case::small();
    let ran = case.run(&["plan", "--trace", "trace.jsonl"]).ends(1);
    ran.says(&["no AWS credentials were found", "AWS_PROFILE", "--sandbox"]);
    assert_eq!(operations(&case.path("trace.jsonl")), [""; 0]);
}

/// The binary with this `~/.aws/config` and nothing else.
fn with_config(case: &Case, config: &str, arguments: &[&str]) -> Ran {
    fs::write(case.path("aws-config"), config).unwrap();
    let mut command = case.command();
    Ran::of(command.args(arguments).env("AWS_CONFIG_FILE", case.path("aws-config")).env("AWS_EC2_METADATA_DISABLED", "true"))
}

#[test]
fn a_profile_brings_keys_and_endpoint() {
    let server = SandboxServer::start(&[]);
    let case = Case::small();
    let keys = "aws_access_key_id = AKIA111111111111\naws_secret_access_key = secret\n";
    let config = format!("[profile org]\nregion = us-east-1\nendpoint_url = {}\n{keys}[profile empty]\n", server.url());
    with_config(&case, &config, &["plan", "--profile", "org"]).ends(2);
    with_config(&case, &config, &["plan", "--profile", "empty"]).ends(1);
    with_config(&case, &config, &["plan", "--profile", "absent"]).ends(1).says(&["help: "]);

    fs::write(case.path("aws-config"), &config).unwrap();
    let mut command = case.command();
    Ran::of(command.arg("plan").env("AWS_CONFIG_FILE", case.path("aws-config")).env("AWS_PROFILE", "org")).ends(2);
}

#[test]
fn a_process_brings_keys() {
    let server = SandboxServer::start(&[]);
    let case = Case::small();
    let script = case.path("keys.sh");
    let document = r#"{"Version": 1, "AccessKeyId": "AKIA111111111111", "SecretAccessKey": "secret"}"#;
    fs::write(&script, format!("#!/bin/sh\necho '{document}'\n")).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let config = |script: &str| format!("[profile org]\nendpoint_url = {}\ncredential_process = {script}\n", server.url());
    with_config(&case, &config(&script.display().to_string()), &["plan", "--profile", "org"]).ends(2);
    with_config(&case, &config("/bin/false"), &["plan", "--profile", "org"]).ends(1).says(&["credentials", "help: "]);
}

/// A profile that assumes a role of this account.
fn assuming(server: &SandboxServer, account: &str) -> String {
    format!(
        "[profile base]\naws_access_key_id = AKIA111111111111\naws_secret_access_key = secret\n\
         [profile org]\nregion = us-east-1\nendpoint_url = {}\n\
         role_arn = arn:aws:iam::{account}:role/OrganizationAccountAccessRole\nsource_profile = base\n",
        server.url()
    )
}

/// That call passes the request gate too, and the guard looks at the role, not at the keys.
#[test]
fn a_profile_assumes_a_role() {
    let server = SandboxServer::start(&[]);
    let case = Case::small();
    case.run_at(server.url(), &["apply", "--yes"]).ends(0);
    let accounts = organizations(server.url(), "ListAccounts", &serde_json::json!({}));
    let audit = accounts["Accounts"].as_array().unwrap().iter().find(|account| account["Name"] == "audit").unwrap()["Id"].clone();
    let audit = audit.as_str().unwrap();
    let ran = with_config(&case, &assuming(&server, audit), &["plan", "--profile", "org", "--trace", "trace.jsonl"]).ends(1);
    ran.says(&[&format!("credentials of account `{audit}`"), "assumed-role/OrganizationAccountAccessRole"]);
    assert_eq!(operations(&case.path("trace.jsonl")), ["AssumeRole", "GetCallerIdentity"]);
}

#[test]
fn a_role_that_may_not_be_assumed_is_told() {
    let server = SandboxServer::start(&[]);
    let case = Case::small();
    let ran = with_config(&case, &assuming(&server, "111111111111"), &["plan", "--profile", "org"]).ends(1);
    ran.says(&["credentials cannot be used", "not authorized to perform: sts:AssumeRole", "help: "]);
}

#[test]
fn a_role_that_may_not_be_assumed_is_told_in_words() {
    let server = SandboxServer::start(&[]);
    let case = Case::small();
    let ran = with_config(&case, &assuming(&server, "111111111111"), &["plan", "--profile", "org"]).ends(1);
    assert!(!ran.err.contains("Error {"), "{}", ran.err);
}

/// Tags, addresses and session tokens do not go over a network in the clear.
#[test]
fn plain_http_to_another_machine_is_refused_unless_allowed() {
    let case = Case::small();
    let url = "http://192.0.2.1:9";
    for variable in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_EC2"] {
        let mut command = case.client("http://127.0.0.1:1");
        command.env_remove("AWS_ENDPOINT_URL").env(variable, url);
        let ran = Ran::of(command.args(["plan"])).ends(1);
        ran.says(&["`http://192.0.2.1:9` is plain HTTP and not on this machine; nothing was sent", "OVERLORD_ALLOW_PLAIN_HTTP=1"]);
    }
    // Allowed, the same request goes where nobody answers; here through a proxy that is not there, which fails at once.
    let mut command = case.client(url);
    command.env("OVERLORD_ALLOW_PLAIN_HTTP", "1").env("HTTP_PROXY", "http://127.0.0.1:1").env("http_proxy", "http://127.0.0.1:1");
    let ran = Ran::of(command.args(["plan"])).ends(1);
    assert!(!ran.err.contains("plain HTTP"), "{}", ran.err);
}
