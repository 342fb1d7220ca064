//! The services of the sandbox: a row each, beside AWS's models.

use std::sync::OnceLock;

use http::StatusCode;

use super::journal::Effect;
use super::protocol::{Malformed, Model, Problem, ProblemKind, Protocol};
use super::wire::Refusal;

/// A service of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Service {
    Organizations,
    Sts,
    Account,
    Ec2,
    Ram,
    Iam,
    CloudTrail,
    Config,
    Tagging,
}

/// A code, with its HTTP status if that is neither in the model nor 400.
type Code = (&'static str, Option<StatusCode>);

/// What is known of a service beside its model.
struct Facts {
    /// The prefix of its actions, and the name in its signatures.
    names: [&'static str; 2],
    /// Whether it has an endpoint in each Region, and not one for all.
    is_regional: bool,
    /// The file of its model.
    model: &'static str,
    /// Its own failure.
    internal: &'static str,
    throttled: Code,
    denied: Code,
}

const GLOBAL: bool = false;
const REGIONAL: bool = true;

impl Service {
    pub(super) const ALL: [Self; 9] =
        [Self::Organizations, Self::Sts, Self::Account, Self::Ec2, Self::Ram, Self::Iam, Self::CloudTrail, Self::Config, Self::Tagging];

    #[rustfmt::skip] // a row of a table each
    const fn facts(self) -> Facts {
        const FORBIDDEN: Option<StatusCode> = Some(StatusCode::FORBIDDEN);
        const BUSY: Option<StatusCode> = Some(StatusCode::TOO_MANY_REQUESTS);
        const UNAVAILABLE: Option<StatusCode> = Some(StatusCode::SERVICE_UNAVAILABLE);
        const DENIED: Code = ("AccessDeniedException", None);
        const fn row(names: [&'static str; 2], is_regional: bool, model: &'static str, internal: &'static str, throttled: Code, denied: Code) -> Facts {
            Facts { names, is_regional, model, internal, throttled, denied }
        }
        match self {
            Self::Organizations => row(["organizations"; 2], GLOBAL, include_str!("models/organizations.json"), "ServiceException", ("TooManyRequestsException", None), DENIED),
            Self::Sts => row(["sts"; 2], REGIONAL, include_str!("models/sts.json"), "InternalFailure", ("Throttling", None), ("AccessDenied", FORBIDDEN)),
            Self::Account => row(["account"; 2], GLOBAL, include_str!("models/account.json"), "InternalServerException", ("TooManyRequestsException", None), DENIED),
            Self::Ec2 => row(["ec2"; 2], REGIONAL, include_str!("models/ec2.json"), "InternalError", ("RequestLimitExceeded", UNAVAILABLE), ("UnauthorizedOperation", FORBIDDEN)),
            Self::Ram => row(["ram"; 2], REGIONAL, include_str!("models/ram.json"), "ServerInternalException", ("ThrottlingException", BUSY), ("AccessDeniedException", FORBIDDEN)),
            Self::Iam => row(["iam"; 2], GLOBAL, include_str!("models/iam.json"), "ServiceFailure", ("Throttling", None), ("AccessDenied", FORBIDDEN)),
            Self::CloudTrail => row(["cloudtrail"; 2], REGIONAL, include_str!("models/cloudtrail.json"), "InternalFailure", ("ThrottlingException", None), DENIED),
            Self::Config => row(["config"; 2], REGIONAL, include_str!("models/config.json"), "InternalFailure", ("ThrottlingException", None), DENIED),
            Self::Tagging => row(["tag", "tagging"], REGIONAL, include_str!("models/tag.json"), "InternalServiceException", ("ThrottledException", None), DENIED),
        }
    }

    /// The service that signatures or host names call so.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.facts().names[1] == name)
    }

    /// The prefix of its actions.
    pub(super) fn as_str(self) -> &'static str {
        self.facts().names[0]
    }

    /// Whether it has an endpoint in each Region, and not one for all.
    pub(super) fn is_regional(self) -> bool {
        self.facts().is_regional
    }

    #[cfg(test)]
    pub(super) fn model_text(self) -> &'static str {
        self.facts().model
    }

    /// AWS's model of it.
    pub(super) fn model(self) -> &'static Model {
        static MODELS: [OnceLock<Model>; Service::ALL.len()] = [const { OnceLock::new() }; Service::ALL.len()];
        #[expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test reads each file, and there is a place for each service")]
        MODELS[self as usize].get_or_init(|| Model::parse(self.facts().model).expect("tests/models/wire.py writes models"))
    }

    /// What an operation does to the world, which its first word says; `None` when the sandbox does not serve it: it has the models of those
    /// that it serves.
    pub(super) fn effect(self, operation: &str) -> Option<Effect> {
        const READS: [&str; 7] = ["Assume", "Describe", "Get", "List", "Lookup", "Select", "Simulate"];
        self.model().operation(operation)?;
        Some(if READS.iter().any(|verb| operation.starts_with(verb)) { Effect::Read } else { Effect::Write })
    }

    /// Its refusal of a caller who has no permission.
    pub(super) fn denied(self, message: impl Into<String>) -> Refusal {
        refusal(self.facts().denied, message)
    }

    pub(super) fn throttled(self) -> Refusal {
        refusal(self.facts().throttled, "You have sent too many requests in too short a period of time. Try again later.")
    }

    pub(super) fn internal(self) -> Refusal {
        let message = "the weather made an internal error; the request had no effect";
        refusal((self.facts().internal, Some(StatusCode::INTERNAL_SERVER_ERROR)), message)
    }

    /// Its refusal of a request that does not fit the model.
    pub(super) fn malformed(self, malformed: &Malformed) -> Refusal {
        match malformed {
            Malformed::Problem(problem) => self.invalid(problem),
            Malformed::Body(message) if self.model().protocol == Protocol::RestXml => Refusal::new("MalformedXML", message),
            Malformed::Body(message) => Refusal::new("SerializationException", message),
        }
    }

    fn invalid(self, problem: &Problem) -> Refusal {
        match (self, problem.member()) {
            (Self::CloudTrail, "MaxResults") => Refusal::new("InvalidMaxResultsException", problem.to_string()),
            (Self::Config, "Limit" | "MaxResults") => Refusal::new("InvalidLimitException", problem.to_string()),
            (Self::Account | Self::CloudTrail | Self::Config, _) => Refusal::new("ValidationException", problem.to_string()),
            (Self::Ram | Self::Tagging, _) => Refusal::new("InvalidParameterException", problem.to_string()),
            (Self::Iam | Self::Sts, _) => Refusal::new("ValidationError", problem.to_string()),
            (Self::Organizations, member) => {
                let message = format!("You provided a value that does not match the required pattern: {problem}");
                Refusal::new("InvalidInputException", message).reason(reason(problem, member))
            }
            (Self::Ec2, _) => of_ec2(problem),
        }
    }
}

fn refusal((code, status): Code, message: impl Into<String>) -> Refusal {
    Refusal { status, ..Refusal::new(code, message) }
}

/// The reason of an InvalidInputException of Organizations: botocore's model.
fn reason(problem: &Problem, member: &str) -> &'static str {
    match (&problem.kind, member) {
        (ProblemKind::Missing, _) => "INPUT_REQUIRED",
        (ProblemKind::TooShort(_), _) => "MIN_LENGTH_EXCEEDED",
        (ProblemKind::TooLong(_), _) => "MAX_LENGTH_EXCEEDED",
        (ProblemKind::TooSmall(_), _) => "MIN_VALUE_EXCEEDED",
        (ProblemKind::TooLarge(_), _) => "MAX_VALUE_EXCEEDED",
        (ProblemKind::Enum(_), "PolicyType" | "Filter" | "Type") => "INVALID_ENUM_POLICY_TYPE",
        (ProblemKind::Enum(_), _) => "INVALID_ENUM",
        (ProblemKind::Pattern(_), "TargetId") => "INVALID_PATTERN_TARGET_ID",
        (ProblemKind::Pattern(_) | ProblemKind::Type(_) | ProblemKind::Unknown, _) => "INVALID_PATTERN",
    }
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>
fn of_ec2(problem: &Problem) -> Refusal {
    let (member, value) = (problem.last(), &problem.value);
    match problem.kind {
        ProblemKind::Missing => Refusal::new("MissingParameter", format!("The request must contain the parameter {member}")),
        ProblemKind::Unknown => Refusal::new("UnknownParameter", format!("The parameter {member} is not recognized")),
        _ => Refusal::new("InvalidParameterValue", format!("Value ({value}) for parameter {member} is invalid.")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ec2, organizations, settings};
    use super::*;

    /// The tables of handlers and `models/operations.txt` have the same operations, and agree on which ones write.
    #[test]
    fn every_operation_has_a_handler_of_its_effect() {
        for service in Service::ALL {
            for (name, _) in service.model().operations() {
                let of_table = match service {
                    _ if settings::operation(service, name).is_some() => {
                        settings::operation(service, name).map(|operation| operation.effect())
                    }
                    Service::Ec2 => ec2::operation(name).map(|operation| operation.effect()),
                    Service::Organizations => organizations::operation(name).map(|operation| operation.effect()),
                    _ => continue,
                };
                assert_eq!(of_table, service.effect(name), "{}:{name}", service.as_str());
            }
        }
    }
}
