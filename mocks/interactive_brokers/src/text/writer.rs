//! Writes the fields of an answer one after the other.

use super::spelling;
use crate::wire::Contract;

/// The body of one text frame.
pub struct Writer {
    version: i32,
    bytes: Vec<u8>,
}

impl Writer {
    pub fn new(version: i32, id: u32) -> Writer {
        Writer { version, bytes: Vec::with_capacity(64) }.raw(&id.to_string())
    }

    /// Whether the client's protocol is at least this new.
    pub fn from(&self, version: i32) -> bool {
        self.version >= version
    }

    pub fn raw(mut self, field: &str) -> Writer {
        self.bytes.extend_from_slice(field.as_bytes());
        self.bytes.push(0);
        self
    }

    /// Fields that are always the same, one for each word; `_` is an empty one.
    pub fn fixed(self, words: &str) -> Writer {
        let words = words.split_whitespace();
        words.fold(self, |out, word| out.raw(if word == "_" { "" } else { word }))
    }

    pub fn text(self, text: &Option<String>) -> Writer {
        self.text_or(text, "")
    }

    pub fn text_or(self, text: &Option<String>, unset: &str) -> Writer {
        let text = text.as_deref().unwrap_or(unset);
        self.raw(&spelling::ascii(text))
    }

    /// Zero if not set.
    pub fn int(self, value: Option<i32>) -> Writer {
        self.int_or(value, "0")
    }

    pub fn int_or(self, value: Option<i32>, unset: &str) -> Writer {
        match value {
            Some(value) => self.raw(&value.to_string()),
            None => self.raw(unset),
        }
    }

    pub fn long(self, value: Option<i64>) -> Writer {
        self.raw(&value.unwrap_or(0).to_string())
    }

    pub fn flag(self, value: Option<bool>) -> Writer {
        self.raw(if value.unwrap_or(false) { "1" } else { "0" })
    }

    pub fn double_or(self, value: Option<f64>, unset: &str) -> Writer {
        match value {
            Some(value) => self.raw(&spelling::double(value)),
            None => self.raw(unset),
        }
    }

    /// Whole numbers without a fraction; zero if not set.
    pub fn plain(self, value: Option<f64>) -> Writer {
        self.plain_or(value, "0")
    }

    pub fn plain_or(self, value: Option<f64>, unset: &str) -> Writer {
        match value {
            Some(value) => self.raw(&spelling::plain(value)),
            None => self.raw(unset),
        }
    }

    pub fn count(self, count: usize) -> Writer {
        self.raw(&count.to_string())
    }

    /// Something for each element.
    pub fn each<T>(self, items: &[T], write: impl Fn(Writer, &T) -> Writer) -> Writer {
        items.iter().fold(self, write)
    }

    /// A time; older clients do not know zones in it.
    pub fn time(self, time: &Option<String>) -> Writer {
        let time = time.as_deref().unwrap_or_default();
        if self.from(174) { self.raw(time) } else { self.raw(&spelling::time_without_zone(time)) }
    }

    /// What most answers say of a contract, between its id and its venue.
    pub fn contract(self, contract: &Contract, strike: &str, right: &str) -> Writer {
        self.int(contract.con_id)
            .text(&contract.symbol)
            .text(&contract.sec_type)
            .text(&contract.last_trade_date_or_contract_month)
            .double_or(contract.strike.filter(|strike| *strike != 0.0), strike)
            .text_or(&contract.right, right)
            .plain_or(contract.multiplier, "")
    }

    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}
