//! What can go wrong, sorted by what the caller must do about it.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something with Kafka did not work. The variant says what to do next.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A newer owner of the same id has taken over: stop, and do not come back by yourself.
    #[error("could not {attempted}: a newer owner took over: {reason}")]
    Fenced { attempted: String, reason: String },

    /// This transaction is lost but nothing else is: abort it and go back to the committed
    /// offsets.
    #[error("could not {attempted}: abort and start again: {reason}")]
    Abortable { attempted: String, reason: String },

    /// Nobody knows what the broker did. Drop the producer, make a new one (which fences every
    /// late request of this one) and read the saved state again.
    #[error("could not {attempted}: outcome unknown, the producer must be rebuilt: {reason}")]
    Indefinite { attempted: String, reason: String },

    /// No broker answered in time.
    #[error("could not {attempted}: Kafka did not answer: {reason}")]
    Unreachable { attempted: String, reason: String },

    /// One record is bigger than the client or the topic allows.
    #[error("could not {attempted}: record too large: {reason}")]
    TooLarge { attempted: String, reason: String },

    /// The topic or partition does not exist.
    #[error("could not {attempted}: no such topic or partition: {reason}")]
    UnknownTopic { attempted: String, reason: String },

    /// The credentials were refused, or do not allow this.
    #[error("could not {attempted}: not allowed: {reason}")]
    Unauthorized { attempted: String, reason: String },

    /// A setting cannot work.
    #[error("setting `{setting}`: {reason}")]
    Setting { setting: String, reason: String },

    #[error("could not {attempted}: {reason}")]
    Other { attempted: String, reason: String },
}

/// The variants of [`Error`] that a broker's answer can lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Fenced,
    Abortable,
    Indefinite,
    Unreachable,
    TooLarge,
    UnknownTopic,
    Unauthorized,
    Other,
}

impl Error {
    pub(crate) fn new(kind: Kind, attempted: impl Into<String>, reason: impl Into<String>) -> Self {
        let (attempted, reason) = (attempted.into(), reason.into());
        match kind {
            Kind::Fenced => Error::Fenced { attempted, reason },
            Kind::Abortable => Error::Abortable { attempted, reason },
            Kind::Indefinite => Error::Indefinite { attempted, reason },
            Kind::Unreachable => Error::Unreachable { attempted, reason },
            Kind::TooLarge => Error::TooLarge { attempted, reason },
            Kind::UnknownTopic => Error::UnknownTopic { attempted, reason },
            Kind::Unauthorized => Error::Unauthorized { attempted, reason },
            Kind::Other => Error::Other { attempted, reason },
        }
    }

    pub(crate) fn setting(setting: impl Into<String>, reason: impl Into<String>) -> Self {
        Error::Setting { setting: setting.into(), reason: reason.into() }
    }

    pub(crate) fn other(attempted: impl Into<String>, reason: impl Into<String>) -> Self {
        Error::new(Kind::Other, attempted, reason)
    }

    /// From any error of the client outside a transaction.
    pub(crate) fn from_client(attempted: impl Into<String>, error: &KafkaError) -> Self {
        match error {
            // The value may be a password, so only the name is told.
            KafkaError::ClientConfig(_, description, name, _) => {
                Error::setting(format!("kafka.properties.{name}"), description)
            }
            KafkaError::AdminOp(code) => Error::from_code(attempted, *code),
            _ => match error.rdkafka_error_code() {
                Some(code) => Error::from_code(attempted, code),
                None => Error::other(attempted, error.to_string()),
            },
        }
    }

    pub(crate) fn from_code(attempted: impl Into<String>, code: Code) -> Self {
        Error::new(kind_of(code), attempted, code.to_string())
    }
}

/// What a code means outside a transaction.
pub(crate) fn kind_of(code: Code) -> Kind {
    match code {
        Code::ProducerFenced
        | Code::InvalidProducerEpoch
        | Code::Fenced
        | Code::FencedInstanceId
        | Code::UnreleasedInstanceId => Kind::Fenced,

        Code::IllegalGeneration
        | Code::UnknownMemberId
        | Code::RebalanceInProgress
        | Code::AssignmentLost
        | Code::StaleMemberEpoch
        | Code::FencedMemberEpoch => Kind::Abortable,

        Code::TopicAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::TransactionalIdAuthorizationFailed
        | Code::SaslAuthenticationFailed
        | Code::UnsupportedSASLMechanism
        | Code::Authentication => Kind::Unauthorized,

        Code::MessageSizeTooLarge | Code::MessageBatchTooLarge => Kind::TooLarge,

        Code::UnknownTopic
        | Code::UnknownTopicOrPartition
        | Code::UnknownTopicId
        | Code::UnknownPartition
        | Code::InvalidTopic => Kind::UnknownTopic,

        Code::BrokerTransportFailure
        | Code::AllBrokersDown
        | Code::Resolve
        | Code::SSL
        | Code::OperationTimedOut
        | Code::RequestTimedOut
        | Code::MessageTimedOut
        | Code::TimedOutQueue
        | Code::NetworkException
        | Code::LeaderNotAvailable
        | Code::NotLeaderForPartition
        | Code::BrokerNotAvailable
        | Code::CoordinatorNotAvailable
        | Code::CoordinatorLoadInProgress
        | Code::NotCoordinator
        | Code::WaitingForCoordinator
        | Code::NotEnoughReplicas
        | Code::NotEnoughReplicasAfterAppend
        | Code::ISRInsufficient => Kind::Unreachable,

        _ => Kind::Other,
    }
}
