//! The commonest way of proving an account, as users write it.

use component::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

/// How the account is proven: with a key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyAuthentication<C = KeyCredentials> {
    /// The only way there is: `api_key`.
    #[serde(rename = "type")]
    pub kind: KeyKind,
    /// The key.
    pub credentials: C,
}

/// The ways of proving an account with a key.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// A key.
    ApiKey,
}

/// The key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyCredentials {
    /// For example `${VENDOR_API_KEY}`.
    pub api_key: Secret,
}

impl KeyAuthentication {
    /// The setting that holds the key.
    pub const SETTING: &'static str = "authentication.credentials.api_key";
}
