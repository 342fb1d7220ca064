//! Markdown, built from parts that escape their input. There is no way to insert unescaped text.

use std::fmt;

use crate::escape;

/// Bytes of a comment, without `--detail`: GitHub takes 65,536 characters, and some are for what others add.
pub(super) const LIMIT: usize = 60_000;

/// Markdown for a comment on a pull request. What is added as text is shown as text, whatever it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comment(String);

/// A cell of a table.
#[derive(Debug, Clone)]
pub enum Cell {
    /// Text, in which backticks in pairs mark code.
    Text(String),
    /// Text of overlord's own.
    Own(&'static str),
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Comment {
    /// With a heading, such as `overlord plan`.
    pub fn titled(title: &'static str) -> Self {
        Self(format!("## {title}\n\n"))
    }

    /// Its bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends another one.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.0.push_str(&other.0);
        self
    }

    /// Markup of overlord's own.
    pub fn own(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text, in which backticks in pairs mark code.
    pub fn text(&mut self, text: impl fmt::Display) -> &mut Self {
        self.0.push_str(&escape::markdown(&text.to_string()));
        self
    }

    /// Text in bold.
    pub fn bold(&mut self, text: impl fmt::Display) -> &mut Self {
        self.own("**").text(text).own("**")
    }

    /// Lines as they are, in a block: the fence is longer than any within.
    pub fn block(&mut self, text: &str) -> &mut Self {
        self.block_of("text", text)
    }

    /// The same in a language that is shown as such.
    pub fn block_of(&mut self, language: &'static str, text: &str) -> &mut Self {
        let text = escape::terminal(text, false);
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest.max(2) + 1);
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        self.0.push_str(&format!("{fence}{language}\n{text}{end}{fence}\n"));
        self
    }

    /// What a heading opens; `open` from the beginning or not.
    pub fn details(&mut self, open: bool, heading: impl fmt::Display, body: &Self) -> &mut Self {
        self.own(if open { "\n<details open><summary>" } else { "\n<details><summary>" });
        // Markdown is not read in a line of HTML.
        self.0.push_str(&escape::markdown_html(&heading.to_string()));
        self.own("</summary>\n\n");
        self.0.push_str(&body.0);
        self.own("\n</details>\n")
    }

    /// A table.
    pub fn table<const N: usize>(&mut self, headings: [&'static str; N], rows: impl IntoIterator<Item = [Cell; N]>) -> &mut Self {
        let rows = rows.into_iter().map(Vec::from);
        self.rows(headings.map(Cell::Own).into(), rows)
    }

    /// A table of as many columns as its headings have.
    pub fn rows(&mut self, headings: Vec<Cell>, rows: impl IntoIterator<Item = Vec<Cell>>) -> &mut Self {
        let ruler: Vec<Cell> = headings.iter().map(|_| Cell::Own("---")).collect();
        for row in [headings, ruler].into_iter().chain(rows) {
            self.own("|");
            for cell in row {
                match cell {
                    Cell::Text(text) if !text.is_empty() => self.own(" ").text(text),
                    Cell::Own(text) if !text.is_empty() => self.own(" ").own(text),
                    Cell::Text(_) | Cell::Own(_) => &mut *self,
                };
                self.own(" |");
            }
            self.own("\n");
        }
        self
    }
}

impl fmt::Display for Comment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_closes_its_own_fence() {
        let block = |text: &str| Comment::default().block(text).to_string();
        assert_eq!(block("a\n"), "```text\na\n```\n");
        assert_eq!(block("```\n````\n"), "`````text\n```\n````\n`````\n");
    }

    #[test]
    fn no_text_leaves_its_cell_or_its_heading() {
        let mut comment = Comment::default();
        comment.table(["a", "b"], [["x | y\n| z".into(), "<b>@you</b>".into()]]);
        assert_eq!(comment.to_string(), "| a | b |\n| --- | --- |\n| x \\| y\\\\n\\| z | &lt;b&gt;@&#8203;you&lt;/b&gt; |\n");
        let mut comment = Comment::default();
        comment.details(false, "</summary>@you", &Comment::default());
        assert_eq!(comment.to_string(), "\n<details><summary>&lt;/summary&gt;@&#8203;you</summary>\n\n\n</details>\n");
    }
}
