//! The report: the current state of an organization as one value, which `render::html` draws as a page and as JSON. Pure.
//!
//! It uses the same data as a plan and the same modules: differences from org.toml come from [`crate::drift`], verdicts of guardrails from
//! [`crate::policy`], addresses from [`crate::network`], costs from [`crate::cost`].
//!
//! ```text
//! org.toml ─► Loaded ─┐
//! AWS ──────► Live ───┼─ state ─► units, accounts, policies ─┬─ hierarchy ─► restrictions, compliance ─┬─► Report ─► render
//!             Plan ───┴─► Drift, cost, address plan ─────────┴─────────────────────────────────────────┘
//! ```

mod compliance;
mod networks;
mod policies;
mod quotas;
mod state;
mod units;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use compliance::{Compliance, Exceptions, FrameworkList, Kept};
pub use networks::{Layout, Networks, Pool, Vpc};
pub use policies::Policy;
pub use quotas::Quotas;
pub use state::Known;
pub use units::{Account, Standing, Unit};

use crate::config::{Loaded, Places};
use crate::cost::Cost;
use crate::drift::Drift;
use crate::plan::Plan;
use crate::policy::{Catalogue, OfService, Selection, restrictions};
use crate::resource::Live;
use crate::resource::organizations::Facts;

/// The version of the JSON form. Raised when a reader of the old one would misread the new one.
pub const FORMAT_VERSION: u32 = 1;

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The configuration.
    pub loaded: &'a Loaded,
    /// What AWS has.
    pub live: &'a Live,
    /// What would change.
    pub plan: &'a Plan,
    /// How much there is of what; `None` where there is no organization.
    pub facts: Option<&'a Facts>,
    /// How many invitations are open, or why that could not be read.
    pub invitations: Result<usize, &'a str>,
    /// When AWS was read, `2026-11-20 17:40 UTC`.
    pub read_at: &'a str,
}

/// An organization now, by org.toml and AWS.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The version of overlord that made it.
    pub overlord: &'static str,
    /// When AWS was read, `2026-11-20 17:40 UTC`.
    pub read_at: String,
    /// The 12-digit id of the management account.
    pub management_account: String,
    /// Whether AWS has an organization.
    pub exists: bool,
    /// The root and the OUs, each before those below it.
    pub units: Vec<Unit>,
    /// The accounts, in the order of their units.
    pub accounts: Vec<Account>,
    /// The policies of all types, by type and key.
    pub policies: Vec<Policy>,
    /// What guardrails say, for accounts of which they say the same.
    pub restrictions: Restrictions,
    /// The networks.
    pub networks: Networks<'a>,
    /// The results of accounts for the frameworks of org.toml; `None` if it has none.
    pub compliance: Option<Compliance>,
    /// What networks cost a month, before and after the plan; `None` where nothing costs anything.
    pub cost: Option<Cost>,
    /// How much of AWS's quotas is used.
    pub quotas: Quotas,
    /// What is not as org.toml says; its own rendering makes JSON of it.
    #[serde(skip)]
    pub drift: Drift,
    /// Where org.toml says what.
    #[serde(skip)]
    pub places: &'a Places,
}

/// What guardrails say of every action.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Restrictions {
    /// The day of the list of actions, `YYYY-MM-DD`.
    pub actions_as_of: String,
    /// How many actions it has.
    pub actions: usize,
    /// The types of guardrails that AWS has in use and org.toml does not manage: nothing of them was read.
    pub not_read: BTreeSet<&'static str>,
    /// The classes, that of most accounts first. An account names its own by its place in this list.
    pub classes: Vec<Class>,
}

/// What guardrails say to accounts under the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Class {
    /// How many accounts.
    pub accounts: usize,
    /// What passes, whatever the request.
    pub passes: Selection,
    /// What passes or not by conditions, or by the resource.
    pub conditional: Selection,
    /// What it hinges on: condition keys, `the resource`.
    pub hinges_on: BTreeSet<String>,
    /// What is denied, whatever the request.
    pub denied: Selection,
}

impl<'a> Report<'a> {
    /// What the sources say, with the drift that was found in the plan.
    pub fn of(sources: Sources<'a>, drift: Drift) -> Self {
        let Sources { loaded, live, plan, facts, invitations, read_at } = sources;
        let state = state::State::of(loaded, live);
        let hierarchy = state.hierarchy(&loaded.desired);
        let catalogue = loaded.desired.catalogue();
        let told = restrictions(&hierarchy, &catalogue);
        let networks = Networks::of(&loaded.desired, live);
        let compliance = Compliance::of(loaded, &hierarchy);
        let (units, mut accounts) = units::of(&state, loaded, live);
        let classes: BTreeMap<_, usize> =
            told.iter().enumerate().flat_map(|(number, class)| class.accounts.iter().map(move |account| (account, number))).collect();
        let costs = plan.cost.as_ref().map(|cost| &cost.accounts);
        let mut findings = units::findings(&drift);
        for account in &mut accounts {
            account.restriction = classes.get(&account.address).copied();
            account.standings = compliance.as_ref().map(|found| found.of_account(&account.address)).unwrap_or_default();
            account.vpcs = networks.of_account(account.address.key());
            account.usd_a_month = costs.and_then(|costs| costs.get(account.address.key())).map(|share| share.before);
            account.findings = findings.remove(&account.address).unwrap_or_default();
        }
        let mut units = units;
        for unit in &mut units {
            unit.findings = findings.remove(&unit.address).unwrap_or_default();
        }
        Self {
            format_version: FORMAT_VERSION,
            overlord: env!("CARGO_PKG_VERSION"),
            read_at: read_at.to_owned(),
            management_account: loaded.desired.management_account.clone(),
            exists: facts.is_some(),
            policies: policies::of(&state, &units, &accounts),
            units,
            accounts,
            restrictions: Restrictions::of(told, live, &catalogue),
            networks,
            compliance: compliance.map(|found| found.told()),
            cost: plan.cost.clone(),
            quotas: Quotas::of(loaded, live, facts, invitations),
            drift,
            places: &loaded.places,
        }
    }
}

impl Restrictions {
    fn of(told: Vec<crate::policy::Restriction>, live: &Live, catalogue: &Catalogue) -> Self {
        let class = |told: crate::policy::Restriction| {
            let crate::policy::Restriction { accounts, passes, conditional, hinges_on, denied } = told;
            Class { accounts: accounts.len(), passes, conditional, hinges_on, denied }
        };
        Self {
            actions_as_of: catalogue.date().to_owned(),
            actions: catalogue.known_actions().count(),
            not_read: live.unread.iter().map(|family| family.short()).collect(),
            classes: told.into_iter().map(class).collect(),
        }
    }
}

impl Class {
    /// How many actions a service has.
    pub fn size_of(&self, service: &str) -> usize {
        let of = |selection: &Selection| selection.services.get(service).map_or(0, |of| of.count);
        [&self.passes, &self.conditional, &self.denied].map(of).into_iter().sum()
    }
}

/// Whether a selection has all actions of a service.
pub fn is_whole(of: &OfService) -> bool {
    of.actions.iter().any(|action| action == "*")
}
