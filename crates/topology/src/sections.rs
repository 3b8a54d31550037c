//! The sections that belong to Foliostream itself, typed.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use component::Secret;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::values::{duration, seconds, text_map, text_map_schema};

/// What kind of system a connector speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum SystemType {
    /// Holds accounts and routes orders.
    Brokerage,
    /// Publishes prices.
    MarketData,
    /// Publishes reference data, fundamentals and news.
    DataService,
    /// Computes risk, attribution and factors.
    Analytics,
    /// Files in and out.
    Files,
}

/// The schema of [`component::Throttling`], key for key.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
#[allow(dead_code)] // only its schema is used
pub(crate) struct ThrottlingFile {
    /// Requests in any second; the vendor's published limit when left out.
    #[schemars(range(min = 1))]
    max_requests_per_second: Option<u32>,
    /// Requests in any minute; the vendor's published limit when left out.
    #[schemars(range(min = 1))]
    max_requests_per_minute: Option<u32>,
    /// Requests in any day; the vendor's published limit when left out.
    #[schemars(range(min = 1))]
    max_requests_per_day: Option<u32>,
    /// Repetitions of a request that is safe to repeat.
    #[schemars(range(max = 100))]
    retry_attempts: Option<u32>,
    /// Seconds before the first repetition; later pauses grow.
    #[schemars(range(min = 0, max = 3600))]
    retry_delay: Option<f64>,
}

/// Where the topics live. The keys beside `local` are those of the Kafka client's own settings;
/// they are checked here, where the file's lines are known, and handed over as they are.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KafkaFile {
    /// Brokers to ask first, `host:port`, separated by commas. Needed unless `local` is given.
    #[schemars(length(min = 1))]
    pub bootstrap_servers: Option<String>,
    /// Encryption and credentials; a plain connection when left out.
    pub security: Option<KafkaSecurity>,
    /// Further properties for librdkafka, such as `linger.ms`.
    #[serde(default, deserialize_with = "text_map")]
    #[schemars(schema_with = "text_map_schema")]
    pub properties: BTreeMap<String, String>,
    /// A single-node Apache Kafka that Foliostream fetches and runs.
    pub local: Option<LocalKafka>,
}

/// A single-node Apache Kafka run by Foliostream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LocalKafka {
    /// Where it keeps its data; a folder of its own when left out.
    pub data_dir: Option<PathBuf>,
    /// Port on 127.0.0.1; a free one when left out.
    pub port: Option<u16>,
}

/// How to reach Kafka safely.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)] // the paths are only handed over
pub(crate) struct KafkaSecurity {
    /// Encryption and login together.
    pub protocol: KafkaProtocol,
    /// How to log in; needed for `sasl_plaintext` and `sasl_ssl`.
    pub sasl_mechanism: Option<SaslMechanism>,
    /// User for `PLAIN` and `SCRAM`.
    pub username: Option<String>,
    /// Password for `PLAIN` and `SCRAM`, for example `${KAFKA_PASSWORD}`.
    pub password: Option<Secret>,
    /// File that holds the bearer token for `OAUTHBEARER`.
    pub token_path: Option<PathBuf>,
    /// Certificates that brokers are checked against; the system's own when left out.
    pub ca_path: Option<PathBuf>,
    /// Our own certificate, for brokers that ask for one.
    pub certificate_path: Option<PathBuf>,
    /// The private key of our certificate.
    pub key_path: Option<PathBuf>,
    /// The password of the private key.
    pub key_password: Option<Secret>,
}

/// Encryption and login of the connection to Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KafkaProtocol {
    /// Neither.
    Plaintext,
    /// Encryption.
    Ssl,
    /// Login.
    SaslPlaintext,
    /// Both.
    SaslSsl,
}

/// How to log in to Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum SaslMechanism {
    /// Username and password as they are.
    #[serde(rename = "PLAIN")]
    Plain,
    /// Username and password, proven with SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// Username and password, proven with SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
    /// A bearer token from a file.
    #[serde(rename = "OAUTHBEARER")]
    OauthBearer,
}

/// Where the schemas are registered.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SchemaRegistry {
    /// Where a Confluent-compatible registry answers.
    pub url: Url,
    /// Who logs in, where the registry asks.
    pub username: Option<String>,
    /// Password, for example `${REGISTRY_PASSWORD}`.
    pub password: Option<Secret>,
    /// PEM file of the authority that signed the registry's certificate.
    pub ca_file: Option<PathBuf>,
    /// Allow plain http to a registry on another machine.
    #[serde(default)]
    pub insecure: bool,
}

/// How the audit log is kept.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditFile {
    /// What signs its checkpoints, as `foliostream audit key` makes it: `secret://audit/key`.
    pub key: Secret,
}

/// How the topics are named and made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Topics {
    /// Put before every topic's name, such as `paper.`.
    pub prefix: String,
    /// Partitions by topic (`market.trades`), family (`market`) or `default`.
    #[schemars(schema_with = "partitions")]
    pub partitions: BTreeMap<String, u32>,
    /// Hours that records are kept, by topic, family or `default`.
    #[schemars(schema_with = "hours")]
    pub retention_hours: BTreeMap<String, u32>,
    /// Copies of each partition; the brokers' default when left out.
    #[schemars(range(min = 1, max = 100))]
    pub replication: Option<u16>,
}

impl Topics {
    /// Partitions of a topic, named without its prefix.
    pub fn partitions_of(&self, topic: &str) -> Option<u32> {
        nearest(&self.partitions, topic)
    }

    /// Hours that a topic, named without its prefix, keeps its records.
    pub fn retention_hours_of(&self, topic: &str) -> Option<u32> {
        nearest(&self.retention_hours, topic)
    }
}

fn nearest(settings: &BTreeMap<String, u32>, topic: &str) -> Option<u32> {
    let family = topic.split_once('.').map_or(topic, |(family, _)| family);
    let names = [topic, family, "default"];
    names.into_iter().find_map(|name| settings.get(name).copied())
}

fn partitions(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    counts(10_000)
}

fn hours(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    counts(24 * 36_500)
}

fn counts(most: u32) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "additionalProperties": { "type": "integer", "minimum": 1, "maximum": most },
    })
}

/// Where the orders of one of our accounts go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Our name for the account.
    pub id: String,
    /// The system that routes its orders.
    pub system: String,
    /// The broker's name for the account.
    pub broker_account: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountFile {
    /// The system that routes its orders.
    pub system: String,
    /// The broker's name for the account.
    pub broker_account: String,
}

/// How the pipeline is watched.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Monitoring {
    /// The least important log line that is written.
    pub log_level: LogLevel,
    /// Measure every call to a vendor.
    pub performance_tracking: bool,
    /// Seconds between two health checks of a system.
    #[serde(deserialize_with = "duration")]
    #[schemars(schema_with = "seconds")]
    pub health_check_interval: Duration,
    /// Send an alert when a component fails.
    pub alert_on_failure: bool,
    /// Where alerts go.
    pub alert_destinations: Vec<AlertDestination>,
    /// How alerts are mailed; needed for the destination `email`.
    pub email: Option<Email>,
    /// How alerts reach Slack; needed for the destination `slack`.
    pub slack: Option<Slack>,
    /// Which program takes alerts; needed for the destination `webhook`.
    pub webhook: Option<Webhook>,
    /// Seconds that an alert waits for others of the same system, to be told together.
    #[schemars(range(max = 3600))]
    pub group_wait_secs: u64,
    /// Seconds after which an alert that is still open is told again.
    #[schemars(range(min = 60, max = 2_592_000))]
    pub repeat_secs: u64,
    /// Rules of your own, by name: which figure calls for a person. A rule with the name of one of
    /// the usual rules takes its place.
    pub rules: BTreeMap<String, AlertRule>,
}

impl Default for Monitoring {
    fn default() -> Self {
        Self {
            log_level: LogLevel::Info,
            performance_tracking: true,
            health_check_interval: Duration::from_secs(300),
            alert_on_failure: true,
            alert_destinations: Vec::new(),
            email: None,
            slack: None,
            webhook: None,
            group_wait_secs: 10,
            repeat_secs: 4 * 3600,
            rules: BTreeMap::new(),
        }
    }
}

/// When a figure calls for a person: `above` or `below`, one of the two.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertRule {
    /// The metric, as `/metrics` spells it, such as `foliostream_component_lag_events`.
    #[schemars(length(min = 1))]
    pub metric: String,
    /// Only series with these labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Of a counter: how much it has grown in so many seconds. Its value as it stands, if left
    /// out.
    #[schemars(range(min = 1, max = 86_400))]
    pub increase_within_secs: Option<u64>,
    /// An alert opens beyond this value.
    pub above: Option<f64>,
    /// An alert opens short of this value.
    pub below: Option<f64>,
    /// Seconds that it must last before the alert opens, and be over before it closes.
    #[serde(default)]
    #[schemars(range(max = 86_400))]
    pub for_secs: u64,
    /// How bad it is.
    #[serde(default)]
    pub severity: AlertSeverity,
    /// What a person must do.
    #[serde(default)]
    pub action: String,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum AlertSeverity {
    Info,
    #[default]
    Warning,
    Error,
}

/// How important a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warning,
    Error,
}

/// Where alerts go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum AlertDestination {
    Email,
    Slack,
    Webhook,
}

impl fmt::Display for AlertDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Email => "email",
            Self::Slack => "slack",
            Self::Webhook => "webhook",
        })
    }
}

/// How alerts are mailed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// Mail server, such as `smtps://user@mail.example.com:465`.
    pub smtp: Url,
    /// Password for the mail server, for example `${SMTP_PASSWORD}`.
    pub password: Option<Secret>,
    /// Sender.
    pub from: String,
    /// Who gets the alerts.
    #[schemars(length(min = 1))]
    pub to: Vec<String>,
}

/// How alerts reach Slack.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// The channel's incoming webhook, for example `${SLACK_WEBHOOK}`.
    pub webhook_url: Secret,
}

/// A program that takes alerts as JSON.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where it takes them, for example `${ALERT_WEBHOOK}`.
    pub url: Secret,
    /// What proves who sends them, as a bearer token.
    pub token: Option<Secret>,
    /// Allow plain http to another machine.
    #[serde(default)]
    pub insecure: bool,
}

/// Where the metrics can be read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Address and port, such as `127.0.0.1:9464`.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
}
