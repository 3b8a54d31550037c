//! The numbers that identify a trade or a quote. The streams and the history both take them from
//! here, so that a hole in the one is repaired from the other.

use mockkit::market::Price;
use rust_decimal::Decimal;

use crate::timeline::Span;

/// What is added to a trade's number of the day to make its id: ids are no sequence numbers.
const FIRST_ID: u64 = 71_675_000_000;

/// How long the tape takes to hear of a trade or quote, and a reporting facility before it.
const TAPE_LAG: i64 = 250_411;
const REPORT_LAG: i64 = 90_223;

/// Regular, two-sided.
pub const QUOTE_CONDITION: i64 = 1;
/// One quote in so many carries an indicator.
const INDICATOR_EVERY: usize = 50;
const INDICATOR: i64 = 604;

pub const FOREX_VENUE: i64 = 48;
pub const CRYPTO_VENUE: i64 = 1;

pub struct TradeNumber {
    pub id: u64,
    /// Rises by one from trade to trade of a symbol, lap after lap, unless the settings want holes.
    pub sequence: u64,
    pub sip: i64,
    pub participant: i64,
    /// When a facility off the exchanges heard of it.
    pub reported: i64,
}

pub struct QuoteNumber {
    pub sequence: u64,
    pub sip: i64,
    pub participant: i64,
    pub indicator: Option<i64>,
}

pub fn trade(span: &Span, listing: usize, index: usize) -> TradeNumber {
    let number = span.trades_before(listing) + index as u64 + 1;
    let sip = span.tape.trade_time(listing, index) + span.shift;
    TradeNumber {
        id: FIRST_ID + number,
        sequence: span.sequence(number),
        sip,
        participant: sip - TAPE_LAG,
        reported: sip - REPORT_LAG,
    }
}

pub fn quote(span: &Span, listing: usize, index: usize) -> QuoteNumber {
    let sip = span.tape.quote_time(listing, index) + span.shift;
    QuoteNumber {
        sequence: span.sequence(span.quotes_before(listing) + index as u64 + 1),
        sip,
        participant: sip - TAPE_LAG,
        indicator: index.is_multiple_of(INDICATOR_EVERY).then_some(INDICATOR),
    }
}

/// Sell or buy.
pub fn crypto_side(index: usize) -> i64 {
    if index.is_multiple_of(2) { 1 } else { 2 }
}

/// A made-up fraction of a coin for a number of shares, in ten-thousandths.
pub fn coins(size: u32) -> Price {
    Price(i64::from(size) * 37 + 1)
}

pub fn coins_decimal(size: u32) -> Decimal {
    coins(size).decimal()
}
