//! The broker inside the mock, without clock, feed or network: requests, quotes, trades and bells
//! go in, changed orders and updates come out. Everything it decides by chance comes from a seed.

mod bells;
mod cancel;
mod checks;
mod close;
mod fills;
mod ledger;
mod market;
mod order;
mod place;
mod replace;
mod scene;

#[cfg(test)]
mod tests;
mod valuation;

use std::collections::{BTreeMap, HashMap};

use mockkit::Seed;
use rust_decimal::Decimal;
use uuid::Uuid;

pub use bells::Bell;
pub use close::Portion;
pub use ledger::{Activity, FillActivity, NonTradeActivity};
pub use order::{
    AssetIndex, Class, Event, Fill, Intent, Kind, Order, OrderIndex, Side, Status, TimeInForce,
    Update,
};
pub use place::{NewOrder, StopLoss};
pub use replace::Change;
pub use scene::{Phase, Rules, Scene};

use crate::refusal::{Refusal, Result};

/// Two moments of one account are at least this far apart, so that order times are unique even
/// while the clock stands still: clients page by them.
const TIME_STEP: i64 = 1_000;

/// Orders one account may ever place here.
const MAX_ORDERS: usize = 1_000_000;

/// One account: its orders, positions, money and history.
pub struct Book {
    pub terms: Terms,
    pub configuration: Configuration,
    pub cash: Decimal,
    pub positions: BTreeMap<AssetIndex, Position>,
    pub orders: Vec<Order>,
    /// Oldest first.
    pub activities: Vec<Activity>,
    /// How often each client order id was sent and accepted.
    pub client_order_ids: BTreeMap<String, Attempts>,
    /// Worth of the account over time, a sample each minute that the market was replayed.
    pub equity_history: Vec<(i64, Decimal)>,
    pub last_equity: Decimal,
    by_id: HashMap<Uuid, OrderIndex>,
    by_client_order_id: HashMap<String, OrderIndex>,
    open: BTreeMap<AssetIndex, Vec<OrderIndex>>,
    taken: HashMap<AssetIndex, Taken>,
    updates: Vec<Update>,
    seed: Seed,
    drawn: u64,
    last_time: i64,
}

/// What the broker agreed with the customer.
#[derive(Clone, Debug)]
pub struct Terms {
    pub id: Uuid,
    pub number: String,
    pub created_at: i64,
    pub multiplier: u8,
    pub shorting: bool,
    pub blocked: bool,
}

/// What the customer may change by himself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    pub dtbp_check: String,
    pub fractional_trading: bool,
    pub max_margin_multiplier: String,
    pub max_options_trading_level: u8,
    pub no_shorting: bool,
    pub pdt_check: String,
    pub ptp_no_exception_entry: bool,
    pub disable_overnight_trading: bool,
    pub suspend_trade: bool,
    pub trade_confirm_email: String,
}

/// Shares held, or owed if negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    pub quantity: Decimal,
    /// What they cost, negative if owed.
    pub cost: Decimal,
    /// When the first share came.
    pub opened_at: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    pub sent: u32,
    pub accepted: u32,
}

/// Size already taken from a quote.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    quote_number: u64,
    bid: Decimal,
    ask: Decimal,
}

impl Default for Configuration {
    fn default() -> Configuration {
        Configuration {
            dtbp_check: "entry".into(),
            fractional_trading: true,
            max_margin_multiplier: "4".into(),
            max_options_trading_level: 1,
            no_shorting: false,
            pdt_check: "entry".into(),
            ptp_no_exception_entry: false,
            disable_overnight_trading: false,
            suspend_trade: false,
            trade_confirm_email: "all".into(),
        }
    }
}

impl Position {
    pub fn average_price(&self) -> Decimal {
        if self.quantity.is_zero() {
            return Decimal::ZERO;
        }
        (self.cost / self.quantity).round_dp(9).normalize()
    }
}

impl Book {
    pub fn new(terms: Terms, cash: Decimal, seed: Seed) -> Book {
        Book {
            last_time: terms.created_at,
            last_equity: cash,
            terms,
            configuration: Configuration::default(),
            cash,
            positions: BTreeMap::new(),
            orders: Vec::new(),
            activities: Vec::new(),
            client_order_ids: BTreeMap::new(),
            equity_history: Vec::new(),
            by_id: HashMap::new(),
            by_client_order_id: HashMap::new(),
            open: BTreeMap::new(),
            taken: HashMap::new(),
            updates: Vec::new(),
            seed,
            drawn: 0,
        }
    }

    pub fn order(&self, id: Uuid) -> Result<OrderIndex> {
        self.by_id.get(&id).copied().ok_or_else(|| Refusal::not_found("order"))
    }

    pub fn order_by_client_id(&self, id: &str) -> Result<OrderIndex> {
        self.by_client_order_id.get(id).copied().ok_or_else(|| Refusal::not_found("order"))
    }

    /// What happened since this was last asked.
    pub fn take_updates(&mut self) -> Vec<Update> {
        std::mem::take(&mut self.updates)
    }

    /// Orders that are not done, oldest first.
    pub fn open_orders(&self) -> Vec<OrderIndex> {
        let mut open: Vec<OrderIndex> = self.open.values().flatten().copied().collect();
        open.sort_unstable();
        open
    }

    pub fn has_open_orders(&self, asset: AssetIndex) -> bool {
        self.open.get(&asset).is_some_and(|open| !open.is_empty())
    }

    pub fn quantity(&self, asset: AssetIndex) -> Decimal {
        self.positions.get(&asset).map_or(Decimal::ZERO, |position| position.quantity)
    }

    /// Shares that open orders have not spoken for yet.
    pub fn available(&self, asset: AssetIndex) -> Decimal {
        let quantity = self.quantity(asset);
        let closing = if quantity.is_sign_negative() { Side::Buy } else { Side::Sell };
        let held: Decimal = self
            .open_of(asset)
            .map(|index| &self.orders[index])
            .filter(|order| order.side == closing && order.status != Status::Held)
            .map(Order::remaining)
            .sum();
        (quantity.abs() - held).max(Decimal::ZERO)
    }

    fn open_of(&self, asset: AssetIndex) -> impl Iterator<Item = OrderIndex> + '_ {
        self.open.get(&asset).into_iter().flatten().copied()
    }

    fn add(&mut self, order: Order) -> OrderIndex {
        let index = self.orders.len();
        self.by_id.insert(order.id, index);
        self.by_client_order_id.insert(order.client_order_id.clone(), index);
        self.open.entry(order.asset).or_default().push(index);
        self.orders.push(order);
        index
    }

    /// Takes an order that is done out of the way of quotes and trades.
    fn retire(&mut self, index: OrderIndex) {
        if let Some(open) = self.open.get_mut(&self.orders[index].asset) {
            open.retain(|open| *open != index);
        }
    }

    fn tell(&mut self, event: Event, index: OrderIndex, time: i64, fill: Option<Fill>) {
        let order = self.orders[index].clone();
        let legs = order.legs.iter().map(|leg| self.orders[*leg].clone()).collect();
        let execution_id = self.uuid("execution");
        self.updates.push(Update { event, time, execution_id, order, legs, fill });
    }

    /// A moment that no other moment of this account shares.
    fn time(&mut self, now: i64) -> i64 {
        self.last_time = now.max(self.last_time + TIME_STEP);
        self.last_time
    }

    fn uuid(&mut self, label: &str) -> Uuid {
        self.drawn += 1;
        self.seed.uuid(label, self.drawn)
    }

    fn draw(&mut self, label: &str, below: u64) -> u64 {
        self.drawn += 1;
        self.seed.below(label, self.drawn, below)
    }
}
