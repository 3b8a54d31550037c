//! A source in another language.

use std::time::Duration;

use component::{Bad, Batch, Fault, Feed, Host, OrBad, Result, Source};
use model::Event;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::map;
use crate::settings::{RecordsSettings, System};
use crate::talk::{Talk, out_of_turn};
use crate::wire::{self, Answer, Question};

/// Items of one batch: they are one transaction.
const MAX_ITEMS: usize = 10_000;
/// The cursor is saved with every batch.
const MAX_CURSOR_BYTES: usize = 256 * 1024;
/// A process that wants to be left alone for longer is asked again after this time.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// Publishes what a program reads.
pub struct Records {
    talk: Talk,
    topics: Vec<&'static str>,
    host: Host,
    /// Where the batch starts that the process was asked for.
    asked_for: Cursor,
}

/// The program's own resume position.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(Option<Value>);

impl Source for Records {
    const NAME: &'static str = "external_records";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &[
        "accounts.activities",
        "accounts.balances",
        "accounts.positions",
        "alternative.records",
        "market.bars",
        "market.quotes",
        "market.trades",
        "news.items",
        "orders.events",
        "orders.fills",
        "orders.requests",
        "reference.corporate_actions",
        "reference.fundamentals",
        "reference.instruments",
        "reference.market_status",
    ];
    type System = System;
    type Settings = RecordsSettings;
    type Cursor = Cursor;

    async fn connect(system: System, settings: RecordsSettings, host: Host) -> Result<Self> {
        let topics = checked(&settings).map_err(Fault::Fatal)?;
        let talk = Talk::open(&system, &settings.settings, settings.answer_secs, &host).await?;
        Ok(Self { talk, topics, host, asked_for: Cursor::default() })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        // A read that was dropped is still being answered.
        if !(self.talk.is_waiting() && self.asked_for == *cursor) {
            self.talk.ask(&Question::Read { cursor: &cursor.0 })?;
            self.asked_for = cursor.clone();
        }
        match self.talk.answer().await? {
            Answer::Batch(batch) => self.batch(batch),
            _ => Err(out_of_turn("read")),
        }
    }

    fn publishes(settings: &RecordsSettings) -> Vec<&'static str> {
        settings.topics.iter().map(|topic| topic.0).collect()
    }

    /// What the program may publish is the topology's to say: it must not get around that here.
    fn redrive(_: &[u8]) -> Result<Vec<Event>, Bad> {
        Err(Bad::new("", "name the topology, which says what the program may publish: --topology"))
    }

    fn redrive_with(settings: RecordsSettings, host: &Host, raw: &[u8]) -> Result<Vec<Event>, Bad> {
        let topics = checked(&settings).map_err(|reason| Bad::new("", reason))?;
        let text = str::from_utf8(raw).or_bad("")?;
        Ok(vec![map::event(text, &topics, &scope(host))?])
    }
}

impl Records {
    fn batch(&mut self, said: wire::Batch) -> Result<Batch<Cursor>> {
        let (count, cursor) = (said.items.len(), said.cursor);
        if count > MAX_ITEMS {
            let limit = format!("{MAX_ITEMS} are the limit");
            return Err(Fault::fatal(format!("a batch of {count} items, where {limit}")));
        }
        let length = cursor.to_string().len();
        if length > MAX_CURSOR_BYTES {
            let limit = format!("{MAX_CURSOR_BYTES} are the limit");
            return Err(Fault::fatal(format!("a cursor of {length} bytes, where {limit}")));
        }
        let wait = Duration::from_millis(said.wait_ms).min(LONGEST_WAIT);
        let mut batch = Batch::up_to(Cursor(Some(cursor))).wait(wait);
        if let Some(wire::Progress { done, total }) = said.progress {
            batch = batch.progress(done, total);
        }
        for (raw, bad) in self.talk.take_strays() {
            batch.push_bad(&raw, bad);
        }
        let scope = scope(&self.host);
        for item in said.items {
            match item {
                wire::Item::Event(raw) => match map::event(raw.get(), &self.topics, &scope) {
                    Ok(event) => batch.push(event),
                    Err(bad) => self.set_aside(&mut batch, raw.get(), bad),
                },
                wire::Item::Bad(bad) => {
                    self.set_aside(&mut batch, &bad.raw, Bad::new(&bad.field, bad.reason));
                }
            }
        }
        Ok(batch)
    }

    fn set_aside(&self, batch: &mut Batch<Cursor>, raw: &str, bad: Bad) {
        let raw = self.talk.redact(raw);
        batch.push_bad(raw.as_bytes(), Bad { reason: self.talk.redact(&bad.reason), ..bad });
    }
}

/// The topics of the settings, if a program may publish to all of them.
fn checked(settings: &RecordsSettings) -> std::result::Result<Vec<&'static str>, String> {
    let topics = Records::publishes(settings);
    if let Some(topic) = topics.iter().find(|topic| !Records::PUBLISHES.contains(topic)) {
        return Err(format!("topics: only Foliostream itself writes {topic:?}"));
    }
    if topics.is_empty() {
        return Err("topics: name at least one".to_owned());
    }
    Ok(topics)
}

/// What ids are scoped to.
fn scope(host: &Host) -> [&str; 2] {
    [&host.system, &host.component]
}
