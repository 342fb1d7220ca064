//! Escapes text that other people chose before overlord prints it: one function for each output language.
//!
//! The owner of a member account chooses its tags, and an AWS error quotes them. Both end up in terminals, build logs and comments. There
//! they must not move the cursor, begin a line, mention people, fetch an image or run a command of the build service.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The command prefix that build services search for anywhere in a log line. GitHub's runner reads `##[…]` this way (ActionCommand.cs in
/// actions/runner, seen 2026-12-01), and Azure Pipelines `##vso[…]`.
const LOG_COMMANDS: [&str; 2] = ["##[", "##vso["];

/// Text on one line that does nothing to a terminal: invisible characters, and those that change how other text looks, are written out.
pub fn one_line(text: &str) -> String {
    let shown = |c: char| match c {
        '"' | '\'' | '\\' => c.to_string(),
        _ => c.escape_debug().to_string(),
    };
    text.chars().map(shown).collect()
}

/// Whole output for a terminal or a log whose texts are already escaped: the last safety net. Keeps line breaks and, with `colour`,
/// sequences that set colours. A line that the build service would run is changed so that it does not.
pub fn terminal(text: &str, colour: bool) -> Cow<'_, str> {
    if text.bytes().all(|b| b == b'\n' || (b' '..=b'~').contains(&b)) && !runs_in_a_log(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        let mut rest = line;
        let begins = without_colour(line.trim_start(), colour).trim_start();
        if is_command(begins) {
            let before = line.len() - begins.len();
            let (indent, command) = line.split_at_checked(before).unwrap_or(("", line));
            push(&mut out, indent, colour);
            out.push('\\');
            rest = command;
        }
        push(&mut out, rest, colour);
    }
    for command in LOG_COMMANDS {
        if out.contains(command) {
            out = out.replace(command, &command.replace('[', "\\["));
        }
    }
    Cow::Owned(out)
}

/// Whether a line of a log would be run by the build service.
fn runs_in_a_log(text: &str) -> bool {
    LOG_COMMANDS.iter().any(|command| text.contains(command)) || text.lines().any(|line| is_command(line.trim_start()))
}

/// Whether the beginning of a line can be a command, `::name::` or `::name parameters::`:
/// <https://docs.github.com/actions/reference/workflow-commands-for-github-actions> (seen 2026-12-01). The runner reads as the name what is
/// between the first `::` and a space or the next `::` (ActionCommand.cs in actions/runner, seen 2026-12-01). Its own names, and the tokens
/// of `stop-commands`, begin with neither a colon nor white space, and so `::: file:1:2` of a diagnostic is none.
fn is_command(begins: &str) -> bool {
    begins.strip_prefix("::").and_then(|name| name.chars().next()).is_some_and(|first| first != ':' && !first.is_whitespace())
}

/// The text behind what sets colours at its beginning.
fn without_colour(mut text: &str, colour: bool) -> &str {
    while let Some(length) = Some(text).filter(|_| colour).and_then(colour_at) {
        text = text.get(length..).unwrap_or_default();
    }
    text
}

fn push(out: &mut String, text: &str, colour: bool) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match colour_at(rest).filter(|_| colour) {
            Some(length) => {
                out.push_str(rest.get(..length).unwrap_or_default());
                length
            }
            None if c == '\n' || !does_not_show(c) => {
                out.push(c);
                c.len_utf8()
            }
            None => {
                let _ = write!(out, "{}", c.escape_debug());
                c.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
}

/// The length of the sequence that sets a colour or a weight, `ESC [ 1 m`, where the text begins with one. Hidden text (8) is none.
fn colour_at(text: &str) -> Option<usize> {
    let numbers = text.strip_prefix("\u{1b}[")?;
    let end = numbers.find(|c: char| !(c.is_ascii_digit() || c == ';'))?;
    let (numbers, rest) = numbers.split_at_checked(end)?;
    (rest.starts_with('m') && numbers.split(';').next() != Some("8")).then_some("\u{1b}[".len() + end + 1)
}

/// Control characters, and characters that change the direction or the look of other text.
fn does_not_show(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A JSON document as text: inside its strings, what a terminal or a log would act on is written as an escape of JSON's.
pub fn json(text: &str) -> Cow<'_, str> {
    let acts = |c: char| c != '\n' && does_not_show(c);
    if !text.contains(acts) && !LOG_COMMANDS.iter().any(|command| text.contains(command)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    for command in LOG_COMMANDS {
        out = out.replace(command, &command.replace('[', "\\u005b"));
    }
    Cow::Owned(out)
}

/// Text within a paragraph, a heading or a cell of Markdown, as GitHub and GitLab read it. Backticks in pairs stay code, as our own
/// messages have them; everything else is only text: no markup, HTML, image, link, mention or reference.
pub fn markdown(text: &str) -> String {
    let text = one_line(text);
    let parts: Vec<&str> = text.split('`').collect();
    let code = || parts.iter().skip(1).step_by(2);
    // In code nothing is alive. A backslash in it could take the place of the one before a `|`.
    let keeps_code = parts.len() % 2 == 1 && !text.contains("``") && code().all(|code| !code.contains('\\') && !code.trim().is_empty());
    let mut out = String::with_capacity(text.len() + 16);
    for (position, part) in parts.iter().enumerate() {
        let is_code = keeps_code && position % 2 == 1;
        if position > 0 {
            out.push_str(if keeps_code { "`" } else { "\\`" });
        }
        if is_code {
            out.push_str(&part.replace('|', "\\|"));
        } else {
            dead(&mut out, part, &MARKUP);
        }
    }
    out
}

/// Text in HTML within Markdown, such as the heading of a collapsible section.
pub fn markdown_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    dead(&mut out, &one_line(text), &[]);
    out
}

/// What marks something up in Markdown, anywhere in a line.
const MARKUP: [char; 10] = ['\\', '`', '*', '_', '[', ']', '~', '|', '$', '!'];

/// Text without meaning in Markdown. Text that is not markup and still becomes a link, such as `@name`, `#1` and `https://`, is split by
/// a zero-width space.
fn dead(out: &mut String, text: &str, markup: &[char]) {
    const APART: &str = "&#8203;";
    for (position, c) in text.char_indices() {
        let rest = text.get(position + c.len_utf8()..).unwrap_or_default();
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Within a word it is not markup.
            '_' if is_within_a_word(text, position) => out.push('_'),
            c if markup.contains(&c) => {
                out.push('\\');
                out.push(c);
            }
            '@' | '#' => {
                out.push(c);
                out.push_str(APART);
            }
            ':' if rest.starts_with("//") => {
                out.push(c);
                out.push_str(APART);
            }
            '.' if text.get(..position).is_some_and(|before| before.to_ascii_lowercase().ends_with("www")) => {
                out.push_str(APART);
                out.push(c);
            }
            '-' if text.get(..position).is_some_and(|before| before.to_ascii_uppercase().ends_with("GH")) => {
                out.push_str(APART);
                out.push(c);
            }
            // At the beginning of a line these would begin a list or a heading.
            '-' | '+' | '=' if out.is_empty() && !markup.is_empty() => {
                out.push('\\');
                out.push(c);
            }
            ':' if out.is_empty() => {
                out.push(c);
                out.push_str(APART);
            }
            c => out.push(c),
        }
    }
}

fn is_within_a_word(text: &str, position: usize) -> bool {
    let before = text.get(..position).and_then(|before| before.chars().next_back());
    let behind = text.get(position + 1..).and_then(|behind| behind.chars().next());
    [before, behind].iter().all(|c| c.is_some_and(|c| c.is_ascii_alphanumeric()))
}

/// Text in an attribute or an element of XML. Characters that XML 1.0 cannot represent are left out.
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            // No build-service command, in the log that shows the file.
            '[' => out.push_str(if out.ends_with("##") || out.ends_with("##vso") { "&#91;" } else { "[" }),
            c if c.is_control() || ('\u{FFFE}'..='\u{FFFF}').contains(&c) => {}
            c if does_not_show(c) => drop(write!(out, "{}", c.escape_debug())),
            c => out.push(c),
        }
    }
    out
}

/// A string of TOML, in quotes: <https://toml.io/en/v1.0.0#string>.
pub fn toml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if does_not_show(c) => drop(write!(out, "\\U{:08X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Text in an attribute or an element of a page or a drawing: shown unchanged, and never markup. Invisible characters, and those that
/// change how other text looks, are written out.
pub fn html(text: &str) -> String {
    xml(&one_line(text))
}

/// A JSON document within a script element of a page: no part of it ends the element, or begins a comment or a line.
pub fn script_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Text in quotes in Graphviz's language.
pub fn dot(text: &str) -> String {
    one_line(text).replace('\\', "\\\\").replace('"', "\\\"")
}

/// Text in quotes in Mermaid's, which reads HTML there, and a code of a character as `#35;`.
pub fn mermaid(text: &str) -> String {
    one_line(text).chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '"' | '#' | '<' | '>' | '&' | '`' | '[' | ']' | '(' | ')' | '@' | ':' => drop(write!(out, "#{};", u32::from(c))),
            c => out.push(c),
        }
        out
    })
}

/// A field of CSV. A spreadsheet must not run it as a formula: <https://owasp.org/www-community/attacks/CSV_Injection> (seen 2026-12-01).
pub fn csv(field: &str) -> String {
    let field = one_line(field);
    let runs = field.starts_with(['=', '+', '-', '@']);
    let plain = field.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_ ().".contains(&b)) && !runs;
    if plain { field } else { format!("\"{}{}\"", if runs { "'" } else { "" }, field.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_a_terminal_with_its_escapes() {
        assert_eq!(one_line("Zoë's \"x\"\u{1b}[31m\n\u{202e}"), r#"Zoë's "x"\u{1b}[31m\n\u{202e}"#);
        for (text, colour, expected) in [
            ("as it is: ä\n", false, "as it is: ä\n"),
            ("\u{1b}[1mbold\u{1b}[0m\n", true, "\u{1b}[1mbold\u{1b}[0m\n"),
            ("\u{1b}[1mbold\u{1b}[0m\n", false, "\\u{1b}[1mbold\\u{1b}[0m\n"),
            ("\u{1b}[8mhidden\u{1b}]0;title\u{7}", true, "\\u{1b}[8mhidden\\u{1b}]0;title\\u{7}"),
            ("a\n  ::error::b\n", false, "a\n  \\::error::b\n"),
            ("\u{1b}[31m::error::b", true, "\u{1b}[31m\\::error::b"),
            ("x ##[group]y ##vso[z]", false, "x ##\\[group]y ##vso\\[z]"),
            ("a::b", false, "a::b"),
            ("  ::: org.toml:3:1\n", false, "  ::: org.toml:3:1\n"),
            (":: :::\n", false, ":: :::\n"),
            (" ::x y::z\n::: a\n", false, " \\::x y::z\n::: a\n"),
            ("::\u{1b}::x", false, "\\::\\u{1b}::x"),
        ] {
            assert_eq!(terminal(text, colour), expected, "{text:?}");
        }
    }

    #[test]
    fn json_stays_json() {
        let value = serde_json::json!({"a\u{9b}": "##[error]\u{202e}\u{1b}\u{e0041} ä"});
        let text = format!("{value:#}\n");
        let escaped = json(&text);
        assert!(!escaped.contains("##[") && !escaped.contains(|c: char| c != '\n' && does_not_show(c)), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
    }

    #[test]
    fn nothing_in_markdown_is_alive() {
        for (text, expected) in [
            ("`a|b` is attached to `c`", "`a\\|b` is attached to `c`"),
            ("a ` b", "a \\` b"),
            ("`a\\`", "\\`a\\\\\\`"),
            ("``a``", "\\`\\`a\\`\\`"),
            ("@team", "@&#8203;team"),
            ("![x](https://e.org)", "\\!\\[x\\](https:&#8203;//e.org)"),
            ("www.e.org #1 GH-2", "www&#8203;.e.org #&#8203;1 GH&#8203;-2"),
            ("<img src=x>", "&lt;img src=x&gt;"),
            ("&lt;", "&amp;lt;"),
            ("- a", "\\- a"),
            ("_a_ b_c", "\\_a\\_ b_c"),
            ("a\n# b", "a\\\\n#&#8203; b"),
        ] {
            assert_eq!(markdown(text), expected, "{text}");
        }
    }

    #[test]
    fn nothing_breaks_out_of_an_attribute() {
        assert_eq!(xml("a\"b<c>&d\n\u{1b}e##[f"), "a&quot;b&lt;c&gt;&amp;d&#10;e##&#91;f");
        assert_eq!(html("<b a=\"1\">&'\u{202e}"), "&lt;b a=&quot;1&quot;&gt;&amp;'\\u{202e}");
    }

    #[test]
    fn json_does_not_end_its_script_element() {
        let value = serde_json::json!({"</script>": "<!-- & \" ' \u{2028}\u{2029} ä"});
        let escaped = script_json(&value.to_string());
        assert_eq!(escaped, r#"{"\u003c/script\u003e":"\u003c!-- \u0026 \" ' \u2028\u2029 ä"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
    }

    #[test]
    fn nothing_in_a_spreadsheet_runs() {
        for (field, expected) in
            [("plain", "plain"), ("", ""), ("=1+1", "\"'=1+1\""), ("a,\"b\"", "\"a,\"\"b\"\"\""), ("a\nb", "\"a\\nb\"")]
        {
            assert_eq!(csv(field), expected);
        }
    }
}
