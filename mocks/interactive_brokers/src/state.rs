//! Everything that changes, in one place behind one lock, and how it moves with time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use mockkit::market::{self, Event, Item, Market, Tape};
use mockkit::time::{self, SECOND};
use mockkit::{Kind, Kit, Seed};

use crate::clients::Client;
use crate::engine::{self, Account, Bell, Desk, Phase, Position, Rules, Scene, Told};
use crate::instruments::{Index, Instrument};
use crate::refusal::{NOBODY, Refusal};
use crate::settings::Settings;
use crate::wire::Answer;
use crate::{faults, live, portfolio};

/// What never changes.
pub struct World {
    pub kit: Kit,
    pub settings: Settings,
    pub market: Arc<Market>,
    pub instruments: Vec<Instrument>,
    pub rules: Rules,
}

pub struct State {
    pub tape: Tape,
    pub desk: Desk,
    pub clients: Vec<Client>,
    /// The program has lost the broker: nothing new is told until the connection is restored.
    pub cut_off: bool,
    /// The farms that are away, by the codes that said so.
    pub broken_farms: BTreeSet<i32>,
    /// Bulletins of the day, oldest first.
    pub bulletins: Vec<Bulletin>,
    /// Shares traded today, by listing.
    pub volumes: Vec<u64>,
    /// When requests for small bars came, on the real clock, oldest first.
    pub small_bars: VecDeque<(i64, String)>,
    pub group: BTreeMap<i32, String>,
    phase: Phase,
    /// How far time has been worked off.
    reached: i64,
    bell: (i64, Bell),
    /// When it was last looked whether anything is to be told.
    beat: i64,
    /// Where time is being moved to.
    target: i64,
    /// Told later, in the order of their times.
    later: VecDeque<(i64, Told)>,
    held_back: Vec<Told>,
    /// Waits for the next, to come after it.
    overtaken: Option<Told>,
    last_key: u64,
}

#[derive(Clone, Debug)]
pub struct Bulletin {
    pub kind: i32,
    pub text: String,
    pub exchange: String,
}

impl State {
    pub fn new(world: &World, now: i64) -> mockkit::Result<State> {
        let tape = Tape::new(Arc::clone(&world.market), now)?;
        let desk = Desk::new(accounts(world), Seed::new(world.settings.seed));
        let mut state = State {
            tape,
            desk,
            clients: Vec::new(),
            cut_off: false,
            broken_farms: BTreeSet::new(),
            bulletins: vec![Bulletin {
                kind: 1,
                text: "Bulletins of this mock are sent through its control routes.".into(),
                exchange: "SMART".into(),
            }],
            volumes: vec![0; world.market.listings().len()],
            small_bars: VecDeque::new(),
            group: BTreeMap::new(),
            phase: engine::phase(now),
            reached: now,
            bell: next_bell(now),
            beat: now,
            target: now,
            later: VecDeque::new(),
            held_back: Vec::new(),
            overtaken: None,
            last_key: 0,
        };
        state.count_volumes();
        let (desk, scene) = state.at_work(world);
        desk.start_day(&scene);
        Ok(state)
    }

    /// The desk and its scene, for whatever changes orders.
    pub fn at_work<'a>(&'a mut self, world: &'a World) -> (&'a mut Desk, Scene<'a>) {
        let scene = Scene {
            now: self.reached,
            phase: self.phase,
            instruments: &world.instruments,
            tape: &self.tape,
            rules: &world.rules,
        };
        (&mut self.desk, scene)
    }

    pub fn scene<'a>(&'a self, world: &'a World) -> Scene<'a> {
        Scene {
            now: self.reached,
            phase: self.phase,
            instruments: &world.instruments,
            tape: &self.tape,
            rules: &world.rules,
        }
    }

    pub fn now(&self) -> i64 {
        self.reached
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    pub fn next_key(&mut self) -> u64 {
        self.last_key += 1;
        self.last_key
    }

    /// When the next thing happens by itself.
    pub fn next_time(&self) -> i64 {
        let later = self.later.front().map(|(time, _)| *time);
        let others = [self.tape.next_time(), later, self.next_beat()];
        others.into_iter().flatten().fold(self.bell.0, i64::min)
    }

    /// Whole seconds, or fewer of them if nobody needs each.
    fn next_beat(&self) -> Option<i64> {
        let orders = self.desk.watches_time().then_some(1);
        let seconds = self.clients.iter().filter_map(Client::beat_secs).chain(orders).min()?;
        let every = seconds * SECOND;
        Some((self.beat.div_euclid(every) + 1) * every)
    }

    /// Whether what is told now is still the news when time has arrived where it is going.
    pub fn is_near_present(&self, time: i64, every: i64) -> bool {
        self.target - time < every
    }

    /// Works off everything up to `now`, in order.
    pub fn advance(&mut self, world: &World, now: i64) {
        if now < self.reached {
            self.jump_back(now);
        }
        self.target = now;
        loop {
            let time = self.next_time();
            if time > now {
                break;
            }
            self.reached = self.reached.max(time);
            self.step(world, time);
        }
        self.reached = now;
        self.beat = now;
        self.clients.retain(|client| !client.is_lost());
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
        if self.later.front().is_some_and(|(due, _)| *due == time) {
            if let Some((_, told)) = self.later.pop_front() {
                self.pass_on(world, told);
            }
            return;
        }
        self.beat = time;
        let (desk, scene) = self.at_work(world);
        desk.on_time(&scene);
        self.tell_orders(world);
        portfolio::beat(world, self, time);
        live::beat(world, self, time);
    }

    /// A quote or trade of the tape has just become known.
    fn follow(&mut self, world: &World, event: Event) {
        let listing = usize::from(event.symbol);
        let day = Arc::clone(self.tape.day());
        let item = day.item(event);
        if let Item::Trade(trade) = item
            && trade.counts()
        {
            self.volumes[listing] += u64::from(trade.size);
        }
        // Of a thousand options hardly one is watched.
        let mut watched: Vec<Index> = self.desk.instruments_with_orders().collect();
        watched.extend(self.clients.iter().flat_map(Client::followed));
        watched.retain(|index| world.instruments[*index].moved_by() == Some(listing));
        watched.sort_unstable();
        watched.dedup();
        for index in watched {
            let instrument = &world.instruments[index];
            if self.desk.instruments_with_orders().any(|with| with == index) {
                let (desk, scene) = self.at_work(world);
                match item {
                    Item::Quote(_) => desk.on_quote(index, &scene),
                    Item::Trade(trade) => {
                        desk.on_trade(index, &instrument.print(*trade), &scene);
                    }
                    Item::Bar(_) => {}
                }
                self.tell_orders(world);
            }
            if !self.cut_off && !self.broken_farms.contains(&faults::MARKET_DATA_BROKEN) {
                live::publish(world, self, index, item);
            }
        }
    }

    fn ring(&mut self, world: &World) {
        let (now, bell) = self.bell;
        if bell == Bell::Early {
            self.volumes.fill(0);
            if let Err(error) = self.tape.start_day(time::new_york_date(now)) {
                tracing::error!(%error, "could not load a day of market data");
            }
            let (desk, scene) = self.at_work(world);
            desk.start_day(&scene);
        }
        self.phase = engine::phase(now);
        self.bell = next_bell(now);
        let (desk, scene) = self.at_work(world);
        desk.on_bell(bell, &scene);
        self.tell_orders(world);
    }

    /// Tells clients what has happened to their orders, and to the account by them.
    pub fn tell_orders(&mut self, world: &World) {
        for told in self.desk.take_told() {
            let delay = i64::from(world.settings.orders.commission_delay_ms);
            if told.late && delay > 0 {
                let due = self.reached.saturating_add(delay * SECOND / 1_000);
                let place = self.later.partition_point(|(time, _)| *time <= due);
                self.later.insert(place, (due, told));
                continue;
            }
            self.pass_on(world, told);
        }
        for (account, instrument) in self.desk.take_moved() {
            portfolio::moved(world, self, account, instrument);
        }
    }

    fn pass_on(&mut self, world: &World, told: Told) {
        if self.cut_off {
            self.held_back.push(told);
            return;
        }
        if self.overtaken.is_none() && self.fault(world, faults::REORDER).is_some() {
            self.overtaken = Some(told);
            return;
        }
        let mut all = faults::bend(world, told);
        all.extend(self.overtaken.take());
        for told in all {
            let master = world.settings.master_client_id;
            let hears = |client: &&Client| {
                let all = client.client_id == 0 || Some(client.client_id) == master;
                client.client_id == told.client_id || (all && !told.private)
            };
            for client in self.clients.iter().filter(hears) {
                client.send(told.answer.clone());
            }
        }
    }

    /// Tells everyone something about the program itself. Some codes change what it does.
    pub fn notice(&mut self, world: &World, code: i32, text: &str) {
        match code {
            1100 | 2110 => self.cut_off = true,
            1101 | 1102 => self.broken_farms.clear(),
            _ => {}
        }
        for farm in faults::FARMS {
            if code == farm.broken.0 {
                self.broken_farms.insert(code);
            } else if code == farm.sound.0 {
                self.broken_farms.remove(&farm.broken.0);
            }
        }
        let answer = Refusal::new(code, text).answer(NOBODY, self.reached);
        for client in &mut self.clients {
            client.send(answer.clone());
            if code == 1101 {
                client.forget_market();
            }
        }
        if code == 1101 || code == 1102 {
            self.cut_off = false;
            for told in std::mem::take(&mut self.held_back) {
                self.pass_on(world, told);
            }
        }
    }

    pub fn tell_all(&self, answer: &Answer, wants: impl Fn(&Client) -> bool) {
        for client in self.clients.iter().filter(|client| wants(client)) {
            client.send(answer.clone());
        }
    }

    pub fn fault(&self, world: &World, name: &str) -> Option<mockkit::Hit> {
        world.kit.faults().take_frame(&["orders", "tws"], &[Kind::Vendor(name.to_owned())])
    }

    /// Takes `now` as the present: nothing before it is told any more.
    fn jump_back(&mut self, now: i64) {
        if let Err(error) = self.tape.seek(now) {
            tracing::error!(%error, "could not go back in time");
        }
        self.reached = now;
        self.phase = engine::phase(now);
        self.bell = next_bell(now);
        self.beat = now;
        self.count_volumes();
    }

    fn count_volumes(&mut self) {
        let now = self.reached;
        let day = Arc::clone(self.tape.day());
        for (volume, series) in self.volumes.iter_mut().zip(&day.series) {
            let past = series.trades.iter().take_while(|trade| trade.time <= now);
            *volume = past.filter(|trade| trade.counts()).map(|trade| u64::from(trade.size)).sum();
        }
    }
}

fn accounts(world: &World) -> Vec<Account> {
    let account = |settings: &crate::settings::Account| {
        let mut account = Account::new(settings.id.clone(), settings.cash.0, settings.leverage);
        for position in &settings.positions {
            let named = |known: &Instrument| known.symbol == position.symbol;
            if let Some(index) = world.instruments.iter().position(named) {
                let quantity = position.quantity.0;
                let cost = quantity * position.average_cost.0;
                account.positions.insert(index, Position { quantity, cost });
            }
        }
        account
    };
    world.settings.accounts.iter().map(account).collect()
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
