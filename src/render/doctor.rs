//! The checks of `overlord doctor`, one line each.

use std::fmt::Write as _;

use super::words::{count, plain};
use super::{Comment, Style};
use crate::doctor::{Check, State};

/// For people.
pub fn text(checks: &[Check], style: Style) -> String {
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
    let mut out = String::new();
    for check in checks {
        let mark = match check.state {
            State::Well => style.good("ok  "),
            State::Note => style.warning("note"),
            State::Wrong => style.error("FAIL"),
        };
        let _ = writeln!(out, "{mark} {:width$}  {}", check.name, plain(&check.summary));
        for detail in &check.details {
            let _ = writeln!(out, "       {}", plain(detail));
        }
        if let Some(hint) = &check.hint {
            let _ = writeln!(out, "       {}", style.dim(&format!("help: {}", plain(hint))));
        }
    }
    let wrong = checks.iter().filter(|check| check.state == State::Wrong).count();
    let summary = format!("{}: {wrong} failed", count(checks.len(), "check"));
    let _ = writeln!(out, "\n{}", if wrong == 0 { style.good(&summary) } else { style.error(&summary) });
    out
}

/// For a comment on a pull request.
pub fn markdown(checks: &[Check]) -> Comment {
    let mut out = Comment::titled("overlord doctor");
    out.block(text(checks, Style::default()).trim_end());
    out
}
