//! `placement`: a new account moves from the quarantine OU to its own OU, after the guardrails of that OU and of the account itself are
//! attached.
//!
//! No configuration names a placement. The diff derives it from an account's creation, so that the account's own change ends in the
//! quarantine OU (`src/diff/quarantine.rs`).

use serde::{Deserialize, Serialize};

use super::account::{move_account, parent_of};
use super::calls::never_deleted;
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, EventSpec, Kind, KindSpec, Need, OnChange, OnRemoval, PartOf, PolicyRole, Weight};

/// The attributes of a `placement`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlacementAttributes {
    /// The account's own set of policies, which is attached first.
    pub guard: Reference,
    /// The account's current and desired place.
    pub parent: Reference,
    /// The account.
    pub target: Reference,
}

/// The kind.
pub struct Placement;

const OTHER_ACCOUNT: &str = "a placement is of one account: this is a defect of overlord";

impl Kind for Placement {
    type Attributes = PlacementAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "placement",
        summary: "a new account leaves the quarantine OU for its own, once its guardrails are attached",
        attributes: &[
            AttributeSpec::new("guard", OnChange::Forbidden(OTHER_ACCOUNT)),
            AttributeSpec::new("parent", OnChange::Move),
            AttributeSpec::new("target", OnChange::Forbidden(OTHER_ACCOUNT)),
        ],
        on_removal: OnRemoval::Leave,
        weight: Weight::GuardRail,
        own_id: false,
        part_of: PartOf::Account,
        completes_creation: true,
        policy_role: PolicyRole::Placement,
        needs: &[Need::apply(&["organizations:ListParents", "organizations:MoveAccount"]).on_joining()],
        events: &[
            // A change of the plan's own making.
            EventSpec::unexplained(&["parent"]),
        ],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let moves = after.is_some_and(|after| before.is_none_or(|before| before.parent != after.parent));
        moves.then(|| "organizations:MoveAccount".to_owned()).into_iter().collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let (id, to) = (context.resolve(&after.target)?, context.resolve(&after.parent)?);
        if let Some(from) = parent_of(context, &id).await?.filter(|from| *from != to) {
            move_account(context, &id, &from, &to).await?;
        }
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        move_account(context, id, &context.resolve(&before.parent)?, &context.resolve(&after.parent)?).await
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(never_deleted(context))
    }
}
