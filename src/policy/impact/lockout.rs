//! Lockouts: accounts in which a change would stop overlord's access role from doing its work.
//!
//! Attachments and the places of accounts can always be reverted: no guardrail restricts the management account, so Organizations accepts its
//! calls whatever is attached (Organizations user guide, "SCP evaluation"). Resources *in* an account are changed only through the access
//! role. An SCP that denies the role its calls, or an RCP that denies assuming it, closes that path. Only what is certain counts: the role's
//! ARN, its Region and that it calls over TLS are known. A condition on anything else is unknown.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::super::catalogue::{Actions, Catalogue, Set};
use super::super::context::{Context, Fact};
use super::super::evaluate::{Cause, Decision, Outcome, decide};
use super::super::global_services::GLOBAL_SERVICES;
use super::super::hierarchy::{Family, Hierarchy};
use super::super::pattern::question;
use super::super::request::{Place, Principal, Request, Whereabouts};
use super::chains::{Asker, Chain, Chains};
use crate::address::Address;

/// What closes the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Road {
    /// The role cannot be assumed any more.
    Assume,
    /// The role is denied everything.
    Everything,
    /// The role is denied some of what overlord calls in its networks.
    Calls,
}

/// Accounts in which overlord's role is locked out for one reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lockout {
    /// In order.
    pub accounts: Vec<Address>,
    /// What it can no longer do.
    pub road: Road,
    /// The calls, as `ec2:CreateVpc`; of what is not [`Road::Calls`], none.
    pub actions: BTreeSet<String>,
    /// The policy that denies it, by its key; else the level at which nothing allows it, by its address. What consent names.
    pub by: String,
    /// The same in words.
    pub why: String,
}

/// What overlord needs of its role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequiredAccess {
    /// The name of the role.
    pub role: String,
    /// All that it calls for a network, as `ec2:CreateVpc` or `account:EnableRegion`.
    pub calls: BTreeSet<String>,
    /// The accounts that it works in, each with the Regions where it has networks.
    pub accounts: BTreeMap<Address, BTreeSet<String>>,
}

/// Keys that are known of each call of the role. As in the lint `access-role`.
pub(super) fn facts(region: Option<&str>) -> Vec<(&'static str, Fact)> {
    let mut facts = vec![
        ("aws:ViaAWSService", Fact::known(["false"])),
        ("aws:SecureTransport", Fact::known(["true"])),
        ("aws:CalledVia", Fact::Absent),
    ];
    facts.extend(region.map(|region| ("aws:RequestedRegion", Fact::known([region]))));
    facts
}

/// Where the role is locked out after a change and was not before, by cause.
pub fn lockouts(before: &Hierarchy, after: &Hierarchy, roads: &RequiredAccess, catalogue: &Catalogue) -> Vec<Lockout> {
    let actions = catalogue.actions();
    let there = |account: &&Address| after.levels.contains_key(*account) && !after.is_management(account);
    let accounts: Vec<&Address> = roads.accounts.keys().filter(there).collect();
    let mut found = Found::default();
    assumed(before, after, roads, &accounts, &mut found);
    let open = |found: &Found, accounts: &[&Address]| -> Vec<Address> {
        accounts.iter().filter(|account| !found.told.contains(**account)).map(|account| (*account).clone()).collect()
    };
    let everything = actions.all();
    let way = Way { actions, needed: &everything, road: Road::Everything, region: None };
    denied(before, after, roads, &way, &open(&found, &accounts), &mut found);
    let regions: BTreeSet<&str> = roads.accounts.values().flatten().map(String::as_str).collect();
    for region in regions {
        let has = |account: &&Address| roads.accounts.get(*account).is_some_and(|regions| regions.contains(region));
        let asked: Vec<&Address> = accounts.iter().copied().filter(has).collect();
        for (requested, needed) in calls_by_requested_region(&roads.calls, region, actions) {
            let way = Way { actions, needed: &needed, road: Road::Calls, region: Some(requested) };
            denied(before, after, roads, &way, &open(&found, &asked), &mut found);
        }
    }
    found.lockouts()
}

/// The calls that overlord makes for a network in `region`, by the Region that their requests carry: a service with one endpoint for all of the
/// partition has that endpoint's.
fn calls_by_requested_region<'r>(calls: &BTreeSet<String>, region: &'r str, actions: &Actions) -> BTreeMap<&'r str, Set> {
    let global: BTreeMap<&str, &str> = GLOBAL_SERVICES.as_seen_from(region).collect();
    let mut by_region = BTreeMap::new();
    for call in calls {
        let service = call.split_once(':').map_or(call.as_str(), |(service, _)| service);
        let requested = global.get(service).copied().unwrap_or(region);
        if let Some(number) = actions.number(call) {
            by_region.entry(requested).or_insert_with(|| actions.none()).insert(number);
        }
    }
    by_region
}

/// The calls that the role needs in one Region.
struct Way<'w> {
    /// All actions.
    actions: &'w Actions,
    needed: &'w Set,
    road: Road,
    region: Option<&'w str>,
}

impl Way<'_> {
    /// What of it is closed, given what is denied.
    fn closed(&self, denied: &Set) -> Set {
        match self.road {
            Road::Everything if !self.needed.without(denied).is_empty() => self.actions.none(),
            Road::Everything | Road::Calls | Road::Assume => denied.and(self.needed),
        }
    }
}

/// What is found, by cause.
#[derive(Default)]
struct Found {
    told: BTreeSet<Address>,
    by_cause: BTreeMap<(Road, String, String, BTreeSet<String>), BTreeSet<Address>>,
}

impl Found {
    fn add(&mut self, road: Road, account: &Address, actions: BTreeSet<String>, decision: &Decision) {
        let (by, why) = decision.cause.as_ref().map(|cause| (named(cause), cause.says(decision.outcome))).unwrap_or_default();
        self.told.insert(account.clone());
        self.by_cause.entry((road, by, why, actions)).or_default().insert(account.clone());
    }

    fn lockouts(self) -> Vec<Lockout> {
        let lockout = |((road, by, why, actions), accounts): ((Road, String, String, BTreeSet<String>), BTreeSet<Address>)| Lockout {
            accounts: accounts.into_iter().collect(),
            road,
            actions,
            by,
            why,
        };
        self.by_cause.into_iter().map(lockout).collect()
    }
}

/// What consent to a cause names.
fn named(cause: &Cause) -> String {
    cause.policy.as_ref().map_or_else(|| cause.level.to_string(), |policy| policy.to_string())
}

/// Where resource control policies newly deny to assume the role. Its caller is in the management account, which no SCP binds.
fn assumed(before: &Hierarchy, after: &Hierarchy, roads: &RequiredAccess, accounts: &[&Address], found: &mut Found) {
    let asks = |hierarchy: &Hierarchy, whereabouts: &Whereabouts<'_>, account: &Address| {
        let mut context = Context::partial();
        facts(None).into_iter().for_each(|(key, fact)| context.set(key, fact));
        let (principal, owner) = (Principal::Of(Place::Management), Place::Member(account.clone()));
        whereabouts.complete(&mut context, &principal, None, &owner);
        let resource = format!("arn:aws:iam::{}:role/{}", whereabouts.id(account), roads.role);
        decide(&Request { principal, action: "sts:AssumeRole".to_owned(), resource, owner, context }, hierarchy)
    };
    if !after.families.contains(&Family::Rcp) {
        return;
    }
    let (then, now) = (Whereabouts::of(before), Whereabouts::of(after));
    for account in accounts {
        let decision = asks(after, &now, account);
        let could = || !before.levels.contains_key(*account) || !is_denied(&asks(before, &then, account));
        if is_denied(&decision) && could() {
            found.add(Road::Assume, account, BTreeSet::new(), &decision);
        }
    }
}

fn is_denied(decision: &Decision) -> bool {
    match decision.outcome {
        Outcome::ExplicitDeny | Outcome::ImplicitDeny => true,
        Outcome::WithinGuardRails | Outcome::Unknown => false,
    }
}

/// The accounts in which the role newly loses what it needs. Accounts under the same policies before and after are evaluated once.
fn denied(before: &Hierarchy, after: &Hierarchy, roads: &RequiredAccess, way: &Way<'_>, accounts: &[Address], found: &mut Found) {
    let facts = facts(way.region);
    let mut chains = Chains::new(Asker::Role(&roads.role, &facts), way.actions);
    let whereabouts = Whereabouts::of(after);
    let was_there = |account: &&Address| before.levels.contains_key(*account);
    let (old, new): (Vec<&Address>, Vec<&Address>) = accounts.iter().partition(was_there);
    let then = chains.of(before, old.iter().copied());
    let now = chains.of(after, old.iter().chain(&new).copied());
    let then = then.iter().map(Some).chain(std::iter::repeat(None));
    let mut classes: BTreeMap<(Option<&Chain>, &Chain), Vec<&Address>> = BTreeMap::new();
    for (account, (then, now)) in old.into_iter().chain(new).zip(then.zip(&now)).filter(|(_, (then, now))| *then != Some(*now)) {
        classes.entry((then, now)).or_default().push(account);
    }
    for ((then, now), accounts) in classes {
        let mut closed = way.closed(&chains.verdicts(now).denied);
        if let Some(then) = then {
            closed.remove(&way.closed(&chains.verdicts(then).denied));
        }
        let takes_resource = closed.numbers().next().is_some_and(|number| way.actions.takes_resource.contains(number));
        let actions: Vec<&str> = closed.numbers().filter_map(|number| way.actions.name(number)).collect();
        let Some(first) = actions.first() else { continue };
        let told = match way.road {
            Road::Calls => actions.iter().map(|action| (*action).to_owned()).collect(),
            Road::Assume | Road::Everything => BTreeSet::new(),
        };
        for account in accounts {
            found.add(
                way.road,
                account,
                BTreeSet::clone(&told),
                &called((after, &whereabouts), roads, &facts, account, (first, takes_resource)),
            );
        }
    }
}

/// What the guardrails say of a call of the role, with the statement that decides.
fn called(
    (hierarchy, whereabouts): (&Hierarchy, &Whereabouts<'_>),
    roads: &RequiredAccess,
    facts: &[(&str, Fact)],
    account: &Address,
    (action, takes_resource): (&str, bool),
) -> Decision {
    let mut context = Context::partial();
    facts.iter().for_each(|(key, fact)| context.set(key, fact.clone()));
    let arn = format!("arn:aws:iam::{}:role/{}", whereabouts.id(account), roads.role);
    let (principal, owner) = (Principal::Of(Place::Member(account.clone())), Place::Member(account.clone()));
    whereabouts.complete(&mut context, &principal, Some(&arn), &owner);
    let resource = if takes_resource { question("*") } else { "*".to_owned() };
    decide(&Request { principal, action: action.to_owned(), resource, owner, context }, hierarchy)
}
