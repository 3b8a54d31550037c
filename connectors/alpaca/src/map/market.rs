//! Trades, quotes and bars.

use std::fmt::Write;
use std::mem::take;
use std::sync::LazyLock;

use component::{Bad, Item, OrBad};
use http::{Num, decode, optional};
use model::{Adjustment, Event, EventId, Head, Text, Timestamp, TradeStatus, price, quantity};
use serde_json::value::RawValue;
use session::Intake;

use super::{Mapped, bad_item, identity, push};
use crate::wire::{self, Message};

/// The bars of the stream.
static MINUTE: LazyLock<Period> = LazyLock::new(Period::minute);
static DAY: LazyLock<Period> = LazyLock::new(Period::day);

/// Every data point of a frame, one by one: a bad one does not spoil the others.
pub fn frame(frame: &[u8], items: &mut Vec<Item>, control: &mut impl FnMut(Message<'_>)) {
    let before = items.len();
    session::messages(frame, &mut Read { items, before, control });
}

/// What was read of a frame.
struct Read<'r, C> {
    items: &'r mut Vec<Item>,
    before: usize,
    control: &'r mut C,
}

impl<C: FnMut(Message<'_>)> Intake<Message<'_>> for Read<'_, C> {
    fn take(&mut self, message: Message<'_>) -> Mapped<()> {
        message_events(message, self.items, self.control)
    }

    fn set_aside(&mut self, raw: &[u8], bad: Bad) {
        self.items.push(bad_item(raw, bad));
    }

    fn begin_again(&mut self) {
        self.items.truncate(self.before);
    }
}

/// One data point from its text.
pub fn message(
    text: &str,
    items: &mut Vec<Item>,
    control: &mut impl FnMut(Message<'_>),
) -> Mapped<()> {
    message_events(session::message(text)?, items, control)
}

fn message_events(
    message: Message<'_>,
    items: &mut Vec<Item>,
    control: &mut impl FnMut(Message<'_>),
) -> Mapped<()> {
    let mut push = |event: Event| items.push(Item::Event(event));
    match message {
        Message::Trade(mut raw) => push(trade(&take(&mut raw.symbol), raw)?.into()),
        Message::Quote(mut raw) => push(quote(&take(&mut raw.symbol), raw)?.into()),
        Message::MinuteBar(raw) => push(bar(&raw.symbol, &raw, &MINUTE, true)?.into()),
        Message::DailyBar(raw) => push(bar(&raw.symbol, &raw, &DAY, false)?.into()),
        Message::Cancel(mut raw) => {
            let symbol = take(&mut raw.symbol);
            push(print(&symbol, raw, TradeStatus::Canceled, ["i", "p", "s"])?.into());
        }
        Message::Correction(raw) => correction(raw)?.into_iter().map(Event::from).for_each(push),
        Message::Other => {}
        Message::Subscription | Message::Success(_) | Message::Error(_) => control(message),
    }
    Ok(())
}

fn trade(symbol: &str, raw: wire::Trade<'_>) -> Mapped<model::Trade> {
    let status = match raw.u.as_deref() {
        None | Some("") => TradeStatus::Original,
        Some("corrected") => TradeStatus::Corrected,
        // The original of a correction no longer stands.
        Some("canceled" | "incorrect") => TradeStatus::Canceled,
        Some(other) => return Err(Bad::new("u", format!("unknown update {other:?}"))),
    };
    print(symbol, raw, status, ["i", "p", "s"])
}

/// A print, and what its fields are called where it comes from.
fn print(
    symbol: &str,
    raw: wire::Trade<'_>,
    status: TradeStatus,
    [i, p, s]: [&str; 3],
) -> Mapped<model::Trade> {
    let time: Timestamp = raw.t.parse().or_bad("t")?;
    let id = raw.i.text();
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Bad::new(i, format!("{id:?} is not an id")));
    }
    let venue = raw.x.as_deref().unwrap_or_default();
    let day = short(time.date().0);
    let parts = ["alpaca", "trades", symbol, venue, id, &day, status.as_str()];
    Ok(model::Trade {
        head: Head::new(EventId::of(&parts), time),
        instrument: identity(symbol, ""),
        symbol: symbol.into(),
        trade_id: id.into(),
        price: raw.p.read(p, price)?,
        quantity: raw.s.read(s, quantity)?,
        venue: raw.x,
        conditions: raw.c.unwrap_or_default(),
        tape: raw.z,
        status,
    })
}

/// The print that stands now, after the one it replaces when that had another id.
fn correction(raw: wire::Correction<'_>) -> Mapped<Vec<model::Trade>> {
    let wire::Correction { symbol, x, z, t, oi, op, os, oc, ci, cp, cs, cc } = raw;
    let side = |i, p, s, c| {
        let (symbol, x, z) = (Text::default(), x.clone(), z.clone());
        wire::Trade { symbol, i, x, p, s, t, c, z, u: None }
    };
    let mut trades = Vec::with_capacity(2);
    if oi.text() != ci.text() {
        let old = side(oi, op, os, oc);
        trades.push(print(&symbol, old, TradeStatus::Canceled, ["oi", "op", "os"])?);
    }
    let new = side(ci, cp, cs, cc);
    trades.push(print(&symbol, new, TradeStatus::Corrected, ["ci", "cp", "cs"])?);
    Ok(trades)
}

fn quote(symbol: &str, raw: wire::Quote<'_>) -> Mapped<model::Quote> {
    let time: Timestamp = raw.t.parse().or_bad("t")?;
    let (ax, bx) = (raw.ax.as_deref().unwrap_or_default(), raw.bx.as_deref().unwrap_or_default());
    // Quotes have no id: one is what it says.
    let [ap, az, bp, bs] = [raw.ap, raw.az, raw.bp, raw.bs].map(Num::canonical);
    let time_text = short(time.0);
    let parts = ["alpaca", "quotes", symbol, &time_text, ax, ap, az, bx, bp, bs];
    let (bid_price, bid_quantity) = (raw.bp.read("bp", price)?, raw.bs.read("bs", quantity)?);
    let (ask_price, ask_quantity) = (raw.ap.read("ap", price)?, raw.az.read("as", quantity)?);
    // A side without interest has the price zero.
    let (bids, asks) = (!bid_price.is_zero(), !ask_price.is_zero());
    Ok(model::Quote {
        head: Head::new(EventId::of(&parts), time),
        instrument: identity(symbol, ""),
        symbol: symbol.into(),
        bid_price: bids.then_some(bid_price),
        bid_quantity: bids.then_some(bid_quantity),
        bid_venue: raw.bx.filter(|_| bids),
        ask_price: asks.then_some(ask_price),
        ask_quantity: asks.then_some(ask_quantity),
        ask_venue: raw.ax.filter(|_| asks),
        conditions: raw.c.unwrap_or_default(),
        tape: raw.z,
    })
}

/// A kind of record that Alpaca keeps.
#[derive(Clone, Debug)]
pub enum Records {
    Trades,
    Quotes,
    Bars(Period),
}

/// What a page of history holds, and how to ask for the next.
pub fn page(records: &Records, page: &wire::Page<'_>) -> (Vec<Item>, Option<String>) {
    let mut items = Vec::new();
    for (symbol, list) in page.bars.iter().flatten() {
        for raw in list.iter().flatten() {
            push(&mut items, raw, past(records, symbol, raw));
        }
    }
    (items, page.next_page_token.clone().filter(|token| !token.is_empty()))
}

/// One record of the past.
pub fn past(records: &Records, symbol: &str, raw: &RawValue) -> Mapped<Event> {
    match records {
        Records::Trades => Ok(trade(symbol, decode(raw)?)?.into()),
        Records::Quotes => Ok(quote(symbol, decode(raw)?)?.into()),
        Records::Bars(period) => Ok(bar(symbol, &decode(raw)?, period, true)?.into()),
    }
}

/// What bars cover and are adjusted for.
#[derive(Clone, Debug)]
pub struct Period {
    /// In Alpaca's spelling, such as `15Min`.
    pub timeframe: Text,
    pub adjustment: Adjustment,
    /// In ours.
    interval: Text,
    length: jiff::Span,
}

impl Period {
    /// The minute bars of the stream.
    pub fn minute() -> Self {
        Self::new("1Min", "1m", jiff::Span::new().minutes(1), Adjustment::Raw)
    }

    fn day() -> Self {
        Self::new("1Day", "1d", jiff::Span::new().hours(24), Adjustment::Raw)
    }

    fn new(timeframe: &str, interval: &str, length: jiff::Span, adjustment: Adjustment) -> Self {
        Self { timeframe: timeframe.into(), adjustment, interval: interval.into(), length }
    }

    /// From Alpaca's spelling.
    pub fn parse(timeframe: &str, adjustment: Adjustment) -> Option<Self> {
        let digits = timeframe.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = timeframe.split_at(digits);
        let count: i64 = count.parse().ok().filter(|count| (1..60).contains(count))?;
        let span = jiff::Span::new();
        let (letter, length) = match unit {
            "Min" | "T" => ("m", span.minutes(count)),
            "Hour" | "H" if count < 24 => ("h", span.hours(count)),
            "Day" | "D" if count == 1 => ("d", span.hours(24)),
            "Week" | "W" if count == 1 => ("w", span.hours(7 * 24)),
            "Month" | "M" if 12 % count == 0 => ("mo", span.months(count)),
            _ => return None,
        };
        Some(Self::new(timeframe, &format!("{count}{letter}"), length, adjustment))
    }

    /// When a bar that starts then has ended.
    fn end(&self, start: Timestamp) -> Timestamp {
        let utc = jiff::Timestamp::from_nanosecond(start.0.into())
            .map(|start| start.to_zoned(jiff::tz::TimeZone::UTC));
        let end = utc.and_then(|start| start.checked_add(self.length));
        end.map_or(start, |end| Timestamp::from_secs(end.timestamp().as_second()))
    }
}

fn bar(symbol: &str, raw: &wire::Bar<'_>, period: &Period, is_final: bool) -> Mapped<model::Bar> {
    let start: Timestamp = raw.t.parse().or_bad("t")?;
    let [o, h, l, c, v] = [raw.o, raw.h, raw.l, raw.c, raw.v].map(Num::canonical);
    let (time, state) = (short(start.0), if is_final { "final" } else { "running" });
    let (interval, adjustment) = (period.interval.as_str(), period.adjustment.as_str());
    // A bar that is restated is another fact.
    let parts = ["alpaca", "bars", symbol, interval, adjustment, &time, state, o, h, l, c, v];
    Ok(model::Bar {
        head: Head::new(EventId::of(&parts), start),
        instrument: identity(symbol, ""),
        symbol: symbol.into(),
        interval: period.interval.clone(),
        end_time: period.end(start),
        open: raw.o.read("o", price)?,
        high: raw.h.read("h", price)?,
        low: raw.l.read("l", price)?,
        close: raw.c.read("c", price)?,
        volume: raw.v.read("v", quantity)?,
        vwap: optional(raw.vw, "vw", price)?,
        trade_count: raw.n,
        adjustment: period.adjustment,
        is_final,
    })
}

/// A number in an inline text: ids are made of texts, and this is on the path of every trade.
fn short(number: impl std::fmt::Display) -> Text {
    let mut text = Text::default();
    // Writing to a text cannot fail.
    let _ = write!(text, "{number}");
    text
}
