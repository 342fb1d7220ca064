//! Writes a new file, or replaces a file of the same kind. Writes several files at once: all of them, or none.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Kind;
use super::read::regular;

/// Which files may be replaced.
#[derive(Debug, Clone, Copy)]
pub enum Replace {
    /// None.
    Nothing,
    /// Those of this kind, and empty ones.
    Kind(Kind),
    /// Every regular file: the user said `--force`.
    Anything,
}

impl Replace {
    /// What `--force` says.
    pub fn forced(force: bool) -> Self {
        if force { Self::Anything } else { Self::Nothing }
    }

    /// What `--force` says of a file that may be one of this kind.
    pub fn kind_or_forced(kind: Kind, force: bool) -> Self {
        if force { Self::Anything } else { Self::Kind(kind) }
    }
}

/// What could not be written, and why.
#[derive(Debug)]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub cause: io::Error,
}

/// Why a file stays as it is.
#[derive(Debug, Clone, Copy)]
struct Kept {
    /// What may be replaced there.
    kind: Option<&'static str>,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Some(kind) => write!(f, "there already, and not {kind}"),
            None => f.write_str("there already"),
        }
    }
}

impl std::error::Error for Kept {}

impl WriteError {
    /// Whether the file is there and must stay.
    pub fn is_in_the_way(&self) -> bool {
        self.cause.get_ref().is_some_and(|inner| inner.is::<Kept>())
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, cause } = self;
        if self.is_in_the_way() {
            write!(f, "`{}` is {cause}", path.display())
        } else {
            write!(f, "cannot write `{}`: {cause}", path.display())
        }
    }
}

/// An error if a file already exists. Checked before work that takes minutes, and again when the file is written.
///
/// # Errors
/// It is there and may not be replaced, or cannot be looked at.
pub fn check(path: &Path, replace: Replace) -> Result<(), WriteError> {
    replaceable(path, replace).map(drop).map_err(|cause| WriteError { path: path.to_owned(), cause })
}

/// Files that are there and must stay.
pub fn in_the_way<'p>(paths: impl IntoIterator<Item = &'p Path>, replace: Replace) -> Vec<PathBuf> {
    paths.into_iter().filter(|path| check(path, replace).is_err_and(|e| e.is_in_the_way())).map(Path::to_owned).collect()
}

/// Writes one file to a temporary name and renames it, so that a reader finds the old or the new one.
///
/// # Errors
/// It is in the way, or cannot be written. What was there is as it was, and no temporary file is left.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>, replace: Replace) -> Result<(), WriteError> {
    write_files(&BTreeMap::from([(path.to_owned(), bytes)]), replace)
}

/// Writes all, the folders that they need too. What fails is taken back, so that there is never a half of them.
///
/// # Errors
/// The first that is in the way or cannot be written.
pub fn write_all(files: &BTreeMap<PathBuf, impl AsRef<[u8]>>, replace: Replace) -> Result<(), WriteError> {
    for path in files.keys() {
        check(path, replace)?;
        create_folder(path).map_err(|cause| WriteError { path: path.clone(), cause })?;
    }
    write_files(files, replace)
}

fn write_files(files: &BTreeMap<PathBuf, impl AsRef<[u8]>>, replace: Replace) -> Result<(), WriteError> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let failed = |path: &Path, cause| WriteError { path: path.to_owned(), cause };
    let done = files.iter().try_for_each(|(path, bytes)| {
        let step = prepare(path, bytes.as_ref(), replace, files.len() > 1).map_err(|cause| failed(path, cause))?;
        steps.push(step);
        Ok(())
    });
    let done = done.and_then(|()| steps.iter_mut().try_for_each(|step| place(step).map_err(|cause| failed(step.path, cause))));
    for step in &steps {
        match &done {
            Ok(()) => step.former.iter().for_each(|former| drop(std::fs::remove_file(former))),
            Err(_) => take_back(step),
        }
    }
    done
}

/// A file that is written to as a run goes on. A device is written to as well: nothing is lost there.
///
/// # Errors
/// It is in the way, or cannot be opened.
pub fn stream(path: &Path, kind: Kind) -> Result<File, WriteError> {
    open_stream(path, kind).map_err(|cause| WriteError { path: path.to_owned(), cause })
}

fn open_stream(path: &Path, kind: Kind) -> io::Result<File> {
    match std::fs::metadata(path) {
        Ok(metadata) if is_character_device(metadata.file_type()) => OpenOptions::new().write(true).open(path),
        Ok(_) => {
            replaceable(path, Replace::Kind(kind))?;
            OpenOptions::new().write(true).truncate(true).open(path)
        }
        // A link that leads nowhere is made to lead somewhere.
        Err(error) if error.kind() == io::ErrorKind::NotFound => OpenOptions::new().write(true).create(true).truncate(false).open(path),
        Err(error) => Err(error),
    }
}

/// A file that holds nothing and is there to be locked.
///
/// # Errors
/// It is no regular file, or cannot be opened.
pub fn lock_file(path: &Path) -> io::Result<File> {
    match std::fs::metadata(path) {
        Ok(metadata) => regular(metadata.file_type())?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

/// Creates the folder that a file is to be in.
///
/// # Errors
/// It cannot be created.
pub fn create_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => std::fs::create_dir_all(folder),
        None => Ok(()),
    }
}

/// Creates the folder, or takes one that holds nothing but these files, each of its kind: what overlord has written there before.
///
/// # Errors
/// It holds something else, or cannot be created or read.
pub fn folder_of(folder: &Path, name: &'static str, files: &[(&str, Kind)]) -> Result<(), WriteError> {
    let failed = |cause| WriteError { path: folder.to_owned(), cause };
    match std::fs::read_dir(folder) {
        Ok(entries) => {
            for entry in entries {
                let entry = entry.map_err(failed)?;
                let (_, kind) = files.iter().find(|(file, _)| entry.file_name() == *file).ok_or_else(|| failed(kept(Some(name))))?;
                check(&entry.path(), Replace::Kind(*kind))?;
            }
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => std::fs::create_dir_all(folder).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(failed(kept(Some(name)))),
        Err(error) => Err(failed(error)),
    }
}

/// One file that is being written: first under a temporary name, then renamed.
struct Step<'f> {
    path: &'f Path,
    /// Its final path: for a link, the link's target.
    target: PathBuf,
    temporary: PathBuf,
    /// Whether a file stood there before, and where it is while it is not certain that it goes.
    replaces: bool,
    keeps_former: bool,
    former: Option<PathBuf>,
    placed: bool,
}

/// The existing file at `path`, which may be replaced, through links; `None` if there is none.
fn replaceable(path: &Path, replace: Replace) -> io::Result<Option<PathBuf>> {
    match path.symlink_metadata() {
        Ok(_) => {}
        // A part of the path that is a file is reported when the folder is created.
        Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => return Ok(None),
        Err(error) => return Err(error),
    }
    // A link that leads nowhere is there too.
    let target = path.canonicalize().map_err(|_| kept(None))?;
    let file_type = std::fs::metadata(&target)?.file_type();
    match replace {
        Replace::Nothing => Err(kept(None)),
        Replace::Kind(_) | Replace::Anything if !file_type.is_file() => regular(file_type).map(|()| None),
        Replace::Anything => Ok(Some(target)),
        Replace::Kind(kind) if kind.holds(&File::open(&target)?)? => Ok(Some(target)),
        Replace::Kind(kind) => Err(kept(Some(kind.name))),
    }
}

fn kept(kind: Option<&'static str>) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, Kept { kind })
}

#[cfg(unix)]
fn is_character_device(file_type: std::fs::FileType) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    file_type.is_char_device()
}

#[cfg(not(unix))]
fn is_character_device(_: std::fs::FileType) -> bool {
    false
}

fn prepare<'f>(path: &'f Path, bytes: &[u8], replace: Replace, keeps_former: bool) -> io::Result<Step<'f>> {
    let there = replaceable(path, replace)?;
    let (replaces, target) = (there.is_some(), there.unwrap_or_else(|| path.to_owned()));
    let (temporary, mut file) = create_beside(&target)?;
    let written = file.write_all(bytes).and_then(|()| match replaces {
        true => std::fs::metadata(&target).and_then(|metadata| file.set_permissions(metadata.permissions())),
        false => Ok(()),
    });
    if let Err(error) = written {
        let _ = std::fs::remove_file(&temporary);
        return Err(error);
    }
    Ok(Step { path, target, temporary, replaces, keeps_former, former: None, placed: false })
}

/// A new file next to a path. Never touches an existing file.
fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    loop {
        let temporary = beside(path);
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

fn place(step: &mut Step<'_>) -> io::Result<()> {
    if step.replaces && step.keeps_former {
        let (former, _) = create_beside(&step.target)?;
        if let Err(error) = std::fs::rename(&step.target, &former) {
            let _ = std::fs::remove_file(&former);
            return Err(error);
        }
        step.former = Some(former);
    } else if !step.replaces && step.target.symlink_metadata().is_ok() {
        // It has come since it was looked for.
        return Err(kept(None));
    }
    std::fs::rename(&step.temporary, &step.target)?;
    step.placed = true;
    Ok(())
}

fn take_back(step: &Step<'_>) {
    let _ = std::fs::remove_file(&step.temporary);
    match &step.former {
        Some(former) => drop(std::fs::rename(former, &step.target)),
        None if step.placed && !step.replaces => drop(std::fs::remove_file(&step.target)),
        None => {}
    }
}

/// `org.toml` → `.org.toml.1234-0.tmp`: another name each time.
fn beside(path: &Path) -> PathBuf {
    static COUNTER: AtomicUsize = AtomicUsize::new(0);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}-{}.tmp", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: Kind = Kind { name: "a note", is_one: |text| text.starts_with("note") };

    fn tree(folder: &Path) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if entry.path().is_dir() {
                found.insert(format!("{name}/"), String::new());
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
        write_all(&files(folder.path(), &["a", "policies/b"]), Replace::Anything).unwrap();
        let expected = [("a", "new a"), ("policies/", ""), ("policies/b", "new policies/b")];
        assert_eq!(tree(folder.path()), expected.map(|(name, text)| (name.to_owned(), text.to_owned())).into());
    }

    /// A folder is in the place of the last file: all files before it are unchanged.
    #[test]
    fn what_fails_leaves_everything_as_it_was() {
        for replace in [Replace::Nothing, Replace::Anything] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(folder.path().join("z")).unwrap();
            if let Replace::Anything = replace {
                std::fs::write(folder.path().join("a"), "old").unwrap();
            }
            let before = tree(folder.path());
            let error = write_all(&files(folder.path(), &["a", "b", "z"]), replace).unwrap_err();
            assert_eq!(error.path, folder.path().join("z"));
            assert_eq!(tree(folder.path()), before);
        }
    }

    /// As above, where it is the last step that fails: a folder has come in between.
    #[test]
    fn what_cannot_be_put_in_its_place_leaves_everything_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (a, z) = (folder.path().join("a"), folder.path().join("z"));
        std::fs::write(&a, "old").unwrap();
        let mut steps = [prepare(&a, b"new", Replace::Anything, true).unwrap(), prepare(&z, b"new", Replace::Anything, true).unwrap()];
        std::fs::create_dir(&z).unwrap();
        place(&mut steps[0]).unwrap();
        place(&mut steps[1]).unwrap_err();
        steps.iter().for_each(take_back);
        assert_eq!(tree(folder.path()), [("a", "old"), ("z/", "")].map(|(name, text)| (name.to_owned(), text.to_owned())).into());
    }

    #[test]
    fn what_is_there_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "c"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let files = files(folder.path(), &["a", "b", "c"]);
        let found = in_the_way(files.keys().map(PathBuf::as_path), Replace::Nothing);
        assert_eq!(found, ["a", "c"].map(|name| folder.path().join(name)));
        assert_eq!(in_the_way(files.keys().map(PathBuf::as_path), Replace::Anything), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_file_of_another_kind_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for (before, is_replaced) in [("note 1", true), ("", true), ("[organization]", false)] {
            std::fs::write(&path, before).unwrap();
            let written = write(&path, "note 2", Replace::Kind(NOTE));
            assert_eq!(written.is_ok(), is_replaced, "{before:?}: {written:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), if is_replaced { "note 2" } else { before });
            assert!(is_replaced || written.unwrap_err().to_string().ends_with("is there already, and not a note"));
            std::fs::write(&path, before).unwrap();
            assert_eq!(stream(&path, NOTE).is_ok(), is_replaced);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), if is_replaced { "" } else { before });
        }
        assert_eq!(tree(folder.path()).len(), 1, "a temporary file is left");
    }

    /// What is written through a link replaces what the link leads to, and the link stays.
    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("deep")).unwrap();
        std::fs::write(folder.path().join("deep/a"), "note 1").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("deep/a", &link).unwrap();
        write(&link, "note 2", Replace::Kind(NOTE)).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(folder.path().join("deep/a")).unwrap(), "note 2");
        std::fs::remove_file(folder.path().join("deep/a")).unwrap();
        write(&link, "note 3", Replace::Kind(NOTE)).unwrap_err();
    }
}
