//! The old encoding: fields in a fixed order, each ended by a zero byte, up to version 178.

mod answers;
mod orders_in;
mod orders_out;
mod reader;
mod requests;
mod spelling;
mod writer;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::sync::{Mutex, PoisonError};

use crate::wire::{Answer, HistoricalData};

pub use reader::Unreadable;

/// What can be said of a request that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misread {
    /// No request has this number.
    Unknown,
    Field(Unreadable),
}

impl From<Unreadable> for Misread {
    fn from(unreadable: Unreadable) -> Misread {
        Misread::Field(unreadable)
    }
}

/// The text side of one connection.
pub struct Codec {
    version: i32,
    /// Bars whose bounds have not been told yet: here both go in one frame.
    bars: Mutex<Option<HistoricalData>>,
}

impl Codec {
    pub fn new(version: i32) -> Codec {
        Codec { version, bars: Mutex::default() }
    }

    pub fn decode(&self, body: &[u8]) -> Result<crate::wire::Request, Misread> {
        requests::decode(self.version, &String::from_utf8_lossy(body))
    }

    /// The body of a frame; nothing if text has no such message, or it is not complete.
    pub fn encode(&self, answer: &Answer) -> Option<Vec<u8>> {
        let waiting = || self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Answer::HistoricalData(bars) => {
                *waiting() = Some(bars.clone());
                None
            }
            Answer::HistoricalDataEnd(end) => {
                let bars = waiting().take().unwrap_or_default();
                Some(answers::bars(self.version, &bars, end))
            }
            _ => answers::encode(self.version, answer),
        }
    }
}
