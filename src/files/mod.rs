//! Files: every read from and write to disk goes through this module.
//!
//! It reads only regular files up to a size limit, so that no FIFO blocks a run and no device fills the memory. It replaces only files of the
//! same [`Kind`], which is determined by their content.

mod kind;
mod read;
mod same;
mod write;

pub use kind::{Kind, starts_compact};
pub use read::{Outside, escapes, read, read_below, read_text, size_name};
pub use same::{Clash, Named, clash};
pub use write::{Replace, WriteError, check, create_folder, folder_of, in_the_way, lock_file, stream, write, write_all};

/// Bytes of org.toml and of each file that it names, at most: 16 MiB, a thousand times the largest real one.
pub const CONFIGURATION: u64 = 16 << 20;
/// Bytes of a list or policy that the command line names, at most.
pub const LIST: u64 = 16 << 20;
/// Bytes of a baseline, at most: a finding of each of 5,000 accounts in four Regions is a tenth of it.
pub const BASELINE: u64 = 256 << 20;
/// Bytes of one of the files that AWS publishes about its services, at most.
pub const REFERENCE: u64 = 64 << 20;
/// Bytes of a saved plan, at most: that of 5,000 accounts with networks in four Regions has some hundreds of millions.
pub const SAVED_PLAN: u64 = 4 << 30;
/// Bytes of a sandbox world, at most.
pub const WORLD: u64 = 4 << 30;
