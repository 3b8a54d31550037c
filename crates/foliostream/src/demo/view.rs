//! What the demo knows, read back from the topics like any other user would.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use kafka::{Follow, From};
use model::{
    Balance, Break, BreakStatus, Decimal, Event, OrderState, PortfolioCash, PortfolioPosition,
    Position, Text,
};
use runtime::Wiring;

/// Compacted topics: what was there before this run counts.
const TABLES: [&str; 6] = [
    "orders.state",
    "portfolio.positions",
    "portfolio.cash",
    "accounts.positions",
    "accounts.balances",
    "reconcile.breaks",
];
/// Flows: only what this run brings counts.
const FLOWS: [&str; 6] = [
    "market.trades",
    "market.quotes",
    "market.gaps",
    "orders.fills",
    "quality.findings",
    "dead.letters",
];

/// One instrument's market.
#[derive(Clone, Debug, Default)]
pub struct Market {
    pub bid: Option<Decimal>,
    pub ask: Option<Decimal>,
    pub last: Option<Decimal>,
    pub quotes: u64,
    pub trades: u64,
}

/// Everything the demo shows.
#[derive(Debug)]
pub struct Seen {
    pub started: Instant,
    pub markets: BTreeMap<String, Market>,
    pub orders: BTreeMap<Text, OrderState>,
    pub ours: BTreeMap<String, PortfolioPosition>,
    pub theirs: BTreeMap<String, Position>,
    pub cash: BTreeMap<String, PortfolioCash>,
    pub balances: BTreeMap<String, Balance>,
    pub breaks: BTreeMap<Text, Break>,
    pub fills: u64,
    pub first_fill: Option<Duration>,
    pub findings: u64,
    pub gaps: u64,
    pub dead: u64,
}

/// The shared view and the thread that keeps it up to date.
#[derive(Clone, Debug)]
pub struct View(Arc<Mutex<Seen>>);

impl View {
    /// Starts following; ends with the wiring's shutdown.
    pub fn follow(wiring: &Wiring, started: Instant) -> Result<Self> {
        let seen = Seen {
            started,
            markets: BTreeMap::new(),
            orders: BTreeMap::new(),
            ours: BTreeMap::new(),
            theirs: BTreeMap::new(),
            cash: BTreeMap::new(),
            balances: BTreeMap::new(),
            breaks: BTreeMap::new(),
            fills: 0,
            first_fill: None,
            findings: 0,
            gaps: 0,
            dead: 0,
        };
        let view = Self(Arc::new(Mutex::new(seen)));
        for (topics, from) in [(TABLES, From::Start), (FLOWS, From::End)] {
            let names: Vec<String> = topics.iter().map(|t| wiring.names.topic(t)).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let reader = tokio::task::block_in_place(|| wiring.cluster.reader())?;
            let follow = tokio::task::block_in_place(|| reader.follow(&names, from))?;
            let (view, wiring) = (view.clone(), wiring.clone());
            std::thread::spawn(move || view.keep_up(&wiring, follow));
        }
        Ok(view)
    }

    fn keep_up(&self, wiring: &Wiring, mut follow: Follow) {
        while !wiring.shutdown.is_cancelled() {
            match follow.next(2_000, Duration::from_millis(50)) {
                Ok(messages) => {
                    let events = messages.iter().filter(|m| m.payload().is_some());
                    let events: Vec<_> = events.filter_map(|m| wiring.read(m).ok()).collect();
                    let mut seen = self.get();
                    events.into_iter().for_each(|event| seen.take(event));
                }
                Err(error) => tracing::warn!(%error, "following the topics"),
            }
        }
    }

    /// What is known now.
    pub fn get(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn take(&mut self, event: Event) {
        let (first, second) = event.key();
        let key = second.map_or_else(|| first.to_owned(), |second| format!("{first}|{second}"));
        match event {
            Event::Trade(trade) => {
                let market = self.markets.entry(key).or_default();
                market.last = Some(trade.price);
                market.trades += 1;
            }
            Event::Quote(quote) => {
                let market = self.markets.entry(key).or_default();
                (market.bid, market.ask) = (quote.bid_price, quote.ask_price);
                market.quotes += 1;
            }
            Event::Fill(_) => {
                self.fills += 1;
                self.first_fill.get_or_insert(self.started.elapsed());
            }
            Event::OrderState(state) => drop(self.orders.insert(state.order_id.clone(), *state)),
            Event::PortfolioPosition(position) => drop(self.ours.insert(key, *position)),
            Event::PortfolioCash(cash) => drop(self.cash.insert(key, *cash)),
            Event::Position(position) => drop(self.theirs.insert(key, *position)),
            Event::Balance(balance) => drop(self.balances.insert(key, *balance)),
            Event::Break(found) => drop(self.breaks.insert(found.break_id.clone(), *found)),
            Event::Finding(_) => self.findings += 1,
            Event::Gap(_) => self.gaps += 1,
            Event::DeadLetter(_) => self.dead += 1,
            _ => {}
        }
    }

    /// Breaks that are not closed.
    pub fn open_breaks(&self) -> usize {
        self.breaks.values().filter(|found| found.status != BreakStatus::Closed).count()
    }

    /// Whether our books and the broker's say the same, to the share and to the cent.
    pub fn books_agree(&self) -> bool {
        let held = |key: &String| {
            let ours = self.ours.get(key).map(|position| position.quantity);
            let theirs = self.theirs.get(key).map(|position| position.quantity);
            ours.unwrap_or_default() == theirs.unwrap_or_default()
        };
        let cash = |(key, balance): (&String, &Balance)| {
            self.cash
                .get(key)
                .is_some_and(|ours| (ours.cash - balance.cash).abs() < Decimal::new(1, 2))
        };
        self.open_breaks() == 0
            && self.ours.keys().chain(self.theirs.keys()).all(held)
            && !self.balances.is_empty()
            && self.balances.iter().all(cash)
    }
}
