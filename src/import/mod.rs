//! Import: generates org.toml and policies/ from a live organization that was read before. Pure.
//!
//! ```text
//! AWS ─ organizations::read_whole ─► Reading ─ draft ─► org.toml, policies/ ─ check: config, bind, plan ─► no changes
//! ```
//!
//! The plan of the generated files must be empty. What org.toml cannot express is left out, together with everything that would make
//! overlord change it. [`check`] verifies this before a draft is shown.

mod accounts;
mod attributes;
mod document;
mod keys;
mod networks;
mod policies;
mod sections;
mod teams;
mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

use serde::Serialize;

use crate::aws::Error;
use crate::config::{self, Files, Loaded, Summary, values};
use crate::diagnostic::Diagnostic;
use crate::limits::LIMITS;
use crate::plan::Plan;
use crate::resource::Live;
use crate::resource::network::Survey;
use crate::resource::organizations::{Reading, Tagging, World};

/// Settings that the live organization does not contain.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `home_region` of `[organization]`.
    pub home_region: String,
    /// `access_role` of `[organization]`.
    pub access_role: String,
    /// Whether tags are written down.
    pub tags: Tagging,
    /// Why opt-in Regions are left out although they were read; `None` if they are written.
    pub regions_left: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            home_region: config::HOME_REGION.to_owned(),
            access_role: config::ACCESS_ROLE.to_owned(),
            tags: Tagging::Left,
            regions_left: None,
        }
    }
}

/// The files that describe an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// org.toml.
    pub org_toml: String,
    /// The documents of its policies, by path relative to org.toml.
    pub policies: BTreeMap<String, String>,
    /// What the files do not name, in order.
    pub left: Vec<Left>,
    /// How many layouts of VPCs there are.
    pub networks: usize,
    /// How many accounts name opt-in Regions.
    pub opted_in: usize,
}

/// Something live that the files do not name, and that overlord therefore leaves as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Left {
    /// AWS's id with a name, or a name.
    pub subject: String,
    /// Why it is not named.
    pub reason: String,
}

impl Left {
    fn new(subject: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { subject: subject.into(), reason: reason.into() }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.reason)
    }
}

/// What is done about networks.
#[derive(Debug, Clone, Copy)]
pub enum Networks<'s> {
    /// They were not read.
    Unread,
    /// What overlord made before is written down.
    Taken(&'s Survey),
    /// All of them are left out, for that reason.
    Left(&'s Survey, &'s str),
}

/// Why there is nothing to import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The account is in no organization.
    NoOrganization,
    /// The organization has one bill and nothing else; any plan of overlord's would change that.
    ConsolidatedBilling,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoOrganization => "the account is not in an organization, so there is nothing to import",
            Self::ConsolidatedBilling => {
                "the organization has consolidated billing only, and overlord runs organizations with all features"
            }
        })
    }
}

impl Refusal {
    /// What to do.
    pub fn hint(self) -> &'static str {
        match self {
            Self::NoOrganization => {
                "use credentials of the management account (--profile), or write an org.toml: `overlord apply` makes the organization"
            }
            Self::ConsolidatedBilling => "enable all features first, which every invited account must agree to, then import",
        }
    }
}

/// Writes the draft of the live organization.
///
/// # Errors
/// There is nothing to import.
pub fn draft(reading: &Reading, settings: &Settings, networks: Networks<'_>) -> Result<Draft, Refusal> {
    let world = reading.world().ok_or(Refusal::NoOrganization)?;
    if world.feature_set == "CONSOLIDATED_BILLING" {
        return Err(Refusal::ConsolidatedBilling);
    }
    let mut left = Vec::new();
    let tags = Tags { world, tagging: settings.tags };
    let policies = policies::Policies::of(world, &tags, &mut left);
    let networks = match networks {
        Networks::Unread => networks::Networks::default(),
        Networks::Taken(survey) => networks::Networks::of(survey, world, &mut left),
        Networks::Left(survey, why) => networks::Networks::listed(survey, world, why, &mut left),
    };
    let mut accounts = accounts::accounts(world, &tags, &policies, &networks, &mut left);
    left.extend(attributes::unread(world));
    if let Some(why) = &settings.regions_left {
        for account in accounts.iter_mut().filter(|account| !account.regions.is_empty()) {
            let regions = std::mem::take(&mut account.regions).join(", ");
            left.push(Left::new(format!("{}, opt-in Regions {regions}", account.id), why));
        }
    }
    let opted_in = accounts.iter().filter(|account| !account.regions.is_empty()).count();
    let units = keys::units(world);
    let written = sections::write(world, settings, &tags, (&units, &policies, &networks), accounts, &mut left);
    let documents = policies.declared.iter().map(|policy| (format!("policies/{}.json", policy.key), document::pretty(policy.content)));
    left.sort();
    let org_toml = text::file(&written, &left);
    Ok(Draft { org_toml, policies: documents.collect(), left, networks: networks.layouts.len(), opted_in })
}

/// The tags that are written down.
struct Tags<'w> {
    world: &'w World,
    tagging: Tagging,
}

impl Tags<'_> {
    /// The tags that org.toml can express: without AWS's own, overlord's, and any beyond the limit with overlord's.
    fn of(&self, id: &str) -> BTreeMap<String, String> {
        let sayable = |(key, value): &(&String, &String)| values::tag_key(key).is_ok() && values::tag_value(value).is_ok();
        let tags = self.world.tags.get(id).filter(|_| self.tagging == Tagging::Read);
        let tags = tags.into_iter().flatten().filter(sayable).take(LIMITS.quotas.tags_per_resource - 1);
        tags.map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// What became of a draft's check.
#[derive(Debug)]
pub enum Verdict {
    /// Its plan is empty.
    Sound(Summary),
    /// overlord refuses its own words: a defect, or a limit that this version does not know.
    Refused(Vec<Diagnostic>),
    /// overlord would change something.
    Differs(Box<Plan>),
}

/// Reads a draft without networks as `overlord plan` would, and plans it against what was read.
///
/// # Errors
/// What was read cannot be bound: a defect.
pub fn check(draft: &Draft, reading: &Reading) -> Result<Verdict, Error> {
    let loaded = match load(draft) {
        Ok(loaded) => loaded,
        Err(diagnostics) => return Ok(Verdict::Refused(diagnostics)),
    };
    let live = reading.for_configuration(&loaded.desired)?.bind(&loaded.desired)?;
    Ok(judge(&loaded, &live))
}

/// Reads a draft as `overlord validate` would.
///
/// # Errors
/// What it would say.
pub fn load(draft: &Draft) -> Result<Loaded, Vec<Diagnostic>> {
    let read = |path: &Path| {
        let text = draft.policies.get(path.to_string_lossy().as_ref());
        text.map(|text| text.clone().into_bytes()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    };
    config::load_with(Path::new("org.toml"), Ok(draft.org_toml.clone().into_bytes()), &Files::new("", &read))
}

/// Whether a loaded draft leaves anything to do.
pub fn judge(loaded: &Loaded, live: &Live) -> Verdict {
    let plan = Plan::build(&loaded.desired, live);
    if plan.is_empty() && !plan.has_errors() { Verdict::Sound(loaded.summary) } else { Verdict::Differs(Box::new(plan)) }
}
