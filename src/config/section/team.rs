//! `[team.<key>]` and `[team.<key>.stage.<stage>]`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Contacts;
use super::inherited::{inherited_keys, with_inherited_keys};
use crate::config::span::{At, List, Table, Tags};

inherited_keys! { with_inherited_keys! {
/// A team: one account per stage, with the key `<team>-<stage>`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// The key of the OU of its accounts, or `root`. Required, unless every stage has its own.
    pub ou: Option<At<String>>,
    /// Its stages: one account each. Default: those of `[defaults]`.
    pub stages: Option<List>,
    /// The e-mail address of its accounts, with `{account}`, `{team}` and `{stage}`. Default: that of `[defaults]`. Changing the
    /// key of a team changes what the template makes, and AWS sends a code to each new address: keep the old address here to avoid that.
    pub email: Option<At<String>>,
    /// Tags of its accounts, added to those of `[defaults]`; the same placeholders.
    #[serde(default)]
    pub tags: Tags,
    /// The whole set of policies attached directly to each account. Default: FullAWSAccess.
    pub policies: Option<List>,
    /// Whom AWS writes to about its accounts. Default: those of `[defaults]`.
    #[serde(default)]
    pub contacts: Contacts,
    /// What differs in one stage, as in `[team.payments.stage.prod]`.
    #[serde(default)]
    pub stage: Table<Stage>,
}
} }

inherited_keys! { with_inherited_keys! {
/// One account of a team that differs from its siblings.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The key of its OU, or `root`.
    pub ou: Option<At<String>>,
    /// Its e-mail address.
    pub email: Option<At<String>>,
    /// The display name, 1 to 50 characters. Default: `<team>-<stage>`; with an `id`, the live name is not changed.
    pub name: Option<At<String>>,
    /// Tags, added to those of the team and of `[defaults]`.
    #[serde(default)]
    pub tags: Tags,
    /// The whole set of policies attached directly. Default: that of the team.
    pub policies: Option<List>,
    /// Whom AWS writes to about it. Default: those of the team.
    #[serde(default)]
    pub contacts: Contacts,
    /// Blocks of its VPCs that are chosen here, by layout: `{ standard = "10.2.0.0/19" }`. Default: the lowest that is free.
    #[serde(default)]
    pub cidr: Table<At<String>>,
    /// VPCs created outside overlord that the account adopts, by layout: `{ standard = "vpc-0a1b2c3d4e5f60718" }`. Each needs its `cidr`. Default: none.
    #[serde(default)]
    pub vpc_id: Table<At<String>>,
    /// The 12-digit id of an account that exists already. Its e-mail is not changed unless it is given here, not in a template.
    #[schemars(regex(pattern = "^[0-9]{12}$"))]
    pub id: Option<At<String>>,
    /// Whether it exists outside of the organization and is to be invited. It needs its `id`, or an `email` here. Default:
    /// false.
    pub invite: Option<At<bool>>,
    /// Closes it: AWS deletes its content 90 days later. overlord manages nothing else of it. `apply` asks for its id, or takes
    /// `--close ID`.
    pub close: Option<At<bool>>,
    /// Removes it from the organization; it becomes a standalone account. overlord manages nothing else of it. `apply` asks for its id, or takes
    /// `--remove ID`.
    pub removed: Option<At<bool>>,
}
} }
