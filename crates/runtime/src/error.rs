//! Why a driver stopped.

/// Why a driver stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Kafka.
    #[error(transparent)]
    Kafka(#[from] kafka::Error),
    /// The schema registry.
    #[error(transparent)]
    Registry(#[from] avro::RegistryError),
    /// An event of our own making that does not fit its schema.
    #[error(transparent)]
    Encode(#[from] avro::EncodeError),
    /// A record on one of our own topics that cannot be read.
    #[error("reading {topic}: {reason}")]
    Record { topic: String, reason: String },
    /// The component itself.
    #[error(transparent)]
    Component(#[from] component::Fault),
    /// The topics are not as the component needs them.
    #[error("{0}")]
    Topics(String),
    /// The figures of this process cannot be collected.
    #[error("collecting metrics: {0}")]
    Figures(String),
}

impl Error {
    /// Whether the one record that was to be sent is at fault, and no other.
    pub fn is_about_the_record(&self) -> bool {
        matches!(
            self,
            Self::Encode(avro::EncodeError::Decimal { .. })
                | Self::Kafka(kafka::Error::TooLarge { .. })
        )
    }

    /// Whether starting again can help.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Kafka(error) => matches!(
                error,
                kafka::Error::Fenced { .. }
                    | kafka::Error::Unauthorized { .. }
                    | kafka::Error::Setting { .. }
            ),
            Self::Component(fault) => {
                matches!(fault, component::Fault::Unauthorized { .. } | component::Fault::Fatal(_))
            }
            Self::Topics(_) | Self::Figures(_) => true,
            Self::Registry(_) | Self::Encode(_) | Self::Record { .. } => false,
        }
    }
}
