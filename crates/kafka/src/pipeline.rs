//! Live delivery: full speed, in order, acknowledged in the background.

use std::time::Duration;

use crate::error::kind_of;
use crate::sender::Sender;
use crate::{Error, Outgoing, Result, Settings};

/// An idempotent producer that never waits for a single record.
///
/// `send` only enqueues; `acknowledged` tells up to where everything is on the brokers. A broker
/// that is away does not lose what is in the queue: it is delivered, once and in order, when the
/// broker is back. Dropping a pipeline drops what it has not delivered: [`Pipeline::flush`] first.
pub struct Pipeline {
    sender: Sender,
}

impl Pipeline {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let config = settings.for_pipeline()?;
        Ok(Pipeline { sender: Sender::new(settings, &config, "start a producer")? })
    }

    /// Enqueues a record and returns its sequence: 1 for the first, and so on without gaps.
    ///
    /// An error means that this record was not taken; the pipeline goes on. A full queue is
    /// waited for, ten seconds at most ([`Error::Unreachable`]).
    pub fn send(&mut self, record: &Outgoing<'_>) -> Result<u64> {
        self.sender.send(record)
    }

    /// Every record with a sequence up to the one returned is on the brokers. Never waits.
    ///
    /// Fails, from then on always, if a record that was taken could not be delivered for good
    /// (the topic does not exist, is not allowed, or takes no record of that size). Then make a
    /// new pipeline and send everything after [`Pipeline::delivered`] again.
    pub fn acknowledged(&mut self) -> Result<u64> {
        self.sender.serve();
        let attempted = "deliver a record";
        if let Some(error) = self.sender.fatal(attempted) {
            return Err(error);
        }
        match self.sender.failure() {
            Some(failure) => Err(Error::new(kind_of(failure.code), attempted, failure.to_string())),
            None => Ok(self.sender.done()),
        }
    }

    /// As [`Pipeline::acknowledged`], but also after a failure.
    pub fn delivered(&self) -> u64 {
        self.sender.done()
    }

    /// Waits until everything that was sent is on the brokers.
    pub fn flush(&mut self, wait: Duration) -> Result<()> {
        self.sender.hurry();
        let drained = self.sender.drain(wait);
        self.acknowledged()?;
        if drained {
            return Ok(());
        }
        Err(self.sender.unreachable("deliver all records", wait))
    }
}
