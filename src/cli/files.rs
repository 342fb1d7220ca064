//! Several files at once: all of them, or none.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// What happens to a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// Nothing is written.
    Refused,
    /// It is written over.
    Replaced,
}

impl Existing {
    /// What `--force` says.
    pub(super) fn of(force: bool) -> Self {
        if force { Self::Replaced } else { Self::Refused }
    }
}

/// What could not be written, and why.
#[derive(Debug)]
pub(super) struct WriteError {
    pub(super) path: PathBuf,
    pub(super) cause: io::Error,
}

/// Files that are there and must stay.
pub(super) fn in_the_way<'p>(paths: impl IntoIterator<Item = &'p Path>, existing: Existing) -> Vec<PathBuf> {
    // A link that leads nowhere is there too.
    let there = |path: &&Path| existing == Existing::Refused && path.symlink_metadata().is_ok();
    paths.into_iter().filter(there).map(Path::to_owned).collect()
}

/// One file on its way: first beside its place, then in it.
struct Step<'f> {
    path: &'f Path,
    /// What stood there before, while it is not certain that it goes.
    former: Option<PathBuf>,
    placed: bool,
}

/// Writes all, the folders that they need too. What fails is taken back, so that there is never a half of them.
pub(super) fn write_all(files: &BTreeMap<PathBuf, String>, existing: Existing) -> Result<(), WriteError> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let done = files.iter().try_for_each(|(path, text)| {
        steps.push(Step { path, former: None, placed: false });
        prepare(path, text).map_err(|cause| WriteError { path: path.clone(), cause })
    });
    let done = done.and_then(|()| {
        steps.iter_mut().try_for_each(|step| {
            let path = step.path.to_owned();
            place(step, existing).map_err(|cause| WriteError { path, cause })
        })
    });
    for step in &steps {
        match &done {
            Ok(()) => step.former.iter().for_each(|former| drop(std::fs::remove_file(former))),
            Err(_) => take_back(step),
        }
    }
    done
}

fn prepare(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(beside(path, "partial"), text)
}

fn place(step: &mut Step<'_>, existing: Existing) -> io::Result<()> {
    if step.path.symlink_metadata().is_ok() {
        match existing {
            Existing::Refused => return Err(io::Error::from(io::ErrorKind::AlreadyExists)),
            Existing::Replaced => {
                let former = beside(step.path, "former");
                std::fs::rename(step.path, &former)?;
                step.former = Some(former);
            }
        }
    }
    std::fs::rename(beside(step.path, "partial"), step.path)?;
    step.placed = true;
    Ok(())
}

fn take_back(step: &Step<'_>) {
    let _ = std::fs::remove_file(beside(step.path, "partial"));
    match &step.former {
        Some(former) => drop(std::fs::rename(former, step.path)),
        None if step.placed => drop(std::fs::remove_file(step.path)),
        None => {}
    }
}

/// `org.toml` → `org.toml.partial`.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(folder: &Path) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if entry.path().is_dir() {
                found.extend(tree(&entry.path()).into_iter().map(|(below, text)| (format!("{name}/{below}"), text)));
            } else {
                found.insert(name, std::fs::read_to_string(entry.path()).unwrap());
            }
        }
        found
    }

    fn files(folder: &Path, names: &[&str]) -> BTreeMap<PathBuf, String> {
        names.iter().map(|name| (folder.join(name), format!("new {name}"))).collect()
    }

    #[test]
    fn all_are_written_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "old").unwrap();
        write_all(&files(folder.path(), &["a", "policies/b"]), Existing::Replaced).unwrap();
        let expected = [("a", "new a"), ("policies/b", "new policies/b")];
        assert_eq!(tree(folder.path()), expected.map(|(name, text)| (name.to_owned(), text.to_owned())).into());
    }

    /// A folder stands where the last file should: all that came before it is as it was.
    #[test]
    fn what_fails_leaves_everything_as_it_was() {
        for existing in [Existing::Refused, Existing::Replaced] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(folder.path().join("z.partial/full")).unwrap();
            if existing == Existing::Replaced {
                std::fs::write(folder.path().join("a"), "old").unwrap();
            }
            let before = tree(folder.path());
            let error = write_all(&files(folder.path(), &["a", "b", "z"]), existing).unwrap_err();
            assert_eq!(error.path, folder.path().join("z"));
            assert_eq!(tree(folder.path()), before);
        }
    }

    /// As above, where it is the last step that fails.
    #[test]
    fn what_cannot_be_put_in_its_place_leaves_everything_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "old").unwrap();
        std::fs::write(folder.path().join("z"), "old").unwrap();
        std::fs::create_dir_all(folder.path().join("z.former/full")).unwrap();
        let before = tree(folder.path());
        write_all(&files(folder.path(), &["a", "b", "z"]), Existing::Replaced).unwrap_err();
        assert_eq!(tree(folder.path()), before);
    }

    #[test]
    fn what_is_there_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "c"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let files = files(folder.path(), &["a", "b", "c"]);
        let found = in_the_way(files.keys().map(PathBuf::as_path), Existing::Refused);
        assert_eq!(found, ["a", "c"].map(|name| folder.path().join(name)));
        assert_eq!(in_the_way(files.keys().map(PathBuf::as_path), Existing::Replaced), Vec::<PathBuf>::new());
    }
}
