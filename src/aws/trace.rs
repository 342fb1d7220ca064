//! `--trace FILE`: a record of every call as JSON lines, without bodies, credentials or signatures.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::Serialize;

use super::rate_limiter::lock;
use crate::files::{self, Kind, WriteError};

/// One call, as it is written to the file. Nothing here can contain a secret: names, numbers, and AWS's own codes and ids.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Record<'a> {
    pub service: &'a str,
    pub operation: &'a str,
    /// The caller's account; absent before the account guard has answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<&'a str>,
    /// From 1; retries count on.
    pub attempt: u32,
    /// Milliseconds waited for the token bucket and the writer.
    pub waited_ms: u64,
    /// Milliseconds from sending to the end of the answer.
    pub ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// AWS's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
    /// The connection's error, if no answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<&'a str>,
}

#[derive(Serialize)]
struct Line<'a> {
    /// Counts the lines, in the order in which the answers came.
    sequence: u64,
    /// When the request was sent, RFC 3339 in UTC.
    start: &'a str,
    #[serde(flatten)]
    record: &'a Record<'a>,
}

/// What `--trace` writes.
const TRACE: Kind = Kind { name: "a trace", is_one: |text| text.starts_with("{\"sequence\":1,\"start\":\"") };

/// An open trace file. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Trace {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    sequence: u64,
    failure: Option<String>,
}

impl Trace {
    /// Creates the file, or empties an earlier trace.
    ///
    /// # Errors
    /// The file exists and is not a trace; it cannot be created.
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        Ok(Self { inner: Arc::new(Mutex::new(Inner { file: files::stream(path, TRACE)?, sequence: 0, failure: None })) })
    }

    /// Why the file is incomplete, if it is: a full disk, for example. The run continues without its trace, and the command line reports
    /// it once, at the end.
    pub fn failure(&self) -> Option<String> {
        lock(&self.inner).failure.clone()
    }

    /// Writes one line, whole: a single write of an unbuffered file, under a lock.
    pub(super) fn write(&self, started: SystemTime, record: &Record<'_>) {
        let mut inner = lock(&self.inner);
        if inner.failure.is_some() {
            return;
        }
        inner.sequence += 1;
        let start = DateTime::from(started).fmt(Format::DateTime).unwrap_or_default();
        let written = serde_json::to_string(&Line { sequence: inner.sequence, start: &start, record })
            .map_err(std::io::Error::other)
            .and_then(|line| inner.file.write_all(format!("{line}\n").as_bytes()));
        if let Err(error) = written {
            inner.failure = Some(format!("the trace ends before call {}: {error}", inner.sequence));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: Record<'_> = Record {
        service: "organizations",
        operation: "ListRoots",
        account: Some("111111111111"),
        region: None,
        attempt: 2,
        waited_ms: 1,
        ms: 3,
        status: Some(200),
        code: None,
        request_id: None,
        connection: None,
    };

    #[test]
    fn lines_are_whole_and_counted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trace.jsonl");
        let trace = Trace::create(&path).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                let trace = trace.clone();
                scope.spawn(move || (0..50).for_each(|_| trace.write(SystemTime::UNIX_EPOCH, &RECORD)));
            }
        });
        let text = std::fs::read_to_string(&path).unwrap();
        for (n, line) in text.lines().enumerate() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(value["sequence"], n as u64 + 1);
            assert_eq!(value["start"], "1970-01-01T00:00:00Z");
        }
        assert_eq!((text.lines().count(), trace.failure()), (400, None));
    }

    /// `/dev/full` is a full disk.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_and_does_not_stop_the_run() {
        let trace = Trace::create(Path::new("/dev/full")).unwrap();
        trace.write(SystemTime::now(), &RECORD);
        trace.write(SystemTime::now(), &RECORD);
        assert!(trace.failure().unwrap().starts_with("the trace ends before call 1: "));
    }
}
