//! The limit on requests in flight. It follows from the number of files that the process may open, since each request can need its own
//! connection.

use std::sync::LazyLock;

/// The maximum, however many files may be open: at 50 ms each these make 40,000 requests a second, many times what the client's own work
/// leaves time for.
const MOST: usize = 2048;
/// Files that are not connections: streams, org.toml, the trace, the plan, resolvers.
const OTHERS: u64 = 32;
/// A pool keeps idle connections to a Region while requests go to the next ones.
const FILES_EACH: u64 = 4;
/// Where the limit cannot be read: half of the 1,024 files that a process may usually have open.
const UNKNOWN: u64 = 1024;

/// Requests in flight of this process, and connections to one host. The first caller raises the soft limit of open files as far as needed
/// and as the hard limit allows: macOS starts with 256, Linux with 1,024.
pub(crate) static IN_FLIGHT: LazyLock<usize> = LazyLock::new(|| {
    let wanted = OTHERS + FILES_EACH * MOST as u64;
    in_flight(rlimit::increase_nofile_limit(wanted).unwrap_or(UNKNOWN))
});

fn in_flight(files: u64) -> usize {
    let places = files.saturating_sub(OTHERS) / FILES_EACH;
    usize::try_from(places).unwrap_or(MOST).clamp(1, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_never_take_all_files() {
        for files in [0, 1, 31, 32, 40, 64, 256, 1024, 8224, 20_000, u64::MAX] {
            let places = in_flight(files);
            assert!((1..=MOST).contains(&places), "{files}: {places}");
            assert!(places == 1 || places as u64 * FILES_EACH + OTHERS <= files, "{files}: {places}");
        }
        assert!(in_flight(256) > 50 && in_flight(1024) > 200, "the usual limits leave room");
    }
}
