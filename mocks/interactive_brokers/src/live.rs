//! What subscribers of market data are told as it happens.

use std::sync::Arc;

use mockkit::market::{Item, Quote, Trade};
use mockkit::time::SECOND;
use rust_decimal::Decimal;

use crate::clients::{Client, Depth, Line, PrintKind, Prints};
use crate::engine::Phase;
use crate::history::{self, Bar, BarSize, Span, What};
use crate::instruments::{Index, Instrument};
use crate::options::{self, Model};
use crate::state::{State, World};
use crate::wire::*;
use crate::{numbers, times};

/// A code for the venues of the best quote, as the vendor makes them up.
const BBO_EXCHANGE: &str = "9c0001";
/// Length of a live bar.
const BAR: i64 = 5 * SECOND;

/// Live tick types, and what they are called when delayed.
const DELAYED: [(i32, i32); 12] = [
    (1, 66),
    (2, 67),
    (4, 68),
    (0, 69),
    (3, 70),
    (5, 71),
    (6, 72),
    (7, 73),
    (8, 74),
    (9, 75),
    (14, 76),
    (45, 88),
];

/// One subscription, and where its ticks go.
struct Ticks<'a> {
    client: &'a Client,
    id: i32,
    delayed: bool,
}

impl Ticks<'_> {
    fn kind(&self, live: i32) -> Option<i32> {
        let found = DELAYED.iter().find(|(known, _)| self.delayed && *known == live);
        Some(found.map_or(live, |(_, delayed)| *delayed))
    }

    /// A price, and its size once more on its own.
    fn price(&self, kind: i32, price: f64, size: u32) {
        let size_kind = match kind {
            1 => Some(0),
            2 => Some(3),
            4 => Some(5),
            _ => None,
        };
        self.client.send(Answer::TickPrice(TickPrice {
            req_id: Some(self.id),
            tick_type: self.kind(kind),
            price: Some(price),
            size: Some(size.to_string()),
            attr_mask: Some(i32::from(kind == 1 || kind == 2)),
        }));
        if let Some(kind) = size_kind {
            self.size(kind, size.into());
        }
    }

    fn size(&self, kind: i32, size: u64) {
        let (req_id, tick_type) = (Some(self.id), self.kind(kind));
        let size = Some(size.to_string());
        self.client.send(Answer::TickSize(TickSize { req_id, tick_type, size }));
    }

    fn text(&self, kind: i32, value: String) {
        let (req_id, tick_type) = (Some(self.id), self.kind(kind));
        let value = Some(value);
        self.client.send(Answer::TickString(TickString { req_id, tick_type, value }));
    }

    fn number(&self, kind: i32, value: f64) {
        let (req_id, tick_type) = (Some(self.id), self.kind(kind));
        let value = Some(value);
        self.client.send(Answer::TickGeneric(TickGeneric { req_id, tick_type, value }));
    }

    fn quote(&self, last: Option<Quote>, quote: &Quote) {
        let sides = [
            (1, 0, last.map(|q| (q.bid, q.bid_size)), (quote.bid, quote.bid_size)),
            (2, 3, last.map(|q| (q.ask, q.ask_size)), (quote.ask, quote.ask_size)),
        ];
        for (price_kind, size_kind, last, (price, size)) in sides {
            match last {
                Some((old, _)) if old == price => {
                    if last != Some((price, size)) {
                        self.size(size_kind, size.into());
                    }
                }
                _ => self.price(price_kind, price.double(), size),
            }
        }
    }

    /// What the model makes of an option: at its bid, at its ask, and by itself.
    fn model(&self, world: &World, state: &State, known: &Instrument, quote: &Quote) {
        let (Some(terms), Some(under)) = (known.terms, known.under) else { return };
        let under = world.instruments[under].mark(&state.tape).price().map(numbers::double);
        let Some(under) = under else { return };
        let now = state.now();
        let kinds = if self.delayed { [80, 81, 83] } else { [10, 11, 13] };
        let volatilities = [
            terms.implied(under, quote.bid.double(), now),
            terms.implied(under, quote.ask.double(), now),
            options::VOLATILITY,
        ];
        for (kind, volatility) in kinds.into_iter().zip(volatilities) {
            let model = terms.model(under, volatility, now);
            self.client.send(computation(Some(self.id), kind, under, volatility, &model));
        }
    }

    fn trade(&self, trade: &Trade, volume: u64, generic: &[u16], single: bool) {
        self.price(4, trade.price.double(), trade.size);
        self.text(45, times::seconds(trade.time).to_string());
        self.size(8, volume);
        if generic.contains(&233) || generic.contains(&375) {
            let price = trade.price.decimal();
            let millis = trade.time.div_euclid(1_000_000);
            let tail = format!("{volume};{price};{single}");
            let kind = if generic.contains(&233) { 48 } else { 77 };
            self.text(kind, format!("{price};{};{millis};{tail}", trade.size));
        }
    }
}

/// A model's answer as it is told.
pub fn computation(
    req_id: Option<i32>,
    kind: i32,
    under: f64,
    volatility: f64,
    model: &Model,
) -> Answer {
    Answer::TickOptionComputation(TickOptionComputation {
        req_id,
        tick_type: Some(kind),
        tick_attrib: Some(1),
        implied_vol: Some(volatility),
        delta: Some(model.delta),
        opt_price: Some(model.price),
        pv_dividend: Some(0.0),
        gamma: Some(model.gamma),
        vega: Some(model.vega),
        theta: Some(model.theta),
        und_price: Some(under),
    })
}

/// The first burst of a subscription: what is known by now.
pub fn open_line(world: &World, state: &State, me: usize, id: i32, line: &mut Line) {
    let client = &state.clients[me];
    let known = &world.instruments[line.instrument];
    let mark = known.mark(&state.tape);
    client.send(Answer::TickReqParams(TickReqParams {
        req_id: Some(id),
        min_tick: Some(numbers::text(known.min_tick)),
        bbo_exchange: Some(BBO_EXCHANGE.to_owned()),
        snapshot_permissions: Some(3),
        last_price_precision: None,
        last_size_precision: None,
    }));
    let market_data_type = Some(line.kind);
    let req_id = Some(id);
    client.send(Answer::MarketDataType(MarketDataType { req_id, market_data_type }));
    let ticks = Ticks { client, id, delayed: line.kind >= 3 };
    if let Some(quote) = mark.quote {
        ticks.quote(None, &quote);
        ticks.text(32, quote.bid_venue.to_string());
        ticks.text(33, quote.ask_venue.to_string());
    }
    line.quote = mark.quote;
    let volume = known.listing().map_or(0, |(listing, _)| state.volumes[listing]);
    line.volume = volume;
    if let Some(trade) = mark.trade {
        ticks.trade(&trade, volume, &line.generic, true);
        ticks.text(84, trade.venue.to_string());
        line.trade = Some(trade);
    }
    if let Some(day) = today(world, state, known) {
        for (kind, price) in [(14, day.open), (6, day.high), (7, day.low)] {
            ticks.price(kind, numbers::double(price), 0);
        }
    }
    if let Some(close) = mark.previous_close {
        ticks.price(9, close.double(), 0);
    }
    ticks.number(if ticks.delayed { 90 } else { 49 }, 0.0);
    if let Some(quote) = mark.quote {
        ticks.model(world, state, known, &quote);
    }
    generic(world, state, known, &ticks, line);
}

/// The day so far.
fn today(world: &World, state: &State, known: &Instrument) -> Option<Bar> {
    let now = state.now();
    let midnight = mockkit::time::new_york_midnight(mockkit::time::new_york_date(now));
    let span = Span { from: midnight, to: now, regular: true };
    let bars = history::bars(&world.market, known, What::Trades, BarSize::Day, span).ok()?;
    bars.last().copied()
}

/// Ticks that were asked for by number.
fn generic(world: &World, state: &State, known: &Instrument, ticks: &Ticks<'_>, line: &Line) {
    let price = known.mark(&state.tape).price().unwrap_or_default();
    for number in &line.generic {
        match number {
            104 | 411 => ticks.number(if *number == 104 { 23 } else { 58 }, 0.19),
            106 => ticks.number(24, 0.21),
            105 => ticks.size(87, 100_000),
            162 => ticks.number(31, 0.0),
            165 => year(world, state, known, ticks),
            221 | 232 => ticks.price(37, numbers::double(price), 0),
            236 => {
                ticks.number(46, 3.0);
                ticks.size(89, 10_000_000);
            }
            293 => ticks.number(54, 1_000.0),
            294 => ticks.number(55, 10.0),
            295 => ticks.number(56, 1_000.0),
            318 => ticks.price(57, numbers::double(price), 0),
            456 => ticks.text(59, dividends(world, state, known)),
            595 => {
                for (kind, minutes) in [(63, 3), (64, 5), (65, 10)] {
                    ticks.size(kind, line.volume / 390 * minutes);
                }
            }
            _ => {}
        }
    }
}

/// Extremes of the last quarter, half and year, and the average volume.
fn year(world: &World, state: &State, known: &Instrument, ticks: &Ticks<'_>) {
    let now = state.now();
    for (low, high, weeks) in [(15, 16, 13), (17, 18, 26), (19, 20, 52)] {
        let from = now - weeks * 7 * mockkit::time::DAY;
        let span = Span { from, to: now, regular: true };
        let bars = history::bars(&world.market, known, What::Trades, BarSize::Day, span);
        let bars = bars.unwrap_or_default();
        let lowest = bars.iter().map(|bar| bar.low).min();
        let highest = bars.iter().map(|bar| bar.high).max();
        if let Some((lowest, highest)) = lowest.zip(highest) {
            ticks.price(low, numbers::double(lowest), 0);
            ticks.price(high, numbers::double(highest), 0);
        }
        if weeks == 52 && !bars.is_empty() {
            let volume: Decimal = bars.iter().map(|bar| bar.volume).sum();
            let average = volume / Decimal::from(bars.len());
            ticks.size(21, u64::try_from(average.trunc()).unwrap_or(0));
        }
    }
}

/// Past and next twelve months, next date and amount.
fn dividends(world: &World, state: &State, known: &Instrument) -> String {
    let Some((listing, _)) = known.listing() else { return ",,,".to_owned() };
    let today = mockkit::time::new_york_date(state.now());
    let paid = world.market.listings()[listing].cash_dividends();
    let year = |from: i64, to: i64| -> Decimal {
        let days = |day: &jiff::civil::Date| (*day - today).get_days();
        let within = paid.iter().filter(|one| (from..to).contains(&i64::from(days(&one.ex_date))));
        within.map(|one| one.rate).sum()
    };
    let next = paid.iter().find(|one| one.ex_date > today);
    let (date, rate) = next.map_or((String::new(), String::new()), |one| {
        (times::day(one.ex_date), one.rate.to_string())
    });
    format!("{},{},{date},{rate}", year(-365, 0), year(0, 365))
}

/// Something has happened to an instrument.
pub fn publish(world: &World, state: &mut State, index: Index, item: Item<'_>) {
    let known = &world.instruments[index];
    let volume = known.listing().map_or(0, |(listing, _)| state.volumes[listing]);
    match item {
        Item::Quote(quote) => {
            let quoted =
                !matches!(known.source, crate::instruments::Source::Times { quoted: false, .. });
            let quote = known.quote(*quote);
            for client in state.clients.iter_mut().filter(|_| quoted) {
                publish_quote(client, index, &quote);
            }
        }
        Item::Trade(trade) => {
            let trade = known.print(*trade);
            for client in &mut state.clients {
                publish_trade(client, index, known, &trade, volume);
            }
        }
        Item::Bar(_) => {}
    }
}

fn publish_quote(client: &mut Client, index: Index, quote: &Quote) {
    let mut lines = std::mem::take(&mut client.lines);
    for (id, line) in lines.iter_mut().filter(|(_, line)| line.instrument == index) {
        let ticks = Ticks { client, id: *id, delayed: line.kind >= 3 };
        ticks.quote(line.quote, quote);
        line.quote = Some(*quote);
    }
    client.lines = lines;
    let mut prints = std::mem::take(&mut client.prints);
    for (id, prints) in prints.iter_mut().filter(|(_, prints)| prints.instrument == index) {
        print_quote(client, *id, prints, quote);
    }
    client.prints = prints;
    let mut depth = std::mem::take(&mut client.depth);
    for (id, depth) in depth.iter_mut().filter(|(_, depth)| depth.instrument == index) {
        book(client, *id, depth, quote);
    }
    client.depth = depth;
}

fn publish_trade(
    client: &mut Client,
    index: Index,
    known: &Instrument,
    trade: &Trade,
    volume: u64,
) {
    let counts = trade.counts();
    let mut lines = std::mem::take(&mut client.lines);
    let mine = lines.iter_mut().filter(|(_, line)| counts && line.instrument == index);
    for (id, line) in mine {
        let ticks = Ticks { client, id: *id, delayed: line.kind >= 3 };
        ticks.trade(trade, volume, &line.generic, true);
        line.trade = Some(*trade);
        line.volume = volume;
    }
    client.lines = lines;
    let has_tape = known.sec_type != "IND";
    for (id, prints) in client.prints.iter().filter(|(_, prints)| prints.instrument == index) {
        let kind = match prints.kind {
            PrintKind::Last if counts && has_tape => 1,
            PrintKind::AllLast if has_tape => 2,
            _ => continue,
        };
        client.send(last_tick(*id, kind, trade));
    }
}

fn last_tick(id: i32, kind: i32, trade: &Trade) -> Answer {
    Answer::TickByTickData(TickByTickData {
        req_id: Some(id),
        tick_type: Some(kind),
        historical_tick_last: Some(historical_last(trade)),
        ..TickByTickData::default()
    })
}

/// A trade as it is told, now or later.
pub fn historical_last(trade: &Trade) -> HistoricalTickLast {
    use mockkit::market::marks;
    let mut conditions = String::new();
    for (mark, letter) in [
        (marks::SWEEP, 'F'),
        (marks::OPENING, 'O'),
        (marks::CLOSING, '6'),
        (marks::EXTENDED_HOURS, 'T'),
        (marks::OFFICIAL_OPEN, 'Q'),
        (marks::OFFICIAL_CLOSE, 'M'),
    ] {
        if trade.marks & mark != 0 {
            conditions.push(' ');
            conditions.push(letter);
        }
    }
    if trade.size < 100 {
        conditions.push_str(" I");
    }
    HistoricalTickLast {
        time: Some(times::seconds(trade.time)),
        price: Some(trade.price.double()),
        size: Some(trade.size.to_string()),
        exchange: Some(venue(trade.venue).to_owned()),
        special_conditions: Some(conditions),
        tick_attrib_last: Some(TickAttribLast {
            past_limit: Some(false),
            unreported: Some(!trade.counts()),
        }),
    }
}

pub fn historical_quote(quote: &Quote) -> HistoricalTickBidAsk {
    HistoricalTickBidAsk {
        time: Some(times::seconds(quote.time)),
        price_bid: Some(quote.bid.double()),
        price_ask: Some(quote.ask.double()),
        size_bid: Some(quote.bid_size.to_string()),
        size_ask: Some(quote.ask_size.to_string()),
        tick_attrib_bid_ask: Some(TickAttribBidAsk {
            bid_past_low: Some(false),
            ask_past_high: Some(false),
        }),
    }
}

pub fn historical_middle(quote: &Quote) -> HistoricalTick {
    let middle = (quote.bid.decimal() + quote.ask.decimal()) / Decimal::TWO;
    HistoricalTick {
        time: Some(times::seconds(quote.time)),
        price: Some(numbers::double(middle)),
        size: Some("0".to_owned()),
    }
}

/// The vendor's name of a venue by its letter on the tape.
fn venue(letter: char) -> &'static str {
    crate::engine::venue(letter, "FINRA")
}

/// Quote ticks start with the quote that stands.
pub fn open_prints(world: &World, state: &State, me: usize, id: i32, prints: &mut Prints) {
    let mark = world.instruments[prints.instrument].mark(&state.tape);
    if let Some(quote) = mark.quote {
        print_quote(&state.clients[me], id, prints, &quote);
    }
}

fn print_quote(client: &Client, id: i32, prints: &mut Prints, quote: &Quote) {
    let last = prints.quote.replace(*quote);
    let prices = |quote: &Quote| (quote.bid, quote.ask);
    let middle = |quote: &Quote| quote.bid.0 + quote.ask.0;
    let mut tick = TickByTickData { req_id: Some(id), ..TickByTickData::default() };
    match prints.kind {
        PrintKind::BidAsk => {
            let same_price = last.as_ref().map(prices) == Some(prices(quote));
            if prints.ignore_size && same_price {
                return;
            }
            tick.tick_type = Some(3);
            tick.historical_tick_bid_ask = Some(historical_quote(quote));
        }
        PrintKind::MidPoint => {
            if last.as_ref().map(middle) == Some(middle(quote)) {
                return;
            }
            tick.tick_type = Some(4);
            tick.historical_tick_mid_point = Some(historical_middle(quote));
        }
        PrintKind::Last | PrintKind::AllLast => return,
    }
    client.send(Answer::TickByTickData(tick));
}

pub fn open_depth(world: &World, state: &State, me: usize, id: i32, depth: &mut Depth) {
    let mark = world.instruments[depth.instrument].mark(&state.tape);
    if let Some(quote) = mark.quote {
        book(&state.clients[me], id, depth, &quote);
    }
}

/// The book is one level deep here: the best bid and ask.
fn book(client: &Client, id: i32, depth: &mut Depth, quote: &Quote) {
    let operation = i32::from(depth.quote.is_some());
    depth.quote = Some(*quote);
    let sides = [
        (1, quote.bid, quote.bid_size, quote.bid_venue),
        (0, quote.ask, quote.ask_size, quote.ask_venue),
    ];
    for (side, price, size, letter) in sides {
        let row = MarketDepthData {
            position: Some(0),
            operation: Some(operation),
            side: Some(side),
            price: Some(price.double()),
            size: Some(size.to_string()),
            market_maker: depth.smart.then(|| venue(letter).to_owned()),
            is_smart_depth: Some(depth.smart),
        };
        let (req_id, market_depth_data) = (Some(id), Some(row));
        client.send(if depth.smart {
            Answer::MarketDepthL2(MarketDepthL2 { req_id, market_depth_data })
        } else {
            Answer::MarketDepth(MarketDepth { req_id, market_depth_data })
        });
    }
}

/// Every five seconds: live bars, and history that goes on.
pub fn beat(world: &World, state: &mut State, time: i64) {
    if time % BAR != 0 || state.cut_off || state.phase() == Phase::Closed {
        return;
    }
    for client in &state.clients {
        for (id, bars) in &client.live_bars {
            if bars.regular && state.phase() != Phase::Core {
                continue;
            }
            let known = &world.instruments[bars.instrument];
            if let Some(bar) = live_bar(world, state, known, bars.what, time) {
                client.send(Answer::RealTimeBarTick(RealTimeBarTick {
                    req_id: Some(*id),
                    time: Some(times::seconds(time - BAR)),
                    open: Some(numbers::double(bar.open)),
                    high: Some(numbers::double(bar.high)),
                    low: Some(numbers::double(bar.low)),
                    close: Some(numbers::double(bar.close)),
                    volume: Some(numbers::text(bar.volume)),
                    wap: Some(numbers::text(bar.wap)),
                    count: Some(bar.count),
                }));
            }
        }
        for (id, growing) in &client.growing {
            let known = &world.instruments[growing.instrument];
            let start = match growing.size {
                BarSize::Seconds(seconds) => history::bucket(time - 1, seconds * SECOND),
                _ => mockkit::time::new_york_midnight(mockkit::time::new_york_date(time - 1)),
            };
            let span = Span { from: start, to: time, regular: growing.regular };
            let bars = history::bars(&world.market, known, growing.what, growing.size, span);
            let price = known.mark(&state.tape).price();
            let flat = price.map(|price| Bar::flat(start, price, growing.what));
            if let Some(bar) = bars.ok().and_then(|bars| bars.last().copied()).or(flat) {
                let bar = Bar { count: -1, ..bar };
                client.send(Answer::HistoricalDataUpdate(HistoricalDataUpdate {
                    req_id: Some(*id),
                    historical_data_bar: Some(wire_bar(&bar, growing.size, growing.format)),
                }));
            }
        }
    }
}

/// The five seconds before `time`; flat if nothing happened in them.
fn live_bar(
    world: &World,
    state: &State,
    known: &Instrument,
    what: What,
    time: i64,
) -> Option<Bar> {
    let day = Arc::clone(state.tape.day());
    let from = time - BAR;
    let span = Span { from, to: time, regular: false };
    let bars = history::bars(&world.market, known, what, BarSize::Seconds(5), span).ok()?;
    if let Some(bar) = bars.last().filter(|_| !day.events.is_empty() || known.listing().is_none()) {
        return Some(*bar);
    }
    let mark = known.mark(&state.tape);
    let price = match what {
        What::Trades => mark.price(),
        _ => mark.quote.map(|quote| history::quoted(&quote, what).close).or(mark.price()),
    }?;
    Some(Bar::flat(from, price, what))
}

/// A bar as history tells it.
pub fn wire_bar(bar: &Bar, size: BarSize, format: i32) -> HistoricalDataBar {
    let date = match (size.is_days(), format) {
        (true, _) => times::day(mockkit::time::new_york_date(bar.time)),
        (false, 2) => times::seconds(bar.time).to_string(),
        (false, _) => times::stamp(bar.time),
    };
    HistoricalDataBar {
        date: Some(date),
        open: Some(numbers::double(bar.open)),
        high: Some(numbers::double(bar.high)),
        low: Some(numbers::double(bar.low)),
        close: Some(numbers::double(bar.close)),
        volume: Some(numbers::text(bar.volume)),
        wap: Some(numbers::text(bar.wap)),
        bar_count: Some(bar.count),
    }
}
