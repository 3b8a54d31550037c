//! Trades, quotes and bars.

use component::{Bad, OrBad};
use jiff::Span;
use jiff::tz::TimeZone;
use model::{
    Adjustment, Bar, Decimal, EventId, Head, InstrumentId, Quote, Text, Timestamp, Trade,
    TradeStatus, money, price, quantity,
};

use session::{Fields, Prints};

use super::{Mapped, VENDOR};
use crate::time;
use crate::wire;

/// A print of the tape: its second, price, size, venue and conditions.
pub fn print(
    prints: &mut Prints,
    instrument: &InstrumentId,
    symbol: &str,
    [second, price_text, size, venue, conditions]: [&str; 5],
) -> Mapped<Trade> {
    let time = Timestamp::from_secs(second.parse().or_bad("time")?);
    let (price, quantity) = (price(price_text).or_bad("price")?, quantity(size).or_bad("size")?);
    let same = [price.normalize(), quantity.normalize()].map(|number| number.to_string());
    let said = [VENDOR, "trades", instrument.as_str(), venue, conditions, &same[0], &same[1]];
    let event_id = prints.id(time, &said);
    Ok(Trade {
        head: Head::new(event_id, time),
        instrument: instrument.clone(),
        symbol: symbol.into(),
        trade_id: event_id.to_string()[..16].into(),
        venue: Some(venue).filter(|venue| !venue.is_empty()).map(Text::from),
        price,
        quantity,
        conditions: conditions.split_ascii_whitespace().map(Text::from).collect(),
        tape: None,
        status: TradeStatus::Original,
    })
}

/// A price and a size that belong together; TWS sends them apart.
type Side = (Option<Decimal>, Option<Decimal>);

/// What is known of one instrument's market.
#[derive(Clone, Debug, Default)]
pub struct Quoted {
    bid: Side,
    ask: Side,
    last: Side,
    /// Time of the last trade, in seconds since 1970.
    last_time: Text,
    /// Whether the price that came last said its size already.
    is_size_told: bool,
    told: Option<(Side, Side)>,
}

/// What a tick changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    Nothing,
    Quote,
    Trade,
}

impl Quoted {
    /// Takes a tick of market data in; delayed ticks count like others.
    pub fn take(&mut self, fields: &Fields<'_>) -> Mapped<Changed> {
        let size = |name: &str| fields.decimal(name, quantity);
        // A price of -1 means that there is none.
        let price = || {
            let price = fields.decimal("price", money)?;
            Ok::<_, Bad>(price.filter(|price| *price != Decimal::NEGATIVE_ONE))
        };
        match (fields.kind, fields.text("tickType")) {
            ("tickPrice", "1" | "66") => self.bid = (price()?, size("size")?),
            ("tickPrice", "2" | "67") => self.ask = (price()?, size("size")?),
            ("tickPrice", "4" | "68") => {
                self.last = (price()?, size("size")?);
                self.is_size_told = true;
                return Ok(Changed::Trade);
            }
            ("tickSize", "0" | "69") => self.bid.1 = size("size")?,
            ("tickSize", "3" | "70") => self.ask.1 = size("size")?,
            ("tickSize", "5" | "71") => {
                let size = size("size")?;
                // The size of the last price is repeated after it.
                let is_repeated = std::mem::take(&mut self.is_size_told) && size == self.last.1;
                self.last.1 = size;
                return Ok(if is_repeated { Changed::Nothing } else { Changed::Trade });
            }
            ("tickString", "45" | "88") => {
                self.last_time = fields.text("value").into();
                return Ok(Changed::Nothing);
            }
            _ => return Ok(Changed::Nothing),
        }
        Ok(Changed::Quote)
    }

    /// The quote as it stands now, if it is another than the last one told.
    pub fn quote(
        &mut self,
        instrument: &InstrumentId,
        symbol: &str,
        now: Timestamp,
    ) -> Option<Quote> {
        let state = (self.bid, self.ask);
        if self.told == Some(state) {
            return None;
        }
        self.told = Some(state);
        Some(quote(instrument, symbol, state.0, state.1, now))
    }

    /// The last trade as it stands now.
    pub fn trade(
        &self,
        prints: &mut Prints,
        instrument: &InstrumentId,
        symbol: &str,
        now: Timestamp,
    ) -> Option<Mapped<Trade>> {
        let (Some(price), Some(size)) = self.last else { return None };
        if size.is_zero() {
            return None;
        }
        let seconds = match self.last_time.as_str() {
            text if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() => {
                text.to_owned()
            }
            _ => (now.0 / 1_000_000_000).to_string(),
        };
        let fields = [&seconds, &price.to_string(), &size.to_string(), "", ""];
        Some(print(prints, instrument, symbol, fields))
    }
}

/// A quote has no id and no time of its own, other than the second it came in.
fn quote(
    instrument: &InstrumentId,
    symbol: &str,
    (bid_price, bid_size): Side,
    (ask_price, ask_size): Side,
    time: Timestamp,
) -> Quote {
    let text =
        |number: Option<Decimal>| number.map_or_else(String::new, |n| n.normalize().to_string());
    let said = [bid_price, bid_size, ask_price, ask_size].map(text);
    let [b, bs, a, a_s] = said.each_ref().map(String::as_str);
    let at = time.0.to_string();
    let event_id = EventId::of(&[VENDOR, "quotes", instrument.as_str(), &at, b, bs, a, a_s]);
    let shown = |price: Option<Decimal>| price.filter(|price| !price.is_zero());
    let (bid, ask) = (shown(bid_price), shown(ask_price));
    Quote {
        head: Head::new(event_id, time),
        instrument: instrument.clone(),
        symbol: symbol.into(),
        bid_price: bid,
        bid_quantity: bid.and(bid_size),
        bid_venue: None,
        ask_price: ask,
        ask_quantity: ask.and(ask_size),
        ask_venue: None,
        conditions: Vec::new(),
        tape: None,
    }
}

/// A quote of a tick-by-tick stream or of history: time, bid, ask, and their sizes.
pub fn timed_quote(
    instrument: &InstrumentId,
    symbol: &str,
    [seconds, bid, ask, bid_size, ask_size]: [&str; 5],
) -> Mapped<Quote> {
    let time = Timestamp::from_secs(seconds.parse().or_bad("time")?);
    let bid = (Some(price(bid).or_bad("bid")?), Some(quantity(bid_size).or_bad("bidSize")?));
    let ask = (Some(price(ask).or_bad("ask")?), Some(quantity(ask_size).or_bad("askSize")?));
    Ok(quote(instrument, symbol, bid, ask, time))
}

const DAY: i64 = 86_400;

/// What bars cover and are adjusted for.
#[derive(Clone, Debug)]
pub struct Period {
    /// In the spelling of TWS, such as `15 mins`.
    pub bar_size: Text,
    pub adjustment: Adjustment,
    interval: Text,
    length: Span,
    /// How much may be asked for at a time, in the spelling of TWS, and in seconds.
    pub page: (&'static str, i64),
    /// Whether TWS limits how often such bars are asked for.
    pub is_paced: bool,
}

impl Period {
    /// From the spelling of TWS. The pages are those of its table of steps.
    pub fn parse(bar_size: &str, what_to_show: &str) -> Option<Self> {
        let (count, unit) = bar_size.split_once(' ')?;
        let count: i64 = count.parse().ok().filter(|count| (1..=30).contains(count))?;
        let span = Span::new();
        let (letter, length, page) = match (unit, count) {
            ("sec" | "secs", 1) => ("s", span.seconds(1), ("1800 S", 1_800)),
            ("sec" | "secs", 2..10) => ("s", span.seconds(count), ("3600 S", 3_600)),
            ("sec" | "secs", 10..30) => ("s", span.seconds(count), ("14400 S", 14_400)),
            ("sec" | "secs", _) => ("s", span.seconds(count), ("28800 S", 28_800)),
            ("min" | "mins", 1) => ("m", span.minutes(1), ("1 D", DAY)),
            ("min" | "mins", 2) => ("m", span.minutes(2), ("2 D", 2 * DAY)),
            ("min" | "mins", 3..=20) => ("m", span.minutes(count), ("1 W", 7 * DAY)),
            ("min" | "mins", _) => ("m", span.minutes(count), ("1 M", 28 * DAY)),
            ("hour" | "hours", ..24) => ("h", span.hours(count), ("1 M", 28 * DAY)),
            ("day", 1) => ("d", span.hours(24), ("1 Y", 365 * DAY)),
            ("week", 1) => ("w", span.hours(7 * 24), ("1 Y", 364 * DAY)),
            ("month", 1) => ("mo", span.months(1), ("1 Y", 365 * DAY)),
            _ => return None,
        };
        let adjustment = match what_to_show {
            "TRADES" => Adjustment::Split,
            "ADJUSTED_LAST" => Adjustment::All,
            "MIDPOINT" | "BID" | "ASK" | "AGGTRADES" => Adjustment::Raw,
            _ => return None,
        };
        let interval = format!("{count}{letter}").into();
        let is_paced = letter == "s";
        Some(Self { bar_size: bar_size.into(), adjustment, interval, length, page, is_paced })
    }

    /// Five seconds, as they are now: nothing is adjusted yet.
    pub fn five_seconds() -> Self {
        Self {
            bar_size: "5 secs".into(),
            adjustment: Adjustment::Raw,
            interval: "5s".into(),
            length: Span::new().seconds(5),
            page: ("3600 S", 3_600),
            is_paced: true,
        }
    }

    /// When a bar that starts then has ended.
    pub fn end(&self, start: Timestamp) -> Timestamp {
        let utc = jiff::Timestamp::from_nanosecond(start.0.into());
        let end = utc.and_then(|start| start.to_zoned(TimeZone::UTC).checked_add(self.length));
        end.map_or(start, |end| Timestamp::from_secs(end.timestamp().as_second()))
    }
}

/// One bar: open, high, low, close, volume, average and count follow its start.
pub fn bar(
    instrument: &InstrumentId,
    symbol: &str,
    period: &Period,
    start: Timestamp,
    [open, high, low, close, volume, wap, count]: [&str; 7],
) -> Mapped<Bar> {
    let read = |text: &str, field: &str| price(text).or_bad(field);
    let prices =
        [read(open, "open")?, read(high, "high")?, read(low, "low")?, read(close, "close")?];
    // Midpoints have no volume: it is -1 then.
    let volume = quantity(volume).or_bad("volume")?.max(Decimal::ZERO);
    let wap =
        Some(wap).filter(|text| !wire::is_unset(text)).map(money).transpose().or_bad("wap")?;
    let at = start.0.to_string();
    let (interval, adjustment) = (period.interval.as_str(), period.adjustment.as_str());
    // A bar that is restated is another fact.
    let said = [prices[0], prices[1], prices[2], prices[3], volume];
    let said = said.map(|number| number.normalize().to_string());
    let parts = [VENDOR, "bars", instrument.as_str(), interval, adjustment, &at];
    let said: Vec<&str> = parts.into_iter().chain(said.iter().map(String::as_str)).collect();
    let [open, high, low, close] = prices;
    Ok(Bar {
        head: Head::new(EventId::of(&said), start),
        instrument: instrument.clone(),
        symbol: symbol.into(),
        interval: period.interval.clone(),
        end_time: period.end(start),
        open,
        high,
        low,
        close,
        volume,
        vwap: wap.filter(|wap| *wap > Decimal::ZERO),
        trade_count: count.parse().ok().filter(|count| *count >= 0),
        adjustment: period.adjustment,
        is_final: true,
    })
}

/// The bars of an answer, each with the text it came from.
pub fn history_bars(
    fields: &Fields<'_>,
    instrument: &InstrumentId,
    symbol: &str,
    period: &Period,
    zone: &TimeZone,
) -> Vec<(String, Mapped<Bar>)> {
    let read = |row: &Vec<&str>| {
        let start = match row[0] {
            day if day.len() == 8 => time::trading_day(day, "date"),
            moment => time::moment(moment, zone, "date"),
        };
        let said = [row[1], row[2], row[3], row[4], row[5], row[6], row[7]];
        (row.join("|"), start.and_then(|start| bar(instrument, symbol, period, start, said)))
    };
    fields.rows("bars", 8).iter().map(read).collect()
}
