//! The answer of AWS's policy simulator next to overlord's decision, as text and JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::Style;
use super::policy::verdict;
use super::words::plain;
use crate::policy::{Simulation, Unaskable, Verification};

/// The heading of its part of a decision.
pub(super) const HEADING: &str = "AWS's policy simulator, of the service control policies";

/// What came of asking AWS.
#[derive(Debug)]
pub enum Live {
    /// It answered.
    Asked(Verification),
    /// It takes no such question.
    NotAsked(Unaskable),
}

/// For people.
pub(super) fn text(live: &Live, style: Style) -> String {
    let verification = match live {
        Live::Asked(verification) => verification,
        Live::NotAsked(why) => return format!("  {} {}\n", style.warning("not asked:"), plain(&why.why())),
    };
    let Verification { simulation, computed, simulated, levels } = verification;
    let mut out = format!("  {}\n", style.dim(&plain(&asked(simulation))));
    let says = &simulated.decision;
    let _ = match verification.agrees() {
        Some(true) => writeln!(out, "  {}", style.good(&plain(&format!("AWS says the same: {says}")))),
        Some(false) => {
            let line = format!("AWS says {says}; computed: {}", verdict(*computed));
            writeln!(out, "  {} {}", style.error("disagrees:"), plain(&line))
        }
        None => {
            let line = format!("{says}, with unknown keys sent as absent; computed: {}", verdict(*computed));
            writeln!(out, "  {} {}", style.warning("AWS says:"), plain(&line))
        }
    };
    for (level, passes) in levels {
        let (here, there) = if *passes { ("does not pass", "passes") } else { ("passes", "does not pass") };
        let _ = writeln!(out, "    {}", plain(&format!("at {level} it {there} for AWS; computed: it {here}")));
    }
    out
}

fn asked(simulation: &Simulation) -> String {
    let Simulation { caller, action, resource, context, levels: _ } = simulation;
    let mut line = format!("asked: {action} on {} by {caller}", resource.as_deref().unwrap_or("*"));
    for entry in context {
        let _ = write!(line, ", {}={}", entry.key, entry.values.join(" "));
    }
    line
}

/// For programs.
pub(super) fn json(live: &Live) -> Value {
    let verification = match live {
        Live::Asked(verification) => verification,
        Live::NotAsked(why) => {
            return json!({ "agrees": null, "not_asked": why.why(), "asked": null, "answer": null, "computed": null, "levels": [] });
        }
    };
    let Verification { simulation, computed, simulated, levels } = verification;
    let Simulation { caller, action, resource, context, levels: _ } = simulation;
    let context: Map<String, Value> = context.iter().map(|entry| (entry.key.clone(), json!(entry.values))).collect();
    let levels: Vec<Value> = levels.iter().map(|(level, passes)| json!({ "level": level, "passes": passes })).collect();
    json!({
        "agrees": verification.agrees(), "not_asked": null, "computed": computed.word(),
        "asked": { "caller": caller, "action": action, "resource": resource, "context": context },
        "answer": { "decision": simulated.decision, "passes": simulated.passes }, "levels": levels,
    })
}
