//! What is traded: contracts as TWS describes them, and our identities of them.

use component::{Bad, OrBad};
use model::{Decimal, InstrumentId, Text};

use crate::wire::{Fields, Order, Out};

/// Exchanges outside the US: TWS's name, the market's code, the currency.
const MARKETS: &[(&str, &str, &str)] = &[
    ("AEB", "XAMS", "EUR"),
    ("ASX", "XASX", "AUD"),
    ("BM", "XMAD", "EUR"),
    ("BVME", "XMIL", "EUR"),
    ("CPH", "XCSE", "DKK"),
    ("EBS", "XSWX", "CHF"),
    ("ENEXT.BE", "XBRU", "EUR"),
    ("FWB", "XFRA", "EUR"),
    ("HEX", "XHEL", "EUR"),
    ("IBIS", "XETR", "EUR"),
    ("LSE", "XLON", "GBP"),
    ("MEXI", "XMEX", "MXN"),
    ("NSE", "XNSE", "INR"),
    ("OSE", "XOSL", "NOK"),
    ("SBF", "XPAR", "EUR"),
    ("SEHK", "XHKG", "HKD"),
    ("SFB", "XSTO", "SEK"),
    ("SGX", "XSES", "SGD"),
    ("TSE", "XTSE", "CAD"),
    ("TSEJ", "XTKS", "JPY"),
];

/// The markets that we name after what is traded there, and where TWS sends orders for it.
const KINDS: &[(&str, &str, &str)] = &[
    ("BOND", "BOND", "SMART"),
    ("CFD", "CFD", "SMART"),
    ("CMDTY", "CMDTY", "SMART"),
    ("CONTFUT", "CONTFUT", ""),
    ("CRYPTO", "CRYPTO", "PAXOS"),
    ("CASH", "FX", "IDEALPRO"),
    ("FOP", "FOP", ""),
    ("FUND", "FUND", "FUNDSERV"),
    ("FUT", "FUT", ""),
    ("IND", "INDEX", "CBOE"),
    ("WAR", "WAR", "SMART"),
];

/// Units of the underlying that a listed option stands for.
const OPTION_MULTIPLIER: &str = "100";

/// A contract, in the words of TWS. What is empty is not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contract {
    pub con_id: Text,
    pub symbol: Text,
    pub sec_type: Text,
    pub expiry: Text,
    pub strike: Text,
    pub right: Text,
    pub multiplier: Text,
    pub exchange: Text,
    pub primary_exchange: Text,
    pub currency: Text,
    pub local_symbol: Text,
    pub trading_class: Text,
}

impl Contract {
    /// From what a user writes: one of our symbols, then `name=value` for what it leaves open.
    pub fn parse(text: &str) -> Result<Self, Bad> {
        if text.chars().any(char::is_control) {
            return Err(Bad::new("symbol", format!("{text:?} has control characters")));
        }
        let (symbol, words) = match text.find('=') {
            Some(equals) => text[..equals]
                .rsplit_once(' ')
                .map_or(("", text), |(symbol, _)| (symbol.trim(), &text[symbol.len()..])),
            None => (text.trim(), ""),
        };
        let mut contract = Self::of_symbol(symbol);
        for word in words.split_ascii_whitespace() {
            let (name, value) = word.split_once('=').or_bad("symbol")?;
            contract.set(name, value)?;
        }
        if contract.symbol.is_empty()
            && contract.local_symbol.is_empty()
            && contract.con_id.is_empty()
        {
            return Err(Bad::new("symbol", format!("{text:?} names nothing")));
        }
        Ok(contract)
    }

    /// Says one thing more about it.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), Bad> {
        let field = match name {
            "con_id" => &mut self.con_id,
            "symbol" => &mut self.symbol,
            "sec_type" => &mut self.sec_type,
            "expiry" => &mut self.expiry,
            "strike" => &mut self.strike,
            "right" => &mut self.right,
            "multiplier" => &mut self.multiplier,
            "exchange" => &mut self.exchange,
            "primary_exchange" => &mut self.primary_exchange,
            "currency" => &mut self.currency,
            "local_symbol" => &mut self.local_symbol,
            "trading_class" => &mut self.trading_class,
            other => return Err(Bad::new(other, "a contract has no such word")),
        };
        *field = value.into();
        Ok(())
    }

    /// From one of our symbols, with or without its market.
    fn of_symbol(text: &str) -> Self {
        let stock = |symbol: &str, primary: &str, currency: &str| Self {
            symbol: symbol.replace('.', " ").into(),
            sec_type: "STK".into(),
            exchange: "SMART".into(),
            primary_exchange: primary.into(),
            currency: currency.into(),
            ..Self::default()
        };
        let Some((symbol, venue)) = text.rsplit_once('.') else {
            return occ(text).unwrap_or_else(|| stock(text, "", "USD"));
        };
        if venue == "US" {
            return occ(symbol).unwrap_or_else(|| stock(symbol, "", "USD"));
        }
        if let Some((exchange, _, currency)) = MARKETS.iter().find(|(_, mic, _)| *mic == venue) {
            return stock(symbol, exchange, currency);
        }
        if let Some((sec_type, _, exchange)) = KINDS.iter().find(|(_, name, _)| *name == venue) {
            return of_kind(symbol, sec_type, exchange);
        }
        if venue.len() == 3 && venue.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return stock(symbol, "", venue);
        }
        // A class of shares, such as BRK.B.
        stock(text, "", "USD")
    }

    /// From a message.
    pub fn of(fields: &Fields<'_>) -> Self {
        let text = |name: &str| Text::from(fields.text(name));
        let mut contract = Self {
            con_id: text("conId"),
            symbol: text("symbol"),
            sec_type: text("secType"),
            expiry: text("lastTrade"),
            strike: text("strike"),
            right: text("right"),
            multiplier: text("multiplier"),
            exchange: text("exchange"),
            primary_exchange: text("primaryExchange"),
            currency: text("currency"),
            local_symbol: text("localSymbol"),
            trading_class: text("tradingClass"),
        };
        // These are ways of saying nothing.
        if matches!(contract.right.as_str(), "?" | "0") {
            contract.right.clear();
        }
        if matches!(contract.strike.as_str(), "0" | "0.0") {
            contract.strike.clear();
        }
        contract
    }

    /// Our identity of it.
    pub fn identity(&self) -> Result<InstrumentId, Bad> {
        let local: Text = self.local_symbol.chars().filter(|c| *c != ' ').collect();
        let name = match self.sec_type.as_str() {
            "" => return Err(Bad::new("secType", "missing")),
            "OPT" => return Ok(InstrumentId::listed(&self.occ_symbol(), self.market())),
            "CASH" | "CRYPTO" => Text::from(format!("{}/{}", self.symbol, self.currency)),
            "FUT" | "FOP" | "WAR" | "CONTFUT" if !local.is_empty() => local,
            "BOND" => self.con_id.clone(),
            _ => self.symbol.replace(' ', ".").into(),
        };
        if name.is_empty() || name.starts_with('/') || name.ends_with('/') {
            return Err(Bad::new("symbol", "missing"));
        }
        let kind = KINDS.iter().find(|(sec_type, _, _)| *sec_type == self.sec_type);
        Ok(InstrumentId::listed(&name, kind.map_or(self.market(), |(_, market, _)| market)))
    }

    /// The market of a stock or an option. TWS names the listing exchange in some messages only,
    /// the currency in all.
    fn market(&self) -> &str {
        let named = [&self.primary_exchange, &self.exchange];
        let mut known = MARKETS.iter().filter(|(name, _, _)| named.iter().any(|n| *n == name));
        match (self.sec_type.as_str(), known.next()) {
            ("STK", Some((_, mic, _))) => mic,
            ("STK" | "OPT", _) if self.currency == "USD" => "US",
            ("STK" | "OPT", _) => &self.currency,
            (other, _) => other,
        }
    }

    /// `AAPL250620C00100000`.
    fn occ_symbol(&self) -> Text {
        let local: Text = self.local_symbol.chars().filter(|c| *c != ' ').collect();
        if !local.is_empty() {
            return local;
        }
        let strike: Decimal = self.strike.parse().unwrap_or_default();
        let thousandths = strike.saturating_mul(Decimal::ONE_THOUSAND).trunc().normalize();
        let day = self.expiry.get(2..8).unwrap_or(&self.expiry);
        let right = self.right.get(..1).unwrap_or_default();
        format!("{}{day}{right}{thousandths:0>8}", self.symbol.replace(' ', "")).into()
    }

    /// TWS's own spelling.
    pub fn symbol(&self) -> Text {
        match self.sec_type.as_str() {
            "STK" | "CASH" | "CRYPTO" | "IND" => self.symbol.clone(),
            _ if self.local_symbol.is_empty() => self.symbol.clone(),
            _ => self.local_symbol.clone(),
        }
    }

    /// How much of the underlying one unit is; prices of a position include it.
    pub fn factor(&self) -> Result<Decimal, Bad> {
        match self.multiplier.as_str() {
            "" | "0" => Ok(Decimal::ONE),
            text => model::quantity(text).or_bad("multiplier"),
        }
    }

    fn fields(&self) -> [&str; 12] {
        [
            if self.con_id.is_empty() { "0" } else { &self.con_id },
            &self.symbol,
            &self.sec_type,
            &self.expiry,
            &self.strike,
            &self.right,
            &self.multiplier,
            &self.exchange,
            &self.primary_exchange,
            &self.currency,
            &self.local_symbol,
            &self.trading_class,
        ]
    }

    /// Adds it to a request.
    pub fn add_to(&self, out: Out) -> Out {
        self.fields().into_iter().fold(out, |out, field| out.with(field))
    }

    /// Puts it into an order.
    pub fn put_into(&self, order: &mut Order) {
        const NAMES: [&str; 12] = [
            "conId",
            "symbol",
            "secType",
            "lastTrade",
            "strike",
            "right",
            "multiplier",
            "exchange",
            "primaryExchange",
            "currency",
            "localSymbol",
            "tradingClass",
        ];
        order.extend(NAMES.into_iter().zip(self.fields().map(Text::from)));
    }
}

/// A future, a pair of currencies and the like.
fn of_kind(symbol: &str, sec_type: &str, exchange: &str) -> Contract {
    let (base, currency) = symbol.split_once('/').unwrap_or((symbol, "USD"));
    let mut contract = Contract {
        sec_type: sec_type.into(),
        exchange: exchange.into(),
        currency: currency.into(),
        ..Contract::default()
    };
    match sec_type {
        "FUT" | "FOP" | "WAR" => contract.local_symbol = symbol.into(),
        "BOND" => contract.con_id = symbol.into(),
        _ => contract.symbol = base.replace('.', " ").into(),
    }
    contract
}

/// An option by its symbol of at most 21 characters: root, day, right, strike in thousandths.
fn occ(text: &str) -> Option<Contract> {
    let compact: String = text.chars().filter(|c| *c != ' ').collect();
    let split = compact.len().checked_sub(15).filter(|split| *split > 0)?;
    let (root, rest) = (compact.get(..split)?, compact.get(split..)?);
    let (day, right, strike) = (rest.get(..6)?, rest.get(6..7)?, rest.get(7..)?);
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(day) || !is_number(strike) || !matches!(right, "C" | "P") {
        return None;
    }
    let strike = Decimal::new(strike.parse().ok()?, 3).normalize();
    Some(Contract {
        symbol: root.into(),
        sec_type: "OPT".into(),
        expiry: format!("20{day}").into(),
        strike: strike.to_string().into(),
        right: right.into(),
        multiplier: OPTION_MULTIPLIER.into(),
        exchange: "SMART".into(),
        currency: "USD".into(),
        ..Contract::default()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// What a user writes, as TWS reads it, and as we call it.
    fn check(text: &str, expected: &str, identity: &str) {
        let contract = Contract::parse(text).unwrap();
        let written = contract.fields().join("|");
        assert_eq!(written, expected, "{text}");
        assert_eq!(contract.identity().unwrap().as_str(), identity, "{text}");
    }

    #[test]
    fn symbols_are_contracts_and_contracts_are_instruments() {
        check("AAPL", "0|AAPL|STK|||||SMART||USD||", "AAPL.US");
        check("AAPL.US", "0|AAPL|STK|||||SMART||USD||", "AAPL.US");
        check("BRK.B", "0|BRK B|STK|||||SMART||USD||", "BRK.B.US");
        check("BRK.B.US", "0|BRK B|STK|||||SMART||USD||", "BRK.B.US");
        check("BMW.XETR", "0|BMW|STK|||||SMART|IBIS|EUR||", "BMW.XETR");
        check("VOD.GBP", "0|VOD|STK|||||SMART||GBP||", "VOD.GBP");
        check("EUR/USD.FX", "0|EUR|CASH|||||IDEALPRO||USD||", "EUR/USD.FX");
        check("BTC/USD.CRYPTO", "0|BTC|CRYPTO|||||PAXOS||USD||", "BTC/USD.CRYPTO");
        check("SPX.INDEX", "0|SPX|IND|||||CBOE||USD||", "SPX.INDEX");
        check("ESU5.FUT exchange=CME", "0||FUT|||||CME||USD|ESU5|", "ESU5.FUT");
        check(
            "AAPL250620C00100000.US",
            "0|AAPL|OPT|20250620|100|C|100|SMART||USD||",
            "AAPL250620C00100000.US",
        );
        check(
            "AAPL primary_exchange=NASDAQ con_id=265598",
            "265598|AAPL|STK|||||SMART|NASDAQ|USD||",
            "AAPL.US",
        );
        check(
            "symbol=ES sec_type=FUT expiry=202509 exchange=CME currency=USD multiplier=50",
            "0|ES|FUT|202509|||50|CME||USD||",
            "ES.FUT",
        );
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for text in ["", " ", "exchange=CME", "AAPL color=red", "A\0B", "AAPL x"] {
            let parsed = Contract::parse(text);
            assert!(parsed.is_err() || text == "AAPL x", "{text:?}: {parsed:?}");
        }
        assert!(Contract::default().identity().is_err());
    }

    #[test]
    fn options_are_called_the_same_with_and_without_a_local_symbol() {
        let mut contract = Contract::parse("BRKB250620P00412500").unwrap();
        assert_eq!(contract.strike, "412.5");
        contract.local_symbol = "BRKB  250620P00412500".into();
        assert_eq!(contract.identity().unwrap().as_str(), "BRKB250620P00412500.US");
    }
}
