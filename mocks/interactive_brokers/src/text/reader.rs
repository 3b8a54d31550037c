//! Reads the fields of a request one after the other.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::spelling;
use crate::wire::Contract;

/// Elements of any list in a request.
const MAX_LIST: i32 = 1_000;

/// The fields of one text frame. A field beyond the last is read as unset, as older clients leave
/// out what newer servers know.
pub struct Reader<'a> {
    fields: std::str::Split<'a, char>,
    number: usize,
}

/// A field that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    pub field: usize,
    pub value: String,
}

pub type Result<T> = std::result::Result<T, Unreadable>;

impl<'a> Reader<'a> {
    pub fn new(body: &'a str) -> Reader<'a> {
        let body = body.strip_suffix('\0').unwrap_or(body);
        Reader { fields: body.split('\0'), number: 0 }
    }

    pub fn raw(&mut self) -> &'a str {
        self.number += 1;
        self.fields.next().unwrap_or_default()
    }

    pub fn skip(&mut self, fields: usize) {
        for _ in 0..fields {
            self.raw();
        }
    }

    /// Nothing for an empty field.
    pub fn text(&mut self) -> Option<String> {
        let field = self.raw();
        (!field.is_empty()).then(|| field.to_owned())
    }

    pub fn int(&mut self) -> Result<Option<i32>> {
        let field = self.raw().trim();
        if field.is_empty() || field == spelling::UNSET_INT {
            return Ok(None);
        }
        // Some clients write whole numbers as doubles.
        let whole = field.strip_suffix(".0").unwrap_or(field);
        whole.parse().map(Some).map_err(|_| self.unreadable(field))
    }

    pub fn double(&mut self) -> Result<Option<f64>> {
        let field = self.raw().trim();
        match field {
            "" => return Ok(None),
            "Infinity" | "Infinite" | "inf" => return Ok(Some(f64::INFINITY)),
            _ => {}
        }
        let value: f64 = field.parse().map_err(|_| self.unreadable(field))?;
        if value.is_nan() {
            return Err(self.unreadable(field));
        }
        Ok((value != f64::MAX && value.is_finite()).then_some(value))
    }

    pub fn flag(&mut self) -> Result<Option<bool>> {
        let field = self.raw().trim();
        match field {
            "" | spelling::UNSET_INT => Ok(None),
            "0" | "false" | "False" => Ok(Some(false)),
            "1" | "true" | "True" => Ok(Some(true)),
            _ => Err(self.unreadable(field)),
        }
    }

    /// A quantity, kept as it was written.
    pub fn quantity(&mut self) -> Result<Option<String>> {
        let field = self.raw().trim();
        if spelling::is_unset(field) {
            return Ok(None);
        }
        let number = field.parse::<Decimal>().or_else(|_| Decimal::from_scientific(field));
        number.map(|_| Some(field.to_owned())).map_err(|_| self.unreadable(field))
    }

    pub fn count(&mut self) -> Result<i32> {
        let count = self.int()?.unwrap_or(0);
        if !(0..=MAX_LIST).contains(&count) {
            return Err(self.unreadable(&count.to_string()));
        }
        Ok(count)
    }

    /// So many pairs of fields.
    pub fn pairs(&mut self, count: i32) -> BTreeMap<String, String> {
        (0..count).map(|_| (self.raw().to_owned(), self.raw().to_owned())).collect()
    }

    /// One field of `tag=value;`.
    pub fn options(&mut self) -> BTreeMap<String, String> {
        let pairs = self.raw().split(';').filter_map(|pair| pair.split_once('='));
        pairs.map(|(tag, value)| (tag.to_owned(), value.to_owned())).collect()
    }

    /// The twelve fields that name a contract in most requests.
    pub fn contract(&mut self) -> Result<Contract> {
        let mut contract = self.contract_without_primary()?;
        contract.primary_exch = self.text();
        contract.currency = self.text();
        contract.local_symbol = self.text();
        contract.trading_class = self.text();
        Ok(contract)
    }

    /// The fields up to the exchange.
    pub fn contract_without_primary(&mut self) -> Result<Contract> {
        Ok(Contract {
            con_id: self.int()?,
            symbol: self.text(),
            sec_type: self.text(),
            last_trade_date_or_contract_month: self.text(),
            strike: self.double()?,
            right: self.text(),
            multiplier: self.double()?,
            exchange: self.text(),
            ..Contract::default()
        })
    }

    fn unreadable(&self, value: &str) -> Unreadable {
        let value = value.chars().take(80).collect();
        Unreadable { field: self.number, value }
    }
}
