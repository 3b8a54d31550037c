//! What can be traded, looked up by symbol.

use std::collections::BTreeSet;

use component::{Bad, Batch, Fault, Feed, Host, Result, Source};
use http::Changes;

use crate::contract::Contract;
use crate::map;
use crate::question::Question;
use crate::settings::{self, System};
use crate::tws::{Refusal, Tws};
use crate::wire;

const STEP: i32 = 6;

/// Reports instruments, and what changes of them.
pub struct Instruments {
    tws: Tws,
    question: Question,
    contracts: Vec<Contract>,
    /// Requests without an answer.
    open: BTreeSet<String>,
    /// Contracts that came with this answer: TWS tells each once for every exchange.
    told: BTreeSet<String>,
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
            tws: Tws::connect(&system, &host, STEP).await?,
            question: Question::new(settings.poll_secs),
            open: BTreeSet::new(),
            told: BTreeSet::new(),
        })
    }

    async fn read(&mut self, cursor: &Changes) -> Result<Batch<Changes>> {
        loop {
            let mut next = self.question.next(&mut self.tws).await?;
            let mut batch = Batch::up_to(cursor.clone());
            if next.is_none() {
                self.ask()?;
            }
            while let Some(heard) = next {
                if let Err(bad) = self.take(&heard, &mut batch)
                    && self.question.doubt(&self.tws, &heard)
                {
                    batch.push_bad(&heard, bad);
                }
                next = self.tws.ready()?;
            }
            if !batch.items.is_empty() {
                return Ok(batch);
            }
        }
    }
}

impl Instruments {
    fn ask(&mut self) -> Result<()> {
        (self.open, self.told) = Default::default();
        for contract in &self.contracts {
            let id = self.tws.request_id();
            self.tws.ask_about("reqContractData", contract, &[("rid", &id)])?;
            self.open.insert(id);
        }
        self.question.asked(&self.tws);
        Ok(())
    }

    fn take(&mut self, heard: &[u8], batch: &mut Batch<Changes>) -> Result<(), Bad> {
        let Some(fields) = wire::read(heard, self.tws.state.version)? else { return Ok(()) };
        let id = fields.text(if fields.kind == "error" { "id" } else { "rid" });
        match fields.kind {
            "contractData" => {
                let mut found = map::instrument(&fields, self.tws.now())?;
                let key = format!("{}|{}", found.instrument, fields.text("conId"));
                if self.told.insert(key.clone())
                    && let Some(change) = batch.cursor.note(&key, found.head.event_id)
                {
                    found.head.event_id = change;
                    batch.push(found);
                }
            }
            "contractDataEnd" | "error" if self.open.remove(id) => {
                self.question.asked(&self.tws);
                if self.open.is_empty() {
                    self.question.answered(&self.tws);
                }
                if fields.kind == "error" {
                    return Err(Bad::new("", Refusal::of(&fields).words()));
                }
            }
            _ => {}
        }
        Ok(())
    }
}
