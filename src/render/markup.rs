//! Markup of drawings and of the report page, built from parts that escape their input. There is no way to insert unescaped text.

use std::fmt;
use std::marker::PhantomData;

use serde_json::Value;

use crate::escape;

/// A markup language.
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

/// HTML: text is in an element, or in an attribute in double quotes. Neither a script nor a style sheet has text in it.
#[derive(Debug)]
pub(in crate::render) struct Html;

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

impl Language for Html {
    fn escaped(text: &str) -> String {
        escape::html(text)
    }
}

/// A drawing or a page, or a part of one, in the language `L`.
#[derive(Debug)]
pub(in crate::render) struct Markup<L>(String, PhantomData<L>);

impl<L: Language> Markup<L> {
    /// Nothing yet.
    pub(in crate::render) fn new() -> Self {
        Self(String::new(), PhantomData)
    }

    /// Only markup of overlord's own.
    pub(in crate::render) fn of_own(markup: &'static str) -> Self {
        Self(markup.to_owned(), PhantomData)
    }

    /// Only text or a number.
    pub(in crate::render) fn of_text(text: impl fmt::Display) -> Self {
        Self(L::escaped(&text.to_string()), PhantomData)
    }

    /// The parts, with markup of overlord's own between them.
    pub(in crate::render) fn joined(parts: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        let mut all = Self::new();
        for (number, part) in parts.into_iter().enumerate() {
            all.own(if number > 0 { between } else { "" }).and(&part);
        }
        all
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

impl Markup<Html> {
    /// Appends an attribute in double quotes.
    pub(in crate::render) fn attribute(&mut self, name: &'static str, value: impl fmt::Display) -> &mut Self {
        self.own(" ").own(name).own("=\"").text(value).own("\"")
    }

    /// Appends a drawing.
    pub(in crate::render) fn drawing(&mut self, drawing: &Markup<Svg>) -> &mut Self {
        self.0.push_str(&drawing.0);
        self
    }

    /// Appends a script element that holds data. The script of the page finds it by its id.
    pub(in crate::render) fn data(&mut self, id: &'static str, value: &Value) -> &mut Self {
        self.own("<script type=\"application/json\"").attribute("id", id).own(">");
        self.0.push_str(&escape::script_json(&value.to_string()));
        self.own("</script>")
    }
}

impl<L: Language> FromIterator<Self> for Markup<L> {
    fn from_iter<I: IntoIterator<Item = Self>>(parts: I) -> Self {
        Self::joined(parts, "")
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
    #[test]
    fn untrusted_text_is_escaped_in_html() {
        let name = "</script><b title=\"'&\">";
        let mut page = Markup::<Html>::new();
        page.own("<p").attribute("class", name).own(">").text(name).own("</p>").data("data", &serde_json::json!([name]));
        let text = "&lt;/script&gt;&lt;b title=&quot;'&amp;&quot;&gt;";
        let data = r#"["\u003c/script\u003e\u003cb title=\"'\u0026\"\u003e"]"#;
        let expected = format!("<p class=\"{text}\">{text}</p><script type=\"application/json\" id=\"data\">{data}</script>");
        assert_eq!(page.finish(), expected);
        let list = Markup::<Html>::joined([Markup::of_text("<"), Markup::of_own("<br>"), Markup::of_text(1)], ", ");
        assert_eq!(list.finish(), "&lt;, <br>, 1");
    }
}
