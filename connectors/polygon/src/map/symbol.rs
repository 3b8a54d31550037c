//! Names of instruments and venues.

use model::{InstrumentId, Text};

/// MICs by Polygon's numbers of stock exchanges, as `/v3/reference/exchanges` lists them. The
/// reporting facilities share the number 4; what they have in common is FINRA.
const VENUES: [&str; 22] = [
    "", "XASE", "XBOS", "XCIS", "FINR", "", "XISE", "EDGA", "EDGX", "XCHI", "XNYS", "ARCX", "XNAS",
    "", "LTSE", "IEXG", "CBSX", "XPHL", "BATY", "BATS", "EPRL", "MEMX",
];

/// The venue that a number stands for; Polygon's number where it has no MIC.
pub fn venue(number: &str, is_stock: bool) -> Text {
    let index = number.parse().ok().filter(|_| is_stock);
    let mic = index.and_then(|index: usize| VENUES.get(index)).copied().unwrap_or_default();
    if mic.is_empty() { number.into() } else { mic.into() }
}

/// What a symbol is about, whichever of Polygon's spellings it has.
enum Named<'a> {
    /// A listed instrument and its market.
    Listed(&'a str, &'static str),
    /// A currency in terms of another, with the letter of its class.
    Pair(&'a str, &'a str, &'static str),
}

/// Endings of crypto currency pairs that are written without anything between.
const LONG_CURRENCIES: [&str; 2] = ["USDT", "USDC"];

fn named(symbol: &str) -> Named<'_> {
    let (class, name) = match symbol.as_bytes() {
        [class @ (b'O' | b'C' | b'X' | b'I'), b':', ..] => (*class, &symbol[2..]),
        _ => (b' ', symbol),
    };
    let letter = |class, separator: &str| match (class, separator) {
        (b'C', _) | (b' ', "/") => "C",
        _ => "X",
    };
    match class {
        b'O' => return Named::Listed(name, "US"),
        b'I' => return Named::Listed(name, "INDEX"),
        _ => {}
    }
    for separator in ["/", "-"] {
        if let Some((base, quote)) = name.split_once(separator) {
            return Named::Pair(base, quote, letter(class, separator));
        }
    }
    let long = || LONG_CURRENCIES.iter().any(|currency| name.ends_with(currency));
    let quote = if class == b'X' && long() { 4 } else { 3 };
    match name.len().checked_sub(quote) {
        Some(split) if class != b' ' && name.is_char_boundary(split) => {
            Named::Pair(&name[..split], &name[split..], letter(class, ""))
        }
        _ => Named::Listed(name, "US"),
    }
}

/// Our identity of what Polygon calls `symbol`.
pub fn identity(symbol: &str) -> InstrumentId {
    if is_stock(symbol) {
        return InstrumentId::listed(symbol, "US");
    }
    match named(symbol) {
        Named::Listed(name, market) => InstrumentId::listed(name, market),
        Named::Pair(base, quote, class) => {
            let market = if class == "C" { "FX" } else { "CRYPTO" };
            InstrumentId::listed(&format!("{base}/{quote}"), market)
        }
    }
}

/// Whether it is a share or another thing on the stock tapes.
pub(crate) fn is_stock(symbol: &str) -> bool {
    !symbol.bytes().any(|byte| matches!(byte, b':' | b'/' | b'-'))
}

/// The symbol as a path of REST spells it: pairs of currencies have a dash for trades and quotes
/// (`C:EUR-USD`) and none for bars (`C:EURUSD`).
pub fn path(symbol: &str, is_bars: bool) -> Text {
    match named(symbol) {
        _ if is_stock(symbol) => symbol.into(),
        Named::Listed(..) => symbol.into(),
        Named::Pair(base, quote, class) => {
            let separator = if is_bars { "" } else { "-" };
            format!("{class}:{base}{separator}{quote}").into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_instrument_has_one_identity() {
        for (symbol, expected, bars, ticks) in [
            ("AAPL", "AAPL.US", "AAPL", "AAPL"),
            ("BRK.B", "BRK.B.US", "BRK.B", "BRK.B"),
            ("BApA", "BApA.US", "BApA", "BApA"),
            ("O:NCLH221014C00005000", "NCLH221014C00005000.US", "O:NCLH221014C00005000", ""),
            ("I:SPX", "SPX.INDEX", "I:SPX", "I:SPX"),
            ("EUR/USD", "EUR/USD.FX", "C:EURUSD", "C:EUR-USD"),
            ("C:EURUSD", "EUR/USD.FX", "C:EURUSD", "C:EUR-USD"),
            ("C:EUR-USD", "EUR/USD.FX", "C:EURUSD", "C:EUR-USD"),
            ("BTC-USD", "BTC/USD.CRYPTO", "X:BTCUSD", "X:BTC-USD"),
            ("X:BTCUSD", "BTC/USD.CRYPTO", "X:BTCUSD", "X:BTC-USD"),
            ("X:BTCUSDT", "BTC/USDT.CRYPTO", "X:BTCUSDT", "X:BTC-USDT"),
        ] {
            assert_eq!(identity(symbol).as_str(), expected);
            assert_eq!(path(symbol, true), bars);
            assert_eq!(path(symbol, false), if ticks.is_empty() { symbol } else { ticks });
        }
        for odd in ["", "C:", "X:é€", "C:€", "O:", "-", "/"] {
            let _ = (identity(odd), path(odd, true));
        }
    }
}
