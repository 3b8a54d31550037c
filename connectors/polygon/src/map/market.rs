//! Trades, quotes and bars.

use std::sync::LazyLock;

use component::{Bad, Item, OrBad};
use http::{Num, Taken, Whole, decode, digits, optional};
use jiff::Span;
use jiff::tz::TimeZone;
use model::{
    Adjustment, Decimal, Event, EventId, Head, Text, Timestamp, TradeStatus, price, quantity,
};
use serde_json::value::RawValue;
use session::{Intake, Kind, Mark};

use super::symbol::is_stock;
use super::{Mapped, NEW_YORK, identity, new_york_midnight, session_day, time, venue};
use crate::wire::{self, Message};

/// Shares in one unit of a stock quote's sizes.
const ROUND_LOT: Decimal = Decimal::ONE_HUNDRED;

/// The bars of the stream.
static SECOND: LazyLock<Period> = LazyLock::new(|| Period::one("second"));
pub(crate) static MINUTE: LazyLock<Period> = LazyLock::new(|| Period::one("minute"));
static DAY: LazyLock<Period> = LazyLock::new(|| Period::one("day"));

/// The period that bars of a kind cover.
pub(crate) fn period(kind: Kind) -> &'static Period {
    if kind == Kind::SecondBars { &SECOND } else { &MINUTE }
}

/// Every message of a frame. Each item has its mark, unless it is bad. What the stream says about
/// itself is returned.
pub fn frame(
    frame: &[u8],
    items: &mut Vec<Item>,
    marks: &mut Vec<Option<Mark>>,
) -> Vec<wire::Status> {
    let before = (items.len(), marks.len());
    let mut read = Read { items, marks, said: Vec::new(), before };
    session::messages(frame, &mut read);
    read.said
}

/// What was read of a frame.
struct Read<'r> {
    items: &'r mut Vec<Item>,
    marks: &'r mut Vec<Option<Mark>>,
    said: Vec<wire::Status>,
    before: (usize, usize),
}

impl Intake<Message<'_>> for Read<'_> {
    fn take(&mut self, message: Message<'_>) -> Mapped<()> {
        if let Message::Status(status) = message {
            self.said.push(status);
        } else if let Some((event, mark)) = self::message(message)? {
            self.items.push(Item::Event(event));
            self.marks.push(Some(mark));
        }
        Ok(())
    }

    fn set_aside(&mut self, raw: &[u8], bad: Bad) {
        self.items.push(Item::Bad { raw: raw.to_vec(), bad });
        self.marks.push(None);
    }

    fn begin_again(&mut self) {
        self.items.truncate(self.before.0);
        self.marks.truncate(self.before.1);
        self.said.clear();
    }
}

/// One message of the stream, unless it is none of ours.
pub fn message(message: Message<'_>) -> Mapped<Option<(Event, Mark)>> {
    let (kind, (event, sequence)) = match message {
        Message::Trade(raw) => (Kind::Trades, trade("", raw)?),
        Message::Quote(raw) => (Kind::Quotes, quote("", raw)?),
        Message::SecondBar(raw) => (Kind::SecondBars, bar("", &raw, &SECOND, None)?),
        Message::MinuteBar(raw) => (Kind::MinuteBars, bar("", &raw, &MINUTE, None)?),
        Message::Status(_) | Message::Other => return Ok(None),
    };
    Ok(Some((event, Mark { kind, sequence })))
}

/// What a row of history is about, which it does not say itself.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub kind: Kind,
    pub symbol: &'a str,
    /// Of bars.
    pub period: &'a Period,
    /// The vendor's clock: what ends later is still running.
    pub now: Timestamp,
}

/// A row of `/v3/trades`, `/v3/quotes` or `/v2/aggs`, and its number.
pub fn row(asked: Asked<'_>, raw: &RawValue) -> Mapped<(Event, u64)> {
    match asked.kind {
        Kind::Trades => trade(asked.symbol, decode(raw)?),
        Kind::Quotes => quote(asked.symbol, decode(raw)?),
        Kind::SecondBars | Kind::MinuteBars => {
            bar(asked.symbol, &decode(raw)?, asked.period, Some(asked.now))
        }
    }
}

fn text(num: Option<Num<'_>>) -> &str {
    num.map(Num::text).filter(|text| *text != "null").unwrap_or_default()
}

/// The symbol that a record names, or the one that was asked for.
fn named(own: Text, asked: &str) -> Mapped<Text> {
    match (own.is_empty(), asked) {
        (false, _) => Ok(own),
        (true, "") => Err(Bad::new("sym", "missing")),
        (true, asked) => Ok(asked.into()),
    }
}

/// Zero where there is no number.
fn numbered(number: Option<Whole>) -> Mapped<u64> {
    u64::try_from(number.unwrap_or_default().0).or_bad("q")
}

/// Prints are numbered anew every day by each venue and reporting facility.
fn trade(asked: &str, raw: wire::Trade<'_>) -> Mapped<(Event, u64)> {
    let symbol = named(raw.symbol, asked)?;
    let time = raw.t.or(raw.y).map(time).or_bad("t")?;
    let (venue_number, sequence) = (text(raw.x), numbered(raw.q)?);
    let size = raw.ds.filter(|size| !matches!(size.text(), "" | "null")).or(raw.s).or_bad("s")?;
    let trade_id = match text(raw.i) {
        // Options have no ids, and some no numbers.
        "" if sequence > 0 => digits(sequence),
        "" => format!("{}:{}x{}", time.millis(), raw.p.canonical(), size.canonical()).into(),
        id => id.into(),
    };
    // The indicators of the tapes' own specifications: 01 and 12 carry corrected data, the rest
    // withdraw.
    let status = match raw.e.unwrap_or_default().0 {
        0 => TradeStatus::Original,
        1 | 12 => TradeStatus::Corrected,
        7 | 8 | 10 | 11 => TradeStatus::Canceled,
        other => return Err(Bad::new("correction", format!("unknown indicator {other}"))),
    };
    let instrument = identity(&symbol);
    let (day, is_stock) = (digits(day_number(time)), is_stock(&symbol));
    // Of crypto currencies it is the time of arrival.
    let facility = if is_stock { text(raw.r) } else { "" };
    let id = ["polygon", "trades", instrument.as_str(), venue_number, facility, &trade_id, &day];
    let event_id = match status {
        TradeStatus::Original => EventId::of(&id),
        changed => EventId::of(&[&id[..], &[changed.as_str()]].concat()),
    };
    let venue = Some(venue(venue_number, is_stock)).filter(|venue| !venue.is_empty());
    let event = model::Trade {
        head: Head::new(event_id, time),
        instrument,
        symbol,
        trade_id,
        price: raw.p.read("p", price)?,
        quantity: size.read("s", quantity)?,
        venue,
        conditions: raw.c.0,
        tape: Some(text(raw.z)).filter(|tape| !tape.is_empty()).map(Text::from),
        status,
    };
    Ok((event.into(), sequence))
}

/// Stock quotes have a number; others are what they say.
fn quote(asked: &str, raw: wire::Quote<'_>) -> Mapped<(Event, u64)> {
    let symbol = named(raw.symbol, asked)?;
    let time = raw.t.or(raw.y).map(time).or_bad("t")?;
    let (instrument, sequence) = (identity(&symbol), numbered(raw.q)?);
    let event_id = if sequence > 0 {
        let (day, sequence) = (digits(day_number(time)), digits(sequence));
        EventId::of(&["polygon", "quotes", instrument.as_str(), &day, &sequence])
    } else {
        let canonical = |num: Option<Num<'_>>| num.map(|num| Text::from(num.canonical()));
        let told = [raw.bp, raw.bs, raw.ap, raw.az].map(canonical).map(Option::unwrap_or_default);
        let [bid, bid_size, ask, ask_size] = told.each_ref().map(Text::as_str);
        let millis = digits(millis(time));
        let id = ["polygon", "quotes", instrument.as_str(), &millis, bid, bid_size, ask, ask_size];
        EventId::of(&id)
    };
    let is_stock = is_stock(&symbol);
    let side = |at: Option<Num<'_>>, size: Option<Num<'_>>, names: [&str; 2]| {
        // A side without interest has the price zero.
        let at = optional(at, names[0], price)?.filter(|price| !price.is_zero());
        let size = optional(size, names[1], quantity)?.filter(|_| at.is_some());
        let lot = if is_stock { ROUND_LOT } else { Decimal::ONE };
        Ok::<_, Bad>((at, size.map(|size| (size * lot).normalize())))
    };
    let (bid_price, bid_quantity) = side(raw.bp, raw.bs, ["bp", "bs"])?;
    let (ask_price, ask_quantity) = side(raw.ap, raw.az, ["ap", "as"])?;
    let at = |number: Option<Num<'_>>, side: Option<Decimal>| {
        let number = Some(text(number)).filter(|number| side.is_some() && !number.is_empty());
        number.map(|number| venue(number, is_stock))
    };
    let event = model::Quote {
        head: Head::new(event_id, time),
        instrument,
        bid_venue: at(raw.bx, bid_price),
        ask_venue: at(raw.ax, ask_price),
        symbol,
        bid_price,
        bid_quantity,
        ask_price,
        ask_quantity,
        conditions: raw.c.0,
        tape: Some(text(raw.z)).filter(|tape| !tape.is_empty()).map(Text::from),
    };
    Ok((event.into(), sequence))
}

/// What bars cover and are adjusted for.
#[derive(Clone, Debug)]
pub struct Period {
    pub multiplier: u32,
    /// In Polygon's spelling.
    pub timespan: &'static str,
    pub adjustment: Adjustment,
    /// In ours, such as `15m`.
    interval: Text,
    length: Span,
    /// Whether it is of days, which begin in New York, except where they begin in UTC.
    has_days: bool,
}

/// Polygon's units of time, ours, and how many of ours one of theirs has.
const UNITS: [(&str, &str, i64); 8] = [
    ("second", "s", 1),
    ("minute", "m", 1),
    ("hour", "h", 1),
    ("day", "d", 1),
    ("week", "w", 1),
    ("month", "mo", 1),
    ("quarter", "mo", 3),
    ("year", "mo", 12),
];

impl Period {
    /// From a number and one of Polygon's words, such as `15minute`.
    pub fn parse(timeframe: &str, adjustment: Adjustment) -> Option<Self> {
        let split = timeframe.bytes().take_while(u8::is_ascii_digit).count();
        let (count, word) = timeframe.split_at(split);
        let multiplier = count.parse().ok().filter(|count| (1..=1_000).contains(count))?;
        let (timespan, unit, units) = *UNITS.iter().find(|(name, ..)| *name == word)?;
        let count = i64::from(multiplier) * units;
        let length = match unit {
            "s" => Span::new().seconds(count),
            "m" => Span::new().minutes(count),
            "h" => Span::new().hours(count),
            "d" => Span::new().days(count),
            "w" => Span::new().weeks(count),
            _ => Span::new().months(count),
        };
        let (interval, has_days) = (format!("{count}{unit}").into(), !"smh".contains(unit));
        Some(Self { multiplier, timespan, adjustment, interval, length, has_days })
    }

    /// One of these, which is a length that Polygon knows.
    fn one(timespan: &str) -> Self {
        Self::parse(&format!("1{timespan}"), Adjustment::Raw).expect("it is in the table")
    }

    /// When a bar that starts then has ended.
    fn end(&self, start: Timestamp) -> Timestamp {
        let is_local = self.has_days && is_new_york_midnight(start);
        let zone = if is_local { NEW_YORK.clone() } else { TimeZone::UTC };
        let end = jiff::Timestamp::from_nanosecond(start.0.into())
            .and_then(|start| start.to_zoned(zone).checked_add(self.length));
        let nanos = end.ok().and_then(|end| end.timestamp().as_nanosecond().try_into().ok());
        nanos.map_or(start, Timestamp)
    }

    /// Where a bar starts. Some answers say the close of a day's session instead.
    fn start(&self, told: Timestamp) -> Timestamp {
        let is_midnight = || told.0 % DAY_NANOS == 0 || is_new_york_midnight(told);
        if !self.has_days || is_midnight() {
            return told;
        }
        new_york_midnight(session_day(told))
    }
}

const DAY_NANOS: i64 = 24 * 3_600_000_000_000;

fn is_new_york_midnight(time: Timestamp) -> bool {
    new_york_midnight(session_day(time.plus_nanos(DAY_NANOS / 4))) == time
}

/// A bar; its number is its start. Without a clock it is over, as the stream's are when they come.
pub(crate) fn bar(
    asked: &str,
    raw: &wire::Bar<'_>,
    period: &Period,
    now: Option<Timestamp>,
) -> Mapped<(Event, u64)> {
    let symbol = named(raw.symbol.clone(), asked)?;
    let start = period.start(raw.s.map(time).or_bad("s")?);
    let told_end = raw.e.map(time).filter(|end| *end > start);
    let end_time = told_end.unwrap_or_else(|| period.end(start));
    let instrument = identity(&symbol);
    let [open, high] = [raw.o.read("o", price)?, raw.h.read("h", price)?];
    let [low, close] = [raw.l.read("l", price)?, raw.c.read("c", price)?];
    let volume = optional(raw.dv.or(raw.v), "v", quantity)?.unwrap_or_default().normalize();
    // A bar that is restated is another fact, one that is spelled differently is not.
    let told = [open, high, low, close, volume].map(|number| number.normalize().to_string());
    let is_final = now.is_none_or(|now| end_time <= now);
    let mut id = vec!["polygon", "bars", instrument.as_str(), &period.interval];
    let (start_text, state) = (digits(millis(start)), if is_final { "final" } else { "running" });
    id.extend([period.adjustment.as_str(), &start_text, state]);
    id.extend(told.iter().map(String::as_str));
    let event = model::Bar {
        head: Head::new(EventId::of(&id), start),
        symbol,
        interval: period.interval.clone(),
        end_time,
        open,
        high,
        low,
        close,
        volume,
        vwap: optional(raw.vw, "vw", price)?,
        trade_count: raw.n.map(|count| count.0),
        adjustment: period.adjustment,
        is_final,
        instrument,
    };
    Ok((event.into(), millis(start)))
}

fn millis(time: Timestamp) -> u64 {
    time.millis().max(0).unsigned_abs()
}

fn day_number(time: Timestamp) -> u64 {
    u64::from(session_day(time).0.max(0).unsigned_abs())
}

/// A row of the stock snapshot: the last quote, the minute and the day so far.
pub fn snapshot(raw: &RawValue, taken: &mut Taken<'_>) -> Mapped<()> {
    let row: wire::Snapshot<'_> = decode(raw)?;
    if let Some(raw) = row.last_quote {
        taken.part(raw, last_quote(&row.ticker, raw));
    }
    let traded = row.last_trade.and_then(|trade| trade.t);
    let day = row.updated.max(traded).filter(|updated| updated.0 > 0).map(session_start);
    for (raw, period, start) in [(row.min, &MINUTE, None), (row.day, &DAY, day)] {
        if let Some(raw) = raw {
            taken.part(raw, running_bar(&row.ticker, raw, period, start, taken.now));
        }
    }
    Ok(())
}

/// A row of the snapshot of everything: the last quote and the session so far.
pub fn universal_snapshot(raw: &RawValue, taken: &mut Taken<'_>) -> Mapped<()> {
    let row: wire::UniversalSnapshot<'_> = decode(raw)?;
    if let Some(error) = row.error {
        let message = row.message.unwrap_or_default();
        return Err(Bad::new("ticker", format!("{}: {error} {message}", row.ticker)));
    }
    let traded = row.last_trade.and_then(|trade| trade.sip_timestamp.or(trade.last_updated));
    let mut known = traded.max(row.last_updated);
    if let Some(raw) = row.last_quote {
        known = known.max(decode::<wire::Quote<'_>>(raw).ok().and_then(|quote| quote.t));
        taken.part(raw, last_quote(&row.ticker, raw));
    }
    if let (Some(raw), Some(known)) = (row.session, known) {
        let start = Some(session_start(known));
        taken.part(raw, running_bar(&row.ticker, raw, &DAY, start, taken.now));
    }
    Ok(())
}

fn session_start(known: Whole) -> Timestamp {
    new_york_midnight(session_day(time(known)))
}

/// The quote of a snapshot, unless there is none: it is emptied at night.
fn last_quote(symbol: &str, raw: &RawValue) -> Mapped<Option<Event>> {
    let row: wire::Quote<'_> = decode(raw)?;
    if row.t.unwrap_or_default().0 == 0 {
        return Ok(None);
    }
    quote(symbol, row).map(|(event, _)| Some(event))
}

/// A bar of a snapshot, unless there is none yet.
fn running_bar(
    symbol: &str,
    raw: &RawValue,
    period: &Period,
    start: Option<Timestamp>,
    now: Timestamp,
) -> Mapped<Option<Event>> {
    if raw.get().len() <= "{}".len() {
        return Ok(None);
    }
    let mut row: wire::Bar<'_> = decode(raw)?;
    row.s = row.s.or(start.map(|start| Whole(start.millis()))).filter(|start| start.0 > 0);
    if row.s.is_none() || row.o.canonical() == "0" {
        return Ok(None);
    }
    bar(symbol, &row, period, Some(now)).map(|(event, _)| Some(event))
}
