//! Resource Access Manager: shares of transit gateways and subnets inside the organization.
//! <https://docs.aws.amazon.com/ram/latest/APIReference/Welcome.html>

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::input::Input;
use super::weather::Weather;
use super::wire::{Call, Outcome, Refusal};
use super::world::World;

/// The service that must be trusted before anything is shared inside the organization.
const PRINCIPAL: &str = "ram.amazonaws.com";

/// What RAM says until sharing inside the organization is enabled by its own call and has taken effect, which takes about a minute. Source:
/// hashicorp/terraform-provider-aws, issues 7769, 12169 and 15254 and pull request 28848, read 2026-11-30.
const NOT_ONBOARDED: &str = "The resource you are attempting to share can only be shared within your AWS Organization. This error may also occur \
                             if you have enabled sharing with your AWS organization, but that onboarding process is still in progress.";

/// What RAM says of an account outside of the organization, where the share is for the organization alone. Source: RAM's user guide,
/// "Errors when trying to share with accounts outside of my organization", read 2026-12-01.
const IS_OUTSIDE: &str = "is not in your AWS organization. You do not have permission to add external AWS accounts to a resource share.";

/// The same, of a resource that can be shared inside the organization alone.
const ONLY_INSIDE: &str = "The resource you are attempting to share can only be shared within your AWS Organization.";

/// A share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// The 12-digit account that shares.
    pub owner: String,
    /// The Region.
    pub region: String,
    /// What AWS shows.
    pub name: String,
    /// Ids of accounts, ARNs of OUs and of the organization.
    pub principals: BTreeSet<String>,
    /// ARNs.
    pub resources: BTreeSet<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// The client token of the request that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Whether it may be for accounts outside the organization.
    #[serde(default)]
    pub external: bool,
    /// The accounts among the principals that have an invitation and see nothing until they accept it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub invited: BTreeSet<String>,
}

/// The texts of a list.
fn owned(input: Input<'_>, list: &str) -> impl Iterator<Item = String> {
    input.texts(list).into_iter().map(str::to_owned)
}

/// The tags of a request.
fn tags(input: Input<'_>) -> impl Iterator<Item = (String, String)> {
    input.items("tags").map(|tag| (tag.str("key").to_owned(), tag.str("value").to_owned()))
}

/// The refusal of a Region that the caller's account has not enabled.
pub(super) fn not_enabled() -> Refusal {
    Refusal::new("UnrecognizedClientException", "The security token included in the request is invalid.").status(StatusCode::FORBIDDEN)
}

fn unknown(arn: &str) -> Refusal {
    Refusal::new("UnknownResourceException", format!("ResourceShare {arn} could not be found."))
}

pub(super) fn read(call: &Call, caller: &str, world: &World) -> Outcome {
    let input = call.input()?;
    let of_others = match call.operation.as_str() {
        "GetResourceShares" => input.str("resourceOwner") == "OTHER-ACCOUNTS",
        _ => false,
    };
    let mine = world.shares.iter().filter(|(_, share)| {
        let is_seen = if of_others { share.owner != caller && world.covers(share, caller) } else { share.owner == caller };
        is_seen && share.region == call.region
    });
    let arns = input.texts("resourceShareArns");
    match call.operation.as_str() {
        "GetResourceShares" => {
            let admits = |share: &Share, filter: Input<'_>| {
                let values = filter.texts("tagValues");
                share.tags.get(filter.str("tagKey")).is_some_and(|value| values.is_empty() || values.contains(&value.as_str()))
            };
            let wanted = mine.filter(|(arn, share)| {
                (arns.is_empty() || arns.contains(&arn.as_str())) && input.items("tagFilters").all(|filter| admits(share, filter))
            });
            Ok(json!({ "resourceShares": wanted.map(|(arn, share)| show(arn, share)).collect::<Value>() }))
        }
        _ => {
            let of_principals = input.str("associationType") == "PRINCIPAL";
            let wanted = mine.filter(|(arn, _)| arns.is_empty() || arns.contains(&arn.as_str()));
            let associations = wanted.flat_map(|(arn, share)| {
                let entities = if of_principals { &share.principals } else { &share.resources };
                let association_type = if of_principals { "PRINCIPAL" } else { "RESOURCE" };
                entities.iter().map(move |entity| {
                    let is_invited = share.invited.contains(entity);
                    let status = if is_invited { "ASSOCIATING" } else { "ASSOCIATED" };
                    show_association((arn, &share.name), entity, association_type, (status, is_invited))
                })
            });
            Ok(json!({ "resourceShareAssociations": associations.collect::<Value>() }))
        }
    }
}

fn show(arn: &str, share: &Share) -> Value {
    json!({
        "resourceShareArn": arn,
        "name": share.name,
        "owningAccountId": share.owner,
        "allowExternalPrincipals": share.external,
        "status": "ACTIVE",
        "tags": share.tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect::<Value>(),
    })
}

fn show_association((arn, name): (&str, &str), entity: &str, association_type: &str, (status, external): (&str, bool)) -> Value {
    json!({
        "resourceShareArn": arn,
        "resourceShareName": name,
        "associatedEntity": entity,
        "associationType": association_type,
        "status": status,
        "external": external,
    })
}

pub(super) fn write(call: &Call, caller: &str, world: &mut World, now_ms: u64, weather: &Weather) -> Outcome {
    let input = call.input()?;
    match call.operation.as_str() {
        "EnableSharingWithAwsOrganization" => {
            if caller != world.management_account || world.organization.is_none() {
                return Err(Refusal::new("OperationNotPermittedException", "Only the management account can enable sharing."));
            }
            world.trusted_services.entry(PRINCIPAL.to_owned()).or_insert(now_ms);
            world.sharing_since_ms.get_or_insert(now_ms + weather.sharing_ms);
            Ok(json!({ "returnValue": true }))
        }
        "CreateResourceShare" => {
            let name = input.str("name").to_owned();
            let external = input.flag("allowExternalPrincipals").unwrap_or(true);
            let invited = can_share(input, (caller, &call.region), external, world, now_ms)?;
            // The same request once more, by its token.
            let same = |share: &Share| share.owner == caller && share.token.is_some() && share.token.as_deref() == input.get("clientToken");
            if let Some((arn, share)) = world.shares.iter().find(|(_, share)| same(share)) {
                return Ok(json!({ "resourceShare": show(arn, share) }));
            }
            world.counter += 1;
            let arn = format!(
                "arn:aws:ram:{}:{caller}:resource-share/{:08x}-{:04x}-4000-8000-{:012x}",
                call.region, world.seed, 0, world.counter
            );
            let share = Share {
                owner: caller.to_owned(),
                region: call.region.clone(),
                name,
                principals: owned(input, "principals").collect(),
                resources: owned(input, "resourceArns").collect(),
                tags: tags(input).collect(),
                token: input.get("clientToken").map(str::to_owned),
                external,
                invited,
            };
            let shown = show(&arn, &share);
            world.shares.insert(arn, share);
            Ok(json!({ "resourceShare": shown }))
        }
        operation => {
            let arn = input.str("resourceShareArn").to_owned();
            let mut invited = BTreeSet::new();
            if operation == "AssociateResourceShare" {
                let external = world.shares.get(&arn).is_some_and(|share| share.external);
                invited = can_share(input, (caller, &call.region), external, world, now_ms)?;
            }
            let share = world.shares.get_mut(&arn).filter(|share| share.owner == caller).ok_or_else(|| unknown(&arn))?;
            let name = share.name.clone();
            let associations = |status: &str| {
                let of = |entities: &str, kind: &str| -> Vec<Value> {
                    owned(input, entities)
                        .map(|entity| show_association((&arn, &name), &entity, kind, (status, invited.contains(&entity))))
                        .collect()
                };
                let associations = [of("principals", "PRINCIPAL"), of("resourceArns", "RESOURCE")].concat();
                json!({ "clientToken": input.get("clientToken"), "resourceShareAssociations": associations })
            };
            Ok(match operation {
                "AssociateResourceShare" => {
                    share.principals.extend(owned(input, "principals"));
                    share.invited.extend(invited.iter().cloned());
                    share.resources.extend(owned(input, "resourceArns"));
                    associations("ASSOCIATING")
                }
                "DisassociateResourceShare" => {
                    share.principals.retain(|one| !input.texts("principals").contains(&one.as_str()));
                    share.invited.retain(|one| !input.texts("principals").contains(&one.as_str()));
                    share.resources.retain(|one| !input.texts("resourceArns").contains(&one.as_str()));
                    associations("DISASSOCIATING")
                }
                "TagResource" => {
                    share.tags.extend(tags(input));
                    json!({})
                }
                "UpdateResourceShare" => {
                    share.name = input.get("name").map_or(name, str::to_owned);
                    share.external = input.flag("allowExternalPrincipals").unwrap_or(share.external);
                    json!({ "clientToken": input.get("clientToken"), "resourceShare": show(&arn, share) })
                }
                _ => {
                    world.shares.remove(&arn);
                    json!({ "returnValue": true, "clientToken": input.get("clientToken") })
                }
            })
        }
    }
}

/// Whether what a request names exists, is the caller's, and may be shared with whom it names. Returns the accounts that RAM invites: those outside of
/// the organization, and those inside while sharing in the organization is off. Source: RAM's user guide, "Getting started", read 2026-12-01.
fn can_share(input: Input<'_>, place: (&str, &str), external: bool, world: &World, now_ms: u64) -> Result<BTreeSet<String>, Refusal> {
    let (caller, region) = place;
    for arn in input.texts("resourceArns") {
        let id = arn.rsplit('/').next().unwrap_or_default();
        let own = arn.starts_with(&format!("arn:aws:ec2:{region}:{caller}:"));
        let there =
            world.region(caller, region).is_some_and(|region| region.subnets.contains_key(id) || region.transit_gateways.contains_key(id));
        if !own || !there {
            return Err(Refusal::new("UnknownResourceException", format!("The resource {arn} could not be found.")));
        }
    }
    let inside = world.shares_inside(now_ms);
    let mut invited = BTreeSet::new();
    for principal in input.texts("principals") {
        match principal.rsplit_once('/') {
            Some((_, id)) => {
                let known = match id.starts_with("ou-") {
                    true => world.ous.contains_key(id),
                    false => world.organization.as_ref().is_some_and(|organization| organization.id == id),
                };
                if !known {
                    return Err(Refusal::new("UnknownResourceException", format!("The principal {principal} could not be found.")));
                }
                if !inside {
                    return Err(Refusal::new("OperationNotPermittedException", NOT_ONBOARDED));
                }
            }
            None if principal.len() != 12 || !principal.bytes().all(|byte| byte.is_ascii_digit()) => {
                let message = format!("Principal ID {principal} is malformed. Verify the ID and try again.");
                return Err(Refusal::new("InvalidParameterException", message));
            }
            None if inside && world.accounts.contains_key(principal) => {}
            None if external => {
                // Of what the sandbox has, only transit gateways can be shared outside.
                if input.texts("resourceArns").iter().any(|arn| arn.contains(":subnet/")) {
                    return Err(Refusal::new("OperationNotPermittedException", ONLY_INSIDE));
                }
                invited.insert(principal.to_owned());
            }
            None if world.accounts.contains_key(principal) => return Err(Refusal::new("OperationNotPermittedException", NOT_ONBOARDED)),
            None => return Err(Refusal::new("InvalidParameterException", format!("Principal {principal} {IS_OUTSIDE}"))),
        }
    }
    Ok(invited)
}

impl World {
    /// Whether RAM may share inside the organization, and has got round to it.
    fn shares_inside(&self, now_ms: u64) -> bool {
        self.trusted_services.contains_key(PRINCIPAL) && self.sharing_since_ms.is_some_and(|since| since <= now_ms)
    }

    /// Whether RAM shares a resource with an account.
    pub(super) fn is_shared(&self, resource: &str, account: &str) -> bool {
        self.shares.values().any(|share| share.resources.contains(resource) && self.covers(share, account))
    }

    /// Whether an account is among those that a share is for.
    fn covers(&self, share: &Share, account: &str) -> bool {
        let lineage = self.accounts.get(account).and_then(|account| account.parent.as_deref()).map(|parent| self.lineage(parent));
        let lineage = lineage.unwrap_or_default();
        let organization = self.organization.as_ref().map(|organization| organization.id.as_str());
        share.principals.iter().any(|principal| match principal.rsplit_once('/') {
            Some((_, id)) => Some(id) == organization || lineage.contains(&id),
            None => principal == account && !share.invited.contains(principal),
        })
    }
}
