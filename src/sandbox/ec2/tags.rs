//! Tags: those of a creating call, CreateTags and DeleteTags.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::kinds::Kind;
use super::list::{Listing, list};
use super::{Ask, Turn};
use crate::sandbox::input::Input;
use crate::sandbox::wire::{Outcome, Refusal};

/// Tags on one resource. <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions>
const MOST: usize = 50;

/// The tags that a creating call gives to what it creates.
pub(super) fn of_creation(input: Input<'_>, kind: Kind) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    // The name in the plural is CreateTransitGatewayVpcAttachment's.
    for specification in input.items("TagSpecification").chain(input.items("TagSpecifications")) {
        let wanted = specification.text("ResourceType")?;
        if wanted != kind.resource_type() {
            let message = format!("'{wanted}' is not a valid taggable resource type for this operation.");
            return Err(Refusal::new("InvalidParameterValue", message));
        }
        tags.extend(read(specification)?);
    }
    fits(&tags)?;
    Ok(tags)
}

/// The tags in `Tag.N`, checked.
fn read(input: Input<'_>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in input.items("Tag") {
        let (key, value) = (tag.text("Key")?, tag.get("Value").unwrap_or_default());
        let refused = |message: String| Err(Refusal::new("InvalidParameterValue", message));
        if key.to_lowercase().starts_with("aws:") {
            return refused("Tag keys starting with 'aws:' are reserved for internal use".to_owned());
        }
        if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
            return refused(format!("Tag key or value is too long: '{key}'"));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return refused(format!("Duplicate tag key '{key}' specified."));
        }
    }
    Ok(tags)
}

fn fits(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if tags.len() > MOST {
        return Err(Refusal::new("TagLimitExceeded", format!("The maximum number of tags per resource is {MOST}.")));
    }
    Ok(())
}

/// The resources of a request, all of which exist.
fn resources<'a>(turn: &Turn<'a>) -> Result<BTreeSet<&'a str>, Refusal> {
    let ids: BTreeSet<&str> = turn.input.texts("ResourceId").into_iter().collect();
    if ids.is_empty() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter resourceIdSet"));
    }
    for id in &ids {
        let invalid = || Refusal::new("InvalidID", format!("The ID '{id}' is not valid"));
        let kind = Kind::of_id(id).ok_or_else(invalid)?;
        if !kind.exists(turn.region, id) {
            return Err(kind.missing(id));
        }
    }
    Ok(ids)
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html>
const LISTING: Listing = Listing {
    kind: Kind::Vpc,
    set: "tagSet",
    // There is none: a filter does it.
    ids: "",
    filters: &[("key", "key"), ("resource-id", "resourceId"), ("resource-type", "resourceType"), ("value", "value")],
};

/// One item for each tag of each thing.
pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    let tags = ask.region.tags.iter().flat_map(|(id, tags)| tags.iter().map(move |(key, value)| (format!("{id} {key}"), (id, key, value))));
    let tags: BTreeMap<String, (&String, &String, &String)> = tags.collect();
    list(ask, &LISTING, tags.keys(), |item| {
        let (id, key, value) = tags.get(item)?;
        Some(json!({ "resourceId": id, "resourceType": Kind::of_id(id)?.resource_type(), "key": key, "value": value }))
    })
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let added = read(turn.input)?;
    if added.is_empty() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter Tag"));
    }
    let mut changed = Vec::new();
    for id in resources(turn)? {
        let mut tags = turn.region.tags.get(id).cloned().unwrap_or_default();
        tags.extend(added.clone());
        fits(&tags)?;
        changed.push((id.to_owned(), tags));
    }
    turn.region.tags.extend(changed);
    Ok(json!({ "return": true }))
}

pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let wanted: Vec<(String, Option<String>)> = turn
        .input
        .items("Tag")
        .map(|tag| Ok((tag.text("Key")?.to_owned(), tag.get("Value").map(str::to_owned))))
        .collect::<Result<_, Refusal>>()?;
    for id in resources(turn)? {
        if let Some(tags) = turn.region.tags.get_mut(id) {
            // Without tags in the request all go; a value in the request goes only if it is that value.
            tags.retain(|key, value| !wanted.is_empty() && !wanted.iter().any(|(k, v)| k == key && v.as_ref().is_none_or(|v| v == value)));
            if tags.is_empty() {
                turn.region.tags.remove(id);
            }
        }
    }
    Ok(json!({ "return": Value::Bool(true) }))
}
