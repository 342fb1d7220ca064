//! Policy types of the root: enabled and disabled asynchronously.

use serde_json::json;

use super::organization::show_root;
use super::policies::{known_type, type_not_available};
use super::{Turn, constraint, organization_of};
use crate::sandbox::wire::{Outcome, Refusal};
use crate::sandbox::world::{FeatureSet, TypeStatus};

pub(super) fn in_progress() -> Refusal {
    Refusal::new("PolicyChangesInProgressException", "Changes to the effective policy are in progress. Try the operation again later.")
}

pub(super) fn not_enabled() -> Refusal {
    Refusal::new("PolicyTypeNotEnabledException", "The specified policy type isn't currently enabled in this root.")
}

/// Checks the input and gives the type's status, in an organization that may have policies.
fn status(turn: &Turn<'_>) -> Result<Option<TypeStatus>, Refusal> {
    known_type(turn.input.str("PolicyType"))?;
    let organization = organization_of(turn.world)?;
    if organization.root != turn.input.str("RootId") {
        return Err(Refusal::new("RootNotFoundException", "We can't find a root with the RootId that you specified."));
    }
    match organization.feature_set {
        FeatureSet::All => Ok(organization.policy_types.get(turn.input.str("PolicyType")).copied()),
        FeatureSet::ConsolidatedBilling => Err(type_not_available()),
    }
}

pub(super) fn enable(turn: &mut Turn<'_>) -> Outcome {
    let status = status(turn)?;
    let service = known_type(turn.input.str("PolicyType"))?.trusted_service.as_ref();
    if service.is_some_and(|service| !turn.world.trusted_services.contains_key(service)) {
        let message = "You must enable trusted access for the service before you enable this policy type.";
        return Err(constraint("SERVICE_ACCESS_NOT_ENABLED", message));
    }
    match status {
        None => set(turn, TypeStatus::PendingEnable(turn.now_ms + turn.weather.policy_type_ms)),
        Some(TypeStatus::Enabled) => {
            Err(Refusal::new("PolicyTypeAlreadyEnabledException", "The specified policy type is already enabled in the specified root."))
        }
        Some(TypeStatus::PendingEnable(_) | TypeStatus::PendingDisable(_)) => Err(in_progress()),
    }
}

pub(super) fn disable(turn: &mut Turn<'_>) -> Outcome {
    match status(turn)? {
        None => Err(not_enabled()),
        Some(TypeStatus::Enabled) => set(turn, TypeStatus::PendingDisable(turn.now_ms + turn.weather.policy_type_ms)),
        Some(TypeStatus::PendingEnable(_) | TypeStatus::PendingDisable(_)) => Err(in_progress()),
    }
}

fn set(turn: &mut Turn<'_>, status: TypeStatus) -> Outcome {
    if let Some(organization) = &mut turn.world.organization {
        organization.policy_types.insert(turn.input.str("PolicyType").to_owned(), status);
    }
    Ok(json!({ "Root": show_root(turn.world, organization_of(turn.world)?) }))
}
