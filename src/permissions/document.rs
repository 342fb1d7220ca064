//! Permissions as a document of IAM's policy language: an identity policy for a role or a user.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Deletes, Grants, Permissions, Who};
use crate::aws::ASSUME_ROLE;

/// Characters that IAM takes in a managed policy, white space not counted.
/// Source: the IAM user guide, "IAM and AWS STS quotas".
pub const MANAGED_POLICY_SIZE: usize = 6_144;

/// A statement covers operations of this service, …
struct Part {
    sid: &'static str,
    /// … and among those the ones that delete resources with overlord's tag, …
    deletions: &'static str,
    service: &'static str,
    /// … in the Regions of the networks, or everywhere.
    regional: bool,
}

/// The service whose operations have statements of their own.
const STS: &str = "sts";

const PARTS: &[Part] = &[
    Part { sid: "Organization", deletions: "OrganizationDeletions", service: "organizations", regional: false },
    Part { sid: "Accounts", deletions: "AccountDeletions", service: "account", regional: false },
    Part { sid: "Networks", deletions: "NetworkDeletions", service: "ec2", regional: true },
    Part { sid: "Sharing", deletions: "SharingDeletions", service: "ram", regional: false },
    Part { sid: "RootAccess", deletions: "RootAccessDeletions", service: "iam", regional: false },
    Part { sid: "Records", deletions: "RecordDeletions", service: "config", regional: false },
    Part { sid: "Trail", deletions: "TrailDeletions", service: "cloudtrail", regional: false },
    Part { sid: "Tags", deletions: "TagDeletions", service: "tag", regional: false },
];

impl Grants {
    /// The operations of a service: those for any resource, and those that need the tag with an address.
    fn of_service(&self, service: &str) -> (Vec<&'static str>, Vec<&'static str>) {
        let of_service = |operation: &&&str| operation.split_once(':').is_some_and(|(prefix, _)| prefix == service);
        let (bound, any): (Vec<_>, Vec<_>) =
            self.operations.iter().filter(of_service).copied().partition(|operation| self.is_bound(operation));
        (any, bound.into_iter().filter(|operation| self.deletes.contains(&(operation, Deletes::Addressed))).collect())
    }

    /// The operations that remove overlord's lock.
    fn of_lock(&self) -> Vec<&'static str> {
        let of_lock = self.deletes.iter().filter(|(operation, what)| *what == Deletes::Lock && self.is_bound(operation));
        of_lock.map(|(operation, _)| *operation).collect()
    }

    /// Whether an operation only applies to resources with overlord's tag.
    fn is_bound(&self, operation: &'static str) -> bool {
        let deletes = |what| self.deletes.contains(&(operation, what));
        (deletes(Deletes::Addressed) || deletes(Deletes::Lock)) && !deletes(Deletes::Untagged)
    }

    /// The services of its operations that have no part of the document yet.
    fn other_services(&self) -> BTreeSet<&'static str> {
        let services = self.operations.iter().filter_map(|operation| Some(operation.split_once(':')?.0));
        services.filter(|service| *service != STS && PARTS.iter().all(|part| part.service != *service)).collect()
    }
}

impl Permissions {
    /// The policy of one of them, as narrow as the table allows: actions by name, the access role by its name, networks in their Regions,
    /// service-linked roles by their service.
    pub fn document(&self, who: Who) -> Value {
        let grants = self.grants(who);
        let mut statements = Vec::new();
        for Part { sid, deletions, service, regional } in PARTS {
            let (any, tagged) = grants.of_service(service);
            let mut conditions = Map::new();
            if *regional && !self.regions.is_empty() {
                conditions.insert("StringEquals".to_owned(), json!({ "aws:RequestedRegion": self.regions }));
            }
            statements.extend(statement(sid, &any, &conditions));
            conditions.extend(has_tag(Deletes::Addressed));
            statements.extend(statement(deletions, &tagged, &conditions));
        }
        for service in grants.other_services() {
            let (any, tagged) = grants.of_service(service);
            let sid: String = service.chars().filter(char::is_ascii_alphanumeric).collect();
            statements.extend(statement(&format!("Service{sid}"), &any, &Map::new()));
            statements.extend(statement(&format!("Service{sid}Deletions"), &tagged, &has_tag(Deletes::Addressed)));
        }
        statements.extend(statement("Lock", &grants.of_lock(), &has_tag(Deletes::Lock)));
        if grants.operations.contains(ASSUME_ROLE) {
            statements.push(self.access_role_statement());
        }
        if grants.operations.contains("sts:AssumeRoot") {
            let task = |task| format!("arn:{}:iam::aws:policy/root-task/{task}", self.partition);
            statements.push(json!({
                "Sid": "RootTasks",
                "Effect": "Allow",
                "Action": ["sts:AssumeRoot"],
                "Resource": format!("arn:{}:iam::*:root", self.partition),
                "Condition": { "StringEquals": { "sts:TaskPolicyArn": grants.root_tasks.iter().map(task).collect::<Vec<_>>() } },
            }));
        }
        if !grants.besides.is_empty() {
            statements.push(json!({ "Sid": "Besides", "Effect": "Allow", "Action": grants.besides, "Resource": "*" }));
        }
        if !grants.linked_roles.is_empty() {
            statements.push(json!({
                "Sid": "LinkedRoles",
                "Effect": "Allow",
                "Action": ["iam:CreateServiceLinkedRole"],
                "Resource": format!("arn:{}:iam::*:role/aws-service-role/*", self.partition),
                "Condition": { "StringEquals": { "iam:AWSServiceName": grants.linked_roles } },
            }));
        }
        json!({ "Version": "2012-10-17", "Statement": statements })
    }

    /// The role is assumed only in accounts of the organization, so that a role of that name in another account cannot be used. Before
    /// the organization exists there are no members.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceorgid>
    /// (2026-12-01): a key of all services but those listed there, and STS is not listed. AWS's own example relies on it for every
    /// action, AssumeRole included: aws-samples/data-perimeter-policy-examples, `service_control_policies/resource_perimeter_scp.json`,
    /// commit 18f9074, read 2026-12-01.
    fn access_role_statement(&self) -> Value {
        let role = format!("arn:{}:iam::*:role/{}", self.partition, self.role);
        let mut equals = json!({ "aws:ResourceOrgID": "${aws:PrincipalOrgID}" });
        if let (Some(id), Some(equals)) = (&self.external_id, equals.as_object_mut()) {
            equals.insert("sts:ExternalId".to_owned(), json!(id));
        }
        json!({
            "Sid": "AccessRole",
            "Effect": "Allow",
            "Action": [ASSUME_ROLE],
            "Resource": role,
            "Condition": { "StringEquals": equals },
        })
    }
}

/// The condition that a resource has the tag of what may be deleted.
fn has_tag(what: Deletes) -> Map<String, Value> {
    // `false`: it is not absent.
    let condition = |tag| ("Null".to_owned(), json!({ format!("aws:ResourceTag/{tag}"): "false" }));
    what.tag().map(condition).into_iter().collect()
}

/// An Allow of these actions; `None` where there are none.
fn statement(sid: &str, actions: &[&str], conditions: &Map<String, Value>) -> Option<Value> {
    let mut statement = json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": "*" });
    if let Some(statement) = statement.as_object_mut().filter(|_| !conditions.is_empty()) {
        statement.insert("Condition".to_owned(), conditions.clone().into());
    }
    (!actions.is_empty()).then_some(statement)
}
