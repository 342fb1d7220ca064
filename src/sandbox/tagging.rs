//! The part of the Resource Groups Tagging API that overlord calls: the tags of accounts of the organization, by ARN.
//! <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html>

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::wire::{Call, Outcome, Refusal};
use super::world::World;

/// Where the tags of Organizations are, in AWS's commercial partition.
const GLOBAL_REGION: &str = "us-east-1";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    #[serde(rename = "ResourceARNList")]
    resource_arn_list: Option<Vec<String>>,
    resources_per_page: Option<u32>,
    pagination_token: Option<String>,
}

/// Serves GetResources. A resource that does not exist, or that never had a tag, is left out without an error.
pub(super) fn read(call: &Call, caller: &str, world: &World) -> Outcome {
    let input: Input = call.parse()?;
    let Some(arns) = input.resource_arn_list else {
        return Err(Refusal::new("NotServedBySandbox", "the sandbox serves GetResources by ResourceARNList only"));
    };
    if input.resources_per_page.is_some() || input.pagination_token.is_some_and(|token| !token.is_empty()) {
        return Err(invalid("ResourceARNList cannot be combined with pagination parameters"));
    }
    let sees = caller == world.management_account && call.region == GLOBAL_REGION;
    let found = arns.iter().filter(|_| sees).filter_map(|arn| Some(mapping(arn, tags_of(arn, world)?)));
    Ok(json!({ "PaginationToken": "", "ResourceTagMappingList": found.collect::<Vec<_>>() }))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}

/// Of `arn:aws:organizations::<management>:account/o-…/<account>`.
fn tags_of<'w>(arn: &str, world: &'w World) -> Option<&'w BTreeMap<String, String>> {
    let (head, id) = arn.rsplit_once('/')?;
    let tags = head.contains(":organizations:").then(|| world.tags.get(id))??;
    (!tags.is_empty() && world.accounts.contains_key(id)).then_some(tags)
}

fn mapping(arn: &str, tags: &BTreeMap<String, String>) -> Value {
    let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    json!({ "ResourceARN": arn, "Tags": tags })
}
