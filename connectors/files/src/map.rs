//! Pure functions from rows to events.

use std::collections::BTreeMap;

use component::{Bad, Fault, OrBad};
use jiff::civil::{self, DateTime};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use model::{
    Adjustment, Bar, Decimal, EventId, Head, InstrumentId, OrderAction, OrderClass, OrderLeg,
    OrderRequest, OrderType, PositionIntent, Side, Text, TimeInForce, Timestamp,
};

use crate::settings::{AdjustedFor, BarColumns, BarsSettings, OrdersSettings, SymbolFrom};
use crate::wire::Cells;

/// A row and where it stands.
pub(crate) struct Row<'a> {
    pub cells: Cells<'a>,
    /// Path of the file below the root.
    pub path: &'a str,
    /// When the file was last written.
    pub modified: Timestamp,
    /// A hash of the file from its beginning to the end of the row.
    pub digest: u128,
}

/// How bars are laid out: the settings, checked.
#[derive(Clone, Debug)]
pub(crate) struct BarLayout {
    columns: BarColumns,
    symbol: Option<String>,
    symbol_from: SymbolFrom,
    venue: String,
    interval: Interval,
    time: TimeFormat,
    zone: TimeZone,
    price_scale: Decimal,
    adjustment: Adjustment,
}

/// Length of a bar.
#[derive(Clone, Debug)]
struct Interval {
    text: Text,
    span: Span,
}

/// How times are written.
#[derive(Clone, Debug)]
enum TimeFormat {
    Rfc3339,
    /// Nanoseconds of one unit since 1970.
    Epoch(i64),
    MillisOfDay,
    Pattern(String),
}

impl BarLayout {
    /// The layout that the settings ask for, or what is wrong with them.
    pub fn new(settings: &BarsSettings) -> Result<Self, Fault> {
        let zone = TimeZone::get(&settings.time_zone).map_err(|_| {
            Fault::fatal(format!("time_zone: {:?} is no time zone", settings.time_zone))
        })?;
        let scale = settings.price_scale;
        if scale == 0 || 10u64.checked_pow(scale.ilog10()) != Some(scale) {
            return Err(Fault::fatal(format!("price_scale: {scale} is not a power of ten")));
        }
        Ok(Self {
            columns: settings.columns.clone(),
            symbol: settings.symbol.clone(),
            symbol_from: settings.symbol_from,
            venue: settings.venue.clone(),
            interval: Interval::parse(&settings.interval)?,
            time: TimeFormat::parse(&settings.time_format)?,
            zone,
            price_scale: scale.into(),
            adjustment: match settings.adjustment {
                AdjustedFor::Raw => Adjustment::Raw,
                AdjustedFor::Split => Adjustment::Split,
                AdjustedFor::Dividend => Adjustment::Dividend,
                AdjustedFor::All => Adjustment::All,
            },
        })
    }

    /// The columns that a row must have.
    pub fn required(&self) -> Vec<&str> {
        let columns = &self.columns;
        let symbol = self.symbol.is_none() && self.symbol_from == SymbolFrom::Column;
        [&columns.time, &columns.open, &columns.high, &columns.low, &columns.close, &columns.volume]
            .into_iter()
            .chain(symbol.then_some(&columns.symbol))
            .chain(&columns.vwap)
            .chain(&columns.trade_count)
            .map(|column| column.0.as_str())
            .collect()
    }
}

impl Interval {
    fn parse(text: &str) -> Result<Self, Fault> {
        let bad = || Fault::fatal(format!("interval: {text:?} is not a length such as 1m or 1d"));
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: i64 =
            number.parse().ok().filter(|n| (1..=1_000).contains(n)).ok_or_else(bad)?;
        let span = match unit {
            "s" => number.seconds(),
            "m" => number.minutes(),
            "h" => number.hours(),
            "d" => number.days(),
            "w" => number.weeks(),
            "mo" => number.months(),
            _ => return Err(bad()),
        };
        Ok(Self { text: text.into(), span })
    }
}

impl TimeFormat {
    fn parse(text: &str) -> Result<Self, Fault> {
        Ok(match text {
            "rfc3339" => Self::Rfc3339,
            "epoch_secs" => Self::Epoch(1_000_000_000),
            "epoch_millis" => Self::Epoch(1_000_000),
            "epoch_nanos" => Self::Epoch(1),
            "millis_of_day" => Self::MillisOfDay,
            pattern if pattern.contains('%') => {
                // A pattern that cannot write a time cannot read one.
                strtime::format(pattern, &jiff::Zoned::default())
                    .map_err(|error| Fault::fatal(format!("time_format: {error}")))?;
                Self::Pattern(pattern.to_owned())
            }
            _ => {
                return Err(Fault::fatal(format!(
                    "time_format: {text:?} is neither a known format nor a pattern such as \
                     %Y-%m-%d %H:%M"
                )));
            }
        })
    }
}

/// A bar. Its id says what it is and what it holds: the same bar in another file is the same
/// event, a restated one is a new event.
pub(crate) fn bar(layout: &BarLayout, row: &Row<'_>) -> Result<Bar, Bad> {
    let columns = &layout.columns;
    let symbol = symbol(layout, row)?;
    let instrument = InstrumentId::listed(&symbol, &layout.venue);
    let time_column = &columns.time.0;
    let start = time(layout, &row.cells.need(time_column)?, row.path).or_bad(time_column)?;
    let end = end_of(start, layout).or_bad(time_column)?;
    let price = |column: &str| -> Result<Decimal, Bad> {
        let price = model::price(&row.cells.need(column)?).or_bad(column)?;
        Ok((price / layout.price_scale).normalize())
    };
    let volume = &columns.volume.0;
    let volume = model::quantity(&row.cells.need(volume)?).or_bad(volume)?;
    let mut bar = Bar {
        head: Head::new(EventId::default(), start),
        instrument,
        symbol: symbol.into(),
        interval: layout.interval.text.clone(),
        end_time: end,
        open: price(&columns.open.0)?,
        high: price(&columns.high.0)?,
        low: price(&columns.low.0)?,
        close: price(&columns.close.0)?,
        volume: volume.normalize(),
        vwap: columns.vwap.as_ref().map(|column| price(&column.0)).transpose()?,
        trade_count: count(columns, &row.cells)?,
        adjustment: layout.adjustment,
        is_final: true,
    };
    bar.head.event_id = bar_id(&bar);
    Ok(bar)
}

fn bar_id(bar: &Bar) -> EventId {
    EventId::of(&[
        "files",
        "bars",
        bar.instrument.as_str(),
        &bar.interval,
        bar.adjustment.as_str(),
        &bar.head.event_time.0.to_string(),
        &bar.open.to_string(),
        &bar.high.to_string(),
        &bar.low.to_string(),
        &bar.close.to_string(),
        &bar.volume.to_string(),
        &bar.vwap.map(|vwap| vwap.to_string()).unwrap_or_default(),
        &bar.trade_count.map(|count| count.to_string()).unwrap_or_default(),
    ])
}

fn count(columns: &BarColumns, cells: &Cells<'_>) -> Result<Option<i64>, Bad> {
    let Some(column) = &columns.trade_count else { return Ok(None) };
    let Some(text) = cells.get(&column.0)? else { return Ok(None) };
    let count: u32 = text.parse().or_bad(&column.0)?;
    Ok(Some(count.into()))
}

fn symbol(layout: &BarLayout, row: &Row<'_>) -> Result<String, Bad> {
    if let Some(symbol) = &layout.symbol {
        return Ok(symbol.clone());
    }
    let mut parts = row.path.rsplit('/');
    let name = parts.next().unwrap_or_default();
    let part = match layout.symbol_from {
        SymbolFrom::Column => {
            return row.cells.need(&layout.columns.symbol.0).map(|symbol| symbol.into_owned());
        }
        SymbolFrom::FileName => name.split(['_', '.']).next().unwrap_or_default(),
        SymbolFrom::Folder => parts.next().unwrap_or_default(),
    };
    if part.is_empty() {
        return Err(Bad::new("", format!("no symbol in the path {:?}", row.path)));
    }
    Ok(part.to_uppercase())
}

fn time(layout: &BarLayout, text: &str, path: &str) -> Result<Timestamp, String> {
    match &layout.time {
        TimeFormat::Rfc3339 => text.parse().map_err(|error: model::BadTime| error.to_string()),
        TimeFormat::Epoch(nanos) => {
            let units: i64 = text.parse().map_err(|_| format!("{text:?} is not a whole number"))?;
            let nanos = units.checked_mul(*nanos);
            nanos.map(Timestamp).ok_or_else(|| format!("{text:?} is out of range"))
        }
        TimeFormat::MillisOfDay => {
            let millis: i64 =
                text.parse()
                    .ok()
                    .filter(|millis| (0..86_400_000).contains(millis))
                    .ok_or_else(|| format!("{text:?} is not a number of milliseconds of a day"))?;
            let date = date_in(path).ok_or_else(|| format!("no date in the file name {path:?}"))?;
            let local = date.at(0, 0, 0, 0).checked_add(millis.milliseconds());
            at_zone(local.map_err(|error| error.to_string())?, &layout.zone)
        }
        TimeFormat::Pattern(pattern) => {
            let parsed = strtime::parse(pattern, text)
                .map_err(|error| format!("{text:?} is not a time like {pattern:?}: {error}"))?;
            if parsed.offset().is_some() {
                let time = parsed.to_timestamp().map_err(|error| error.to_string())?;
                return in_range(time);
            }
            let date = parsed.to_date().map_err(|error| error.to_string())?;
            let time = parsed.to_time().unwrap_or(civil::Time::midnight());
            at_zone(date.to_datetime(time), &layout.zone)
        }
    }
}

/// A wall clock's time as a point in time. An hour that the clock skips or shows twice is refused
/// rather than guessed.
fn at_zone(local: DateTime, zone: &TimeZone) -> Result<Timestamp, String> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let time = ambiguous.unambiguous().map_err(|_| {
        let name = zone.iana_name().unwrap_or("its time zone");
        format!("{local} does not exist or comes twice in {name}: write it with an offset")
    })?;
    in_range(time)
}

fn in_range(time: jiff::Timestamp) -> Result<Timestamp, String> {
    let nanos = i64::try_from(time.as_nanosecond());
    nanos.map(Timestamp).map_err(|_| format!("{time} is out of range"))
}

/// The first eight digits, or date with dashes, in a file's name.
fn date_in(path: &str) -> Option<civil::Date> {
    let name = path.rsplit('/').next().unwrap_or(path);
    (0..name.len()).find_map(|start| {
        let compact = name.get(start..start + 8).filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
        let dashed = name.get(start..start + 10);
        compact.or(dashed).and_then(|text| text.parse().ok())
    })
}

/// The end of a bar: days and longer are the calendar's, not 24 hours.
fn end_of(start: Timestamp, layout: &BarLayout) -> Result<Timestamp, String> {
    let start = jiff::Timestamp::from_nanosecond(start.0.into()).map_err(|e| e.to_string())?;
    let zoned = start.to_zoned(layout.zone.clone());
    let end = zoned.checked_add(layout.interval.span).map_err(|error| error.to_string())?;
    in_range(end.timestamp())
}

/// The columns of an order request: the event's own fields, and `symbol` for `instrument`.
const ORDER_COLUMNS: [&str; 28] = [
    "event_id",
    "event_time",
    "request_id",
    "action",
    "order_id",
    "account",
    "instrument",
    "symbol",
    "side",
    "quantity",
    "notional",
    "order_type",
    "time_in_force",
    "limit_price",
    "stop_price",
    "trail_amount",
    "trail_percent",
    "extended_hours",
    "order_class",
    "take_profit_price",
    "stop_loss_price",
    "stop_loss_limit_price",
    "position_intent",
    "legs",
    "expires_at",
    "strategy",
    "broker_options",
    "comment",
];

/// An order request. Without a `request_id` of its own it is named after the file's content up to
/// the end of its row: the same file under any name, or grown at its end, asks nothing twice.
pub(crate) fn order(settings: &OrdersSettings, row: &Row<'_>) -> Result<OrderRequest, Bad> {
    let cells = &row.cells;
    // A misspelt column must not turn a limit order into another kind of order.
    if let Some(name) = cells.names().into_iter().find(|name| !ORDER_COLUMNS.contains(name)) {
        return Err(Bad::new(name, "not a field of an order request"));
    }
    let digest = format!("{:032x}", row.digest);
    let request_id = match cells.get("request_id")? {
        Some(id) => Text::from(&*id),
        None => Text::from(format!("file-{digest}")),
    };
    let event_id = match cells.get("event_id")? {
        Some(id) => EventId::from_text(&id),
        None => EventId::of(&["files", "orders", &request_id]),
    };
    let event_time = cells.get("event_time")?.map(|time| time.parse().or_bad("event_time"));
    let money = |column: &str| {
        cells.get(column)?.map(|text| model::money(&text).or_bad(column)).transpose()
    };
    let price = |column: &str| {
        cells.get(column)?.map(|text| model::price(&text).or_bad(column)).transpose()
    };
    Ok(OrderRequest {
        head: Head::new(event_id, event_time.transpose()?.unwrap_or(row.modified)),
        request_id,
        action: word(cells, "action", OrderAction::ALL)?.unwrap_or(OrderAction::Place),
        order_id: cells.need("order_id").map(|id| Text::from(&*id))?,
        account: cells.need("account").map(|account| Text::from(&*account))?,
        instrument: instrument(settings, cells)?,
        side: word(cells, "side", Side::ALL)?,
        quantity: money("quantity")?,
        notional: money("notional")?,
        order_type: word(cells, "order_type", OrderType::ALL)?,
        time_in_force: word(cells, "time_in_force", TimeInForce::ALL)?,
        limit_price: price("limit_price")?,
        stop_price: price("stop_price")?,
        trail_amount: price("trail_amount")?,
        trail_percent: price("trail_percent")?,
        extended_hours: yes_or_no(cells, "extended_hours")?,
        order_class: word(cells, "order_class", OrderClass::ALL)?.unwrap_or(OrderClass::Simple),
        take_profit_price: price("take_profit_price")?,
        stop_loss_price: price("stop_loss_price")?,
        stop_loss_limit_price: price("stop_loss_limit_price")?,
        position_intent: word(cells, "position_intent", PositionIntent::ALL)?,
        legs: json::<Vec<OrderLeg>>(cells, "legs")?,
        expires_at: cells.get("expires_at")?.map(|t| t.parse().or_bad("expires_at")).transpose()?,
        strategy: cells.get("strategy")?.map(|strategy| Text::from(&*strategy)),
        broker_options: json::<BTreeMap<Text, Text>>(cells, "broker_options")?,
    })
}

fn instrument(settings: &OrdersSettings, cells: &Cells<'_>) -> Result<Option<InstrumentId>, Bad> {
    match (cells.get("instrument")?, cells.get("symbol")?) {
        (Some(_), Some(_)) => {
            Err(Bad::new("symbol", "give the instrument or the symbol, not both"))
        }
        (Some(instrument), None) => Ok(Some(InstrumentId::from(&*instrument))),
        (None, Some(symbol)) => Ok(Some(InstrumentId::listed(&symbol, &settings.venue))),
        (None, None) => Ok(None),
    }
}

/// One of the words of a closed set, in any case.
fn word<T: Copy + ToString>(cells: &Cells<'_>, column: &str, all: &[T]) -> Result<Option<T>, Bad> {
    let Some(text) = cells.get(column)? else { return Ok(None) };
    match all.iter().find(|word| word.to_string().eq_ignore_ascii_case(&text)) {
        Some(word) => Ok(Some(*word)),
        None => {
            let known: Vec<_> = all.iter().map(ToString::to_string).collect();
            Err(Bad::new(column, format!("{text:?} is none of {}", known.join(", "))))
        }
    }
}

fn yes_or_no(cells: &Cells<'_>, column: &str) -> Result<bool, Bad> {
    match cells.get(column)?.as_deref() {
        None => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(text) => Err(Bad::new(column, format!("{text:?} is neither true nor false"))),
    }
}

/// A cell that holds JSON; empty when it is missing.
fn json<T: Default + serde::de::DeserializeOwned>(
    cells: &Cells<'_>,
    column: &str,
) -> Result<T, Bad> {
    match cells.get(column)? {
        Some(text) => serde_json::from_str(&text).or_bad(column),
        None => Ok(T::default()),
    }
}
