//! Exact decimals, parsed from the text of a number and never from a float.

use rust_decimal::{Decimal, RoundingStrategy};

/// Decimal places that an event can carry.
pub const SCALE: u32 = 18;

/// Most significant digits of a price. No venue quotes more than 15; a JSON number that went
/// through a double has up to 17. More means that the number is not a price.
pub const MAX_PRICE_DIGITS: usize = 18;

/// Whole digits that fit beside [`SCALE`] places in `decimal(38, 18)`.
const MAX_WHOLE_DIGITS: usize = 20;

/// Why a text is not a number we can carry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDecimal {
    /// Not a number at all, or not a finite one.
    #[error("{0:?} is not a decimal number")]
    NotANumber(String),
    /// More digits than can be carried without rounding.
    #[error("{text:?} has {digits} digits where at most {limit} are exact")]
    TooLong { text: String, digits: usize, limit: usize },
    /// A price below zero where there cannot be one.
    #[error("{0:?} is negative")]
    Negative(String),
}

/// A price of an instrument.
pub fn price(text: &str) -> Result<Decimal, BadDecimal> {
    let is_short = text.len() <= MAX_PRICE_DIGITS;
    let digits = if is_short { text.len() } else { significant_digits(text) };
    if digits > MAX_PRICE_DIGITS {
        let text = clip(text);
        return Err(BadDecimal::TooLong { text, digits, limit: MAX_PRICE_DIGITS });
    }
    let value = parse(text)?;
    if value.is_sign_negative() && !value.is_zero() {
        return Err(BadDecimal::Negative(clip(text)));
    }
    Ok(value)
}

/// A quantity; negative for short positions.
pub fn quantity(text: &str) -> Result<Decimal, BadDecimal> {
    parse(text)
}

/// An amount of money or any other exact number.
pub fn money(text: &str) -> Result<Decimal, BadDecimal> {
    parse(text)
}

/// A computed value, half-up at [`SCALE`] places, so that it can be carried in an event.
pub fn round(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(SCALE, RoundingStrategy::MidpointAwayFromZero).normalize()
}

fn parse(text: &str) -> Result<Decimal, BadDecimal> {
    if let Some(value) = plain(text) {
        return Ok(value);
    }
    let bad = || BadDecimal::NotANumber(clip(text));
    // JSON allows exponents; `rust_decimal` has its own parser for them. Neither takes
    // underscores or a leading plus from us.
    if text.is_empty() || text.contains('_') || text.starts_with('+') || text.len() > 64 {
        return Err(bad());
    }
    let value = if text.bytes().any(|b| b == b'e' || b == b'E') {
        Decimal::from_scientific(text).map_err(|_| bad())?
    } else {
        Decimal::from_str_exact(text).map_err(|error| match error {
            rust_decimal::Error::Underflow
            | rust_decimal::Error::ScaleExceedsMaximumPrecision(_) => too_long(text),
            _ => bad(),
        })?
    };
    let value = if value.scale() > SCALE { value.normalize() } else { value };
    let whole = value.trunc().abs().to_string().len();
    if value.scale() > SCALE || whole > MAX_WHOLE_DIGITS {
        return Err(too_long(text));
    }
    Ok(value)
}

/// Nearly every number of every vendor: some digits, perhaps a point among them, few enough to be
/// exact whatever they are. Everything else takes the long way.
fn plain(text: &str) -> Option<Decimal> {
    let (digits, is_negative) = match text.strip_prefix('-') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let bytes = digits.as_bytes();
    let (first, last) = (bytes.first()?, bytes.last()?);
    if bytes.len() > MAX_PRICE_DIGITS || !first.is_ascii_digit() || !last.is_ascii_digit() {
        return None;
    }
    let (mut mantissa, mut scale, mut has_point) = (0_i64, 0, false);
    for byte in bytes {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + i64::from(byte - b'0');
                scale += u32::from(has_point);
            }
            b'.' if !has_point => has_point = true,
            _ => return None,
        }
    }
    if is_negative && mantissa == 0 {
        return None;
    }
    Some(Decimal::new(if is_negative { -mantissa } else { mantissa }, scale))
}

fn too_long(text: &str) -> BadDecimal {
    let digits = significant_digits(text);
    BadDecimal::TooLong { text: clip(text), digits, limit: SCALE as usize + MAX_WHOLE_DIGITS }
}

fn significant_digits(text: &str) -> usize {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let mut digits = 0;
    let mut trailing_zeros = 0;
    let is_fraction = mantissa.contains('.');
    for byte in mantissa.bytes().filter(u8::is_ascii_digit) {
        if byte != b'0' {
            digits += trailing_zeros + 1;
            trailing_zeros = 0;
        } else if digits > 0 {
            trailing_zeros += 1;
        }
    }
    if is_fraction { digits } else { digits + trailing_zeros }
}

/// Enough of a hostile text to recognise it.
fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(price(text).unwrap().to_string(), expected, "{text}");
    }

    #[test]
    fn prices_keep_every_digit() {
        check("126.55", "126.55");
        check("3377", "3377");
        check("0.00001234", "0.00001234");
        check("233.70829499999998", "233.70829499999998");
        check("1.5e2", "150");
        check("1E-7", "0.0000001");
    }

    /// The short way and the long way agree, digit for digit.
    #[test]
    fn plain_numbers_are_what_they_would_be_the_long_way() {
        for text in [
            "0",
            "7",
            "-7",
            "00.50",
            "126.550",
            "0.000000000000001",
            "999999999999999999",
            "-99999999999999.999",
            "13.945",
            "100",
        ] {
            let short = plain(text).unwrap();
            let long = Decimal::from_str_exact(text).unwrap();
            assert_eq!((short, short.scale()), (long, long.scale()), "{text}");
        }
        for text in ["", "-", ".5", "5.", "1.2.3", "1e5", "+1", "-0", "1234567890123456789", "1 "] {
            assert_eq!(plain(text), None, "{text}");
        }
    }

    #[test]
    fn prices_refuse_what_they_cannot_be() {
        for text in ["", "NaN", "1e400", "-1", "abc", "1_000", "+1", "1.2.3", "0x10", "∞", "1e-40"]
        {
            assert!(price(text).is_err(), "{text}");
        }
        let error = price("12345678901234567890").unwrap_err();
        assert!(error.to_string().contains("20 digits"), "{error}");
        assert!(price("187.66123456789012345").is_err());
    }

    #[test]
    fn quantities_are_longer_and_signed() {
        assert_eq!(quantity("201.9617035750071243").unwrap().to_string(), "201.9617035750071243");
        assert_eq!(quantity("-5").unwrap().to_string(), "-5");
        assert_eq!(money("122011.09751111286868").unwrap().to_string(), "122011.09751111286868");
        assert!(quantity("1234567890123456789012345").is_err());
    }

    #[test]
    fn rounding_is_half_up_at_the_scale_of_events() {
        let third = Decimal::ONE / Decimal::from(3);
        assert_eq!(round(third).to_string(), "0.333333333333333333");
        assert_eq!(round("2.50".parse().unwrap()).to_string(), "2.5");
    }
}
