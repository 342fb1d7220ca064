//! Tags of the root, OUs, accounts and policies.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::page::{map_keys, page};
use super::policies::target_not_found;
use super::{Ask, Turn, constraint, invalid};
use crate::limits::LIMITS;
use crate::sandbox::input::Input;
use crate::sandbox::wire::{Outcome, Refusal};
use crate::sandbox::world::World;

fn resource_exists(world: &World, id: &str) -> Result<(), Refusal> {
    if world.target_kind(id).is_some() || world.policies.contains_key(id) { Ok(()) } else { Err(target_not_found()) }
}

/// The tags of a request as a map, when AWS would take them in addition to the keys that are there.
pub(super) fn checked_tags(before: &[&String], input: Input<'_>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut checked = BTreeMap::new();
    for tag in input.items("Tags") {
        let (key, value) = (tag.str("Key"), tag.str("Value"));
        if key.to_lowercase().starts_with("aws:") {
            return Err(invalid("INVALID_SYSTEM_TAGS_PARAMETER", "You can't add, edit, or delete system tag keys."));
        }
        if checked.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(invalid("DUPLICATE_TAG_KEY", "Tag keys must be unique among the tags attached to the same entity."));
        }
    }
    let kept = before.iter().filter(|key| !checked.contains_key(key.as_str())).count();
    if kept + checked.len() > LIMITS.quotas.tags_per_resource {
        return Err(constraint("MAX_TAG_LIMIT_EXCEEDED", "You have exceeded the number of tags allowed on this resource."));
    }
    Ok(checked)
}

pub(super) fn list(ask: &Ask<'_>) -> Outcome {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    resource_exists(ask.world, ask.input.str("ResourceId"))?;
    let tags = ask.world.tags.get(ask.input.str("ResourceId")).unwrap_or(&NONE);
    page(ask, "Tags", |after| map_keys(tags, after), |key| Some(json!({ "Key": key, "Value": tags.get(key)? })))
}

pub(super) fn tag(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.str("ResourceId");
    resource_exists(turn.world, id)?;
    let before: Vec<&String> = turn.world.tags.get(id).into_iter().flat_map(BTreeMap::keys).collect();
    let tags = checked_tags(&before, turn.input)?;
    turn.world.tags.entry(id.to_owned()).or_default().extend(tags);
    Ok(Value::Null)
}

pub(super) fn untag(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.str("ResourceId");
    resource_exists(turn.world, id)?;
    if let Some(tags) = turn.world.tags.get_mut(id) {
        for key in turn.input.texts("TagKeys") {
            tags.remove(key);
        }
        if tags.is_empty() {
            turn.world.tags.remove(id);
        }
    }
    Ok(Value::Null)
}
