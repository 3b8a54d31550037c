//! What can be traded, looked up by symbol.

use std::collections::BTreeSet;

use component::{Bad, Batch, Fault, Feed, Host, Result, Source};
use http::Changes;
use session::{Fields, Poll, Polled, Trouble};

use crate::contract::Contract;
use crate::map;
use crate::settings::{self, System};
use crate::tws::{Refusal, Turn, Tws};

/// Reports instruments, and what changes of them.
pub struct Instruments(Poll<Tws, Listed>);

#[derive(Default)]
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
        let listed = Listed { contracts, ..Listed::default() };
        let tws = Tws::connect(&system, &host, 6).await?;
        Ok(Self(Poll::new(tws, &host.clock, settings.poll_secs, listed)))
    }

    async fn read(&mut self, cursor: &Changes) -> Result<Batch<Changes>> {
        self.0.read(cursor).await
    }
}

impl Polled<Tws> for Listed {
    type Cursor = Changes;

    fn ask(&mut self, tws: &mut Tws) -> Result<()> {
        (self.open, self.told) = Default::default();
        for contract in &self.contracts {
            let id = tws.request_id();
            tws.ask_about("reqContractData", contract, &[("rid", &id)])?;
            self.open.insert(id);
        }
        Ok(())
    }

    fn take(&mut self, fields: &Fields<'_>, turn: &mut Turn<'_, Changes>) -> Result<(), Trouble> {
        match fields.kind {
            "contractData" => {
                let found = map::instrument(fields, turn.talk.state.now())?;
                let key = format!("{}|{}", found.instrument, fields.text("conId"));
                if self.told.insert(key.clone())
                    && let Some(news) = turn.batch.cursor.news(&key, found)
                {
                    turn.batch.push(news);
                }
            }
            "contractDataEnd" | "error" if self.open.remove(Tws::request_of(fields)) => {
                turn.question.asked();
                if self.open.is_empty() {
                    turn.question.answered();
                }
                if fields.kind == "error" {
                    return Err(Bad::new("", Refusal::of(fields).words()).into());
                }
            }
            _ => {}
        }
        Ok(())
    }
}
