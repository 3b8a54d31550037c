use std::fmt;

use rust_decimal::Decimal;

/// A price in ten-thousandths of a dollar, as the data files have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(pub i64);

const SCALE: i64 = 10_000;

impl Price {
    pub fn decimal(self) -> Decimal {
        Decimal::new(self.0, 4).normalize()
    }

    /// The nearest double, for encodings that have nothing better.
    pub fn double(self) -> f64 {
        // Both numbers are exact, so the division rounds once.
        self.0 as f64 / SCALE as f64
    }

    /// Appends `13.9` for 139000: no trailing zeros, no point for whole numbers.
    pub fn write(self, out: &mut Vec<u8>) {
        if self.0 < 0 {
            out.push(b'-');
        }
        let (whole, fraction) = (self.0.unsigned_abs() / 10_000, self.0.unsigned_abs() % 10_000);
        write_integer(out, whole);
        if fraction != 0 {
            out.push(b'.');
            let mut rest = fraction;
            for place in [1000, 100, 10, 1] {
                if rest == 0 {
                    break;
                }
                out.push(b'0' + u8::try_from(rest / place).unwrap_or(0));
                rest %= place;
            }
        }
    }
}

/// Appends a number in decimal without going through the formatter.
pub fn write_integer(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    let mut rest = value;
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.decimal())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_shortest_exact_number() {
        for (price, text) in [
            (0, "0"),
            (139_000, "13.9"),
            (1_674_100, "167.41"),
            (33_770_000, "3377"),
            (1, "0.0001"),
        ] {
            let mut out = Vec::new();
            Price(price).write(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
            assert_eq!(Price(price).to_string(), text);
            assert_eq!(Price(price).double(), text.parse::<f64>().unwrap());
        }
        let mut out = Vec::new();
        write_integer(&mut out, u64::MAX);
        assert_eq!(String::from_utf8(out).unwrap(), u64::MAX.to_string());
    }
}
