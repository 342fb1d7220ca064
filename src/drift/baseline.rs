//! `--baseline`: leaves out the findings of an earlier run, so that only new ones are reported.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

use super::{Drift, FORMAT_VERSION, Finding};

/// What an earlier look found, by fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline(BTreeSet<String>);

/// Why a text is no earlier look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaselineError {
    /// It is no JSON, or not of its form.
    Malformed(String),
    /// Another version of overlord wrote it.
    Version(u64),
}

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => write!(f, "it is not the output of `overlord drift --format json`: {why}"),
            Self::Version(found) => write!(f, "it has the format version {found}, and this version of overlord reads {FORMAT_VERSION}"),
        }
    }
}

impl std::error::Error for BaselineError {}

impl Baseline {
    /// From the output of `overlord drift --format json`. Findings that it left out for its own baseline are known too.
    ///
    /// # Errors
    /// It is something else, or of another version.
    pub fn from_json(text: &str) -> Result<Self, BaselineError> {
        #[derive(Deserialize)]
        struct Version {
            format_version: u64,
        }
        #[derive(Deserialize)]
        struct Read {
            findings: Vec<Printed>,
            #[serde(default)]
            known: Vec<String>,
        }
        #[derive(Deserialize)]
        struct Printed {
            fingerprint: String,
        }
        let malformed = |error: serde_json::Error| BaselineError::Malformed(error.to_string());
        let version: Version = serde_json::from_str(text).map_err(malformed)?;
        if version.format_version != u64::from(FORMAT_VERSION) {
            return Err(BaselineError::Version(version.format_version));
        }
        let read: Read = serde_json::from_str(text).map_err(malformed)?;
        Ok(Self(read.findings.into_iter().map(|printed| printed.fingerprint).chain(read.known).collect()))
    }

    pub(super) fn leave_out(&self, drift: &mut Drift) {
        let now: BTreeSet<String> = drift.findings.iter().map(Finding::fingerprint).collect();
        drift.known = self.0.intersection(&now).cloned().collect();
        drift.gone = self.0.difference(&now).count();
        drift.findings.retain(|finding| !self.0.contains(&finding.fingerprint()));
    }
}
