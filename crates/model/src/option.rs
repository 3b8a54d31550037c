//! Listed options, by the symbol that the Options Clearing Corporation gives them.

use std::fmt;

use crate::{Decimal, Text};

/// Day, right and strike of a symbol, in characters.
const TAIL_CHARS: usize = 15;

/// What the symbol of an option says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionSymbol {
    /// What it is an option on, as its series is called.
    pub root: Text,
    /// Its last day: `250620`.
    pub day: Text,
    /// `C` for a call, `P` for a put.
    pub right: Text,
    /// The price at which it may be exercised.
    pub strike: Decimal,
}

impl OptionSymbol {
    /// From a symbol such as `AAPL250620C00100000`, with or without blanks after its root.
    pub fn parse(symbol: &str) -> Option<Self> {
        let compact = symbol.replace(' ', "");
        let split = compact.len().checked_sub(TAIL_CHARS).filter(|split| *split > 0)?;
        let (root, tail) = (compact.get(..split)?, compact.get(split..)?);
        let (day, right, strike) = (tail.get(..6)?, tail.get(6..7)?, tail.get(7..)?);
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(day) || !is_number(strike) || !matches!(right, "C" | "P") {
            return None;
        }
        let strike = Decimal::new(strike.parse().ok()?, 3).normalize();
        Some(Self { root: root.into(), day: day.into(), right: right.into(), strike })
    }
}

impl fmt::Display for OptionSymbol {
    /// Without blanks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thousandths = self.strike.saturating_mul(Decimal::ONE_THOUSAND).trunc().normalize();
        write!(f, "{}{}{}{thousandths:0>8}", self.root, self.day, self.right)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_symbol_says_what_it_is() {
        for (symbol, strike) in [("AAPL  250620C00100000", "100"), ("BRKB250620P00412500", "412.5")]
        {
            let option = OptionSymbol::parse(symbol).unwrap();
            assert_eq!(option.strike.to_string(), strike);
            assert_eq!(option.to_string(), symbol.replace(' ', ""));
        }
        for text in
            ["", "AAPL", "250620C00100000", "AAPL250620X00100000", "AAPL25062\u{e9}C00100000"]
        {
            assert_eq!(OptionSymbol::parse(text), None, "{text}");
        }
    }
}
