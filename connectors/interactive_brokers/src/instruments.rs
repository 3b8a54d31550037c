//! What can be traded, looked up by symbol.

use std::collections::BTreeSet;

use component::{Bad, Changes, Fault, Result};
use session::{Asks, Fields, Poll, Polled, Trouble};

use crate::contract::Contract;
use crate::tws::{Refusal, Turn, Tws};
use crate::{map, settings};

/// Reports instruments, and what changes of them.
pub type Instruments = Poll<Tws, Listed>;

#[derive(Default)]
pub struct Listed {
    contracts: Vec<Contract>,
    /// Requests without an answer.
    open: BTreeSet<String>,
    /// Contracts of this answer: TWS tells each once for every exchange.
    told: BTreeSet<String>,
}

impl Asks<Tws> for Listed {
    const NAME: &'static str = "interactive_brokers_instruments";
    const PUBLISHES: &'static [&'static str] = &["reference.instruments"];
    const PLACE: i32 = 6;
    type Settings = settings::Instruments;

    fn of(settings: settings::Instruments) -> Result<(Self, u64)> {
        let contracts = settings.symbols.iter().map(|text| Contract::parse(text));
        let contracts = contracts.collect::<Result<_, Bad>>().map_err(Fault::fatal)?;
        Ok((Self { contracts, ..Self::default() }, settings.poll_secs.0))
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
                if self.told.insert(key.clone()) {
                    turn.batch.push_news(&key, found);
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
