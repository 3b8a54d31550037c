//! A processor that sums what is traded of each instrument.

use component::{Bad, Out, Processor, Result};
use model::{Decimal, Event, EventId, Head, InstrumentId, Text, Timestamp, Trade, TradeStatus};
use serde::{Deserialize, Serialize};

use super::{Settings, Twin, unique};

pub struct Sum(Twin);

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    odd: Option<Odd>,
    #[serde(skip)]
    forgotten: u64,
}

/// Is read again as something else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
struct Odd(u64);

impl From<u64> for Odd {
    fn from(value: u64) -> Self {
        Self(value + 1)
    }
}

impl From<Odd> for u64 {
    fn from(odd: Odd) -> Self {
        odd.0
    }
}

/// Trades of two instruments, one of them for nothing.
pub fn story() -> Vec<Event> {
    let numbers = 1..=12u64;
    numbers.map(|number| trade(number, if number == 8 { 0 } else { number }).into()).collect()
}

fn trade(number: u64, quantity: u64) -> Trade {
    let symbol = ["AAA", "BBB"][(number % 2) as usize];
    let mut head = Head::new(
        EventId::of(&["story", &number.to_string()]),
        Timestamp::from_secs(number as i64),
    );
    head.received_time = head.event_time;
    Trade {
        head,
        instrument: InstrumentId::listed(symbol, "US"),
        symbol: symbol.into(),
        trade_id: number.to_string().into(),
        venue: None,
        price: Decimal::ONE,
        quantity: Decimal::from(quantity),
        conditions: Vec::new(),
        tape: None,
        status: TradeStatus::Original,
    }
}

impl Processor for Sum {
    const NAME: &'static str = "sum";
    const INPUTS: &'static [&'static str] = &["market.trades"];
    type Settings = Settings;
    type State = State;
    type Global = ();

    fn new(settings: Settings) -> Result<Self> {
        Ok(Self(settings.twin))
    }

    fn key(&self, event: &Event) -> Option<Text> {
        match event {
            Event::Trade(_) if self.0 == Twin::SharesOneState => Some("all".into()),
            Event::Trade(trade) => Some(trade.instrument.as_str().into()),
            _ => None,
        }
    }

    fn apply(&self, state: &mut State, _: &(), event: &Event, out: &mut Out) -> Result<(), Bad> {
        let Event::Trade(trade) = event else { return Ok(()) };
        if self.0 == Twin::ChangesOnRefusal {
            state.count += 1;
        }
        if trade.quantity.is_zero() && self.0 != Twin::RefusesNothing {
            return Err(Bad::new("quantity", "nothing was traded"));
        }
        state.count += 1;
        state.forgotten += 1;
        if self.0 == Twin::SavesOddly {
            state.odd = Some(Odd(state.count));
        }
        let count = match self.0 {
            Twin::Remembers => unique(),
            Twin::ForgetsToSave => state.forgotten,
            _ => state.count,
        };
        let mut said = self::trade(count, count);
        said.instrument = trade.instrument.clone();
        said.head = out.head();
        if self.0 == Twin::ReusesIds {
            said.head.event_id = EventId::of(&["always the same"]);
        }
        out.emit(said);
        Ok(())
    }

    fn tick(&self, state: &mut State, _: Timestamp, _: &mut Out) {
        if self.0 == Twin::TicksInSilence {
            state.count += 1;
        }
    }
}
