//! Trades, quotes and bars.

use component::OrBad;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use model::{
    Adjustment, Bar, Decimal, EventId, Head, InstrumentId, Quote, Text, Timestamp, Trade,
    TradeStatus, money, price, quantity,
};
use session::{Fields, Prints};

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

/// A price and a size that belong together; TWS sends them apart.
type Side = (Option<Decimal>, Option<Decimal>);

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
            head: Head::new(event_id, time),
            instrument: self.instrument.clone(),
            symbol: self.symbol.clone(),
            trade_id: event_id.to_string()[..16].into(),
            venue: Some(venue).filter(|venue| !venue.is_empty()).map(Text::from),
            price,
            quantity,
            conditions: conditions.split_ascii_whitespace().map(Text::from).collect(),
            tape: None,
            status: TradeStatus::Original,
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
            head: Head::new(EventId::of(&parts), time),
            instrument: self.instrument.clone(),
            symbol: self.symbol.clone(),
            bid_price,
            bid_quantity,
            bid_venue: None,
            ask_price,
            ask_quantity,
            ask_venue: None,
            conditions: Vec::new(),
            tape: None,
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
        let (interval, adjustment) = (period.interval.as_str(), period.adjustment.as_str());
        let at = start.0.to_string();
        let id = [VENDOR, "bars", self.instrument.as_str(), interval, adjustment, &at, &said];
        Ok(Bar {
            head: Head::new(EventId::of(&id), start),
            instrument: self.instrument.clone(),
            symbol: self.symbol.clone(),
            interval: period.interval.clone(),
            end_time: period.end(start),
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
    /// Bid and ask, once something was said of them.
    sides: [Option<Side>; 2],
    told: Option<(Side, Side)>,
    /// Whether the last tick was a price, and whether bid and ask had met before it.
    is_price: bool,
    had_met: bool,
    last: Side,
    /// Time of the last trade, in seconds since 1970.
    last_time: Text,
    /// Whether the price that came last said its size already.
    is_size_told: bool,
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
        let size = fields.decimal("size", quantity)?;
        // A price of -1 means that there is none.
        let price = fields.decimal("price", money)?.filter(|p| *p != Decimal::NEGATIVE_ONE);
        self.is_price = fields.kind == "tickPrice";
        match (fields.kind, fields.text("tickType")) {
            ("tickPrice", "1" | "66") => self.sides[0] = Some((price, size)),
            ("tickPrice", "2" | "67") => self.sides[1] = Some((price, size)),
            ("tickSize", "0" | "69") => self.sides[0].get_or_insert_default().1 = size,
            ("tickSize", "3" | "70") => self.sides[1].get_or_insert_default().1 = size,
            ("tickPrice", "4" | "68") => {
                (self.last, self.is_size_told) = ((price, size), true);
                return Ok(Changed::Trade);
            }
            ("tickSize", "5" | "71") => {
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

    /// The quote as it stands now, if it is another than the last one told. Where bid and ask meet,
    /// one of them is old: they move one after the other. Only when they still meet at the next
    /// price, it is so.
    pub fn quote(&mut self, about: &About, now: Timestamp) -> Option<Quote> {
        let [Some(bid), Some(ask)] = self.sides else { return None };
        let do_meet = bid.0.zip(ask.0).is_some_and(|(bid, ask)| bid >= ask && !ask.is_zero());
        if do_meet && !(self.had_met && self.is_price) {
            self.had_met = true;
            return None;
        }
        self.had_met = do_meet;
        if self.told.replace((bid, ask)) == Some((bid, ask)) {
            return None;
        }
        Some(about.quote(bid, ask, now))
    }

    /// The last trade as it stands now.
    pub fn trade(
        &self,
        prints: &mut Prints,
        about: &About,
        now: Timestamp,
    ) -> Option<Mapped<Trade>> {
        let (price, size) = (self.last.0?, self.last.1.filter(|size| !size.is_zero())?);
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
    interval: Text,
    length: Span,
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
        let (letter, length, page) = match (unit.trim_end_matches('s'), count) {
            ("sec", 1) => ("s", 1.second(), ("1800 S", 1_800)),
            ("sec", 2..10) => ("s", count.seconds(), ("3600 S", 3_600)),
            ("sec", 10..30) => ("s", count.seconds(), ("14400 S", 14_400)),
            ("sec", _) => ("s", count.seconds(), ("28800 S", 28_800)),
            ("min", 1) => ("m", 1.minute(), ("1 D", DAY)),
            ("min", 2) => ("m", 2.minutes(), ("2 D", 2 * DAY)),
            ("min", 3..=20) => ("m", count.minutes(), ("1 W", 7 * DAY)),
            ("min", _) => ("m", count.minutes(), ("1 M", 28 * DAY)),
            ("hour", ..24) => ("h", count.hours(), ("1 M", 28 * DAY)),
            ("day", 1) => ("d", 24.hours(), ("1 Y", 365 * DAY)),
            ("week", 1) => ("w", (7 * 24).hours(), ("1 Y", 364 * DAY)),
            ("month", 1) => ("mo", 1.month(), ("1 Y", 365 * DAY)),
            _ => return None,
        };
        let what = WHAT_TO_SHOW.iter().find(|(name, _)| *name == what_to_show)?;
        let (interval, bar_size) = (format!("{count}{letter}").into(), bar_size.into());
        let is_paced = letter == "s";
        Some((Self { bar_size, adjustment: what.1, interval, length, page, is_paced }, what.0))
    }

    /// Five seconds, as they are now: nothing is adjusted yet.
    pub fn five_seconds() -> Self {
        Self::parse("5 secs", "MIDPOINT").expect("TWS has such bars").0
    }

    /// When a bar that starts then has ended.
    fn end(&self, start: Timestamp) -> Timestamp {
        let utc = jiff::Timestamp::from_nanosecond(start.0.into());
        let end = utc.and_then(|start| start.to_zoned(TimeZone::UTC).checked_add(self.length));
        end.map_or(start, |end| Timestamp::from_secs(end.timestamp().as_second()))
    }
}
