//! Reads text files. Everything that makes a file unreadable as text is a diagnostic.

use std::io;
use std::path::Path;

use super::code::Code;
use crate::diagnostic::Diagnostic;
use crate::files::{self, Outside};

/// Bytes of a file that are read at most.
const MAX_BYTES: u64 = files::CONFIGURATION;

/// The bytes of org.toml itself, wherever it is.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    files::read(path, MAX_BYTES)
}

/// The bytes of a file that org.toml names, below its folder.
pub(super) fn read_below(folder: &Path, relative: &Path) -> io::Result<Vec<u8>> {
    files::read_below(folder, relative, MAX_BYTES)
}

/// The text of a file, without a byte order mark; else what is wrong with the file at `path`.
pub(super) fn text(path: &Path, bytes: io::Result<Vec<u8>>) -> Result<String, Box<Diagnostic>> {
    let shown = path.display();
    let outside = |e: &io::Error| e.get_ref().and_then(|inner| inner.downcast_ref::<Outside>()).copied();
    let bytes = bytes.map_err(|e| match e.kind() {
        _ if let Some(outside) = outside(&e) => outside_of(path, outside),
        io::ErrorKind::FileTooLarge => too_large(path),
        io::ErrorKind::NotFound => Code::Unreadable.error(format!("`{shown}` does not exist")),
        io::ErrorKind::IsADirectory => Code::Unreadable.error(format!("`{shown}` is a directory, not a file")),
        _ => Code::Unreadable.error(format!("`{shown}` cannot be read: {e}")),
    })?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Box::new(too_large(path)));
    }
    let text = String::from_utf8(bytes).map_err(|e| {
        let valid = e.utf8_error().valid_up_to();
        let before = e.as_bytes().get(..valid).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        Code::NotUtf8
            .error(format!("`{shown}` is not UTF-8: the byte at offset {valid}, in line {line}, does not belong to a character"))
            .hint("save it as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn too_large(path: &Path) -> Diagnostic {
    let summary = format!("`{}` is larger than {}", path.display(), files::size_name(MAX_BYTES));
    Code::Huge.error(summary).hint("check that it is the file you mean")
}

fn outside_of(path: &Path, outside: Outside) -> Diagnostic {
    Code::OutsidePath
        .error(format!("`{}` is not below the folder of org.toml: {outside}", path.display()))
        .hint("copy the file there, add its repository as a git submodule, or move org.toml to a folder above both")
}
