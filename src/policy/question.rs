//! A question as people put it, about an account of the configuration: what is left out is not known.

use crate::address::Address;

use super::context::{Context, Fact};
use super::evaluate::{Decision, decide};
use super::hierarchy::Hierarchy;
use super::pattern::question;
use super::request::{Place, Principal, Request, account_id, complete};

/// May somebody in an account do something?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Whose caller asks.
    pub account: Place,
    /// Who: an ARN, `role/<name>` or `user/<name>` of the account, `root`, or a service such as `cloudtrail.amazonaws.com`; anybody when
    /// left out.
    pub principal: Option<String>,
    /// The action; `*` and `?` stand for all that they match.
    pub action: String,
    /// The resource, likewise; any when left out.
    pub resource: Option<String>,
    /// Whose resource it is; when left out, that of the account which the ARN names, else the caller's own.
    pub owner: Option<Place>,
    /// Condition keys.
    pub facts: Vec<(String, Fact)>,
}

impl Question {
    /// The request that it stands for.
    pub fn request(&self, hierarchy: &Hierarchy) -> Request {
        let arn = self.principal.as_deref().map(|text| self.arn(text, hierarchy));
        let principal = Principal::parse(arn.as_deref().unwrap_or_default(), self.account.clone());
        let resource = self.resource.as_deref().unwrap_or("*");
        let owner = self.owner.clone().unwrap_or_else(|| self.owner_by_arn(resource, hierarchy));
        let mut context = Context::partial();
        for (key, fact) in &self.facts {
            context.set(key, fact.clone());
        }
        complete(&mut context, &principal, arn.as_deref(), &owner, hierarchy);
        Request { principal, action: question(&self.action), resource: question(resource), owner, context }
    }

    /// What the guard rails say.
    pub fn decide(&self, hierarchy: &Hierarchy) -> Decision {
        decide(&self.request(hierarchy), hierarchy)
    }

    fn arn(&self, text: &str, hierarchy: &Hierarchy) -> String {
        if let Some((id, role)) = session(text) {
            // `aws:PrincipalArn` of a session is the ARN of its role, whose path the session does not tell.
            return format!("arn:aws:iam::{id}:role/{}{role}", question("*"));
        }
        if text != "root" && !text.starts_with("role/") && !text.starts_with("user/") {
            return text.to_owned();
        }
        let id = match &self.account {
            Place::Member(account) => account_id(hierarchy, account),
            Place::Management => hierarchy.management.clone(),
            Place::Outside => question("*"),
        };
        format!("arn:aws:iam::{id}:{text}")
    }

    fn owner_by_arn(&self, resource: &str, hierarchy: &Hierarchy) -> Place {
        let id = resource.split(':').nth(4).filter(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()));
        let Some(id) = id else { return self.account.clone() };
        let own = matches!(&self.account, Place::Member(account) if !hierarchy.ids.contains_key(account));
        match hierarchy.account_of(id) {
            _ if id == hierarchy.management => Place::Management,
            Some(account) => Place::Member(account.clone()),
            // An account whose id is not known may well be the one.
            None if own => self.account.clone(),
            None => Place::Outside,
        }
    }
}

/// The account and the role of a session: `arn:aws:sts::<account>:assumed-role/<role>/<session>`.
fn session(arn: &str) -> Option<(&str, &str)> {
    let (account, rest) = arn.strip_prefix("arn:aws:sts::")?.split_once(":assumed-role/")?;
    Some((account, rest.split('/').next()?))
}

/// Where an account of that key, or of that id, belongs; an id that nobody is known to have is outside. `None` for what is no id either.
pub fn find_place(name: &str, hierarchy: &Hierarchy) -> Option<Place> {
    let address = Address::new("account", name);
    if hierarchy.levels.contains_key(&address) {
        return Some(Place::of(&address, hierarchy));
    }
    let is_id = name.len() == 12 && name.bytes().all(|b| b.is_ascii_digit());
    match hierarchy.account_of(name) {
        _ if name == hierarchy.management => Some(Place::Management),
        Some(account) => Some(Place::Member(account.clone())),
        None => is_id.then_some(Place::Outside),
    }
}
