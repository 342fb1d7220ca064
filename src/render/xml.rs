//! Text in XML.

/// Text in an attribute or an element. What XML 1.0 has no way to say is left out.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c.is_control() || ('\u{FFFE}'..='\u{FFFF}').contains(&c) => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::xml;

    #[test]
    fn nothing_breaks_out_of_an_attribute() {
        assert_eq!(xml("a\"b<c>&d\n\u{1b}e"), "a&quot;b&lt;c&gt;&amp;d&#10;e");
    }
}
