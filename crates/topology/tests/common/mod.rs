//! A catalogue to test with: a made-up vendor, and the two of the mission's sample.

#![allow(dead_code)] // every test file uses its own part
#![allow(clippy::unwrap_used)]

use component::Secret;
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;
use topology::{
    Catalogue, ComponentEntry, ConnectorEntry, Kind, Problems, ProcessorEntry, Topology, parse,
};
use url::Url;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcmeSystem {
    #[serde(default)]
    pub connection: AcmeConnection,
    pub authentication: AcmeAuthentication,
}

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AcmeConnection {
    /// Where Acme answers.
    pub base_url: Url,
    /// Allow plain http.
    pub insecure: bool,
    pub port: u16,
}

impl Default for AcmeConnection {
    fn default() -> Self {
        let base_url = "https://api.acme.example".parse().unwrap();
        Self { base_url, insecure: false, port: 443 }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcmeAuthentication {
    #[serde(default)]
    pub r#type: Method,
    pub credentials: AcmeCredentials,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A key in a header.
    #[default]
    ApiKey,
    /// OAuth 2.0.
    Oauth2,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcmeCredentials {
    pub api_key: Secret,
    pub username: Option<String>,
}

/// Settings of the trades feed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trades {
    /// Symbols to follow, in Acme's spelling.
    pub symbols: Vec<String>,
    /// Pause between polls.
    #[serde(default = "five")]
    pub poll_secs: u64,
    /// Where bars are asked for.
    pub rest_url: Option<Url>,
    /// Trades below this are left out.
    #[serde(default)]
    #[schemars(schema_with = "decimal")]
    pub min_price: Option<String>,
    pub mode: Option<Mode>,
    #[serde(default)]
    pub weights: Vec<f64>,
}

pub fn decimal(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": ["string", "number", "null"] })
}

/// Externally tagged, as serde's enums are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Mode {
    /// As it happens.
    Live,
    /// In pages.
    Polled { page_size: u32, token: Option<Secret> },
}

fn five() -> u64 {
    5
}

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub struct Quotes {
    /// Symbols to follow, in Acme's spelling.
    pub symbols: Vec<String>,
    /// Quotes older than this are stale.
    pub stale_secs: Option<u32>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub struct Nothing {}

#[derive(Deserialize, JsonSchema)]
struct Free {
    #[allow(dead_code)]
    connection: std::collections::BTreeMap<String, serde_json::Value>,
    #[allow(dead_code)]
    authentication: std::collections::BTreeMap<String, serde_json::Value>,
}

fn component(name: &'static str, feature: &'static str, kind: Kind) -> ComponentEntry {
    ComponentEntry { name, feature, kind, settings_schema: schema_for!(Nothing) }
}

pub fn catalogue() -> Catalogue {
    let acme = ConnectorEntry {
        name: "acme",
        system_schema: schema_for!(AcmeSystem),
        components: vec![
            ComponentEntry {
                settings_schema: schema_for!(Trades),
                ..component("acme_trades", "trades", Kind::Source)
            },
            ComponentEntry {
                settings_schema: schema_for!(Quotes),
                ..component("acme_quotes", "quotes", Kind::Source)
            },
            component("acme_orders", "orders", Kind::Sink),
        ],
        features: vec![("market_data", vec!["acme_trades", "acme_quotes"])],
    };
    let interactive_brokers = ConnectorEntry {
        name: "interactive_brokers",
        system_schema: schema_for!(Free),
        components: vec![
            component("ib_quotes", "quotes", Kind::Source),
            component("ib_orders", "order_execution", Kind::Sink),
            component("ib_positions", "position_reporting", Kind::Source),
            component("ib_balances", "account_updates", Kind::Source),
        ],
        features: vec![("market_data", vec!["ib_quotes"])],
    };
    let alpha_vantage = ConnectorEntry {
        name: "alpha_vantage",
        system_schema: schema_for!(Free),
        components: vec![
            component("alpha_vantage_intraday", "intraday_data", Kind::Source),
            component("alpha_vantage_daily", "daily_data", Kind::Source),
            component("alpha_vantage_fundamentals", "fundamental_data", Kind::Source),
        ],
        features: Vec::new(),
    };
    let processors = vec![
        ProcessorEntry { name: "validate", settings_schema: schema_for!(Quotes) },
        ProcessorEntry { name: "book", settings_schema: schema_for!(Nothing) },
    ];
    Catalogue { connectors: vec![acme, interactive_brokers, alpha_vantage], processors }
}

/// Every variable the tests set. `PIN` looks like a number, `BAD` like YAML.
pub fn env(name: &str) -> Option<String> {
    let value = match name {
        "ACME_KEY" => "hunter2-from-env",
        "secret://acme/key" => "hunter2-from-store",
        "IB_USERNAME" => "trader",
        "IB_PASSWORD" => "correct horse",
        "ALPHA_VANTAGE_API_KEY" => "AV-SECRET",
        "PIN" => "0815",
        "BAD" => "a: [b\nc: d",
        "PORT" => "8443",
        "URL" => "http://planted-host.example/",
        _ => return None,
    };
    Some(value.to_owned())
}

pub fn read(text: &str) -> Result<Topology, Problems> {
    parse("t.yaml", text, &env, &catalogue())
}

/// Checks that exactly these problems are found, each in one line.
pub fn check(text: &str, expected: &[&str]) {
    match read(text) {
        Ok(_) => assert!(expected.is_empty(), "no problem found in\n{text}"),
        Err(problems) => {
            let found = problems.to_string();
            assert_eq!(found.lines().collect::<Vec<_>>(), expected, "in\n{text}");
        }
    }
}

/// Checks the settings of one component of the system `acme`.
pub fn check_trades(settings: &str, expected: &[&str]) {
    let text = format!(
        "systems:\n  acme:\n    authentication: {{credentials: {{api_key: '${{ACME_KEY}}'}}}}\n    \
         features:\n      trades:\n{settings}"
    );
    check(&text, expected);
}
