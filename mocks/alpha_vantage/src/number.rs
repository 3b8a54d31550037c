//! How the vendor writes numbers and times.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use mockkit::market::Price;
use mockkit::time;
use rust_decimal::{Decimal, RoundingStrategy};

/// Digits after the point that the longest of the vendor's numbers have.
const MOST_DIGITS: u32 = 14;

/// With exactly so many digits after the point.
pub fn fixed(number: Decimal, digits: u32) -> String {
    let mut number = number.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
    number.rescale(digits);
    if number.is_zero() {
        number.set_sign_positive(true);
    }
    number.to_string()
}

/// With the four digits of a price in a series.
pub fn price(price: Price) -> String {
    fixed(price.decimal(), 4)
}

/// As a double prints itself, for example `218.2`, `215.0` or `229.62102225102612`.
pub fn shortest(number: Decimal) -> String {
    let text = number.round_dp(MOST_DIGITS).to_string();
    text.parse::<f64>().map_or(text, |number| format!("{number:?}"))
}

/// Without trailing zeros, for example `1.91` or `13.6`.
pub fn plain(number: Decimal, digits: u32) -> String {
    let text = fixed(number, digits);
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// With so many digits after the point; what is no number at all prints as zero.
pub fn float(number: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", if number.is_finite() { number } else { 0.0 });
    let zero = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    if zero { text.trim_start_matches('-').to_owned() } else { text }
}

/// `2026-05-15 19:55:00` on the wall clock of New York.
pub fn eastern(time: i64) -> String {
    civil(time, &time::NEW_YORK)
}

/// `2026-05-15 19:55:00` in UTC.
pub fn universal(time: i64) -> String {
    civil(time, &TimeZone::UTC)
}

/// `20260517T110100` in UTC.
pub fn compact(time: i64) -> String {
    TimeZone::UTC.to_datetime(time::timestamp(time)).strftime("%Y%m%dT%H%M%S").to_string()
}

pub fn universal_date(time: i64) -> Date {
    TimeZone::UTC.to_datetime(time::timestamp(time)).date()
}

fn civil(time: i64, zone: &TimeZone) -> String {
    zone.to_datetime(time::timestamp(time)).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn writes_numbers_like_the_vendor() {
        let check = |text: &str, four: &str, short: &str, bare: &str| {
            let number: Decimal = text.parse().unwrap();
            let written = [fixed(number, 4), shortest(number), plain(number, 4)];
            assert_eq!(written, [four, short, bare]);
        };
        check("218.2000", "218.2000", "218.2", "218.2");
        check("215", "215.0000", "215.0", "215");
        check("229.621022251026123", "229.6210", "229.62102225102612", "229.621");
        check("-0.00001", "0.0000", "-1e-5", "0");
        check("7", "7.0000", "7.0", "7");
        assert_eq!(float(-0.0001, 2), "0.00");
        assert_eq!(float(f64::NAN, 2), "0.00");
    }
}
