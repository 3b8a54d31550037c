//! Identities: of events and of instruments.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use xxhash_rust::xxh3::Xxh3;

use crate::Text;

/// Deterministic id of an event: the same fact always has the same id.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub [u8; 16]);

impl EventId {
    /// The id of what these parts name, for example `["alpaca", "trades", "BAC", "P", "17"]`.
    ///
    /// Every part is hashed with its length, so that `["a", "bc"]` and `["ab", "c"]` differ.
    pub fn of(parts: &[&str]) -> Self {
        let mut hash = Xxh3::new();
        for part in parts {
            hash.update(&(part.len() as u32).to_le_bytes());
            hash.update(part.as_bytes());
        }
        Self(hash.digest128().to_be_bytes())
    }

    /// The id that a text stands for: its 16 bytes when it is 32 hexadecimal digits, else a hash
    /// of it, so that ids written by other programs are taken as they are.
    pub fn from_text(text: &str) -> Self {
        text.parse()
            .unwrap_or_else(|_| if text.is_empty() { Self::default() } else { Self::of(&[text]) })
    }

    /// The 32 hexadecimal digits.
    pub fn hex(self) -> [u8; 32] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut out = [0; 32];
        for (index, byte) in self.0.iter().enumerate() {
            out[index * 2] = DIGITS[usize::from(byte >> 4)];
            out[index * 2 + 1] = DIGITS[usize::from(byte & 15)];
        }
        out
    }

    /// Whether it is the id of nothing.
    pub fn is_nil(self) -> bool {
        self.0 == [0; 16]
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.hex() {
            fmt::Write::write_char(f, char::from(byte))?;
        }
        Ok(())
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EventId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bytes: &[u8; 32] = text.as_bytes().try_into().map_err(|_| BadId)?;
        let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(BadId);
        let mut out = [0; 16];
        for (index, pair) in bytes.chunks_exact(2).enumerate() {
            out[index] = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
        }
        Ok(Self(out))
    }
}

/// The text is not an event id.
#[derive(Debug, thiserror::Error)]
#[error("an event id has 32 hexadecimal digits")]
pub struct BadId;

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Our identity of an instrument: `SYMBOL.VENUE`, for example `BAC.US`.
///
/// The venue is the market in which the symbol is unique: `US` for everything listed on a US
/// exchange, whichever one, so that all vendors agree; `CRYPTO` for pairs; a MIC elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstrumentId(Text);

impl InstrumentId {
    /// An instrument listed in a market.
    pub fn listed(symbol: &str, venue: &str) -> Self {
        let mut id = Text::with_capacity(symbol.len() + venue.len() + 1);
        id.push_str(symbol);
        id.push('.');
        id.push_str(venue);
        Self(id)
    }

    /// What stands before the last dot.
    pub fn symbol(&self) -> &str {
        self.0.rsplit_once('.').map_or(&self.0, |(symbol, _)| symbol)
    }

    /// What stands after the last dot; empty when there is none.
    pub fn venue(&self) -> &str {
        self.0.rsplit_once('.').map_or("", |(_, venue)| venue)
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for InstrumentId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<Text> for InstrumentId {
    fn from(text: Text) -> Self {
        Self(text)
    }
}

impl fmt::Display for InstrumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_ids_are_stable_and_read_back() {
        let id = EventId::of(&["alpaca", "trades", "17"]);
        assert_eq!(id, EventId::of(&["alpaca", "trades", "17"]));
        assert_ne!(id, EventId::of(&["alpaca", "trade", "s17"]));
        assert_eq!(id.to_string().parse::<EventId>().unwrap(), id);
        assert_eq!(EventId::from_text(&id.to_string()), id);
        assert!(EventId::from_text("").is_nil());
        assert!(!EventId::from_text("mine").is_nil());
    }

    #[test]
    fn class_shares_keep_their_dot() {
        let id = InstrumentId::listed("BRK.B", "US");
        assert_eq!((id.symbol(), id.venue()), ("BRK.B", "US"));
        assert_eq!(id.to_string(), "BRK.B.US");
        assert_eq!(InstrumentId::from("plain").venue(), "");
    }
}
