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
    /// Base address of the history.
    pub url: Url,
    /// The stream.
    pub stream_url: Url,
    /// Seconds of silence after which the stream is asked whether it is still there.
    #[schemars(range(min = 1))]
    pub idle_secs: u64,
    /// Lets the key travel unencrypted to other machines.
    pub insecure: bool,
}

impl Default for Connection {
    fn default() -> Self {
        let url = |text: &str| Url::parse(text).expect("the URLs below are well formed");
        Self {
            url: url("https://api.example.com"),
            stream_url: url("wss://stream.example.com/v1/stream"),
            idle_secs: 15,
            insecure: false,
        }
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
    /// A key, in a header or in the first message of a stream.
    ApiKey,
}

/// What the account is proven with.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// For example `${{{NAME}}_API_KEY}`.
    pub api_key: Secret,
}

/// Settings of `{{name}}_trades`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trades {
    /// Symbols that are followed, in {{Name}}'s spelling.
    #[schemars(length(min = 1))]
    pub symbols: Vec<String>,
    /// How often what the stream sent is compared with the history; 0 for never.
    #[serde(default = "sixty")]
    pub audit_secs: u64,
}

fn sixty() -> u64 {
    60
}
