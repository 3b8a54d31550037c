//! Why there is no registry.

use std::io;
use std::net::SocketAddr;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("cannot {attempt} the schema topic {topic:?}")]
    Kafka { attempt: &'static str, topic: String, source: kafka::Error },

    #[error(
        "the schema topic {topic:?} has {partitions} partitions and cleanup.policy={policy:?}; it \
         must have one partition and be compacted, or schemas get lost"
    )]
    WrongTopic { topic: String, partitions: usize, policy: String },

    #[error("a record that was written to {topic:?} could not be read back in time")]
    NotReadBack { topic: String },

    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },

    #[error("cannot start the thread {name:?}")]
    Thread { name: String, source: io::Error },
}

impl Error {
    /// For `map_err`: `Error::kafka("read", topic)`.
    pub(crate) fn kafka(attempt: &'static str, topic: &str) -> impl FnOnce(kafka::Error) -> Error {
        let topic = topic.to_owned();
        move |source| Error::Kafka { attempt, topic, source }
    }
}
