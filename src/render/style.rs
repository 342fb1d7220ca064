//! Colour, or none. Without colour everything stays readable.

use anstyle::{AnsiColor, Color};

use crate::plan::Action;

/// How text is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// ANSI escapes, or plain text.
    pub colour: bool,
    /// Open every group and show every attribute.
    pub detail: bool,
}

impl Style {
    fn paint(self, text: &str, style: anstyle::Style) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Bold.
    pub(super) fn bold(self, text: &str) -> String {
        self.paint(text, anstyle::Style::new().bold())
    }

    /// Less important.
    pub(super) fn dim(self, text: &str) -> String {
        self.paint(text, anstyle::Style::new().dimmed())
    }

    /// Wrong.
    pub(super) fn error(self, text: &str) -> String {
        self.paint(text, anstyle::Style::new().bold().fg_color(Some(Color::Ansi(AnsiColor::Red))))
    }

    /// Worth a look.
    pub(super) fn warning(self, text: &str) -> String {
        self.paint(text, anstyle::Style::new().bold().fg_color(Some(Color::Ansi(AnsiColor::Yellow))))
    }

    /// As asked.
    pub(super) fn good(self, text: &str) -> String {
        self.paint(text, anstyle::Style::new().fg_color(Some(Color::Ansi(AnsiColor::Green))))
    }

    /// In the colour of an action.
    pub(super) fn action(self, action: Action, text: &str) -> String {
        let colour = match action {
            Action::NoOp => return text.to_owned(),
            Action::Create => AnsiColor::Green,
            Action::Update | Action::Adopt => AnsiColor::Yellow,
            Action::Move => AnsiColor::Cyan,
            Action::Replace | Action::Delete => AnsiColor::Red,
        };
        self.paint(text, anstyle::Style::new().fg_color(Some(Color::Ansi(colour))))
    }
}
