//! The broker behind the program, without clock, feed or network: orders, quotes, trades and bells
//! go in, what clients are told comes out. Everything it decides by chance comes from a seed.

mod account;
mod cancel;
mod check;
mod fills;
mod market;
mod order;
mod place;
mod report;
mod scene;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mockkit::Seed;
use rust_decimal::Decimal;

pub use account::{Account, Position, Valuation};
pub use fills::{Execution, venue};
pub use market::Bell;
pub use order::{Order, OrderIndex, Side};
pub use scene::{Phase, Rules, Scene, phase};

use crate::instruments::Index;
use crate::refusal::Refusal;
use crate::wire::Answer;

/// Orders of those at the desk itself; no connection has this number.
pub const BY_HAND: i32 = -1;
/// Orders that may ever be placed here.
const MAX_ORDERS: usize = 1_000_000;

/// All accounts of one login: their orders, executions, positions and money.
pub struct Desk {
    pub accounts: Vec<Account>,
    pub orders: Vec<Order>,
    /// Oldest first.
    pub executions: Vec<Execution>,
    /// How often each order id and each order reference was sent and accepted.
    pub ids: BTreeMap<(i32, i32), Attempts>,
    pub references: BTreeMap<String, Attempts>,
    next_ids: BTreeMap<i32, i32>,
    by_key: HashMap<(i32, i32), OrderIndex>,
    open: BTreeSet<OrderIndex>,
    taken: HashMap<Index, Taken>,
    told: Vec<Told>,
    moved: Vec<(usize, Index)>,
    seed: Seed,
    drawn: u64,
    last_perm_id: i64,
    day_began: i64,
}

/// Something for the client with this number, and for those who hear of everything.
#[derive(Clone, Debug)]
pub struct Told {
    pub client_id: i32,
    pub answer: Answer,
    /// Not for those who only listen.
    pub private: bool,
    /// Commission reports may come later than the rest.
    pub late: bool,
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

impl Desk {
    pub fn new(accounts: Vec<Account>, seed: Seed) -> Desk {
        let first = i64::try_from(seed.below("permanent id", 0, 1_000_000_000)).unwrap_or(0);
        Desk {
            accounts,
            orders: Vec::new(),
            executions: Vec::new(),
            ids: BTreeMap::new(),
            references: BTreeMap::new(),
            next_ids: BTreeMap::new(),
            by_key: HashMap::new(),
            open: BTreeSet::new(),
            taken: HashMap::new(),
            told: Vec::new(),
            moved: Vec::new(),
            seed,
            drawn: 0,
            last_perm_id: 600_000_000 + first,
            day_began: 0,
        }
    }

    /// The least order id that a client may use next.
    pub fn next_id(&self, client_id: i32) -> i32 {
        self.next_ids.get(&client_id).copied().unwrap_or(1)
    }

    /// What clients are to be told since this was last asked.
    pub fn take_told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    /// Positions that moved since this was last asked.
    pub fn take_moved(&mut self) -> Vec<(usize, Index)> {
        std::mem::take(&mut self.moved)
    }

    pub fn account(&self, id: &str) -> Option<usize> {
        self.accounts.iter().position(|account| account.id == id)
    }

    pub fn find(&self, client_id: i32, order_id: i32) -> Option<OrderIndex> {
        self.by_key.get(&(client_id, order_id)).copied()
    }

    /// Orders that are not done, oldest first.
    pub fn open_orders(&self) -> Vec<OrderIndex> {
        self.open.iter().copied().collect()
    }

    /// Whether an open order waits for a moment, and not for the market.
    pub fn watches_time(&self) -> bool {
        self.open.iter().any(|index| {
            let order = &self.orders[*index];
            order.terms.starts.is_some()
                || order.terms.ends.is_some()
                || !order.echo.conditions.is_empty()
        })
    }

    pub fn instruments_with_orders(&self) -> impl Iterator<Item = Index> + '_ {
        self.open.iter().map(|index| self.orders[*index].instrument)
    }

    fn open_of(&self, instrument: Index) -> Vec<OrderIndex> {
        let of = |index: &&OrderIndex| self.orders[**index].instrument == instrument;
        self.open.iter().filter(of).copied().collect()
    }

    fn tell(&mut self, client_id: i32, answer: Answer) {
        self.told.push(Told { client_id, answer, private: false, late: false });
    }

    fn refuse(&mut self, client_id: i32, order_id: i32, refusal: &Refusal, now: i64) {
        let answer = refusal.answer(order_id, now);
        self.told.push(Told { client_id, answer, private: true, late: false });
    }

    fn draw(&mut self, label: &str, below: u64) -> u64 {
        self.drawn += 1;
        self.seed.below(label, self.drawn, below)
    }

    fn perm_id(&mut self) -> i64 {
        self.last_perm_id += 1;
        self.last_perm_id
    }
}
