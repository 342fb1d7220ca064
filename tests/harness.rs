//! The harness itself: servers stop with the test, clients see only what they are told, the proxy counts and holds back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::proxy::Proxy;
use crate::support::{Moto, client_of, project, python, show};

fn address(url: &str) -> &str {
    url.strip_prefix("http://").unwrap()
}

#[test]
fn moto_answers_and_stops_when_dropped() {
    let moto = Moto::start();
    let address = address(moto.url()).to_owned();
    assert!(TcpStream::connect(&address).is_ok());
    drop(moto);
    assert!(TcpStream::connect(&address).is_err(), "moto outlived its value");
}

/// A killed test drops nothing; the pipe to the server closes all the same.
#[test]
fn moto_stops_when_its_standard_input_closes() {
    let mut server =
        Command::new(python()).arg(project("tests/support/moto_server.py")).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());
}

#[test]
fn a_command_stops_when_standard_input_closes() {
    let mut wrapper = Command::new(python())
        .arg(project("tests/support/while_stdin_is_open.py"))
        .args(["sh", "-c", "echo $$; exec sleep 600"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(wrapper.stdout.take().unwrap()), &mut child).unwrap();
    drop(wrapper.stdin.take());
    wrapper.wait().unwrap();
    let alive = Command::new("sh").args(["-c", &format!("kill -0 {}", child.trim())]).stderr(Stdio::null()).status().unwrap();
    assert!(!alive.success(), "the command outlived its wrapper");
}

#[test]
fn the_aws_cli_reaches_moto_through_the_proxy() {
    let moto = Moto::start();
    let proxy = Proxy::start(moto.url(), Duration::from_millis(1));
    let aws = |arguments: &[&str]| {
        let output = client_of(proxy.url(), python()).args(["-m", "awscli"]).args(arguments).args(["--output", "text"]).output().unwrap();
        assert!(output.status.success(), "{}", show(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(aws(&["sts", "get-caller-identity", "--query", "Account"]), crate::support::MOTO_ACCOUNT);
    aws(&["organizations", "create-organization"]);
    assert_eq!(aws(&["organizations", "list-roots", "--query", "Roots[].Name"]), "Root");
    let counts = proxy.take_counts();
    let counts: Vec<(&str, usize)> = counts.iter().map(|(operation, n)| (operation.as_str(), *n)).collect();
    assert_eq!(counts, [("CreateOrganization", 1), ("GetCallerIdentity", 1), ("ListRoots", 1)]);
}
