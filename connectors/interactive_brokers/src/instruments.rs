//! What can be traded, looked up by symbol.

use std::collections::BTreeSet;

use component::{Bad, Batch, Fault, Feed, Host, Result, Source};
use http::Changes;
use session::Fields;

use crate::contract::Contract;
use crate::map;
use crate::poll::{Line, Poll, Polled};
use crate::settings::{self, System};
use crate::tws::Refusal;

/// Reports instruments, and what changes of them.
pub struct Instruments(Poll<Listed>);

struct Listed {
    contracts: Vec<Contract>,
    /// Requests without an answer.
    open: BTreeSet<String>,
    /// Contracts of this answer: TWS tells each once for every exchange.
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
        let contracts = settings.symbols.iter().map(|text| Contract::parse(text));
        let contracts = contracts.collect::<Result<_, Bad>>().map_err(Fault::fatal)?;
        let listed = Listed { contracts, open: BTreeSet::new(), told: BTreeSet::new() };
        Poll::connect(system, host, 6, settings.poll_secs, listed).await.map(Self)
    }

    async fn read(&mut self, cursor: &Changes) -> Result<Batch<Changes>> {
        self.0.read(cursor).await
    }
}

impl Polled for Listed {
    type Cursor = Changes;

    fn ask(&mut self, line: &mut Line) -> Result<()> {
        (self.open, self.told) = Default::default();
        for contract in &self.contracts {
            let id = line.tws.request_id();
            line.tws.ask_about("reqContractData", contract, &[("rid", &id)])?;
            self.open.insert(id);
        }
        Ok(())
    }

    fn take(
        &mut self,
        fields: &Fields<'_>,
        line: &mut Line,
        batch: &mut Batch<Changes>,
    ) -> Result<Result<(), Bad>> {
        let id = fields.text(if fields.kind == "error" { "id" } else { "rid" });
        match fields.kind {
            "contractData" => match map::instrument(fields, line.tws.now()) {
                Ok(mut found) => {
                    let key = format!("{}|{}", found.instrument, fields.text("conId"));
                    if self.told.insert(key.clone())
                        && let Some(change) = batch.cursor.note(&key, found.head.event_id)
                    {
                        found.head.event_id = change;
                        batch.push(found);
                    }
                }
                Err(bad) => return Ok(Err(bad)),
            },
            "contractDataEnd" | "error" if self.open.remove(id) => {
                line.question.asked();
                if self.open.is_empty() {
                    line.question.answered();
                }
                if fields.kind == "error" {
                    return Ok(Err(Bad::new("", Refusal::of(fields).words())));
                }
            }
            _ => {}
        }
        Ok(Ok(()))
    }
}
