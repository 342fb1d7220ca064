//! The calls that read an organization, one page at a time, and AWS's answers in plain values.

use std::collections::BTreeMap;

use aws_sdk_account::types::RegionOptStatus;
use aws_sdk_organizations::primitives::{DateTime, DateTimeFormat as Format};
use aws_sdk_organizations::types::{Account, AccountJoinedMethod, DelegatedAdministrator, PolicySummary, PolicyTypeSummary, Root};
use aws_sdk_resourcegroupstagging::Client as Tagging;
use aws_sdk_resourcegroupstagging::types::Tag;
use aws_smithy_types::retry::RetryConfig;

use super::contacts::Subject;
use super::invited::LiveInvitation;
use super::world::{Joined, LivePolicy, Member, Unit};
use super::{AlternateContactAttributes, PrimaryContactAttributes, alternate_contact, handshakes, management_account_of, primary_contact};
use crate::aws::{AwsResult, Error};
use crate::limits::LIMITS;

/// The clients for the questions.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    pub organizations: aws_sdk_organizations::Client,
    pub account: aws_sdk_account::Client,
    pub tagging: aws_sdk_resourcegroupstagging::Client,
}

/// A question; a list is read page by page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Question {
    /// The root, with the management account and the policy types.
    Root,
    /// Only needed if no enabled policy type shows it.
    FeatureSet,
    /// All accounts.
    Accounts,
    /// The accounts directly under the root or an OU.
    AccountsOf(String),
    /// The OUs directly under the root or an OU.
    UnitsOf(String),
    /// The policies of a type.
    Policies(String),
    /// The document of a policy.
    Document(String),
    /// The targets of a policy.
    Targets(String),
    /// The trusted services.
    Services,
    /// The accounts that administer a service.
    Administrators(String),
    /// The invitations of the last weeks.
    Invitations,
    /// The accounts that administer any service. Per service it would take a call for each, and AWS refuses those that cannot have an
    /// administrator.
    AllAdministrators,
    /// The services that an account administers.
    ServicesOf(String),
    /// The tags of any resource.
    Tags(String),
    /// The tags of up to [`TAGS_AT_ONCE`] accounts, by ARN, from the index of the Resource Groups Tagging API.
    IndexedTags(Vec<String>),
    /// An alternate contact of an account, by its type.
    AlternateContact(Subject, String),
    /// The primary contact of an account.
    PrimaryContact(Subject),
    /// The opt-in Regions that an account has.
    Regions(Subject),
}

/// The contents of one page.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// The account is in no organization.
    NoOrganization,
    /// The resource no longer exists, or is not visible everywhere yet: it was listed a moment ago.
    Gone,
    /// None on an empty page.
    Root(Option<LiveRoot>),
    FeatureSet(String),
    Accounts(Vec<(String, Member)>),
    Units(Vec<(String, Unit)>),
    Policies(Vec<(String, LivePolicy)>),
    Document(String),
    Targets(Vec<String>),
    Services(Vec<String>),
    Administrators(Vec<String>),
    Invitations(Vec<(String, LiveInvitation)>),
    DelegatedServices(Vec<String>),
    Tags(Vec<(String, String)>),
    /// By account id; an account that is not in the index is missing. `None` if AWS refuses or does not offer the index.
    IndexedTags(Option<BTreeMap<String, BTreeMap<String, String>>>),
    AlternateContact(Option<AlternateContactAttributes>),
    PrimaryContact(Option<Box<PrimaryContactAttributes>>),
    Regions(Vec<String>),
}

/// The root.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LiveRoot {
    pub id: String,
    pub arn: String,
    pub management_account: String,
    /// Type and status.
    pub policy_types: Vec<(String, String)>,
}

/// One page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Page {
    pub answer: Answer,
    /// The token of the next page.
    pub token: Option<String>,
}

/// The largest page that AWS returns.
const PAGE: i32 = 20;

/// The most resources that one GetResources accepts.
/// <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html>, read 2026-12-01.
pub(super) const TAGS_AT_ONCE: usize = 100;

/// The index is an optional read: accounts without an answer are read one by one. So it is not retried for long.
const INDEX_ATTEMPTS: u32 = 2;

impl Question {
    /// The operation that it calls, `service:Operation`.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Root => "organizations:ListRoots",
            Self::FeatureSet => "organizations:DescribeOrganization",
            Self::Accounts => "organizations:ListAccounts",
            Self::AccountsOf(_) => "organizations:ListAccountsForParent",
            Self::UnitsOf(_) => "organizations:ListOrganizationalUnitsForParent",
            Self::Policies(_) => "organizations:ListPolicies",
            Self::Document(_) => "organizations:DescribePolicy",
            Self::Targets(_) => "organizations:ListTargetsForPolicy",
            Self::Services => "organizations:ListAWSServiceAccessForOrganization",
            Self::Invitations => "organizations:ListHandshakesForOrganization",
            Self::Administrators(_) | Self::AllAdministrators => "organizations:ListDelegatedAdministrators",
            Self::ServicesOf(_) => "organizations:ListDelegatedServicesForAccount",
            Self::Tags(_) => "organizations:ListTagsForResource",
            Self::IndexedTags(_) => "tag:GetResources",
            Self::AlternateContact(..) => "account:GetAlternateContact",
            Self::PrimaryContact(_) => "account:GetContactInformation",
            Self::Regions(_) => "account:ListRegions",
        }
    }

    /// Reads one page.
    ///
    /// # Errors
    /// AWS refused, or gave no usable answer.
    pub async fn ask(&self, clients: &Clients, token: Option<String>) -> AwsResult<Page> {
        match self.send(clients, token).await {
            Err(e) if e.is(&["AWSOrganizationsNotInUseException"]) => Ok(Page { answer: Answer::NoOrganization, token: None }),
            Err(e) if e.is(&["PolicyNotFoundException", "TargetNotFoundException", "ParentNotFoundException"]) => {
                Ok(Page { answer: Answer::Gone, token: None })
            }
            result => result,
        }
    }

    async fn send(&self, clients: &Clients, token: Option<String>) -> AwsResult<Page> {
        let client = &clients.organizations;
        let page = |answer, token: Option<&str>| Ok(Page { answer, token: token.map(str::to_owned) });
        // The error's type differs per call.
        macro_rules! answer {
            ($request:expr) => {
                $request.send().await.map_err(|e| Error::sdk(self.operation(), &e))?
            };
        }
        match self {
            Self::Root => {
                let answer = answer!(client.list_roots().max_results(PAGE).set_next_token(token));
                page(Answer::Root(answer.roots().first().map(root).transpose()?), answer.next_token())
            }
            Self::FeatureSet => {
                let answer = answer!(client.describe_organization());
                let feature_set = answer.organization().and_then(|organization| organization.feature_set());
                page(Answer::FeatureSet(feature_set.map(|set| set.as_str().to_owned()).unwrap_or_default()), None)
            }
            Self::Accounts => {
                let answer = answer!(client.list_accounts().max_results(PAGE).set_next_token(token));
                page(Answer::Accounts(answer.accounts().iter().filter_map(|live| member(live, None)).collect()), answer.next_token())
            }
            Self::AccountsOf(parent) => {
                let answer = answer!(client.list_accounts_for_parent().parent_id(parent).max_results(PAGE).set_next_token(token));
                let accounts = answer.accounts().iter().filter_map(|live| member(live, Some(parent))).collect();
                page(Answer::Accounts(accounts), answer.next_token())
            }
            Self::UnitsOf(parent) => {
                let request = client.list_organizational_units_for_parent().parent_id(parent).max_results(PAGE);
                let answer = answer!(request.set_next_token(token));
                let unit = |name: Option<&str>| Unit { name: name.unwrap_or_default().to_owned(), parent: parent.clone() };
                let units = answer.organizational_units().iter().filter_map(|ou| Some((ou.id()?.to_owned(), unit(ou.name()))));
                page(Answer::Units(units.collect()), answer.next_token())
            }
            Self::Policies(name) => {
                let answer = answer!(client.list_policies().filter(name.as_str().into()).max_results(PAGE).set_next_token(token));
                page(Answer::Policies(answer.policies().iter().filter_map(|live| policy(live, name)).collect()), answer.next_token())
            }
            Self::Document(id) => {
                let answer = answer!(client.describe_policy().policy_id(id));
                let content = answer.policy().and_then(|policy| policy.content()).unwrap_or_default();
                page(Answer::Document(content.to_owned()), None)
            }
            Self::Targets(id) => {
                let answer = answer!(client.list_targets_for_policy().policy_id(id).max_results(PAGE).set_next_token(token));
                let targets = answer.targets().iter().filter_map(|target| target.target_id()).map(str::to_owned);
                page(Answer::Targets(targets.collect()), answer.next_token())
            }
            Self::Services => {
                let request = client.list_aws_service_access_for_organization().max_results(PAGE);
                let answer = answer!(request.set_next_token(token));
                let services = answer.enabled_service_principals().iter().filter_map(|service| service.service_principal());
                page(Answer::Services(services.map(str::to_owned).collect()), answer.next_token())
            }
            Self::Administrators(service) => {
                let request = client.list_delegated_administrators().service_principal(service).max_results(PAGE);
                let answer = answer!(request.set_next_token(token));
                page(Answer::Administrators(ids(answer.delegated_administrators())), answer.next_token())
            }
            Self::AllAdministrators => {
                let answer = answer!(client.list_delegated_administrators().max_results(PAGE).set_next_token(token));
                page(Answer::Administrators(ids(answer.delegated_administrators())), answer.next_token())
            }
            Self::ServicesOf(account) => {
                let request = client.list_delegated_services_for_account().account_id(account).max_results(PAGE);
                let answer = answer!(request.set_next_token(token));
                let services = answer.delegated_services().iter().filter_map(|service| service.service_principal()).map(str::to_owned);
                page(Answer::DelegatedServices(services.collect()), answer.next_token())
            }
            Self::Invitations => {
                let request = client.list_handshakes_for_organization().filter(handshakes::invitations_only()).max_results(PAGE);
                let answer = answer!(request.set_next_token(token));
                page(Answer::Invitations(answer.handshakes().iter().filter_map(handshakes::invitation).collect()), answer.next_token())
            }
            Self::Tags(id) => {
                let answer = answer!(client.list_tags_for_resource().resource_id(id).set_next_token(token));
                let tags = answer.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
                page(Answer::Tags(tags.collect()), answer.next_token())
            }
            Self::IndexedTags(arns) => page(Answer::IndexedTags(indexed_tags(&clients.tagging, arns).await), None),
            Self::AlternateContact(subject, contact_type) => {
                page(Answer::AlternateContact(alternate_contact::get(&clients.account, subject, contact_type).await?), None)
            }
            Self::PrimaryContact(subject) => {
                let contact = primary_contact::get(&clients.account, subject).await?;
                page(Answer::PrimaryContact(contact.map(Box::new)), None)
            }
            Self::Regions(subject) => {
                let request = clients.account.list_regions().set_account_id(subject.parameter()).set_next_token(token);
                let opted = [RegionOptStatus::Enabled, RegionOptStatus::Enabling];
                let answer = request.set_region_opt_status_contains(Some(opted.into())).send().await;
                let answer = answer.map_err(|e| Error::sdk("account:ListRegions", &e))?;
                let regions = answer.regions().iter().filter_map(|region| region.region_name()).map(str::to_owned);
                page(Answer::Regions(regions.collect()), answer.next_token())
            }
        }
    }
}

impl Answer {
    /// The contents of the page, for the guard against endless pages.
    pub fn items(&self) -> Vec<&str> {
        match self {
            Self::NoOrganization
            | Self::Gone
            | Self::Root(_)
            | Self::FeatureSet(_)
            | Self::Document(_)
            | Self::IndexedTags(_)
            | Self::AlternateContact(_)
            | Self::PrimaryContact(_) => Vec::new(),
            Self::Accounts(items) => items.iter().map(|(id, _)| id.as_str()).collect(),
            Self::Units(items) => items.iter().map(|(id, _)| id.as_str()).collect(),
            Self::Invitations(items) => items.iter().map(|(id, _)| id.as_str()).collect(),
            Self::Policies(items) => items.iter().map(|(id, _)| id.as_str()).collect(),
            Self::Tags(items) => items.iter().map(|(key, _)| key.as_str()).collect(),
            Self::Targets(items)
            | Self::Services(items)
            | Self::Administrators(items)
            | Self::DelegatedServices(items)
            | Self::Regions(items) => items.iter().map(String::as_str).collect(),
        }
    }
}

/// `None` after any failure: no permission, an endpoint that does not serve it, no network. The caller then reads one by one, and reports
/// an error that matters.
async fn indexed_tags(client: &Tagging, arns: &[String]) -> Option<BTreeMap<String, BTreeMap<String, String>>> {
    let few = aws_sdk_resourcegroupstagging::config::Builder::new().retry_config(RetryConfig::standard().with_max_attempts(INDEX_ATTEMPTS));
    let request = client.get_resources().set_resource_arn_list(Some(arns.to_vec()));
    let answer = request.customize().config_override(few).send().await.ok()?;
    let account = |arn: &str| arn.rsplit('/').next().map(str::to_owned);
    let tags = |tags: &[Tag]| tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
    let found = answer.resource_tag_mapping_list().iter();
    Some(found.filter_map(|resource| Some((account(resource.resource_arn()?)?, tags(resource.tags())))).collect())
}

fn ids(administrators: &[DelegatedAdministrator]) -> Vec<String> {
    administrators.iter().filter_map(|account| account.id()).map(str::to_owned).collect()
}

fn root(live: &Root) -> AwsResult<LiveRoot> {
    let found = live.id().zip(live.arn().and_then(management_account_of));
    let (id, management_account) = found.ok_or_else(|| Error::failed("AWS names the root of the organization without its id or ARN"))?;
    let status = |summary: &PolicyTypeSummary| Some((summary.r#type()?.as_str().to_owned(), summary.status()?.as_str().to_owned()));
    Ok(LiveRoot {
        id: id.to_owned(),
        arn: live.arn().unwrap_or_default().to_owned(),
        management_account: management_account.to_owned(),
        policy_types: live.policy_types().iter().filter_map(status).collect(),
    })
}

/// `parent` if the question names it; else the last but one part of the account's path.
fn member(live: &Account, parent: Option<&String>) -> Option<(String, Member)> {
    let state = live.state().map(|state| state.as_str()).or(live.status().map(|status| status.as_str()));
    let member = Member {
        name: live.name().unwrap_or_default().to_owned(),
        email: live.email().unwrap_or_default().to_owned(),
        state: state.unwrap_or_default().to_owned(),
        parent: parent.cloned().or_else(|| live.paths().first().and_then(|path| parent_in(path))),
        joined: joined(live),
    };
    Some((live.id()?.to_owned(), member))
}

fn joined(live: &Account) -> Joined {
    const DAY: i64 = 24 * 60 * 60;
    let stays = i64::from(LIMITS.quotas.created_account_stays_days) * DAY;
    match live.joined_method() {
        Some(AccountJoinedMethod::Invited) => Joined::Invited,
        Some(AccountJoinedMethod::Created) => {
            let may_leave = live.joined_timestamp().map(|joined| DateTime::from_secs(joined.secs().saturating_add(stays)));
            Joined::Created { may_leave: may_leave.and_then(|time| time.fmt(Format::DateTime).ok()) }
        }
        Some(_) | None => Joined::Unknown,
    }
}

/// `o-…/r-…/ou-…/<account>`, with or without a slash at the end: the last part that is a root or an OU.
fn parent_in(path: &str) -> Option<String> {
    path.rsplit('/').find(|part| part.starts_with("ou-") || part.starts_with("r-")).map(str::to_owned)
}

fn policy(live: &PolicySummary, policy_type: &str) -> Option<(String, LivePolicy)> {
    let policy = LivePolicy {
        policy_type: policy_type.to_owned(),
        name: live.name().unwrap_or_default().to_owned(),
        description: live.description().unwrap_or_default().to_owned(),
        aws_managed: live.aws_managed(),
        ..LivePolicy::default()
    };
    Some((live.id()?.to_owned(), policy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_parent_in_a_path() {
        for (path, parent) in [
            ("o-1/r-ab/ou-ab-1/ou-ab-2/111111111111/", Some("ou-ab-2")),
            ("o-1/r-ab/ou-ab-1/111111111111", Some("ou-ab-1")),
            ("o-1/r-ab/111111111111/", Some("r-ab")),
            ("111111111111", None),
        ] {
            assert_eq!(parent_in(path).as_deref(), parent, "{path}");
        }
    }
}
