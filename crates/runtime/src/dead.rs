//! Dead letters: setting items aside with their raw bytes, and trying them again.

use component::Bad;
use kafka::Message;
use model::{DeadLetter, Event, EventId, Head, Stage, Text, Timestamp};

use crate::{Error, Publisher, Wiring};

/// Raw bytes kept of one item. Kafka takes a megabyte; what is longer cannot be redriven anyway.
const MAX_RAW_BYTES: usize = 512 << 10;
/// The producer of redriven records; one at a time, so that nothing is redriven twice.
const REDRIVE: &str = "redrive";

/// A dead letter about an item of a vendor's feed. The same bytes always have the same id, so an
/// item that is delivered again is set aside once.
pub fn item(instance: &str, raw: &[u8], bad: &Bad) -> Event {
    let (raw, reason) = clip(raw, bad.reason.clone());
    let id = EventId::of(&[instance, "dead", &String::from_utf8_lossy(&raw)]);
    let field = (!bad.field.is_empty()).then(|| Text::from(&*bad.field));
    Event::from(DeadLetter {
        head: Head::new(id, Timestamp::default()),
        component: instance.into(),
        stage: Stage::Map,
        reason: reason.into(),
        field,
        raw,
        topic: None,
        partition: None,
        offset: None,
        schema_id: None,
        attempts: 1,
        redrive_of: None,
    })
}

/// A dead letter about a record that was read from Kafka.
pub fn record(component: &str, stage: Stage, message: &Message, bad: &Bad, base: &str) -> Event {
    let payload = message.payload().unwrap_or_default();
    let (raw, reason) = clip(payload, bad.reason.clone());
    let (partition, offset) = (message.partition.to_string(), message.offset.to_string());
    let id = EventId::of(&[component, "dead", base, &partition, &offset]);
    let mut head = Head::new(id, Timestamp::from_millis(message.timestamp_ms));
    head.source = component.into();
    head.received_time = head.event_time;
    let redrive_of = message.header("redrive_of").and_then(|v| std::str::from_utf8(v).ok());
    Event::from(DeadLetter {
        head,
        component: component.into(),
        stage,
        reason: reason.into(),
        field: (!bad.field.is_empty()).then(|| Text::from(&*bad.field)),
        schema_id: avro::schema_id(&raw).ok().map(i64::from),
        raw,
        topic: Some(base.into()),
        partition: Some(message.partition.into()),
        offset: Some(message.offset),
        attempts: 1 + i64::from(redrive_of.is_some()),
        redrive_of: redrive_of.map(Text::from),
    })
}

fn clip(raw: &[u8], reason: String) -> (Vec<u8>, String) {
    if raw.len() <= MAX_RAW_BYTES {
        return (raw.to_vec(), reason);
    }
    let reason = format!("{reason} (the first {MAX_RAW_BYTES} of {} bytes are kept)", raw.len());
    (raw[..MAX_RAW_BYTES].to_vec(), reason)
}

/// What a redrive did.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Redriven {
    /// Letters tried again now.
    pub redriven: usize,
    /// Letters that had been tried again before.
    pub skipped: usize,
    /// Letters that still cannot be read, with the reason.
    pub refused: Vec<(EventId, String)>,
}

/// Reads one raw item of a component again.
pub type Reread<'a> = &'a dyn Fn(&str, &[u8]) -> Result<Vec<Event>, Bad>;

/// Tries dead letters again: those with these ids, or all of them.
///
/// A record of ours goes back to its topic as it was; an item of a vendor is mapped again. Both
/// and a marker of each letter are committed together, so that doing this twice does it once.
pub fn redrive(wiring: &Wiring, ids: &[EventId], reread: Reread<'_>) -> Result<Redriven, Error> {
    let mut transactions = wiring.cluster.transactions(&wiring.transactional_id(REDRIVE))?;
    let (letters, done) = letters(wiring)?;
    let mut publisher = Publisher::new(wiring);
    let mut result = Redriven::default();
    for letter in letters {
        let id = letter.head.event_id;
        if !(ids.is_empty() || ids.contains(&id)) {
            continue;
        }
        if done.contains(&id) {
            result.skipped += 1;
            continue;
        }
        transactions.begin()?;
        match again(wiring, &mut publisher, &mut transactions, &letter, reread) {
            Ok(()) => {
                let marker = marker(wiring, &letter);
                publisher.publish(&mut transactions, &marker, None)?;
                transactions.commit()?;
                result.redriven += 1;
            }
            Err(Again::Bad(bad)) => {
                transactions.abort()?;
                result.refused.push((id, bad.to_string()));
            }
            Err(Again::Error(error)) => return Err(error),
        }
    }
    Ok(result)
}

enum Again {
    Bad(Bad),
    Error(Error),
}

fn again(
    wiring: &Wiring,
    publisher: &mut Publisher,
    transactions: &mut kafka::Transactions,
    letter: &DeadLetter,
    reread: Reread<'_>,
) -> Result<(), Again> {
    let error = |error: kafka::Error| Again::Error(error.into());
    if let Some(base) = &letter.topic {
        let id = letter.head.event_id.to_string();
        let topic = wiring.names.topic(base);
        let headers: [(&str, &[u8]); 1] = [("redrive_of", id.as_bytes())];
        let record = kafka::Outgoing {
            topic: &topic,
            partition: letter.partition.and_then(|p| i32::try_from(p).ok()),
            payload: Some(&letter.raw),
            headers: &headers,
            ..kafka::Outgoing::default()
        };
        return transactions.send(&record).map_err(error);
    }
    let system = letter.component.split('.').next().unwrap_or_default();
    for mut event in reread(&letter.component, &letter.raw).map_err(Again::Bad)? {
        event.head_mut().source = system.into();
        event.head_mut().received_time = wiring.clock.now();
        if let Some((account, event_system, broker_account)) = event.account_mut() {
            *event_system = system.into();
            *account = wiring.accounts.name(system, broker_account);
        }
        publisher.publish(transactions, &event, None).map_err(Again::Error)?;
    }
    Ok(())
}

/// Says on the topic itself that a letter was tried again.
fn marker(wiring: &Wiring, letter: &DeadLetter) -> Event {
    let id = letter.head.event_id;
    let now = wiring.clock.now();
    let mut head = Head::new(EventId::of(&["redriven", &id.to_string()]), now);
    head.source = REDRIVE.into();
    head.received_time = now;
    let reason = Text::from("redriven");
    let redrive_of = Some(Text::from(id.to_string()));
    DeadLetter { head, reason, redrive_of, raw: Vec::new(), ..letter.clone() }.into()
}

/// Every letter on the topic, and the ids of those that were tried again.
pub fn letters(
    wiring: &Wiring,
) -> Result<(Vec<DeadLetter>, std::collections::HashSet<EventId>), Error> {
    let mut messages = Vec::new();
    let topic = wiring.names.topic("dead.letters");
    wiring.cluster.reader()?.read_all(&topic, |message| messages.push(message))?;
    let (mut letters, mut done) = (Vec::new(), std::collections::HashSet::new());
    for message in &messages {
        if let Event::DeadLetter(letter) = wiring.read(message)? {
            match (&*letter.head.source, &letter.redrive_of) {
                (REDRIVE, Some(id)) => drop(done.insert(EventId::from_text(id))),
                _ => letters.push(*letter),
            }
        }
    }
    Ok((letters, done))
}
