//! XML, built from elements that escape their attributes and texts. There is no way to insert unescaped text.

use std::fmt;

use crate::escape;

/// The attributes of an element.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a dyn fmt::Display)];

/// A document for continuous integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xml(String);

impl Xml {
    pub(super) fn document() -> Self {
        Self("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned())
    }

    fn begin(&mut self, depth: usize, element: &'static str, attributes: Attributes<'_>) {
        self.0.push_str(&"  ".repeat(depth));
        self.0.push('<');
        self.0.push_str(element);
        for (name, value) in attributes {
            self.0.push_str(&format!(" {name}=\"{}\"", escape::xml(&value.to_string())));
        }
    }

    /// Begins an element that holds others.
    pub(super) fn open(&mut self, depth: usize, element: &'static str, attributes: Attributes<'_>) {
        self.begin(depth, element, attributes);
        self.0.push_str(">\n");
    }

    /// Ends it.
    pub(super) fn close(&mut self, depth: usize, element: &'static str) {
        self.0.push_str(&format!("{}</{element}>\n", "  ".repeat(depth)));
    }

    /// An element without anything in it.
    pub(super) fn empty(&mut self, depth: usize, element: &'static str, attributes: Attributes<'_>) {
        self.begin(depth, element, attributes);
        self.0.push_str("/>\n");
    }

    /// An element with text in it.
    pub(super) fn text(&mut self, depth: usize, element: &'static str, attributes: Attributes<'_>, text: &str) {
        self.begin(depth, element, attributes);
        self.0.push_str(&format!(">{}</{element}>\n", escape::xml(text)));
    }
}

impl fmt::Display for Xml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_element() {
        let mut xml = Xml::document();
        xml.open(0, "a", &[("n", &"\"><b>")]);
        xml.text(1, "c", &[], "</c>\n");
        xml.close(0, "a");
        let expected = "<a n=\"&quot;&gt;&lt;b&gt;\">\n  <c>&lt;/c&gt;&#10;</c>\n</a>\n";
        assert_eq!(xml.to_string().split_once('\n').unwrap().1, expected);
    }
}
