//! The broker's files: its properties, its logging, and the formatted data folder.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use tokio::process::Command;
use uuid::Uuid;

use crate::error::Error;
use crate::ports::Ports;
use crate::process::Runtime;

/// Names inside the folder; the broker runs with the folder as its working directory, so that no
/// path needs escaping.
pub(crate) const PROPERTIES: &str = "server.properties";
pub(crate) const LOGGING: &str = "log4j2.properties";
pub(crate) const LOG: &str = "kafka.log";
const DATA: &str = "data";
const UNFINISHED_DATA: &str = "data.part";

const FORMAT_DEADLINE: Duration = Duration::from_secs(60);

/// What ties the broker to its folder and ports; a caller's property must not untie it.
const RESERVED: [&str; 8] = [
    "advertised.listeners",
    "controller.listener.names",
    "controller.quorum.voters",
    "listener.security.protocol.map",
    "listeners",
    "log.dirs",
    "node.id",
    "process.roles",
];

/// Settings of Kafka that make sense for one broker on a small machine.
const TUNED: [(&str, &str); 27] = [
    ("auto.create.topics.enable", "false"),
    ("background.threads", "2"),
    ("broker.heartbeat.interval.ms", "200"),
    // A crashed broker may not come back before its session has ended: with the default, a
    // restart takes eleven seconds, with this three.
    ("broker.session.timeout.ms", "1500"),
    ("default.replication.factor", "1"),
    // Consumers start at once; there is no fleet to wait for.
    ("group.initial.rebalance.delay.ms", "0"),
    ("group.min.session.timeout.ms", "1000"),
    // The default would take 128 MB of the heap.
    ("log.cleaner.dedupe.buffer.size", "8388608"),
    ("log.cleaner.threads", "1"),
    ("log.index.size.max.bytes", "2097152"),
    ("log.retention.hours", "168"),
    ("log.segment.bytes", "134217728"),
    ("min.insync.replicas", "1"),
    ("num.io.threads", "4"),
    ("num.network.threads", "2"),
    ("num.recovery.threads.per.data.dir", "2"),
    ("offsets.topic.num.partitions", "4"),
    ("offsets.topic.replication.factor", "1"),
    ("offsets.topic.segment.bytes", "16777216"),
    ("share.coordinator.state.topic.min.isr", "1"),
    ("share.coordinator.state.topic.num.partitions", "1"),
    ("share.coordinator.state.topic.replication.factor", "1"),
    ("transaction.max.timeout.ms", "900000"),
    ("transaction.state.log.min.isr", "1"),
    ("transaction.state.log.num.partitions", "4"),
    ("transaction.state.log.replication.factor", "1"),
    ("transaction.state.log.segment.bytes", "16777216"),
];

/// Two files of 20 MB at most.
const LOGGING_TEXT: &str = "\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = kafka.log
appender.file.filePattern = kafka.%i.log
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 20MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 1
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
";

pub(crate) fn check(properties: &BTreeMap<String, String>) -> Result<(), Error> {
    match properties.keys().find(|key| RESERVED.contains(&key.as_str())) {
        Some(key) => Err(Error::Reserved { key: key.clone() }),
        None => Ok(()),
    }
}

pub(crate) fn write(
    dir: &Path,
    ports: Ports,
    properties: &BTreeMap<String, String>,
) -> Result<(), Error> {
    put(dir, PROPERTIES, &properties_text(DATA, ports, properties))?;
    put(dir, LOGGING, LOGGING_TEXT)
}

/// Gives the folder a cluster of its own, once. The data is formatted under another name and
/// renamed, so that a crash cannot leave it half formatted.
pub(crate) async fn format(runtime: &Runtime, dir: &Path, ports: Ports) -> Result<(), Error> {
    let data = dir.join(DATA);
    if data.join("meta.properties").exists() {
        return Ok(());
    }
    let part = dir.join(UNFINISHED_DATA);
    if part.exists() {
        std::fs::remove_dir_all(&part).map_err(Error::io("remove", &part))?;
    }
    const FILE: &str = "format.properties";
    put(dir, FILE, &properties_text(UNFINISHED_DATA, ports, &BTreeMap::new()))?;

    let mut command = Command::from(runtime.java(dir, "kafka.tools.StorageTool"));
    command.args(["format", "--config", FILE]).arg(format!("--cluster-id={}", cluster_id()));
    command.stdin(Stdio::null()).kill_on_drop(true);
    let failed = |output: String| Error::Format { dir: dir.to_owned(), output };
    let output = tokio::time::timeout(FORMAT_DEADLINE, command.output())
        .await
        .map_err(|_| failed(format!("not done after {FORMAT_DEADLINE:?}")))?
        .map_err(Error::io("run", &runtime.java.program))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        return Err(failed(String::from_utf8_lossy(&said).trim().to_owned()));
    }
    std::fs::rename(&part, &data).map_err(Error::io("rename", &part))
}

/// The cluster id that `format` gave the folder.
pub(crate) fn cluster(dir: &Path) -> Result<String, Error> {
    let path = dir.join(DATA).join("meta.properties");
    let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    let id = text.lines().find_map(|line| line.strip_prefix("cluster.id="));
    id.map(str::to_owned).ok_or_else(|| Error::Format {
        dir: dir.to_owned(),
        output: format!("{path:?} names no cluster.id; was it edited by hand?"),
    })
}

fn properties_text(data: &str, ports: Ports, properties: &BTreeMap<String, String>) -> String {
    let Ports { clients, controller } = ports;
    let own = [
        ("process.roles", "broker,controller".to_owned()),
        ("node.id", "1".to_owned()),
        ("controller.quorum.voters", format!("1@127.0.0.1:{controller}")),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned()),
        (
            "listeners",
            format!("PLAINTEXT://127.0.0.1:{clients},CONTROLLER://127.0.0.1:{controller}"),
        ),
        ("advertised.listeners", format!("PLAINTEXT://127.0.0.1:{clients}")),
        ("log.dirs", data.to_owned()),
    ];
    // Java keeps the last of equal keys, so the caller's come last.
    let tuned = TUNED.iter().map(|(key, value)| (*key, (*value).to_owned()));
    let chosen = properties.iter().map(|(key, value)| (key.as_str(), value.clone()));
    let mut text = String::new();
    for (key, value) in own.into_iter().chain(tuned).chain(chosen) {
        text.push_str(&escaped(key, true));
        text.push('=');
        text.push_str(&escaped(&value, false));
        text.push('\n');
    }
    text
}

/// As `java.util.Properties` reads it: Latin-1 with escapes.
fn escaped(text: &str, key: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, unit) in text.encode_utf16().enumerate() {
        match char::from_u32(u32::from(unit)) {
            Some('\\') => out.push_str("\\\\"),
            Some(' ') if key || at == 0 => out.push_str("\\ "),
            Some(mark @ (':' | '=' | '#' | '!')) if key => out.extend(['\\', mark]),
            Some(plain @ ' '..='~') => out.push(plain),
            _ => write!(out, "\\u{unit:04x}").expect("a String takes all that is written to it"),
        }
    }
    out
}

/// 16 random bytes as Kafka writes them. A leading `-` would look like an option to its tools.
fn cluster_id() -> String {
    loop {
        let id = BASE64_URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes());
        if !id.starts_with('-') {
            return id;
        }
    }
}

fn put(dir: &Path, name: &str, text: &str) -> Result<(), Error> {
    let path = dir.join(name);
    std::fs::write(&path, text).map_err(Error::io("write", &path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_properties() {
        let check = |text, key, expected: &str| assert_eq!(escaped(text, key), expected);
        check("message.max.bytes", true, "message.max.bytes");
        check("a b=c", true, "a\\ b\\=c");
        check(" a b=c\\d\ne", false, "\\ a b=c\\\\d\\u000ae");
        check("é😀", false, "\\u00e9\\ud83d\\ude00");
    }

    #[test]
    fn refuses_to_be_untied() {
        let properties = BTreeMap::from([("log.dirs".to_owned(), "/elsewhere".to_owned())]);
        let error = check(&properties).unwrap_err().to_string();
        assert!(error.contains("\"log.dirs\""), "{error}");
    }

    #[test]
    fn tuned_settings_are_sorted_and_once() {
        assert!(TUNED.is_sorted_by(|left, right| left.0 < right.0));
    }
}
