//! What can be traded, looked up by symbol or searched for.

use std::collections::BTreeSet;

use component::{Bad, Batch, Fault, Feed, Host, Result, Source};
use http::Changes;
use model::Instrument;
use session::Frame;

use crate::contract::Contract;
use crate::map;
use crate::question::Question;
use crate::settings::{self, System};
use crate::tws::{Refusal, Tws};
use crate::wire::{self, Fields, Out};

const OFFSET: i32 = 600;

/// Reports instruments, and what changes of them.
pub struct Instruments {
    tws: Tws,
    question: Question,
    contracts: Vec<Contract>,
    patterns: Vec<String>,
    /// Requests without an answer.
    open: BTreeSet<i64>,
}

impl Source for Instruments {
    const NAME: &'static str = "interactive_brokers_instruments";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["reference.instruments"];
    type System = System;
    type Settings = settings::Instruments;
    type Cursor = Changes;

    async fn connect(system: System, settings: settings::Instruments, host: Host) -> Result<Self> {
        let parsed = settings.symbols.iter().map(|text| Contract::parse(text));
        Ok(Self {
            contracts: parsed.collect::<Result<_, Bad>>().map_err(Fault::fatal)?,
            tws: Tws::connect(&system, &host, settings.client_id, OFFSET).await?,
            question: Question::new(settings.poll_secs),
            patterns: settings.patterns,
            open: BTreeSet::new(),
        })
    }

    async fn read(&mut self, cursor: &Changes) -> Result<Batch<Changes>> {
        loop {
            let Some(frame) = self.question.next(&mut self.tws).await? else {
                self.ask()?;
                continue;
            };
            let mut batch = Batch::up_to(cursor.clone());
            self.take(&frame, &mut batch)?;
            while let Some(frame) = self.tws.ready()? {
                self.take(&frame, &mut batch)?;
            }
            if !batch.items.is_empty() {
                return Ok(batch);
            }
        }
    }
}

impl Instruments {
    fn ask(&mut self) -> Result<()> {
        self.open.clear();
        for contract in &self.contracts {
            let id = self.tws.request_id();
            let request = contract.add_to(Out::new(9).with(8).with(id)).with(0).empty(2);
            let has_issuer = self.tws.state.version >= 176;
            self.tws.queue(request.empty(usize::from(has_issuer)))?;
            self.open.insert(id);
        }
        for pattern in &self.patterns {
            let id = self.tws.request_id();
            self.tws.queue(Out::new(81).with(id).with(pattern))?;
            self.open.insert(id);
        }
        self.question.asked(&self.tws);
        if self.open.is_empty() {
            self.question.answered(&self.tws);
        }
        Ok(())
    }

    fn take(&mut self, frame: &Frame, batch: &mut Batch<Changes>) -> Result<()> {
        let text = String::from_utf8_lossy(frame);
        let is_error = wire::id_of(frame) == Some(wire::ERROR);
        let bytes: &[u8] = if is_error { text.as_bytes() } else { frame };
        let (version, now) = (self.tws.state.version, self.tws.now());
        let told = match Fields::read(bytes, version) {
            Ok(Some(fields)) => match fields.id {
                wire::CONTRACT_DATA => map::instrument(&fields, now).map(|found| vec![found]),
                wire::SYMBOL_SAMPLES => {
                    self.answered(fields.int("rid").unwrap_or_default());
                    map::samples(&fields, version, now)
                }
                wire::CONTRACT_DATA_END => {
                    self.answered(fields.int("rid").unwrap_or_default());
                    return Ok(());
                }
                wire::ERROR => {
                    let refusal = Refusal::of(&fields);
                    if !self.answered(refusal.id) {
                        return Ok(());
                    }
                    Err(Bad::new("", refusal.words()))
                }
                _ => return Ok(()),
            },
            Ok(None) => return Ok(()),
            Err(bad) => Err(bad),
        };
        match told {
            Ok(found) => found.into_iter().for_each(|found| tell(found, batch)),
            Err(bad) => {
                if self.question.doubt(&self.tws, frame) {
                    batch.push_bad(frame, bad);
                }
            }
        }
        Ok(())
    }

    /// Whether it was this request that was answered.
    fn answered(&mut self, id: i64) -> bool {
        let was_open = self.open.remove(&id);
        if was_open && self.open.is_empty() {
            self.question.answered(&self.tws);
        } else if was_open {
            self.question.goes_on(&self.tws);
        }
        was_open
    }
}

/// TWS tells of an instrument once for every exchange: what is the same is told once.
fn tell(mut found: Instrument, batch: &mut Batch<Changes>) {
    let id = found.broker_instrument_id.as_deref().unwrap_or_default();
    let key = format!("{}|{id}", found.instrument);
    let is_told = batch.cursor.keys().any(|known| *known == key);
    let is_listing = found.venue.as_deref() != Some("SMART") && found.name.is_none();
    if is_told && is_listing {
        return;
    }
    if let Some(change) = batch.cursor.note(&key, found.head.event_id) {
        found.head.event_id = change;
        batch.push(found);
    }
}
