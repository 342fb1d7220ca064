//! XML as EC2, IAM and STS answer it: elements and text, nothing else. What else XML can be is refused. Pure.

use std::fmt::Write as _;

/// An element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub name: String,
    /// The name space, where the element declares one.
    pub namespace: Option<String>,
    pub children: Vec<Element>,
    /// Of an element without children.
    pub text: String,
}

/// Elements nest no deeper in any answer of AWS.
const DEEPEST: usize = 64;

impl Element {
    /// The one element of a document; `None` where it has something that is neither an element nor text.
    pub(super) fn parse(document: &str) -> Option<Self> {
        let mut rest = document.trim_start_matches('\u{feff}').trim();
        if let Some(declaration) = rest.strip_prefix("<?xml") {
            rest = declaration.split_once("?>")?.1.trim_start();
        }
        let (element, rest) = element(rest, 0)?;
        rest.is_empty().then_some(element)
    }

    /// As a document.
    pub(super) fn render(&self) -> String {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) {
        let Self { name, namespace, children, text } = self;
        let space = namespace.as_ref().map(|uri| format!(" xmlns=\"{}\"", escaped(uri))).unwrap_or_default();
        let _ = write!(out, "<{name}{space}>{}", escaped(text));
        children.iter().for_each(|child| child.write(out));
        let _ = write!(out, "</{name}>");
    }
}

fn element(text: &str, depth: usize) -> Option<(Element, &str)> {
    if depth > DEEPEST {
        return None;
    }
    let (tag, mut rest) = text.strip_prefix('<')?.split_once('>')?;
    let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
    let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b)) {
        return None;
    }
    let mut found = Element { name: name.to_owned(), namespace: namespace(attributes)?, children: Vec::new(), text: String::new() };
    if is_empty {
        return Some((found, rest));
    }
    loop {
        let (before, _) = rest.split_once('<')?;
        found.text.push_str(&unescaped(before)?);
        rest = rest.get(before.len()..)?;
        if let Some(end) = rest.strip_prefix("</") {
            let (closed, after) = end.split_once('>')?;
            if closed.trim_end() != name {
                return None;
            }
            if !found.children.is_empty() {
                if !found.text.trim().is_empty() {
                    return None;
                }
                found.text.clear();
            }
            return Some((found, after));
        }
        let (child, after) = element(rest, depth + 1)?;
        found.children.push(child);
        rest = after;
    }
}

/// `xmlns="…"`, or nothing.
fn namespace(attributes: &str) -> Option<Option<String>> {
    let attributes = attributes.trim();
    if attributes.is_empty() {
        return Some(None);
    }
    let value = attributes.strip_prefix("xmlns=")?;
    let quote = value.chars().next().filter(|c| ['"', '\''].contains(c))?;
    let uri = value.strip_prefix(quote)?.strip_suffix(quote)?;
    (!uri.contains(quote)).then(|| unescaped(uri)).flatten().map(Some)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn unescaped(text: &str) -> Option<String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, entity)) = rest.split_once('&') {
        let (name, after) = entity.split_once(';')?;
        result.push_str(before);
        result.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            number => {
                let code = match number.strip_prefix("#x") {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.strip_prefix('#')?.parse().ok()?,
                };
                char::from_u32(code)?
            }
        });
        rest = after;
    }
    result.push_str(rest);
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_survive_and_everything_else_is_refused() {
        let text = "<?xml version=\"1.0\"?>\n<A xmlns=\"http://x/\">\n <b>1 &lt; &#x41; &amp;</b><c/>\n</A>";
        let parsed = Element::parse(text).unwrap();
        assert_eq!(parsed.children[0].text, "1 < A &");
        assert_eq!(Element::parse(&parsed.render()).unwrap(), parsed);
        for other in [
            "",
            "<a>",
            "<a></b>",
            "<!DOCTYPE html><html></html>",
            "<a><![CDATA[vpc-1]]></a>",
            "<a><!-- 111111111111 --></a>",
            "<a id=\"111111111111\"/>",
            "<a>text<b/></a>",
            "<a>&secret;</a>",
            "<a/>tail",
        ] {
            assert_eq!(Element::parse(other), None, "{other}");
        }
    }
}
