//! Why an import or an export did not come to its end.

use std::io;
use std::path::{Path, PathBuf};

/// Why an import or an export did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error("{attempted} {}: {error}", path.display())]
    File { attempted: &'static str, path: PathBuf, error: io::Error },
    /// What was asked for makes no sense.
    #[error("{0}")]
    Plan(String),
    /// A destination that no configuration allows.
    #[error("the destination {destination:?} is refused: {reason}")]
    Refused { destination: String, reason: String },
    /// A file that cannot be read on.
    #[error("{file}, line {line}: {reason}")]
    Broken { file: String, line: u64, reason: String },
    /// A store of files.
    #[error("{attempted}: {fault}")]
    Store { attempted: String, fault: component::Fault },
    /// Another machine.
    #[error(transparent)]
    Remote(#[from] component::Fault),
    /// Kafka.
    #[error(transparent)]
    Kafka(#[from] kafka::Error),
    /// The runtime.
    #[error(transparent)]
    Runtime(#[from] runtime::Error),
}

impl Error {
    pub(crate) fn file<'a>(
        attempted: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> Self + use<'a> {
        move |error| Self::File { attempted, path: path.to_owned(), error }
    }

    /// The same as the runtime says it.
    pub(crate) fn into_runtime(self) -> runtime::Error {
        match self {
            Self::Kafka(error) => error.into(),
            Self::Runtime(error) => error,
            Self::Remote(fault) => fault.into(),
            Self::Store { ref fault, .. } if fault.kind() == "retry" => {
                component::Fault::retry(self).into()
            }
            Self::Store { .. }
            | Self::File { .. }
            | Self::Plan(_)
            | Self::Refused { .. }
            | Self::Broken { .. } => component::Fault::fatal(self).into(),
        }
    }

    /// Whether doing the same again may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Kafka(error) => matches!(
                error,
                kafka::Error::Abortable { .. }
                    | kafka::Error::Indefinite { .. }
                    | kafka::Error::Unreachable { .. }
            ),
            Self::Runtime(error) => !error.is_final(),
            Self::Remote(fault) | Self::Store { fault, .. } => matches!(
                fault,
                component::Fault::Retry(_)
                    | component::Fault::Throttled { .. }
                    | component::Fault::Disconnected(_)
            ),
            Self::File { .. } | Self::Plan(_) | Self::Refused { .. } | Self::Broken { .. } => false,
        }
    }
}
