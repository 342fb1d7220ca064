//! Reading text files: every way in which a file can be no text is a diagnostic.

use std::io;
use std::path::Path;

use super::code::Code;
use crate::diagnostic::Diagnostic;

/// Bytes of a file that are read at most: 16 MiB, a thousand times the largest real one.
pub(super) const MAX_BYTES: u64 = 16 << 20;

/// Reads at most one byte more than [`MAX_BYTES`], so that [`text`] can tell that there is more.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(std::fs::File::open(path)?, MAX_BYTES + 1), &mut bytes)?;
    Ok(bytes)
}

/// The text of a file, without a byte order mark; else what is wrong with the file at `path`.
pub(super) fn text(path: &Path, bytes: io::Result<Vec<u8>>) -> Result<String, Box<Diagnostic>> {
    let shown = path.display();
    let bytes = bytes.map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => Code::Unreadable.error(format!("`{shown}` does not exist")),
        io::ErrorKind::IsADirectory => Code::Unreadable.error(format!("`{shown}` is a directory, not a file")),
        _ => Code::Unreadable.error(format!("`{shown}` cannot be read: {e}")),
    })?;
    if bytes.len() as u64 > MAX_BYTES {
        let summary = format!("`{shown}` is larger than {} MiB", MAX_BYTES >> 20);
        return Err(Box::new(Code::Huge.error(summary).hint("check that it is the file you mean")));
    }
    let text = String::from_utf8(bytes).map_err(|e| {
        let valid = e.utf8_error().valid_up_to();
        let before = e.as_bytes().get(..valid).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        Code::NotUtf8
            .error(format!("`{shown}` is not UTF-8: the byte at offset {valid}, in line {line}, is no part of a character"))
            .hint("save it as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
