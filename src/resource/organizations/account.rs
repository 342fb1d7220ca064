//! `account`: a member account; never closed here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Kind, KindSpec, OnChange, OnRemoval};

/// The attributes of a `account`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountAttributes {
    /// The primary e-mail: what an account is recognised by, unless its id is given; then it may be `None`, unmanaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What AWS shows; `None` leaves it alone (an account adopted by id whose name is not declared).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its OU, or the organization for the root.
    pub parent: Reference,
    /// The declared tags; `None` when none are declared, and then none are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// The kind.
pub struct Account;

impl Kind for Account {
    type Attributes = AccountAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "account",
        summary: "a member account; never closed here",
        attributes: &[
            AttributeSpec::new(
                "email",
                OnChange::Forbidden(
                    "AWS changes a primary e-mail only with a code sent to the new address: change it there first, or put the live address here",
                ),
            ),
            AttributeSpec::new("name", OnChange::Update),
            AttributeSpec::new("parent", OnChange::Move),
            AttributeSpec::new("tags", OnChange::Update),
        ],
        on_removal: OnRemoval::Report,
        guards_target: false,
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        todo!("{} {}", before.is_some(), after.is_some())
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        todo!("{context:?} {after:?}")
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        todo!("{context:?} {id} {before:?} {after:?}")
    }

    async fn delete(context: &Context, id: &str, before: Self::Attributes) -> AwsResult<()> {
        todo!("{context:?} {id} {before:?}")
    }
}
