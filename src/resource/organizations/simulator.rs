//! What IAM's policy simulator says about a request: the live side of `overlord policy explain`.

use aws_sdk_iam::types::{ContextEntry, OrderedOrganizationPolicyType};

use crate::address::Address;
use crate::aws::{AwsResult, Error, Sessions};
use crate::policy::{Simulated, Simulation};

const OPERATION: &str = "iam:SimulateCustomPolicy";

/// The caller's own permissions in the simulation: everything, so that only guardrails deny.
const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// The organization's own id; `None` if there is no organization yet.
///
/// # Errors
/// AWS refused.
pub async fn organization(sessions: &Sessions) -> AwsResult<Option<String>> {
    let answer = sessions.organizations().describe_organization().send().await;
    match answer.map_err(|e| Error::sdk("organizations:DescribeOrganization", &e)) {
        Ok(answer) => Ok(answer.organization.and_then(|organization| organization.id)),
        Err(e) if e.is(&["AWSOrganizationsNotInUseException"]) => Ok(None),
        Err(e) => Err(e),
    }
}

/// The decision for all levels together.
///
/// # Errors
/// AWS refused, or did not answer the question.
pub async fn simulate(sessions: &Sessions, simulation: &Simulation) -> AwsResult<Simulated> {
    ask(sessions, simulation, &simulation.levels).await
}

/// Whether each level alone allows the request.
///
/// # Errors
/// Like [`simulate`].
pub async fn by_level(sessions: &Sessions, simulation: &Simulation) -> AwsResult<Vec<(Address, bool)>> {
    let mut passes = Vec::with_capacity(simulation.levels.len());
    for level in &simulation.levels {
        let simulated = ask(sessions, simulation, std::slice::from_ref(level)).await?;
        passes.push((level.0.clone(), simulated.passes));
    }
    Ok(passes)
}

async fn ask(sessions: &Sessions, simulation: &Simulation, levels: &[(Address, Vec<String>)]) -> AwsResult<Simulated> {
    let Simulation { caller, action, resource, context, levels: _ } = simulation;
    let level = |(_, texts): &(Address, Vec<String>)| {
        OrderedOrganizationPolicyType::builder().set_service_control_policy_input_list(Some(texts.clone())).build()
    };
    let entries = context.iter().map(|entry| {
        let values = Some(entry.values.clone());
        ContextEntry::builder().context_key_name(&entry.key).context_key_type(entry.kind.into()).set_context_key_values(values).build()
    });
    let request = sessions.iam().simulate_custom_policy().policy_input_list(EVERYTHING).action_names(action).caller_arn(caller);
    let request = request
        .set_ordered_organization_policy_input_list(Some(levels.iter().map(level).collect()))
        .set_resource_arns(resource.as_ref().map(|resource| vec![resource.clone()]))
        .set_context_entries(Some(entries.collect()));
    let answer = request.send().await.map_err(|e| Error::sdk(OPERATION, &e))?;
    let result = answer.evaluation_results().first().ok_or_else(|| Error::failed("the policy simulator answered without a result"))?;
    let decision = result.eval_decision().as_str().to_owned();
    // Apart from the guardrails, a request to another account's resource lacks that account's permission, so the guardrails' decision
    // counts.
    let by_organization = result.organizations_decision_detail().map(|detail| detail.allowed_by_organizations());
    Ok(Simulated { passes: by_organization.unwrap_or(decision == "allowed"), decision })
}
