//! A world on disk: one JSON file, replaced atomically, held by one process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::SandboxError;
use super::world::World;

/// The least time between two writes of the file, so that thousands of changes stay linear.
const PAUSE: Duration = Duration::from_millis(200);
/// And so many times as long as the last write took, so that a large world is not written more than it is worked on.
const PAUSE_PER_WRITE: u32 = 20;

/// The file of a world.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    /// Holds the lock as long as it is open. It is a file of its own because the world's file is replaced by each write.
    _lock: File,
    /// When the file was last written, and how long that took. The computer's time: a paused tokio clock must not keep the file from being
    /// written.
    written: Option<(Instant, Duration)>,
    /// Whether the world has changed since.
    dirty: bool,
}

impl Store {
    /// Locks the file at `path`, which need not exist. Its folder is created.
    pub(super) fn lock(path: &Path) -> Result<Self, SandboxError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| failed("create the folder of", path, &error))?;
        }
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(beside(path, "lock"));
        let lock = lock.map_err(|error| failed("lock", path, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock, written: None, dirty: false }),
            Err(TryLockError::WouldBlock) => Err(SandboxError::new(format!("another process uses the sandbox `{}`", path.display()))
                .hint("wait until it ends, or give another file with `--sandbox=FILE`")),
            Err(TryLockError::Error(error)) => Err(failed("lock", path, &error)),
        }
    }

    /// Reads the world in the file, if there is one.
    pub(super) fn read(&self) -> Result<Option<World>, SandboxError> {
        match std::fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
                SandboxError::new(format!("the sandbox `{}` is not readable: {error}", self.path.display()))
                    .hint("run `overlord sandbox reset` to begin with a fresh one")
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", &self.path, &error)),
        }
    }

    /// Notes that the world has changed.
    pub(super) fn touch(&mut self) {
        self.dirty = true;
    }

    /// Whether it is time to write the file.
    pub(super) fn is_due(&self) -> bool {
        self.dirty && self.written.is_none_or(|(written, took)| written.elapsed() >= PAUSE.max(took * PAUSE_PER_WRITE))
    }

    /// Writes the world: beside the file first, then in its place, so that a crash leaves the old or the new one.
    pub(super) fn write(&mut self, world: &World) -> Result<(), SandboxError> {
        let (beside, begun) = (beside(&self.path, "new"), Instant::now());
        let result = serde_json::to_vec_pretty(world).map_err(std::io::Error::from).and_then(|bytes| {
            std::fs::write(&beside, bytes)?;
            std::fs::rename(&beside, &self.path)
        });
        self.written = Some((Instant::now(), begun.elapsed()));
        self.dirty = result.is_err();
        result.map_err(|error| {
            SandboxError::new(format!("cannot write the sandbox `{}`: {error}", self.path.display()))
                .hint("free some space, or give another file with `--sandbox=FILE`")
        })
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.dirty
    }
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> SandboxError {
    SandboxError::new(format!("cannot {what} `{}`: {error}", path.display())).hint("give another file with `--sandbox=FILE`")
}

/// `world.json` → `world.json.lock`.
fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}
