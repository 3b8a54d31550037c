use std::fmt;

use rust_decimal::Decimal;
use serde::de::{Deserializer, Error as _, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// A decimal in a request body: a JSON number or a string, read from its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given(pub Decimal);

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Given, D::Error> {
        let raw = <Box<RawValue>>::deserialize(deserializer)?;
        let text = raw.get().trim_matches('"');
        let number = parse(text).ok_or_else(|| D::Error::custom(format!("{text:?} is no number")));
        number.map(Given)
    }
}

/// Plain or with an exponent.
pub fn parse(text: &str) -> Option<Decimal> {
    let text = text.trim();
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

/// A decimal written as a JSON number, digit for digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(pub Decimal);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.normalize().to_string();
        RawValue::from_string(text).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// An amount in the settings, which may come from any format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount(pub Decimal);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount, as a number or as text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Amount, E> {
        parse(text).map(Amount).ok_or_else(|| E::custom(format!("{text:?} is no amount")))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Amount, E> {
        Ok(Amount(value.into()))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Amount, E> {
        Ok(Amount(value.into()))
    }

    /// The shortest text of a double is what was written, up to fifteen digits.
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Amount, E> {
        self.visit_str(&value.to_string())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_without_floats() {
        for (json, text) in [
            ("150.25", "150.25"),
            ("\"150.25\"", "150.25"),
            ("10.0", "10"),
            ("1e-4", "0.0001"),
            ("0.1234567890123456789", "0.1234567890123456789"),
        ] {
            let given: Given = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&Number(given.0)).unwrap(), text);
        }
        for json in ["\"ten\"", "true", "{}"] {
            assert!(serde_json::from_str::<Given>(json).is_err(), "{json}");
        }
    }
}
