//! Trades, quotes and bars.

use std::sync::LazyLock;

use component::{Bad, Item, OrBad};
use http::{Num, decode, optional};
use jiff::tz::TimeZone;
use model::{
    Adjustment, Decimal, Event, EventId, Head, Text, Timestamp, TradeStatus, price, quantity,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use session::Intake;

use super::symbol::is_stock;
use super::{Mapped, NEW_YORK, identity, new_york_midnight, push, session_day, time, venue};
use crate::wire::{self, Message, number};

/// Shares in one unit of a stock quote's sizes.
const ROUND_LOT: Decimal = Decimal::ONE_HUNDRED;

/// The bars of the stream.
pub(crate) static SECOND: LazyLock<Period> =
    LazyLock::new(|| Period::new(1, "second", "s", Adjustment::Raw));
pub(crate) static MINUTE: LazyLock<Period> =
    LazyLock::new(|| Period::new(1, "minute", "m", Adjustment::Raw));

/// A kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Trades,
    Quotes,
    SecondBars,
    MinuteBars,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Trades, Self::Quotes, Self::SecondBars, Self::MinuteBars];

    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trades => "trades",
            Self::Quotes => "quotes",
            Self::SecondBars => "second bars",
            Self::MinuteBars => "minute bars",
        }
    }

    /// Whether it covers a period.
    pub fn is_bars(self) -> bool {
        matches!(self, Self::SecondBars | Self::MinuteBars)
    }

    /// The period, where it covers one.
    pub(crate) fn period(self) -> &'static Period {
        if self == Self::SecondBars { &SECOND } else { &MINUTE }
    }
}

/// A record's place among those of its kind and symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub kind: Kind,
    /// Polygon's own number, or a bar's start; zero where there is none.
    pub sequence: u64,
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
        Message::CurrencyQuote(raw) => (Kind::Quotes, quote("", currency_quote(raw))?),
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

/// Prints are numbered anew every day by each venue and reporting facility.
fn trade(asked: &str, raw: wire::Trade<'_>) -> Mapped<(Event, u64)> {
    let symbol = named(raw.symbol, asked)?;
    let time = raw.t.or(raw.y).map(time).or_bad("t")?;
    let (venue_number, sequence) = (text(raw.x), raw.q.unwrap_or_default());
    let size = raw.ds.filter(|size| !matches!(size.text(), "" | "null")).or(raw.s).or_bad("s")?;
    let trade_id = match text(raw.i) {
        // Options have no ids, and some no numbers.
        "" if sequence > 0 => number(sequence),
        "" => format!("{}:{}x{}", time.millis(), raw.p.canonical(), size.canonical()).into(),
        id => id.into(),
    };
    // The indicators of the tapes' own specifications: 01 and 12 carry corrected data, the rest
    // withdraw.
    let status = match raw.e.unwrap_or_default() {
        0 => TradeStatus::Original,
        1 | 12 => TradeStatus::Corrected,
        7 | 8 | 10 | 11 => TradeStatus::Canceled,
        other => return Err(Bad::new("correction", format!("unknown indicator {other}"))),
    };
    let instrument = identity(&symbol);
    let (day, is_stock) = (number(day_number(time)), is_stock(&symbol));
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
        tape: raw.z.map(|tape| tape.text().into()),
        status,
    };
    Ok((event.into(), sequence))
}

fn currency_quote(raw: wire::CurrencyQuote<'_>) -> wire::Quote<'_> {
    wire::Quote {
        symbol: raw.p,
        bp: Some(raw.b),
        bs: None,
        bx: raw.x,
        ap: Some(raw.a),
        az: None,
        ax: raw.x,
        c: wire::Codes::default(),
        t: Some(raw.t),
        y: None,
        q: None,
        z: None,
    }
}

/// Stock quotes have a number; others are what they say.
fn quote(asked: &str, raw: wire::Quote<'_>) -> Mapped<(Event, u64)> {
    let symbol = named(raw.symbol, asked)?;
    let time = raw.t.or(raw.y).map(time).or_bad("t")?;
    let (instrument, sequence) = (identity(&symbol), raw.q.unwrap_or_default());
    let event_id = if sequence > 0 {
        let (day, sequence) = (number(day_number(time)), number(sequence));
        EventId::of(&["polygon", "quotes", instrument.as_str(), &day, &sequence])
    } else {
        let canonical = |num: Option<Num<'_>>| num.map(|num| Text::from(num.canonical()));
        let told = [raw.bp, raw.bs, raw.ap, raw.az].map(canonical).map(Option::unwrap_or_default);
        let [bid, bid_size, ask, ask_size] = told.each_ref().map(Text::as_str);
        let millis = number(millis(time));
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
        tape: raw.z.map(|tape| tape.text().into()),
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
    length: Length,
}

#[derive(Clone, Debug)]
enum Length {
    Nanos(i64),
    Calendar(jiff::Span),
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
    fn new(multiplier: u32, timespan: &'static str, unit: &str, adjustment: Adjustment) -> Self {
        let months = UNITS.iter().find(|(name, ..)| *name == timespan).map_or(1, |unit| unit.2);
        let count = i64::from(multiplier) * months;
        let span = jiff::Span::new();
        let length = match unit {
            "s" => Length::Nanos(count * HOUR / 3_600),
            "m" => Length::Nanos(count * HOUR / 60),
            "h" => Length::Nanos(count * HOUR),
            "d" => Length::Calendar(span.days(count)),
            "w" => Length::Calendar(span.weeks(count)),
            _ => Length::Calendar(span.months(count)),
        };
        Self { multiplier, timespan, adjustment, interval: format!("{count}{unit}").into(), length }
    }

    /// From a number and one of Polygon's words, such as `15minute`.
    pub fn parse(timeframe: &str, adjustment: Adjustment) -> Option<Self> {
        let digits = timeframe.bytes().take_while(u8::is_ascii_digit).count();
        let (count, word) = timeframe.split_at(digits);
        let count = count.parse().ok().filter(|count| (1..=1_000).contains(count))?;
        let (timespan, unit, _) = UNITS.iter().find(|(name, ..)| *name == word)?;
        Some(Self::new(count, timespan, unit, adjustment))
    }

    /// When a bar that starts then has ended. Days and what is longer begin in New York, except
    /// where they begin in UTC.
    pub(crate) fn end(&self, start: Timestamp) -> Timestamp {
        let length = match self.length {
            Length::Nanos(nanos) => return start.plus_nanos(nanos),
            Length::Calendar(span) => span,
        };
        let zone = if is_new_york_midnight(start) { NEW_YORK.clone() } else { TimeZone::UTC };
        let end = jiff::Timestamp::from_nanosecond(start.0.into())
            .and_then(|start| start.to_zoned(zone).checked_add(length));
        end.map_or(start, |end| Timestamp::from_secs(end.timestamp().as_second()))
    }

    /// Where a bar starts. Some answers say the close of a day's session instead.
    fn start(&self, told: Timestamp) -> Timestamp {
        let is_midnight = || told.0 % (24 * HOUR) == 0 || is_new_york_midnight(told);
        match self.length {
            Length::Calendar(_) if !is_midnight() => new_york_midnight(session_day(told)),
            _ => told,
        }
    }
}

fn is_new_york_midnight(time: Timestamp) -> bool {
    new_york_midnight(session_day(time.plus_nanos(6 * HOUR))) == time
}

const HOUR: i64 = 3_600_000_000_000;

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
    let (start_text, state) = (number(millis(start)), if is_final { "final" } else { "running" });
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
        trade_count: raw.n,
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
pub fn snapshot(raw: &RawValue, now: Timestamp, items: &mut Vec<Item>) -> Mapped<()> {
    let row: wire::Snapshot<'_> = decode(raw)?;
    let symbol = &row.ticker;
    if let Some(raw) = row.last_quote {
        let event = decode(raw).and_then(|quote: wire::Quote<'_>| match quote.t {
            // Emptied at night.
            None | Some(0) => Ok(None),
            Some(_) => self::quote(symbol, quote).map(|(event, _)| Some(event)),
        });
        push_some(items, raw, event);
    }
    let updated = [Some(row.updated), row.last_trade.and_then(|trade| trade.t)];
    let day = updated.into_iter().flatten().max().filter(|updated| *updated > 0).map(time);
    let day = day.map(|updated| new_york_midnight(session_day(updated)));
    for (raw, period, start) in [(row.min, &MINUTE, None), (row.day, &DAY, day)] {
        if let Some(raw) = raw {
            push_some(items, raw, running_bar(symbol, raw, period, start, now));
        }
    }
    Ok(())
}

/// A row of the snapshot of everything: the last quote and the session so far.
pub fn universal_snapshot(raw: &RawValue, now: Timestamp, items: &mut Vec<Item>) -> Mapped<()> {
    let row: wire::UniversalSnapshot<'_> = decode(raw)?;
    if let Some(error) = row.error {
        let message = row.message.unwrap_or_default();
        return Err(Bad::new("ticker", format!("{}: {error} {message}", row.ticker)));
    }
    let mut known = row.last_trade.and_then(|trade| trade.sip_timestamp.or(trade.last_updated));
    if let Some(raw) = row.last_quote {
        let quote: Mapped<wire::Quote<'_>> = decode(raw);
        known = known.max(quote.as_ref().ok().and_then(|quote| quote.t));
        let event = quote.and_then(|quote| self::quote(&row.ticker, quote));
        push_some(items, raw, event.map(|(event, _)| Some(event)));
    }
    if let (Some(raw), Some(known)) = (row.session, known) {
        let start = new_york_midnight(session_day(time(known)));
        push_some(items, raw, running_bar(&row.ticker, raw, &DAY, Some(start), now));
    }
    Ok(())
}

static DAY: LazyLock<Period> = LazyLock::new(|| Period::new(1, "day", "d", Adjustment::Raw));

/// A bar of a snapshot, unless there is none yet.
fn running_bar(
    symbol: &str,
    raw: &RawValue,
    period: &Period,
    start: Option<Timestamp>,
    now: Timestamp,
) -> Mapped<Option<Event>> {
    let mut row: wire::Bar<'_> = decode(raw)?;
    row.s = row.s.or(start.map(Timestamp::millis)).filter(|start| *start > 0);
    if row.s.is_none() || row.o.canonical() == "0" {
        return Ok(None);
    }
    bar(symbol, &row, period, Some(now)).map(|(event, _)| Some(event))
}

fn push_some(items: &mut Vec<Item>, raw: &RawValue, event: Mapped<Option<Event>>) {
    if let Some(event) = event.transpose() {
        push(items, raw.get(), event);
    }
}
