//! What the kinds of connections share: tags, finding again what a lost answer made, and waiting.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

use super::Tags;
use crate::address::Reference;
use crate::apply::Context;
use crate::aws::{AwsResult, Error, Poll};
use crate::resource::ADDRESS_TAG;

/// How long AWS may take until what it has just made can be found everywhere, another account's side of it too.
pub(super) const SETTLING: Duration = Duration::from_secs(300);
/// How long a gateway, an attachment or a VPN connection may take to come or to go.
pub(super) const SLOW: Duration = Duration::from_secs(30 * 60);

/// Asks every five seconds at first, then less often.
pub(super) fn wait(what: impl Into<String>, deadline: Duration) -> Poll {
    Poll { what: what.into(), pause: Duration::from_secs(5), deadline }
}

fn tags(context: &Context, tags: &Tags) -> Vec<Tag> {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let declared = tags.iter().map(|(key, value)| tag(key, value));
    declared.chain([tag(ADDRESS_TAG, &context.address().to_string())]).collect()
}

/// The tags of a creating call, ours among them (invariant 8).
pub(super) fn specification(context: &Context, kind: ResourceType, declared: &Tags) -> TagSpecification {
    TagSpecification::builder().resource_type(kind).set_tags(Some(tags(context, declared))).build()
}

/// Writes tags to something live, ours among them. What was just made may not be found yet.
pub(super) async fn write_tags(context: &Context, client: &Client, id: &str, declared: &Tags) -> AwsResult<()> {
    let ask = || async {
        let request = client.create_tags().resources(id).set_tags(Some(tags(context, declared)));
        not_yet(request.send().await.map(drop).map_err(|e| Error::sdk("ec2:CreateTags", &e)))
    };
    wait(format!("`{id}` to be found"), SETTLING).until(context.sessions().door().interrupt(), ask).await
}

/// The filter of what is to be found by our tag.
pub(super) fn by_address(context: &Context) -> Filter {
    filter(&format!("tag:{ADDRESS_TAG}"), &context.address().to_string())
}

/// A filter of one value.
pub(super) fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// Whether AWS does not find something that is there: a code such as `InvalidVpnGatewayID.NotFound`.
fn is_not_found(error: &Error) -> bool {
    error.code().is_some_and(|code| code.ends_with(".NotFound") || code.ends_with("NotFoundException"))
}

/// For a poll after something was made: not found is no answer yet.
pub(super) fn not_yet<T>(result: AwsResult<T>) -> AwsResult<Option<T>> {
    match result {
        Err(e) if is_not_found(&e) => Ok(None),
        result => result.map(Some),
    }
}

/// The end of a deletion: already gone is success.
pub(super) fn gone<T>(result: AwsResult<T>) -> AwsResult<()> {
    match result {
        Err(e) if is_not_found(&e) => Ok(()),
        result => result.map(drop),
    }
}

/// Waits until `state` says that something is gone: by not finding it, or by one of these states.
pub(super) async fn until_gone<F>(context: &Context, what: String, states: &[&str], state: impl Fn() -> F) -> AwsResult<()>
where
    F: Future<Output = AwsResult<Option<String>>>,
{
    let ask = || async {
        match not_yet(state().await)?.flatten() {
            None => Ok(Some(())),
            Some(state) if states.contains(&state.as_str()) => Ok(Some(())),
            Some(_) => Ok(None),
        }
    };
    wait(format!("{what} to be gone"), SLOW).until(context.sessions().door().interrupt(), ask).await
}

/// Waits until `state` says `wanted`. States in `failed` end the wait.
///
/// # Errors
/// It failed; the deadline.
pub(super) async fn until_state<F>(
    context: &Context,
    what: String,
    wanted: &[&str],
    failed: &[&str],
    state: impl Fn() -> F,
) -> AwsResult<()>
where
    F: Future<Output = AwsResult<Option<String>>>,
{
    let ask = || async {
        match not_yet(state().await)?.flatten() {
            Some(state) if wanted.contains(&state.as_str()) => Ok(Some(())),
            Some(state) if failed.contains(&state.as_str()) => Err(Error::Failed {
                message: format!("{what} is `{state}`"),
                hint: Some("run the same command again: it is made anew; if it fails again, ask AWS's support".to_owned()),
            }),
            Some(_) | None => Ok(None),
        }
    };
    wait(format!("{what} to be {}", wanted.join(" or ")), SLOW).until(context.sessions().door().interrupt(), ask).await
}

/// What a creating call made. When no answer came it may have been made nevertheless: then `find` looks for it.
///
/// # Errors
/// AWS refused; no answer came, and nothing is found.
pub(super) async fn made<F>(context: &Context, made: AwsResult<Option<String>>, find: impl Fn() -> F) -> AwsResult<String>
where
    F: Future<Output = AwsResult<Option<String>>>,
{
    let lost = match made {
        Ok(Some(id)) => return Ok(id),
        Ok(None) => Error::failed(format!("AWS made `{}` and did not name its id", context.address())),
        Err(e @ Error::NoAnswer { .. }) => e,
        Err(e) => return Err(e),
    };
    let found = wait(format!("`{}`, which may have been made, to be found", context.address()), SETTLING);
    match found.until(context.sessions().door().interrupt(), &find).await {
        Err(Error::Deadline { .. }) => Err(lost),
        found => found,
    }
}

/// Does something in the account and Region of another resource, such as the far end of a connection.
///
/// # Errors
/// The resource lies in no account, or its account has no id yet: defects of the plan. What fails there says where.
pub(super) async fn there<T, F>(context: &Context, resource: &Reference, act: impl FnOnce(Client) -> F) -> AwsResult<T>
where
    F: Future<Output = AwsResult<T>>,
{
    let scope = match resource {
        Reference::Address(address) => address.scope(),
        Reference::Id(_) => None,
    };
    let scope = scope.ok_or_else(|| Error::internal(format!("`{resource}` lies in no account that is known")))?;
    let client = context.sessions().ec2(&context.account_id(scope)?, &scope.region);
    act(client).await.map_err(|error| context.placed(scope, error))
}
