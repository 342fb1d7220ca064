//! The lists of services that frameworks name: TOML files of the user, which may have mistakes too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::Model;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::span::{At, TagKey};
use crate::config::{Files, file};
use crate::diagnostic::{ByteRange, Diagnostic, Source, Span};
use crate::policy::Catalogue;
use crate::policy::framework::{Framework, ServiceList, known_service};

/// A file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    title: String,
    source: String,
    as_of: Spanned<Datetime>,
    reviewed: Spanned<Datetime>,
    services: BTreeMap<TagKey, At<Vec<At<String>>>>,
    /// What the source lists and this file does not, each with the reason.
    #[serde(default)]
    left_out: BTreeMap<TagKey, At<String>>,
}

/// Reads and checks all frameworks.
pub(super) fn read(model: &Model<'_>, files: &Files<'_>, known: &Catalogue, report: &mut Report) -> BTreeMap<String, Framework> {
    let mut frameworks = BTreeMap::new();
    for (key, section) in &model.file.framework {
        let own = section.file.as_ref();
        let path = own.map_or_else(|| Path::new("policies/frameworks").join(format!("{}.toml", key.as_str())), |f| PathBuf::from(&f.value));
        let list = read_list(&path, own.map_or(key.at(), |file| file.at), files, known, report);
        let baseline = section.baseline.as_ref().map(|file| read_list(Path::new(&file.value), file.at, files, known, report));
        // A file that is a mistake stops the run anyway.
        if let Some(list) = list {
            let framework = Framework { key: key.as_str().to_owned(), list, baseline: baseline.flatten() };
            frameworks.insert(framework.key.clone(), framework);
        }
    }
    frameworks
}

fn read_list(relative: &Path, named_at: ByteRange, files: &Files<'_>, known: &Catalogue, report: &mut Report) -> Option<ServiceList> {
    let path = files.shown(relative);
    let text = match file::text(&path, files.read(relative)) {
        Ok(text) => text,
        Err(diagnostic) => {
            let hint = diagnostic
                .hint
                .clone()
                .unwrap_or_else(|| "write the list there, or correct the path, which is relative to org.toml".to_owned());
            report.at(named_at, diagnostic.hint(hint));
            return None;
        }
    };
    let shown = path.display().to_string();
    let mut lists = Lists { source: Arc::new(Source::new(path, text)), named: report.span(named_at), known, report };
    match toml::from_str::<Written>(&lists.source.text) {
        Ok(written) => Some(lists.check(written, shown)),
        Err(error) => {
            let at = error.span().unwrap_or(0..1).into();
            let hint = "a list has `title`, `source`, `as_of` and `reviewed` (dates), and [services], `\"Amazon S3\" = [\"s3\"]`";
            lists.mistake(at, format!("this is not a list of services: {}", error.message()), hint);
            None
        }
    }
}

struct Lists<'r> {
    source: Arc<Source>,
    /// Where org.toml names it.
    named: Span,
    known: &'r Catalogue,
    report: &'r mut Report,
}

impl Lists<'_> {
    fn add(&mut self, at: ByteRange, diagnostic: Diagnostic) {
        let span = Span { source: Arc::clone(&self.source), range: at };
        self.report.add(diagnostic.at(span).related(self.named.clone(), "named here"));
    }

    fn mistake(&mut self, at: ByteRange, summary: String, hint: &str) {
        self.add(at, Code::BadFramework.error(summary).hint(hint));
    }

    fn check(&mut self, written: Written, file: String) -> ServiceList {
        let Written { title, source, as_of, reviewed, services, left_out } = written;
        let reviewed_at = reviewed.span().into();
        let (as_of, reviewed) = (self.date(&as_of), self.date(&reviewed));
        if let (Some(as_of), Some(reviewed)) = (&as_of, &reviewed)
            && reviewed < as_of
        {
            let summary = format!("the list was reviewed on {reviewed}, before its date {as_of}");
            self.mistake(reviewed_at, summary, "review the list again, and write the date");
        }
        if services.is_empty() {
            self.mistake((0..1).into(), "this list has no services".to_owned(), "name them below [services]: `\"Amazon S3\" = [\"s3\"]`");
        }
        for name in left_out.keys().filter(|name| services.contains_key(*name)) {
            let summary = format!("`{}` is listed, and left out", name.0.value);
            self.mistake(name.0.at, summary, "remove it from [services], or from [left_out]");
        }
        let services = services.into_iter().map(|(name, prefixes)| {
            let prefixes = self.prefixes(&name, prefixes);
            (name.0.value, prefixes)
        });
        let (as_of, reviewed) = (as_of.unwrap_or_default(), reviewed.unwrap_or_default());
        ServiceList { services: services.collect(), title, source, as_of, reviewed, file }
    }

    /// `YYYY-MM-DD`, which compares as days do.
    fn date(&mut self, written: &Spanned<Datetime>) -> Option<String> {
        let date = written.get_ref();
        let is_day = date.date.is_some() && date.time.is_none();
        if !is_day {
            self.mistake(written.span().into(), format!("`{date}` is not a date"), "write a date without a time: 2026-11-20");
        }
        is_day.then(|| date.to_string())
    }

    fn prefixes(&mut self, name: &TagKey, prefixes: At<Vec<At<String>>>) -> BTreeSet<String> {
        if prefixes.value.is_empty() {
            let summary = format!("`{}` has no prefix of actions", name.0.value);
            self.mistake(name.0.at, summary, "write at least one, or put the service under [left_out] with the reason");
        }
        for prefix in &prefixes.value {
            let formed = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !formed {
                let hint = "write the part of an action before the colon, in lower case: `s3` of `s3:GetObject`";
                self.mistake(prefix.at, format!("`{}` is not an action prefix", prefix.value), hint);
            } else if let Err(near) = known_service(prefix, self.known) {
                let summary = format!("the service `{}` is not in AWS's list of {}", prefix.value, self.known.date());
                let hint = near.map_or_else(
                    || "look it up in AWS's Service Authorization Reference; the service may be newer".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                self.add(prefix.at, Code::UnknownService.warning(summary).hint(hint));
            }
        }
        prefixes.value.into_iter().map(|prefix| prefix.value).collect()
    }
}
