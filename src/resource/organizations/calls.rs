//! What the calls of several kinds share: tags, pages, waits, and operations that are never called.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_organizations::types::{Root, Tag};

use crate::address::Reference;
use crate::aws::{AwsResult, Error, Poll};
pub(super) use crate::resource::pages::every_page;
use crate::resource::{ADDRESS_TAG, Context};

/// Declared tags, as the attributes hold them.
pub(super) type Tags = BTreeMap<String, String>;

/// A tag of Organizations.
pub(super) fn tag(key: &str, value: &str) -> AwsResult<Tag> {
    Tag::builder().key(key).value(value).build().map_err(|e| Error::internal(e.to_string()))
}

/// The tags of a creating call: the declared ones and overlord's, so that a crash leaves no untagged resource (invariant 8).
pub(super) fn creation_tags(context: &Context, declared: Option<&Tags>) -> AwsResult<Vec<Tag>> {
    let ours = tag(ADDRESS_TAG, &context.address().to_string());
    declared.into_iter().flatten().map(|(key, value)| tag(key, value)).chain([ours]).collect()
}

/// The declared tags that are to be written. Undeclared ones are unmanaged and stay.
pub(super) fn tags_to_write(before: Option<&Tags>, after: Option<&Tags>) -> Tags {
    let live = |key: &String| before.and_then(|tags| tags.get(key));
    after.into_iter().flatten().filter(|(key, value)| live(key) != Some(value)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// Writes tags to a root, OU, account or policy, including overlord's: from then on an adopted resource is identified by its address.
pub(super) async fn write_tags(context: &Context, id: &str, tags: &Tags) -> AwsResult<()> {
    let request = context.sessions().organizations().tag_resource().resource_id(id);
    request.set_tags(Some(creation_tags(context, Some(tags))?)).send().await.map_err(|e| Error::sdk("organizations:TagResource", &e))?;
    Ok(())
}

/// Accepts the result of a creating call without an answer only if overlord created it. `appeared` says what was found, `noun` what it
/// is.
///
/// # Errors
/// It was created outside overlord, after the plan was made.
pub(super) async fn only_ours(context: &Context, found: Option<String>, appeared: &str, noun: &str) -> AwsResult<Option<String>> {
    match found {
        Some(id) if !carries_our_address(context, &id).await? => Err(Error::Failed {
            message: format!("{appeared} while this ran, and overlord did not make it: `{id}`"),
            hint: Some(format!("run it again: the plan then starts from that {noun}")),
        }),
        found => Ok(found),
    }
}

/// Whether the tags of a live resource name the resource of `context`.
pub(super) async fn carries_our_address(context: &Context, id: &str) -> AwsResult<bool> {
    let client = context.sessions().organizations();
    let tags = every_page(
        |tag: &Tag| Some(tag.key()),
        |token| {
            let page = client.list_tags_for_resource().resource_id(id).set_next_token(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk("organizations:ListTagsForResource", &e))?;
                Ok((page.tags, page.next_token))
            }
        },
    );
    let address = context.address().to_string();
    Ok(tags.await?.iter().any(|tag| tag.key() == ADDRESS_TAG && tag.value() == address))
}

/// The root of the organization; there is one.
pub(super) async fn root(context: &Context) -> AwsResult<Option<Root>> {
    let client = context.sessions().organizations();
    let roots = every_page(
        |root: &Root| root.id(),
        |token| {
            let page = client.list_roots().set_next_token(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk("organizations:ListRoots", &e))?;
                Ok((page.roots, page.next_token))
            }
        },
    );
    Ok(roots.await?.into_iter().next())
}

/// Polls every 2 seconds at first, then less often, until `deadline`.
pub(super) fn poll(what: impl Into<String>, deadline: Duration) -> Poll {
    Poll { what: what.into(), pause: Duration::from_secs(2), deadline }
}

/// How long AWS may take until a new resource is visible everywhere.
pub(super) const SETTLING: Duration = Duration::from_secs(120);

/// The reason that Organizations gives for a service without trusted access.
pub(super) const SERVICE_ACCESS_NOT_ENABLED: &str = "SERVICE_ACCESS_NOT_ENABLED";

/// For a poll after a creation: not found is not an answer yet.
pub(super) fn settled<T>(result: AwsResult<T>) -> AwsResult<Option<T>> {
    const NOT_FOUND: &[&str] = &[
        "AccountNotFoundException",
        "ChildNotFoundException",
        "ParentNotFoundException",
        "PolicyNotFoundException",
        "TargetNotFoundException",
    ];
    match result {
        Err(e) if e.is(NOT_FOUND) => Ok(None),
        result => result.map(Some),
    }
}

/// Whether a reference to a parent or target means the root.
pub(super) fn is_root(reference: &Reference) -> bool {
    matches!(reference, Reference::Address(address) if *address == super::organization_address())
}

/// The error of a deletion that no plan contains: on removal, the kind is reported and never deleted.
pub(super) fn never_deleted(context: &Context) -> Error {
    Error::internal(format!("`{}` is never deleted", context.address()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_only_declared_tags_that_differ() {
        let tags = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Tags>();
        let (live, declared) = (tags(&[("a", "1"), ("b", "2"), ("foreign", "x")]), tags(&[("a", "1"), ("b", "3"), ("c", "4")]));
        assert_eq!(tags_to_write(Some(&live), Some(&declared)), tags(&[("b", "3"), ("c", "4")]));
        assert_eq!(tags_to_write(Some(&live), None), Tags::new());
        assert_eq!(tags_to_write(None, Some(&declared)), declared);
    }
}
