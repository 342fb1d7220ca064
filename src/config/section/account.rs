//! `[account.<key>]`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Contacts;
use super::inherited::{inherited_keys, with_inherited_keys};
use crate::config::span::{At, List, Table, Tags};

inherited_keys! { with_inherited_keys! {
/// A single account. It needs an `email` or, when it exists already, an `id`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Its e-mail address, unique in all of AWS; `{account}` is filled in.
    pub email: Option<At<String>>,
    /// The display name, 1 to 50 characters. Default: the key; with an `id`, the live name is not changed.
    pub name: Option<At<String>>,
    /// The key of its OU, or `root`. Required, unless it leaves.
    #[schemars(required)]
    pub ou: Option<At<String>>,
    /// The 12-digit id of an account that exists already.
    #[schemars(regex(pattern = "^[0-9]{12}$"))]
    pub id: Option<At<String>>,
    /// Whether it exists outside of the organization and is to be invited: it joins once its owner accepts, and only then goes to its OU. It
    /// needs its `id` or `email`. Default: false.
    pub invite: Option<At<bool>>,
    /// Closes it: AWS deletes its content 90 days later. overlord manages nothing else of it. `apply` asks for its id, or takes
    /// `--close ID`.
    pub close: Option<At<bool>>,
    /// Removes it from the organization; it becomes a standalone account. overlord manages nothing else of it. `apply` asks for its id, or takes
    /// `--remove ID`.
    pub removed: Option<At<bool>>,
    /// Tags. Only the declared keys are managed; `{account}` is filled in in the values.
    pub tags: Option<Tags>,
    /// The whole set of policies attached directly. Default: FullAWSAccess.
    pub policies: Option<List>,
    /// The contacts of the account. Default: not changed.
    #[serde(default)]
    pub contacts: Contacts,
    /// Blocks of its VPCs that are chosen here, by layout: `{ standard = "10.2.0.0/19" }`. Default: the lowest that is free.
    #[serde(default)]
    pub cidr: Table<At<String>>,
    /// VPCs created outside overlord that the account adopts, by layout: `{ standard = "vpc-0a1b2c3d4e5f60718" }`. Each needs its `cidr`. Default: none.
    #[serde(default)]
    pub vpc_id: Table<At<String>>,
}
} }
