//! Keeps what outlives a process, beside the cursors on `ops.checkpoints`.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use component::{Fault, Ledger};
use kafka::Pipeline;
use model::{Checkpoint, Event, EventId, Head};
use tokio::task::block_in_place;

use crate::published::last_checkpoint;
use crate::{Error, Publisher, Wiring};

/// What is kept must be on the brokers within this time, or it is not kept.
const WAIT: Duration = Duration::from_secs(5);

/// A ledger whose names are keys of `ops.checkpoints`. Two processes that keep the same name
/// overwrite each other: what they share has to be divided between them.
pub(crate) struct Kept {
    wiring: Wiring,
    sure: Mutex<Sure>,
}

/// Publishes single events, each of which is on the brokers before anything goes on.
#[derive(Default)]
pub(crate) struct Sure(Option<(Pipeline, Publisher)>);

impl Sure {
    /// Publishes an event. Blocks.
    pub(crate) fn publish(&mut self, wiring: &Wiring, event: &Event) -> Result<(), Error> {
        // Taken out: one that has failed is not used again.
        let (mut pipeline, mut publisher) = match self.0.take() {
            Some(open) => open,
            None => (wiring.cluster.pipeline()?, Publisher::new(wiring)),
        };
        publisher.publish(&mut pipeline, event, None)?;
        pipeline.flush(WAIT)?;
        self.0 = Some((pipeline, publisher));
        Ok(())
    }
}

impl Kept {
    pub(crate) fn new(wiring: &Wiring) -> Self {
        Self { wiring: wiring.clone(), sure: Mutex::default() }
    }

    fn publish(&self, name: &str, text: &str) -> Result<(), Error> {
        let now = self.wiring.clock.now();
        let id = EventId::of(&[name, &now.0.to_string(), text]);
        let head = Head { source: "foliostream".into(), received_time: now, ..Head::new(id, now) };
        let event: Event = Checkpoint {
            head,
            component: name.into(),
            cursor: text.into(),
            sequence: 0,
            records: 0,
        }
        .into();
        let mut sure = self.sure.lock().unwrap_or_else(PoisonError::into_inner);
        sure.publish(&self.wiring, &event)
    }
}

impl Ledger for Kept {
    fn load(&self, name: &str) -> component::Result<Option<String>> {
        let last = block_in_place(|| last_checkpoint(&self.wiring, name));
        let last = last.map_err(|error| Fault::retry(format!("could not look up {name}: {error}")));
        Ok(last?.map(|checkpoint| checkpoint.cursor.to_string()))
    }

    fn keep(&self, name: &str, text: &str) -> component::Result<()> {
        let kept = block_in_place(|| self.publish(name, text));
        kept.map_err(|error| Fault::retry(format!("could not keep {name}: {error}")))
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}
