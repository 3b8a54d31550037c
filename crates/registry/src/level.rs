//! How far a new schema may differ from those before it.

use std::fmt;
use std::str::FromStr;

/// A compatibility level, as Confluent names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    None,
    Backward,
    BackwardTransitive,
    Forward,
    ForwardTransitive,
    Full,
    FullTransitive,
}

impl Level {
    const ALL: [(Level, &str); 7] = [
        (Level::None, "NONE"),
        (Level::Backward, "BACKWARD"),
        (Level::BackwardTransitive, "BACKWARD_TRANSITIVE"),
        (Level::Forward, "FORWARD"),
        (Level::ForwardTransitive, "FORWARD_TRANSITIVE"),
        (Level::Full, "FULL"),
        (Level::FullTransitive, "FULL_TRANSITIVE"),
    ];

    /// Whether all earlier versions count, or the latest alone.
    pub(crate) fn is_transitive(self) -> bool {
        matches!(self, Level::BackwardTransitive | Level::ForwardTransitive | Level::FullTransitive)
    }

    /// Whether the new schema must read data of the old one.
    pub(crate) fn reads_old(self) -> bool {
        use Level::{Backward, BackwardTransitive, Full, FullTransitive};
        matches!(self, Backward | BackwardTransitive | Full | FullTransitive)
    }

    /// Whether the old schema must read data of the new one.
    pub(crate) fn is_read_by_old(self) -> bool {
        use Level::{Forward, ForwardTransitive, Full, FullTransitive};
        matches!(self, Forward | ForwardTransitive | Full | FullTransitive)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Level::ALL.iter().find(|(level, _)| level == self);
        out.write_str(named.map_or("", |(_, name)| name))
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Level, UnknownLevel> {
        let named = Level::ALL.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
        named.map(|(level, _)| *level).ok_or_else(|| UnknownLevel(text.to_owned()))
    }
}

/// A word that names no compatibility level.
#[derive(Debug, thiserror::Error)]
#[error(
    "unknown compatibility level {0:?}; the levels are NONE, BACKWARD, BACKWARD_TRANSITIVE, \
     FORWARD, FORWARD_TRANSITIVE, FULL and FULL_TRANSITIVE"
)]
pub struct UnknownLevel(String);
