//! Tags of the root, OUs, accounts and policies.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::page::{map_keys, page};
use super::policies::target_not_found;
use super::{Ask, Tag, Turn, constraint, invalid, parse};
use crate::limits::LIMITS;
use crate::sandbox::wire::{Outcome, Refusal};
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListInput {
    resource_id: String,
}

fn resource_exists(world: &World, id: &str) -> Result<(), Refusal> {
    if world.target_kind(id).is_some() || world.policies.contains_key(id) { Ok(()) } else { Err(target_not_found()) }
}

/// Tags of a request as a map, when AWS would take them in addition to the keys that are there.
pub(super) fn checked_tags(before: &[&String], tags: Vec<Tag>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut checked = BTreeMap::new();
    for tag in tags {
        if tag.key.is_empty() {
            return Err(invalid("MIN_LENGTH_EXCEEDED", "A tag key is too short."));
        }
        if tag.key.chars().count() > 128 || tag.value.chars().count() > 256 {
            return Err(invalid("MAX_LENGTH_EXCEEDED", "A tag key or value is too long."));
        }
        if tag.key.to_lowercase().starts_with("aws:") {
            return Err(invalid("INVALID_SYSTEM_TAGS_PARAMETER", "You can't add, edit, or delete system tag keys."));
        }
        if checked.insert(tag.key, tag.value).is_some() {
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
    let input: ListInput = parse(ask.input)?;
    resource_exists(ask.world, &input.resource_id)?;
    let tags = ask.world.tags.get(&input.resource_id).unwrap_or(&NONE);
    page(ask, "Tags", |after| map_keys(tags, after), |key| Some(json!({ "Key": key, "Value": tags.get(key)? })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagInput {
    resource_id: String,
    tags: Vec<Tag>,
}

pub(super) fn tag(turn: &mut Turn<'_>) -> Outcome {
    let input: TagInput = parse(turn.input)?;
    resource_exists(turn.world, &input.resource_id)?;
    let before: Vec<&String> = turn.world.tags.get(&input.resource_id).into_iter().flat_map(BTreeMap::keys).collect();
    let tags = checked_tags(&before, input.tags)?;
    turn.world.tags.entry(input.resource_id).or_default().extend(tags);
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UntagInput {
    resource_id: String,
    tag_keys: Vec<String>,
}

pub(super) fn untag(turn: &mut Turn<'_>) -> Outcome {
    let input: UntagInput = parse(turn.input)?;
    resource_exists(turn.world, &input.resource_id)?;
    if let Some(tags) = turn.world.tags.get_mut(&input.resource_id) {
        for key in &input.tag_keys {
            tags.remove(key);
        }
        if tags.is_empty() {
            turn.world.tags.remove(&input.resource_id);
        }
    }
    Ok(Value::Null)
}
