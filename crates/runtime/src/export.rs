//! Drives one export: records are written out, and read again after a crash or a doubt, which the
//! sink makes harmless.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use component::{Bad, Delivery, Fault, Host, Outcome, Sink};
use kafka::{Group, Message, Polled};
use model::{Event, Stage, Text};
use tokio::task::block_in_place;

use crate::alert::Alarm;
use crate::supervisor::{State, Status};
use crate::{Error, Publisher, Wiring, dead};

/// Records handed to an export at most.
const EXPORT_BATCH: usize = 2_000;
/// Longest wait for a record.
const IDLE: Duration = Duration::from_millis(100);
/// How long dead letters may take to be acknowledged.
const LETTERS_WAIT: Duration = Duration::from_secs(10);

/// Writes records out until shutdown (`None`) or until the session ends (its fault).
pub async fn run<S: Sink>(
    mut sink: S,
    settings: &S::Settings,
    host: &Host,
    wiring: &Wiring,
    status: &Status,
    alarm: &mut Alarm,
) -> Result<Option<Fault>, Error> {
    let instance = host.instance();
    let topics: Vec<String> = S::topics(settings).iter().map(|t| wiring.names.topic(t)).collect();
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let mut group = block_in_place(|| wiring.group(&instance, &topics))?;
    let mut publisher = Publisher::new(wiring);
    while !wiring.shutdown.is_cancelled() {
        // The loop must be interruptible where nothing else in it waits.
        tokio::task::yield_now().await;
        block_in_place(|| alarm.look());
        let messages = match block_in_place(|| group.next(EXPORT_BATCH, IDLE))? {
            Polled::Messages(messages) => messages,
            Polled::Assigned(_) | Polled::Revoked { .. } | Polled::Nothing => continue,
        };
        let mut work = block_in_place(|| sort(wiring, &instance, &messages))?;
        if !work.deliveries.is_empty() {
            let written = sink.write(&work.deliveries).await;
            match written.and_then(|outcomes| work.set_aside_refused(&instance, outcomes)) {
                Ok(()) => {}
                Err(fault) => return Ok(Some(fault)),
            }
        }
        block_in_place(|| publish(wiring, &mut publisher, &work.letters))?;
        block_in_place(|| commit(&mut group, &messages))?;
        status.set(State::Running, "");
    }
    Ok(None)
}

/// What becomes of one batch.
#[derive(Default)]
struct Work<'m> {
    /// What is to be written, and the record that each comes from.
    deliveries: Vec<Delivery>,
    origins: Vec<&'m Message>,
    /// Dead letters about the rest.
    letters: Vec<Event>,
}

fn sort<'m>(wiring: &Wiring, instance: &str, messages: &'m [Message]) -> Result<Work<'m>, Error> {
    let mut work = Work::default();
    for message in messages {
        if message.payload().is_none() || dead::is_for_another(message, instance) {
            continue;
        }
        match wiring.read(message) {
            Ok(event) => {
                work.deliveries.push(delivery(message, event, wiring));
                work.origins.push(message);
            }
            Err(Error::Record { reason, .. }) => {
                let base = wiring.names.base(&message.topic);
                let bad = Bad::new("", reason);
                wiring.metrics.dead(instance);
                work.letters.push(dead::record(instance, Stage::Decode, message, &bad, base));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(work)
}

fn delivery(message: &Message, event: Event, wiring: &Wiring) -> Delivery {
    let topic = Text::from(wiring.names.base(&message.topic));
    Delivery {
        id: Text::from(format!("{topic}/{}/{}", message.partition, message.offset)),
        topic,
        partition: message.partition,
        offset: message.offset,
        event,
    }
}

impl Work<'_> {
    /// Makes letters of what was refused for good. Whatever is not known to be written or refused
    /// is written again.
    fn set_aside_refused(&mut self, instance: &str, outcomes: Vec<Outcome>) -> Result<(), Fault> {
        let (count, expected) = (outcomes.len(), self.deliveries.len());
        if count != expected {
            return Err(Fault::retry(format!("{count} outcomes of {expected} records written")));
        }
        for (index, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Outcome::Accepted { .. } => {}
                Outcome::Rejected { reason } => {
                    let (bad, topic) = (Bad::new("", reason), &self.deliveries[index].topic);
                    let origin = self.origins[index];
                    let letter = dead::record(instance, Stage::Deliver, origin, &bad, topic);
                    self.letters.push(letter);
                }
                Outcome::Unknown { reason } => return Err(Fault::Retry(reason)),
                Outcome::Absent => return Err(Fault::retry("the record did not arrive")),
            }
        }
        Ok(())
    }
}

fn publish(wiring: &Wiring, publisher: &mut Publisher, letters: &[Event]) -> Result<(), Error> {
    if letters.is_empty() {
        return Ok(());
    }
    let mut pipeline = wiring.cluster.pipeline()?;
    for letter in letters {
        publisher.publish(&mut pipeline, letter, None)?;
    }
    Ok(pipeline.flush(LETTERS_WAIT)?)
}

fn commit(group: &mut Group, messages: &[Message]) -> Result<(), Error> {
    let mut offsets: BTreeMap<(Arc<str>, i32), i64> = BTreeMap::new();
    for message in messages {
        offsets.insert((message.topic.clone(), message.partition), message.offset + 1);
    }
    let offsets: Vec<_> = offsets.into_iter().map(|((t, p), next)| (t, p, next)).collect();
    Ok(group.commit(&offsets)?)
}
