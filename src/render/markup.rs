//! Markup of drawings, built from parts that escape their input. There is no way to insert unescaped text.

use std::fmt;
use std::marker::PhantomData;

use crate::escape;

/// A language of drawings.
pub(in crate::render) trait Language {
    /// Text that is shown as it is where the language takes text: between quotes or tags.
    fn escaped(text: &str) -> String;
}

/// Graphviz: text is in double quotes.
#[derive(Debug)]
pub(in crate::render) struct Dot;

/// Mermaid: text is in double quotes.
#[derive(Debug)]
pub(in crate::render) struct Mermaid;

/// SVG: text is in an element, or in an attribute in double quotes.
#[derive(Debug)]
pub(in crate::render) struct Svg;

impl Language for Dot {
    fn escaped(text: &str) -> String {
        escape::dot(text)
    }
}

impl Language for Mermaid {
    fn escaped(text: &str) -> String {
        escape::mermaid(text)
    }
}

impl Language for Svg {
    fn escaped(text: &str) -> String {
        escape::html(text)
    }
}

/// A drawing in the language `L`.
#[derive(Debug)]
pub(in crate::render) struct Markup<L>(String, PhantomData<L>);

impl<L: Language> Markup<L> {
    /// Nothing yet.
    pub(in crate::render) fn new() -> Self {
        Self(String::new(), PhantomData)
    }

    /// Markup of overlord's own.
    pub(in crate::render) fn own(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text or a number.
    pub(in crate::render) fn text(&mut self, text: impl fmt::Display) -> &mut Self {
        self.0.push_str(&L::escaped(&text.to_string()));
        self
    }

    /// Appends more of the same language.
    pub(in crate::render) fn and(&mut self, other: &Self) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }

    /// The whole.
    pub(in crate::render) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_leaves_its_place_in_no_language() {
        let in_quotes = |mut markup: Markup<Dot>| {
            markup.own("\"").text("a\"; evil \\").own("\"");
            markup.finish()
        };
        assert_eq!(in_quotes(Markup::new()), r#""a\"; evil \\""#);
        let mut flowchart = Markup::<Mermaid>::new();
        flowchart.own("n1[\"").text("x\"]; <b>").own("\"]");
        assert_eq!(flowchart.finish(), "n1[\"x#34;#93;; #60;b#62;\"]");
        let mut drawing = Markup::<Svg>::new();
        drawing.own("<text class=\"").text("\" onload=\"x").own("\">").text("</text><script>").own("</text>");
        assert_eq!(drawing.finish(), "<text class=\"&quot; onload=&quot;x\">&lt;/text&gt;&lt;script&gt;</text>");
    }
}
