//! The kind of a file, determined by its content.

use std::fs::File;
use std::io::{self, Read as _};

/// Bytes at the beginning of a file that identify its kind.
const BEGINNING: u64 = 64 << 10;

/// A kind of file that overlord writes. A file of a kind may be replaced by another one of it.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// With its article: `a saved plan`.
    pub name: &'static str,
    /// Whether a file that begins so is one.
    pub is_one: fn(&str) -> bool,
}

impl Kind {
    /// Whether the open file is of this kind. An empty one is: nothing is lost with it.
    pub(super) fn holds(self, file: &File) -> io::Result<bool> {
        let mut bytes = Vec::new();
        file.take(BEGINNING).read_to_end(&mut bytes)?;
        // The last character may be cut.
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() => {
                std::str::from_utf8(bytes.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
            }
            Err(_) => return Ok(false),
        };
        Ok(bytes.is_empty() || (self.is_one)(text))
    }
}

/// Whether JSON text begins with `beginning`, white space left out. A `#` in `beginning` matches a number.
pub fn starts_compact(text: &str, beginning: &str) -> bool {
    let mut text = text.chars().filter(|c| !c.is_ascii_whitespace()).peekable();
    beginning.chars().all(|expected| match expected {
        '#' => {
            let digits = std::iter::from_fn(|| text.next_if(char::is_ascii_digit)).count();
            digits > 0
        }
        expected => text.next() == Some(expected),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_recognised_with_and_without_white_space() {
        for text in ["{\"seed\":12,\"counter\":0}", "{\n  \"seed\": 7,\n  \"counter\": 3"] {
            assert!(starts_compact(text, "{\"seed\":#,\"counter\":#"), "{text}");
        }
        for text in ["", "{", "{\"seed\":,\"counter\":0}", "[organization]", "{\"seed\":\"7\",\"counter\":0}"] {
            assert!(!starts_compact(text, "{\"seed\":#,\"counter\":#"), "{text}");
        }
    }
}
