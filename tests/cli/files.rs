//! No file of the user's is written over, and none that is read can block a run or fill the memory.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cli::case::*;
use crate::support::SandboxServer;

/// All files below a folder, with their bytes; the sandbox's own apart.
fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != ".overlord" {
            found.extend(tree(&path));
        } else if path.is_file() {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

/// Every option that names a file to write, on every file of the user's: refused, and all is as it was.
#[test]
fn nothing_of_the_users_is_written_over() {
    let case = Case::example();
    let before = tree(&case.path(""));
    let others = ["policies/deny-leave.json", "policies/frameworks/hipaa.toml", "notes.md"];
    fs::write(case.path("notes.md"), "# Notes\n").unwrap();
    let before = [before, vec![(case.path("notes.md").display().to_string(), b"# Notes\n".to_vec())]].concat();
    for file in others {
        let sandbox = format!("--sandbox={file}");
        for arguments in [
            &["sandbox", "reset", &sandbox][..],
            &["apply", "--yes", &sandbox],
            &["plan", "--sandbox", "--out", file],
            &["plan", "--sandbox", "--trace", file],
            &["policy", "generate", "--framework", "hipaa", "--out", file],
        ] {
            case.run(arguments).ends(1).says(&[file, "help: "]);
        }
    }
    fs::create_dir(case.path("drawing.svg")).unwrap();
    case.run(&["network", "--out", "drawing.svg"]).ends(1).says(&["drawing.svg", "directory"]);
    let after: Vec<_> = tree(&case.path("")).into_iter().filter(|(path, _)| !path.ends_with(".lock")).collect();
    let sorted = |mut files: Vec<(String, Vec<u8>)>| {
        files.sort();
        files
    };
    assert!(sorted(before) == sorted(after), "something was written over");
    case.run(&["sandbox", "reset", "--sandbox=org.toml"]).ends(1);
    assert!(fs::read_to_string(case.path("org.toml")).unwrap().contains("[organization]"));
}

/// Its own files overlord replaces, each with its like.
#[test]
fn a_file_of_the_same_kind_is_replaced_and_no_other() {
    let case = Case::example();
    fs::write(case.path("list.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>").unwrap();
    case.run(&["network", "--out", "list.svg"]).ends(1).says(&["not a drawing of overlord"]);
    for _ in 0..2 {
        case.run(&["plan", "--sandbox=world.json", "--out", "plan.json", "--trace", "trace.jsonl"]).ends(2);
        case.run(&["network", "--out", "network.svg"]).ends(0);
        case.run(&["policy", "generate", "--framework", "hipaa", "--out", "generated.json"]).ends(0);
        case.run(&["sandbox", "reset", "--sandbox=world.json"]).ends(0);
    }
    let made = ["plan.json", "trace.jsonl", "network.svg", "generated.json", "world.json"];
    for file in made {
        let before = fs::read(case.path(file)).unwrap();
        assert!(!before.is_empty(), "{file}");
        let sandbox = format!("--sandbox={file}");
        let options = [
            ("plan.json", &["plan", "--sandbox", "--out", file][..]),
            ("trace.jsonl", &["plan", "--sandbox", "--trace", file]),
            ("generated.json", &["policy", "generate", "--framework", "hipaa", "--out", file]),
            ("world.json", &["sandbox", "reset", &sandbox]),
        ];
        for (own, arguments) in options.into_iter().filter(|(own, _)| *own != file) {
            case.run(arguments).ends(1);
            assert!(fs::read(case.path(file)).unwrap() == before, "{own} was written over {file}");
        }
    }
}

#[test]
fn two_options_that_name_one_file_are_refused() {
    let case = Case::small();
    fs::create_dir(case.path("deep")).unwrap();
    let told = ["name the same file", "nothing was read or written"];
    for arguments in [
        &["plan", "--sandbox", "--out", "x.json", "--trace", "x.json"][..],
        &["plan", "--sandbox", "--out", "x.json", "--trace", "deep/../x.json"],
        &["plan", "--sandbox=x.json", "--out", "./x.json"],
        &["plan", "--sandbox", "--out", "org.toml"],
        &["plan", "--sandbox=x.json", "--trace", "x.json.lock"],
        &["sandbox", "reset", "--sandbox=deep/../org.toml"],
        &["apply", "x.json", "--sandbox", "--yes", "--trace", "x.json"],
        &["drift", "--sandbox", "--baseline", "x.json", "--trace", "x.json"],
    ] {
        case.run(arguments).ends(1).says(&told);
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("deep", case.path("link")).unwrap();
        case.run(&["plan", "--sandbox", "--out", "deep/x.json", "--trace", "link/x.json"]).ends(1).says(&told);
        fs::hard_link(case.path("org.toml"), case.path("hard")).unwrap();
        case.run(&["plan", "--sandbox", "--trace", "hard"]).ends(1).says(&told);
    }
    assert!(!case.path("x.json").exists() && !case.path("deep/x.json").exists());
}

/// A full disk leaves no half of a file, and no temporary one. The limit on a file's size stands for the disk.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_nothing_behind() {
    let server = SandboxServer::start(&[]);
    let case = Case::small();
    let client = case.client(server.url());
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" plan --out plan.json"]).arg(client.get_program());
    command.current_dir(case.path("")).envs(client.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Ran::of(&mut command).ends(1).says(&["`plan.json`", "nothing was written", "help: "]);
    let names: Vec<String> = fs::read_dir(case.path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!names.iter().any(|name| name.contains("plan.json")), "{names:?}");
}

/// A FIFO nobody writes to, and a device without an end.
#[cfg(target_os = "linux")]
#[test]
fn what_is_no_regular_file_is_not_read() {
    let case = Case::small();
    assert!(Command::new("mkfifo").arg(case.path("fifo")).status().unwrap().success());
    let told = ["not a regular file"];
    for file in ["fifo", "/dev/zero"] {
        let sandbox = format!("--sandbox={file}");
        for arguments in [
            &["validate", "--config", file][..],
            &["apply", file, "--sandbox", "--yes"],
            &["graph", file],
            &["drift", "--sandbox", "--baseline", file],
            &["invite", "--sandbox", "--from", file],
            &["sandbox", "show", &sandbox],
        ] {
            // Beside a device no lock can be made.
            let ran = case.run(arguments).ends(1);
            assert!(file == "/dev/zero" && arguments[0] == "sandbox" || ran.err.contains(told[0]), "{arguments:?}: {}", ran.err);
        }
    }
    case.run(&["plan", "--sandbox", "--trace", "fifo"]).ends(1).says(&told);
    fs::remove_file(case.path("policies/deny-leave.json")).unwrap();
    std::os::unix::fs::symlink("../fifo", case.path("policies/deny-leave.json")).unwrap();
    case.run(&["validate"]).ends(1).says(&told);
}

#[test]
fn what_is_far_too_large_is_not_read_whole() {
    let case = Case::small();
    fs::File::create(case.path("huge")).unwrap().set_len((256 << 20) + 1).unwrap();
    case.run(&["drift", "--sandbox", "--baseline", "huge"]).ends(1).says(&["larger than 256 MiB"]);
    case.run(&["invite", "--sandbox", "--from", "huge"]).ends(1).says(&["larger than 16 MiB"]);
}

/// A repository that somebody else wrote does not read the machine's secrets into an error message or a plan.
#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_refused() {
    let case = Case::small();
    let elsewhere = tempfile::tempdir().unwrap();
    let policy = fs::read(case.path("policies/deny-leave.json")).unwrap();
    fs::write(elsewhere.path().join("p.json"), &policy).unwrap();
    fs::remove_file(case.path("policies/deny-leave.json")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("p.json"), case.path("policies/deny-leave.json")).unwrap();
    case.run(&["validate"]).ends(1).says(&["outside-path", "a symbolic link leads out of the folder of org.toml", "submodule"]);
    // A link within is a file as any other.
    fs::write(case.path("shared.json"), &policy).unwrap();
    fs::remove_file(case.path("policies/deny-leave.json")).unwrap();
    std::os::unix::fs::symlink("../shared.json", case.path("policies/deny-leave.json")).unwrap();
    case.run(&["validate"]).ends(0);
}
