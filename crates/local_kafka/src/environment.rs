//! What the surroundings say, read once, so that tests can say something else.

use std::ffi::OsString;
use std::path::PathBuf;

use etcetera::BaseStrategy;

/// Overrides where the archive of Kafka is fetched from.
const ARCHIVE_URL: &str = "FOLIOSTREAM_KAFKA_ARCHIVE_URL";

#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    pub java_home: Option<PathBuf>,
    pub kafka_home: Option<PathBuf>,
    pub path: OsString,
    /// Our folder in the user's cache.
    pub cache: Option<PathBuf>,
    pub archive_url: Option<String>,
}

impl Environment {
    pub fn read() -> Environment {
        Environment {
            java_home: variable("JAVA_HOME").map(PathBuf::from),
            kafka_home: variable("KAFKA_HOME").map(PathBuf::from),
            path: variable("PATH").unwrap_or_default(),
            cache: etcetera::choose_base_strategy()
                .ok()
                .map(|folders| folders.cache_dir().join("foliostream")),
            archive_url: variable(ARCHIVE_URL).and_then(|url| url.into_string().ok()),
        }
    }

    /// Every file of this name in a folder of `PATH`, in order.
    pub fn programs<'a>(&'a self, name: &'a str) -> impl Iterator<Item = PathBuf> + 'a {
        std::env::split_paths(&self.path).map(move |dir| dir.join(name)).filter(|p| p.is_file())
    }
}

/// An empty variable counts as unset, as shells treat it.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
