//! The interceptor before the request gate: a request waits for the rate limiter here, before it is signed.
//!
//! A signature is valid for 5 minutes, but the hundredth CreateAccount waits a quarter of an hour. So a request of overlord's own clients
//! waits when it resolves its identity, right before it is signed, once per attempt. [`OperationNameInterceptor`] puts a [`Ticket`] with
//! the operation's name into the request's configuration, and [`AdmissionInterceptor`] waits for the admission.
//! `OperationNameInterceptor` then passes the ticket to the request gate as an extension of the HTTP request, which is part of neither
//! the wire nor the signature. A request without an admission (the credential chain, a client created elsewhere) waits in the request
//! gate.

use std::sync::{Arc, Mutex, OnceLock};

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::identity::{IdentityFuture, ResolveCachedIdentity, SharedIdentityCache, SharedIdentityResolver};
use aws_smithy_runtime_api::client::interceptors::context::{BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_types::region::Region;

use super::RequestGate;
use super::operations;
use super::rate_limiter::{Permit, lock};

/// One attempt's ticket to the request gate. Dropping it releases everything it holds, however the attempt ends.
#[derive(Debug, Clone)]
pub(super) struct Ticket {
    /// `organizations`.
    pub service: String,
    /// `CreateAccount`.
    pub operation: String,
    admission: Arc<Mutex<Option<Permit>>>,
}

impl Storable for Ticket {
    type Storer = StoreReplace<Self>;
}

/// The prefix of a service's actions in policies, of what its SDK calls it. The request gate refuses a service that is in no table, and
/// names it in the refusal.
fn prefix_of(service: &str) -> String {
    operations::service_of_sdk(service).map_or_else(|| service.to_owned(), |service| service.prefix.to_owned())
}

impl Ticket {
    fn new(metadata: &Metadata) -> Self {
        Self { service: prefix_of(metadata.service()), operation: metadata.name().to_owned(), admission: Arc::default() }
    }

    /// The admission, once.
    pub fn redeem(&self) -> Option<Permit> {
        lock(&self.admission).take()
    }
}

/// The interceptor of overlord's own clients.
#[derive(Debug)]
pub(super) struct OperationNameInterceptor;

#[dyn_dispatch_hint]
impl Intercept for OperationNameInterceptor {
    fn name(&self) -> &'static str {
        "overlord::OperationNameInterceptor"
    }

    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(ticket) = bag.load::<Metadata>().map(Ticket::new) {
            bag.interceptor_state().store_put(ticket);
        }
        Ok(())
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(ticket) = bag.load::<Ticket>() {
            context.request_mut().add_extension(ticket.clone());
        }
        Ok(())
    }
}

/// The identity cache of one account: the SDK's own, plus the wait for the rate limiter.
#[derive(Debug)]
pub(super) struct AdmissionInterceptor {
    pub request_gate: RequestGate,
    pub cache: SharedIdentityCache,
    /// The account of these credentials, once it is known.
    pub account: Arc<OnceLock<String>>,
}

impl ResolveCachedIdentity for AdmissionInterceptor {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        bag: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        IdentityFuture::new(async move {
            // First, so that missing credentials are reported before any wait.
            let identity = self.cache.resolve_cached_identity(resolver.clone(), components, bag).await?;
            let credentials = identity.data::<Credentials>();
            let (Some(ticket), Some(credentials)) = (bag.load::<Ticket>(), credentials) else {
                return Ok(identity);
            };
            let known = self.account.get().map(String::as_str).or(credentials.account_id().map(|id| id.as_str()));
            if let Some(account) = known {
                self.request_gate.learn(credentials.access_key_id(), account);
            }
            let region = bag.load::<Region>().map(AsRef::as_ref);
            let Some(admission) =
                self.request_gate.admit(&ticket.service, &ticket.operation, Some(credentials.access_key_id()), region).await
            else {
                return Ok(identity);
            };
            *lock(&ticket.admission) = Some(admission);
            // Again, since they may have expired during the wait; usually this costs nothing.
            self.cache.resolve_cached_identity(resolver, components, bag).await
        })
    }

    fn validate_base_client_config(&self, components: &RuntimeComponentsBuilder, bag: &ConfigBag) -> Result<(), BoxError> {
        self.cache.validate_base_client_config(components, bag)
    }

    fn validate_final_config(&self, components: &RuntimeComponents, bag: &ConfigBag) -> Result<(), BoxError> {
        self.cache.validate_final_config(components, bag)
    }
}
