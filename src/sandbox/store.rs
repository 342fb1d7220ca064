//! A world on disk: one JSON file, replaced atomically, locked by one process at a time.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::SandboxError;
use super::world::{WORLD_FILE, World};
use crate::files::{self, Replace, WriteError};

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
    /// Which file a world may replace.
    replace: Replace,
    /// When the file was last written, and how long that took. The computer's time: a paused tokio clock must not keep the file from being
    /// written.
    written: Option<(Instant, Duration)>,
    /// Whether the world has changed since.
    dirty: bool,
}

impl Store {
    /// Locks the file at `path`, which need not exist. Its folder is created.
    pub(super) fn lock(path: &Path) -> Result<Self, SandboxError> {
        files::create_folder(path).map_err(|error| failed("create the folder of", path, &error))?;
        let lock = files::lock_file(&lock_of(path)).map_err(|error| failed("lock", path, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock, replace: Replace::Kind(WORLD_FILE), written: None, dirty: false }),
            Err(TryLockError::WouldBlock) => Err(SandboxError::new(format!("another process uses the sandbox `{}`", path.display()))
                .hint("wait until it ends, or give another file with `--sandbox=FILE`")),
            Err(TryLockError::Error(error)) => Err(failed("lock", path, &error)),
        }
    }

    /// The same, to put a fresh world there: over a world, or over anything where `force` says so.
    pub(super) fn lock_to_replace(path: &Path, force: bool) -> Result<Self, SandboxError> {
        // Its keys may be in another order than this code writes.
        let is_world = || files::read(path, files::WORLD).is_ok_and(|bytes| serde_json::from_slice::<World>(&bytes).is_ok());
        let replace = Replace::kind_or_forced(WORLD_FILE, force || is_world());
        // Before the lock: no lock file is created next to a file of somebody else.
        files::check(path, replace).map_err(|error| not_written(&error))?;
        Ok(Self { replace, ..Self::lock(path)? })
    }

    /// Reads the world in the file, if there is one.
    pub(super) fn read(&mut self) -> Result<Option<World>, SandboxError> {
        match files::read(&self.path, files::WORLD) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).inspect(|_| self.replace = Replace::Anything).map_err(|error| {
                SandboxError::new(format!("the sandbox `{}` is not readable: {error}", self.path.display()))
                    .hint("give another file with `--sandbox=FILE`, or begin with a fresh world: `overlord sandbox reset --force`")
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

    /// Writes the world to a temporary file and renames it, so that a crash leaves the old or the new one.
    pub(super) fn write(&mut self, world: &World) -> Result<(), SandboxError> {
        let begun = Instant::now();
        let json = serde_json::to_vec_pretty(world).map_err(|error| WriteError { path: self.path.clone(), cause: error.into() });
        let result = json.and_then(|bytes| files::write(&self.path, bytes, self.replace));
        self.written = Some((Instant::now(), begun.elapsed()));
        self.dirty = result.is_err();
        result.map_err(|error| not_written(&error))
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.dirty
    }
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> SandboxError {
    SandboxError::new(format!("cannot {what} `{}`: {error}", path.display())).hint("give another file with `--sandbox=FILE`")
}

fn not_written(error: &WriteError) -> SandboxError {
    let hint = match error.is_in_the_way() {
        true => "give another file with `--sandbox=FILE`; `overlord sandbox reset --force` writes over what is there",
        false => "free some space, or give another file with `--sandbox=FILE`",
    };
    SandboxError::new(format!("{error}; nothing was written")).hint(hint)
}

/// `world.json` → `world.json.lock`.
pub fn lock_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
