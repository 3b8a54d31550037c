use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::json::{Json, map};

/// An option, as its symbol spells it: `O:SPY131018C00170000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    pub underlying: String,
    pub expires: Date,
    pub is_call: bool,
    pub strike: Decimal,
}

/// Date, letter and strike.
const TAIL: usize = 15;

impl Contract {
    pub fn parse(symbol: &str) -> Option<Contract> {
        let symbol = symbol.strip_prefix("O:")?;
        let (underlying, tail) = symbol.split_at_checked(symbol.len().checked_sub(TAIL)?)?;
        if underlying.is_empty() || !tail.is_ascii() {
            return None;
        }
        let (date, rest) = tail.split_at_checked(6)?;
        let (letter, strike) = rest.split_at_checked(1)?;
        let expires = Date::strptime("%Y%m%d", format!("20{date}")).ok()?;
        let strike: u32 = strike.parse().ok()?;
        Some(Contract {
            underlying: underlying.to_owned(),
            expires,
            is_call: match letter {
                "C" => true,
                "P" => false,
                _ => return None,
            },
            strike: Decimal::new(strike.into(), 3).normalize(),
        })
    }

    pub fn kind(&self) -> &'static str {
        if self.is_call { "call" } else { "put" }
    }

    pub fn break_even(&self, price: Decimal) -> Decimal {
        if self.is_call { self.strike + price } else { self.strike - price }
    }

    pub fn details(&self, symbol: &str) -> Json {
        map([
            ("contract_type", self.kind().into()),
            ("exercise_style", "american".into()),
            ("expiration_date", self.expires.to_string().into()),
            ("shares_per_contract", 100_i64.into()),
            ("strike_price", self.strike.into()),
            ("ticker", symbol.into()),
            ("underlying_ticker", self.underlying.as_str().into()),
        ])
    }

    /// As the reference data lists it.
    pub fn row(&self, symbol: &str) -> Json {
        map([
            ("cfi", if self.is_call { "OCASPS" } else { "OPASPS" }.into()),
            ("contract_type", self.kind().into()),
            ("exercise_style", "american".into()),
            ("expiration_date", self.expires.to_string().into()),
            ("primary_exchange", "BATO".into()),
            ("shares_per_contract", 100_i64.into()),
            ("strike_price", self.strike.into()),
            ("ticker", symbol.into()),
            ("underlying_ticker", self.underlying.as_str().into()),
        ])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reads_symbols() {
        let call = Contract::parse("O:SPY131018C00170000").unwrap();
        assert_eq!((call.underlying.as_str(), call.kind()), ("SPY", "call"));
        assert_eq!((call.expires.to_string().as_str(), call.strike), ("2013-10-18", 170.into()));
        let put = Contract::parse("O:F131018P00012500").unwrap();
        assert_eq!(put.break_even(Decimal::ONE).to_string(), "11.5");
        for bad in [
            "SPY131018C00170000",
            "O:",
            "O:SPY131318C00170000",
            "O:SPYé31018C0017000",
            "O:131018C00170000",
        ] {
            assert_eq!(Contract::parse(bad), None, "{bad}");
        }
    }
}
