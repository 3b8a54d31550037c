//! What a user writes about {{Name}}.

use component::Secret;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

/// The connection to {{Name}}.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Where {{Name}} answers.
    #[serde(default)]
    pub connection: Connection,
    /// What proves who asks.
    pub authentication: Authentication,
}

/// Where {{Name}} answers. Point it at the mock for a dry run.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Connection {
    /// Base address of the API.
    pub url: Url,
    /// Lets the key travel unencrypted to other machines.
    pub insecure: bool,
}

impl Default for Connection {
    fn default() -> Self {
        let url = Url::parse("https://api.example.com").expect("the URL is well formed");
        Self { url, insecure: false }
    }
}

/// How the account is proven.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Authentication {
    /// The only way there is: `api_key`.
    #[serde(rename = "type")]
    pub kind: AuthenticationKind,
    /// The key.
    pub credentials: Credentials,
}

/// The ways of proving an account.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationKind {
    /// A key in a header.
    ApiKey,
}

/// What the account is proven with.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// For example `${{{NAME}}_API_KEY}`.
    pub api_key: Secret,
}

/// Settings of `{{name}}_records`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Records {
    /// Pause between polls once everything is read.
    #[serde(default = "five")]
    #[schemars(range(min = 1))]
    pub poll_secs: u64,
}

fn five() -> u64 {
    5
}
