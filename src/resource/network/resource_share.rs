//! `resource_share`: a share of AWS Resource Access Manager. It shares a transit gateway or subnets with OUs, accounts or the whole
//! organization.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ram::Client;
use aws_sdk_ram::types::{ResourceOwner, ResourceShare as Live, ResourceShareAssociationType, ResourceShareStatus, Tag, TagFilter};
use serde::{Deserialize, Serialize};

use super::calls::{ResourceClient, SETTLING, is_missing};
use super::{Tags, tags_differ};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::organizations::{Organization, OrganizationalUnit};
use crate::resource::{ADDRESS_TAG, AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, Weight};

/// The service principal that must be trusted before anything is shared inside the organization.
pub const SHARING_SERVICE: &str = "ram.amazonaws.com";

/// The attributes of a `resource_share`. AWS's id is its ARN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResourceShareAttributes {
    /// Its display name.
    pub name: String,
    /// Its principals: OUs, accounts, or the organization.
    pub principals: BTreeSet<Reference>,
    /// What is shared: a transit gateway or subnets.
    pub resources: BTreeSet<Reference>,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// The trusted access that RAM needs to share inside the organization.
    pub trusted_service: Reference,
}

/// The kind.
pub struct ResourceShare;

impl Kind for ResourceShare {
    type Attributes = ResourceShareAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "resource_share",
        summary: "a share of a transit gateway or of subnets",
        attributes: &[
            AttributeSpec::new("name", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new("principals", OnChange::Update),
            AttributeSpec::new("resources", OnChange::Update),
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new(
                "trusted_service",
                OnChange::Forbidden("it is always RAM: run this again with the same version of overlord that made the share"),
            ),
        ],
        weight: Weight::Network,
        part_of: super::PART_OF_VPC,
        needs: &[
            Need::apply(&[
                "ram:AssociateResourceShare",
                "ram:CreateResourceShare",
                "ram:DisassociateResourceShare",
                "ram:TagResource",
                "ram:UpdateResourceShare",
            ]),
            Need::delete(Deletes::Addressed, &["ram:DeleteResourceShare"]),
        ],
        events: &[
            EventSpec::added(&["tags"], &["ram:TagResource"]),
            EventSpec::removed(&["tags"], &["ram:UntagResource"]),
            EventSpec::changed(&["name"], &["ram:UpdateResourceShare"]),
            EventSpec::changed(&["principals", "resources"], &["ram:AssociateResourceShare", "ram:DisassociateResourceShare"]),
            EventSpec::gone(&["ram:DeleteResourceShare"]).created_by("ram:CreateResourceShare"),
        ],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls = match (before, after) {
            (None, Some(_)) => vec!["ram:CreateResourceShare"],
            (Some(before), Some(after)) => {
                let rename = (before.name != after.name).then_some("ram:UpdateResourceShare");
                let more = (!Part::added(before, after).is_empty()).then_some("ram:AssociateResourceShare");
                let less = (!Part::added(after, before).is_empty()).then_some("ram:DisassociateResourceShare");
                let tags = tags_differ(&before.tags, &after.tags).then_some("ram:TagResource");
                rename.into_iter().chain(more).chain(less).chain(tags).collect()
            }
            (Some(_), None) => vec!["ram:DeleteResourceShare"],
            (None, None) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let (resource_client, client) = (ResourceClient::of(context).await?, client(context)?);
        let whole = Part { principals: after.principals.iter().collect(), resources: after.resources.iter().collect() };
        let (principals, resources) = whole.arns(context).await?;
        // RAM remembers tokens. This one is only for this try: an older one could return a deleted share.
        let token = resource_client.token([resource_client.this_try().as_str()]);
        // RAM does not see a new resource at once: a temporary refusal.
        let send = || async {
            let request = client.create_resource_share().client_token(&token).name(&after.name).allow_external_principals(false);
            let request = request.set_principals(Some(principals.clone())).set_resource_arns(Some(resources.clone()));
            let answer = resource_client
                .map_sdk_error("ram:CreateResourceShare", request.set_tags(Some(tags(context, &after.tags))).send().await)?;
            resource_client.id("ram:CreateResourceShare", answer.resource_share.and_then(|share| share.resource_share_arn))
        };
        let make = || permitted(context, &resource_client, &after, &send);
        let find = || async { Ok(existing(context, &resource_client, &client).await?.into_iter().collect()) };
        let arn = resource_client.create_idempotent(resource_client.earlier(None)?, find, make).await?;
        associated(&resource_client, &client, &arn).await?;
        Ok(arn)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let (resource_client, client) = (ResourceClient::of(context).await?, client(context)?);
        if before.name != after.name {
            resource_client.map_sdk_error(
                "ram:UpdateResourceShare",
                client.update_resource_share().resource_share_arn(id).name(&after.name).send().await,
            )?;
        }
        let more = Part::added(&before, &after);
        if !more.is_empty() {
            let (principals, resources) = more.arns(context).await?;
            let request = client.associate_resource_share().resource_share_arn(id);
            let request = request.set_principals(Some(principals)).set_resource_arns(Some(resources));
            let send = || async { resource_client.map_sdk_error("ram:AssociateResourceShare", request.clone().send().await).map(drop) };
            resource_client.retry_not_found(|| permitted(context, &resource_client, &after, &send)).await?;
            associated(&resource_client, &client, id).await?;
        }
        let less = Part::added(&after, &before);
        if !less.is_empty() {
            let (principals, resources) = less.arns(context).await?;
            let request = client.disassociate_resource_share().resource_share_arn(id).set_principals(Some(principals));
            let answer = request.set_resource_arns(Some(resources)).send().await;
            resource_client.map_sdk_error("ram:DisassociateResourceShare", answer)?;
            associated(&resource_client, &client, id).await?;
        }
        if tags_differ(&before.tags, &after.tags) {
            let answer = client.tag_resource().resource_share_arn(id).set_tags(Some(tags(context, &after.tags))).send().await;
            resource_client.map_sdk_error("ram:TagResource", answer)?;
        }
        Ok(())
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let (resource_client, client) = (ResourceClient::of(context).await?, client(context)?);
        let request = client.delete_resource_share().resource_share_arn(id);
        resource_client
            .deleted(None, || async { resource_client.map_sdk_error("ram:DeleteResourceShare", request.clone().send().await).map(drop) })
            .await
    }
}

/// The principals and resources of a change of a share.
struct Part<'a> {
    principals: Vec<&'a Reference>,
    resources: Vec<&'a Reference>,
}

impl<'a> Part<'a> {
    /// What is only in the second.
    fn added(before: &ResourceShareAttributes, after: &'a ResourceShareAttributes) -> Self {
        let principals = after.principals.iter().filter(|one| !before.principals.contains(*one)).collect();
        Self { principals, resources: after.resources.iter().filter(|one| !before.resources.contains(*one)).collect() }
    }

    fn is_empty(&self) -> bool {
        self.principals.is_empty() && self.resources.is_empty()
    }

    /// As RAM names them: principals, then resources.
    async fn arns(&self, context: &Context) -> AwsResult<(Vec<String>, Vec<String>)> {
        let mut principals = Vec::new();
        for reference in &self.principals {
            principals.push(principal(context, reference).await?);
        }
        let resources = self.resources.iter().map(|reference| resource(context, reference)).collect::<AwsResult<_>>()?;
        Ok((principals, resources))
    }
}

/// A principal as RAM names it: the ARN of the organization or of an OU, or the id of an account.
async fn principal(context: &Context, reference: &Reference) -> AwsResult<String> {
    let Reference::Address(address) = reference else { return context.resolve(reference) };
    if Organization::has(address) {
        return context.organization_arn().await;
    }
    let id = context.resolve(reference)?;
    if !OrganizationalUnit::has(address) {
        return Ok(id);
    }
    let organization = context.organization_arn().await?;
    ou_arn(&organization, &id).ok_or_else(|| Error::failed(format!("invalid ARN of an organization: `{organization}`")))
}

/// `arn:aws:organizations::<management>:ou/o-…/ou-…` from the ARN of the organization.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html>
fn ou_arn(organization: &str, ou: &str) -> Option<String> {
    let (head, id) = organization.split_once(":organization/")?;
    Some(format!("{head}:ou/{id}/{ou}"))
}

/// The ARN of a transit gateway or a subnet of the account and Region of the share.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html>
fn resource(context: &Context, reference: &Reference) -> AwsResult<String> {
    let (id, scope) = (context.resolve(reference)?, context.scope()?);
    let noun = if id.starts_with("tgw-") { "transit-gateway" } else { "subnet" };
    Ok(format!("arn:{}:ec2:{}:{}:{noun}/{id}", context.sessions().partition(), scope.region, context.account_id(scope)?))
}

/// The client of the account, which [`ResourceClient::of`] has waited for: a share contains resources that EC2 created there.
fn client(context: &Context) -> AwsResult<Client> {
    let scope = context.scope()?;
    Ok(context.sessions().ram(&context.account_id(scope)?, &scope.region))
}

fn tags(context: &Context, tags: &Tags) -> Vec<Tag> {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let declared = tags.iter().map(|(key, value)| tag(key, value));
    declared.chain([tag(ADDRESS_TAG, &context.address().to_string())]).collect()
}

/// How long RAM may take to allow sharing inside the organization after it was enabled. Usually a minute. Source:
/// hashicorp/terraform-provider-aws, issues 7769, 12169 and 15254 and pull request 28848, read 2026-11-30.
const ONBOARDING: Duration = Duration::from_secs(10 * 60);

/// Whether RAM says that sharing inside the organization is off, or not on yet: it has one message for both.
fn is_not_onboarded(error: &Error) -> bool {
    let says = |what: &str| error.said().to_lowercase().contains(what);
    error.is(&["OperationNotPermittedException", "InvalidParameterException"]) && (says("organization") || says("onboarding"))
}

/// Repeats the request until RAM shares inside the organization: this takes a while after this run, or a recent one, has enabled it.
///
/// # Errors
/// RAM refused; it still does not share inside the organization.
async fn permitted<T, F>(
    context: &Context,
    resource_client: &ResourceClient<'_>,
    after: &ResourceShareAttributes,
    send: impl Fn() -> F + Send + Sync,
) -> AwsResult<T>
where
    F: Future<Output = AwsResult<T>> + Send,
{
    let deadline = if context.made(&after.trusted_service) { ONBOARDING } else { SETTLING };
    match resource_client.retry_while("RAM to share inside the organization", deadline, is_not_onboarded, send).await {
        Err(e) if is_not_onboarded(&e) => Err(Error::Failed {
            message: e.to_string(),
            hint: Some(format!(
                "run `aws ram enable-sharing-with-aws-organization` with credentials of the management account, then run the same command \
                 again: where `{SHARING_SERVICE}` was trusted through AWS Organizations alone, RAM has no role to share with"
            )),
        }),
        result => result,
    }
}

async fn existing(context: &Context, resource_client: &ResourceClient<'_>, client: &Client) -> AwsResult<Option<String>> {
    let address = context.address().to_string();
    let ours = TagFilter::builder().tag_key(ADDRESS_TAG).tag_values(&address).build();
    let request = client.get_resource_shares().resource_owner(ResourceOwner::SelfValue).tag_filters(ours);
    let pages = request.into_paginator().send().collect::<Result<Vec<_>, _>>().await;
    let pages = resource_client.map_sdk_error("ram:GetResourceShares", pages)?;
    let mut shares: Vec<_> = pages.into_iter().flat_map(|page| page.resource_shares.unwrap_or_default()).collect();
    // Compared here too: an endpoint may not know the filter.
    let is_ours = |tag: &Tag| tag.key() == Some(ADDRESS_TAG) && tag.value() == Some(&address);
    let lives = |share: &Live| matches!(share.status(), Some(ResourceShareStatus::Active | ResourceShareStatus::Pending));
    shares.retain(|share| lives(share) && share.tags().iter().any(is_ours));
    Ok(shares.into_iter().next().and_then(|share| share.resource_share_arn))
}

/// Waits until a share has no pending associations.
///
/// # Errors
/// RAM could not share something, and says why.
async fn associated(resource_client: &ResourceClient<'_>, client: &Client, arn: &str) -> AwsResult<()> {
    let ask = || async {
        for kind in [ResourceShareAssociationType::Principal, ResourceShareAssociationType::Resource] {
            let request = client.get_resource_share_associations().association_type(kind).resource_share_arns(arn);
            let pages = request.into_paginator().send().collect::<Result<Vec<_>, _>>().await;
            let pages = match resource_client.map_sdk_error("ram:GetResourceShareAssociations", pages) {
                // RAM does not know yet what it has just made.
                Err(e) if is_missing(&e) => return Ok(None),
                pages => pages?,
            };
            for association in pages.iter().flat_map(|page| page.resource_share_associations()) {
                match association.status().map_or("", |status| status.as_str()) {
                    "ASSOCIATING" | "DISASSOCIATING" => return Ok(None),
                    "FAILED" => {
                        let (what, why) =
                            (association.associated_entity().unwrap_or_default(), association.status_message().unwrap_or_default());
                        return Err(resource_client.failed(
                            format!("RAM could not share with or from `{what}`: {why}"),
                            format!(
                                "check that `{SHARING_SERVICE}` is trusted in the organization, run `aws ram \
                                 enable-sharing-with-aws-organization` with credentials of the management account, then run the same command \
                                 again"
                            ),
                        ));
                    }
                    _ => {}
                }
            }
        }
        Ok(Some(()))
    };
    resource_client.wait("the share to take effect", SETTLING, ask).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arn_of_an_ou_follows_from_the_organizations() {
        let organization = "arn:aws:organizations::111111111111:organization/o-abc123def4";
        let expected = "arn:aws:organizations::111111111111:ou/o-abc123def4/ou-ab12-cdefghij";
        assert_eq!(ou_arn(organization, "ou-ab12-cdefghij").as_deref(), Some(expected));
        assert_eq!(ou_arn("o-abc123def4", "ou-ab12-cdefghij"), None);
    }
}
