//! `delegated_administrator`: the account that administers a trusted service.

use serde::{Deserialize, Serialize};

use super::calls::{SERVICE_ACCESS_NOT_ENABLED, SETTLING, never_deleted, poll, settled};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, EventSpec, Kind, KindSpec, NamedBy, Need, OnChange, OnRemoval};

/// The attributes of a `delegated_administrator`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DelegatedAdministratorAttributes {
    /// The account.
    pub account: Reference,
    /// The service principal.
    pub service: String,
    /// The trusted service, which must be enabled first.
    pub trusted_service: Reference,
}

/// The kind.
pub struct DelegatedAdministrator;

impl Kind for DelegatedAdministrator {
    type Attributes = DelegatedAdministratorAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "delegated_administrator",
        summary: "the account that administers a trusted service",
        attributes: &[
            AttributeSpec::new("account", OnChange::Update),
            AttributeSpec::new("service", OnChange::Update),
            AttributeSpec::new("trusted_service", OnChange::Update),
        ],
        on_removal: OnRemoval::Report,
        own_id: false,
        needs: &[
            Need::plan(&["organizations:ListDelegatedAdministrators"]),
            Need::apply(&["organizations:DeregisterDelegatedAdministrator", "organizations:RegisterDelegatedAdministrator"]),
        ],
        events: &[
            EventSpec::changed(&["account"], &["organizations:RegisterDelegatedAdministrator"]),
            EventSpec::gone(&["organizations:DeregisterDelegatedAdministrator"]),
            // They are in the address, and never differ alone.
            EventSpec::unexplained(&["service", "trusted_service"]),
        ],
        named_by: NamedBy::Attributes(&["service", "account"]),
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls: &[&str] = match (before, after) {
            (_, None) => &[],
            (None, Some(_)) => &["organizations:RegisterDelegatedAdministrator"],
            (Some(before), Some(after)) if before == after => &[],
            (Some(_), Some(_)) => &["organizations:DeregisterDelegatedAdministrator", "organizations:RegisterDelegatedAdministrator"],
        };
        calls.iter().map(|&call| call.to_owned()).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        register(context, &context.resolve(&after.account)?, &after.service).await?;
        Ok(after.service)
    }

    /// Most services allow one administrator, so the old one is deregistered first. If AWS then refuses the new one, the old one is
    /// registered again: the service is not left without.
    async fn update(context: &Context, _id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let (old, new) = (context.resolve(&before.account)?, context.resolve(&after.account)?);
        deregister(context, &old, &before.service).await?;
        match register(context, &new, &after.service).await {
            Err(failed @ (Error::Refused(_) | Error::Deadline { .. })) => {
                register(context, &old, &before.service).await?;
                Err(failed)
            }
            result => result,
        }
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(never_deleted(context))
    }
}

async fn register(context: &Context, account: &str, service: &str) -> AwsResult<()> {
    let ask = || async {
        let request = context.sessions().organizations().register_delegated_administrator().account_id(account).service_principal(service);
        match request.send().await.map_err(|e| Error::sdk("organizations:RegisterDelegatedAdministrator", &e)) {
            Err(e) if e.is(&["AccountAlreadyRegisteredException"]) => Ok(Some(())),
            // This run has just trusted the service.
            Err(e) if e.has_reason(SERVICE_ACCESS_NOT_ENABLED) && context.has_made(service) => Ok(None),
            result => settled(result.map(drop)),
        }
    };
    poll(format!("the account `{account}` and the trust of `{service}` to be found"), SETTLING)
        .until(context.sessions().request_gate().interrupt(), ask)
        .await
}

async fn deregister(context: &Context, account: &str, service: &str) -> AwsResult<()> {
    let request = context.sessions().organizations().deregister_delegated_administrator().account_id(account).service_principal(service);
    match request.send().await.map_err(|e| Error::sdk("organizations:DeregisterDelegatedAdministrator", &e)) {
        // https://docs.aws.amazon.com/organizations/latest/APIReference/API_DeregisterDelegatedAdministrator.html
        Err(e) if e.is(&["AccountNotRegisteredException"]) => Ok(()),
        result => result.map(drop),
    }
}
