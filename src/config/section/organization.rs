//! `[organization]`.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::Administrators;
use crate::config::span::{At, List, TagKey};

/// The organization itself.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// The 12-digit id of the management account. A guard: overlord refuses to run anywhere else. Required.
    #[schemars(required, regex(pattern = "^[0-9]{12}$"))]
    pub management_account: Option<At<String>>,
    /// The Region of the organization's regional calls. Default: us-east-1.
    pub home_region: Option<At<String>>,
    /// Governed Regions: networks are read there in every account, whatever layouts name. Every layout lies in one of them. Default: the Regions of
    /// the layouts and transit gateways, and no others: what lies where none of them is any more goes unseen.
    #[serde(default)]
    pub regions: Vec<At<String>>,
    /// The role that AWS makes in each new account and that overlord assumes. Default: OrganizationAccountAccessRole.
    #[schemars(regex(pattern = "^[A-Za-z0-9_+=,.@-]{1,64}$"))]
    pub access_role: Option<At<String>>,
    /// The role that runs assume in members which only read, `plan` and `drift` among them: one that you make there, with the policy that
    /// `overlord doctor --policy plan --for access-role` prints. Default: the access role.
    #[schemars(regex(pattern = "^[A-Za-z0-9_+=,.@-]{1,64}$"))]
    pub plan_role: Option<At<String>>,
    /// The external id that overlord names when it assumes roles, and that owners of invited accounts put into the trust of theirs. Roles
    /// that AWS makes in new accounts want none, and take it all the same. Default: none.
    #[schemars(regex(pattern = "^[A-Za-z0-9_+=,.@:/-]{2,1224}$"))]
    pub external_id: Option<At<String>>,
    /// What invitations say to the owners of accounts, at most 1,024 characters; `{account}` is filled in. Default: nothing.
    pub invitation_note: Option<At<String>>,
    /// Service principals that may act in the organization, such as config.amazonaws.com.
    #[serde(default)]
    pub trusted_services: Vec<At<String>>,
    /// The account, by its key, that administers a trusted service: `{ "config.amazonaws.com" = "audit" }`; or a list, where the service
    /// takes several.
    #[serde(default)]
    pub delegated_administrators: BTreeMap<TagKey, At<Administrators>>,
    /// The key of the OU in which new accounts wait until their guardrails are attached. Default: they go to their own OU at once.
    pub quarantine: Option<At<String>>,
    /// `central`: root users of members are managed from the management account. Needs iam.amazonaws.com among `trusted_services`.
    /// Default: left as it is.
    #[serde(default)]
    #[schemars(schema_with = "root_access")]
    pub root_access: Option<At<String>>,
    /// Whether overlord enables service control policies and owns their sets; `false` leaves all of them alone. Default: true.
    pub service_control_policies: Option<At<bool>>,
    /// Whether service and resource control policies that do not fit are packed: a document that is too long is cut into parts, and of a set
    /// that is too large as few as need be are merged. Default: false, and they are mistakes.
    pub pack_policies: Option<At<bool>>,
    /// A file with AWS's actions and condition keys, made by `overlord policy catalogue`, relative to org.toml. Default: the list that is
    /// built in.
    pub catalogue: Option<At<String>>,
    /// The root's whole set of policies. Default: FullAWSAccess.
    pub policies: Option<List>,
}

/// What `root_access` takes.
pub const ROOT_ACCESS: [&str; 1] = ["central"];

fn root_access(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ROOT_ACCESS})
}

impl Organization {
    /// Whether policies that do not fit are packed.
    pub fn packs(&self) -> bool {
        self.pack_policies.as_ref().is_some_and(|packs| packs.value)
    }

    /// Where it says that service control policies are left alone.
    pub fn leaves_scps(&self) -> Option<&At<bool>> {
        self.service_control_policies.as_ref().filter(|managed| !managed.value)
    }
}
