//! Teams: accounts named `<team>-<stage>` with the same settings become one section if that is shorter than one section each.

use std::collections::{BTreeMap, BTreeSet};

use super::accounts::Account;
use super::attributes::{Contact, Contacts};
use super::networks::Adopted;
use crate::config::values;

/// All accounts, as they are written.
pub(super) struct Grouped<'w> {
    pub defaults: Defaults,
    pub teams: Vec<Team<'w>>,
    pub singles: Vec<Account<'w>>,
}

/// `[defaults]`: what the accounts of teams have in common.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Defaults {
    pub stages: Vec<String>,
    pub email: Option<String>,
    pub layouts: Vec<String>,
    /// Templates by key.
    pub tags: BTreeMap<String, String>,
    /// Those that all accounts of teams have.
    pub contacts: Contacts,
    pub regions: Vec<String>,
}

/// `[team.<key>]`.
pub(super) struct Team<'w> {
    pub key: String,
    /// The root or an OU.
    pub parent: &'w str,
    /// Where they are not those of `[defaults]`.
    pub stages: Option<Vec<String>>,
    pub policies: Option<Vec<String>>,
    /// The layouts of its accounts, if they are not those of `[defaults]`.
    pub layouts: Option<Vec<String>>,
    pub exceptions: Vec<Exception<'w>>,
}

/// One account of a team: what differs in it.
#[derive(Default)]
pub(super) struct Exception<'w> {
    pub stage: String,
    /// With its e-mail.
    pub id: Option<(&'w str, &'w str)>,
    pub name: Option<String>,
    pub parent: Option<&'w str>,
    pub policies: Option<Vec<String>>,
    pub layouts: Option<Vec<String>>,
    pub adopted: Adopted,
    pub tags: BTreeMap<String, String>,
    pub contacts: Contacts,
    pub regions: Option<Vec<String>>,
}

/// A team that may be one: its key, and its accounts by stage, in the order of the stages.
struct Candidate<'w> {
    key: String,
    accounts: Vec<(String, Account<'w>)>,
}

/// What stages are usually called, in the order in which work passes them.
const STAGES: [&str; 24] = [
    "sandbox",
    "poc",
    "dev",
    "develop",
    "development",
    "int",
    "integration",
    "test",
    "testing",
    "qa",
    "uat",
    "acc",
    "stage",
    "stg",
    "staging",
    "non-prod",
    "nonprod",
    "pre-prod",
    "preprod",
    "prod",
    "prd",
    "production",
    "live",
    "dr",
];

/// Another word counts as a stage if this many names end in it.
const ENDINGS: usize = 3;

/// Finds the teams. `default_set` is the set of policies if org.toml names none.
pub(super) fn group<'w>(accounts: Vec<Account<'w>>, default_set: &[String]) -> Grouped<'w> {
    let (candidates, mut singles) = candidates(accounts);
    let likely = Defaults::of(&candidates);
    let (accepted, rejected): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|candidate| {
        let apart: usize = candidate.accounts.iter().map(|(_, account)| lines(account)).sum();
        candidate.team(&likely, default_set).lines() < apart
    });
    singles.extend(rejected.into_iter().flat_map(|candidate| candidate.accounts).map(|(_, account)| account));
    singles.sort_by(|a, b| a.key.cmp(&b.key));
    let defaults = Defaults::of(&accepted);
    let teams = accepted.iter().map(|candidate| candidate.team(&defaults, default_set)).collect();
    Grouped { defaults, teams, singles }
}

/// How many lines an account takes by itself.
fn lines(account: &Account<'_>) -> usize {
    let name = account.name().is_ok_and(|name| name.is_some());
    let more = [name, account.policies.is_some(), !account.layouts.is_empty(), !account.tags.is_empty(), !account.regions.is_empty()];
    let adopted = if account.adopted.is_empty() { 0 } else { 2 };
    3 + adopted + account.contacts.len() + more.into_iter().filter(|more| *more).count()
}

fn candidates(accounts: Vec<Account<'_>>) -> (Vec<Candidate<'_>>, Vec<Account<'_>>) {
    let mut endings: BTreeMap<String, usize> = BTreeMap::new();
    for account in &accounts {
        if let Some((_, stage)) = split(&account.key) {
            *endings.entry(stage.to_owned()).or_default() += 1;
        }
    }
    let is_stage = |stage: &str| is_usual(stage) || endings.get(stage).is_some_and(|count| *count >= ENDINGS);
    let mut teams: BTreeMap<String, Vec<(String, Account<'_>)>> = BTreeMap::new();
    let mut singles = Vec::new();
    for account in accounts {
        match split(&account.key).filter(|(_, stage)| is_stage(stage)) {
            Some((team, stage)) => teams.entry(team.to_owned()).or_default().push((stage.to_owned(), account)),
            None => singles.push(account),
        }
    }
    let mut candidates = Vec::new();
    for (key, mut accounts) in teams {
        if accounts.len() < 2 {
            singles.extend(accounts.into_iter().map(|(_, account)| account));
            continue;
        }
        accounts.sort_by_cached_key(|(stage, _)| (rank(stage), stage.clone()));
        candidates.push(Candidate { key, accounts });
    }
    (candidates, singles)
}

/// Team and stage of a key, as its last hyphen parts them, or the last but one in `records-pre-prod`.
fn split(key: &str) -> Option<(&str, &str)> {
    let (team, stage) = key.rsplit_once('-')?;
    let longer = team.rsplit_once('-').and_then(|(shorter, _)| Some((shorter, key.get(shorter.len() + 1..)?)));
    let found = longer.filter(|(_, stage)| is_usual(stage)).unwrap_or((team, stage));
    Some(found).filter(|(team, stage)| !team.is_empty() && !stage.is_empty())
}

fn rank(stage: &str) -> usize {
    STAGES.iter().position(|usual| usual.eq_ignore_ascii_case(stage)).unwrap_or(STAGES.len())
}

fn is_usual(stage: &str) -> bool {
    rank(stage) < STAGES.len()
}

/// The one that occurs most often; of equals the first.
fn commonest<T: PartialEq>(items: impl IntoIterator<Item = T>) -> Option<T> {
    let mut counts: Vec<(T, usize)> = Vec::new();
    for item in items {
        match counts.iter_mut().find(|(known, _)| *known == item) {
            Some((_, count)) => *count += 1,
            None => counts.push((item, 1)),
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max()?;
    counts.into_iter().find(|(_, count)| *count == most).map(|(item, _)| item)
}

impl<'w> Candidate<'w> {
    fn stages(&self) -> Vec<String> {
        self.accounts.iter().map(|(stage, _)| stage.clone()).collect()
    }

    fn team(&self, defaults: &Defaults, default_set: &[String]) -> Team<'w> {
        let parent = commonest(self.accounts.iter().map(|(_, account)| account.parent)).unwrap_or_default();
        let policies = commonest(self.accounts.iter().map(|(_, account)| account.policies.clone())).flatten();
        let layouts = commonest(self.accounts.iter().map(|(_, account)| &account.layouts)).cloned().unwrap_or_default();
        let mut exceptions = Vec::new();
        for (stage, account) in &self.accounts {
            let follows = defaults.email.as_ref().is_some_and(|template| {
                let made = fill(template, &account.key, &self.key, stage);
                made.eq_ignore_ascii_case(account.email) && values::email(&made).is_ok()
            });
            let tagged = |(key, value): &(&String, &String)| {
                defaults.tags.get(*key).map(|template| fill(template, &account.key, &self.key, stage)).as_ref() != Some(*value)
            };
            let exception = Exception {
                stage: stage.clone(),
                id: (!follows || account.name().is_err()).then_some((account.id, account.email)),
                name: account.name().ok().flatten().map(str::to_owned),
                parent: Some(account.parent).filter(|own| *own != parent),
                policies: (account.policies != policies).then(|| account.policies.clone().unwrap_or_else(|| default_set.to_vec())),
                layouts: Some(account.layouts.clone()).filter(|own| *own != layouts),
                adopted: account.adopted.clone(),
                tags: account.tags.iter().filter(tagged).map(|(key, value)| (key.clone(), value.clone())).collect(),
                contacts: account.contacts.iter().filter(|(word, own)| defaults.contacts.get(*word) != Some(*own)).map(own).collect(),
                regions: Some(account.regions.clone()).filter(|own| *own != defaults.regions),
            };
            if !exception.is_empty() {
                exceptions.push(exception);
            }
        }
        let stages = Some(self.stages()).filter(|stages| *stages != defaults.stages);
        let layouts = Some(layouts).filter(|layouts| *layouts != defaults.layouts);
        Team { key: self.key.clone(), parent, stages, policies, layouts, exceptions }
    }
}

impl Team<'_> {
    fn lines(&self) -> usize {
        let more = [self.stages.is_some(), self.policies.is_some(), self.layouts.is_some()];
        2 + more.into_iter().filter(|more| *more).count() + self.exceptions.len()
    }
}

impl Exception<'_> {
    fn is_empty(&self) -> bool {
        let Self { stage: _, id, name, parent, policies, layouts, adopted, tags, contacts, regions } = self;
        let more = !contacts.is_empty() || regions.is_some() || !adopted.is_empty();
        !more && id.is_none() && name.is_none() && parent.is_none() && policies.is_none() && layouts.is_none() && tags.is_empty()
    }
}

impl Defaults {
    fn of(teams: &[Candidate<'_>]) -> Self {
        let accounts =
            || teams.iter().flat_map(|team| team.accounts.iter().map(move |(stage, account)| (team.key.as_str(), stage.as_str(), account)));
        // Of lists that are equally common the longest is the most likely to be meant for all.
        let mut lists: Vec<Vec<String>> = teams.iter().map(Candidate::stages).collect();
        lists.sort_by_key(|list| std::cmp::Reverse(list.len()));
        let stages = commonest(lists).unwrap_or_default();
        // Templates that differ in case alone are one: AWS compares e-mails so.
        let mut votes: BTreeMap<String, (usize, String)> = BTreeMap::new();
        for (team, stage, account) in accounts() {
            for template in templates(account, team, stage) {
                votes.entry(template.to_ascii_lowercase()).or_insert((0, template)).0 += 1;
            }
        }
        let most = votes.values().map(|(count, _)| *count).max().unwrap_or_default();
        let email = votes.into_values().find(|(count, _)| *count == most).map(|(_, template)| template);
        let layouts = commonest(accounts().map(|(_, _, account)| &account.layouts)).cloned().unwrap_or_default();
        let all: Vec<_> = accounts().collect();
        let regions = all.first().map(|(_, _, first)| first.regions.clone());
        let regions = regions.filter(|regions| all.iter().all(|(_, _, account)| account.regions == *regions)).unwrap_or_default();
        Self { stages, email, layouts, tags: common_tags(&all), contacts: common_contacts(&all), regions }
    }
}

/// The templates that an e-mail may follow.
fn templates(account: &Account<'_>, team: &str, stage: &str) -> BTreeSet<String> {
    let mut templates = BTreeSet::new();
    let (email, lower) = (account.email, account.email.to_ascii_lowercase());
    if email.contains(['{', '}', '$']) {
        return templates;
    }
    let put = |text: &str, at: usize, length: usize, name: &str| Some(format!("{}{name}{}", text.get(..at)?, text.get(at + length..)?));
    let key = account.key.to_ascii_lowercase();
    templates.extend(lower.match_indices(&key).filter_map(|(at, _)| put(email, at, key.len(), "{account}")));
    if templates.is_empty() {
        let (team, stage) = (team.to_ascii_lowercase(), stage.to_ascii_lowercase());
        // The later one first, so that the index of the earlier one stays valid.
        for ((at, _), (other, _)) in lower.match_indices(&team).flat_map(|one| lower.match_indices(&stage).map(move |two| (one, two))) {
            let (first, second) = ((at, team.len(), "{team}"), (other, stage.len(), "{stage}"));
            let (early, late) = if at < other { (first, second) } else { (second, first) };
            if early.0 + early.1 <= late.0 {
                let late = put(email, late.0, late.1, late.2);
                templates.extend(late.and_then(|text| put(&text, early.0, early.1, early.2)));
            }
        }
    }
    templates
}

/// The tags that all accounts of teams have, each as what makes its value everywhere.
fn common_tags(accounts: &[(&str, &str, &Account<'_>)]) -> BTreeMap<String, String> {
    let Some((_, _, first)) = accounts.first() else { return BTreeMap::new() };
    let makes = |key: &str, template: &str| {
        accounts.iter().all(|(team, stage, account)| account.tags.get(key) == Some(&fill(template, &account.key, team, stage)))
    };
    let template = |(key, value): (&String, &String)| {
        let template = ["{account}", "{team}", "{stage}", value].into_iter().find(|template| makes(key, template))?;
        Some((key.clone(), template.to_owned()))
    };
    first.tags.iter().filter_map(template).collect()
}

/// The contacts that all accounts of teams have: an account that has none of that type could not say so.
fn common_contacts(accounts: &[(&str, &str, &Account<'_>)]) -> Contacts {
    let Some((_, _, first)) = accounts.first() else { return Contacts::new() };
    let is_common =
        |(word, contact): &(&&'static str, &Contact)| accounts.iter().all(|(_, _, account)| account.contacts.get(**word) == Some(*contact));
    first.contacts.iter().filter(is_common).map(own).collect()
}

fn own((word, contact): (&&'static str, &Contact)) -> (&'static str, Contact) {
    (*word, contact.clone())
}

/// The expansion of a template.
fn fill(template: &str, account: &str, team: &str, stage: &str) -> String {
    template.replace("{account}", account).replace("{team}", team).replace("{stage}", stage)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account<'w>(key: &str, name: &'w str, email: &'w str, parent: &'w str) -> Account<'w> {
        Account {
            id: "222222222222",
            key: key.to_owned(),
            name,
            email,
            parent,
            policies: None,
            layouts: Vec::new(),
            adopted: Adopted::new(),
            tags: BTreeMap::new(),
            contacts: Contacts::new(),
            regions: Vec::new(),
        }
    }

    #[test]
    fn keys_are_parted_at_the_stage() {
        for (key, expected) in [
            ("records-dev", Some(("records", "dev"))),
            ("records-pre-prod", Some(("records", "pre-prod"))),
            ("data-lake-prod", Some(("data-lake", "prod"))),
            ("audit", None),
            ("prod-", None),
        ] {
            assert_eq!(split(key), expected, "{key}");
        }
    }

    #[test]
    fn accounts_that_live_alike_are_a_team() {
        let accounts = vec![
            account("pay-dev", "pay-dev", "aws+pay-dev@example.org", "ou-1"),
            account("pay-prod", "pay-prod", "AWS+pay-prod@example.org", "ou-2"),
            account("web-dev", "Web Dev", "aws+web-dev@example.org", "ou-1"),
            account("web-prod", "web-prod", "web@example.org", "ou-1"),
            account("log-archive", "log-archive", "aws+log-archive@example.org", "ou-1"),
            account("log-audit", "log-audit", "aws+log-audit@example.org", "ou-1"),
        ];
        let Grouped { defaults, teams, singles } = group(accounts, &[]);
        assert_eq!(defaults.stages, ["dev", "prod"]);
        assert_eq!(defaults.email.as_deref(), Some("aws+{account}@example.org"));
        assert_eq!(teams.iter().map(|team| (team.key.as_str(), team.parent)).collect::<Vec<_>>(), [("pay", "ou-1"), ("web", "ou-1")]);
        let differs: Vec<_> =
            teams.iter().flat_map(|t| &t.exceptions).map(|e| (e.stage.as_str(), e.parent, e.name.as_deref(), e.id.is_some())).collect();
        assert_eq!(differs, [("prod", Some("ou-2"), None, false), ("dev", None, Some("Web Dev"), false), ("prod", None, None, true)]);
        assert_eq!(singles.iter().map(|single| single.key.as_str()).collect::<Vec<_>>(), ["log-archive", "log-audit"]);
    }

    #[test]
    fn team_and_stage_may_stand_apart_in_an_address() {
        let account = account("pay-dev", "pay-dev", "Dev.pay@example.org", "r");
        assert_eq!(templates(&account, "pay", "dev"), BTreeSet::from(["{stage}.{team}@example.org".to_owned()]));
    }

    #[test]
    fn tags_that_all_have_are_defaults() {
        let mut accounts = vec![account("a-dev", "a-dev", "a-dev@x.org", "r"), account("a-prod", "a-prod", "a-prod@x.org", "r")];
        for (account, stage) in accounts.iter_mut().zip(["dev", "prod"]) {
            for (key, value) in [("team", "a"), ("stage", stage), ("cost", "4711"), ("own", if stage == "dev" { "x" } else { "y" })] {
                account.tags.insert(key.to_owned(), value.to_owned());
            }
        }
        let Grouped { defaults, teams, .. } = group(accounts, &[]);
        let expected = [("cost", "4711"), ("stage", "{stage}"), ("team", "{team}")];
        assert_eq!(defaults.tags, expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
        let own: Vec<_> = teams.iter().flat_map(|t| &t.exceptions).map(|e| e.tags.clone()).collect();
        assert_eq!(own, [("x"), ("y")].map(|value| BTreeMap::from([("own".to_owned(), value.to_owned())])));
    }
}
