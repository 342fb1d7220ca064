//! `sandbox serve | reset | show`, and what is said when its file or its weather is not right.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::cli::case::*;
use crate::support::{SandboxServer, send_signal};

#[test]
fn a_world_lives_in_its_file_until_it_is_reset() {
    let case = Case::small();
    assert!(case.run(&["sandbox", "show"]).ends(0).out.contains("account 111111111111, without an organization"));
    case.run(&["apply", "--sandbox=one.json", "--yes"]).ends(0);
    let shown = case.run(&["sandbox", "show", "--sandbox=one.json"]).ends(0).out;
    for words in ["work/", "audit ", "web ", "[FullAWSAccess, deny-leave]"] {
        assert!(shown.contains(words), "{words:?} is not in\n{shown}");
    }
    case.run(&["plan", "--sandbox=two.json"]).ends(2);
    let reset = case.run(&["sandbox", "reset", "--sandbox=one.json"]).ends(0).says(&["one.json is empty"]);
    assert_eq!(reset.out, "");
    case.run(&["plan", "--sandbox=one.json"]).ends(2);
}

#[test]
fn showing_changes_nothing() {
    let case = Case::small();
    case.run(&["apply", "--sandbox=world.json", "--yes"]).ends(0);
    let world = fs::read(case.path("world.json")).unwrap();
    for format in ["text", "json", "markdown"] {
        case.run(&["sandbox", "show", "--sandbox=world.json", "--format", format]).ends(0);
    }
    assert!(fs::read(case.path("world.json")).unwrap() == world, "showing it changed it");
    case.run(&["plan", "--sandbox=world.json"]).ends(0);
    // A plan takes time, and that is all.
    let timeless = |bytes: &[u8]| {
        let mut world: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        world.as_object_mut().unwrap().remove("clock_ms");
        world
    };
    assert_eq!(timeless(&fs::read(case.path("world.json")).unwrap()), timeless(&world));
}

/// `sandbox serve` on `world.json`, as a user starts it, and where it listens.
fn serve(case: &Case) -> (Child, String) {
    let mut serve = case.command();
    serve.args(["sandbox", "serve", "--port", "0", "--sandbox=world.json"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut serve = serve.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(serve.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (serve, line.trim().strip_prefix("listening on ").unwrap().to_owned())
}

#[test]
fn two_processes_do_not_share_a_file() {
    let case = Case::small();
    let (mut serve, _) = serve(&case);
    let busy = ["another process uses the sandbox `world.json`", "--sandbox=FILE"];
    for arguments in [&["plan"][..], &["apply", "--yes"], &["sandbox", "show"], &["sandbox", "reset"], &["sandbox", "serve", "--port", "0"]]
    {
        case.run(&[arguments, &["--sandbox=world.json"]].concat()).ends(1).says(&busy);
    }
    serve.kill().unwrap();
    serve.wait().unwrap();
    case.run(&["plan", "--sandbox=world.json"]).ends(2);
}

#[test]
fn a_served_world_is_there_after_the_server() {
    let case = Case::small();
    let (mut serve, url) = serve(&case);
    case.run_at(&url, &["apply", "--yes"]).ends(0);
    send_signal(serve.id(), "INT");
    assert_eq!(serve.wait().unwrap().code(), Some(0));
    case.run(&["plan", "--sandbox=world.json"]).ends(0);
}

/// What a container's end and a scheduler send.
#[test]
fn a_terminated_server_saves_its_world() {
    let case = Case::small();
    let (mut serve, url) = serve(&case);
    case.run_at(&url, &["apply", "--yes"]).ends(0);
    send_signal(serve.id(), "TERM");
    assert_eq!(serve.wait().unwrap().code(), Some(0));
    case.run(&["plan", "--sandbox=world.json"]).ends(0);
}

#[test]
fn a_port_that_is_taken_is_told() {
    let case = Case::small();
    let server = SandboxServer::start(&[]);
    let port = server.url().rsplit(':').next().unwrap();
    case.run(&["sandbox", "serve", "--port", port]).ends(1).says(&["cannot listen on", "help: "]);
}

#[test]
fn wrong_weather_is_told() {
    let case = Case::small();
    for (weather, words) in
        [("fog", "`fog`"), ("latency=soon", "soon"), ("lost=2", "2"), ("wind=3", "wind"), ("latency=1,stormy", "stormy")]
    {
        for command in [&["plan", "--sandbox"][..], &["sandbox", "serve", "--port", "0"]] {
            case.run(&[command, &["--weather", weather]].concat()).ends(1).says(&[words, "help: "]);
        }
    }
    case.run(&["apply", "--sandbox", "--weather", "latency=1,jitter=1,seed=7", "--yes"]).ends(0);
}

#[test]
fn a_broken_file_is_told_and_can_be_reset() {
    let case = Case::small();
    for broken in [&b""[..], b"{", b"\xff\xfe", b"[]", b"{\"accounts\": 1}"] {
        fs::write(case.path("world.json"), broken).unwrap();
        for arguments in [&["plan"][..], &["apply", "--yes"], &["sandbox", "show"], &["sandbox", "serve", "--port", "0"]] {
            let ran = case.run(&[arguments, &["--sandbox=world.json"]].concat()).ends(1);
            ran.says(&["`world.json` is not readable", "overlord sandbox reset"]);
        }
        assert_eq!(fs::read(case.path("world.json")).unwrap(), broken, "it was overwritten");
    }
    // Nobody can tell whether that was a world, so replacing it takes a word; an empty file is nothing.
    case.run(&["sandbox", "reset", "--sandbox=world.json"]).ends(1).says(&["not a world of the sandbox", "--force"]);
    case.run(&["sandbox", "reset", "--sandbox=world.json", "--force"]).ends(0);
    case.run(&["plan", "--sandbox=world.json"]).ends(2);
    case.run(&["sandbox", "reset", "--sandbox=world.json"]).ends(0);
    // A folder is no file.
    fs::create_dir(case.path("folder")).unwrap();
    case.run(&["plan", "--sandbox=folder"]).ends(1).says(&["folder", "help: "]);
}
