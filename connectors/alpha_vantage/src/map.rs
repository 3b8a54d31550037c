//! Alpha Vantage's words to ours. Pure functions; what does not fit is `Bad`, never a default.

mod bars;
mod fundamentals;
mod news;
mod records;
mod reference;

pub use bars::{bar, day, exchange_rate};
pub use fundamentals::{report, statement};
pub use news::article;
pub use records::record;
pub use reference::{dividend, instrument, market, split};

use component::{Bad, OrBad};
use http::{Row, Table};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::{Date, Head, InstrumentId, Timestamp};

use crate::ask::Ask;

/// What a row becomes.
pub type Mapped<T> = Result<T, Bad>;

/// What a row stands in.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// What was asked.
    pub ask: &'a Ask,
    /// The whole answer.
    pub table: &'a Table,
    /// When it was read.
    pub now: Timestamp,
}

impl Frame<'_> {
    /// The point in time that a local time stands for, in the zone that the row or the answer
    /// states.
    fn time(&self, row: &Row, local: DateTime) -> Mapped<Timestamp> {
        let stated = row.get(&["time_zone"]).or_else(|| Some(self.table.meta.get("time_zone")?));
        let zone = TimeZone::get(stated.unwrap_or(self.ask.zone)).or_bad("time_zone")?;
        let time = zone.to_ambiguous_timestamp(local).compatible().or_bad("timestamp")?;
        i64::try_from(time.as_nanosecond()).map(Timestamp).or_bad("timestamp")
    }

    fn symbol<'a>(&'a self, row: &'a Row) -> &'a str {
        row.get(&["symbol"]).unwrap_or(&self.ask.symbol)
    }

    fn instrument(&self, symbol: &str) -> InstrumentId {
        match self.ask.venue {
            Some(venue) => InstrumentId::listed(symbol, venue),
            None => identity(symbol),
        }
    }
}

/// The markets outside the US, by suffix, and what they are called elsewhere.
const MARKETS: [(&str, &str); 10] = [
    (".LON", "XLON"),
    (".DEX", "XETR"),
    (".FRK", "XFRA"),
    (".TRT", "XTSE"),
    (".TRV", "XTSX"),
    (".SHH", "XSHG"),
    (".SHZ", "XSHE"),
    (".BSE", "XBOM"),
    (".SAO", "BVMF"),
    (".HKG", "XHKG"),
];

/// Our identity of what Alpha Vantage calls `symbol`. Others write classes of shares with a dot,
/// `BRK.B`, and preferred ones as `.PR`.
pub(crate) fn identity(symbol: &str) -> InstrumentId {
    for (prefix, venue) in [("CRYPTO:", "CRYPTO"), ("FOREX:", "FX")] {
        if let Some(code) = symbol.strip_prefix(prefix) {
            return InstrumentId::listed(code, venue);
        }
    }
    for (suffix, venue) in MARKETS {
        if let Some(local) = symbol.strip_suffix(suffix) {
            return InstrumentId::listed(local, venue);
        }
    }
    if symbol.starts_with('-') {
        return InstrumentId::listed(symbol, "US");
    }
    InstrumentId::listed(&symbol.replace("-P-", ".PR").replace('-', "."), "US")
}

/// The head of something that happened then.
fn at(event_time: Timestamp) -> Head {
    Head { event_time, ..Head::default() }
}

/// The start of a day in UTC.
pub(crate) fn midnight(date: Date) -> Timestamp {
    Timestamp::from_secs(i64::from(date.0) * 86_400)
}

fn date(row: &Row, names: &[&str]) -> Mapped<Option<Date>> {
    row.parsed(names, str::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_become_what_other_vendors_call_them_too() {
        for (symbol, expected) in [
            ("IBM", "IBM.US"),
            ("BRK-B", "BRK.B.US"),
            ("BFS-P-D", "BFS.PRD.US"),
            ("AAC-U", "AAC.U.US"),
            ("BFLY-WS", "BFLY.WS.US"),
            ("-P-HIZ", "-P-HIZ.US"),
            ("BA.LON", "BA.XLON"),
            ("600104.SHH", "600104.XSHG"),
            ("CRYPTO:BTC", "BTC.CRYPTO"),
            ("FOREX:USD", "USD.FX"),
        ] {
            assert_eq!(identity(symbol).as_str(), expected, "{symbol}");
        }
    }
}
