//! Collects the diagnostics of the checks: each mistake once, in the order of the files.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnostic::{ByteRange, Diagnostic, Severity, Source, Span};
use crate::plural::more;

/// Searches for a similar word that one run makes: enough for a person, and 5,000 mistakes among 5,000 names stay quick.
const SUGGESTIONS: usize = 100;

/// Mistakes that are kept: more than anyone reads, few enough for memory when a file of megabytes is all mistakes.
const MOST: usize = 10_000;

/// How many candidates a hint lists: no section of org.toml has more keys, and of more names only a near one helps.
const MOST_NAMED: usize = 24;

/// The mistakes found so far in one configuration.
pub(super) struct Report {
    source: Arc<Source>,
    found: Vec<Diagnostic>,
    seen: BTreeSet<(Option<&'static str>, PathBuf, ByteRange)>,
    // Paths of keys that were reported and taken out: what refers to them is not reported again.
    broken: BTreeSet<Vec<String>>,
    suggestions: usize,
    dropped: usize,
}

impl Report {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Self { source, found: Vec::new(), seen: BTreeSet::new(), broken: BTreeSet::new(), suggestions: SUGGESTIONS, dropped: 0 }
    }

    /// One without findings, of the same configuration.
    #[cfg(test)]
    pub(super) fn without_findings(&self) -> Self {
        Self { broken: self.broken.clone(), ..Self::new(Arc::clone(&self.source)) }
    }

    /// A span of org.toml.
    pub(super) fn span(&self, at: ByteRange) -> Span {
        Span { source: Arc::clone(&self.source), range: at }
    }

    /// The text of org.toml.
    pub(super) fn text(&self) -> &str {
        &self.source.text
    }

    /// Adds a mistake in org.toml, unless one of its kind is known at that place: one template makes many bad addresses, and is one
    /// mistake.
    pub(super) fn at(&mut self, at: ByteRange, diagnostic: Diagnostic) {
        let span = self.span(at);
        self.add(diagnostic.at(span));
    }

    /// As [`Self::at`], for a diagnostic that has its span.
    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        if self.found.len() >= MOST {
            self.dropped += 1;
            return;
        }
        let new = diagnostic.span.as_ref().is_none_or(|span| self.seen.insert((diagnostic.code, span.source.path.clone(), span.range)));
        if new {
            self.found.push(diagnostic);
        }
    }

    /// Notes that the value at `path` was reported and removed.
    pub(super) fn set_broken(&mut self, path: &[String]) {
        self.broken.insert(path.to_vec());
    }

    /// Whether `path`, or a parent of it, was removed.
    pub(super) fn is_broken(&self, path: &[&str]) -> bool {
        !self.broken.is_empty()
            && (1..=path.len()).any(|n| self.broken.contains(&path.iter().take(n).map(|s| (*s).to_owned()).collect::<Vec<_>>()))
    }

    /// Whether something below one of these sections was taken out.
    pub(super) fn any_broken_in(&self, sections: &[&str]) -> bool {
        sections.iter().any(|section| self.any_broken_below(&[section]))
    }

    /// Whether `path`, or something below it, was taken out.
    pub(super) fn any_broken_below(&self, path: &[&str]) -> bool {
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        self.broken.range(path.clone()..).next().is_some_and(|first| first.starts_with(&path))
    }

    /// Whether something was removed with a path that fulfils `which`. Goes through all of it: not to be asked for each of many.
    pub(super) fn any_broken(&self, which: impl Fn(&[String]) -> bool) -> bool {
        self.broken.iter().any(|path| which(path))
    }

    /// The candidate nearest to `word`, when one is near.
    pub(super) fn similar<'c>(&mut self, word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
        self.suggestions = self.suggestions.checked_sub(1)?;
        let word = word.to_lowercase();
        let near = (word.chars().count() / 3).max(1);
        candidates
            .into_iter()
            .map(|c| (strsim::damerau_levenshtein(&word, &c.to_lowercase()), c))
            .filter(|(distance, c)| *distance <= near && *distance < c.chars().count())
            .min()
            .map(|(_, c)| c)
    }

    /// "did you mean", or what there is to choose from.
    pub(super) fn suggest<'c>(&mut self, word: &str, candidates: impl Iterator<Item = &'c str> + Clone, otherwise: &str) -> String {
        match self.similar(word, candidates.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => Self::choices(candidates, otherwise),
        }
    }

    /// What there is to choose from.
    pub(super) fn choices<'c>(candidates: impl Iterator<Item = &'c str>, otherwise: &str) -> String {
        let some: Vec<String> = candidates.take(MOST_NAMED + 1).map(|c| format!("`{c}`")).collect();
        if some.is_empty() || some.len() > MOST_NAMED {
            otherwise.to_owned()
        } else {
            format!("{otherwise}; there are {}", some.join(", "))
        }
    }

    /// Whether an error is among what was found.
    pub(super) fn has_errors(&self) -> bool {
        self.found.iter().any(|d| d.severity == Severity::Error)
    }

    /// The first byte of org.toml that an error so far points at.
    pub(super) fn first_error(&self) -> Option<usize> {
        self.found.iter().filter(|d| d.severity == Severity::Error).filter_map(|d| d.span.as_ref()).map(|s| s.range.start).min()
    }

    /// All of it, by file and position.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        let mut found = self.found;
        sort(&mut found);
        if self.dropped > 0 {
            found.push(
                Diagnostic::error(format!(
                    "{} not shown",
                    if self.dropped == 1 { "1 more mistake is".to_owned() } else { format!("{} are", more(self.dropped, "mistake")) }
                ))
                .hint("mend these first"),
            );
        }
        found
    }

    /// Drops what fails `keep`.
    pub(super) fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.found.retain(keep);
    }
}

/// By file and position. A file's text is not compared: it may be megabytes.
fn sort(found: &mut [Diagnostic]) {
    let key = |d: &Diagnostic| d.span.as_ref().map(|s| (s.source.path.clone(), s.range));
    found.sort_by_cached_key(|d| (key(d), d.severity, d.summary.clone()));
}
