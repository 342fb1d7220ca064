//! All output goes through this module: results to standard output, messages to standard error, colour only where it can be displayed.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};

use serde_json::{Map, Value};

use super::{Colour, Exit, Format, Global, Reported};
use crate::aws::Error;
use crate::diagnostic::Diagnostic;
use crate::escape;
use crate::render::{Comment, Style, Xml, diagnostic, markdown, wrap};
use crate::sandbox::SandboxError;

/// The number of columns of a stream, if it is a terminal that reports it.
#[cfg(unix)]
fn width(stream: &(impl IsTerminal + std::os::fd::AsFd)) -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(stream)?;
    Some(columns.into())
}

/// The number of columns of a stream, if it is a terminal that reports it.
#[cfg(not(unix))]
fn width(stream: &impl IsTerminal) -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size().filter(|_| stream.is_terminal())?;
    Some(columns.into())
}

/// A text whose lines fit so many columns. It is escaped afterwards: nothing that acts in a log begins a line by it.
fn fitting(text: &str, columns: Option<usize>) -> Cow<'_, str> {
    columns.map_or(Cow::Borrowed(text), |columns| wrap(text, columns).into())
}

/// The two streams and what they can show.
#[derive(Debug)]
pub(super) struct Shell {
    colour_out: bool,
    colour_err: bool,
    /// Columns of the terminal that standard output is; `None` where lines stay whole.
    width_out: Option<usize>,
    /// The same of standard error.
    width_err: Option<usize>,
    format: Format,
    /// Whether a result was printed.
    answered: Cell<bool>,
    /// Why a result was not written.
    failure: RefCell<Option<io::Error>>,
}

impl Shell {
    pub(super) fn new(global: &Global) -> Self {
        // https://no-color.org: any value but the empty one.
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        let on = |terminal: bool| match global.color {
            Colour::Auto => wanted && terminal,
            Colour::Always => true,
            Colour::Never => false,
        };
        Self {
            colour_out: on(io::stdout().is_terminal()),
            colour_err: on(io::stderr().is_terminal()),
            width_out: width(&io::stdout()),
            width_err: width(&io::stderr()),
            format: global.format,
            answered: Cell::new(false),
            failure: RefCell::new(None),
        }
    }

    /// The output format.
    pub(super) fn format(&self) -> Format {
        self.format
    }

    /// How results are styled.
    pub(super) fn style(&self) -> Style {
        Style { colour: self.colour_out, detail: false }
    }

    /// How talk is styled.
    pub(super) fn style_of_talk(&self) -> Style {
        Style { colour: self.colour_err, detail: false }
    }

    /// The result, in the language of `--format`. Whatever it holds, nothing of it acts on a terminal or in a log, and in Markdown it is a
    /// block of text.
    pub(super) fn result(&self, text: impl Display) {
        let text = text.to_string();
        match self.format {
            Format::Text => self.print(&escape::terminal(&fitting(&text, self.width_out), self.colour_out)),
            Format::Line | Format::Junit => self.print(&escape::terminal(&text, self.colour_out)),
            Format::Json | Format::Sarif => self.print(&escape::json(&text)),
            Format::Markdown => self.comment(Comment::default().block(&text)),
        }
    }

    /// A result whose lines stay whole on a terminal too: a document, a drawing, a list for other programs.
    pub(super) fn whole(&self, text: impl Display) {
        match self.format {
            Format::Text => self.print(&escape::terminal(&text.to_string(), self.colour_out)),
            Format::Line | Format::Junit | Format::Json | Format::Sarif | Format::Markdown => self.result(text),
        }
    }

    /// The result as Markdown.
    pub(super) fn comment(&self, comment: &Comment) {
        self.print(&escape::terminal(&comment.to_string(), false));
    }

    /// The result as XML.
    pub(super) fn xml(&self, xml: &Xml) {
        self.print(&xml.to_string());
    }

    /// A result that is made of our own words alone, such as a script or a manual page.
    pub(super) fn own(&self, text: impl Display) {
        self.print(&text.to_string());
    }

    /// A reader that closed the pipe (`| head`) is not an error.
    fn print(&self, text: &str) {
        self.answered.set(true);
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => *self.failure.borrow_mut() = Some(error),
            Ok(()) | Err(_) => {}
        }
    }

    /// Whether a result was printed.
    pub(super) fn has_answered(&self) -> bool {
        self.answered.get()
    }

    /// The error as the result, when a program or a pull request waits for one and has none yet.
    pub(super) fn error_document(&self, document: Map<String, Value>) {
        match self.format {
            Format::Json if !self.has_answered() => self.result(format_args!("{:#}\n", Value::Object(document))),
            Format::Markdown if !self.has_answered() => {
                let text = |name: &str| document.get("error").and_then(|error| error.get(name)).and_then(Value::as_str);
                self.comment(&markdown::error(text("message").unwrap_or_default(), text("hint")));
            }
            Format::Text | Format::Json | Format::Markdown | Format::Junit | Format::Sarif | Format::Line => {}
        }
    }

    /// The exit status of a run, unless its result could not be delivered: a full disk is no success.
    pub(super) fn delivered(&self, exit: Exit) -> Exit {
        let Some(failure) = self.failure.take() else { return exit };
        self.error(format_args!("the result could not be written: {failure}"), None);
        match exit {
            Exit::Done | Exit::Changes | Exit::Error => Exit::Error,
            Exit::Partly => Exit::Partly,
        }
    }

    /// Talk.
    pub(super) fn say(&self, text: impl Display) {
        let text = format!("{text}\n");
        let text = fitting(&text, self.width_err);
        let _ = io::stderr().lock().write_all(escape::terminal(&text, self.colour_err).as_bytes());
    }

    /// An error with what to do.
    pub(super) fn error(&self, message: impl Display, hint: Option<String>) -> Reported {
        let message = escape::one_line(&message.to_string());
        let red = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
        if self.colour_err {
            self.say(format_args!("{red}error{red:#}: {message}"))
        } else {
            self.say(format_args!("error: {message}"))
        }
        if let Some(hint) = &hint {
            self.say(format_args!("  help: {hint}"));
        }
        Reported::new(&message, hint.as_deref())
    }

    /// An error of a call or a change.
    pub(super) fn aws_error(&self, error: &Error) -> Reported {
        self.error(error, error.hint())
    }

    /// An error of the sandbox.
    pub(super) fn sandbox_error(&self, error: &SandboxError) -> Reported {
        self.error(error, error.hint.clone())
    }

    /// Diagnostics, in the order of the files.
    pub(super) fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        let style = Style { colour: self.colour_err, ..Style::default() };
        let text = diagnostic::render(diagnostics, style);
        let _ = io::stderr().lock().write_all(escape::terminal(&text, self.colour_err).as_bytes());
    }
}
