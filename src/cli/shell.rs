//! All output passes here: results to standard output, talk to standard error, colour only where it is read.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

use super::{Colour, Exit, Reported};
use crate::aws::Error;
use crate::diagnostic::Diagnostic;
use crate::render::{Style, diagnostic};
use crate::sandbox::SandboxError;

/// The two streams and what they can show.
#[derive(Debug)]
pub(super) struct Shell {
    colour_out: bool,
    colour_err: bool,
}

impl Shell {
    pub(super) fn new(colour: Colour) -> Self {
        // https://no-color.org: any value but the empty one.
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        let on = |terminal: bool| match colour {
            Colour::Auto => wanted && terminal,
            Colour::Always => true,
            Colour::Never => false,
        };
        Self { colour_out: on(std::io::stdout().is_terminal()), colour_err: on(std::io::stderr().is_terminal()) }
    }

    /// How results are styled.
    pub(super) fn style(&self) -> Style {
        Style { colour: self.colour_out, detail: false }
    }

    /// The result. A reader that went away (`| head`) is no error of ours.
    pub(super) fn result(&self, text: impl Display) {
        let mut out = std::io::stdout().lock();
        let _ = write!(out, "{text}").and_then(|()| out.flush());
    }

    /// Talk.
    pub(super) fn say(&self, text: impl Display) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// An error with what to do.
    pub(super) fn error(&self, message: impl Display, hint: Option<String>) -> Reported {
        let red = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
        if self.colour_err {
            self.say(format_args!("{red}error{red:#}: {message}"))
        } else {
            self.say(format_args!("error: {message}"))
        }
        if let Some(hint) = hint {
            self.say(format_args!("  help: {hint}"));
        }
        Reported(Exit::Error)
    }

    /// An error of a call or a change.
    pub(super) fn aws_error(&self, error: &Error) -> Reported {
        self.error(error, error.hint())
    }

    /// An error of the sandbox.
    pub(super) fn sandbox_error(&self, error: &SandboxError) -> Reported {
        self.error(error, error.hint.clone())
    }

    /// Diagnostics, as they stand in the files.
    pub(super) fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        let style = Style { colour: self.colour_err, ..Style::default() };
        let _ = write!(std::io::stderr().lock(), "{}", diagnostic::render(diagnostics, style));
    }
}
