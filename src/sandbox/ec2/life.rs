//! Lifecycle states of resources that AWS creates and deletes slowly. A state is a function of the world's clock, so nothing is updated later.

use serde::{Deserialize, Serialize};

/// From when something can be used, and until when it is there, in world time (ms).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Life {
    /// When it was requested.
    pub created_ms: u64,
    /// When it is or was ready.
    pub available_ms: u64,
    /// When it is or was gone; none before it is deleted.
    pub deleted_ms: Option<u64>,
}

/// The lifecycle state of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Being made.
    Pending,
    /// In use.
    Available,
    /// Being deleted.
    Deleting,
    /// Gone, and perhaps still listed.
    Deleted,
}

impl Life {
    /// A life that begins now and is ready after `ms` milliseconds.
    pub(super) fn begin(now_ms: u64, ms: u64) -> Self {
        Self { created_ms: now_ms, available_ms: now_ms + ms, deleted_ms: None }
    }

    /// Begins the end, which takes `ms` milliseconds.
    pub(super) fn end(&mut self, now_ms: u64, ms: u64) {
        self.deleted_ms.get_or_insert(now_ms + ms);
    }

    /// Where it stands.
    pub fn stage(&self, now_ms: u64) -> Stage {
        match self.deleted_ms {
            Some(deleted) if deleted <= now_ms => Stage::Deleted,
            Some(_) => Stage::Deleting,
            None if self.available_ms <= now_ms => Stage::Available,
            None => Stage::Pending,
        }
    }

    /// Whether it still holds what it uses.
    pub fn is_there(&self, now_ms: u64) -> bool {
        self.stage(now_ms) != Stage::Deleted
    }
}
