//! Everything that changes, in one place behind one lock, and how it moves with time.

use std::collections::VecDeque;
use std::sync::Arc;

use mockkit::market::{self, Event, Item, Market, Tape};
use mockkit::time::{self, MINUTE, SECOND};
use mockkit::{Kind, Kit, Seed};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use crate::assets::Asset;
use crate::encode::{Bar, BarKind};
use crate::engine::{Bell, Book, NonTradeActivity, Phase, Position, Rules, Scene, Terms};
use crate::hub::{Hub, Point};
use crate::newsroom::Newsroom;
use crate::settings::{Account, Settings};
use crate::watchlists::Watchlist;
use crate::wire;

/// Faults of the order stream that only Alpaca knows.
pub const UNKNOWN_STATUS: &str = "unknown_status";
pub const DUPLICATE_UPDATE: &str = "duplicate_update";
/// The next order is turned down after it was taken in.
pub const REJECT_ORDER: &str = "reject_order";

/// Updates kept for whoever comes back with `since`.
const MAX_LOG: usize = 100_000;
/// In one minute of so many the bar is corrected afterwards.
const LATE_EVERY: i64 = 10;
const LATE_BY: i64 = 30 * SECOND;

/// What never changes.
pub struct World {
    pub kit: Kit,
    pub settings: Settings,
    pub market: Arc<Market>,
    pub assets: Vec<Asset>,
    /// Symbols of the market's listings.
    pub symbols: Arc<[String]>,
    pub rules: Rules,
    /// Counts order updates, for those who wait for the next one.
    pub updates: watch::Sender<u64>,
}

pub struct State {
    pub tape: Tape,
    /// One per account of the settings.
    pub books: Vec<Book>,
    pub hub: Hub,
    pub newsroom: Newsroom,
    /// Order updates of each account, oldest first.
    pub logs: Vec<VecDeque<Logged>>,
    pub watchlists: Vec<Vec<Watchlist>>,
    phase: Phase,
    /// How far time has been worked off.
    reached: i64,
    bell: (i64, Bell),
    late: VecDeque<(i64, usize, Bar)>,
    /// Core session so far, one per listing.
    today: Vec<Option<Bar>>,
    logged: u64,
}

/// One update, numbered for replay.
#[derive(Clone, Debug)]
pub struct Logged {
    pub number: u64,
    pub time: i64,
    pub data: Value,
}

impl World {
    fn tape_of(&self, symbol: usize) -> char {
        self.assets[symbol].tape()
    }
}

impl State {
    pub fn new(world: &World, now: i64) -> mockkit::Result<State> {
        let listings = world.market.listings().len();
        let accounts = &world.settings.accounts;
        let mut state = State {
            tape: Tape::with_instruments(Arc::clone(&world.market), world.assets.len(), now)?,
            books: accounts.iter().map(|account| book(world, account, now)).collect(),
            hub: Hub::default(),
            newsroom: Newsroom::new(&world.market)?,
            logs: vec![VecDeque::new(); accounts.len()],
            watchlists: vec![Vec::new(); accounts.len()],
            phase: Phase::Closed,
            reached: now,
            bell: next_bell(now),
            late: VecDeque::new(),
            today: vec![None; listings],
            logged: 0,
        };
        state.seek(now);
        for index in 0..state.books.len() {
            let scene = scene(world, &state.tape, state.phase, now);
            state.books[index].last_equity = state.books[index].valuation(&scene).equity;
        }
        Ok(state)
    }

    /// Where the engine stands now.
    pub fn scene<'a>(&'a self, world: &'a World) -> Scene<'a> {
        scene(world, &self.tape, self.phase, self.reached)
    }

    /// Book and scene together, for requests that change something.
    pub fn at_work<'a>(
        &'a mut self,
        world: &'a World,
        account: usize,
    ) -> (&'a mut Book, Scene<'a>) {
        let scene = scene(world, &self.tape, self.phase, self.reached);
        (&mut self.books[account], scene)
    }

    /// Core session of today so far.
    pub fn today(&self, symbol: usize) -> Option<&Bar> {
        self.today.get(symbol).and_then(Option::as_ref)
    }

    /// When the next thing happens by itself.
    pub fn next_time(&self) -> i64 {
        let late = self.late.front().map(|(time, ..)| *time);
        let others = [self.tape.next_time(), late, self.newsroom.next_time()];
        others.into_iter().flatten().fold(self.bell.0, i64::min)
    }

    /// Works off everything up to `now`, in order.
    pub fn advance(&mut self, world: &World, now: i64) {
        if now < self.reached
            && let Err(error) = self.jump_back(now)
        {
            tracing::error!(%error, "could not go back in time");
        }
        loop {
            let time = self.next_time();
            if time > now {
                break;
            }
            self.reached = self.reached.max(time);
            self.step(world, time);
        }
        self.reached = now;
        self.hub.flush();
    }

    fn step(&mut self, world: &World, time: i64) {
        if self.bell.0 == time {
            return self.ring(world);
        }
        if self.tape.next_time() == Some(time) {
            if let Some(event) = self.tape.step() {
                self.follow(world, event);
            }
            return;
        }
        if self.late.front().is_some_and(|(due, ..)| *due == time) {
            if let Some((_, symbol, bar)) = self.late.pop_front() {
                self.publish(world, symbol, Point::Bar(BarKind::Updated, &bar));
            }
            return;
        }
        if let Some(item) = self.newsroom.step() {
            self.hub.publish_news(&item);
        }
    }

    /// A quote, trade or bar of the tape has just become known.
    fn follow(&mut self, world: &World, event: Event) {
        let symbol = usize::from(event.symbol);
        let day = Arc::clone(self.tape.day());
        let item = day.item(event);
        match item {
            Item::Quote(_) => {
                self.orders(world, symbol, |book, scene| book.on_quote(symbol, scene))
            }
            Item::Trade(trade) => {
                self.orders(world, symbol, |book, scene| book.on_trade(symbol, trade, scene));
            }
            Item::Bar(bar) => return self.bar(world, symbol, bar),
        }
        self.publish(world, symbol, Point::Item(item));
    }

    /// Lets the books with open orders in an instrument look at the market.
    fn orders(&mut self, world: &World, symbol: usize, look: impl Fn(&mut Book, &Scene<'_>)) {
        for account in 0..self.books.len() {
            if !self.books[account].has_open_orders(symbol) {
                continue;
            }
            let (book, scene) = self.at_work(world, account);
            look(book, &scene);
            self.publish_orders(world, account);
        }
    }

    fn bar(&mut self, world: &World, symbol: usize, bar: &market::Bar) {
        self.extend_today(symbol, bar);
        let whole = Bar::from(bar);
        let minute = bar.time / MINUTE;
        let correct = world.settings.streams.late_trades && minute % LATE_EVERY == LATE_EVERY - 1;
        if correct && whole.trades > 1 {
            let first = Bar {
                trades: whole.trades - 1,
                volume: whole.volume - whole.volume / whole.trades,
                ..whole
            };
            self.publish(world, symbol, Point::Bar(BarKind::Minute, &first));
            self.late.push_back((bar.end() + LATE_BY, symbol, whole));
        } else {
            self.publish(world, symbol, Point::Bar(BarKind::Minute, &whole));
        }
        if let Some(today) = self.today[symbol] {
            self.publish(world, symbol, Point::Bar(BarKind::Daily, &today));
        }
        self.sample(world);
    }

    fn sample(&mut self, world: &World) {
        for account in 0..self.books.len() {
            let (book, scene) = self.at_work(world, account);
            let last = book.equity_history.last().map(|(time, _)| time / MINUTE);
            if last != Some(scene.now / MINUTE) {
                book.sample_equity(&scene);
            }
        }
    }

    fn extend_today(&mut self, symbol: usize, bar: &market::Bar) {
        let date = time::new_york_date(bar.time);
        if market::session(date).is_none_or(|session| !session.contains(bar.time)) {
            return;
        }
        let whole = Bar::from(bar);
        let today = self.today[symbol].get_or_insert(Bar {
            time: time::new_york_midnight(date),
            volume: 0,
            trades: 0,
            vwap: Decimal::ZERO,
            ..whole
        });
        let money = |bar: &Bar| bar.vwap * Decimal::from(bar.volume);
        let paid = money(today) + money(&whole);
        today.high = today.high.max(whole.high);
        today.low = today.low.min(whole.low);
        today.close = whole.close;
        today.volume += whole.volume;
        today.trades += whole.trades;
        if today.volume > 0 {
            today.vwap = (paid / Decimal::from(today.volume)).round_dp(6);
        }
    }

    fn publish(&mut self, world: &World, symbol: usize, point: Point<'_>) {
        if !self.hub.data.is_empty() && world.kit.clock().speed() != mockkit::Speed::Max {
            self.hub.publish(symbol, world.tape_of(symbol), point, world.settings.replay.batch);
        }
    }

    /// The exchange's day goes on.
    fn ring(&mut self, world: &World) {
        let (now, bell) = self.bell;
        match bell {
            Bell::Early => {
                self.phase = Phase::Extended;
                self.today.fill(None);
                if let Err(error) = self.tape.start_day(time::new_york_date(now)) {
                    tracing::error!(%error, "could not load a day of market data");
                }
            }
            Bell::Open => self.phase = Phase::Core,
            Bell::Close => self.phase = Phase::Extended,
            Bell::Late => self.phase = Phase::Closed,
        }
        self.bell = next_bell(now);
        for account in 0..self.books.len() {
            let (book, scene) = self.at_work(world, account);
            book.on_bell(bell, &scene);
            self.publish_orders(world, account);
        }
    }

    /// Tells the streams what happened to an account's orders.
    pub fn publish_orders(&mut self, world: &World, account: usize) {
        for update in self.books[account].take_updates() {
            let mut data = wire::update(&update, &world.assets);
            if self.fault(world, UNKNOWN_STATUS) {
                data["order"]["status"] = json!("held_for_review");
            }
            let message = json!({ "stream": "trade_updates", "data": data });
            self.hub.publish_order(account, &message);
            if self.fault(world, DUPLICATE_UPDATE) {
                self.hub.publish_order(account, &message);
            }
            self.logged += 1;
            let log = &mut self.logs[account];
            if log.len() >= MAX_LOG {
                log.pop_front();
            }
            log.push_back(Logged { number: self.logged, time: update.time, data });
            world.updates.send_replace(self.logged);
        }
    }

    pub fn fault(&self, world: &World, name: &str) -> bool {
        let kind = Kind::Vendor(name.to_owned());
        world.kit.faults().take_stream("orders", &[kind]).is_some()
    }

    fn jump_back(&mut self, now: i64) -> mockkit::Result<()> {
        self.tape.seek(now)?;
        self.seek(now);
        Ok(())
    }

    /// Takes `now` as the present: nothing before it is told any more.
    fn seek(&mut self, now: i64) {
        self.reached = now;
        self.bell = next_bell(now);
        self.late.clear();
        self.newsroom.seek(now);
        self.phase = phase(now);
        self.today.fill(None);
        let day = Arc::clone(self.tape.day());
        for (symbol, series) in day.series.iter().enumerate() {
            for bar in series.bars.iter().take_while(|bar| bar.end() <= now) {
                self.extend_today(symbol, bar);
            }
        }
    }
}

fn scene<'a>(world: &'a World, tape: &'a Tape, phase: Phase, now: i64) -> Scene<'a> {
    Scene { now, phase, assets: &world.assets, marks: tape.marks(), rules: &world.rules }
}

/// A new account: its opening balance arrived the session before.
fn book(world: &World, account: &Account, now: i64) -> Book {
    let seed = Seed::new(world.settings.seed).branch(&account.key);
    let before = market::previous_session(time::new_york_date(now));
    let terms = Terms {
        id: seed.uuid("account", 0),
        number: account.number.clone().unwrap_or_else(|| {
            format!("PA{:010}", seed.below("account number", 0, 10_000_000_000))
        }),
        created_at: before.open,
        multiplier: account.multiplier,
        shorting: account.shorting,
        blocked: account.blocked,
    };
    let mut book = Book::new(terms, Decimal::ZERO, seed);
    let deposit = NonTradeActivity {
        id: Uuid::nil(),
        time: 0,
        kind: "CSD".into(),
        description: "opening balance".into(),
        net_amount: account.cash.0,
        asset: None,
        quantity: None,
        per_share_amount: None,
        price: None,
    };
    book.book_activity(deposit, Decimal::ZERO, before.open);
    for position in &account.positions {
        if let Some(asset) = crate::assets::find(&world.assets, &position.symbol) {
            let quantity = position.quantity.0;
            let cost = quantity * position.average_price.0;
            book.positions.insert(asset, Position { quantity, cost, opened_at: before.open });
        }
    }
    book
}

fn phase(now: i64) -> Phase {
    match market::session(time::new_york_date(now)) {
        Some(session) if session.contains(now) => Phase::Core,
        Some(session) if (session.first()..session.last()).contains(&now) => Phase::Extended,
        _ => Phase::Closed,
    }
}

fn next_bell(after: i64) -> (i64, Bell) {
    let date = time::new_york_date(after);
    for session in market::session(date).into_iter().chain([market::next_session(date)]) {
        let bells = [
            (session.first(), Bell::Early),
            (session.open, Bell::Open),
            (session.close, Bell::Close),
            (session.last(), Bell::Late),
        ];
        if let Some(bell) = bells.into_iter().find(|(time, _)| *time > after) {
            return bell;
        }
    }
    (i64::MAX, Bell::Late)
}
