//! Processors that count.

use std::collections::BTreeSet;

use component::{Bad, Out, Processor, Result};
use model::{Decimal, Event, EventId, Head, InstrumentId, Text, Timestamp, Trade, TradeStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A fill of this quantity makes [`Count`] emit a record that no schema can hold.
pub const WONT_ENCODE: u64 = 13_000_000;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Refuse fills of nothing.
    pub refuse_zero: bool,
    /// Panic over the fill with this execution id.
    pub panic_at: Option<String>,
}

/// What is known of one account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    count: u64,
    sum: Decimal,
}

/// Counts and sums the fills of each account.
pub struct Count(Settings);

impl Processor for Count {
    const NAME: &'static str = "count";
    const INPUTS: &'static [&'static str] = &["orders.fills"];
    const GLOBALS: &'static [&'static str] = &["market.gaps"];
    type Settings = Settings;
    type State = State;
    type Global = BTreeSet<EventId>;

    fn new(settings: Settings) -> Result<Self> {
        Ok(Self(settings))
    }

    fn key(&self, event: &Event) -> Option<Text> {
        account(event)
    }

    fn observe(&self, global: &mut BTreeSet<EventId>, event: &Event) {
        global.insert(event.head().event_id);
    }

    fn apply(
        &self,
        state: &mut State,
        global: &BTreeSet<EventId>,
        event: &Event,
        out: &mut Out,
    ) -> Result<(), Bad> {
        let Event::Fill(fill) = event else { return Ok(()) };
        if self.0.panic_at.as_deref() == Some(&*fill.execution_id) {
            panic!("told to");
        }
        if fill.quantity.is_zero() && self.0.refuse_zero {
            return Err(Bad::new("quantity", "a fill of nothing"));
        }
        state.count += 1;
        state.sum += fill.quantity;
        let mut seen = counted(out.head(), &fill.account, state.count, state.sum);
        seen.conditions.push(Text::from(global.len().to_string()));
        if fill.quantity == Decimal::from(WONT_ENCODE) {
            let mut too_long = counted(out.head(), &fill.account, 0, Decimal::ONE);
            too_long.price = Decimal::MAX;
            out.emit(too_long);
        }
        out.emit(seen);
        Ok(())
    }
}

/// Counts the same fills, for itself.
pub struct Tally;

impl Processor for Tally {
    const NAME: &'static str = "tally";
    const INPUTS: &'static [&'static str] = &["orders.fills"];
    type Settings = Settings;
    type State = State;
    type Global = ();

    fn new(_: Settings) -> Result<Self> {
        Ok(Self)
    }

    fn key(&self, event: &Event) -> Option<Text> {
        account(event)
    }

    fn apply(&self, state: &mut State, _: &(), _: &Event, out: &mut Out) -> Result<(), Bad> {
        state.count += 1;
        let head = out.head();
        out.emit(counted(head, "tally", state.count, Decimal::ONE));
        Ok(())
    }
}

/// Counts fills and activities of an account together: two inputs that share one state.
pub struct Pair;

impl Processor for Pair {
    const NAME: &'static str = "pair";
    const INPUTS: &'static [&'static str] = &["orders.fills", "accounts.activities"];
    type Settings = Settings;
    type State = State;
    type Global = ();

    fn new(_: Settings) -> Result<Self> {
        Ok(Self)
    }

    fn key(&self, event: &Event) -> Option<Text> {
        account(event)
    }

    fn apply(&self, state: &mut State, _: &(), event: &Event, out: &mut Out) -> Result<(), Bad> {
        state.count += 1;
        let account = self.key(event).unwrap_or_default();
        let head = out.head();
        out.emit(counted(head, &account, state.count, Decimal::ONE));
        Ok(())
    }
}

/// Says when time passes over an account.
pub struct Wake;

impl Processor for Wake {
    const NAME: &'static str = "wake";
    const INPUTS: &'static [&'static str] = &["orders.fills"];
    type Settings = Settings;
    type State = State;
    type Global = ();

    fn new(_: Settings) -> Result<Self> {
        Ok(Self)
    }

    fn key(&self, event: &Event) -> Option<Text> {
        account(event)
    }

    fn apply(&self, state: &mut State, _: &(), _: &Event, _: &mut Out) -> Result<(), Bad> {
        state.count += 1;
        Ok(())
    }

    fn tick(&self, state: &mut State, _: Timestamp, out: &mut Out) {
        state.sum += Decimal::ONE;
        let head = out.head();
        out.emit(counted(head, "wake", state.count, state.sum));
    }
}

fn account(event: &Event) -> Option<Text> {
    match event {
        Event::Fill(fill) => Some(fill.account.clone()),
        Event::Activity(activity) => Some(activity.account.clone()),
        _ => None,
    }
}

fn counted(head: Head, account: &str, count: u64, sum: Decimal) -> Trade {
    Trade {
        head,
        instrument: InstrumentId::from(account),
        symbol: account.into(),
        trade_id: count.to_string().into(),
        venue: None,
        price: sum,
        quantity: Decimal::ONE,
        conditions: Vec::new(),
        tape: None,
        status: TradeStatus::Original,
    }
}
