//! What is traded: contracts as TWS describes them, and our identities of them.

use component::{Bad, OrBad};
use model::{Decimal, InstrumentId, OptionSymbol, Text};
use session::{Fields, Values};

/// Exchanges outside the US: TWS's name, the market's code, the currency.
const MARKETS: &str = include_str!("markets.txt");
/// The markets that we name after what is traded there: TWS's name of the kind, ours of the market,
/// and where TWS sends orders for it.
const KINDS: &str = include_str!("kinds.txt");

/// What TWS says of a contract.
const NAMES: &str = "conId symbol secType lastTrade strike right multiplier exchange \
                     primaryExchange currency localSymbol tradingClass";

/// A contract, in the words of TWS. What is not there is not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contract(pub Values);

impl Contract {
    /// From what a user writes: one of our symbols, then `name=value` for what it leaves open.
    pub fn parse(text: &str) -> Result<Self, Bad> {
        let bad = |reason: &str| Bad::new("symbol", format!("{text:?} {reason}"));
        if text.chars().any(char::is_control) {
            return Err(bad("has control characters"));
        }
        let (symbol, words) = match text.find('=') {
            Some(equals) => text.split_at(text[..equals].rfind(' ').unwrap_or(0)),
            None => (text, ""),
        };
        let mut contract = of_symbol(symbol.trim());
        for word in words.split_ascii_whitespace() {
            let (name, value) = word.split_once('=').ok_or_else(|| bad("is not name=value"))?;
            if !contract.set(name, value) {
                return Err(bad("says something that a contract does not have"));
            }
        }
        let names = ["symbol", "localSymbol", "conId"];
        if names.iter().all(|name| contract.text(name).is_empty()) {
            return Err(bad("names nothing"));
        }
        Ok(contract)
    }

    /// Says one thing more about it, if a contract has such a thing.
    pub fn set(&mut self, name: &str, value: &str) -> bool {
        let known = NAMES.split_ascii_whitespace().find(|known| *known == name);
        known.map(|known| self.0.insert(known, value.into())).is_some()
    }

    /// From a message, where a question mark and nought are ways of saying nothing.
    pub fn of(fields: &Fields<'_>) -> Self {
        let said = NAMES.split_ascii_whitespace().map(|name| (name, fields.text(name)));
        let is_said = |text: &str| !matches!(text, "" | "?" | "0" | "0.0");
        Self(said.filter(|(_, text)| is_said(text)).map(|(n, text)| (n, text.into())).collect())
    }

    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", Text::as_str)
    }

    /// Our identity of it.
    pub fn identity(&self) -> Result<InstrumentId, Bad> {
        let (symbol, sec_type) = (self.text("symbol"), self.text("secType"));
        let local = self.text("localSymbol").replace(' ', "");
        let name = match sec_type {
            "" => return Err(Bad::new("secType", "missing")),
            "CASH" | "CRYPTO" => format!("{symbol}/{}", self.text("currency")),
            "OPT" if local.is_empty() => self.occ_symbol(),
            "OPT" => local,
            "FUT" | "FOP" | "WAR" | "CONTFUT" if !local.is_empty() => local,
            "BOND" => self.text("conId").to_owned(),
            _ => symbol.replace(' ', "."),
        };
        if name.is_empty() || name.starts_with('/') || name.ends_with('/') {
            return Err(Bad::new("symbol", "missing"));
        }
        let kind = row(KINDS, 0, sec_type);
        Ok(InstrumentId::listed(&name, kind.map_or_else(|| self.market(), |kind| kind[1])))
    }

    /// Whether its market must be looked up, if that is not done yet: messages about stocks outside
    /// the US name the exchange where it is listed only sometimes.
    pub fn is_abroad(&self) -> bool {
        self.text("secType") == "STK" && !matches!(self.text("currency"), "" | "USD")
    }

    /// The market of a stock or an option, by the exchange where it is listed, else by currency.
    fn market(&self) -> &str {
        let mut named = ["primaryExchange", "exchange"].into_iter().map(|name| self.text(name));
        let known = named.find(|name| !name.is_empty()).and_then(|name| row(MARKETS, 0, name));
        match (self.text("secType"), known) {
            ("STK", Some([_, mic, _])) => mic,
            ("STK" | "OPT", _) if self.text("currency") == "USD" => "US",
            ("STK" | "OPT", _) => self.text("currency"),
            (other, _) => other,
        }
    }

    /// `AAPL250620C00100000`.
    fn occ_symbol(&self) -> String {
        let option = OptionSymbol {
            root: self.text("symbol").replace(' ', "").into(),
            day: self.text("lastTrade").get(2..8).unwrap_or_default().into(),
            right: self.text("right").get(..1).unwrap_or_default().into(),
            strike: self.text("strike").parse().unwrap_or_default(),
        };
        option.to_string()
    }

    /// TWS's own spelling.
    pub fn symbol(&self) -> Text {
        let is_plain = matches!(self.text("secType"), "STK" | "CASH" | "CRYPTO" | "IND");
        let local = self.text("localSymbol");
        if is_plain || local.is_empty() { self.text("symbol").into() } else { local.into() }
    }

    /// How much of the underlying one unit is; the cost of a position includes it.
    pub fn factor(&self) -> Result<Decimal, Bad> {
        match self.text("multiplier") {
            "" => Ok(Decimal::ONE),
            text => model::quantity(text).or_bad("multiplier"),
        }
    }
}

/// An exchange by the name that TWS has for it, if it is outside the US and we have one for it.
pub fn exchange_abroad(name: &str) -> Option<&'static str> {
    row(MARKETS, 0, name).map(|row| row[0])
}

/// The row of a table that has a value in one of its columns; a dash is nothing.
fn row(table: &'static str, column: usize, value: &str) -> Option<[&'static str; 3]> {
    let mut rows = table.lines().filter_map(|line| {
        let mut words = line.split(' ').map(|word| if word == "-" { "" } else { word });
        Some([words.next()?, words.next()?, words.next()?])
    });
    rows.find(|row| row[column] == value)
}

fn said<const N: usize>(pairs: [(&'static str, &str); N]) -> Contract {
    let pairs = pairs.into_iter().filter(|(_, text)| !text.is_empty());
    Contract(pairs.map(|(name, text)| (name, text.into())).collect())
}

/// From one of our symbols, with or without its market.
fn of_symbol(text: &str) -> Contract {
    let stock = |symbol: &str, primary: &str, currency: &str| {
        let symbol = symbol.replace('.', " ");
        said([
            ("symbol", &symbol),
            ("secType", "STK"),
            ("exchange", "SMART"),
            ("currency", currency),
            ("primaryExchange", primary),
        ])
    };
    let us = |symbol: &str| match OptionSymbol::parse(symbol) {
        None => stock(symbol, "", "USD"),
        Some(option) => said([
            ("symbol", &option.root),
            ("secType", "OPT"),
            ("lastTrade", &format!("20{}", option.day)),
            ("strike", &option.strike.to_string()),
            ("right", &option.right),
            ("multiplier", "100"),
            ("exchange", "SMART"),
            ("currency", "USD"),
        ]),
    };
    let Some((symbol, venue)) = text.rsplit_once('.') else { return us(text) };
    match (row(MARKETS, 1, venue), row(KINDS, 1, venue)) {
        _ if venue == "US" => us(symbol),
        (Some([exchange, _, currency]), _) => stock(symbol, exchange, currency),
        (_, Some([sec_type, _, exchange])) => {
            let (base, currency) = symbol.split_once('/').unwrap_or((symbol, "USD"));
            let name = match sec_type {
                "FUT" | "FOP" | "WAR" => ("localSymbol", symbol.to_owned()),
                "BOND" => ("conId", symbol.to_owned()),
                _ => ("symbol", base.replace('.', " ")),
            };
            said([
                (name.0, &name.1),
                ("secType", sec_type),
                ("exchange", exchange),
                ("currency", currency),
            ])
        }
        _ if venue.len() == 3 && venue.bytes().all(|b| b.is_ascii_uppercase()) => {
            stock(symbol, "", venue)
        }
        // A class of shares, such as BRK.B.
        _ => stock(text, "", "USD"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(contract: &Contract) -> String {
        let id = if contract.text("conId").is_empty() { "0" } else { "" };
        let said = NAMES.split_ascii_whitespace().map(|name| contract.text(name));
        format!("{id}{}", said.collect::<Vec<_>>().join("|"))
    }

    /// What a user writes, as TWS reads it, and as we call it.
    fn check(text: &str, expected: &str, identity: &str) {
        let contract = Contract::parse(text).unwrap();
        let written = written(&contract);
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
            "AAPL primaryExchange=NASDAQ conId=265598",
            "265598|AAPL|STK|||||SMART|NASDAQ|USD||",
            "AAPL.US",
        );
        check(
            "symbol=ES secType=FUT lastTrade=202509 exchange=CME currency=USD multiplier=50",
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
        assert_eq!(contract.text("strike"), "412.5");
        contract.set("localSymbol", "BRKB  250620P00412500");
        assert_eq!(contract.identity().unwrap().as_str(), "BRKB250620P00412500.US");
    }
}
