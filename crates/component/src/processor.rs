//! Folding records into records.

use model::{Event, EventId, Head, Text, Timestamp};

use crate::{Bad, Result, Saved, Settings};

/// Folds records into records. No I/O, no clock, no randomness.
///
/// Inputs are partitioned: all records of one key meet one state. Records on the global topics
/// reach every instance, whatever its partitions, and are only looked at.
pub trait Processor: Sized + Send + 'static {
    /// Name of the processor, a verb.
    const NAME: &'static str;
    /// Topics whose records are folded, without any prefix.
    const INPUTS: &'static [&'static str];
    /// Topics that every instance observes whole, without any prefix.
    const GLOBALS: &'static [&'static str] = &[];
    /// Settings of the processor.
    type Settings: Settings;
    /// State of one key.
    type State: Saved;
    /// What is known from the global topics; rebuilt at start, never saved.
    type Global: Default + Send;

    /// A processor with its settings checked.
    fn new(settings: Self::Settings) -> Result<Self>;

    /// The key whose state a record belongs to; `None` for a record of no interest. It must be
    /// the key that the topic is partitioned by, or a refinement of it.
    fn key(&self, event: &Event) -> Option<Text>;

    /// Takes note of a record on a global topic.
    fn observe(&self, _global: &mut Self::Global, _event: &Event) {}

    /// Folds one record into the state of its key. A bad record leaves the state as it was.
    fn apply(
        &self,
        state: &mut Self::State,
        global: &Self::Global,
        event: &Event,
        out: &mut Out,
    ) -> Result<(), Bad>;

    /// Lets time pass for one key: no record received before `watermark` is still to come. A tick
    /// that emits nothing changes nothing worth saving.
    fn tick(&self, _state: &mut Self::State, _watermark: Timestamp, _out: &mut Out) {}
}

/// Collects what a processor emits for one record or tick.
#[derive(Debug)]
pub struct Out {
    processor: &'static str,
    cause: Head,
    count: u32,
    events: Vec<Event>,
}

impl Out {
    /// Collects for a record with this head.
    pub fn caused_by(processor: &'static str, cause: &Head) -> Self {
        Self { processor, cause: cause.clone(), count: 0, events: Vec::new() }
    }

    /// Collects for the passing of time over one key.
    pub fn tick(processor: &'static str, key: &str, watermark: Timestamp) -> Self {
        let id = EventId::of(&[processor, key, &watermark.0.to_string()]);
        let mut cause = Head::new(id, watermark);
        cause.received_time = watermark;
        Self::caused_by(processor, &cause)
    }

    /// The head of the record that is being folded.
    pub fn cause(&self) -> &Head {
        &self.cause
    }

    /// A head for the next event: its id follows from the cause, its times are the cause's.
    pub fn head(&mut self) -> Head {
        let cause = self.cause.event_id.to_string();
        let count = self.count.to_string();
        self.count += 1;
        Head {
            event_id: EventId::of(&[self.processor, &cause, &count]),
            source: self.processor.into(),
            event_time: self.cause.event_time,
            received_time: self.cause.received_time,
        }
    }

    /// Emits an event.
    pub fn emit(&mut self, event: impl Into<Event>) {
        self.events.push(event.into());
    }

    /// What was emitted, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Hands over what was emitted.
    pub fn into_events(self) -> Vec<Event> {
        self.events
    }
}
