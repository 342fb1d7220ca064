//! The catalogue as one text file, which users keep next to their policies so that version control shows its changes.

use std::fmt::Write as _;

use super::{Action, Catalogue};
use crate::diagnostic::ByteRange;
use crate::files::Kind;
use crate::policy::Problem;

/// The beginning of the first line; the date follows.
const HEAD: &str = "# overlord catalogue of ";
/// What `policy catalogue --out` writes.
pub const CATALOGUE: Kind = Kind { name: "a catalogue of overlord", is_one: |text| text.starts_with(HEAD) };

const ABOUT: &str = "# AWS's actions and condition keys by prefix, made by `overlord policy catalogue`. `!` marks an action that takes no resource \
                     but `*`;\n# in a key `*` stands for a part that differs, such as the key of a tag.\n";
const SECTIONS: [&str; 2] = ["[actions]", "[keys]"];

/// A prefix, followed by its names.
pub(super) type Row<'t> = (&'t str, Vec<&'t str>);

/// A row of a file, unless it has no names.
pub(super) fn row(line: &str) -> Option<Row<'_>> {
    let (prefix, names) = line.split_once(' ')?;
    Some((prefix, names.split(' ').filter(|name| !name.is_empty()).collect()))
}

/// An action as a row has it.
pub(super) fn action(word: &str) -> Action {
    match word.strip_suffix('!') {
        Some(name) => Action { name: name.to_owned(), takes_resource: false },
        None => Action { name: word.to_owned(), takes_resource: true },
    }
}

impl Catalogue {
    /// The text that [`Catalogue::parse`] reads: the same for the same catalogue.
    pub fn text(&self) -> String {
        let mut out = format!("{HEAD}{}\n{ABOUT}\n{}\n", self.date, SECTIONS[0]);
        for (prefix, actions) in &self.services {
            out.push_str(prefix);
            for Action { name, takes_resource } in actions {
                let _ = write!(out, " {name}{}", if *takes_resource { "" } else { "!" });
            }
            out.push('\n');
        }
        let _ = writeln!(out, "\n{}", SECTIONS[1]);
        for (prefix, keys) in &self.keys {
            let _ = writeln!(out, "{prefix} {}", keys.join(" "));
        }
        out
    }

    /// Reads such a text.
    ///
    /// # Errors
    /// All that is wrong with it, by place.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems { length: text.len(), found: Vec::new() };
        let first = text.lines().next().unwrap_or_default();
        let date = first.strip_prefix(HEAD).filter(|date| is_day(date));
        if date.is_none() {
            let summary = "the first line does not have the date of the list".to_owned();
            problems.add(first, 0, summary, "begin with `# overlord catalogue of 2026-11-20`, as `overlord policy catalogue --out` does");
        }
        let (mut section, mut start) = (None, 0);
        let mut rows: [Vec<Row<'_>>; 2] = Default::default();
        for line in text.split_inclusive('\n') {
            let (here, content) = (start, line.trim_end());
            start += line.len();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            if content.starts_with('[') {
                section = SECTIONS.iter().position(|known| *known == content);
                if section.is_none() {
                    problems.add(content, here, format!("there is no section `{content}`"), "there are [actions] and [keys]");
                }
                continue;
            }
            let taken = section.and_then(|index| rows.get_mut(index).map(|rows| (index == 0, rows)));
            match (taken, row(content)) {
                (None, _) => problems.add(content, here, "this line is in no section".to_owned(), "write it below [actions] or [keys]"),
                (Some((is_actions, rows)), Some((prefix, names))) if is_row(prefix, &names, is_actions) => rows.push((prefix, names)),
                (Some(_), _) => {
                    let hint = "write the prefix in lower case, then the names, separated by spaces: `s3 GetObject ListAllMyBuckets!`";
                    problems.add(content, here, "this line is not a prefix with its names".to_owned(), hint);
                }
            }
        }
        let [actions, keys] = rows;
        if actions.is_empty() && problems.found.is_empty() {
            problems.add(
                first,
                0,
                "there are no actions in it".to_owned(),
                "make it with `overlord policy catalogue --from DIR --out FILE`",
            );
        }
        match date {
            Some(date) if problems.found.is_empty() => Ok(Self::of_rows(date.to_owned(), actions.into_iter(), keys.into_iter())),
            Some(_) | None => Err(problems.found),
        }
    }
}

/// What is wrong with a text of a length.
struct Problems {
    length: usize,
    found: Vec<Problem>,
}

impl Problems {
    fn add(&mut self, line: &str, start: usize, summary: String, hint: &str) {
        let end = (start + line.len().max(1)).min(self.length);
        self.found.push(Problem { at: ByteRange { start, end }, summary, hint: hint.to_owned() });
    }
}

/// Whether it is a date in the one form.
pub(super) fn is_day(text: &str) -> bool {
    let form =
        text.len() == 10 && text.bytes().enumerate().all(|(at, b)| if [4, 7].contains(&at) { b == b'-' } else { b.is_ascii_digit() });
    form && text.parse::<toml::value::Datetime>().is_ok()
}

fn is_row(prefix: &str, names: &[&str], is_actions: bool) -> bool {
    let is_prefix = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
    let is_action = |name: &&str| {
        let name = name.strip_suffix('!').unwrap_or(name);
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let is_key = |name: &&str| name.bytes().all(|b| b.is_ascii_graphic() && b != b'!');
    is_prefix && !names.is_empty() && if is_actions { names.iter().all(is_action) } else { names.iter().all(is_key) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_out_and_read_back_is_the_same() {
        let built_in = Catalogue::built_in();
        let text = built_in.text();
        let read = Catalogue::parse(&text).unwrap();
        assert!(read == *built_in);
        assert_eq!(read.text(), text);
        assert_eq!(read.known_actions().collect::<Vec<_>>(), built_in.known_actions().collect::<Vec<_>>());
    }

    fn names(pattern: &'static str) -> impl Strategy<Value = std::collections::BTreeMap<String, Vec<String>>> {
        prop::collection::btree_map("[a-z][a-z0-9-]{0,8}", prop::collection::vec(pattern, 1..6), 1..8)
    }

    proptest! {
        #[test]
        fn any_catalogue_survives_its_text(actions in names("[A-Z][A-Za-z]{0,9}!?"), keys in names("[A-Za-z/*_-]{1,10}"), day in 1..29) {
            fn rows(map: &std::collections::BTreeMap<String, Vec<String>>) -> Vec<Row<'_>> {
                map.iter().map(|(prefix, names)| (prefix.as_str(), names.iter().map(String::as_str).collect())).collect()
            }
            let (actions, keys) = (rows(&actions), rows(&keys));
            let catalogue = Catalogue::of_rows(format!("2026-11-{day:02}"), actions.into_iter(), keys.into_iter());
            prop_assert_eq!(&Catalogue::parse(&catalogue.text()).unwrap(), &catalogue);
        }

        #[test]
        fn no_text_panics(text in "(# overlord catalogue of 2026-11-20\n)?(\\[(actions|keys|x)\\]\n|[a-z]{0,3} ?[A-Z!é ]{0,4}\n?|\n){0,8}") {
            if let Err(problems) = Catalogue::parse(&text) {
                prop_assert!(!problems.is_empty());
                prop_assert!(problems.iter().all(|problem| text.get(problem.at.start..problem.at.end).is_some()), "{problems:?}");
            }
        }
    }
}
