//! AWS Config: what is recorded, when, and what an aggregator sees of it, as the SDK reads it.

use std::time::Duration;

use aws_sdk_config::Client;
use aws_sdk_config::types::{
    AccountAggregationSource, AggregatedSourceStatusType, ConfigurationRecorder, OrganizationAggregationSource, RecordingGroup,
    ResourceType,
};
use aws_sdk_ec2::types::{ResourceType as Ec2Type, Tag, TagSpecification};
use overlord::sandbox::{Sandbox, Weather};
use serde_json::{Value, json};

use crate::sandbox::common::*;

fn config_of(sandbox: &Sandbox, account: &str, region: &'static str) -> Client {
    let config = config(sandbox, &format!("AKIA{account}"), 1).into_builder();
    Client::new(&config.region(aws_sdk_config::config::Region::new(region)).build())
}

async fn start(client: &Client, group: Option<RecordingGroup>) {
    let recorder = ConfigurationRecorder::builder().name("default").set_recording_group(group).build();
    client.put_configuration_recorder().configuration_recorder(recorder).send().await.unwrap();
    client.start_configuration_recorder().configuration_recorder_name("default").send().await.unwrap();
}

async fn aggregate(client: &Client) {
    let source =
        OrganizationAggregationSource::builder().role_arn("arn:aws:iam::111111111111:role/a").all_aws_regions(true).build().unwrap();
    client
        .put_configuration_aggregator()
        .configuration_aggregator_name("org")
        .organization_aggregation_source(source)
        .send()
        .await
        .unwrap();
}

/// All results of a query, a small page after the other.
async fn select(client: &Client, query: &str) -> Vec<Value> {
    let request = client.select_aggregate_resource_config().configuration_aggregator_name("org").expression(query).max_results(3);
    let pages = request.into_paginator().items().send().collect::<Result<Vec<String>, _>>().await.unwrap();
    pages.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

const IDS: &str = "SELECT resourceId WHERE resourceType = 'AWS::EC2::VPC'";

#[tokio::test(start_paused = true)]
async fn what_is_recorded_is_in_the_words_of_config() {
    let (sandbox, ec2) = ec2(Weather::default());
    let here = config_of(&sandbox, MANAGEMENT, "eu-west-1");
    start(&here, None).await;
    aggregate(&here).await;
    let tags = TagSpecification::builder().resource_type(Ec2Type::Vpc).tags(Tag::builder().key("Name").value("a").build()).build();
    let vpc = ec2.create_vpc().cidr_block("10.0.0.0/16").tag_specifications(tags).send().await.unwrap().vpc.unwrap().vpc_id.unwrap();
    let gateway = ec2.create_internet_gateway().send().await.unwrap().internet_gateway.unwrap().internet_gateway_id.unwrap();
    ec2.attach_internet_gateway().internet_gateway_id(&gateway).vpc_id(&vpc).send().await.unwrap();
    let what = "SELECT accountId, awsRegion, resourceType, tags, configuration WHERE awsRegion = 'eu-west-1' AND ";
    let found = select(&here, &format!("{what} resourceId = '{vpc}'")).await;
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (&found["accountId"], &found["awsRegion"], &found["resourceType"]),
        (&MANAGEMENT.into(), &"eu-west-1".into(), &"AWS::EC2::VPC".into())
    );
    assert_eq!(found["tags"], json!([{"key": "Name", "value": "a", "tag": "Name=a"}]));
    assert_eq!(
        (&found["configuration"]["cidrBlock"], &found["configuration"]["state"]),
        (&"10.0.0.0/16".into(), &json!({"value": "available"}))
    );
    assert!(found.get("resourceId").is_none() && found["configuration"].get("tagSet").is_none());
    let found = select(&here, &format!("SELECT configuration WHERE resourceId = '{gateway}'")).await;
    assert_eq!(found[0]["configuration"]["attachments"], json!([{"state": "available", "vpcId": vpc}]));
    assert_eq!(select(&here, "SELECT resourceId WHERE tags.tag = 'Name=a'").await, [json!({"resourceId": vpc})]);
    // Two VPCs with a table and a group each, three subnets, two gateways, two sets of DHCP options less one: more than a page.
    assert!(select(&here, "SELECT resourceId WHERE awsRegion IN ('eu-west-1')").await.len() > 9);
    assert_eq!(select(&here, "SELECT resourceId WHERE awsRegion = 'us-east-1'").await, [Value::Null; 0]);
}

#[tokio::test(start_paused = true)]
async fn it_is_recorded_late_from_the_start_of_a_recorder_to_its_stop() {
    let (sandbox, ec2) = ec2(Weather { recording_ms: 60_000, ..Weather::default() });
    let here = config_of(&sandbox, MANAGEMENT, "eu-west-1");
    aggregate(&here).await;
    let seen = async || select(&here, IDS).await.len();
    assert_eq!(seen().await, 0);
    assert_eq!(
        refusal(here.start_configuration_recorder().configuration_recorder_name("default").send().await),
        "NoSuchConfigurationRecorderException"
    );
    start(&here, None).await;
    assert_eq!(seen().await, 1, "the default VPC was there before");
    ec2.create_vpc().cidr_block("10.0.0.0/16").send().await.unwrap();
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(seen().await, 1);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(seen().await, 2);
    here.stop_configuration_recorder().configuration_recorder_name("default").send().await.unwrap();
    ec2.create_vpc().cidr_block("10.1.0.0/16").send().await.unwrap();
    tokio::time::advance(Duration::from_secs(600)).await;
    assert_eq!(seen().await, 2);
    let some = RecordingGroup::builder().resource_types(ResourceType::Subnet).build();
    start(&here, Some(some)).await;
    assert_eq!((seen().await, select(&here, "SELECT resourceId WHERE resourceType = 'AWS::EC2::Subnet'").await.len()), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn an_aggregator_sees_its_sources_and_tells_of_those_that_failed() {
    let (sandbox, client, _) = organized(Weather::default()).await;
    let (here, there) = (config_of(&sandbox, MANAGEMENT, "eu-west-1"), create_account(&client, "web", "web@example.org").await.unwrap());
    for (account, region) in [(MANAGEMENT, "eu-west-1"), (MANAGEMENT, "us-east-1"), (&there, "eu-west-1")] {
        start(&config_of(&sandbox, account, region), None).await;
    }
    aggregate(&here).await;
    let accounts = async || {
        let found = select(&here, "SELECT accountId, awsRegion WHERE resourceType = 'AWS::EC2::VPC'").await;
        found
            .iter()
            .map(|item| (item["accountId"].as_str().unwrap().to_owned(), item["awsRegion"].as_str().unwrap().to_owned()))
            .collect::<Vec<_>>()
    };
    let of = |account: &str, region: &str| (account.to_owned(), region.to_owned());
    assert_eq!(accounts().await, [of(MANAGEMENT, "eu-west-1"), of(MANAGEMENT, "us-east-1"), of(&there, "eu-west-1")]);
    let mut world = sandbox.world();
    for aggregator in world.aggregators.values_mut() {
        aggregator.failed.insert(of(&there, "eu-west-1"));
    }
    let sandbox = Sandbox::new(world, Weather::default());
    let here = config_of(&sandbox, MANAGEMENT, "eu-west-1");
    let statuses = here.describe_configuration_aggregator_sources_status().configuration_aggregator_name("org");
    let all = statuses.clone().send().await.unwrap();
    assert_eq!(all.aggregated_source_status_list().len(), 3);
    assert!(all.aggregated_source_status_list().iter().all(|source| source.last_update_time().is_some()), "{all:?}");
    let times = async || {
        let described = here.describe_configuration_aggregators().send().await.unwrap();
        let aggregator = &described.configuration_aggregators()[0];
        (aggregator.creation_time().unwrap().secs(), aggregator.last_updated_time().unwrap().secs())
    };
    let (made, put) = times().await;
    assert_eq!(made, put);
    let failed = statuses.update_status(AggregatedSourceStatusType::Failed).send().await.unwrap();
    let [failed] = failed.aggregated_source_status_list() else { panic!("{failed:?}") };
    assert_eq!((failed.source_id(), failed.aws_region()), (Some(there.as_str()), Some("eu-west-1")));
    // One of accounts, in some Regions; and what is refused.
    tokio::time::advance(Duration::from_secs(60)).await;
    let source = AccountAggregationSource::builder().account_ids(MANAGEMENT).aws_regions("us-east-1").build().unwrap();
    here.put_configuration_aggregator().configuration_aggregator_name("org").account_aggregation_sources(source).send().await.unwrap();
    let (still, later) = times().await;
    assert!(still == made && later > put, "it was made at {made} and put again at {later}");
    let described = here.describe_configuration_aggregators().configuration_aggregator_names("org").send().await.unwrap();
    assert_eq!(described.configuration_aggregators()[0].account_aggregation_sources()[0].aws_regions(), ["us-east-1"]);
    assert_eq!(select(&here, "SELECT awsRegion WHERE resourceType = 'AWS::EC2::VPC'").await, [json!({"awsRegion": "us-east-1"})]);
    let query = |text: &str| here.select_aggregate_resource_config().configuration_aggregator_name("org").expression(text);
    assert_eq!(refusal(query("SELECT").send().await), "InvalidExpressionException");
    assert_eq!(refusal(query(IDS).max_results(101).send().await), "InvalidLimitException");
    assert_eq!(refusal(query(IDS).next_token("x").send().await), "InvalidNextTokenException");
    assert_eq!(refusal(query(IDS).configuration_aggregator_name("none").send().await), "NoSuchConfigurationAggregatorException");
    let described = here.describe_configuration_aggregators().configuration_aggregator_names("none").send().await;
    assert_eq!(refusal(described), "NoSuchConfigurationAggregatorException");
    let source = OrganizationAggregationSource::builder().role_arn("r").all_aws_regions(true).build().unwrap();
    let member = config_of(&sandbox, &there, "eu-west-1").put_configuration_aggregator().configuration_aggregator_name("org");
    assert_eq!(refusal(member.organization_aggregation_source(source).send().await), "OrganizationAccessDeniedException");
}

#[tokio::test]
async fn a_second_recorder_is_refused() {
    let (sandbox, _, _) = organized(Weather::default()).await;
    let client = config_of(&sandbox, MANAGEMENT, "eu-west-1");
    start(&client, None).await;
    let put = |name: &str| {
        let recorder = ConfigurationRecorder::builder().name(name).build();
        client.put_configuration_recorder().configuration_recorder(recorder).send()
    };
    assert_eq!(refusal(put("second").await), "MaxNumberOfConfigurationRecordersExceededException");
    put("default").await.unwrap();
    let elsewhere = config_of(&sandbox, MANAGEMENT, "eu-central-1");
    elsewhere
        .put_configuration_recorder()
        .configuration_recorder(ConfigurationRecorder::builder().name("second").build())
        .send()
        .await
        .unwrap();
}
