//! Conditions of identity policies: the tags of what a request deletes, and the organization of a role that it assumes.

use aws_sdk_ec2::types::ResourceType;
use overlord::sandbox::world::FeatureSet;
use overlord::sandbox::{Sandbox, Weather, World};

use crate::sandbox::common::*;
use crate::sandbox::ec2::{subnet, tagged, vpc};

const TAGGED: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "NotAction": ["ec2:Delete*", "organizations:Delete*"], "Resource": "*"},
    {"Effect": "Allow", "Action": ["ec2:Delete*", "organizations:Delete*"], "Resource": "*",
     "Condition": {"Null": {"aws:ResourceTag/overlord:address": "false"}}}]}"#;

fn under(policy: &str) -> Weather {
    Weather { caller_policy: Some(policy.to_owned()), ..Weather::default() }
}

#[tokio::test]
async fn only_tagged_resources_of_ec2_are_deleted_where_the_policy_says_so() {
    let (_sandbox, client) = ec2(under(TAGGED));
    let plain = vpc(&client, "10.0.0.0/16").await;
    let made = client.create_vpc().cidr_block("10.1.0.0/16").tag_specifications(tagged(ResourceType::Vpc, "vpc.a")).send().await.unwrap();
    let ours = made.vpc.unwrap().vpc_id.unwrap();
    assert_eq!(refusal(client.delete_vpc().vpc_id(&plain).send().await), "UnauthorizedOperation");
    client.delete_vpc().vpc_id(&ours).send().await.unwrap();
    // A call for several is refused for one of them.
    let part = subnet(&client, &plain, "10.0.0.0/24", "euw1-az1").await;
    let log = |tag: Option<&'static str>| {
        let request = client.create_flow_logs().resource_type(aws_sdk_ec2::types::FlowLogsResourceType::Vpc).resource_ids(&plain);
        let request = request.traffic_type(aws_sdk_ec2::types::TrafficType::All).log_destination("arn:aws:s3:::flows");
        let request = request.log_destination_type(aws_sdk_ec2::types::LogDestinationType::S3);
        request.set_tag_specifications(tag.map(|tag| vec![tagged(ResourceType::VpcFlowLog, tag)])).send()
    };
    let tagged_log = log(Some("flow_log.a")).await.unwrap().flow_log_ids.unwrap().remove(0);
    let delete = client.delete_flow_logs().flow_log_ids(&tagged_log);
    assert_eq!(refusal(delete.clone().flow_log_ids("fl-00000000000000000").send().await), "UnauthorizedOperation");
    delete.send().await.unwrap();
    assert_eq!(refusal(client.delete_subnet().subnet_id(&part).send().await), "UnauthorizedOperation");
}

#[tokio::test]
async fn only_tagged_units_are_deleted_where_the_policy_says_so() {
    let (_sandbox, client, root) = organized(under(TAGGED)).await;
    let plain = create_ou(&client, &root, "plain").await;
    let tag = aws_sdk_organizations::types::Tag::builder().key("overlord:address").value("ou.a").build().unwrap();
    let ours = create_ou(&client, &root, "ours").await;
    client.tag_resource().resource_id(&ours).tags(tag).send().await.unwrap();
    let delete = |id: &str| client.delete_organizational_unit().organizational_unit_id(id).send();
    assert_eq!(refusal(delete(&plain).await), "AccessDeniedException");
    delete(&ours).await.unwrap();
}

#[tokio::test]
async fn a_role_is_assumed_in_the_organization_alone_where_the_policy_says_so() {
    let policy = |value: &str| {
        let condition = format!(r#"{{"StringEquals": {{"aws:ResourceOrgID": "{value}"}}}}"#);
        format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*", "Condition": {condition}}}}}"#
        )
    };
    let mut world = World::new(MANAGEMENT);
    let root = world.add_organization(FeatureSet::All);
    let member = world.add_account("member", "member@example.com", &root);
    let assume = async |policy: String| {
        let sandbox = Sandbox::new(world.clone(), under(&policy));
        let sts = aws_sdk_sts::Client::new(&config(&sandbox, "AKIAMANAGEMENT", 1));
        let role = format!("arn:aws:iam::{member}:role/OrganizationAccountAccessRole");
        sts.assume_role().role_arn(role).role_session_name("test").send().await.map(drop)
    };
    assume(policy("${aws:PrincipalOrgID}")).await.unwrap();
    assert_eq!(refusal(assume(policy("o-another")).await), "AccessDenied");
}
