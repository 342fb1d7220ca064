//! `overlord policy explain --live`: sends the same request to AWS's policy simulator.

use super::super::connect::{Connection, connect};
use super::super::shell::Shell;
use super::super::{Exit, Global, Reported};
use crate::aws::AwsResult;
use crate::limits::LIMITS;
use crate::policy::{Hierarchy, Known, Place, Question, Verification, differing, simulation};
use crate::render::simulated::Live;
use crate::resource::organizations::{Policy, effective, simulator};
use crate::resource::{Desired, Kind};

/// What AWS's own guardrails that allow everything say.
const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

pub(super) async fn ask(
    global: &Global,
    desired: &Desired,
    question: &Question,
    hierarchy: &Hierarchy,
    shell: &Shell,
) -> Result<Live, Reported> {
    let connection = connect(global, desired, shell).await?;
    let answered = answer(&connection, desired, question, hierarchy).await;
    connection.close(shell)?;
    answered.map_err(|e| shell.aws_error(&e))
}

async fn answer(connection: &Connection, desired: &Desired, question: &Question, hierarchy: &Hierarchy) -> AwsResult<Live> {
    let sessions = &connection.sessions;
    let mut hierarchy = hierarchy.clone();
    // Guardrails can be tried before there is an organization, or the account.
    let organization = simulator::organization(sessions).await?;
    if let Place::Member(account) = &question.account
        && organization.is_some()
        && let Some(id) = effective::account_id(sessions, desired, account).await?
    {
        hierarchy.ids.insert(account.clone(), id);
    }
    let known = Known {
        hierarchy: &hierarchy,
        organization: organization.as_deref().unwrap_or_default(),
        catalogue: &desired.catalogue(),
        text: &|name| text(desired, name),
    };
    let (simulation, decision) = match simulation(question, &known) {
        Ok(asked) => asked,
        Err(why) => return Ok(Live::NotAsked(why)),
    };
    let simulated = simulator::simulate(sessions, &simulation).await?;
    let mut verification = Verification { simulation, computed: decision.outcome, simulated, levels: Vec::new() };
    if verification.agrees() == Some(false) {
        verification.levels = differing(&decision, &simulator::by_level(sessions, &verification.simulation).await?);
    }
    Ok(Live::Asked(verification))
}

/// The uploaded form of a declared policy, or the document of an AWS managed one.
fn text(desired: &Desired, name: &str) -> Option<String> {
    let declared = desired.resources.get(&Policy::address(name)).map(|attributes| attributes.get("content"));
    match declared {
        Some(content) => content.map(|content| content.to_string()),
        None => LIMITS.policy_types.iter().any(|spec| spec.default_name.as_deref() == Some(name)).then(|| EVERYTHING.to_owned()),
    }
}

/// Whether AWS agrees: the decision itself is no error then.
pub(super) fn exit(live: &Live) -> Exit {
    match live {
        Live::NotAsked(_) => Exit::Partly,
        Live::Asked(verification) => match verification.agrees() {
            Some(true) => Exit::Done,
            Some(false) => Exit::Changes,
            None => Exit::Partly,
        },
    }
}
