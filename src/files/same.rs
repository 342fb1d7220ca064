//! Checks whether two paths name the same file.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// A path that the command line names, and what names it: `--trace`.
#[derive(Debug, Clone, Copy)]
pub struct Named<'p> {
    /// The option.
    pub by: &'static str,
    /// Its path.
    pub path: &'p Path,
}

/// Two options that name one file.
#[derive(Debug, Clone, Copy)]
pub struct Clash<'p> {
    /// The first one.
    pub first: Named<'p>,
    /// The second one.
    pub second: Named<'p>,
}

/// The first two that name one file, through links and other spellings of a path too.
pub fn clash<'p>(named: &[Named<'p>]) -> Option<Clash<'p>> {
    let identities: Vec<Identity> = named.iter().map(|named| Identity::of(named.path)).collect();
    let pairs = named.iter().zip(&identities).enumerate();
    pairs.into_iter().find_map(|(position, (second, identity))| {
        let before = named.iter().zip(&identities).take(position);
        let first = before.into_iter().find(|(_, other)| other.is(identity)).map(|(first, _)| *first)?;
        Some(Clash { first, second: *second })
    })
}

/// What a file is known by.
struct Identity {
    path: PathBuf,
    /// Device and inode, of what is there: a hard link has another path.
    #[cfg(unix)]
    inode: Option<(u64, u64)>,
}

impl Identity {
    fn of(path: &Path) -> Self {
        #[cfg(unix)]
        let inode = {
            use std::os::unix::fs::MetadataExt as _;
            path.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()))
        };
        Self {
            path: resolved(path),
            #[cfg(unix)]
            inode,
        }
    }

    fn is(&self, other: &Self) -> bool {
        #[cfg(unix)]
        if self.inode.is_some() && self.inode == other.inode {
            return true;
        }
        self.path == other.path
    }
}

/// The path without links, as far as it is there; the rest without `.` and `..`.
fn resolved(path: &Path) -> PathBuf {
    let mut rest: Vec<OsString> = Vec::new();
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut there = absolute.as_path();
    let mut resolved = loop {
        if let Ok(found) = there.canonicalize() {
            break found;
        }
        // A link that leads nowhere names what it leads to.
        let next = there.read_link().ok().and_then(|target| Some(there.parent()?.join(target)));
        if let Some(next) = next.filter(|next| next.parent().is_some_and(Path::exists) && next.read_link().is_err()) {
            let name = next.file_name().map(OsString::from).unwrap_or_default();
            let folder = next.parent().and_then(|folder| folder.canonicalize().ok()).unwrap_or_default();
            break folder.join(name);
        }
        match (there.parent(), there.components().next_back()) {
            (Some(parent), Some(last)) => {
                rest.push(last.as_os_str().to_owned());
                there = parent;
            }
            _ => break there.to_owned(),
        }
    };
    for name in rest.into_iter().rev() {
        match Path::new(&name).components().next() {
            Some(Component::ParentDir) => drop(resolved.pop()),
            Some(Component::CurDir) | None => {}
            Some(Component::Normal(_) | Component::RootDir | Component::Prefix(_)) => resolved.push(name),
        }
    }
    resolved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(folder: &Path, one: &str, other: &str, expected: bool) {
        let (one, other) = (folder.join(one), folder.join(other));
        let named = [Named { by: "--out", path: &one }, Named { by: "--trace", path: &other }];
        assert_eq!(clash(&named).is_some(), expected, "{} and {}", one.display(), other.display());
    }

    #[test]
    fn spellings_of_one_path_are_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        std::fs::create_dir(folder.join("deep")).unwrap();
        std::fs::write(folder.join("there"), "").unwrap();
        for (one, other, expected) in [
            ("there", "./there", true),
            ("there", "deep/../there", true),
            ("new", "deep/../new", true),
            ("new", "missing/../new", true),
            ("new", "there", false),
            ("deep/new", "new", false),
        ] {
            check(folder, one, other, expected);
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_name_what_they_lead_to() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        std::fs::create_dir(folder.join("deep")).unwrap();
        std::fs::write(folder.join("there"), "").unwrap();
        std::os::unix::fs::symlink("there", folder.join("soft")).unwrap();
        std::os::unix::fs::symlink("new", folder.join("dangling")).unwrap();
        std::os::unix::fs::symlink("deep", folder.join("folder")).unwrap();
        std::fs::hard_link(folder.join("there"), folder.join("hard")).unwrap();
        for (one, other) in [("there", "soft"), ("there", "hard"), ("new", "dangling"), ("deep/new", "folder/new")] {
            check(folder, one, other, true);
        }
    }
}
