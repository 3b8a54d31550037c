//! Dead letters: setting items aside with their raw bytes, and trying them again.

use component::Bad;
use kafka::Message;
use model::{DeadLetter, Event, EventId, Head, Stage, Text, Timestamp};
use tracing::warn;

use crate::{Error, Publisher, Wiring};

/// Raw bytes kept of one item. Kafka takes a megabyte; what is longer cannot be redriven anyway.
const MAX_RAW_BYTES: usize = 512 << 10;
/// Bytes kept of a reason, which may quote what it complains about.
const MAX_REASON_BYTES: usize = 4 << 10;
/// Header of a redriven record: the letter it comes from.
const REDRIVE_OF: &str = "redrive_of";
/// Header of a redriven record: the component that had set it aside. The others have had it.
const REDRIVE_FOR: &str = "redrive_for";
/// The producer of redriven records; one at a time, so that nothing is redriven twice.
const REDRIVE: &str = "redrive";

/// A dead letter about an item of a vendor's feed. The same bytes always have the same id, so an
/// item that is delivered again is set aside once.
pub fn item(instance: &str, raw: &[u8], bad: &Bad) -> Event {
    // One character for each byte: a lossy text would make one of two items that differ.
    let text: String = raw.iter().map(|byte| char::from(*byte)).collect();
    let id = EventId::of(&[instance, "dead", &text]);
    unsent(instance, Stage::Map, Head::new(id, Timestamp::default()), raw, bad)
}

/// A dead letter about an event of our own making that cannot be written: its number does not
/// fit the schema, or it is bigger than Kafka takes. It holds the event as JSON.
pub fn output(component: &str, event: &Event, error: &Error) -> Event {
    let raw = serde_json::to_vec(event).unwrap_or_default();
    let cause = event.head();
    let id = EventId::of(&[component, "dead", "output", &cause.event_id.to_string()]);
    let head = Head { event_id: id, source: component.into(), ..cause.clone() };
    unsent(component, Stage::Encode, head, &raw, &Bad::new("", error))
}

/// A letter about something that has not been on any topic.
fn unsent(component: &str, stage: Stage, head: Head, raw: &[u8], bad: &Bad) -> Event {
    let (raw, reason) = clip(raw, &bad.reason);
    Event::from(DeadLetter {
        head,
        component: component.into(),
        stage,
        reason: reason.into(),
        field: field(bad),
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
    let (raw, reason) = clip(payload, &bad.reason);
    let (partition, offset) = (message.partition.to_string(), message.offset.to_string());
    let id = EventId::of(&[component, "dead", base, &partition, &offset]);
    let mut head = Head::new(id, Timestamp::from_millis(message.timestamp_ms));
    head.source = component.into();
    head.received_time = head.event_time;
    let redrive_of = message.header(REDRIVE_OF).and_then(|v| std::str::from_utf8(v).ok());
    Event::from(DeadLetter {
        head,
        component: component.into(),
        stage,
        reason: reason.into(),
        field: field(bad),
        schema_id: avro::schema_id(&raw).ok().map(i64::from),
        raw,
        topic: Some(base.into()),
        partition: Some(message.partition.into()),
        offset: Some(message.offset),
        attempts: 1 + i64::from(redrive_of.is_some()),
        redrive_of: redrive_of.map(Text::from),
    })
}

/// Whether a record was redriven for another component than this one.
pub fn is_for_another(message: &Message, component: &str) -> bool {
    message.header(REDRIVE_FOR).is_some_and(|name| name != component.as_bytes())
}

fn field(bad: &Bad) -> Option<Text> {
    let name = &bad.field[..bad.field.floor_char_boundary(MAX_REASON_BYTES)];
    (!name.is_empty()).then(|| Text::from(name))
}

fn clip(raw: &[u8], reason: &str) -> (Vec<u8>, String) {
    let reason = &reason[..reason.floor_char_boundary(MAX_REASON_BYTES)];
    if raw.len() <= MAX_RAW_BYTES {
        return (raw.to_vec(), reason.to_owned());
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
    let mut transactions = wiring.cluster.transactions(&wiring.sole_transactional_id(REDRIVE))?;
    let (letters, mut done) = letters(wiring)?;
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
                done.insert(id);
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
    if letter.raw.len() >= MAX_RAW_BYTES {
        return Err(Again::Bad(Bad::new("", "only a part of its bytes was kept")));
    }
    if let Some(base) = &letter.topic {
        return send_back(wiring, transactions, letter, base);
    }
    let system = letter.component.split('.').next().unwrap_or_default();
    for mut event in reread(&letter.component, &letter.raw).map_err(Again::Bad)? {
        event.head_mut().source = system.into();
        event.head_mut().received_time = wiring.clock.now();
        if let Some((account, event_system, broker_account)) = event.account_mut() {
            *event_system = system.into();
            *account = wiring.accounts.name(system, broker_account);
        }
        publisher.publish(transactions, &event, None).map_err(|error| {
            if error.is_about_the_record() {
                Again::Bad(Bad::new("", error))
            } else {
                Again::Error(error)
            }
        })?;
    }
    Ok(())
}

/// Puts a record back on its topic, for the component that had set it aside.
fn send_back(
    wiring: &Wiring,
    transactions: &mut kafka::Transactions,
    letter: &DeadLetter,
    base: &str,
) -> Result<(), Again> {
    let topic = wiring.names.topic(base);
    let partition = letter.partition.and_then(|p| i32::try_from(p).ok()).unwrap_or_default();
    let record = Message::new(topic.as_str().into(), partition, 0, 0, None, Some(&letter.raw), &[]);
    let key = match wiring.read(&record) {
        Ok(event) => Some(key(&event)),
        Err(Error::Record { .. }) => None,
        Err(error) => return Err(Again::Error(error)),
    };
    if key.is_none() && Event::KINDS.iter().any(|info| info.topic == base && info.is_compacted) {
        let reason = format!("its key cannot be told, which every record on {base} needs");
        return Err(Again::Bad(Bad::new("", reason)));
    }
    let id = letter.head.event_id.to_string();
    let headers: [(&str, &[u8]); 2] =
        [(REDRIVE_OF, id.as_bytes()), (REDRIVE_FOR, letter.component.as_bytes())];
    let record = kafka::Outgoing {
        topic: &topic,
        partition: Some(partition),
        key: key.as_deref().map(str::as_bytes),
        payload: Some(&letter.raw),
        headers: &headers,
        ..kafka::Outgoing::default()
    };
    transactions.send(&record).map_err(|error| Again::Error(error.into()))
}

fn key(event: &Event) -> String {
    match event.key() {
        (first, None) => first.to_owned(),
        (first, Some(second)) => format!("{first}|{second}"),
    }
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
        let letter = match wiring.read(message) {
            Ok(Event::DeadLetter(letter)) => letter,
            Ok(_) => continue,
            Err(Error::Record { topic, reason }) => {
                warn!(topic, offset = message.offset, reason, "unreadable letter");
                continue;
            }
            Err(error) => return Err(error),
        };
        match (&*letter.head.source, &letter.redrive_of) {
            (REDRIVE, Some(id)) => drop(done.insert(EventId::from_text(id))),
            _ => letters.push(*letter),
        }
    }
    Ok((letters, done))
}
