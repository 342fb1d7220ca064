//! Model drift: `tests/models/drift.py`, which compares this project's tables with the newest models of AWS, finds each kind of change in
//! models that were changed on purpose, and none in those that are pinned. It needs no network here.

use std::process::Command;

use crate::support::{project, python, show};

#[test]
fn each_kind_of_change_of_the_models_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(python()).arg(project("tests/models/doctored.py")).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", show(&output));
}
