//! A request: the principal, the action, the resource and its owner, and the known values of condition keys.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::policy::levels;

use super::context::{Context, Fact};
use super::hierarchy::Hierarchy;
use super::pattern::name;

/// The request itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The caller.
    pub principal: Principal,
    /// Such as `s3:PutObject`; may have gaps ([`super::pattern::question`]).
    pub action: String,
    /// An ARN, or `*` for an action that has none; may have gaps.
    pub resource: String,
    /// Whose resource it is.
    pub owner: Place,
    /// Condition keys.
    pub context: Context,
}

/// Where a principal or a resource belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An account of the organization, the management account not among them.
    Member(Address),
    /// The management account.
    Management,
    /// Another organization's account, or nobody's.
    Outside,
}

/// The caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A user, a role or the root user of an account.
    Of(Place),
    /// A role that AWS makes for a service to act in the account: its path begins with `/aws-service-role/`.
    ServiceLinkedRole(Place),
    /// A service itself, such as `cloudtrail.amazonaws.com`.
    Service,
}

impl Place {
    /// Where an account belongs.
    pub fn of(account: &Address, hierarchy: &Hierarchy) -> Self {
        if hierarchy.is_management(account) { Self::Management } else { Self::Member(account.clone()) }
    }
}

impl Principal {
    /// The principal of this ARN or service name in an account.
    pub fn parse(text: &str, place: Place) -> Self {
        if !text.contains('/') && (text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn")) {
            Self::Service
        } else if text.contains(":role/aws-service-role/") {
            Self::ServiceLinkedRole(place)
        } else {
            Self::Of(place)
        }
    }

    /// Where it belongs; a service belongs nowhere.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Of(place) | Self::ServiceLinkedRole(place) => Some(place),
            Self::Service => None,
        }
    }
}

/// The organization's own id, which org.toml does not have: a name that equals itself.
const ORGANIZATION: usize = 0;
/// The root's.
const ROOT: usize = 1;

/// An account's id, or a name for an unknown id.
pub fn account_id(hierarchy: &Hierarchy, account: &Address) -> String {
    hierarchy.ids.get(account).cloned().unwrap_or_else(|| unknown_id(hierarchy, account))
}

fn unknown_id(hierarchy: &Hierarchy, address: &Address) -> String {
    named(hierarchy.levels.keys().position(|known| known == address)).to_string()
}

/// The name of the level at a position; the first two names are taken.
fn named(position: Option<usize>) -> char {
    name(position.unwrap_or(usize::MAX).saturating_add(2))
}

/// `o-…/r-…/ou-…/`, as `aws:PrincipalOrgPaths` has it.
fn path(hierarchy: &Hierarchy, below: &Address, unknown: Unknown<'_>) -> String {
    let mut path = format!("{}/{}/", name(ORGANIZATION), name(ROOT));
    for (address, _) in hierarchy.chain(below).into_iter().filter(|(address, _)| levels::is_unit(address)) {
        path.push_str(&unknown(address));
        path.push('/');
    }
    path
}

/// The name of what has no known id.
type Unknown<'f> = &'f dyn Fn(&Address) -> String;

/// Ids and places of the accounts of one organization, with the names for what is not known worked out once.
#[derive(Debug)]
pub(super) struct Whereabouts<'h> {
    hierarchy: &'h Hierarchy,
    positions: BTreeMap<&'h Address, usize>,
    management: Option<&'h Address>,
}

impl<'h> Whereabouts<'h> {
    /// Of all levels.
    pub(super) fn of(hierarchy: &'h Hierarchy) -> Self {
        let positions = hierarchy.levels.keys().enumerate().map(|(position, address)| (address, position)).collect();
        Self { hierarchy, positions, management: hierarchy.account_of(&hierarchy.management) }
    }

    fn unknown_id(&self, address: &Address) -> String {
        named(self.positions.get(address).copied()).to_string()
    }

    /// As [`account_id`].
    pub(super) fn id(&self, account: &Address) -> String {
        self.hierarchy.ids.get(account).cloned().unwrap_or_else(|| self.unknown_id(account))
    }

    /// As [`complete`], for any number of requests.
    pub(super) fn complete(&self, context: &mut Context, principal: &Principal, arn: Option<&str>, owner: &Place) {
        tell(context, principal, arn, owner, (self.hierarchy, self.management, &|address| self.unknown_id(address)));
    }
}

/// Adds to `context` what the organization says about the caller and the resource's owner. Existing values stay.
pub fn complete(context: &mut Context, principal: &Principal, arn: Option<&str>, owner: &Place, hierarchy: &Hierarchy) {
    let management = hierarchy.account_of(&hierarchy.management);
    tell(context, principal, arn, owner, (hierarchy, management, &|address| unknown_id(hierarchy, address)));
}

/// An organization, the address of its management account where it is declared, and the names of what has no known id.
type Organization<'o> = (&'o Hierarchy, Option<&'o Address>, Unknown<'o>);

fn tell(context: &mut Context, principal: &Principal, arn: Option<&str>, owner: &Place, organization: Organization<'_>) {
    let yes_no = |yes: bool| Fact::known([if yes { "true" } else { "false" }]);
    match principal.place() {
        None => {
            for key in ["aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"] {
                context.set_default(key, Fact::Absent);
            }
        }
        Some(place) => {
            belonging(context, place, organization, ["aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"]);
            if let Some(arn) = arn {
                context.set_default("aws:PrincipalArn", Fact::known([arn]));
            }
        }
    }
    context.set_default("aws:PrincipalIsAWSService", yes_no(principal.place().is_none()));
    belonging(context, owner, organization, ["aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceOrgPaths"]);
}

fn belonging(
    context: &mut Context,
    place: &Place,
    (hierarchy, management, unknown): Organization<'_>,
    [account, organization, paths]: [&str; 3],
) {
    let (id, path) = match place {
        Place::Member(address) => {
            (hierarchy.ids.get(address).cloned().unwrap_or_else(|| unknown(address)), path(hierarchy, address, unknown))
        }
        Place::Management => {
            let declared = management.map(|address| path(hierarchy, address, unknown));
            (hierarchy.management.clone(), declared.unwrap_or_else(|| format!("{}/{}/", name(ORGANIZATION), name(ROOT))))
        }
        Place::Outside => return,
    };
    context.set_default(account, Fact::known([id]));
    context.set_default(organization, Fact::known([name(ORGANIZATION)]));
    context.set_default(paths, Fact::known([path]));
}
