//! Between our decimals and the vendor's doubles and texts.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

/// Larger amounts are refused: two of them must not overflow when multiplied.
pub const LARGEST: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// The double nearest to a decimal, as the wire has it.
pub fn double(value: Decimal) -> f64 {
    value.to_f64().unwrap_or_default()
}

/// The decimal that a double was written for: its shortest text, not its binary digits.
pub fn decimal(value: f64) -> Option<Decimal> {
    if !value.is_finite() {
        return None;
    }
    let text = format!("{value}");
    let value = text.parse::<Decimal>().ok()?;
    (value.abs() <= LARGEST).then(|| value.normalize())
}

/// A quantity from its text.
pub fn quantity(text: &str) -> Option<Decimal> {
    let value = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text)).ok()?;
    (value.abs() <= LARGEST).then(|| value.normalize())
}

/// Digit for digit, without trailing zeros.
pub fn text(value: Decimal) -> String {
    value.normalize().to_string()
}

/// Money to the cent.
pub fn cents(value: Decimal) -> String {
    format!("{:.2}", value.round_dp(2))
}
