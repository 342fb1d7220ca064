//! The accounts: those of the teams, one per stage, and the single ones, with all templates filled in.

use std::collections::BTreeMap;

use super::contacts::{self, PlannedContacts};
use super::invitations::{self, Invite};
use super::leaving;
use super::table::Facts;
use super::tags::account_tags;
use super::{Model, settings, tree, values};
use crate::address::{Address, Reference};
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::{Account, Contacts, Inherited, Stage, Team};
use crate::config::span::{At, Key, List, Table, Tags};
use crate::config::template::{Made, Names, fill};
use crate::diagnostic::ByteRange;
use crate::plural;
use crate::resource::Kind;
use crate::resource::organizations::{self, Leaving};

/// One account of the configuration.
pub(in crate::config) struct Planned<'f> {
    pub(in crate::config) key: String,
    /// The key of its section: the team's for an account of a team.
    pub(in crate::config) at: ByteRange,
    /// Team and stage, unless it is a single account.
    pub(in crate::config) team: Option<(&'f str, &'f str)>,
    pub(in crate::config) email_template: Option<&'f At<String>>,
    pub(in crate::config) email: Option<Made>,
    pub(in crate::config) name: Option<Made>,
    pub(in crate::config) parent: Option<Reference>,
    pub(in crate::config) id: Option<&'f At<String>>,
    /// How it is invited, if it exists outside of the organization.
    pub(in crate::config) invite: Option<Invite>,
    pub(in crate::config) tags: Option<BTreeMap<String, String>>,
    pub(in crate::config) policies: Option<&'f List>,
    /// The keys that its own section, its team or `[defaults]` gives it: the nearest of each.
    pub(in crate::config) inherited: Inherited<'f>,
    /// Where blocks are chosen for its VPCs, and where those stand that others made.
    pub(in crate::config) cidrs: Option<&'f Table<At<String>>>,
    pub(in crate::config) vpc_ids: Option<&'f Table<At<String>>>,
    /// Whom AWS writes to, placeholders filled in.
    pub(in crate::config) contacts: PlannedContacts,
    /// What its inherited keys set in it.
    pub(in crate::config) settings: settings::Planned,
    /// How it is to leave; then nothing else is desired of it.
    pub(in crate::config) leaves: Option<Leaving>,
}

impl Planned<'_> {
    /// Its address.
    pub(in crate::config) fn address(&self) -> Address {
        organizations::Account::address(&self.key)
    }

    /// Of an account that leaves: what it is recognised by. All else was checked, and is not asked for.
    fn leaving(self) -> Self {
        let contacts = PlannedContacts::default();
        Self {
            parent: None,
            tags: None,
            policies: None,
            inherited: Inherited::default(),
            settings: settings::Planned::new(),
            cidrs: None,
            vpc_ids: None,
            contacts,
            invite: None,
            ..self
        }
    }
}

/// The sections that one account is made of, nearest first.
struct Parts<'f> {
    key: String,
    at: ByteRange,
    team: Option<(&'f str, &'f str)>,
    email: Option<&'f At<String>>,
    name: Option<&'f At<String>>,
    ou: Option<&'f At<String>>,
    id: Option<&'f At<String>>,
    invite: Option<&'f At<bool>>,
    tags: Vec<&'f Tags>,
    policies: Option<&'f List>,
    inherited: Inherited<'f>,
    cidrs: Option<&'f Table<At<String>>>,
    vpc_ids: Option<&'f Table<At<String>>>,
    contacts: Vec<&'f Contacts>,
    leaves: Option<Leaving>,
}

/// All accounts, in the order of the file, each checked by itself.
pub(super) fn expand<'f>(model: &Model<'f>, report: &mut Report) -> Vec<Planned<'f>> {
    let mut parts = Vec::new();
    for (key, team) in &model.file.team {
        team_parts(key, team, model, report, &mut parts);
    }
    for (key, account) in &model.file.account {
        parts.push(single_parts(key, account, report));
    }
    parts.sort_by_key(|p| p.at);
    parts.into_iter().map(|p| plan(p, model, report)).collect()
}

fn team_parts<'f>(key: &'f Key, team: &'f Team, model: &Model<'f>, report: &mut Report, parts: &mut Vec<Parts<'f>>) {
    let defaults = &model.file.defaults;
    let stages = team.stages.as_ref().or(defaults.stages.as_ref());
    let listed = stages.map(|s| s.value.as_slice()).unwrap_or_default();
    let unsure =
        report.is_broken(&["team", key.as_str(), "stages"]) || (team.stages.is_none() && report.is_broken(&["defaults", "stages"]));
    if listed.is_empty() && !unsure {
        let at = team.stages.as_ref().map_or(key.at(), |s| s.at);
        let hint = "name its stages, `stages = [\"dev\", \"prod\"]`, here or in [defaults]";
        report.at(at, Code::EmptyTeam.error(format!("the team `{}` has no stages, so it has no accounts", key.as_str())).hint(hint));
    }
    for (stage_key, exception) in &team.stage {
        if !unsure && !listed.is_empty() && !listed.iter().any(|s| s.value == stage_key.as_str()) {
            let hint = report.suggest(stage_key.as_str(), listed.iter().map(|s| s.as_str()), "add it to `stages`");
            let summary = format!("the team `{}` has no stage `{}`", key.as_str(), stage_key.as_str());
            report.at(stage_key.at(), Code::UnknownStage.error(summary).hint(hint));
        }
        check_id(exception.id.as_ref(), report);
    }
    for stage in listed {
        if !well_formed(stage) {
            report.at(stage.at, super::bad_key(stage));
            continue;
        }
        let (own_key, own) = team.stage.get_key_value(stage.as_str()).unzip();
        // The address of an account that exists already is not made by a template.
        let template = team
            .email
            .as_ref()
            .or(defaults.email.as_ref())
            .filter(|_| own.is_none_or(|o| o.id.is_none() && !invitations::asked(o.invite.as_ref())));
        let leaves = own.and_then(|own| leaving::of_stage(own, report));
        let parts_of = Parts {
            key: format!("{}-{}", key.as_str(), stage.value),
            at: key.at(),
            team: Some((key.as_str(), stage.as_str())),
            email: own.and_then(|o| o.email.as_ref()).or(template),
            name: own.and_then(|o| o.name.as_ref()),
            ou: own.and_then(|o| o.ou.as_ref()).or(team.ou.as_ref()),
            id: own.and_then(|o| o.id.as_ref()),
            invite: own.and_then(|o| o.invite.as_ref()),
            tags: [&defaults.tags, &team.tags].into_iter().chain(own.map(|o| &o.tags)).collect(),
            policies: own.and_then(|o| o.policies.as_ref()).or(team.policies.as_ref()),
            inherited: own.map(Stage::inherited).unwrap_or_default().or(team.inherited()).or(defaults.inherited()),
            cidrs: own.map(|o| &o.cidr),
            vpc_ids: own.map(|o| &o.vpc_id),
            contacts: own.map(|o| &o.contacts).into_iter().chain([&team.contacts, &defaults.contacts]).collect(),
            leaves,
        };
        let broken = |word, report: &Report| {
            report.is_broken(&["team", key.as_str(), word]) || report.is_broken(&["team", key.as_str(), "stage", stage.as_str(), word])
        };
        let at = own_key.filter(|_| parts_of.id.is_some()).map_or(key.at(), Key::at);
        if parts_of.ou.is_none() && leaves.is_none() && !broken("ou", report) {
            let hint = "name the OU of its accounts: `ou = \"…\"`, or `ou = \"root\"` for the root";
            report.at(at, Code::MissingKey.error(format!("the team `{}` has no `ou`", key.as_str())).hint(hint));
        }
        if parts_of.email.is_none() && parts_of.id.is_none() && !broken("email", report) && !report.is_broken(&["defaults", "email"]) {
            if invitations::asked(parts_of.invite) {
                report.at(own_key.map_or(at, Key::at), invitations::without_name(&parts_of.key));
            } else {
                let hint = "give every account one: `email = \"aws+{account}@example.org\"` in [defaults]";
                report.at(at, Code::MissingKey.error(format!("the accounts of the team `{}` have no `email`", key.as_str())).hint(hint));
            }
        }
        parts.push(parts_of);
    }
}

fn well_formed(stage: &str) -> bool {
    !stage.is_empty() && stage.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn single_parts<'f>(key: &'f Key, account: &'f Account, report: &mut Report) -> Parts<'f> {
    let name = key.as_str();
    let leaves = leaving::of_account(account, report);
    if account.ou.is_none() && leaves.is_none() && !report.is_broken(&["account", name, "ou"]) {
        let hint = "name its OU: `ou = \"…\"`, or `ou = \"root\"` for the root";
        report.at(key.at(), Code::MissingKey.error(format!("the account `{name}` has no `ou`")).hint(hint));
    }
    let broken = ["email", "id"].iter().any(|word| report.is_broken(&["account", name, word]));
    if account.email.is_none() && account.id.is_none() && !broken {
        let hint = "give it an `email`, or the `id` of an account that exists already";
        report.at(key.at(), Code::MissingKey.error(format!("the account `{name}` has neither `email` nor `id`")).hint(hint));
    }
    check_id(account.id.as_ref(), report);
    Parts {
        key: name.to_owned(),
        at: key.at(),
        team: None,
        email: account.email.as_ref(),
        name: account.name.as_ref(),
        ou: account.ou.as_ref(),
        id: account.id.as_ref(),
        invite: account.invite.as_ref(),
        tags: account.tags.as_ref().into_iter().collect(),
        policies: account.policies.as_ref(),
        inherited: account.inherited(),
        cidrs: Some(&account.cidr),
        vpc_ids: Some(&account.vpc_id),
        contacts: vec![&account.contacts],
        leaves,
    }
}

fn check_id(id: Option<&At<String>>, report: &mut Report) {
    if let Some(id) = id.filter(|id| !values::account_id(id)) {
        report.at(id.at, super::bad_account_id(id));
    }
}

fn plan<'f>(parts: Parts<'f>, model: &Model<'f>, report: &mut Report) -> Planned<'f> {
    let names = Names { account: &parts.key, team: parts.team, region: None };
    let email = parts.email.and_then(|template| fill(template, names, report));
    if let Some(email) = &email
        && let Err(why) = values::email(&email.text)
    {
        let mut diagnostic = Code::BadEmail.error(format!("AWS refuses `{}` as an e-mail address", email.text)).hint(why);
        if parts.email.is_some_and(|t| t.value != email.text) {
            diagnostic = diagnostic.label(format!("made for the account `{}`", parts.key));
        }
        report.at(email.at, diagnostic);
    }
    let invite = invitations::of(parts.invite, parts.id, names, model, report);
    let name = match (parts.name, parts.id) {
        (Some(template), _) => fill(template, names, report),
        // An account that exists already keeps its name unless one is declared.
        (None, Some(_)) => None,
        (None, None) if invite.is_some() => None,
        (None, None) => Some(Made { text: parts.key.clone(), at: parts.at }),
    };
    if let Some(name) = &name
        && let Err(why) = values::account_name(&name.text)
    {
        report.at(name.at, Code::BadName.error(format!("AWS refuses `{}` as the name of an account", name.text)).hint(why));
    }
    let tags = account_tags(&parts.tags, names, parts.at, report);
    let contacts = contacts::fill_in(&parts.contacts, names, report);
    let settings = settings::of_account(settings::Of { names, inherited: parts.inherited }, model, report);
    let parent = parts.ou.and_then(|ou| tree::reference(ou, model, report));
    let planned = Planned {
        parent,
        at: parts.at,
        team: parts.team,
        email_template: parts.email,
        email,
        name,
        id: parts.id,
        invite,
        tags,
        policies: parts.policies,
        inherited: parts.inherited,
        settings,
        cidrs: parts.cidrs,
        vpc_ids: parts.vpc_ids,
        contacts,
        leaves: parts.leaves,
        key: parts.key,
    };
    if planned.leaves.is_some() { planned.leaving() } else { planned }
}

/// Keys, e-mail addresses and ids that two accounts share. Accounts are in the order of the file.
pub(super) fn clashes(facts: &Facts<'_>, report: &mut Report) {
    let mut keys: BTreeMap<&str, &Planned<'_>> = BTreeMap::new();
    let mut emails: BTreeMap<String, (&Planned<'_>, &Made)> = BTreeMap::new();
    let mut ids: BTreeMap<&str, &At<String>> = BTreeMap::new();
    for account in facts.accounts {
        if let Some(other) = keys.insert(&account.key, account) {
            // A stage that occurs twice in a list is reported there.
            if other.team.is_none() || other.team != account.team {
                let diagnostic = Code::DuplicateAccount
                    .error(format!("two accounts have the key `{}`", account.key))
                    .related(report.span(other.at), origin(other))
                    .label(origin(account))
                    .hint("rename one: an account of a team has the key `<team>-<stage>`");
                report.at(account.at, diagnostic);
            }
            continue;
        }
        if let Some(made) = &account.email {
            // AWS compares e-mail addresses without regard to case.
            if let Some((other, first)) = emails.get(&made.text.to_ascii_lowercase()) {
                same_email(account, made, other, first, report);
            } else {
                emails.insert(made.text.to_ascii_lowercase(), (account, made));
            }
        }
        if let Some(id) = account.id {
            if let Some(first) = ids.get(id.as_str()) {
                let diagnostic = Code::DuplicateId
                    .error(format!("two accounts have the id `{}`", id.value))
                    .related(report.span(first.at), "first used here")
                    .hint("one section describes one account: remove one");
                report.at(id.at, diagnostic);
            } else {
                ids.insert(id, id);
            }
        }
    }
}

fn origin(account: &Planned<'_>) -> String {
    match account.team {
        Some((team, stage)) => format!("the stage `{stage}` of the team `{team}`"),
        None => "a single account".to_owned(),
    }
}

fn same_email(account: &Planned<'_>, made: &Made, other: &Planned<'_>, first: &Made, report: &mut Report) {
    let diagnostic =
        Code::DuplicateEmail.error(format!("the accounts `{}` and `{}` have one e-mail address, `{}`", other.key, account.key, made.text));
    let diagnostic = if made.at == first.at {
        diagnostic.label("this template makes it for both").hint("put {account} into the template, as in `aws+{account}@example.org`")
    } else {
        diagnostic
            .related(report.span(first.at), "first used here")
            .hint("an e-mail address belongs to one account in all of AWS: change one")
    };
    report.at(made.at, diagnostic);
}

pub(super) fn quota(facts: &Facts<'_>, report: &mut Report) {
    let (accounts, limit) = (facts.accounts, facts.model.limits.accounts);
    let management = facts.management_account().map(|id| id.as_str());
    let declared = accounts.iter().any(|a| a.id.is_some_and(|id| Some(id.as_str()) == management));
    let total = accounts.len() + usize::from(!declared);
    if total <= limit.most {
        return;
    }
    let summary = format!("{} with the management account, and the quota is {}", plural::count(total, "account"), limit.most);
    let diagnostic = limit
        .exceeded(Code::TooManyAccounts, summary, report)
        .detail("a new organization may have 10 accounts; invited accounts and those closed in the last 90 days count too")
        .hint(format!("ask AWS to raise the quota with Service Quotas, then set `accounts = {total}` in [limits]"));
    let over = accounts.get(limit.most.saturating_sub(usize::from(!declared)));
    if let Some(over) = over.or(accounts.last()) {
        report.at(over.at, diagnostic.label(format!("`{}` is one too many", over.key)));
    } else if let Some(at) = limit.set_at {
        report.at(at, diagnostic);
    }
}
