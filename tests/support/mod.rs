//! What the tests and benchmarks share: a Python environment with moto, boto3 and the AWS CLI; servers that stop with the test;
//! and the surroundings of a client that must never see the developer's own AWS settings.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

pub mod proxy;

/// The account that moto runs an organization in.
pub const MOTO_ACCOUNT: &str = "123456789012";

/// Long enough for a server to start on a busy machine; a test fails then instead of hanging.
const START_UP: Duration = Duration::from_secs(120);

const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// A file of the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The Python of an environment that holds `tests/requirements.txt`, made under `target/` by the first test that asks.
pub fn python() -> PathBuf {
    let version = Command::new("python3").args(["-c", "import sys; print(sys.version); assert sys.version_info >= (3, 11)"]).output();
    let version = match version {
        Ok(output) if output.status.success() => output.stdout,
        _ => panic!("these tests need Python 3.11 or newer as `python3`; on Debian: apt-get install python3 python3-venv"),
    };
    // Another interpreter or other requirements are another environment.
    let hash: String =
        Sha256::new().chain_update(REQUIREMENTS).chain_update(version).finalize().iter().take(6).map(|b| format!("{b:02x}")).collect();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let venv = target.join(format!("test-venv-{hash}"));
    let python = venv.join("bin/python");

    // The lock is held by the process that builds, and the kernel drops it when that dies; the rename comes last, so that what
    // stands at the final path is whole.
    let lock = File::create(target.join("test-venv.lock")).unwrap();
    lock.lock().unwrap();
    if !python.exists() {
        let partial = venv.with_extension("partial");
        if partial.exists() {
            fs::remove_dir_all(&partial).unwrap();
        }
        let hint = "on Debian: apt-get install python3-venv; and PyPI must be within reach";
        must(Command::new("python3").args(["-m", "venv"]).arg(&partial), hint);
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        must(Command::new(partial.join("bin/python")).args(pip).arg(project("tests/requirements.txt")), hint);
        fs::rename(&partial, &venv).unwrap();
    }
    python
}

fn must(command: &mut Command, hint: &str) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{command:?}: {e}; {hint}"));
    assert!(output.status.success(), "{command:?} failed; {hint}\n{}", show(&output));
}

/// Both streams and the status, for the message of a failing test.
pub fn show(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\n--- stdout\n{out}\n--- stderr\n{err}", output.status)
}

/// Sends a process a signal (`INT`, `STOP`, …). By the shell, since a machine can lack the program `kill`, which is no essential package.
pub fn send_signal(process: u32, signal: &str) {
    let script = format!("kill -{signal} {process}");
    assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
}

/// A server in its own process. It stops when this value is dropped, and when the test dies without dropping it.
pub struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Starts a command that prints `listening on http://…` as its first line and ends when its standard input does.
    fn start(command: &mut Command) -> Self {
        // Into a file: nobody would empty a pipe while the test runs.
        let mut log = tempfile::tempfile().unwrap();
        unsettle(command);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log.try_clone().unwrap()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (said, hears) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = stdout.read_line(&mut line);
            let _ = said.send(line);
            let _ = std::io::copy(&mut stdout, &mut std::io::sink());
        });
        let line = hears.recv_timeout(START_UP).unwrap_or_default();
        match line.trim().strip_prefix("listening on ") {
            Some(url) => Self { url: url.to_owned(), child },
            None => {
                let _ = child.kill();
                let mut text = String::new();
                log.rewind().unwrap();
                let _ = log.read_to_string(&mut text);
                panic!("{command:?} said {line:?} instead of where it listens\n{text}");
            }
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The operating system's id of the process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// A command whose AWS is this server.
    pub fn client(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        client_of(&self.url, program)
    }

    /// A Python script under `tests/` that is a client of this server: its standard output.
    pub fn script(&self, script: &str, arguments: &[&str]) -> String {
        let output = self.client(python()).arg(project("tests").join(script)).args(arguments).output().unwrap();
        assert!(output.status.success(), "{script} failed: {}", show(&output));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + Duration::from_secs(10);
        while let Ok(None) = self.child.try_wait() {
            if Instant::now() > deadline {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Takes the developer's own settings from a command. moto too would look for the profile of AWS_PROFILE.
fn unsettle(command: &mut Command) {
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_string_lossy().starts_with("AWS_") || name == "OVERLORD_CONFIG") {
        command.env_remove(name);
    }
}

/// A command whose AWS is at `url`, with an administrator's made-up keys, and nothing of the developer's own settings.
pub fn client_of(url: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    unsettle(&mut command);
    command
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // 2026-12-01: the built-in list of AWS's actions must not get old in the middle of a test.
        .env("SOURCE_DATE_EPOCH", "1796083200")
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .stdin(Stdio::null());
    command
}

/// A moto server of the test's own (docs/emulators.md).
pub struct Moto(Server);

impl Moto {
    /// Starts one, empty.
    pub fn start() -> Self {
        Self(Server::start(Command::new(python()).arg(project("tests/support/moto_server.py"))))
    }
}

impl Deref for Moto {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

/// `overlord sandbox serve` in its own process, on a world of its own.
pub struct SandboxServer {
    server: Server,
    folder: tempfile::TempDir,
}

impl SandboxServer {
    /// Starts one, empty; `weather` are further arguments of the command.
    pub fn start(weather: &[&str]) -> Self {
        Self::start_with(None, weather)
    }

    /// The same, on a world as JSON.
    pub fn start_with(world: Option<&str>, weather: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if let Some(world) = world {
            fs::write(folder.path().join("world.json"), world).unwrap();
        }
        let mut command = Command::new(python());
        command
            .arg(project("tests/support/while_stdin_is_open.py"))
            .arg(env!("CARGO_BIN_EXE_overlord"))
            .arg(format!("--sandbox={}", folder.path().join("world.json").display()))
            .args(["sandbox", "serve", "--port", "0"])
            .args(weather)
            .current_dir(folder.path());
        Self { server: Server::start(&mut command), folder }
    }

    /// The file that it keeps its world in.
    pub fn world(&self) -> PathBuf {
        self.folder.path().join("world.json")
    }
}

impl Deref for SandboxServer {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
