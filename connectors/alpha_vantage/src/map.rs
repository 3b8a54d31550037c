//! Alpha Vantage's words to ours. Pure functions; what does not fit is `Bad`, never a default.

mod bars;
mod fundamentals;
mod news;
mod records;
mod reference;

pub use bars::{bar, day, exchange_rate, quote};
pub use fundamentals::report;
pub use news::article;
pub use records::record;
pub use reference::{dividend, instrument, market, split};

use component::{Bad, OrBad};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::{InstrumentId, Timestamp};

use crate::ask::Ask;
use crate::wire::{Row, Table};

/// What a row becomes.
pub type Mapped<T> = Result<T, Bad>;

/// What a row stands in.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// What was asked.
    pub ask: &'a Ask,
    /// The whole answer.
    pub table: &'a Table,
    /// Our id of the system.
    pub system: &'a str,
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

    /// The symbol of a row, or the one that was asked for.
    fn symbol<'a>(&'a self, row: &'a Row) -> &'a str {
        row.get(&["symbol"]).unwrap_or(&self.ask.symbol)
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
    let dotted = match symbol.starts_with('-') {
        true => symbol.to_owned(),
        false => symbol.replace("-P-", ".PR").replace('-', "."),
    };
    InstrumentId::listed(&dotted, "US")
}

/// The start of a day in UTC.
pub(crate) fn midnight(date: model::Date) -> Timestamp {
    Timestamp::from_secs(i64::from(date.0) * 86_400)
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
