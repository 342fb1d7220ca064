//! Requests as botocore sends them, and answers that botocore reads: `tests/models/witness.py` checks both against botocore.

use http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::sandbox::service::Service;

#[derive(Deserialize)]
struct Example {
    service: String,
    operation: String,
    input: Option<Value>,
    read: Option<Value>,
    request: Option<Sent>,
    output: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    written: Option<Value>,
    refusal: Option<Refused>,
    response: Answered,
}

/// `null` is an answer too.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct Sent {
    method: String,
    uri: String,
    headers: std::collections::BTreeMap<String, String>,
    body: String,
}

#[derive(Deserialize)]
struct Refused {
    code: String,
    message: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Answered {
    status: u16,
    headers: std::collections::BTreeMap<String, String>,
    body: String,
}

fn model(service: &str) -> Model {
    match service {
        // The sandbox does not serve these yet.
        "route53" => Model::parse(include_str!("../models/route53.json")).unwrap(),
        "s3control" => Model::parse(include_str!("../models/s3control.json")).unwrap(),
        served => Model::parse(Service::named(served).unwrap().model_text()).unwrap(),
    }
}

fn examples() -> Vec<Example> {
    serde_json::from_str(include_str!("../../../tests/models/examples.json")).unwrap()
}

#[test]
fn requests_of_botocore_are_read() {
    let mut protocols = Vec::new();
    for example in examples() {
        let Some(sent) = example.request else { continue };
        let model = model(&example.service);
        let mut request = http::Request::builder().method(sent.method.as_str()).uri(sent.uri);
        for (name, value) in sent.headers {
            request = request.header(name, value);
        }
        let (operation, input) = model.read(&request.body(Bytes::from(sent.body)).unwrap());
        assert_eq!(operation, example.operation);
        assert_eq!(input, Ok(example.read.or(example.input).unwrap()), "{operation}");
        protocols.push(model.protocol);
    }
    for protocol in [Protocol::Json, Protocol::RestJson, Protocol::Query, Protocol::Ec2, Protocol::RestXml] {
        assert!(protocols.contains(&protocol), "no example of {protocol:?}");
    }
}

#[test]
fn answers_are_what_botocore_reads() {
    const ID: &str = "00000000-0000-4000-8000-000000000001";
    for example in examples() {
        let (model, response) = (model(&example.service), example.response);
        if let Some(refused) = example.refusal {
            let failure =
                Failure { code: &refused.code, message: &refused.message, reason: refused.reason.as_deref(), status: response.status };
            assert_eq!(model.write_failure(&failure, ID), response.body, "{}", example.operation);
            continue;
        }
        let output = example.written.or(example.output).unwrap();
        assert_eq!(model.write(&example.operation, &output, ID), response.body, "{}", example.operation);
        assert_eq!(model.status(&example.operation), response.status, "{}", example.operation);
        let mut headers = HeaderMap::new();
        model.write_headers(&example.operation, &output, &mut headers);
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        assert_eq!(headers.collect::<std::collections::BTreeMap<_, _>>(), response.headers, "{}", example.operation);
    }
}

/// The first problem of a request for that operation of IAM.
fn problem(operation: &str, input: Value) -> (String, String) {
    let model = Service::Iam.model();
    let structure = model.structure(model.operation(operation).unwrap().input.as_ref()).unwrap();
    let problem = model.check(structure, &input).unwrap_err();
    (problem.path.clone(), problem.to_string().split(": ").last().unwrap().to_owned())
}

#[test]
fn each_constraint_of_a_model_is_checked() {
    let check = |input: Value, path: &str, constraint: &str| {
        assert_eq!(problem("CreateRole", input), (path.to_owned(), constraint.to_owned()));
    };
    let document = "{}";
    check(json!({ "AssumeRolePolicyDocument": document }), "RoleName", "Member must not be null");
    let role = |more: Value| {
        let mut role = json!({ "RoleName": "x", "AssumeRolePolicyDocument": document });
        role.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        role
    };
    let long = "x".repeat(65);
    check(role(json!({ "RoleName": long })), "RoleName", "Member must have length less than or equal to 64");
    check(role(json!({ "RoleName": "" })), "RoleName", "Member must have length greater than or equal to 1");
    check(
        role(json!({ "RoleName": "a b" })),
        "RoleName",
        r"Member must satisfy regular expression pattern: [\w+=,.@-]+".rsplit(": ").next().unwrap(),
    );
    check(role(json!({ "MaxSessionDuration": 1 })), "MaxSessionDuration", "Member must have value greater than or equal to 3600");
    check(role(json!({ "MaxSessionDuration": 50_000 })), "MaxSessionDuration", "Member must have value less than or equal to 43200");
    check(role(json!({ "Tags": [{ "Key": "a", "Value": "b" }, { "Key": "c" }] })), "Tags.2.Value", "Member must not be null");
    check(role(json!({ "Tags": {} })), "Tags", "Member must be a list");
    let model = Service::Account.model();
    let structure = model.structure(model.operation("GetAlternateContact").unwrap().input.as_ref()).unwrap();
    let problem = model.check(structure, &json!({ "AlternateContactType": "OTHER" })).unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Enum("BILLING, OPERATIONS, SECURITY".to_owned()));
}

/// A pattern that regex-lite cannot read would take anything.
#[test]
fn every_pattern_of_the_models_is_understood() {
    for service in Service::ALL {
        assert_eq!(service.model().unreadable_patterns(), Vec::<&str>::new(), "{}", service.as_str());
    }
}
