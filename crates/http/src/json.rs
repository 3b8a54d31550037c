//! Reading JSON without losing a digit.

use std::fmt;
use std::result::Result;

use component::{Bad, OrBad};
use model::{BadDecimal, Decimal, Text};
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_json::value::RawValue;

/// A number as the vendor wrote it, in quotes or not. It never becomes a float.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(transparent)]
pub struct Num<'a>(#[serde(borrow)] &'a RawValue);

impl<'a> Num<'a> {
    /// The text of the number.
    pub fn text(self) -> &'a str {
        let text = self.0.get();
        match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(inner) => inner,
            None => text,
        }
    }

    /// The text without the zeros that one endpoint writes and another leaves out.
    pub fn canonical(self) -> &'a str {
        let text = self.text();
        if text.contains('.') && !text.contains(['e', 'E']) {
            return text.trim_end_matches('0').trim_end_matches('.');
        }
        text
    }

    /// What `parse` (such as [`model::price`]) makes of it, or what is wrong with `field`.
    pub fn read(
        self,
        field: &str,
        parse: fn(&str) -> Result<Decimal, BadDecimal>,
    ) -> Result<Decimal, Bad> {
        parse(self.text()).or_bad(field)
    }
}

/// A whole number such as a time or a count, in quotes or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whole(pub i64);

/// Floats below this have no whole neighbour that is spelled like them.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Whole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Whole, E> {
                Ok(Whole(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Whole, E> {
                i64::try_from(number).map(Whole).map_err(E::custom)
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Whole, E> {
                if number.fract() != 0.0 || number.abs() >= MAX_EXACT {
                    return Err(E::custom(format!("{number} is not a whole number, or not exact")));
                }
                Ok(Whole(number as i64))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Whole, E> {
                text.parse().map(Whole).map_err(|_| E::custom(format!("{text:?} is not whole")))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// The same for a number that may be absent; vendors also write that as an empty text.
pub fn optional(
    num: Option<Num<'_>>,
    field: &str,
    parse: fn(&str) -> Result<Decimal, BadDecimal>,
) -> Result<Option<Decimal>, Bad> {
    match num {
        Some(num) if !num.text().is_empty() => num.read(field, parse).map(Some),
        _ => Ok(None),
    }
}

/// A number as a text, for ids that are made for every trade: without a general formatter.
pub fn digits(mut number: u64) -> Text {
    let mut text = [0; 20];
    let mut start = text.len();
    loop {
        start -= 1;
        text[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    Text::from_utf8_lossy(&text[start..])
}

/// One raw item as the vendor's type, borrowing from it.
pub fn decode<'a, W: Deserialize<'a>>(raw: &'a RawValue) -> Result<W, Bad> {
    serde_json::from_str(raw.get()).map_err(|error| Bad::new("", error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[derive(serde::Deserialize)]
    struct Row<'a> {
        #[serde(borrow)]
        a: Num<'a>,
        b: Option<Num<'a>>,
        c: Option<Num<'a>>,
    }

    #[test]
    fn digits_survive_in_quotes_and_without() {
        let text = r#"{"a": 0.100000000000000055, "b": "150.25", "c": null}"#;
        let row: Row<'_> = serde_json::from_str(text).unwrap();
        let a = row.a.read("a", model::quantity).unwrap();
        assert_eq!(a.to_string(), "0.100000000000000055");
        let b = optional(row.b, "b", model::price).unwrap();
        assert_eq!(b.unwrap().to_string(), "150.25");
        assert_eq!(optional(row.c, "c", model::price).unwrap(), None);
    }

    #[test]
    fn equal_numbers_have_one_spelling() {
        for (text, expected) in [("1.50", "1.5"), ("2.0", "2"), ("100", "100"), ("1.0e3", "1.0e3")]
        {
            assert_eq!(serde_json::from_str::<Num<'_>>(text).unwrap().canonical(), expected);
        }
    }

    #[test]
    fn whole_numbers_are_exact_or_refused() {
        for (text, expected) in [
            ("1651251948294080343", Some(1_651_251_948_294_080_343)),
            ("-7", Some(-7)),
            ("\"1651251948294080343\"", Some(1_651_251_948_294_080_343)),
            ("1.605192894e12", Some(1_605_192_894_000)),
            ("5.0", Some(5)),
            ("1.605192894630917e18", None),
            ("9223372036854775808", None),
            ("0.5", None),
            ("1e400", None),
            ("\"now\"", None),
            ("[1]", None),
        ] {
            let read = serde_json::from_str::<Whole>(text).ok().map(|whole| whole.0);
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn a_number_is_written_digit_by_digit() {
        for number in [0, 7, 10, 1_651_251_948_294_080_343, u64::MAX] {
            assert_eq!(digits(number), number.to_string());
        }
    }

    #[test]
    fn what_is_no_number_names_its_field() {
        for text in [r#"{"a": [1]}"#, r#"{"a": true}"#, r#"{"a": "1\u0030"}"#] {
            let row: Row<'_> = serde_json::from_str(text).unwrap();
            assert_eq!(row.a.read("a", model::price).unwrap_err().field, "a");
        }
    }
}
