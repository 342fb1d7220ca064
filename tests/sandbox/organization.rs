//! What the operations do when all is well.

use std::collections::BTreeSet;

use aws_sdk_organizations::types::{ChildType, OrganizationFeatureSet, PolicyType, PolicyTypeStatus, Tag};
use overlord::sandbox::{Effect, Weather, describe};

use crate::sandbox::common::*;

#[tokio::test]
async fn an_organization_from_nothing() {
    let (sandbox, client) = bare(Weather::default());
    let organization = client.create_organization().feature_set(OrganizationFeatureSet::All).send().await.unwrap().organization.unwrap();
    assert_eq!(organization.master_account_id(), Some(MANAGEMENT));
    assert_eq!(organization.id().unwrap().len(), 12);

    let root = client.list_roots().send().await.unwrap().roots.unwrap().remove(0);
    assert_eq!(root.policy_types(), [], "Terraform's acceptance tests find none enabled");
    let root = root.id.unwrap();
    client.enable_policy_type().root_id(&root).policy_type(PolicyType::ServiceControlPolicy).send().await.unwrap();

    let hipaa = create_ou(&client, &root, "hipaa").await;
    let pci = create_ou(&client, &hipaa, "hipaa-pci").await;
    let deny = create_policy(&client, PolicyType::ServiceControlPolicy, "deny-leaving", SCP).await;
    client.attach_policy().policy_id(&deny).target_id(&hipaa).send().await.unwrap();
    let account = create_account(&client, "billing-prod", "billing@example.com").await.unwrap();
    client.move_account().account_id(&account).source_parent_id(&root).destination_parent_id(&pci).send().await.unwrap();

    let accounts = client.list_accounts().send().await.unwrap().accounts.unwrap();
    let created = accounts.iter().find(|other| other.id() == Some(&account)).unwrap();
    let path = format!("{}/{root}/{hipaa}/{pci}/{account}/", organization.id().unwrap());
    assert_eq!(created.paths(), [path]);
    assert_eq!(created.state().unwrap().as_str(), "ACTIVE");

    let parents = client.list_parents().child_id(&account).send().await.unwrap().parents.unwrap();
    assert_eq!(parents[0].id(), Some(pci.as_str()));
    let children =
        client.list_children().parent_id(&hipaa).child_type(ChildType::OrganizationalUnit).send().await.unwrap().children.unwrap();
    assert_eq!(children[0].id(), Some(pci.as_str()));
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
    let shown = describe(&sandbox.world());
    assert!(shown.contains("└─ hipaa-pci/  [FullAWSAccess]"), "{shown}");
    assert!(shown.contains(&format!("   └─ billing-prod {account} billing@example.com  [FullAWSAccess]")), "{shown}");
    assert!(shown.contains("hipaa/  [FullAWSAccess, deny-leaving]"), "{shown}");

    let journal = sandbox.journal();
    let moves: Vec<_> = journal.iter().filter(|entry| entry.operation == "organizations:MoveAccount").collect();
    assert_eq!(moves.len(), 1);
    assert_eq!(moves[0].parameters["DestinationParentId"], pci);
    let reads: BTreeSet<&str> = journal.iter().filter(|e| e.effect == Effect::Read).map(|e| e.operation.as_str()).collect();
    assert!(reads.contains("organizations:ListRoots") && !reads.contains("organizations:CreateAccount"));
}

#[tokio::test]
async fn consolidated_billing_becomes_all_features() {
    let (_, client) = bare(Weather::default());
    client.create_organization().feature_set(OrganizationFeatureSet::ConsolidatedBilling).send().await.unwrap();
    create_account(&client, "member", "member@example.com").await.unwrap();
    let root = client.list_roots().send().await.unwrap().roots.unwrap().remove(0);
    assert!(root.policy_types().is_empty());
    let trust = client.enable_aws_service_access().service_principal("config.amazonaws.com").send().await;
    assert_eq!(refusal(trust), "ConstraintViolationException/OrganizationNotInAllFeaturesMode");
    let scp = PolicyType::ServiceControlPolicy;
    let enable = client.enable_policy_type().root_id(root.id().unwrap()).policy_type(scp.clone()).send().await;
    assert_eq!(refusal(enable), "PolicyTypeNotAvailableForOrganizationException");

    let handshake = client.enable_all_features().send().await.unwrap().handshake.unwrap();
    client.accept_handshake().handshake_id(handshake.id().unwrap()).send().await.unwrap();
    let organization = client.describe_organization().send().await.unwrap().organization.unwrap();
    assert_eq!(organization.feature_set(), Some(&OrganizationFeatureSet::All));
    client.enable_policy_type().root_id(root.id().unwrap()).policy_type(scp).send().await.unwrap();
    let again = client.accept_handshake().handshake_id(handshake.id().unwrap()).send().await;
    assert_eq!(refusal(again), "HandshakeAlreadyInStateException");
    assert!(refusal(client.enable_all_features().send().await).starts_with("HandshakeConstraintViolationException/"));
}

#[tokio::test]
async fn enabling_a_type_attaches_its_default_to_everything_and_disabling_detaches_all() {
    let (sandbox, client, root) = organized(Weather::default()).await;
    let ou = create_ou(&client, &root, "a").await;
    let rcp = PolicyType::ResourceControlPolicy;
    let shown = client.enable_policy_type().root_id(&root).policy_type(rcp.clone()).send().await.unwrap().root.unwrap();
    assert_eq!(shown.policy_types()[0].status(), Some(&PolicyTypeStatus::PendingEnable));
    let later = create_ou(&client, &root, "b").await;
    for target in [&root, &ou, &later, MANAGEMENT] {
        let attached = client.list_policies_for_target().target_id(target).filter(rcp.clone()).send().await.unwrap().policies.unwrap();
        assert_eq!(attached[0].id(), Some("p-RCPFullAWSAccess"));
    }
    client.disable_policy_type().root_id(&root).policy_type(rcp.clone()).send().await.unwrap();
    let targets = client.list_targets_for_policy().policy_id("p-RCPFullAWSAccess").send().await.unwrap();
    assert!(targets.targets().is_empty());
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
}

#[tokio::test]
async fn lists_are_complete_page_by_page() {
    for empty_pages in [0.0, 0.3] {
        let (_, client, root) = organized(Weather { empty_pages, ..Weather::default() }).await;
        let mut created = BTreeSet::from([MANAGEMENT.to_owned()]);
        for number in 0..47 {
            created.insert(create_account(&client, "a", &format!("a{number}@example.com")).await.unwrap());
        }
        let mut pages = client.list_accounts().into_paginator().send();
        let (mut seen, mut sizes) = (Vec::new(), Vec::new());
        while let Some(page) = pages.next().await {
            let accounts = page.unwrap().accounts.unwrap();
            sizes.push(accounts.len());
            seen.extend(accounts.into_iter().filter_map(|account| account.id));
        }
        assert_eq!(seen.len(), 48, "nothing twice");
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), created);
        if empty_pages == 0.0 {
            assert_eq!(sizes, [20, 20, 8]);
        }
        let of_root = client.list_accounts_for_parent().parent_id(&root).max_results(7).into_paginator().send();
        let of_root = of_root.try_collect().await.unwrap();
        assert_eq!(of_root.iter().map(|page| page.accounts().len()).sum::<usize>(), 48);
        let targets = client.list_targets_for_policy().policy_id("p-FullAWSAccess").into_paginator().send();
        let targets = targets.try_collect().await.unwrap();
        assert_eq!(targets.iter().map(|page| page.targets().len()).sum::<usize>(), 49);
        let by_four = client.list_accounts().max_results(4).into_paginator().send().try_collect().await.unwrap();
        assert_eq!(by_four.iter().map(|page| page.accounts().len()).sum::<usize>(), 48);
        assert_eq!(by_four.iter().any(|page| page.accounts().is_empty()), empty_pages > 0.0);
    }
}

#[tokio::test]
async fn tags_come_with_the_creating_call_and_change() {
    let (_, client, root) = organized(Weather::default()).await;
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
    let begun = client.create_account().account_name("a").email("a@example.com").tags(tag("overlord:address", "account.a")).send().await;
    let request = begun.unwrap().create_account_status.unwrap().id.unwrap();
    let status = client.describe_create_account_status().create_account_request_id(&request).send().await.unwrap();
    let account = status.create_account_status.unwrap().account_id.unwrap();
    let ou = client.create_organizational_unit().parent_id(&root).name("x").tags(tag("a", "1")).send().await.unwrap();
    let ou = ou.organizational_unit.unwrap().id.unwrap();
    let tags = async |id: &str| {
        let tags = client.list_tags_for_resource().resource_id(id).into_paginator().items().send().try_collect().await.unwrap();
        tags.into_iter().map(|tag| format!("{}={}", tag.key, tag.value)).collect::<Vec<_>>().join(",")
    };
    assert_eq!(tags(&account).await, "overlord:address=account.a");
    client.tag_resource().resource_id(&ou).tags(tag("b", "2")).tags(tag("a", "3")).send().await.unwrap();
    assert_eq!(tags(&ou).await, "a=3,b=2");
    client.untag_resource().resource_id(&ou).tag_keys("a").send().await.unwrap();
    assert_eq!(tags(&ou).await, "b=2");
}

#[tokio::test]
async fn trusted_services_and_delegated_administrators() {
    let (_, client, _) = organized(Weather::default()).await;
    let account = create_account(&client, "audit", "audit@example.com").await.unwrap();
    client.enable_aws_service_access().service_principal("config.amazonaws.com").send().await.unwrap();
    client.register_delegated_administrator().account_id(&account).service_principal("config.amazonaws.com").send().await.unwrap();
    let trusted = client.list_aws_service_access_for_organization().send().await.unwrap().enabled_service_principals.unwrap();
    assert_eq!(trusted[0].service_principal(), Some("config.amazonaws.com"));
    let list = async |service: &str| {
        let output = client.list_delegated_administrators().service_principal(service).send().await.unwrap();
        output.delegated_administrators.unwrap().into_iter().filter_map(|administrator| administrator.id).collect::<Vec<_>>()
    };
    assert_eq!(list("config.amazonaws.com").await, std::slice::from_ref(&account));
    assert!(list("guardduty.amazonaws.com").await.is_empty());
    let services = client.list_delegated_services_for_account().account_id(&account).send().await.unwrap().delegated_services.unwrap();
    assert_eq!(services[0].service_principal(), Some("config.amazonaws.com"));
    client.deregister_delegated_administrator().account_id(&account).service_principal("config.amazonaws.com").send().await.unwrap();
    client.disable_aws_service_access().service_principal("config.amazonaws.com").send().await.unwrap();
    assert!(list("config.amazonaws.com").await.is_empty());
}

/// Ids have AWS's shapes and repeat from run to run.
#[tokio::test]
async fn ids_have_the_right_shape_and_repeat() {
    let run = async || {
        let (_, client, root) = organized(Weather::default()).await;
        let ou = create_ou(&client, &root, "a").await;
        let policy = create_policy(&client, PolicyType::ServiceControlPolicy, "p", SCP).await;
        [root, ou, policy, create_account(&client, "a", "a@example.com").await.unwrap()]
    };
    let [root, ou, policy, account] = run().await;
    assert_eq!((root.len(), ou.len(), policy.len(), account.len()), (6, 16, 12, 12));
    assert!(ou.starts_with(&format!("ou-{}-", &root[2..])));
    assert!(account.bytes().all(|digit| digit.is_ascii_digit()));
    assert_eq!(run().await, [root, ou, policy, account]);
}

#[tokio::test]
async fn what_is_not_served_is_named() {
    let (sandbox, client, _) = organized(Weather::default()).await;
    let error = client.leave_organization().send().await.unwrap_err();
    let message = format!("{:?}", error.as_service_error().unwrap());
    assert!(message.contains("the sandbox does not serve `organizations:LeaveOrganization`"), "{message}");
    assert_eq!(sandbox.world().accounts.len(), 1);
}
