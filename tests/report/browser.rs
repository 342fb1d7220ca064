//! A page in a real browser: headless Chromium, driven by `browser.py`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{project, show};

/// Where screenshots are left, for people to look at.
pub fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The browser of this machine.
fn chromium() -> PathBuf {
    let runs = |name: &&str| Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    let found = ["chromium", "chromium-browser", "google-chrome"].iter().find(|name| runs(name));
    found.map(PathBuf::from).unwrap_or_else(|| panic!("these tests need Chromium as `chromium`; on Debian: apt-get install chromium"))
}

/// What a page said and did.
pub struct Looked {
    results: std::vec::IntoIter<Value>,
}

impl Looked {
    /// Opens a page and does these steps with it. It must complain of nothing, and fetch nothing.
    #[track_caller]
    pub fn at(page: &Path, steps: &[Value]) -> Self {
        let mut command = Command::new("python3");
        command.arg(project("tests/report/browser.py")).arg(chromium()).arg(format!("file://{}", page.display()));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(json!(steps).to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", show(&output));
        let looked: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(looked["console"], json!([]), "the page complains, or fetches something");
        Self { results: looked["results"].as_array().unwrap().clone().into_iter() }
    }

    /// What the next step with a result came to.
    #[track_caller]
    pub fn next(&mut self) -> Value {
        self.results.find(|result| !result.is_null()).expect("a step has no result")
    }
}

pub fn run(expression: &str) -> Value {
    json!({ "run": expression })
}

/// Asks whether everything can be read.
pub fn legible() -> Value {
    run(include_str!("legible.js"))
}

/// How the page looks: `light` or `dark`, `screen` or `print`.
pub fn look(scheme: &str, media: &str) -> Value {
    json!({ "look": [scheme, media] })
}

pub fn typed(text: &str) -> Value {
    json!({ "type": text })
}

pub fn shot(name: &str) -> Value {
    json!({ "shot": pictures().join(name), "whole": true })
}
