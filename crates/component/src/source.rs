//! Reading one feed of an external system.

use std::future::Future;
use std::time::Duration;

use model::Event;

use crate::{Bad, Batch, Host, Result, Saved, Settings};

/// How a feed's records reach their topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// Records and the cursor after them are committed in one transaction.
    Exact,
    /// Records are pipelined at full speed; the cursor trails what Kafka has acknowledged.
    Live,
}

/// What a live feed published this long before its last checkpoint is known to its next run, which
/// may read it again and publishes nothing twice.
pub const LIVE_MEMORY: Duration = Duration::from_secs(60);

/// Reads one feed of an external system.
pub trait Source: Sized + Send + 'static {
    /// Name of the component, `vendor_noun`.
    const NAME: &'static str;
    /// How its records are delivered.
    const FEED: Feed;
    /// Topics it may publish to, without any prefix.
    const PUBLISHES: &'static [&'static str];
    /// The vendor's `connection` and `authentication`, shared by all its components.
    type System: Settings;
    /// Settings of this feed.
    type Settings: Settings;
    /// Resume position in the vendor's feed.
    type Cursor: Saved;

    /// One attempt to open a session and prove the credentials.
    fn connect(
        system: Self::System,
        settings: Self::Settings,
        host: Host,
    ) -> impl Future<Output = Result<Self>> + Send;

    /// The next records after `cursor`. Dropping the future must lose nothing.
    fn read(
        &mut self,
        cursor: &Self::Cursor,
    ) -> impl Future<Output = Result<Batch<Self::Cursor>>> + Send;

    /// The cursor of a run that is due now: what is asked for with pauses is due at once.
    fn afresh(cursor: Self::Cursor) -> Self::Cursor {
        cursor
    }

    /// Topics it publishes to with these settings. At its start all of them are looked through for
    /// what it published last.
    fn publishes(_settings: &Self::Settings) -> Vec<&'static str> {
        Self::PUBLISHES.to_vec()
    }

    /// Reads one item again that had become a dead letter, from its raw bytes.
    fn redrive(_raw: &[u8]) -> Result<Vec<Event>, Bad> {
        Err(Bad::new("", "this source cannot read a single item again"))
    }

    /// The same where the topology is known: its settings may say what an item means.
    fn redrive_with(
        _settings: Self::Settings,
        _host: &Host,
        raw: &[u8],
    ) -> Result<Vec<Event>, Bad> {
        Self::redrive(raw)
    }
}
