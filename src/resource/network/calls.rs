//! What the calls of the network kinds share: the client of the account and Region, tags, creating only once, waiting until AWS finds a
//! new resource, and waiting until AWS releases what is to be deleted.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::{Filter, NetworkInterface, ResourceType, Tag, TagSpecification, UnsuccessfulItem};
use sha2::{Digest, Sha256};

use super::describe::Ec2Reader;
use super::{EndpointStates, NatGatewayStates, Tags, tags_differ};
use crate::address::{Reference, Scope};
use crate::aws::{AwsResult, Error, Latest, Place, Poll, Refusal};
use crate::resource::{ADDRESS_TAG, Context};

/// How long AWS may take until a new resource is visible everywhere.
pub(super) const SETTLING: Duration = Duration::from_secs(120);

/// How old a run must be before a resource that it does not find counts as missing. A run after an interrupted one may read an older
/// state, in its snapshot and when it checks again. Usually reading and approval take longer than this.
const FIRST_LOOK: Duration = Duration::from_secs(5);

/// How long overlord looks for the result of a request without an answer before it sends the request again.
const LOOKING: Duration = Duration::from_secs(30);

/// How long another run may take to detect a duplicate and to delete its own.
const TAKING_BACK: Duration = Duration::from_secs(20);

/// How long AWS may take to release what used a resource that is to be deleted: network interfaces remain for minutes.
pub(super) const LINGERING: Duration = Duration::from_secs(5 * 60);

/// How often a creating call without an answer is sent, each time after looking for the result of the last one.
const ATTEMPTS: usize = 3;

/// Refusals to delete a resource that is still in use.
const IN_USE: &[&str] = &["DependencyViolation", "InvalidAddress.Locked", "InvalidIPAddress.InUse", "InvalidDhcpOptionsId.InUse"];

/// The client of one change, and what its calls must contain.
#[derive(Debug)]
pub(super) struct ResourceClient<'a> {
    pub client: Client,
    context: &'a Context,
    account: String,
    region: String,
}

/// Whether a resource may exist although the snapshot did not see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Earlier {
    /// An interrupted run may have created it just before the snapshot: a read is cheaper than a duplicate.
    Possible,
    /// Its parent was created by this run.
    Impossible,
}

impl<'a> ResourceClient<'a> {
    /// # Errors
    /// [`Context::ec2`].
    pub async fn of(context: &'a Context) -> AwsResult<Self> {
        let Scope { region, .. } = context.scope()?;
        let account = context.account_id(context.scope()?)?;
        Ok(Self { client: context.ec2().await?, context, account, region: region.clone() })
    }

    /// The client of the same change in the account and Region of another resource, such as the other side of a connection.
    ///
    /// # Errors
    /// The resource is in no account, or its account has no id yet: defects of the plan.
    pub fn there(context: &'a Context, resource: &Reference) -> AwsResult<Self> {
        let scope = match resource {
            Reference::Address(address) => address.scope(),
            Reference::Id(_) => None,
        };
        let scope = scope.ok_or_else(|| Error::internal(format!("`{resource}` is in no known account")))?;
        let account = context.account_id(scope)?;
        Ok(Self { client: context.sessions().ec2(&account, &scope.region), context, account, region: scope.region.clone() })
    }

    /// The latest status of the NAT gateways of the account and Region.
    pub fn nat_gateways(&self) -> AwsResult<Arc<Latest<NatGatewayStates>>> {
        self.context.nat_gateways()
    }

    /// The latest status of the endpoints of the account and Region.
    pub fn endpoints(&self) -> AwsResult<Arc<Latest<EndpointStates>>> {
        self.context.endpoints()
    }

    fn place(&self) -> Place {
        Place { account: self.account.clone(), region: Some(self.region.clone()) }
    }

    /// The Region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The reader's calls, to the same account and Region.
    pub fn questions(&self) -> Ec2Reader<'_> {
        Ec2Reader { client: &self.client, account: &self.account }
    }

    /// AWS's id for a reference.
    pub fn resolve(&self, reference: &Reference) -> AwsResult<String> {
        self.context.resolve(reference)
    }

    /// The ids of several.
    pub fn resolve_all<'r>(&self, references: impl IntoIterator<Item = &'r Reference>) -> AwsResult<Vec<String>> {
        references.into_iter().map(|reference| self.resolve(reference)).collect()
    }

    /// AWS's answer to `operation`, with overlord's error type.
    pub fn map_sdk_error<T, E>(&self, operation: &str, result: Result<T, SdkError<E>>) -> AwsResult<T>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        result.map_err(|e| Error::sdk(operation, &e).within(&self.account, &self.region))
    }

    /// The id in the answer to a creating call.
    pub fn id(&self, operation: &str, id: Option<String>) -> AwsResult<String> {
        let place = Some(Box::new(self.place()));
        id.ok_or_else(|| Error::NoAnswer { operation: operation.to_owned(), place, message: "the answer holds no id".to_owned() })
    }

    /// The first refusal of a call that answers per item.
    pub fn item_by_item(&self, operation: &str, items: Option<Vec<UnsuccessfulItem>>) -> AwsResult<()> {
        let Some(error) = items.unwrap_or_default().into_iter().find_map(|item| item.error) else { return Ok(()) };
        Err(Error::Refused(Refusal {
            operation: operation.to_owned(),
            place: Some(Box::new(self.place())),
            code: error.code.unwrap_or_default(),
            message: error.message.unwrap_or_default(),
            details: None,
            request_id: None,
        }))
    }

    /// A result that is not as requested.
    pub fn failed(&self, message: impl fmt::Display, hint: impl Into<String>) -> Error {
        Error::Failed { message: format!("{message} ({})", self.place()), hint: Some(hint.into()) }
    }

    /// The tags of a creating call: the declared ones and overlord's, so that a crash leaves no untagged resource (invariant 8).
    pub fn creation_tags(&self, resource: ResourceType, tags: &Tags) -> TagSpecification {
        TagSpecification::builder().resource_type(resource).set_tags(Some(self.tags(tags))).build()
    }

    fn tags(&self, tags: &Tags) -> Vec<Tag> {
        let address = self.context.address().to_string();
        let tags = tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).chain([(ADDRESS_TAG, address.as_str())]);
        tags.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
    }

    /// Writes the declared tags that differ, with overlord's. Undeclared tags are unmanaged and stay.
    pub async fn retag(&self, id: &str, before: &Tags, after: &Tags) -> AwsResult<()> {
        if !tags_differ(before, after) {
            return Ok(());
        }
        let changed = after.iter().filter(|(key, value)| before.get(*key) != Some(*value));
        self.write_tags(id, &changed.map(|(key, value)| (key.clone(), value.clone())).collect()).await
    }

    /// Writes tags, with overlord's.
    pub async fn write_tags(&self, id: &str, tags: &Tags) -> AwsResult<()> {
        let send = || async {
            let answer = self.client.create_tags().resources(id).set_tags(Some(self.tags(tags))).send().await;
            self.map_sdk_error("ec2:CreateTags", answer).map(drop)
        };
        self.retry_not_found(send).await
    }

    /// A filter for lists: the address tag of the resource that is being changed. An endpoint may return more: see [`Self::is_ours`].
    pub fn ours(&self) -> Filter {
        filter(&format!("tag:{ADDRESS_TAG}"), &self.context.address().to_string())
    }

    /// Whether these tags name the resource that is being changed.
    pub fn is_ours(&self, tags: &[Tag]) -> bool {
        let address = self.context.address().to_string();
        tags.iter().any(|tag| tag.key() == Some(ADDRESS_TAG) && tag.value() == Some(&address))
    }

    /// Whether something inside `place`, or in the account if `None`, may exist although the snapshot did not see it.
    pub fn earlier(&self, place: Option<&Reference>) -> AwsResult<Earlier> {
        let made = |place| self.context.is_alone() && self.context.made(place);
        let new = self.context.is_ours_alone(self.context.scope()?) || place.is_some_and(made);
        Ok(if new { Earlier::Impossible } else { Earlier::Possible })
    }

    /// Records that something exists from an earlier run.
    pub fn recognise(&self, id: &str) {
        self.context.recognise(id);
    }

    /// The token by which AWS recognises a repeated request: from the address and the other parameters of the request.
    pub fn token<'p>(&self, parts: impl IntoIterator<Item = &'p str>) -> String {
        let mut hash = Sha256::new();
        hash.update(self.context.address().to_string());
        parts.into_iter().for_each(|part| {
            hash.update([0]);
            hash.update(part);
        });
        // AWS accepts 64 characters at most.
        hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A token that only repeats within one try.
    pub fn this_try(&self) -> String {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        since.as_nanos().to_string()
    }

    /// Creates a resource that AWS would create twice if the request were repeated. `find` looks for all of them by tag.
    ///
    /// # Errors
    /// AWS refused; no attempt was answered and nothing was found; the interrupt.
    pub async fn create_idempotent<F, G>(
        &self,
        earlier: Earlier,
        find: impl Fn() -> F + Send + Sync,
        make: impl Fn() -> G + Send + Sync,
    ) -> AwsResult<String>
    where
        F: Future<Output = AwsResult<Vec<String>>> + Send,
        G: Future<Output = AwsResult<String>> + Send,
    {
        let find_one = || async { Ok(find().await?.into_iter().min()) };
        if earlier == Earlier::Possible {
            self.settle_down().await?;
            if let Some(id) = find_one().await? {
                self.recognise(&id);
                return Ok(id);
            }
        }
        let mut unanswered = None;
        for _ in 0..ATTEMPTS {
            match self.retry_not_found(&make).await {
                Err(e) if e.leaves_open() => unanswered = Some(e),
                Ok(id) if !self.context.is_alone() => return Box::pin(self.only_one(id, &find)).await,
                result => return result,
            }
            match self.poll("what a lost answer was about", LOOKING).until(self.interrupt(), &find_one).await {
                Err(Error::Deadline { .. }) => {}
                result => return result,
            }
        }
        Err(unanswered.unwrap_or_else(|| Error::internal(format!("no attempt to make `{}`", self.context.address()))))
    }

    /// Looks again after `id` was created: another run may have created the same at the same moment. If both runs see both, the run with
    /// the greater id deletes its own, and the other run waits for that. If it waits in vain, the other run did not see both, since it
    /// was there first: then this run deletes its own. So only one of two remains, and it is not the younger one.
    ///
    /// # Errors
    /// AWS refused; the interrupt.
    async fn only_one<F>(&self, id: String, find: impl Fn() -> F + Send + Sync) -> AwsResult<String>
    where
        F: Future<Output = AwsResult<Vec<String>>> + Send,
    {
        let listed = || async { Ok(Some(find().await?).filter(|ids| ids.contains(&id))) };
        let all = match self.poll("the new resource to be listed", LOOKING).until(self.interrupt(), listed).await {
            Err(Error::Deadline { .. }) => return Ok(id),
            all => all?,
        };
        let Some(other) = all.into_iter().filter(|other| *other != id).min() else { return Ok(id) };
        if id < other {
            let alone = || async { Ok(find().await?.iter().all(|other| *other == id).then_some(())) };
            match self.poll("another run to delete its duplicate", TAKING_BACK).until(self.interrupt(), alone).await {
                Err(Error::Deadline { .. }) => {}
                result => return result.map(|()| id),
            }
        }
        Box::pin(self.context.take_back(&id)).await?;
        // The remaining one may differ from what this run wants: then the check reports it.
        let left = find().await?.into_iter().filter(|left| *left != id).min().unwrap_or(other);
        self.recognise(&left);
        Ok(left)
    }

    /// Waits until the result of an earlier run is visible.
    async fn settle_down(&self) -> AwsResult<()> {
        let ask = || async { Ok((self.context.sessions().age() >= FIRST_LOOK).then_some(())) };
        self.wait("resources of earlier runs to be found", 2 * FIRST_LOOK, ask).await
    }

    /// The result of `find` after AWS refused to create a resource because it exists: a request whose answer was lost created it.
    ///
    /// # Errors
    /// Nothing is found: then it is unmanaged, and the refusal is the error.
    pub async fn found<F>(&self, refusal: &Error, find: impl Fn() -> F + Send + Sync) -> AwsResult<String>
    where
        F: Future<Output = AwsResult<Option<String>>> + Send,
    {
        match self.poll("the resource that AWS says exists", LOOKING).until(self.interrupt(), &find).await {
            Err(Error::Deadline { .. }) => Err(refusal.clone()),
            result => result,
        }
    }

    /// Repeats the request until AWS finds new resources everywhere. If one stays missing, AWS's refusal is the error.
    pub async fn retry_not_found<T, F>(&self, send: impl Fn() -> F + Send + Sync) -> AwsResult<T>
    where
        F: Future<Output = AwsResult<T>> + Send,
    {
        self.retry_while("the new resource to be found", SETTLING, is_missing, send).await
    }

    /// Repeats a deletion until nothing uses the resource any longer. A resource that is already gone is success. `inside` returns the
    /// network interfaces that could still be in it.
    ///
    /// # Errors
    /// AWS refused; it is still in use after some minutes, with what uses it; the interrupt.
    pub async fn deleted<F>(&self, inside: Option<Filter>, send: impl Fn() -> F + Send + Sync) -> AwsResult<()>
    where
        F: Future<Output = AwsResult<()>> + Send,
    {
        let is_in_use = |e: &Error| e.is(IN_USE);
        match (self.retry_while("the resources that use it to be released", LINGERING, is_in_use, send).await, inside) {
            (Err(e), _) if is_missing(&e) => Ok(()),
            (Err(e), Some(inside)) if is_in_use(&e) => Err(self.still_in_use(&e, inside).await),
            (result, _) => result,
        }
    }

    async fn still_in_use(&self, refusal: &Error, inside: Filter) -> Error {
        // The refusal is what matters; a failure of this read must not hide it.
        let interfaces = self.interfaces(inside).await.unwrap_or_default();
        let names: Vec<String> = interfaces.iter().map(name_of_interface).collect();
        let what = if names.is_empty() { "what uses it".to_owned() } else { names.join(", ") };
        let still = if names.is_empty() { String::new() } else { format!("; still in it: {what}") };
        Error::Failed {
            message: format!("{refusal}{still}"),
            hint: Some(format!("remove {what}, which overlord does not manage, then run the same command again")),
        }
    }

    /// The network interfaces that match a filter.
    pub async fn interfaces(&self, inside: Filter) -> AwsResult<Vec<NetworkInterface>> {
        let pages = self.client.describe_network_interfaces().filters(inside).into_paginator().items().send();
        self.map_sdk_error("ec2:DescribeNetworkInterfaces", pages.collect::<Result<Vec<_>, _>>().await)
    }

    /// Repeats the request while the refusal is temporary. After `deadline` the refusal is the result.
    pub async fn retry_while<T, F>(
        &self,
        what: &str,
        deadline: Duration,
        passes: impl Fn(&Error) -> bool + Send + Sync,
        send: impl Fn() -> F + Send + Sync,
    ) -> AwsResult<T>
    where
        F: Future<Output = AwsResult<T>> + Send,
    {
        let last = Mutex::new(None);
        let ask = || async {
            match send().await {
                Err(e) if passes(&e) => {
                    *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(e);
                    Ok(None)
                }
                result => result.map(Some),
            }
        };
        match self.poll(what, deadline).until(self.interrupt(), ask).await {
            Err(e @ Error::Deadline { .. }) => Err(last.into_inner().unwrap_or_else(PoisonError::into_inner).unwrap_or(e)),
            result => result,
        }
    }

    /// Repeats the question until there is an answer.
    pub async fn wait<T, F>(&self, what: &str, deadline: Duration, ask: impl FnMut() -> F) -> AwsResult<T>
    where
        F: Future<Output = AwsResult<Option<T>>>,
    {
        self.poll(what, deadline).until(self.interrupt(), ask).await
    }

    fn poll(&self, what: &str, deadline: Duration) -> Poll {
        Poll { what: format!("{what} ({}, {})", self.context.address(), self.place()), pause: Duration::from_secs(2), deadline }
    }

    fn interrupt(&self) -> &crate::aws::Interrupt {
        self.context.sessions().request_gate().interrupt()
    }
}

/// A filter of a list.
pub(super) fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// All of several ids.
pub(super) fn all(ids: impl IntoIterator<Item = Option<String>>) -> Vec<String> {
    ids.into_iter().flatten().collect()
}

/// The first of several ids in sorted order, so that every run uses the same; the reader reports that there are several.
pub(super) fn first(ids: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    ids.into_iter().flatten().min()
}

/// Whether AWS does not find a resource. EC2's codes have one of two forms, `InvalidVpcID.NotFound` and `NatGatewayNotFound`; RAM has
/// one.
pub(super) fn is_missing(error: &Error) -> bool {
    error.code().is_some_and(|code| code.ends_with("NotFound") || code == "UnknownResourceException")
}

fn name_of_interface(interface: &NetworkInterface) -> String {
    let id = interface.network_interface_id().unwrap_or("an interface");
    match interface.description().filter(|description| !description.is_empty()) {
        Some(description) => format!("{id} (`{description}`)"),
        None => id.to_owned(),
    }
}

/// The error of a deletion that no plan contains: on removal, the kind is reported and never deleted.
pub(super) fn never_deleted(context: &Context) -> Error {
    Error::internal(format!("`{}` is never deleted", context.address()))
}

#[cfg(test)]
#[path = "calls_tests.rs"]
mod tests;
