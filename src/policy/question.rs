//! A question as people put it, about an account of the configuration. What it leaves out is unknown.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use crate::address::Address;
use crate::policy::levels;

use super::catalogue::Catalogue;
use super::context::{Context, Fact};
use super::evaluate::{Decision, decide};
use super::hierarchy::Hierarchy;
use super::pattern::question;
use super::request::{Place, Principal, Request, Whereabouts};

/// May somebody in an account do something?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The caller's account.
    pub account: Place,
    /// Who: an ARN, `role/<name>` or `user/<name>` of the account, `root`, or a service such as `cloudtrail.amazonaws.com`; anybody when
    /// left out.
    pub principal: Option<String>,
    /// The action; `*` and `?` stand for all that they match.
    pub action: String,
    /// The resource, with the same wildcards; any when left out.
    pub resource: Option<String>,
    /// Whose resource it is; when left out, that of the account which the ARN names, else the caller's own.
    pub owner: Option<Place>,
    /// Condition keys.
    pub facts: Vec<(String, Fact)>,
}

impl Question {
    /// The request that it describes.
    pub fn request(&self, hierarchy: &Hierarchy, catalogue: &Catalogue) -> Request {
        Evaluator::new(hierarchy, catalogue).request(self)
    }

    /// What the guardrails say.
    pub fn decide(&self, hierarchy: &Hierarchy, catalogue: &Catalogue) -> Decision {
        Evaluator::new(hierarchy, catalogue).decide(self)
    }
}

/// Answers any number of questions about one organization, in time that does not grow with its size.
#[derive(Debug)]
pub struct Evaluator<'h> {
    pub(super) hierarchy: &'h Hierarchy,
    pub(super) catalogue: &'h Catalogue,
    whereabouts: Whereabouts<'h>,
    by_id: HashMap<&'h str, &'h Address>,
    /// By action: whether it takes no resource.
    resourceless: RefCell<HashMap<String, bool>>,
    decided: Cell<usize>,
}

impl<'h> Evaluator<'h> {
    /// Of an organization.
    pub fn new(hierarchy: &'h Hierarchy, catalogue: &'h Catalogue) -> Self {
        let mut by_id = HashMap::new();
        for (address, id) in &hierarchy.ids {
            by_id.entry(id.as_str()).or_insert(address);
        }
        let whereabouts = Whereabouts::of(hierarchy);
        Self { hierarchy, catalogue, whereabouts, by_id, resourceless: RefCell::default(), decided: Cell::new(0) }
    }

    /// The request that a question describes.
    pub fn request(&self, asked: &Question) -> Request {
        let arn = asked.principal.as_deref().map(|text| self.arn(asked, text));
        let principal = Principal::parse(arn.as_deref().unwrap_or_default(), asked.account.clone());
        let owner = self.owner(asked);
        let mut context = Context::partial();
        for (key, fact) in &asked.facts {
            context.set(key, fact.clone());
        }
        self.whereabouts.complete(&mut context, &principal, arn.as_deref(), &owner);
        Request { principal, action: question(&asked.action), resource: self.resource(asked, &asked.action), owner, context }
    }

    /// What the guardrails say.
    pub fn decide(&self, asked: &Question) -> Decision {
        self.decide_request(&self.request(asked))
    }

    pub(super) fn decide_request(&self, request: &Request) -> Decision {
        self.decided.set(self.decided.get() + 1);
        decide(request, self.hierarchy)
    }

    /// How many requests it has decided so far.
    pub fn decided(&self) -> usize {
        self.decided.get()
    }

    /// The resource for an action of the question. For an action without resources it is `*`, whatever the question says.
    pub(super) fn resource(&self, asked: &Question, action: &str) -> String {
        let is_known = self.resourceless.borrow().get(action).copied();
        let takes_none = is_known.unwrap_or_else(|| {
            let takes_none = self.catalogue.takes_no_resource(action);
            self.resourceless.borrow_mut().insert(action.to_owned(), takes_none);
            takes_none
        });
        if takes_none { "*".to_owned() } else { question(asked.resource.as_deref().unwrap_or("*")) }
    }

    /// Whose resource it is.
    pub(super) fn owner(&self, asked: &Question) -> Place {
        asked.owner.clone().unwrap_or_else(|| self.owner_by_arn(asked))
    }

    fn arn(&self, asked: &Question, text: &str) -> String {
        if let Some((id, role)) = session(text) {
            // `aws:PrincipalArn` of a session is the ARN of its role, whose path the session does not contain.
            return format!("arn:aws:iam::{id}:role/{}{role}", question("*"));
        }
        if text != "root" && !text.starts_with("role/") && !text.starts_with("user/") {
            return text.to_owned();
        }
        let id = match &asked.account {
            Place::Member(account) => self.whereabouts.id(account),
            Place::Management => self.hierarchy.management.clone(),
            Place::Outside => question("*"),
        };
        format!("arn:aws:iam::{id}:{text}")
    }

    fn owner_by_arn(&self, asked: &Question) -> Place {
        let id = asked.resource.as_deref().and_then(|resource| resource.split(':').nth(4));
        let id = id.filter(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()));
        let Some(id) = id else { return asked.account.clone() };
        let own = matches!(&asked.account, Place::Member(account) if !self.hierarchy.ids.contains_key(account));
        match self.by_id.get(id) {
            _ if id == self.hierarchy.management => Place::Management,
            Some(account) => Place::Member((*account).clone()),
            // An account with an unknown id may be this one.
            None if own => asked.account.clone(),
            None => Place::Outside,
        }
    }
}

/// The account and the role of a session: `arn:aws:sts::<account>:assumed-role/<role>/<session>`.
fn session(arn: &str) -> Option<(&str, &str)> {
    let (account, rest) = arn.strip_prefix("arn:aws:sts::")?.split_once(":assumed-role/")?;
    Some((account, rest.split('/').next()?))
}

/// The place of the account with that key or id. An unknown id is outside of the organization. `None` if the text is neither.
pub fn find_place(name: &str, hierarchy: &Hierarchy) -> Option<Place> {
    let address = levels::account(name);
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
