//! Trades, quotes and bars.

use component::OrBad;
use model::{
    Adjustment, Bar, Decimal, EventId, Head, InstrumentId, Interval, Quote, Text, Timestamp, Trade,
    TradeStatus, Unit, money, price, quantity,
};
use session::{Changed, Fields, Prints, Side, Tick, Ticks};

use super::{Mapped, VENDOR};
use crate::contract::Contract;
use crate::time::{self, Zone};
use crate::wire;

/// What market data is about.
#[derive(Clone, Debug)]
pub struct About {
    pub contract: Contract,
    pub instrument: InstrumentId,
    symbol: Text,
}

impl About {
    /// From what a user writes.
    pub fn parse(text: &str) -> Mapped<Self> {
        let contract = Contract::parse(text)?;
        let (instrument, symbol) = (contract.identity()?, contract.symbol());
        Ok(Self { contract, instrument, symbol })
    }

    /// The same, once it is known where it is listed.
    pub fn listed_on(mut self, exchange: &str) -> Mapped<Self> {
        self.contract.set("primaryExchange", exchange);
        self.instrument = self.contract.identity()?;
        Ok(self)
    }

    /// A print of the tape: its second, price, size, venue and conditions.
    pub fn print(&self, prints: &mut Prints, said: [&str; 5]) -> Mapped<Trade> {
        let [second, price_text, size, venue, conditions] = said;
        let time = Timestamp::from_secs(second.parse().or_bad("time")?);
        let (price, quantity) =
            (price(price_text).or_bad("price")?, quantity(size).or_bad("size")?);
        let same = [price, quantity].map(|number| number.normalize().to_string());
        let place = [VENDOR, "trades", self.instrument.as_str(), venue, conditions];
        let event_id = prints.id(time, &[&place[..], &[&same[0], &same[1]]].concat());
        Ok(Trade {
            instrument: self.instrument.clone(),
            symbol: self.symbol.clone(),
            trade_id: event_id.to_string()[..16].into(),
            venue: Some(venue).filter(|venue| !venue.is_empty()).map(Text::from),
            price,
            quantity,
            conditions: conditions.split_ascii_whitespace().map(Text::from).collect(),
            ..Trade::blank(Head::new(event_id, time), TradeStatus::Original)
        })
    }

    /// A quote of a tick-by-tick stream or of history: second, bid, ask, and their sizes.
    /// One that says the same as another of its second is another one still.
    pub fn timed_quote(&self, prints: &mut Prints, said: [&str; 5]) -> Mapped<Quote> {
        let [second, bid, ask, bid_size, ask_size] = said;
        let time = Timestamp::from_secs(second.parse().or_bad("time")?);
        let bid = (Some(price(bid).or_bad("bid")?), Some(quantity(bid_size).or_bad("bidSize")?));
        let ask = (Some(price(ask).or_bad("ask")?), Some(quantity(ask_size).or_bad("askSize")?));
        let mut quote = self.quote(bid, ask, time);
        quote.head.event_id = prints.id(time, &[&quote.head.event_id.to_string()]);
        Ok(quote)
    }

    /// A quote has no id: it is what it says when it says it.
    fn quote(&self, bid: Side, ask: Side, time: Timestamp) -> Quote {
        let said =
            format!("{:?}", [bid, ask].map(|(p, s)| [p, s].map(|n| n.map(|n| n.normalize()))));
        let parts = [VENDOR, "quotes", self.instrument.as_str(), &time.0.to_string(), &said];
        let shown = |(price, size): Side| {
            let price = price.filter(|price| !price.is_zero());
            (price, price.and(size))
        };
        let ((bid_price, bid_quantity), (ask_price, ask_quantity)) = (shown(bid), shown(ask));
        Quote {
            instrument: self.instrument.clone(),
            symbol: self.symbol.clone(),
            bid_price,
            bid_quantity,
            ask_price,
            ask_quantity,
            ..Quote::blank(Head::new(EventId::of(&parts), time))
        }
    }

    /// One bar: open, high, low, close, volume, average and count follow its start.
    pub fn bar(&self, period: &Period, start: Timestamp, said: [&str; 7]) -> Mapped<Bar> {
        let [open, high, low, close, volume, wap, count] = said;
        let prices = [("open", open), ("high", high), ("low", low), ("close", close)];
        let prices = prices.map(|(name, text)| price(text).or_bad(name));
        let [open, high, low, close] = prices;
        let (open, high, low, close) = (open?, high?, low?, close?);
        // Midpoints have no volume: it is -1 then, and so is what follows from it.
        let volume = quantity(volume).or_bad("volume")?.max(Decimal::ZERO);
        let wap = Some(wap).filter(|text| !wire::is_unset(text)).map(money).transpose();
        // A bar that is restated is another fact.
        let said = format!("{:?}", [open, high, low, close, volume].map(|n| n.normalize()));
        let (interval, adjustment) = (period.interval.name().as_str(), period.adjustment.as_str());
        let at = start.0.to_string();
        let id = [VENDOR, "bars", self.instrument.as_str(), interval, adjustment, &at, &said];
        Ok(Bar {
            head: Head::new(EventId::of(&id), start),
            instrument: self.instrument.clone(),
            symbol: self.symbol.clone(),
            interval: period.interval.name().clone(),
            end_time: period.interval.end(start, &Zone::default()),
            open,
            high,
            low,
            close,
            volume,
            vwap: wap.or_bad("wap")?.filter(|wap| *wap > Decimal::ZERO),
            trade_count: count.parse().ok().filter(|count| *count >= 0),
            adjustment: period.adjustment,
            is_final: true,
        })
    }

    /// The bars of an answer, each with the text it came from.
    pub fn bars(
        &self,
        fields: &Fields<'_>,
        period: &Period,
        zone: &Zone,
    ) -> Vec<(String, Mapped<Bar>)> {
        let read = |row: &Vec<&str>| {
            let start = match row[0] {
                day if day.len() == 8 => time::trading_day(day, "date"),
                moment => time::moment(moment, zone, "date"),
            };
            let said = [row[1], row[2], row[3], row[4], row[5], row[6], row[7]];
            (row.join("|"), start.and_then(|start| self.bar(period, start, said)))
        };
        fields.rows("bars", 8).iter().map(read).collect()
    }
}

/// What is known of one instrument's market.
#[derive(Clone, Debug, Default)]
pub struct Quoted {
    ticks: Ticks,
    /// Time of the last trade, in seconds since 1970.
    last_time: Text,
}

impl Quoted {
    /// Takes a tick of market data in; delayed ticks count like others.
    pub fn take(&mut self, fields: &Fields<'_>) -> Mapped<Changed> {
        let tick = match (fields.kind, fields.text("tickType")) {
            ("tickPrice", "1" | "66") => Tick::Bid,
            ("tickPrice", "2" | "67") => Tick::Ask,
            ("tickPrice", "4" | "68") => Tick::Last,
            ("tickSize", "0" | "69") => Tick::BidSize,
            ("tickSize", "3" | "70") => Tick::AskSize,
            ("tickSize", "5" | "71") => Tick::LastSize,
            ("tickString", "45" | "88") => {
                self.last_time = fields.text("value").into();
                return Ok(Changed::Nothing);
            }
            _ => return Ok(Changed::Nothing),
        };
        // A price of -1 means that there is none.
        let price = fields.decimal("price", money)?.filter(|p| *p != Decimal::NEGATIVE_ONE);
        Ok(self.ticks.take(tick, price, fields.decimal("size", quantity)?))
    }

    /// The quote as it stands now, if it is another than the last one told.
    pub fn quote(&mut self, about: &About, now: Timestamp) -> Option<Quote> {
        self.ticks.quote().map(|(bid, ask)| about.quote(bid, ask, now))
    }

    /// The last trade as it stands now.
    pub fn trade(
        &self,
        prints: &mut Prints,
        about: &About,
        now: Timestamp,
    ) -> Option<Mapped<Trade>> {
        let (price, size) = self.ticks.last()?;
        let second = self.last_time.parse().unwrap_or(now.0 / 1_000_000_000).to_string();
        Some(about.print(prints, [&second, &price.to_string(), &size.to_string(), "", ""]))
    }
}

const DAY: i64 = 86_400;
/// What bars can be made of, and what that is adjusted for.
const WHAT_TO_SHOW: [(&str, Adjustment); 6] = [
    ("TRADES", Adjustment::Split),
    ("ADJUSTED_LAST", Adjustment::All),
    ("MIDPOINT", Adjustment::Raw),
    ("BID", Adjustment::Raw),
    ("ASK", Adjustment::Raw),
    ("AGGTRADES", Adjustment::Raw),
];

/// What bars cover and are adjusted for.
#[derive(Clone, Debug)]
pub struct Period {
    /// In the spelling of TWS, such as `15 mins`.
    pub bar_size: Text,
    pub adjustment: Adjustment,
    interval: Interval,
    /// How much may be asked for at a time, in the spelling of TWS, and in seconds.
    pub page: (&'static str, i64),
    /// Whether TWS limits how often such bars are asked for.
    pub is_paced: bool,
}

impl Period {
    /// From the spelling of TWS. The pages are those of its table of steps.
    pub fn parse(bar_size: &str, what_to_show: &str) -> Option<(Self, &'static str)> {
        let (count, unit) = bar_size.split_once(' ')?;
        let count: i64 = count.parse().ok().filter(|count| (1..=30).contains(count))?;
        let (unit, page) = match (unit.trim_end_matches('s'), count) {
            ("sec", 1) => (Unit::Second, ("1800 S", 1_800)),
            ("sec", 2..10) => (Unit::Second, ("3600 S", 3_600)),
            ("sec", 10..30) => (Unit::Second, ("14400 S", 14_400)),
            ("sec", _) => (Unit::Second, ("28800 S", 28_800)),
            ("min", 1) => (Unit::Minute, ("1 D", DAY)),
            ("min", 2) => (Unit::Minute, ("2 D", 2 * DAY)),
            ("min", 3..=20) => (Unit::Minute, ("1 W", 7 * DAY)),
            ("min", _) => (Unit::Minute, ("1 M", 28 * DAY)),
            ("hour", ..24) => (Unit::Hour, ("1 M", 28 * DAY)),
            ("day", 1) => (Unit::Day, ("1 Y", 365 * DAY)),
            ("week", 1) => (Unit::Week, ("1 Y", 364 * DAY)),
            ("month", 1) => (Unit::Month, ("1 Y", 365 * DAY)),
            _ => return None,
        };
        let what = WHAT_TO_SHOW.iter().find(|(name, _)| *name == what_to_show)?;
        let (interval, bar_size) = (Interval::of(count, unit)?, bar_size.into());
        let is_paced = unit == Unit::Second;
        Some((Self { bar_size, adjustment: what.1, interval, page, is_paced }, what.0))
    }

    /// Five seconds, as they are now: nothing is adjusted yet.
    pub fn five_seconds() -> Self {
        Self::parse("5 secs", "MIDPOINT").expect("TWS has such bars").0
    }
}
