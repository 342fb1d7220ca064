//! The list of AWS's actions and condition keys, if the user keeps a newer one than the built-in one.

use std::path::Path;
use std::sync::Arc;

use super::Model;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::{Files, file};
use crate::diagnostic::{Source, Span};
use crate::policy::Catalogue;

/// The list of the file that [organization] names; `None` where it names none, or the file is none.
pub(super) fn read(model: &Model<'_>, files: &Files<'_>, report: &mut Report) -> Option<Arc<Catalogue>> {
    let named = model.file.organization.as_ref()?.value.catalogue.as_ref()?;
    let make = "make it with `overlord policy catalogue --from DIR --out FILE`; the path is relative to org.toml";
    let path = files.shown(Path::new(&named.value));
    let text = match file::text(&path, files.read(Path::new(&named.value))) {
        Ok(text) => text,
        Err(diagnostic) => {
            let hint = diagnostic.hint.clone().unwrap_or_else(|| make.to_owned());
            report.at(named.at, diagnostic.hint(hint));
            return None;
        }
    };
    match Catalogue::parse(&text) {
        Ok(catalogue) => Some(Arc::new(catalogue)),
        Err(problems) => {
            let source = Arc::new(Source::new(path, text));
            for problem in problems {
                let at = Span { source: Arc::clone(&source), range: problem.at };
                let diagnostic = Code::BadCatalogue.error(problem.summary).at(at).hint(problem.hint);
                report.add(diagnostic.related(report.span(named.at), "named here"));
            }
            None
        }
    }
}
