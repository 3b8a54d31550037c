//! Writes the log: one entry for each record that an auditor cares about, in the transaction of
//! the record's offset.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use component::{Clock, Fault, Secret};
use credentials::{CHECKPOINT_EVERY, Chain, Entry, Signer};
use kafka::{Message, Polled, Transactions};
use model::{Audit, Event, EventId, Head, Timestamp};
use ring::digest::{SHA256, digest};
use runtime::{Error, Member, Publisher, State, Status, Task, Wiring};
use serde_json::Value;
use tracing::{info, warn};

use crate::said::{Said, said};

/// Topics that tell what happens. What no topic tells is noted on the last one.
pub const INPUTS: &[&str] = &[
    "orders.requests",
    "orders.approved",
    "orders.events",
    "ops.deliveries",
    "ops.commands",
    "ops.silences",
    "ops.notes",
];

/// The writer's name, in its group and in what it publishes.
const NAME: &str = "audit";
/// The group whose member writes: the one that is given the log's only partition.
const DUTY: &str = "audit_duty";
/// Records of one transaction.
const BATCH: usize = 1_000;
/// Longest wait for a record.
const IDLE: Duration = Duration::from_millis(500);
/// Entries wait so long for a checkpoint when no others come.
const SIGN_AFTER: i64 = 60_000_000_000;
/// Lines of the end of the log that are read to go on with it: a checkpoint is among them.
const TAIL: usize = 2 * CHECKPOINT_EVERY as usize + 2;

/// The task that keeps the log. `Err` says what is wrong with the key.
pub fn task(key: &Secret) -> Result<Task, credentials::Error> {
    Signer::read(key)?;
    let key = key.clone();
    Ok(Task::new(NAME, move |wiring, status| {
        let key = key.clone();
        async move {
            let work = move || keep(&key, &wiring, &status).map_err(again);
            match tokio::task::spawn_blocking(work).await {
                Ok(ended) => ended,
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            }
        }
    }))
}

/// A writer that was fenced queues for the duty once more.
fn again(error: Error) -> Error {
    match error {
        Error::Kafka(kafka::Error::Fenced { .. }) => {
            Fault::retry("another process writes the audit log").into()
        }
        error => error,
    }
}

/// Writes until shutdown, whenever it has the duty. Of several processes one has it, and another
/// takes over when that one ends. Blocks.
fn keep(key: &Secret, wiring: &Wiring, status: &Status) -> Result<(), Error> {
    let topic = wiring.names.topic("ops.audit");
    let mut duty = wiring.shared_group(DUTY, &[&topic])?;
    let mut writer: Option<Writer<'_>> = None;
    let mut assigned = Vec::new();
    status.set(State::Running, "");
    while !wiring.shutdown.is_cancelled() {
        let wait = if writer.is_some() { Duration::ZERO } else { IDLE };
        let polled = duty.next(1, wait)?;
        if !assigned.is_empty() {
            // It is ours since this call; what is on the topic is of no use here.
            duty.pause(&std::mem::take(&mut assigned))?;
            writer = Some(Writer::open(key, wiring)?);
        }
        match polled {
            Polled::Assigned(partitions) => assigned = partitions,
            Polled::Revoked { lost, .. } => {
                assigned.clear();
                if let Some(mut writer) = writer.take().filter(|_| !lost) {
                    writer.sign_if_due(0)?;
                }
            }
            Polled::Messages(_) | Polled::Nothing => {}
        }
        if let Some(writer) = &mut writer {
            writer.work()?;
        }
    }
    // The log ends with a checkpoint.
    writer.map_or(Ok(()), |mut writer| writer.sign_if_due(0))
}

struct Writer<'a> {
    wiring: &'a Wiring,
    clock: Clock,
    chain: Chain,
    transactions: Transactions,
    group: Member,
    publisher: Publisher,
    /// When the last entry was written.
    wrote: Timestamp,
}

impl<'a> Writer<'a> {
    /// Fences older writers, then goes on where the log ends.
    fn open(key: &Secret, wiring: &'a Wiring) -> Result<Self, Error> {
        let transactions = wiring.cluster.transactions(&wiring.sole_transactional_id(NAME))?;
        let inputs: Vec<String> = INPUTS.iter().map(|base| wiring.names.topic(base)).collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let group = wiring.sole_group(NAME, &inputs)?;
        let clock = wiring.clock.clone();
        let wrote = clock.now();
        let chain = chain(key, wiring)?;
        let publisher = Publisher::new(wiring);
        Ok(Self { wiring, clock, chain, transactions, group, publisher, wrote })
    }

    /// Writes what has come, and signs it in time.
    fn work(&mut self) -> Result<(), Error> {
        if let Polled::Messages(messages) = self.group.next(BATCH, IDLE)? {
            self.write(&messages)?;
        }
        self.sign_if_due(SIGN_AFTER)
    }

    /// Entries and offsets become visible together or not at all. After any error the chain here is
    /// ahead of the log: the writer is thrown away, and a new one reads where the log ends.
    fn write(&mut self, messages: &[Message]) -> Result<(), Error> {
        let mut lines = Vec::new();
        let mut offsets: BTreeMap<(Arc<str>, i32), i64> = BTreeMap::new();
        for message in messages {
            offsets.insert((message.topic.clone(), message.partition), message.offset + 1);
            if let Some(said) = self.said(message)? {
                let Said { time, actor, action, subject, details } = said;
                let added = self.chain.add(time, &actor, &action, &subject, details);
                lines.extend(added.map_err(fatal)?);
            }
        }
        let offsets: Vec<_> = offsets
            .into_iter()
            .map(|((topic, partition), next)| (topic, partition, next))
            .collect();
        self.commit(&lines, &offsets)
    }

    /// What a record says, with where it is and what its bytes were.
    fn said(&self, message: &Message) -> Result<Option<Said>, Error> {
        let Some(payload) = message.payload() else { return Ok(None) };
        let place = format!(
            "{}/{}/{}",
            self.wiring.names.base(&message.topic),
            message.partition,
            message.offset
        );
        let mut said = match self.wiring.read(message) {
            Ok(event) => match said(&event) {
                Some(said) => said,
                None => return Ok(None),
            },
            // Somebody wrote it, and that is worth an entry.
            Err(Error::Record { topic, reason }) => {
                warn!(topic, offset = message.offset, reason, "unreadable record");
                Said {
                    time: Timestamp::from_millis(message.timestamp_ms),
                    actor: "unknown".to_owned(),
                    action: "record.unreadable".to_owned(),
                    subject: place.clone(),
                    details: BTreeMap::new(),
                }
            }
            Err(error) => return Err(error),
        };
        said.details.insert("record".to_owned(), place);
        let digest = hex::encode(digest(&SHA256, payload));
        said.details.insert("sha256".to_owned(), digest);
        Ok(Some(said))
    }

    /// A checkpoint over entries that have none, once no others have come for so long.
    fn sign_if_due(&mut self, after: i64) -> Result<(), Error> {
        let now = self.clock.now();
        if self.chain.unsigned() == 0 || now.since(self.wrote) < after {
            return Ok(());
        }
        let line = self.chain.checkpoint(now).map_err(fatal)?;
        self.commit(&[line], &[])
    }

    fn commit(&mut self, lines: &[String], offsets: &[(Arc<str>, i32, i64)]) -> Result<(), Error> {
        self.transactions.begin()?;
        for line in lines {
            let record = record(line).ok_or_else(|| fatal("an entry is not what was written"))?;
            self.publisher.publish(&mut self.transactions, &record.into(), None)?;
        }
        if !offsets.is_empty() {
            self.transactions.send_offsets(&self.group, offsets)?;
        }
        self.transactions.commit()?;
        if !lines.is_empty() {
            self.wrote = self.clock.now();
        }
        for (topic, count) in self.publisher.take_counts() {
            self.wiring.metrics.published(NAME, topic, count);
        }
        Ok(())
    }
}

/// The chain of the log that there is. A log that was tampered with is not gone on with: nobody
/// could tell later what was written before and what after.
fn chain(key: &Secret, wiring: &Wiring) -> Result<Chain, Error> {
    let topic = wiring.names.topic("ops.audit");
    let mut lines = Vec::new();
    wiring.cluster.reader()?.tail(&topic, TAIL, |message| lines.push(message))?;
    let mut last = Vec::new();
    for message in &lines {
        match wiring.read(message)? {
            Event::Audit(entry) => last.push(entry.line),
            _ => return Err(fatal("there is something else among the entries of the audit log")),
        }
    }
    let signer = Signer::read(key).map_err(fatal)?;
    let public = signer.public();
    let chain = Chain::resume_after(signer, last.iter().map(|line| line.as_str()));
    let chain = chain.map_err(|found| {
        fatal(format!(
            "the audit log cannot be gone on with: {found}; see what `foliostream audit verify` \
             says, or whether the key is another one"
        ))
    })?;
    info!(entries = last.len(), public, "going on with the audit log");
    Ok(chain)
}

/// The record of a line.
pub(crate) fn record(line: &str) -> Option<Audit> {
    let mut read: Value = serde_json::from_str(line).ok()?;
    let entry: Entry = serde_json::from_value(read.get_mut("entry")?.take()).ok()?;
    let time = Timestamp(entry.time);
    let head = Head::new(EventId::of(&[NAME, line]), time);
    Some(Audit {
        head: Head { source: NAME.into(), received_time: time, ..head },
        sequence: i64::try_from(entry.sequence).ok()?,
        actor: entry.actor.into(),
        action: entry.action.into(),
        subject: entry.subject.into(),
        line: line.into(),
    })
}

fn fatal(why: impl ToString) -> Error {
    Fault::fatal(why.to_string()).into()
}
