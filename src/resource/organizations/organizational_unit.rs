//! `ou`: an organizational unit.

use std::collections::BTreeMap;

use aws_sdk_organizations::types::OrganizationalUnit as SdkUnit;
use serde::{Deserialize, Serialize};

use super::calls::{SETTLING, creation_tags, every_page, only_ours, poll, settled, tags_to_write, write_tags};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, PolicyRole, Weight};

/// The attributes of a `ou`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrganizationalUnitAttributes {
    /// Its display name.
    pub name: String,
    /// The parent OU, or the organization for the root.
    pub parent: Reference,
    /// The declared tags; `None` when none are declared, and then none are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// The kind.
pub struct OrganizationalUnit;

impl Kind for OrganizationalUnit {
    type Attributes = OrganizationalUnitAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "ou",
        summary: "an organizational unit",
        attributes: &[
            AttributeSpec::new("name", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new("parent", OnChange::ReplaceCreateFirst).weighs(Weight::GuardRail),
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
        ],
        policy_role: PolicyRole::Unit,
        noun: Some(["OU", "OUs"]),
        unique_name_in: Some("parent"),
        recreated: Some("its place in the tree changed, and AWS cannot move an OU"),
        needs: &[
            Need::apply(&["organizations:CreateOrganizationalUnit", "organizations:TagResource", "organizations:UpdateOrganizationalUnit"]),
            Need::delete(Deletes::Addressed, &["organizations:DeleteOrganizationalUnit"]),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            EventSpec::changed(&["name"], &["organizations:UpdateOrganizationalUnit"]),
            EventSpec::gone(&["organizations:DeleteOrganizationalUnit"]).created_by("organizations:CreateOrganizationalUnit"),
            // org.toml changed: it is another OU.
            EventSpec::unexplained(&["parent"]),
        ],
        ..KindSpec::BASE
    };

    /// A new name is written with the tag: an OU whose name and key have both changed over time is still recognised by its address.
    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls: &[&str] = match (before, after) {
            (_, None) => &["organizations:DeleteOrganizationalUnit"],
            (None, Some(_)) => &["organizations:CreateOrganizationalUnit"],
            (Some(before), Some(after)) => match (before.name != after.name, retags(before, after)) {
                (true, _) => &["organizations:UpdateOrganizationalUnit", "organizations:TagResource"],
                (false, true) => &["organizations:TagResource"],
                (false, false) => &[],
            },
        };
        calls.iter().map(|&call| call.to_owned()).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let parent = context.resolve(&after.parent)?;
        let tags = creation_tags(context, after.tags.as_ref())?;
        let ask = || async {
            let request = context.sessions().organizations().create_organizational_unit().parent_id(&parent).name(&after.name);
            let request = request.set_tags(Some(tags.clone()));
            match request.send().await.map_err(|e| Error::sdk("organizations:CreateOrganizationalUnit", &e)) {
                Ok(made) => made
                    .organizational_unit()
                    .and_then(|ou| ou.id())
                    .map(|id| Some(id.to_owned()))
                    .ok_or_else(|| Error::failed(format!("AWS made the OU `{}` and did not name its id", after.name))),
                Err(e) if e.is(&["DuplicateOrganizationalUnitException"]) => take(context, &parent, &after.name).await.map(Some),
                Err(e) if e.is(&["ParentNotFoundException"]) && context.has_made(&parent) => Ok(None),
                Err(e) => Err(e),
            }
        };
        poll(format!("the parent `{parent}` to be found"), SETTLING).until(context.sessions().request_gate().interrupt(), ask).await
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let renamed = before.name != after.name;
        if renamed {
            let request = context.sessions().organizations().update_organizational_unit().organizational_unit_id(id).name(&after.name);
            request.send().await.map_err(|e| Error::sdk("organizations:UpdateOrganizationalUnit", &e))?;
        }
        if renamed || retags(&before, &after) {
            write_tags(context, id, &tags_to_write(before.tags.as_ref(), after.tags.as_ref())).await?;
        }
        Ok(())
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let ask = || async {
            let request = context.sessions().organizations().delete_organizational_unit().organizational_unit_id(id);
            match request.send().await.map_err(|e| Error::sdk("organizations:DeleteOrganizationalUnit", &e)) {
                Err(e) if e.is(&["OrganizationalUnitNotFoundException"]) => Ok(Some(())),
                // Its contents have just been moved out.
                Err(e) if e.is(&["OrganizationalUnitNotEmptyException"]) && context.is_released() => Ok(None),
                result => result.map(|_| Some(())),
            }
        };
        poll(format!("the OU `{id}` to be empty"), SETTLING).until(context.sessions().request_gate().interrupt(), ask).await
    }
}

fn retags(before: &OrganizationalUnitAttributes, after: &OrganizationalUnitAttributes) -> bool {
    !tags_to_write(before.tags.as_ref(), after.tags.as_ref()).is_empty()
}

/// The OU that already has the name, if an earlier attempt of overlord created it. AWS may list it only after a moment.
async fn take(context: &Context, parent: &str, name: &str) -> AwsResult<String> {
    let ask = || async { settled(find_ours(context, parent, name).await).map(Option::flatten) };
    poll(format!("the OU `{name}`, which AWS says exists, to be listed"), SETTLING)
        .until(context.sessions().request_gate().interrupt(), ask)
        .await
}

async fn find_ours(context: &Context, parent: &str, name: &str) -> AwsResult<Option<String>> {
    let client = context.sessions().organizations();
    let units = every_page(
        |ou: &SdkUnit| ou.id(),
        |token| {
            let page = client.list_organizational_units_for_parent().parent_id(parent).set_next_token(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk("organizations:ListOrganizationalUnitsForParent", &e))?;
                Ok((page.organizational_units, page.next_token))
            }
        },
    );
    let found = units.await?.into_iter().find(|ou| ou.name() == Some(name)).and_then(|ou| ou.id);
    only_ours(context, found, &format!("an OU named `{name}` appeared under the same parent"), "OU").await
}
