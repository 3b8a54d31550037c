//! What can go wrong, each with what the user can do about it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why there is no broker.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(
        "no usable Java: {tried}; install Java {} or newer (on Debian: apt install \
         openjdk-17-jre-headless) or set JAVA_HOME",
        crate::java::OLDEST
    )]
    NoJava { tried: String },

    #[cfg(feature = "containers")]
    #[error("no Kafka in a container: {reason}; is there a Docker engine that answers you?")]
    Container { reason: String },

    #[error("KAFKA_HOME is {path:?}, which {reason}; unset it to have Kafka fetched")]
    KafkaHome { path: PathBuf, reason: String },

    #[error(
        "no folder to keep Kafka in: this user has no cache folder; set HOME, or set KAFKA_HOME \
         to an unpacked Kafka {}",
        crate::jars::VERSION
    )]
    NoCache,

    #[error(
        "cannot fetch Kafka {}: through Maven: {maven}; from the archive: {archive}; install \
         Maven (mvn), or set KAFKA_HOME to an unpacked Kafka",
        crate::jars::VERSION
    )]
    Fetch { maven: String, archive: String },

    #[error("gave up after {waited:?} on {path:?}, which another process holds")]
    Locked { path: PathBuf, waited: Duration },

    #[error("{dir:?} belongs to a broker that is running{}", .pid.map_or(String::new(), |pid| format!(" (process {pid})")))]
    InUse { dir: PathBuf, pid: Option<i32> },

    #[error("port {port} on 127.0.0.1 is taken")]
    PortTaken { port: u16 },

    #[error("the property {key:?} is set by this crate; use the option for it")]
    Reserved { key: String },

    #[error("cannot format the folder {dir:?} for Kafka: {output}")]
    Format { dir: PathBuf, output: String },

    #[error("Kafka ended with {status} before it was ready; its log ends:\n{tail}")]
    Ended { status: String, tail: String },

    #[error("Kafka was not ready after {waited:?}; its log ends:\n{tail}")]
    NotReady { waited: Duration, tail: String },

    #[error("cannot {attempt}")]
    Io { attempt: String, source: io::Error },
}

impl Error {
    /// For `map_err`: `Error::io("read", path)`.
    pub(crate) fn io(verb: &str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let attempt = format!("{verb} {path:?}");
        move |source| Error::Io { attempt, source }
    }
}
