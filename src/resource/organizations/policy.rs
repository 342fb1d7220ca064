//! `policy`: a customer-managed policy of any type.

use std::collections::BTreeMap;

use aws_sdk_organizations::types::PolicySummary;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::calls::{SETTLING, creation_tags, every_page, only_ours, poll, settled, tags_to_write, write_tags};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, PolicyRole, Says, Weight};

/// The attributes of a `policy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyAttributes {
    /// The document in canonical form (`crate::policy`).
    pub content: Value,
    /// Its purpose; may be empty.
    pub description: String,
    /// Its display name; unique within its type.
    pub name: String,
    /// The enabled type, `policy_type.<TYPE>`.
    pub policy_type: Reference,
    /// The declared tags; `None` when none are declared, and then none are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// The kind.
pub struct Policy;

impl Kind for Policy {
    type Attributes = PolicyAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "policy",
        summary: "a customer-managed policy of any type",
        attributes: &[
            AttributeSpec::new("content", OnChange::Update),
            AttributeSpec::new("description", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new("name", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new("policy_type", OnChange::ReplaceCreateFirst),
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
        ],
        weight: Weight::GuardRail,
        policy_role: PolicyRole::Policy,
        unique_name_in: Some("policy_type"),
        needs: &[
            Need::apply(&["organizations:CreatePolicy", "organizations:TagResource", "organizations:UpdatePolicy"]),
            Need::delete(Deletes::Addressed, &["organizations:DeletePolicy"]),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            EventSpec::changed(&["content", "description", "name"], &["organizations:UpdatePolicy"]).saying(Says::ResourceAndParameter),
            EventSpec::gone(&["organizations:DeletePolicy"]).created_by("organizations:CreatePolicy"),
            // org.toml changed: it is another policy.
            EventSpec::unexplained(&["policy_type"]),
        ],
        ..KindSpec::BASE
    };

    /// A new name is written with the tag: a policy whose name and key have both changed over time is still recognised by its address.
    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let (Some(before), Some(after)) = (before, after) else {
            let call = if after.is_some() { "organizations:CreatePolicy" } else { "organizations:DeletePolicy" };
            return vec![call.to_owned()];
        };
        let update = Edit::between(before, after).map(|_| "organizations:UpdatePolicy");
        let tag = retags(before, after).then_some("organizations:TagResource");
        update.into_iter().chain(tag).map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let kind = policy_type(&after.policy_type)?;
        let tags = creation_tags(context, after.tags.as_ref())?;
        let request = context.sessions().organizations().create_policy().name(&after.name).description(&after.description);
        let request = request.r#type(kind.as_str().into()).content(after.content.to_string()).set_tags(Some(tags));
        match request.send().await.map_err(|e| Error::sdk("organizations:CreatePolicy", &e)) {
            Ok(made) => made
                .policy()
                .and_then(|policy| policy.policy_summary()?.id())
                .map(str::to_owned)
                .ok_or_else(|| Error::failed(format!("AWS made the policy `{}` and did not name its id", after.name))),
            Err(e) if e.is(&["DuplicatePolicyException"]) => take(context, &kind, &after).await,
            Err(e) => Err(e),
        }
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        if let Some(edit) = Edit::between(&before, &after) {
            edit.send(context, id).await?;
        }
        if retags(&before, &after) {
            write_tags(context, id, &tags_to_write(before.tags.as_ref(), after.tags.as_ref())).await?;
        }
        Ok(())
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let ask = || async {
            let request = context.sessions().organizations().delete_policy().policy_id(id);
            match request.send().await.map_err(|e| Error::sdk("organizations:DeletePolicy", &e)) {
                Err(e) if e.is(&["PolicyNotFoundException"]) => Ok(Some(())),
                // It has just been detached.
                Err(e) if e.is(&["PolicyInUseException"]) && context.is_released() => Ok(None),
                result => result.map(|_| Some(())),
            }
        };
        poll(format!("the policy `{id}` to be attached nowhere"), SETTLING).until(context.sessions().request_gate().interrupt(), ask).await
    }
}

/// The type as the API spells it: the key of `policy_type.<TYPE>`.
fn policy_type(reference: &Reference) -> AwsResult<String> {
    match reference {
        Reference::Address(address) => Ok(address.key().to_owned()),
        Reference::Id(id) => Err(Error::internal(format!("invalid address of a policy type: `{id}`"))),
    }
}

fn retags(before: &PolicyAttributes, after: &PolicyAttributes) -> bool {
    before.name != after.name || !tags_to_write(before.tags.as_ref(), after.tags.as_ref()).is_empty()
}

/// The content of an UpdatePolicy: what differs, and nothing else.
#[derive(Debug, PartialEq)]
struct Edit {
    name: Option<String>,
    description: Option<String>,
    content: Option<String>,
}

impl Edit {
    fn between(before: &PolicyAttributes, after: &PolicyAttributes) -> Option<Self> {
        let edit = Self {
            name: (before.name != after.name).then(|| after.name.clone()),
            description: (before.description != after.description).then(|| after.description.clone()),
            // Every character counts towards AWS's limit, so the document is sent without white space.
            content: (before.content != after.content).then(|| after.content.to_string()),
        };
        (edit != Self { name: None, description: None, content: None }).then_some(edit)
    }

    async fn send(self, context: &Context, id: &str) -> AwsResult<()> {
        let request = context.sessions().organizations().update_policy().policy_id(id);
        let request = request.set_name(self.name).set_description(self.description).set_content(self.content);
        request.send().await.map(drop).map_err(|e| Error::sdk("organizations:UpdatePolicy", &e))
    }
}

/// The policy that already has the name, if an earlier attempt of overlord created it. Its document may be that attempt's, so it is sent
/// again.
async fn take(context: &Context, kind: &str, after: &PolicyAttributes) -> AwsResult<String> {
    let ask = || async { settled(find_ours(context, kind, &after.name).await).map(Option::flatten) };
    let found = poll(format!("the policy `{}`, which AWS says exists, to be listed", after.name), SETTLING);
    let id = found.until(context.sessions().request_gate().interrupt(), ask).await?;
    let edit = Edit { name: None, description: Some(after.description.clone()), content: Some(after.content.to_string()) };
    edit.send(context, &id).await?;
    Ok(id)
}

async fn find_ours(context: &Context, kind: &str, name: &str) -> AwsResult<Option<String>> {
    let client = context.sessions().organizations();
    let policies = every_page(
        |policy: &PolicySummary| policy.id(),
        |token| {
            let page = client.list_policies().filter(kind.into()).set_next_token(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk("organizations:ListPolicies", &e))?;
                Ok((page.policies, page.next_token))
            }
        },
    );
    let found = policies.await?.into_iter().find(|policy| policy.name() == Some(name)).and_then(|policy| policy.id);
    only_ours(context, found, &format!("a policy named `{name}` appeared"), "policy").await
}
