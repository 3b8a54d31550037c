//! How to reach Kafka, and what each kind of client is told.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Error, Result};

/// How to reach a Kafka cluster.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Brokers to ask first, for example `localhost:9092` or `a:9092,b:9092`.
    pub bootstrap_servers: String,
    /// Encryption and credentials; left out for a plain connection.
    #[serde(default)]
    pub security: Option<Security>,
    /// Further librdkafka properties, for example `linger.ms: "20"`. Those that would break a
    /// promise (idempotence, isolation, offsets, addresses, credentials) are refused.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
}

/// Encryption and credentials.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Security {
    /// `plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`.
    pub protocol: Protocol,
    /// `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`, with a `sasl_` protocol.
    #[serde(default)]
    pub sasl_mechanism: Option<SaslMechanism>,
    /// User for `PLAIN` and `SCRAM`.
    #[serde(default)]
    pub username: Option<String>,
    /// Password for `PLAIN` and `SCRAM`.
    #[serde(default)]
    pub password: Option<Secret>,
    /// File that holds the bearer token (a JWT) for `OAUTHBEARER`. It is read again whenever the
    /// token nears its end, so whoever renews it only has to replace the file.
    #[serde(default)]
    pub token_path: Option<PathBuf>,
    /// Certificates that brokers are checked against; the system's own if left out.
    #[serde(default)]
    pub ca_path: Option<PathBuf>,
    /// Our own certificate, for brokers that ask for one.
    #[serde(default)]
    pub certificate_path: Option<PathBuf>,
    /// The private key of our certificate.
    #[serde(default)]
    pub key_path: Option<PathBuf>,
    /// The password of the private key.
    #[serde(default)]
    pub key_password: Option<Secret>,
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    Plaintext,
    Ssl,
    SaslPlaintext,
    SaslSsl,
}

/// How we prove who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum SaslMechanism {
    #[serde(rename = "PLAIN")]
    Plain,
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
    #[serde(rename = "OAUTHBEARER")]
    OauthBearer,
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Secret(String);

/// How long a producer's transaction may stay open before the broker aborts it. It holds up every
/// `read_committed` reader that long, so it is short; it is below [`SESSION_TIMEOUT`] so that a
/// member's transaction has ended before another member can own its partitions.
pub(crate) const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(8);

/// How long a silent member keeps its partitions.
pub(crate) const SESSION_TIMEOUT: Duration = Duration::from_secs(10);

/// A member hears of a rebalance with its next heartbeat, so this bounds the pause of a handover.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// How long a member may work on one batch, or restore its state, before it is thought stuck.
const POLL_INTERVAL_MAX: Duration = Duration::from_secs(300);

/// Records and kibibytes that may wait in a producer. A record costs librdkafka about 400 bytes
/// beside its own, so together these bound a producer at about 50 MB.
const SEND_QUEUE_RECORDS: u32 = 50_000;
const SEND_QUEUE_KIBIBYTES: u32 = 32 * 1024;

/// Kibibytes that may wait in a consumer, all partitions together, and records per partition.
const FETCH_QUEUE_KIBIBYTES: u32 = 32 * 1024;
const FETCH_QUEUE_RECORDS: u32 = 20_000;

/// A live record waits this long for company: the larger the batch, the cheaper the record.
const LIVE_LINGER_MS: u32 = 2;

/// First wait before a request of a transaction is repeated. Brokers refuse it while they finish
/// the transaction before, which takes milliseconds; the usual hundred of them would hold up every
/// order that follows another closely. Each wait doubles, up to a second.
const TRANSACTION_RETRY_MS: u32 = 5;

/// Brokers refuse bigger batches unless they are told otherwise (`message.max.bytes`).
const BATCH_BYTES: u32 = 1_000_000;

/// Prefixes of properties that belong to `bootstrap_servers`, `security` or to a promise.
const OWN_PROPERTIES: [&str; 21] = [
    "acks",
    "auto.offset.reset",
    "bootstrap.servers",
    "enable.auto",
    "enable.idempotence",
    "enable.partition.eof",
    "group.",
    "isolation.level",
    "log.queue",
    "log_level",
    "max.in.flight",
    "metadata.broker.list",
    "partition.assignment.strategy",
    "partitioner",
    "request.required.acks",
    "sasl.",
    "security.protocol",
    "session.timeout.ms",
    "ssl.key",
    "transaction.timeout.ms",
    "transactional.id",
];

impl Settings {
    /// A plain connection without credentials.
    pub fn plain(bootstrap_servers: impl Into<String>) -> Self {
        Settings {
            bootstrap_servers: bootstrap_servers.into(),
            security: None,
            properties: BTreeMap::new(),
        }
    }

    /// Says what cannot work, without connecting.
    pub fn check(&self) -> Result<()> {
        if self.bootstrap_servers.trim().is_empty() {
            return Err(Error::setting("kafka.bootstrap_servers", "must name a broker"));
        }
        for name in self.properties.keys() {
            if OWN_PROPERTIES.iter().any(|own| name.starts_with(own)) {
                return Err(Error::setting(
                    format!("kafka.properties.{name}"),
                    "decided by Foliostream, or set beside `properties`; remove it",
                ));
            }
        }
        match &self.security {
            Some(security) => security.check(),
            None => Ok(()),
        }
    }

    pub(crate) fn for_pipeline(&self) -> Result<ClientConfig> {
        let mut config = self.for_producer()?;
        // A live record is never given up: the queue is bounded, so a long outage shows as a full
        // queue, and what is in it still arrives once and in order when the brokers are back.
        config.set("message.timeout.ms", "0");
        config.set("linger.ms", LIVE_LINGER_MS.to_string());
        self.with_properties(config)
    }

    pub(crate) fn for_transactions(&self, transactional_id: &str) -> Result<ClientConfig> {
        let mut config = self.for_producer()?;
        config.set("transactional.id", transactional_id);
        config.set("transaction.timeout.ms", TRANSACTION_TIMEOUT.as_millis().to_string());
        // Batches fill by themselves while the request before them is on its way.
        config.set("linger.ms", "0");
        config.set("retry.backoff.ms", TRANSACTION_RETRY_MS.to_string());
        self.with_properties(config)
    }

    fn for_producer(&self) -> Result<ClientConfig> {
        let mut config = self.for_any()?;
        config.set("enable.idempotence", "true");
        config.set("acks", "all");
        config.set("compression.type", "lz4");
        // The partitioner of Java's client, so that keyed topics line up with other writers'.
        config.set("partitioner", "murmur2_random");
        config.set("queue.buffering.max.messages", SEND_QUEUE_RECORDS.to_string());
        config.set("queue.buffering.max.kbytes", SEND_QUEUE_KIBIBYTES.to_string());
        config.set("batch.size", BATCH_BYTES.to_string());
        // A topic that was just made is known to every broker well within this; a topic that does
        // not exist fails its records after it.
        config.set("topic.metadata.propagation.max.ms", "10000");
        Ok(config)
    }

    pub(crate) fn for_group(&self, group: &str, instance: Option<&str>) -> Result<ClientConfig> {
        let mut config = self.for_consumer(group)?;
        if let Some(instance) = instance {
            config.set("group.instance.id", instance);
        }
        // Partitions that stay where they are keep their state and their prefetched records.
        config.set("partition.assignment.strategy", "cooperative-sticky");
        config.set("session.timeout.ms", SESSION_TIMEOUT.as_millis().to_string());
        config.set("heartbeat.interval.ms", HEARTBEAT.as_millis().to_string());
        config.set("max.poll.interval.ms", POLL_INTERVAL_MAX.as_millis().to_string());
        self.with_properties(config)
    }

    /// A consumer that is told its partitions; librdkafka wants a group id all the same.
    pub(crate) fn for_follower(&self) -> Result<ClientConfig> {
        let config = self.for_consumer("foliostream-reader")?;
        self.with_properties(config)
    }

    /// As a follower, but one that reads up to the end and then stops.
    pub(crate) fn for_reader(&self) -> Result<ClientConfig> {
        let mut config = self.for_follower()?;
        config.set("enable.partition.eof", "true");
        // The end shows in the answer after the last record, which the broker would hold back for
        // half a second to see whether more comes.
        config.set("fetch.wait.max.ms", "10");
        Ok(config)
    }

    /// A consumer that looks at a group's offsets without joining it. It is told what is committed
    /// at once: a reader of stable offsets is made to wait while a member that hangs holds a
    /// transaction open.
    pub(crate) fn for_onlooker(&self, group: &str) -> Result<ClientConfig> {
        let mut config = self.for_consumer(group)?;
        config.set("isolation.level", "read_uncommitted");
        self.with_properties(config)
    }

    fn for_consumer(&self, group: &str) -> Result<ClientConfig> {
        let mut config = self.for_any()?;
        config.set("group.id", group);
        config.set("isolation.level", "read_committed");
        // Offsets move only with a transaction or by an explicit commit.
        config.set("enable.auto.commit", "false");
        config.set("enable.auto.offset.store", "false");
        config.set("auto.offset.reset", "earliest");
        config.set("check.crcs", "true");
        config.set("queued.max.messages.kbytes", FETCH_QUEUE_KIBIBYTES.to_string());
        config.set("queued.min.messages", FETCH_QUEUE_RECORDS.to_string());
        // The default of a second would halve the rate of a reader whose queue fills up.
        config.set("fetch.queue.backoff.ms", "10");
        config.set("fetch.error.backoff.ms", "50");
        Ok(config)
    }

    /// A consumer that only asks for offsets and metadata; it sees the true end of a partition,
    /// open transactions included.
    pub(crate) fn for_query(&self) -> Result<ClientConfig> {
        let mut config = self.for_any()?;
        config.set("isolation.level", "read_uncommitted");
        self.with_properties(config)
    }

    pub(crate) fn for_admin(&self) -> Result<ClientConfig> {
        let config = self.for_any()?;
        self.with_properties(config)
    }

    fn for_any(&self) -> Result<ClientConfig> {
        self.check()?;
        let mut config = ClientConfig::new();
        // `Transactions` watches for lost connections in lines of this level.
        config.set_log_level(RDKafkaLogLevel::Info);
        config.set("log.connection.close", "true");
        config.set("log.thread.name", "false");
        config.set("bootstrap.servers", &self.bootstrap_servers);
        config.set("client.id", "foliostream");
        config.set("statistics.interval.ms", "0");
        config.set("reconnect.backoff.ms", "50");
        config.set("reconnect.backoff.max.ms", "1000");
        config.set("socket.keepalive.enable", "true");
        if let Some(security) = &self.security {
            security.apply(&mut config);
        }
        Ok(config)
    }

    fn with_properties(&self, mut config: ClientConfig) -> Result<ClientConfig> {
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        Ok(config)
    }
}

impl Security {
    fn check(&self) -> Result<()> {
        let at = |field: &str| format!("kafka.security.{field}");
        let sasl = matches!(self.protocol, Protocol::SaslPlaintext | Protocol::SaslSsl);
        match self.sasl_mechanism {
            None if sasl => {
                return Err(Error::setting(at("sasl_mechanism"), "needed with a `sasl_` protocol"));
            }
            Some(_) if !sasl => {
                return Err(Error::setting(at("protocol"), "`sasl_mechanism` needs a `sasl_` one"));
            }
            Some(SaslMechanism::OauthBearer) if self.token_path.is_none() => {
                return Err(Error::setting(at("token_path"), "needed with `OAUTHBEARER`"));
            }
            Some(SaslMechanism::OauthBearer) | None => {}
            Some(_) if self.username.is_none() => {
                return Err(Error::setting(at("username"), "needed with `sasl_mechanism`"));
            }
            Some(_) if self.password.is_none() => {
                return Err(Error::setting(at("password"), "needed with `sasl_mechanism`"));
            }
            Some(_) => {}
        }
        if self.certificate_path.is_some() != self.key_path.is_some() {
            let missing = if self.key_path.is_none() { "key_path" } else { "certificate_path" };
            return Err(Error::setting(at(missing), "certificate and key come together"));
        }
        Ok(())
    }

    fn apply(&self, config: &mut ClientConfig) {
        let protocol = match self.protocol {
            Protocol::Plaintext => "plaintext",
            Protocol::Ssl => "ssl",
            Protocol::SaslPlaintext => "sasl_plaintext",
            Protocol::SaslSsl => "sasl_ssl",
        };
        config.set("security.protocol", protocol);
        if let Some(mechanism) = self.sasl_mechanism {
            config.set("sasl.mechanism", mechanism.name());
        }
        if let Some(username) = &self.username {
            config.set("sasl.username", username);
        }
        if let Some(password) = &self.password {
            config.set("sasl.password", password.reveal());
        }
        if matches!(self.protocol, Protocol::Ssl | Protocol::SaslSsl) {
            self.apply_certificates(config);
        }
    }

    fn apply_certificates(&self, config: &mut ClientConfig) {
        match &self.ca_path {
            Some(path) => config.set("ssl.ca.location", path.to_string_lossy()),
            // The linked OpenSSL has no certificates of its own: look where systems keep theirs.
            None => config.set("ssl.ca.location", "probe"),
        };
        if let Some(path) = &self.certificate_path {
            config.set("ssl.certificate.location", path.to_string_lossy());
        }
        if let Some(path) = &self.key_path {
            config.set("ssl.key.location", path.to_string_lossy());
        }
        if let Some(password) = &self.key_password {
            config.set("ssl.key.password", password.reveal());
        }
    }
}

impl SaslMechanism {
    fn name(self) -> &'static str {
        match self {
            SaslMechanism::Plain => "PLAIN",
            SaslMechanism::ScramSha256 => "SCRAM-SHA-256",
            SaslMechanism::ScramSha512 => "SCRAM-SHA-512",
            SaslMechanism::OauthBearer => "OAUTHBEARER",
        }
    }
}

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for Settings {
    /// Properties are shown by name only: librdkafka has secrets among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("bootstrap_servers", &self.bootstrap_servers)
            .field("security", &self.security)
            .field("properties", &self.properties.keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Settings {
        serde_json::from_str(json).unwrap()
    }

    fn check(json: &str, expected: &str) {
        let message = match parse(json).check() {
            Ok(()) => "fine".to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(message.starts_with(expected), "{json}: {message}");
    }

    #[test]
    fn mistakes_name_their_setting() {
        check(r#"{"bootstrap_servers": "a:9092"}"#, "fine");
        check(r#"{"bootstrap_servers": " "}"#, "setting `kafka.bootstrap_servers`");
        check(r#"{"bootstrap_servers": "a", "properties": {"linger.ms": "20"}}"#, "fine");
        for property in ["enable.auto.commit", "isolation.level", "sasl.password", "acks"] {
            check(
                &format!(r#"{{"bootstrap_servers": "a", "properties": {{"{property}": "x"}}}}"#),
                &format!("setting `kafka.properties.{property}`"),
            );
        }
        let with =
            |security: &str| format!(r#"{{"bootstrap_servers": "a", "security": {{{security}}}}}"#);
        check(&with(r#""protocol": "ssl""#), "fine");
        check(&with(r#""protocol": "sasl_ssl""#), "setting `kafka.security.sasl_mechanism`");
        check(
            &with(r#""protocol": "ssl", "sasl_mechanism": "PLAIN""#),
            "setting `kafka.security.protocol`",
        );
        check(
            &with(r#""protocol": "sasl_ssl", "sasl_mechanism": "PLAIN", "username": "u""#),
            "setting `kafka.security.password`",
        );
        check(
            &with(r#""protocol": "sasl_ssl", "sasl_mechanism": "OAUTHBEARER""#),
            "setting `kafka.security.token_path`",
        );
        check(
            &with(r#""protocol": "ssl", "key_path": "k""#),
            "setting `kafka.security.certificate_path`",
        );
    }

    #[test]
    fn unknown_keys_are_refused() {
        let error = serde_json::from_str::<Settings>(r#"{"bootstrap_server": "a"}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field"), "{error}");
    }

    #[test]
    fn secrets_are_never_shown() {
        let settings = parse(
            r#"{"bootstrap_servers": "a:9092",
                "security": {"protocol": "sasl_ssl", "sasl_mechanism": "SCRAM-SHA-512",
                             "username": "u", "password": "hunter2", "key_password": "hunter2"},
                "properties": {"https.proxy": "hunter2"}}"#,
        );
        let shown = format!("{settings:?}");
        assert!(shown.contains("a:9092") && shown.contains("https.proxy"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_property_that_librdkafka_does_not_know_is_named_without_its_value() {
        let settings = parse(r#"{"bootstrap_servers": "a", "properties": {"linger": "hunter2"}}"#);
        let error = crate::Cluster::new(settings).pipeline().err().unwrap().to_string();
        assert!(error.contains("kafka.properties.linger"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
