//! CloudTrail: what is recorded, in whose history it is, and when.

use std::time::Duration;

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use overlord::sandbox::{Sandbox, Weather, World};
use serde_json::Value;

use crate::sandbox::common::*;

fn trail(sandbox: &Sandbox, account: &str, region: &'static str) -> Client {
    let config = config(sandbox, &format!("AKIA{account}"), 1).into_builder();
    Client::new(&config.region(aws_sdk_cloudtrail::config::Region::new(region)).build())
}

fn by(key: LookupAttributeKey, value: &str) -> LookupAttribute {
    LookupAttribute::builder().attribute_key(key).attribute_value(value).build().unwrap()
}

async fn events(client: &Client, attribute: Option<LookupAttribute>) -> Vec<Event> {
    let pages = client.lookup_events().set_lookup_attributes(attribute.map(|a| vec![a])).max_results(2).into_paginator().items().send();
    pages.collect::<Result<Vec<_>, _>>().await.unwrap()
}

fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.event_name().unwrap()).collect()
}

fn record(event: &Event) -> Value {
    serde_json::from_str(event.cloud_trail_event().unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn writes_are_recorded_page_by_page_the_newest_first() {
    let (sandbox, client, root) = organized(Weather::default()).await;
    let here = trail(&sandbox, MANAGEMENT, "us-east-1");
    for name in ["a", "b", "c", "d", "e"] {
        create_ou(&client, &root, name).await;
        tokio::time::advance(Duration::from_secs(60)).await;
    }
    client.list_roots().send().await.unwrap();
    assert_eq!(
        refusal(client.create_organizational_unit().parent_id(&root).name("a").send().await),
        "DuplicateOrganizationalUnitException"
    );
    let found = events(&here, Some(by(LookupAttributeKey::EventName, "CreateOrganizationalUnit"))).await;
    let made: Vec<Value> = found.iter().map(record).collect();
    let asked: Vec<&str> = made.iter().map(|event| event["requestParameters"]["name"].as_str().unwrap()).collect();
    assert_eq!(asked, ["a", "e", "d", "c", "b", "a"], "reads are not recorded, and what was refused is");
    assert_eq!((&made[0]["errorCode"], &made[0]["responseElements"]), (&"DuplicateOrganizationalUnitException".into(), &Value::Null));
    assert!(made[1]["errorCode"].is_null() && made[1]["responseElements"]["organizationalUnit"]["id"].is_string());
    assert_eq!((&made[5]["eventTime"], &made[4]["eventTime"]), (&"2026-01-01T00:00:00Z".into(), &"2026-01-01T00:01:00Z".into()));
    assert_eq!((&made[0]["userIdentity"]["type"], &made[0]["userIdentity"]["userName"]), (&"IAMUser".into(), &"sandbox".into()));
    // They are where the one endpoint of Organizations is, and nowhere else; a member has a history of its own.
    assert_eq!(names(&events(&trail(&sandbox, MANAGEMENT, "eu-west-1"), None).await), [""; 0]);
    assert_eq!(names(&events(&trail(&sandbox, "222222222222", "us-east-1"), None).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn networks_are_found_by_resource_and_by_who() {
    let (sandbox, ec2) = ec2(Weather::default());
    let vpc = ec2.create_vpc().cidr_block("10.0.0.0/16").send().await.unwrap().vpc.unwrap().vpc_id.unwrap();
    let table = ec2.create_route_table().vpc_id(&vpc).send().await.unwrap().route_table.unwrap().route_table_id.unwrap();
    ec2.delete_route_table().route_table_id(&table).send().await.unwrap();
    let here = trail(&sandbox, MANAGEMENT, "eu-west-1");
    let of = async |key, value: &str| events(&here, Some(by(key, value))).await;
    assert_eq!(names(&of(LookupAttributeKey::ResourceName, &table).await), ["DeleteRouteTable", "CreateRouteTable"]);
    assert_eq!(names(&of(LookupAttributeKey::ResourceName, &vpc).await), ["CreateRouteTable", "CreateVpc"]);
    assert_eq!(names(&of(LookupAttributeKey::Username, "sandbox").await).len(), 3);
    assert_eq!(names(&of(LookupAttributeKey::EventSource, "organizations.amazonaws.com").await), [""; 0]);
    assert_eq!(names(&of(LookupAttributeKey::ReadOnly, "true").await), [""; 0]);
    let two = here
        .lookup_events()
        .lookup_attributes(by(LookupAttributeKey::Username, "a"))
        .lookup_attributes(by(LookupAttributeKey::EventId, "b"));
    assert_eq!(refusal(two.send().await), "InvalidLookupAttributesException");
    assert_eq!(refusal(here.lookup_events().max_results(51).send().await), "InvalidMaxResultsException");
    assert_eq!(refusal(here.lookup_events().next_token("x").send().await), "InvalidNextTokenException");
}

#[tokio::test(start_paused = true)]
async fn events_come_late_and_go_after_90_days() {
    let (sandbox, client, root) = organized(Weather { trail_ms: 900_000, ..Weather::default() }).await;
    let here = trail(&sandbox, MANAGEMENT, "us-east-1");
    create_ou(&client, &root, "a").await;
    let seen = async || events(&here, None).await.len();
    assert_eq!(seen().await, 0);
    tokio::time::advance(Duration::from_secs(899)).await;
    assert_eq!(seen().await, 0);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(seen().await, 1);
    tokio::time::advance(Duration::from_secs(90 * 86_400 - 900)).await;
    assert_eq!(seen().await, 1);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(seen().await, 0);
}

#[tokio::test(start_paused = true)]
async fn two_requests_a_second_of_an_account_and_region() {
    let weather = Weather { rates: overlord::sandbox::ServerRates::Published, ..Weather::default() };
    let sandbox = Sandbox::new(World::new(MANAGEMENT), weather);
    let (here, there) = (trail(&sandbox, MANAGEMENT, "us-east-1"), trail(&sandbox, MANAGEMENT, "eu-west-1"));
    for _ in 0..2 {
        here.lookup_events().send().await.unwrap();
    }
    assert_eq!(refusal(here.lookup_events().send().await), "ThrottlingException");
    there.lookup_events().send().await.unwrap();
    tokio::time::advance(Duration::from_millis(500)).await;
    here.lookup_events().send().await.unwrap();
}
