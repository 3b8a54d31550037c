//! Alpaca's words to ours. Pure functions; what does not fit is `Bad`, never a default.

use std::fmt::Write;
use std::sync::LazyLock;

use component::{Bad, Item, OrBad};
use http::{Num, decode, optional};
use model::{
    Adjustment, AssetClass, Date, Decimal, Event, EventId, Fill, FillKind, Head, InstrumentId,
    OrderEvent, OrderEventKind, OrderType, Side, Text, TimeInForce, Timestamp, TradeStatus, money,
    price, quantity,
};
use serde_json::value::RawValue;

use crate::wire::{self, Message};

type Mapped<T> = Result<T, Bad>;

/// The bars of the stream.
static MINUTE: LazyLock<Period> = LazyLock::new(Period::minute);
static DAY: LazyLock<Period> = LazyLock::new(Period::day);

/// What stands before our order id in a client order id.
const OURS: &str = "fs.";

/// Our identity of what Alpaca calls `symbol`. Pairs of crypto currencies come with a slash or,
/// in positions and old orders, without.
pub fn instrument(symbol: &str, asset_class: &str) -> InstrumentId {
    if symbol.contains('/') {
        return InstrumentId::listed(symbol, "CRYPTO");
    }
    if asset_class != "crypto" {
        return InstrumentId::listed(symbol, "US");
    }
    for currency in ["USDT", "USDC", "USD", "BTC"] {
        if let Some(base) = symbol.strip_suffix(currency).filter(|base| !base.is_empty()) {
            return InstrumentId::listed(&format!("{base}/{currency}"), "CRYPTO");
        }
    }
    InstrumentId::listed(symbol, "CRYPTO")
}

/// The client order id of an order, and of one of its replacements.
pub fn client_order_id(order_id: &str, replacing: Option<&str>) -> String {
    match replacing {
        None => format!("{OURS}{order_id}"),
        Some(request_id) => {
            let hash = EventId::of(&[request_id]).to_string();
            format!("{OURS}{order_id}.{}", &hash[..12])
        }
    }
}

/// Our order id: what is in the client order id if we placed it, else the broker's own.
pub fn order_id(client_order_id: &str, broker_order_id: &str) -> Text {
    match client_order_id.strip_prefix(OURS) {
        Some(rest) => rest.split('.').next().unwrap_or(rest).into(),
        None => broker_order_id.into(),
    }
}

/// Adds what was understood, or sets it aside with its bytes.
pub fn push(items: &mut Vec<Item>, raw: &RawValue, event: Mapped<Event>) {
    items.push(match event {
        Ok(event) => Item::Event(event),
        Err(bad) => bad_item(raw.get().as_bytes(), bad),
    });
}

fn bad_item(raw: &[u8], bad: Bad) -> Item {
    Item::Bad { raw: raw.to_vec(), bad }
}

/// Every data point of a frame, one by one: a bad one does not spoil the others.
pub fn frame(frame: &[u8], items: &mut Vec<Item>, control: &mut impl FnMut(Message<'_>)) {
    let Ok(text) = std::str::from_utf8(frame) else {
        return items.push(bad_item(frame, Bad::new("", "the frame is not UTF-8")));
    };
    if let Ok(messages) = serde_json::from_str::<Vec<Message<'_>>>(text) {
        // Nearly every frame: understood in one pass. What turns out bad still needs its bytes.
        let before = items.len();
        if messages.into_iter().all(|message| message_events(message, items, control).is_ok()) {
            return;
        }
        items.truncate(before);
    }
    match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(list) => {
            for raw in list {
                if let Err(bad) = message(raw, items, control) {
                    items.push(bad_item(raw.get().as_bytes(), bad));
                }
            }
        }
        Err(error) => items.push(bad_item(frame, Bad::new("", error))),
    }
}

/// One data point from its text.
pub fn message(
    raw: &RawValue,
    items: &mut Vec<Item>,
    control: &mut impl FnMut(Message<'_>),
) -> Mapped<()> {
    message_events(Message::from_raw(raw).or_bad("")?, items, control)
}

fn message_events(
    message: Message<'_>,
    items: &mut Vec<Item>,
    control: &mut impl FnMut(Message<'_>),
) -> Mapped<()> {
    let mut push = |event: Event| items.push(Item::Event(event));
    match message {
        Message::Trade(raw) => push(trade(&raw.symbol.clone(), raw)?.into()),
        Message::Quote(raw) => push(quote(&raw.symbol.clone(), raw)?.into()),
        Message::MinuteBar(raw) => push(bar(&raw.symbol, &raw, &MINUTE, true)?.into()),
        Message::DailyBar(raw) => push(bar(&raw.symbol, &raw, &DAY, false)?.into()),
        Message::Cancel(raw) => push(cancel(raw)?.into()),
        Message::Correction(raw) => correction(raw)?.into_iter().map(Event::from).for_each(push),
        Message::Other | Message::Subscription => {}
        Message::Success(_) | Message::Error(_) => control(message),
    }
    Ok(())
}

pub fn trade(symbol: &str, raw: wire::Trade<'_>) -> Mapped<model::Trade> {
    let status = match raw.u.as_deref() {
        None | Some("") => TradeStatus::Original,
        Some("corrected") => TradeStatus::Corrected,
        // The original of a correction no longer stands.
        Some("canceled" | "incorrect") => TradeStatus::Canceled,
        Some(other) => return Err(Bad::new("u", format!("unknown update {other:?}"))),
    };
    let wire::Trade { i, x, p, s, t, c, z, .. } = raw;
    print(symbol, Print { i, x, p, s, t, c, z, status }, ["i", "p", "s"])
}

struct Print<'a> {
    i: Num<'a>,
    x: Option<Text>,
    p: Num<'a>,
    s: Num<'a>,
    t: &'a str,
    c: Option<Vec<Text>>,
    z: Option<Text>,
    status: TradeStatus,
}

fn print(symbol: &str, raw: Print<'_>, [i, p, s]: [&str; 3]) -> Mapped<model::Trade> {
    let time: Timestamp = raw.t.parse().or_bad("t")?;
    let id = raw.i.text();
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Bad::new(i, format!("{id:?} is not an id")));
    }
    let venue = raw.x.as_deref().unwrap_or_default();
    let day = short(time.date().0);
    let parts = ["alpaca", "trades", symbol, venue, id, &day, raw.status.as_str()];
    Ok(model::Trade {
        head: Head::new(EventId::of(&parts), time),
        instrument: instrument(symbol, ""),
        symbol: symbol.into(),
        trade_id: id.into(),
        price: raw.p.read(p, price)?,
        quantity: raw.s.read(s, quantity)?,
        venue: raw.x,
        conditions: raw.c.unwrap_or_default(),
        tape: raw.z,
        status: raw.status,
    })
}

fn cancel(raw: wire::Cancel<'_>) -> Mapped<model::Trade> {
    let wire::Cancel { symbol, i, x, p, s, z, t } = raw;
    let status = TradeStatus::Canceled;
    print(&symbol, Print { i, x, p, s, t, c: None, z, status }, ["i", "p", "s"])
}

/// The print that stands now, after the one it replaces when that had another id.
fn correction(raw: wire::Correction<'_>) -> Mapped<Vec<model::Trade>> {
    let wire::Correction { symbol, x, z, t, .. } = raw;
    let mut trades = Vec::with_capacity(2);
    if raw.oi.text() != raw.ci.text() {
        let (i, p, s, c) = (raw.oi, raw.op, raw.os, raw.oc);
        let status = TradeStatus::Canceled;
        let old = Print { i, x: x.clone(), p, s, t, c, z: z.clone(), status };
        trades.push(print(&symbol, old, ["oi", "op", "os"])?);
    }
    let (i, p, s, c) = (raw.ci, raw.cp, raw.cs, raw.cc);
    let status = TradeStatus::Corrected;
    trades.push(print(&symbol, Print { i, x, p, s, t, c, z, status }, ["ci", "cp", "cs"])?);
    Ok(trades)
}

pub fn quote(symbol: &str, raw: wire::Quote<'_>) -> Mapped<model::Quote> {
    let time: Timestamp = raw.t.parse().or_bad("t")?;
    let (ax, bx) = (raw.ax.as_deref().unwrap_or_default(), raw.bx.as_deref().unwrap_or_default());
    // Quotes have no id: one is what it says.
    let [ap, az, bp, bs] = [raw.ap, raw.az, raw.bp, raw.bs].map(canonical);
    let time_text = short(time.0);
    let parts = ["alpaca", "quotes", symbol, &time_text, ax, ap, az, bx, bp, bs];
    let (bid_price, bid_quantity) = (raw.bp.read("bp", price)?, raw.bs.read("bs", quantity)?);
    let (ask_price, ask_quantity) = (raw.ap.read("ap", price)?, raw.az.read("as", quantity)?);
    // A side without interest has the price zero.
    let (bids, asks) = (!bid_price.is_zero(), !ask_price.is_zero());
    Ok(model::Quote {
        head: Head::new(EventId::of(&parts), time),
        instrument: instrument(symbol, ""),
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

/// The start of a day in UTC.
pub fn midnight(date: Date) -> Timestamp {
    Timestamp::from_secs(i64::from(date.0) * 86_400)
}

pub fn bar(
    symbol: &str,
    raw: &wire::Bar<'_>,
    period: &Period,
    is_final: bool,
) -> Mapped<model::Bar> {
    let start: Timestamp = raw.t.parse().or_bad("t")?;
    let [o, h, l, c, v] = [raw.o, raw.h, raw.l, raw.c, raw.v].map(canonical);
    let (time, state) = (short(start.0), if is_final { "final" } else { "running" });
    let (interval, adjustment) = (period.interval.as_str(), period.adjustment.as_str());
    // A bar that is restated is another fact.
    let parts = ["alpaca", "bars", symbol, interval, adjustment, &time, state, o, h, l, c, v];
    Ok(model::Bar {
        head: Head::new(EventId::of(&parts), start),
        instrument: instrument(symbol, ""),
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

/// What happened to an order, in the words of the stream and of `status`.
pub fn order_event_kind(word: &str) -> Option<OrderEventKind> {
    use OrderEventKind as Kind;
    Some(match word {
        "pending_new" | "accepted_for_bidding" | "pending_review" => Kind::PendingNew,
        "accepted" => Kind::Accepted,
        "new" => Kind::New,
        "held" => Kind::Held,
        "partial_fill" | "partially_filled" => Kind::PartiallyFilled,
        "fill" | "filled" => Kind::Filled,
        "canceled" => Kind::Canceled,
        "expired" => Kind::Expired,
        "done_for_day" => Kind::DoneForDay,
        "rejected" => Kind::Rejected,
        "replaced" => Kind::Replaced,
        "pending_cancel" => Kind::PendingCancel,
        "pending_replace" => Kind::PendingReplace,
        "stopped" => Kind::Stopped,
        "suspended" => Kind::Suspended,
        "calculated" => Kind::Calculated,
        "order_cancel_rejected" => Kind::CancelRejected,
        "order_replace_rejected" => Kind::ReplaceRejected,
        "restated" => Kind::Restated,
        _ => return None,
    })
}

/// Whether nothing more can happen to an order after this.
pub fn is_last(kind: OrderEventKind) -> bool {
    use OrderEventKind as Kind;
    matches!(kind, Kind::Filled | Kind::Canceled | Kind::Expired | Kind::Rejected | Kind::Replaced)
}

fn side(word: &str) -> Mapped<Side> {
    match word {
        "buy" => Ok(Side::Buy),
        "sell" | "sell_short" => Ok(Side::Sell),
        other => Err(Bad::new("side", format!("unknown side {other:?}"))),
    }
}

fn order_type(word: &str) -> Mapped<Option<OrderType>> {
    let known = OrderType::ALL.iter().find(|known| known.as_str() == word);
    match known {
        None if !word.is_empty() => Err(Bad::new("type", format!("unknown type {word:?}"))),
        known => Ok(known.copied()),
    }
}

fn time_in_force(word: &str) -> Mapped<Option<TimeInForce>> {
    let known = TimeInForce::ALL.iter().find(|known| known.as_str() == word);
    match known {
        None if !word.is_empty() => Err(Bad::new("time_in_force", format!("unknown {word:?}"))),
        known => Ok(known.copied()),
    }
}

/// An execution, whichever way it was reported: an order and how much of it is filled after it.
struct Execution<'a> {
    order_id: &'a str,
    cumulative: Decimal,
    quantity: Decimal,
    price: Decimal,
    time: Timestamp,
}

/// What happened to an order. `filled` is how much of it was filled by then.
fn order_event(
    order: &wire::Order<'_>,
    kind: OrderEventKind,
    time: Timestamp,
    filled: Option<Decimal>,
    account: &str,
) -> Mapped<OrderEvent> {
    use OrderEventKind as Kind;
    let once = match kind {
        Kind::PartiallyFilled | Kind::Filled => filled.unwrap_or_default().normalize().to_string(),
        Kind::PendingNew | Kind::Accepted | Kind::New | Kind::Rejected => String::new(),
        Kind::Canceled | Kind::Expired | Kind::Replaced => String::new(),
        // These can happen more than once.
        _ => time.0.to_string(),
    };
    let event_id = EventId::of(&["alpaca", "order_events", &order.id, kind.as_str(), &once]);
    let symbol = Some(&order.symbol).filter(|symbol| !symbol.is_empty());
    let side = Some(&order.side).filter(|side| !side.is_empty());
    Ok(OrderEvent {
        head: Head::new(event_id, time),
        order_id: order_id(&order.client_order_id, &order.id),
        account: Text::default(),
        system: Text::default(),
        broker_account: account.into(),
        kind,
        request_id: None,
        action: None,
        broker_order_id: Some(order.id.clone()),
        client_order_id: Some(order.client_order_id.clone()),
        instrument: symbol.map(|symbol| instrument(symbol, &order.asset_class)),
        side: side.map(|word| self::side(word)).transpose()?,
        order_type: order_type(&order.order_type)?,
        time_in_force: time_in_force(&order.time_in_force)?,
        quantity: optional(order.qty, "qty", quantity)?,
        notional: optional(order.notional, "notional", money)?,
        limit_price: optional(order.limit_price, "limit_price", price)?,
        stop_price: optional(order.stop_price, "stop_price", price)?,
        filled_quantity: filled,
        average_price: optional(order.filled_avg_price, "filled_avg_price", price)?,
        last_quantity: None,
        last_price: None,
        replaced_by: order.replaced_by.clone(),
        replaces: order.replaces.clone(),
        reason: None,
    })
}

/// The two events of an execution.
fn executed(
    order: &wire::Order<'_>,
    kind: OrderEventKind,
    execution: &Execution<'_>,
    (symbol, side, vendor_id): (&Text, Side, Option<Text>),
    account: &str,
) -> Mapped<[Event; 2]> {
    let Execution { order_id: broker_order_id, cumulative, .. } = *execution;
    let (time, cumulative) = (execution.time, cumulative.normalize());
    let execution_id = format!("{broker_order_id}:{cumulative}");
    let event_id = EventId::of(&["alpaca", "fills", &execution_id]);
    let fill = Fill {
        head: Head::new(event_id, time),
        execution_id: execution_id.into(),
        vendor_execution_id: vendor_id,
        order_id: order_id(&order.client_order_id, broker_order_id),
        account: Text::default(),
        system: Text::default(),
        broker_account: account.into(),
        broker_order_id: broker_order_id.into(),
        instrument: instrument(symbol, &order.asset_class),
        symbol: symbol.clone(),
        side,
        price: execution.price,
        quantity: execution.quantity,
        currency: "USD".into(),
        commission: None,
        cumulative_quantity: Some(cumulative),
        kind: FillKind::New,
        corrects: None,
    };
    let mut event = order_event(order, kind, time, Some(cumulative), account)?;
    event.last_quantity = Some(execution.quantity);
    event.last_price = Some(execution.price);
    let total = optional(order.filled_qty, "filled_qty", quantity)?;
    // The average is that of everything filled by now, which may be more than by then.
    event.average_price = event.average_price.filter(|_| total == Some(cumulative));
    Ok([fill.into(), event.into()])
}

fn time_of(candidates: &[&Option<Text>], field: &str) -> Mapped<Timestamp> {
    let text = candidates.iter().find_map(|time| time.as_deref().filter(|text| !text.is_empty()));
    text.or_bad(field)?.parse().or_bad(field)
}

/// One message of the order stream.
pub fn trade_update(raw: &RawValue, account: &str) -> Mapped<Vec<Event>> {
    let update: wire::TradeUpdate<'_> = decode(raw)?;
    let order = &update.order;
    let kind = order_event_kind(update.event).ok_or_else(|| {
        Bad::new("event", format!("{:?} is not an event we can book", update.event))
    })?;
    if order_event_kind(&order.status).is_none() {
        return Err(Bad::new("status", format!("unknown status {:?}", order.status)));
    }
    let time = time_of(&[&update.timestamp, &order.updated_at], "timestamp")?;
    let cumulative = optional(order.filled_qty, "filled_qty", quantity)?;
    if !matches!(kind, OrderEventKind::PartiallyFilled | OrderEventKind::Filled) {
        return Ok(vec![order_event(order, kind, time, cumulative, account)?.into()]);
    }
    let execution = Execution {
        order_id: &order.id,
        cumulative: cumulative.or_bad("filled_qty")?,
        quantity: update.qty.or_bad("qty")?.read("qty", quantity)?,
        price: update.price.or_bad("price")?.read("price", price)?,
        time,
    };
    let about = (&order.symbol, side(&order.side)?, update.execution_id.clone());
    Ok(executed(order, kind, &execution, about, account)?.into())
}

/// What the account's history says of a fill.
pub fn fill_activity(
    fill: &wire::FillActivity<'_>,
    order: &wire::Order<'_>,
    account: &str,
) -> Mapped<[Event; 2]> {
    let leaves = fill.leaves_qty.read("leaves_qty", quantity)?;
    let kind =
        if leaves.is_zero() { OrderEventKind::Filled } else { OrderEventKind::PartiallyFilled };
    let execution = Execution {
        order_id: &fill.order_id,
        cumulative: fill.cum_qty.read("cum_qty", quantity)?,
        quantity: fill.qty.read("qty", quantity)?,
        price: fill.price.read("price", price)?,
        time: fill.transaction_time.parse().or_bad("transaction_time")?,
    };
    let about = (&fill.symbol, side(fill.side)?, Some(fill.id.clone()));
    executed(order, kind, &execution, about, account)
}

/// Where an order stands now, as the event that led there.
pub fn order_status(order: &wire::Order<'_>, account: &str) -> Mapped<OrderEvent> {
    let kind = order_event_kind(&order.status)
        .ok_or_else(|| Bad::new("status", format!("unknown status {:?}", order.status)))?;
    let own = match kind {
        OrderEventKind::Filled => &order.filled_at,
        OrderEventKind::Canceled => &order.canceled_at,
        OrderEventKind::Expired => &order.expired_at,
        OrderEventKind::Rejected => &order.failed_at,
        OrderEventKind::Replaced => &order.replaced_at,
        _ => &order.updated_at,
    };
    let time = time_of(&[own, &order.updated_at, &order.submitted_at], "updated_at")?;
    let filled = optional(order.filled_qty, "filled_qty", quantity)?;
    order_event(order, kind, time, filled, account)
}

/// A class of assets; Alpaca adds some from time to time.
pub fn asset_class(word: &str) -> AssetClass {
    match word {
        "us_equity" => AssetClass::Equity,
        "us_option" => AssetClass::Option,
        "crypto" => AssetClass::Crypto,
        _ => AssetClass::Other,
    }
}

/// The number's text without the zeros that one endpoint writes and another leaves out.
fn canonical(num: Num<'_>) -> &str {
    let text = num.text();
    if text.contains('.') && !text.contains(['e', 'E']) {
        return text.trim_end_matches('0').trim_end_matches('.');
    }
    text
}

/// A number in an inline text: ids are made of texts, and this is on the path of every trade.
fn short(number: impl std::fmt::Display) -> Text {
    let mut text = Text::default();
    // Writing to a text cannot fail.
    let _ = write!(text, "{number}");
    text
}
