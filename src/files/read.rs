//! Reads regular files, up to a size limit.

use std::fmt;
use std::fs::{File, FileType};
use std::io::{self, Read as _};
use std::path::{Component, Path};

/// A path that leads out of the folder it must stay in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// It begins at the root of the file system.
    Absolute,
    /// Its `..` climb above the folder.
    Above,
    /// A symbolic link on it leads elsewhere.
    Link,
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absolute => "the path is absolute",
            Self::Above => "the path leads above the folder of org.toml",
            Self::Link => "a symbolic link leads out of the folder of org.toml",
        })
    }
}

impl std::error::Error for Outside {}

/// How a path leaves the folder that it is relative to, if it does. Does not access the disk.
pub fn escapes(relative: &Path) -> Option<Outside> {
    let mut depth = 0_usize;
    for component in relative.components() {
        match component {
            Component::Prefix(_) | Component::RootDir => return Some(Outside::Absolute),
            Component::CurDir => {}
            Component::Normal(_) => depth += 1,
            Component::ParentDir => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return Some(Outside::Above),
            },
        }
    }
    None
}

/// The bytes of a regular file.
///
/// # Errors
/// There is none; it is something else, such as a FIFO or a device; it has more than `most` bytes.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // Before it is opened: opening a FIFO waits for a writer.
    regular(std::fs::metadata(path)?.file_type())?;
    let file = File::open(path)?;
    regular(file.metadata()?.file_type())?;
    let mut bytes = Vec::new();
    // Counted while it is read: a file may grow, and some system files report no size.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {}", size_name(most))));
    }
    Ok(bytes)
}

/// The text of a regular file.
///
/// # Errors
/// Those of [`read`]; it is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read(path, most)?).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

/// The bytes of a regular file below `folder`. Symbolic links may lead elsewhere within it, and not out of it.
///
/// # Errors
/// Those of [`read`]; [`Outside`].
pub fn read_below(folder: &Path, relative: &Path, most: u64) -> io::Result<Vec<u8>> {
    if let Some(outside) = escapes(relative) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, outside));
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let path = folder.join(relative).canonicalize()?;
    if !path.starts_with(folder.canonicalize()?) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, Outside::Link));
    }
    read(&path, most)
}

/// `16 MiB`.
pub fn size_name(bytes: u64) -> String {
    match bytes >> 30 {
        0 => format!("{} MiB", bytes >> 20),
        gibibytes => format!("{gibibytes} GiB"),
    }
}

/// An error unless it is a regular file.
pub(super) fn regular(file_type: FileType) -> io::Result<()> {
    if file_type.is_file() {
        Ok(())
    } else if file_type.is_dir() {
        Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory, not a file"))
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {}, not a regular file", special(file_type))))
    }
}

#[cfg(unix)]
fn special(file_type: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    if file_type.is_fifo() {
        "a FIFO"
    } else if file_type.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> &'static str {
    "a device"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_folder_are_recognised() {
        for (path, expected) in [
            ("policies/a.json", None),
            ("./a/../b", None),
            ("a/../../b", Some(Outside::Above)),
            ("../a", Some(Outside::Above)),
            ("/etc/passwd", Some(Outside::Absolute)),
        ] {
            assert_eq!(escapes(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn a_file_over_the_limit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert_eq!(read(&path, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_may_stay_below_the_folder_and_not_leave_it() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("inner");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a"), "inside").unwrap();
        std::fs::write(outer.path().join("secret"), "outside").unwrap();
        std::os::unix::fs::symlink("a", folder.join("near")).unwrap();
        std::os::unix::fs::symlink("../secret", folder.join("far")).unwrap();
        std::os::unix::fs::symlink("..", folder.join("up")).unwrap();
        assert_eq!(read_below(&folder, Path::new("near"), 100).unwrap(), b"inside");
        for path in ["far", "up/secret"] {
            let error = read_below(&folder, Path::new(path), 100).unwrap_err();
            let outside = error.get_ref().and_then(|inner| inner.downcast_ref::<Outside>());
            assert_eq!(outside, Some(&Outside::Link), "{path}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_is_no_file() {
        assert!(read(Path::new("/dev/zero"), 10).unwrap_err().to_string().contains("a device"));
    }
}
