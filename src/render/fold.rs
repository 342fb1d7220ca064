//! Folding: fifty accounts that get the same tag are one entry with a count and their names, not fifty.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Style;
use super::words::{plain, symbol};
use crate::plan::Action;

/// From so many on, changes that read alike are folded.
const FOLDED: usize = 4;
/// Columns of a line of names.
const WIDTH: usize = 100;
/// Lines of names before the rest is counted.
const LINES: usize = 12;

/// How an entry may be put together with others that say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Folding {
    /// With any number of them.
    Freely,
    /// Only if all of them are named: something in each is deleted.
    NamingAll,
    /// Never: it is deleted as a whole.
    Never,
}

/// One line of a plan with its details, for one resource or for many.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) action: Action,
    /// The word for several of them: `account`.
    pub(super) of: String,
    pub(super) why: String,
    pub(super) body: String,
    pub(super) folding: Folding,
    /// At least one.
    pub(super) subjects: Vec<Subject>,
}

/// A thing that an entry speaks of.
#[derive(Debug)]
pub(super) struct Subject {
    /// Its name if the entry is about it alone.
    pub(super) full: String,
    /// How it is called among others.
    pub(super) name: String,
    /// Text that is shown only if it is alone; may be empty.
    pub(super) alone: String,
    /// The changes that it represents.
    pub(super) counts: BTreeMap<Action, usize>,
}

impl Entry {
    /// Whether something that exists goes.
    pub(super) fn destroys(&self) -> bool {
        self.folding != Folding::Freely
    }

    pub(super) fn render(&self, style: Style) -> String {
        let (subject, why, names) = match self.subjects.as_slice() {
            [] => return String::new(),
            [one] => {
                let why: Vec<&str> = [&self.why, &one.alone].into_iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
                (one.full.clone(), why.join("; "), Vec::new())
            }
            many => (format!("{} × {}", self.of, many.len()), self.why.clone(), self.names()),
        };
        let head = style.action(self.action, &format!("{} {subject}", symbol(self.action)));
        let mut out = if why.is_empty() { format!("  {head}\n") } else { format!("  {head}  {}\n", style.dim(&why)) };
        for line in names {
            let _ = writeln!(out, "      {line}");
        }
        out.push_str(&self.body);
        out
    }

    /// The names, wrapped.
    fn names(&self) -> Vec<String> {
        let keys: Vec<String> = self.subjects.iter().map(|subject| plain(&subject.name)).collect();
        let most = if self.folding == Folding::Freely { LINES } else { usize::MAX };
        let mut lines: Vec<String> = Vec::new();
        let mut told = 0;
        for (name, stands_for) in braced(&keys) {
            let full = lines.len() == most;
            match lines.last_mut() {
                Some(line) if line.chars().count() + name.chars().count() + 2 <= WIDTH => {
                    let _ = write!(line, ", {name}");
                }
                _ if full => {
                    lines.push(format!("… and {} more (--detail shows them)", keys.len() - told));
                    return lines;
                }
                Some(line) => {
                    line.push(',');
                    lines.push(name);
                }
                None => lines.push(name),
            }
            told += stands_for;
        }
        lines
    }
}

/// Merges equal entries at the position of the first one.
pub(super) fn fold(entries: Vec<Entry>) -> Vec<Entry> {
    let alike = |entry: &Entry| (entry.folding, entry.action, entry.of.clone(), entry.why.clone(), entry.body.clone());
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.folding != Folding::Never) {
        *counts.entry(alike(entry)).or_default() += 1;
    }
    let mut folded: Vec<Entry> = Vec::new();
    let mut places = BTreeMap::new();
    for entry in entries {
        let key = alike(&entry);
        if counts.get(&key).is_none_or(|n| *n < FOLDED) {
            folded.push(entry);
        } else if let Some(place) = places.get(&key).and_then(|place: &usize| folded.get_mut(*place)) {
            place.subjects.extend(entry.subjects);
        } else {
            places.insert(key, folded.len());
            folded.push(entry);
        }
    }
    folded
}

/// Keys in order; those that differ only behind their last hyphen together: `records-{dev,prod}`. With how many each stands for.
pub(super) fn braced(keys: &[String]) -> Vec<(String, usize)> {
    let mut stems: Vec<(&str, Option<Vec<&str>>)> = Vec::new();
    for key in keys {
        match (key.rsplit_once('-'), stems.last_mut()) {
            (Some((stem, end)), Some((last, Some(ends)))) if *last == stem => ends.push(end),
            (Some((stem, end)), _) => stems.push((stem, Some(vec![end]))),
            (None, _) => stems.push((key, None)),
        }
    }
    let name = |(stem, ends): (&str, Option<Vec<&str>>)| match ends.as_deref() {
        None => (stem.to_owned(), 1),
        Some([end]) => (format!("{stem}-{end}"), 1),
        Some(ends) => (format!("{stem}-{{{}}}", ends.join(",")), ends.len()),
    };
    stems.into_iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_a_common_stem_stand_together() {
        let told = |keys: &[&str]| {
            let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            let braced = braced(&keys);
            assert_eq!(braced.iter().map(|(_, n)| n).sum::<usize>(), keys.len());
            braced.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told(&["audit", "records-dev", "records-prod", "web-dev"]), "audit records-{dev,prod} web-dev");
        assert_eq!(told(&["log", "log-archive", "log2-archive"]), "log log-archive log2-archive");
    }
}
