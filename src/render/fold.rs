//! Folding: fifty accounts that get the same tag are one entry with a count and their names, not fifty.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Style;
use super::words::{plain, symbol};
use crate::plan::{Action, Change};

/// From so many on, changes that read alike are folded.
const FOLDED: usize = 4;
/// Columns of a line of names.
const WIDTH: usize = 100;
/// Lines of names before the rest is counted.
const LINES: usize = 12;

/// One line of a plan and what stands below it, said of one change or of many.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) why: String,
    pub(super) body: String,
    /// At least one, all of one kind and action.
    pub(super) changes: Vec<&'a Change>,
}

impl Entry<'_> {
    /// Whether something that exists goes.
    pub(super) fn destroys(&self) -> bool {
        self.changes.iter().any(|change| matches!(change.action, Action::Delete | Action::Replace))
    }

    pub(super) fn render(&self, kind: &str, style: Style) -> String {
        let Some(first) = self.changes.first() else { return String::new() };
        let (subject, names) = match self.changes.len() {
            1 => (plain(&first.address.to_string()), Vec::new()),
            n => (format!("{kind} × {n}"), self.names()),
        };
        let head = style.action(first.action, &format!("{} {subject}", symbol(first.action)));
        let mut out = format!("  {head}  {}\n", style.dim(&self.why));
        for line in names {
            let _ = writeln!(out, "      {line}");
        }
        out.push_str(&self.body);
        out
    }

    /// The keys, wrapped.
    fn names(&self) -> Vec<String> {
        let keys: Vec<String> = self.changes.iter().map(|change| plain(key(change))).collect();
        let mut lines: Vec<String> = Vec::new();
        let mut told = 0;
        for (name, stands_for) in braced(&keys) {
            let full = lines.len() == LINES;
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

/// Puts entries that say the same in the place of the first of them. What destroys is left alone.
pub(super) fn fold(entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    let alike = |entry: &Entry<'_>| Some((entry.changes.first()?.action, entry.why.clone(), entry.body.clone()));
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| !entry.destroys()) {
        *counts.entry(alike(entry)).or_default() += 1;
    }
    let mut folded: Vec<Entry<'_>> = Vec::new();
    let mut places = BTreeMap::new();
    for entry in entries {
        let key = alike(&entry);
        if counts.get(&key).is_none_or(|n| *n < FOLDED) {
            folded.push(entry);
        } else if let Some(place) = places.get(&key).and_then(|place: &usize| folded.get_mut(*place)) {
            place.changes.extend(entry.changes);
        } else {
            places.insert(key, folded.len());
            folded.push(entry);
        }
    }
    folded
}

/// What stands behind the kind.
fn key(change: &Change) -> &str {
    change.address.key()
}

/// Keys in order; those that differ only behind their last hyphen together: `records-{dev,prod}`. With how many each stands for.
fn braced(keys: &[String]) -> Vec<(String, usize)> {
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
