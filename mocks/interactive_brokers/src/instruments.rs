//! What can be traded here: the replayed listings, and a few instruments of other kinds whose
//! prices follow them or stand still.

use jiff::civil::Date;
use mockkit::Seed;
use mockkit::market::{Mark, Market, Price, Quote, Tape, Trade};
use rust_decimal::Decimal;

use crate::options::{self, Terms};
use crate::times;
use crate::wire::Contract;

pub type Index = usize;

#[derive(Clone, Debug)]
pub struct Instrument {
    pub con_id: i32,
    pub symbol: String,
    pub sec_type: &'static str,
    pub currency: &'static str,
    pub primary: &'static str,
    /// The first is where a request without a venue goes.
    pub exchanges: &'static [&'static str],
    pub local_symbol: String,
    pub trading_class: String,
    pub long_name: String,
    /// Last day of a future or option; empty for others.
    pub last_trade: String,
    /// Of an option.
    pub terms: Option<Terms>,
    pub multiplier: Option<f64>,
    pub min_tick: Decimal,
    pub size_step: Decimal,
    pub market_rule: i32,
    pub isin: &'static str,
    pub stock_type: &'static str,
    pub trade: Industry,
    pub under: Option<Index>,
    pub source: Source,
}

/// What a company does, from the general to the particular.
#[derive(Clone, Copy, Debug, Default)]
pub struct Industry {
    pub industry: &'static str,
    pub category: &'static str,
    pub subcategory: &'static str,
}

/// Where prices come from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// A listing of the replayed market.
    Listing(usize),
    /// So many times a listing's prices, rounded to the tick; `quoted` if it has bid and ask.
    Times { listing: usize, factor: i64, quoted: bool },
    /// By a model, from a listing's prices.
    Option { listing: usize, terms: Terms },
    /// Always the same bid and ask.
    Still { bid: Price, ask: Price },
    /// Known by name only.
    Nowhere,
}

const SMART: &[&str] = &[
    "SMART", "AMEX", "NYSE", "CBOE", "PHLX", "ISE", "CHX", "ARCA", "NASDAQ", "DRCTEDGE", "BEX",
    "BATS", "EDGEA", "BYX", "IEX", "EDGX", "PEARL", "MEMX", "PSX",
];

struct Known {
    symbol: &'static str,
    con_id: i32,
    name: &'static str,
    isin: &'static str,
    stock_type: &'static str,
    trade: Industry,
}

/// What the vendor says of the listings in the embedded data.
const KNOWN: [Known; 5] = [
    Known {
        symbol: "AAPL",
        con_id: 265_598,
        name: "APPLE INC",
        isin: "US0378331005",
        stock_type: "COMMON",
        trade: Industry { industry: "Technology", category: "Computers", subcategory: "Computers" },
    },
    Known {
        symbol: "AIG",
        con_id: 61_319_701,
        name: "AMERICAN INTERNATIONAL GROUP",
        isin: "US0268747849",
        stock_type: "COMMON",
        trade: Industry {
            industry: "Financial",
            category: "Insurance",
            subcategory: "Multi-line Insurance",
        },
    },
    Known {
        symbol: "BAC",
        con_id: 10_098,
        name: "BANK OF AMERICA CORP",
        isin: "US0605051046",
        stock_type: "COMMON",
        trade: Industry {
            industry: "Financial",
            category: "Banks",
            subcategory: "Diversified Banking Inst",
        },
    },
    Known {
        symbol: "IBM",
        con_id: 8_314,
        name: "INTL BUSINESS MACHINES CORP",
        isin: "US4592001014",
        stock_type: "COMMON",
        trade: Industry {
            industry: "Technology",
            category: "Computers",
            subcategory: "Computer Services",
        },
    },
    Known {
        symbol: "SPY",
        con_id: 756_733,
        name: "SS SPDR S&P 500 ETF TRUST-US",
        isin: "US78462F1030",
        stock_type: "ETF",
        trade: Industry {
            industry: "Funds",
            category: "Equity Fund",
            subcategory: "Growth&Income-Large Cap",
        },
    },
];

const CENT: Decimal = Decimal::from_parts(1, 0, 0, false, 2);
const QUARTER: Decimal = Decimal::from_parts(25, 0, 0, false, 2);
const HALF_PIP: Decimal = Decimal::from_parts(5, 0, 0, false, 5);
/// Shares that a made-up quote shows.
const STILL_SIZE: u32 = 1_000_000;
/// Half a spread of an option, in ten-thousandths of a dollar, and what its quote shows.
const OPTION_SPREAD: i64 = 300;
const OPTION_SIZE: u32 = 50;

/// First the market's listings, at the same index, then the others. The option chains are those of
/// the day on which the tape stands.
pub fn catalog(market: &Market, tape: &Tape) -> Vec<Instrument> {
    let listings = market.listings().iter().enumerate();
    let mut all: Vec<Instrument> =
        listings.map(|(index, listing)| stock(index, &listing.symbol, listing.venue)).collect();
    if let Some(ibm) = market.index("IBM") {
        let base = all[ibm].clone();
        all.push(Instrument {
            con_id: 38_708_990,
            currency: "MXN",
            primary: "MEXI",
            exchanges: &["MEXI"],
            trading_class: "IBM".into(),
            source: Source::Nowhere,
            ..base
        });
    }
    if let Some(spy) = market.index("SPY") {
        all.push(index(spy));
        all.push(future(spy, all.len() - 1));
    }
    all.push(pair("EUR", 12_087_792, Price(13_581), Price(13_582)));
    all.push(pair("GBP", 12_087_797, Price(16_091), Price(16_093)));
    for listing in 0..market.listings().len() {
        let chain = chain(&all[listing], listing, tape);
        all.extend(chain);
    }
    all
}

/// The options on a listing.
fn chain(under: &Instrument, listing: usize, tape: &Tape) -> Vec<Instrument> {
    let mark = &tape.marks()[listing];
    let price = mark.trade.map(|trade| trade.price).or(mark.previous_close);
    let strikes = options::strikes(price.unwrap_or(Price(1_000_000)));
    let mut chain = Vec::new();
    for date in options::expirations(tape.day().date) {
        for strike in &strikes {
            for call in [true, false] {
                let terms = Terms { call, strike: *strike, expires: options::end(date) };
                chain.push(option(under, listing, date, terms));
            }
        }
    }
    chain
}

fn option(under: &Instrument, listing: usize, date: Date, terms: Terms) -> Instrument {
    let local_symbol = options::local_symbol(&under.symbol, date, &terms);
    let made_up = Seed::new(0).below(&local_symbol, 0, 900_000_000) + 1_100_000_000;
    Instrument {
        con_id: i32::try_from(made_up).unwrap_or(1),
        sec_type: "OPT",
        primary: "",
        exchanges: &["SMART", "AMEX", "CBOE", "ISE", "PHLX", "BOX"],
        local_symbol,
        trading_class: under.symbol.clone(),
        last_trade: times::day(date),
        terms: Some(terms),
        multiplier: Some(100.0),
        market_rule: 110,
        isin: "",
        stock_type: "",
        under: Some(listing),
        source: Source::Option { listing, terms },
        ..under.clone()
    }
}

fn stock(index: usize, symbol: &str, venue: char) -> Instrument {
    let known = KNOWN.iter().find(|known| known.symbol == symbol);
    let made_up = Seed::new(0).below(symbol, 0, 900_000_000) + 100_000_000;
    let primary = match venue {
        'N' => "NYSE",
        'P' => "ARCA",
        'A' => "AMEX",
        'Z' => "BATS",
        _ => "NASDAQ",
    };
    Instrument {
        con_id: known.map_or(i32::try_from(made_up).unwrap_or(1), |known| known.con_id),
        symbol: symbol.to_owned(),
        sec_type: "STK",
        currency: "USD",
        primary,
        exchanges: SMART,
        local_symbol: symbol.to_owned(),
        trading_class: if primary == "NASDAQ" { "NMS".into() } else { symbol.to_owned() },
        long_name: known.map_or(symbol, |known| known.name).to_owned(),
        last_trade: String::new(),
        terms: None,
        multiplier: None,
        min_tick: CENT,
        size_step: Decimal::ONE,
        market_rule: 26,
        isin: known.map_or("", |known| known.isin),
        stock_type: known.map_or("COMMON", |known| known.stock_type),
        trade: known.map_or(Industry::default(), |known| known.trade),
        under: None,
        source: Source::Listing(index),
    }
}

/// The index that the fund follows, as far as ten times its price goes.
fn index(spy: usize) -> Instrument {
    Instrument {
        con_id: 416_904,
        sec_type: "IND",
        primary: "",
        exchanges: &["CBOE"],
        long_name: "S&P 500 Stock Index".into(),
        trading_class: "SPX".into(),
        stock_type: "",
        isin: "",
        trade: Industry {
            industry: "Indices",
            category: "Broad Range Equity Index",
            subcategory: "*",
        },
        source: Source::Times { listing: spy, factor: 10, quoted: false },
        ..stock(spy, "SPX", 'N')
    }
}

fn future(spy: usize, under: Index) -> Instrument {
    Instrument {
        con_id: 97_589_608,
        sec_type: "FUT",
        primary: "",
        exchanges: &["CME"],
        long_name: "E-mini S&P 500".into(),
        local_symbol: "ESZ3".into(),
        trading_class: "ES".into(),
        last_trade: "20131220".into(),
        multiplier: Some(50.0),
        min_tick: QUARTER,
        market_rule: 67,
        stock_type: "",
        isin: "",
        trade: Industry {
            industry: "Indices",
            category: "Broad Range Equity Index",
            subcategory: "*",
        },
        under: Some(under),
        source: Source::Times { listing: spy, factor: 10, quoted: true },
        ..stock(spy, "ES", 'N')
    }
}

fn pair(base: &str, con_id: i32, bid: Price, ask: Price) -> Instrument {
    Instrument {
        con_id,
        sec_type: "CASH",
        primary: "",
        exchanges: &["IDEALPRO"],
        long_name: format!("{base}.USD"),
        local_symbol: format!("{base}.USD"),
        trading_class: format!("{base}.USD"),
        min_tick: HALF_PIP,
        size_step: CENT,
        market_rule: 239,
        stock_type: "",
        isin: "",
        source: Source::Still { bid, ask },
        ..stock(0, base, 'N')
    }
}

impl Instrument {
    /// What goes with orders, positions and executions.
    pub fn contract(&self, exchange: &str) -> Contract {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Contract {
            con_id: Some(self.con_id),
            symbol: Some(self.symbol.clone()),
            sec_type: Some(self.sec_type.to_owned()),
            last_trade_date_or_contract_month: text(&self.last_trade),
            strike: self.terms.map(|terms| terms.strike),
            right: self.terms.map(|terms| if terms.call { "C" } else { "P" }.to_owned()),
            multiplier: self.multiplier,
            exchange: text(exchange),
            primary_exch: text(self.primary),
            currency: Some(self.currency.to_owned()),
            local_symbol: Some(self.local_symbol.clone()),
            trading_class: Some(self.trading_class.clone()),
            ..Contract::default()
        }
    }

    pub fn multiple(&self) -> Decimal {
        self.multiplier.and_then(crate::numbers::decimal).unwrap_or(Decimal::ONE)
    }

    pub fn routes(&self) -> &'static str {
        self.exchanges.first().copied().unwrap_or_default()
    }

    /// Where a position in it is said to be.
    pub fn home(&self) -> &'static str {
        if self.primary.is_empty() { self.routes() } else { self.primary }
    }

    /// The listing whose history is its own, and how many times its prices are taken.
    pub fn listing(&self) -> Option<(usize, i64)> {
        match self.source {
            Source::Listing(listing) => Some((listing, 1)),
            Source::Times { listing, factor, .. } => Some((listing, factor)),
            Source::Option { .. } | Source::Still { .. } | Source::Nowhere => None,
        }
    }

    /// The listing whose quotes and trades move its price.
    pub fn moved_by(&self) -> Option<usize> {
        match self.source {
            Source::Option { listing, .. } => Some(listing),
            _ => self.listing().map(|(listing, _)| listing),
        }
    }

    /// Its market as of now.
    pub fn mark(&self, tape: &Tape) -> Mark {
        match self.source {
            Source::Listing(listing) => tape.marks()[listing],
            Source::Times { listing, quoted, .. } => {
                let mark = tape.marks()[listing];
                Mark {
                    quote: mark.quote.filter(|_| quoted).map(|quote| self.quote(quote)),
                    quote_number: mark.quote_number,
                    trade: mark.trade.map(|trade| self.print(trade)),
                    previous_close: mark.previous_close.map(|close| self.scaled(close)),
                }
            }
            Source::Option { listing, .. } => {
                let mark = tape.marks()[listing];
                Mark {
                    quote: mark.quote.map(|quote| self.quote(quote)),
                    quote_number: mark.quote_number,
                    trade: mark.trade.map(|trade| self.print(trade)),
                    previous_close: None,
                }
            }
            Source::Still { bid, ask } => Mark {
                quote: Some(Quote {
                    time: tape.day().events.first().map_or(0, |event| event.time),
                    bid,
                    bid_size: STILL_SIZE,
                    bid_venue: 'I',
                    ask,
                    ask_size: STILL_SIZE,
                    ask_venue: 'I',
                }),
                quote_number: 1,
                trade: None,
                previous_close: Some(bid),
            },
            Source::Nowhere => Mark::default(),
        }
    }

    /// So many times a listing's price, on a tick.
    fn scaled(&self, price: Price) -> Price {
        let Source::Times { factor, .. } = self.source else { return price };
        let tick = self.min_tick_units();
        let scaled = price.0 * factor;
        Price((scaled + tick / 2).div_euclid(tick) * tick)
    }

    /// A listing's quote as this instrument's.
    pub fn quote(&self, quote: Quote) -> Quote {
        match self.source {
            Source::Times { .. } => {
                let bid = self.scaled(quote.bid);
                let ask = self.scaled(quote.ask).max(Price(bid.0 + self.min_tick_units()));
                Quote { bid, ask, ..quote }
            }
            Source::Option { terms, .. } => {
                let middle = terms.price(Price((quote.bid.0 + quote.ask.0) / 2), quote.time);
                let bid = Price((middle.0 - OPTION_SPREAD).max(self.min_tick_units()));
                let ask = Price(middle.0 + OPTION_SPREAD);
                Quote { bid, ask, bid_size: OPTION_SIZE, ask_size: OPTION_SIZE, ..quote }
            }
            _ => quote,
        }
    }

    /// A listing's trade as this instrument's.
    pub fn print(&self, trade: Trade) -> Trade {
        match self.source {
            Source::Times { .. } => Trade { price: self.scaled(trade.price), ..trade },
            Source::Option { terms, .. } => {
                let price = terms.price(trade.price, trade.time);
                Trade { price, size: 1, ..trade }
            }
            _ => trade,
        }
    }

    fn min_tick_units(&self) -> i64 {
        let units = self.min_tick * Decimal::from(10_000);
        i64::try_from(units.trunc()).unwrap_or(1).max(1)
    }
}
