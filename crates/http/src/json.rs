//! Reading JSON without losing a digit.

use std::result::Result;

use component::{Bad, OrBad};
use model::{BadDecimal, Decimal};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A number as the vendor wrote it, in quotes or not. It never becomes a float.
#[derive(Clone, Copy, Debug, Deserialize)]
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

/// One raw item as the vendor's type, borrowing from it.
pub fn decode<'a, W: Deserialize<'a>>(raw: &'a RawValue) -> Result<W, Bad> {
    serde_json::from_str(raw.get()).map_err(|error| Bad::new("", error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[derive(Deserialize)]
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
    fn what_is_no_number_names_its_field() {
        for text in [r#"{"a": [1]}"#, r#"{"a": true}"#, r#"{"a": "1\u0030"}"#] {
            let row: Row<'_> = serde_json::from_str(text).unwrap();
            assert_eq!(row.a.read("a", model::price).unwrap_err().field, "a");
        }
    }
}
