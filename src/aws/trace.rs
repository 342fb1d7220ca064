//! `--trace FILE`: a record of every call as JSON lines, without bodies, credentials or signatures.

use std::path::Path;

/// An open trace file. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Trace {}

impl Trace {
    /// Creates the file, or empties it.
    ///
    /// # Errors
    /// It cannot be created.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        todo!("{path:?}")
    }
}
