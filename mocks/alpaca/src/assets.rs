use mockkit::Seed;
use mockkit::market::Market;
use uuid::Uuid;

use crate::settings::Restrictions;

/// An instrument that can be traded here.
#[derive(Clone, Debug)]
pub struct Asset {
    /// The same in every run.
    pub id: Uuid,
    pub symbol: String,
    pub name: String,
    pub class: AssetClass,
    pub exchange: &'static str,
    pub tradable: bool,
    pub shortable: bool,
    pub fractionable: bool,
    /// CUSIP of the shares.
    pub cusip: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssetClass {
    Equity,
    Crypto,
}

/// Name and CUSIP of the instruments in the replayed data.
const KNOWN: [(&str, &str, &str); 5] = [
    ("AAPL", "Apple Inc. Common Stock", "037833100"),
    ("AIG", "American International Group, Inc.", "026874784"),
    ("BAC", "Bank of America Corporation", "060505104"),
    ("IBM", "International Business Machines Corporation", "459200101"),
    ("SPY", "SPDR S&P 500 ETF Trust", "78462F103"),
];

const CRYPTO: [(&str, &str); 2] = [("BTC/USD", "Bitcoin"), ("ETH/USD", "Ethereum")];

/// Everything that can be asked for: first the market's listings, at the same index, then crypto.
pub fn assets(market: &Market, restrictions: &Restrictions) -> Vec<Asset> {
    let listed = market.listings().iter().map(|listing| {
        let known = KNOWN.iter().find(|(symbol, ..)| *symbol == listing.symbol);
        let (_, name, cusip) = known.copied().unwrap_or(("", "", ""));
        let is_free = |list: &[String]| !list.contains(&listing.symbol);
        Asset {
            id: id(&listing.symbol),
            symbol: listing.symbol.clone(),
            name: if name.is_empty() { listing.symbol.clone() } else { name.to_owned() },
            class: AssetClass::Equity,
            exchange: exchange(listing.venue),
            tradable: is_free(&restrictions.not_tradable),
            shortable: is_free(&restrictions.not_shortable),
            fractionable: is_free(&restrictions.not_fractionable),
            cusip,
        }
    });
    let crypto = CRYPTO.iter().map(|(symbol, name)| Asset {
        id: id(symbol),
        symbol: (*symbol).to_owned(),
        name: (*name).to_owned(),
        class: AssetClass::Crypto,
        exchange: "CRYPTO",
        tradable: true,
        shortable: false,
        fractionable: true,
        cusip: "",
    });
    listed.chain(crypto).collect()
}

/// By symbol (crypto with or without its slash) or by id, with or without hyphens.
pub fn find(assets: &[Asset], symbol_or_id: &str) -> Option<usize> {
    let id = Uuid::try_parse(symbol_or_id).ok();
    assets.iter().position(|asset| {
        asset.symbol == symbol_or_id
            || Some(asset.id) == id
            || (asset.class == AssetClass::Crypto && asset.symbol.replace('/', "") == symbol_or_id)
    })
}

impl Asset {
    /// Letter of the consolidated tape that reports its trades.
    pub fn tape(&self) -> char {
        match self.exchange {
            "NYSE" => 'A',
            "NASDAQ" => 'C',
            _ => 'B',
        }
    }
}

impl AssetClass {
    pub fn as_str(self) -> &'static str {
        match self {
            AssetClass::Equity => "us_equity",
            AssetClass::Crypto => "crypto",
        }
    }
}

fn id(symbol: &str) -> Uuid {
    Seed::new(0).uuid(symbol, 0)
}

fn exchange(venue: char) -> &'static str {
    match venue {
        'N' => "NYSE",
        'P' => "ARCA",
        'A' => "AMEX",
        'Z' => "BATS",
        _ => "NASDAQ",
    }
}
