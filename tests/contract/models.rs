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

/// The sandbox's tables of requests, answers and errors are those of the pinned models.
#[test]
fn models_of_the_sandbox_are_those_of_botocore() {
    let output = Command::new(python()).arg(project("tests/models/wire.py")).arg("--compare").output().unwrap();
    assert!(output.status.success(), "{}", show(&output));
}

/// botocore sends the requests, and reads the answers, that the unit tests of the sandbox's protocols read and write.
#[test]
fn botocore_speaks_the_protocols_of_the_sandbox() {
    let output = Command::new(python()).arg(project("tests/models/witness.py")).arg("--compare").output().unwrap();
    assert!(output.status.success(), "{}", show(&output));
}
