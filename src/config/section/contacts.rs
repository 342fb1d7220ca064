//! `contacts`, in `[defaults]`, `[team.<key>]`, `[team.<key>.stage.<stage>]` and `[account.<key>]`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::span::{At, List};

/// Whom AWS writes to and calls. Each contact is taken as a whole from the nearest place that declares it; what no place declares is left
/// as it is. `{account}`, `{team}` and `{stage}` are filled in.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contacts {
    /// The contact for billing.
    pub billing: Option<At<AlternateContact>>,
    /// The contact for operations.
    pub operations: Option<At<AlternateContact>>,
    /// The contact for security.
    pub security: Option<At<AlternateContact>>,
    /// The owner and the postal address.
    pub primary: Option<At<PrimaryContact>>,
}

/// An alternate contact of an account.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlternateContact {
    /// Name, 1 to 64 characters. Required.
    #[schemars(required)]
    pub name: Option<At<String>>,
    /// Title or role, 1 to 50 characters. Required.
    #[schemars(required)]
    pub title: Option<At<String>>,
    /// E-mail address. Required.
    #[schemars(required)]
    pub email: Option<At<String>>,
    /// Telephone number of digits, spaces and any of + - ( ). Required.
    #[schemars(required)]
    pub phone: Option<At<String>>,
}

/// The primary contact of an account. What is left out is left as it is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrimaryContact {
    /// The full name, 1 to 50 characters. Required.
    #[schemars(required)]
    pub full_name: Option<At<String>>,
    /// The company.
    pub company: Option<At<String>>,
    /// The lines of the postal address, one to three. Required.
    #[schemars(required)]
    pub address: Option<List>,
    /// The city. Required.
    #[schemars(required)]
    pub city: Option<At<String>>,
    /// The postal code. Required.
    #[schemars(required)]
    pub postal_code: Option<At<String>>,
    /// The state or region: required in US, CA, GB, DE, JP, IN and BR.
    pub state: Option<At<String>>,
    /// The district or county.
    pub district: Option<At<String>>,
    /// The country, two letters: `DE`. Required.
    #[schemars(required, regex(pattern = "^[A-Z]{2}$"))]
    pub country_code: Option<At<String>>,
    /// Telephone number with its country: `+49 30 1234`. Required.
    #[schemars(required)]
    pub phone: Option<At<String>>,
    /// The company's site.
    pub website: Option<At<String>>,
}
