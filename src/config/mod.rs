//! Loads org.toml and policies/ as typed sections with positions, checks them, and expands them to desired resources. Reports all errors at
//! once. Pure except for reading the files.
//!
//! ```text
//! bytes ─ file ─► text ─ syntax ─► tree ─ structure ─► sound tree ─ section ─► File ─ check ─► Checked ─ expand ─► Desired
//!          └───────────────┴────────────────┴─────────── report: every mistake, once ──┘
//! ```
//!
//! Each step reports its mistakes and passes on the valid rest, so that one run reports everything.

mod check;
mod code;
mod expand;
mod file;
mod inheritance;
mod lints;
mod places;
mod report;
mod schema;
mod section;
mod span;
mod structure;
mod syntax;
mod template;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::address::Address;
use crate::diagnostic::{ByteRange, Diagnostic, Severity, Source, Span};
use crate::drift::Ignore;
use crate::files;
use crate::policy::effective::Tree;
use crate::policy::framework::Framework;
use crate::policy::{Cause, Evaluator, Family, Hierarchy, Policy, Test};
use crate::resource::{Attributes, Desired, Kind, organizations};

pub(crate) use check::values;
pub use code::Code;
pub use expand::{ACCESS_ROLE, HOME_REGION};
pub use lints::{Linted, Silenced};
pub use places::Places;
pub use schema::schema;

use report::Report;
use section::File;

/// A configuration without errors.
#[derive(Debug)]
pub struct Loaded {
    /// The desired resources.
    pub desired: Desired,
    /// What is worth a look.
    pub warnings: Vec<Diagnostic>,
    /// How much there is of what.
    pub summary: Summary,
    /// The service and resource control policies as they are written, by the address of the policy.
    pub written: BTreeMap<Address, Written>,
    /// The same for management policies as they are written.
    pub configured: BTreeMap<Address, Configured>,
    /// The policies and sets that differ from `desired` because they were packed, as they are written in the files.
    as_written: BTreeMap<Address, Attributes>,
    /// The origin of each statement of packed policies: the declared policy, and the statement's number.
    origins: BTreeMap<Address, Vec<(Address, usize)>>,
    /// The lists of services that accounts are to be restricted to, by key.
    pub frameworks: BTreeMap<String, Framework>,
    /// The file of the list of AWS's actions and condition keys, as the user would type it; `None` for the one that is built in.
    pub catalogue_file: Option<String>,
    /// What its `[[test]]` blocks expect.
    pub tests: Vec<Test>,
    /// The quotas that hold: AWS's, or what `[limits]` says.
    pub quotas: Quotas,
    /// The drift that is expected.
    pub ignores: Vec<Ignore>,
    /// Where it speaks of what.
    pub places: Places,
    /// The accounts of teams: whose they are, and for which stage.
    pub teams: BTreeMap<Address, TeamStage>,
}

/// Whose an account is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamStage {
    /// The key of the team.
    pub team: String,
    /// The stage.
    pub stage: String,
}

impl TeamStage {
    fn of((team, stage): (&str, &str)) -> Self {
        Self { team: team.to_owned(), stage: stage.to_owned() }
    }
}

/// Quotas of an organization, and of each account in a Region.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quotas {
    /// Accounts, the management account included.
    pub accounts: usize,
    /// Organizational units.
    pub ous: usize,
    /// VPCs of an account in a Region.
    pub vpcs: usize,
    /// Elastic addresses of an account in a Region.
    pub elastic_ips: usize,
    /// NAT gateways of an account in one zone.
    pub nat_gateways_per_zone: usize,
    /// Of policy types, as the API spells them.
    pub types: BTreeMap<String, TypeQuotas>,
}

/// Quotas of a policy type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeQuotas {
    /// Characters of a document.
    pub size: usize,
    /// Policies attached directly to one target.
    pub attached: usize,
}

/// A policy with its places.
#[derive(Debug, Clone)]
pub struct Written {
    /// Its file.
    pub source: Arc<Source>,
    /// Its statements, placed in the file.
    pub policy: Arc<Policy>,
    /// Its type.
    pub family: Family,
    /// Characters without white space.
    pub size: usize,
    /// The most that its type takes.
    pub limit: usize,
    /// The lints that do not hold for it.
    pub suppressed: Vec<Suppressed>,
}

/// A policy that configures, with its places.
#[derive(Debug, Clone)]
pub struct Configured {
    /// Its file.
    pub source: Arc<Source>,
    /// Its settings, placed in the file.
    pub tree: Arc<Tree>,
}

/// A rule of the lints that a policy does not keep to, on purpose.
#[derive(Debug, Clone)]
pub struct Suppressed {
    /// Its id.
    pub rule: &'static str,
    /// Why.
    pub reason: String,
    /// Where that is said.
    pub at: Span,
}

impl Loaded {
    /// The position of the deciding statement in its file; `None` for a level without an Allow, and for AWS's own policies.
    pub fn place(&self, cause: &Cause) -> Option<Span> {
        let (policy, index) = (organizations::Policy::address(&**cause.policy.as_ref()?), cause.statement.as_ref()?.0);
        let (policy, index) = match self.origins.get(&policy) {
            Some(origins) => origins.get(index).cloned()?,
            None => (policy, index),
        };
        let written = self.written.get(&policy)?;
        let statement = written.policy.statements.get(index)?;
        // The first line of it, or its name: enough to find it.
        let range = statement.sid.as_ref().map_or(ByteRange { start: statement.at.start, end: statement.at.start + 1 }, |sid| sid.at);
        Some(Span { source: Arc::clone(&written.source), range })
    }

    /// The levels with what org.toml says that is attached to them, before any of it is packed.
    pub fn hierarchy_as_written(&self) -> Hierarchy {
        let resources: BTreeMap<&Address, &Attributes> = self.desired.resources.iter().chain(&self.as_written).collect();
        crate::guardrails::hierarchy_of(resources, &self.desired.management_account, self.desired.pinned.clone())
    }

    /// The `[[test]]` blocks that fail, as mistakes.
    fn failures(&self) -> Vec<Diagnostic> {
        if self.tests.is_empty() {
            return Vec::new();
        }
        let (hierarchy, catalogue) = (crate::guardrails::hierarchy(&self.desired), self.desired.catalogue());
        let evaluator = Evaluator::new(&hierarchy, &catalogue);
        let results = self.tests.iter().flat_map(|test| test.run(&evaluator));
        results.filter_map(|result| check::expectations::failed(&result, |cause| self.place(cause))).collect()
    }
}

/// Counts of what a configuration declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Summary {
    /// Accounts, without the management account.
    pub accounts: usize,
    /// Organizational units.
    pub ous: usize,
    /// Policies of the configuration's own.
    pub policies: usize,
    /// Teams.
    pub teams: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accounts, ous, policies, teams } = self;
        let some = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
        let (accounts, teams) = (some(*accounts, "account", "accounts"), some(*teams, "team", "teams"));
        write!(f, "{accounts}, {teams}, {}, {}", some(*ous, "OU", "OUs"), some(*policies, "policy", "policies"))
    }
}

/// How the files that org.toml names are read: from the disk, from memory, from a revision.
pub struct Files<'r> {
    folder: PathBuf,
    reader: &'r dyn Fn(&Path) -> io::Result<Vec<u8>>,
}

impl<'r> Files<'r> {
    /// `folder` is that of org.toml, for messages; `reader` is given paths relative to it.
    pub fn new(folder: impl Into<PathBuf>, reader: &'r dyn Fn(&Path) -> io::Result<Vec<u8>>) -> Self {
        Self { folder: folder.into(), reader }
    }

    /// A relative path as the user would type it.
    fn shown(&self, relative: &Path) -> PathBuf {
        self.folder.join(relative)
    }

    /// A path that leaves the folder is always refused: org.toml may come from somebody else.
    fn read(&self, relative: &Path) -> io::Result<Vec<u8>> {
        match files::escapes(relative) {
            Some(outside) => Err(io::Error::new(io::ErrorKind::InvalidInput, outside)),
            None => (self.reader)(relative),
        }
    }
}

/// Loads the configuration at `path` and the files that it names.
///
/// # Errors
/// All mistakes, by file and position, warnings among them; what the lints say that AWS refuses is one too.
pub fn load(path: &Path) -> Result<Loaded, Vec<Diagnostic>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    load_with(path, file::read(path), &Files::new(folder, &|relative| file::read_below(folder, relative)))
}

/// As [`load`], without asking whether its `[[test]]` blocks pass and what the lints say: for those who run them.
///
/// # Errors
/// All mistakes but tests that fail.
pub fn load_untested(path: &Path) -> Result<Loaded, Vec<Diagnostic>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    read(path, file::read(path), &Files::new(folder, &|relative| file::read_below(folder, relative)))
}

/// As [`load`], with `more` appended to the file: sections that are tried out and never written.
///
/// # Errors
/// As [`load`].
pub fn load_with_more(path: &Path, more: &str) -> Result<Loaded, Vec<Diagnostic>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let bytes = file::read(path).map(|bytes| [bytes.as_slice(), b"\n", more.as_bytes()].concat());
    load_with(path, bytes, &Files::new(folder, &|relative| file::read_below(folder, relative)))
}

/// As [`load`], from what was read of `path` and a way to read the other files: touches no disk itself.
///
/// # Errors
/// As [`load`].
pub fn load_with(path: &Path, bytes: io::Result<Vec<u8>>, files: &Files<'_>) -> Result<Loaded, Vec<Diagnostic>> {
    let mut loaded = read(path, bytes, files)?;
    let failures = loaded.failures();
    let (refused, told): (Vec<_>, Vec<_>) = loaded.lint().told().partition(|diagnostic| diagnostic.severity == Severity::Error);
    loaded.warnings.extend(told);
    loaded.warnings.extend(loaded.unsettled());
    let errors: Vec<Diagnostic> = refused.into_iter().chain(failures).collect();
    if errors.is_empty() { Ok(loaded) } else { Err(loaded.warnings.into_iter().chain(errors).collect()) }
}

/// As [`load_untested`], from what was read, as [`load_with`].
///
/// # Errors
/// As [`load_untested`].
pub fn load_untested_with(path: &Path, bytes: io::Result<Vec<u8>>, files: &Files<'_>) -> Result<Loaded, Vec<Diagnostic>> {
    read(path, bytes, files)
}

fn read(path: &Path, bytes: io::Result<Vec<u8>>, files: &Files<'_>) -> Result<Loaded, Vec<Diagnostic>> {
    let text = file::text(path, bytes).map_err(|diagnostic| {
        let hint = diagnostic.hint.clone().unwrap_or_else(|| "say where org.toml is with `--config`".to_owned());
        vec![diagnostic.hint(hint)]
    })?;
    let source = Arc::new(Source::new(path, text));
    let mut report = Report::new(Arc::clone(&source));
    if source.text.trim().is_empty() {
        let hint = "begin with [organization] and `management_account = \"111111111111\"`";
        report.at((0..0).into(), Code::Empty.error(format!("`{}` is empty", path.display())).hint(hint));
        return Err(report.finish());
    }
    let Some((file, first_syntax_error)) = parse(&source, &mut report) else { return Err(report.finish()) };
    let mut checked = check::check(&file, files, &mut report);
    if let Some(start) = first_syntax_error {
        // The text after a syntax error may be lost or misread: only the text before it is certain.
        report.retain(|d| d.code == Some(Code::Syntax.name()) || (!is_about_absence(d) && stands_before(d, &source, start)));
    }
    if report.has_errors() {
        return Err(report.finish());
    }
    let summary = Summary { accounts: checked.accounts.len(), ous: file.ou.len(), policies: file.policy.len(), teams: file.team.len() };
    let policies = || checked.policies.values().flatten();
    let written = policies().filter_map(|p| Some((organizations::Policy::address(p.key.as_str()), p.written.clone()?))).collect();
    let configured = policies().filter_map(|p| Some((organizations::Policy::address(p.key.as_str()), p.configured.clone()?))).collect();
    let (as_written, origins) = (expand::as_written(&checked), expand::origins(&checked));
    let (tests, quotas) = (std::mem::take(&mut checked.tests), std::mem::take(&mut checked.quotas));
    let (ignores, places) = (std::mem::take(&mut checked.ignores), Places::new(&file, &checked, &source));
    let frameworks = std::mem::take(&mut checked.frameworks);
    let teams = checked.accounts.iter().filter_map(|account| Some((account.address(), TeamStage::of(account.team?)))).collect();
    let named = file.organization.as_ref().and_then(|organization| organization.value.catalogue.as_ref());
    let catalogue_file = named.map(|named| files.shown(Path::new(&named.value)).display().to_string());
    let catalogue = checked.catalogue.take();
    let desired = Desired { catalogue, ..expand::desired(&file, checked) };
    let warnings = report.finish();
    Ok(Loaded {
        desired,
        warnings,
        summary,
        written,
        as_written,
        origins,
        configured,
        frameworks,
        catalogue_file,
        tests,
        quotas,
        ignores,
        places,
        teams,
    })
}

/// The sections, without those that are malformed, and the position of the first line with a syntax error.
fn parse(source: &Source, report: &mut Report) -> Option<(File, Option<usize>)> {
    let mut tree = syntax::parse(&source.text, report)?;
    // A line that is broken is broken as a whole.
    let first_syntax_error = report.first_error().map(|at| source.text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |line| line + 1));
    structure::check(tree.get_mut(), report);
    match File::deserialize(toml::de::Deserializer::from(tree)) {
        Ok(file) => Some((file, first_syntax_error)),
        Err(error) => {
            // A mistake that the schema accepts and the types refuse. None is known, but one must be reported.
            let at = error.span().unwrap_or(0..0).into();
            report.at(at, Code::WrongType.error(error.message()).hint("see the JSON Schema of org.toml: `overlord schema`"));
            None
        }
    }
}

/// Whether it says that something is missing. That may be in a part of a file that could not be read.
fn is_about_absence(diagnostic: &Diagnostic) -> bool {
    let codes = [
        Code::MissingKey,
        Code::UnknownOu,
        Code::UnknownPolicy,
        Code::UnknownAccount,
        Code::UnknownTeam,
        Code::UnknownStage,
        Code::UnknownPool,
        Code::UnknownLayout,
        Code::UnknownTransitGateway,
        Code::UnknownVpn,
        Code::UnreservedRoute,
        Code::PoolExhausted,
        Code::UntrustedService,
        Code::UnattachedPolicy,
        Code::EmptyTeam,
        Code::NoAllow,
        Code::MovedToNothing,
        Code::TooManyAccounts,
        Code::TooManyOus,
    ];
    codes.iter().any(|code| diagnostic.code == Some(code.name()))
}

fn stands_before(diagnostic: &Diagnostic, source: &Arc<Source>, start: usize) -> bool {
    diagnostic.span.as_ref().is_some_and(|span| !Arc::ptr_eq(&span.source, source) || span.range.end <= start)
}

#[cfg(test)]
mod tests;
