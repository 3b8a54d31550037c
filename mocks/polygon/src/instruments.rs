//! What the vendor knows by a symbol. Stocks are the data's own; those that have daily bars only,
//! the load symbols, and everything that is no stock borrow a stock's tape at a scale of their own.

use std::collections::BTreeMap;

use jiff::civil::Date;
use mockkit::market::{CashDividend, Listing, Market, Price, Split};

use crate::tape::Bar;

/// What the load symbols are called.
const LOAD: &str = "LOAD";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Stocks,
    Options,
    Crypto,
    Fx,
    Indices,
}

impl Class {
    /// Of a symbol, by its prefix.
    pub fn of(symbol: &str) -> Class {
        match symbol.get(..2) {
            Some("O:") => Class::Options,
            Some("X:") => Class::Crypto,
            Some("C:") => Class::Fx,
            Some("I:") => Class::Indices,
            _ => Class::Stocks,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Class::Stocks => "stocks",
            Class::Options => "options",
            Class::Crypto => "crypto",
            Class::Fx => "fx",
            Class::Indices => "indices",
        }
    }
}

/// Prices times `multiply`, divided by `divide`, rounded to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    multiply: i64,
    divide: i64,
    step: i64,
}

const SAME: Scale = Scale { multiply: 1, divide: 1, step: 1 };
const CENT: i64 = 100;

impl Scale {
    pub fn price(self, price: Price) -> Price {
        if self == SAME {
            return price;
        }
        let scaled = i128::from(price.0) * i128::from(self.multiply);
        let unit = i128::from(self.divide) * i128::from(self.step);
        let steps = (scaled + unit / 2).div_euclid(unit).max(1);
        Price(i64::try_from(steps).unwrap_or(1).saturating_mul(self.step))
    }

    pub fn bar(self, bar: Bar) -> Bar {
        Bar {
            open: self.price(bar.open),
            high: self.price(bar.high),
            low: self.price(bar.low),
            close: self.price(bar.close),
            // An average is not traded at, so it needs no step.
            vwap: Scale { step: 1, ..self }.price(bar.vwap),
            day_vwap: Scale { step: 1, ..self }.price(bar.day_vwap),
            ..bar
        }
    }
}

/// One symbol.
#[derive(Clone, Debug)]
pub struct Instrument {
    pub symbol: String,
    pub class: Class,
    pub name: String,
    /// Letter of the primary venue.
    pub venue: char,
    /// Listing whose trades and quotes it shows.
    pub tape: Option<(usize, Scale)>,
    /// Listing whose daily bars it shows.
    pub daily: Option<(usize, Scale)>,
    pub splits: Vec<Split>,
    pub dividends: Vec<CashDividend>,
    pub is_load: bool,
}

pub struct Instruments {
    list: Vec<Instrument>,
    by_symbol: BTreeMap<String, usize>,
}

/// A made-up symbol: whose tape it shows, and at what scale.
struct Borrowed {
    symbol: &'static str,
    name: &'static str,
    from: &'static str,
    scale: Scale,
}

const fn scale(multiply: i64, divide: i64, step: i64) -> Scale {
    Scale { multiply, divide, step }
}

const BORROWED: &[Borrowed] = &[
    Borrowed {
        symbol: "C:AUDUSD",
        name: "Australian Dollar - United States Dollar",
        from: "IBM",
        scale: scale(1, 193, 1),
    },
    Borrowed {
        symbol: "C:EURUSD",
        name: "Euro - United States Dollar",
        from: "SPY",
        scale: scale(1, 124, 1),
    },
    Borrowed {
        symbol: "C:GBPUSD",
        name: "British Pound - United States Dollar",
        from: "SPY",
        scale: scale(1, 104, 1),
    },
    Borrowed {
        symbol: "C:USDCAD",
        name: "United States Dollar - Canadian Dollar",
        from: "IBM",
        scale: scale(1, 176, 1),
    },
    Borrowed {
        symbol: "C:USDJPY",
        name: "United States Dollar - Japanese Yen",
        from: "BAC",
        scale: scale(7, 1, 10),
    },
    Borrowed {
        symbol: "I:DJI",
        name: "Dow Jones Industrial Average",
        from: "SPY",
        scale: scale(89, 1, CENT),
    },
    Borrowed { symbol: "I:NDX", name: "Nasdaq 100 Index", from: "SPY", scale: scale(19, 1, CENT) },
    Borrowed { symbol: "I:SPX", name: "S&P 500 Index", from: "SPY", scale: scale(10, 1, CENT) },
    Borrowed {
        symbol: "O:BAC131019C00014000",
        name: "BAC $14 Call",
        from: "BAC",
        scale: scale(1, 50, CENT),
    },
    Borrowed {
        symbol: "O:BAC131019P00014000",
        name: "BAC $14 Put",
        from: "BAC",
        scale: scale(1, 42, CENT),
    },
    Borrowed {
        symbol: "O:IBM131019C00185000",
        name: "IBM $185 Call",
        from: "IBM",
        scale: scale(1, 60, CENT),
    },
    Borrowed {
        symbol: "O:SPY131018C00170000",
        name: "SPY $170 Call",
        from: "SPY",
        scale: scale(1, 110, CENT),
    },
    Borrowed {
        symbol: "O:SPY131018P00165000",
        name: "SPY $165 Put",
        from: "SPY",
        scale: scale(1, 90, CENT),
    },
    Borrowed {
        symbol: "X:BTCUSD",
        name: "Bitcoin - United States Dollar",
        from: "IBM",
        scale: scale(2, 3, CENT),
    },
    Borrowed {
        symbol: "X:LTCUSD",
        name: "Litecoin - United States Dollar",
        from: "BAC",
        scale: scale(1, 7, CENT),
    },
];

impl Instruments {
    /// `open` is the first price of each listing on the day that is replayed, if it has one.
    pub fn new(market: &Market, date: Date, open: &[Option<Price>], load: usize) -> Instruments {
        let listings = market.listings();
        let mut list: Vec<Instrument> = Vec::new();
        for index in 0..listings.len() {
            list.push(stock(listings, index, date, open));
        }
        let real = |listing: &usize| open.get(*listing).is_some_and(Option::is_some);
        let sources: Vec<usize> = (0..listings.len()).filter(real).collect();
        for borrowed in BORROWED {
            let from = market.index(borrowed.from).filter(real).or(sources.first().copied());
            list.extend(from.map(|from| borrowed.instrument(from, &listings[from])));
        }
        for (number, from) in (1..=load).zip(sources.iter().cycle()) {
            let listing = &listings[*from];
            list.push(Instrument {
                symbol: format!("{LOAD}{number:04}"),
                class: Class::Stocks,
                name: format!("Load test symbol {number}, a copy of {}", listing.symbol),
                venue: listing.venue,
                tape: Some((*from, SAME)),
                daily: (!listing.daily.is_empty()).then_some((*from, SAME)),
                splits: Vec::new(),
                dividends: Vec::new(),
                is_load: true,
            });
        }
        list.sort_by(|a, b| a.symbol.cmp(&b.symbol));
        let symbols = list.iter().enumerate();
        let by_symbol = symbols.map(|(index, one)| (one.symbol.clone(), index)).collect();
        Instruments { list, by_symbol }
    }

    /// Sorted by symbol.
    pub fn list(&self) -> &[Instrument] {
        &self.list
    }

    pub fn find(&self, symbol: &str) -> Option<&Instrument> {
        self.index(symbol).map(|index| &self.list[index])
    }

    pub fn index(&self, symbol: &str) -> Option<usize> {
        self.by_symbol.get(symbol).copied()
    }

    pub fn of(&self, class: Class) -> impl Iterator<Item = &Instrument> {
        self.list.iter().filter(move |instrument| instrument.class == class)
    }
}

impl Instrument {
    pub fn scaled(&self, bar: Bar) -> Bar {
        self.tape.map_or(bar, |(_, scale)| scale.bar(bar))
    }

    /// Which tape of the national system it is on: A, B and C are 1, 2 and 3.
    pub fn tape_number(&self) -> u8 {
        match self.venue {
            'N' => 1,
            'P' => 2,
            _ => 3,
        }
    }

    /// Both parts of a pair's name, after its prefix.
    pub fn pair(&self) -> Option<(&str, &str)> {
        match self.class {
            Class::Fx | Class::Crypto => {
                self.symbol.get(2..).and_then(|pair| pair.split_at_checked(3))
            }
            Class::Stocks | Class::Options | Class::Indices => None,
        }
    }
}

/// A listing of the data; one with daily bars only borrows the tape of the liveliest other at a
/// scale that makes its first price the open of its own day.
fn stock(listings: &[Listing], index: usize, date: Date, open: &[Option<Price>]) -> Instrument {
    let listing = &listings[index];
    let tape = if listing.intraday {
        Some((index, SAME))
    } else {
        let day = listing.daily.iter().rfind(|bar| bar.date <= date);
        let source =
            (0..listings.len()).rfind(|other| open.get(*other).is_some_and(Option::is_some));
        day.zip(source).and_then(|(day, source)| {
            let scale = scale(day.open.0.max(1), open[source]?.0.max(1), CENT);
            Some((source, scale))
        })
    };
    Instrument {
        symbol: listing.symbol.clone(),
        class: Class::Stocks,
        name: listing.symbol.clone(),
        venue: listing.venue,
        tape,
        daily: (!listing.daily.is_empty()).then_some((index, SAME)),
        splits: listing.splits(),
        dividends: listing.cash_dividends(),
        is_load: false,
    }
}

impl Borrowed {
    fn instrument(&self, from: usize, listing: &Listing) -> Instrument {
        let daily = !listing.daily.is_empty();
        Instrument {
            symbol: self.symbol.to_owned(),
            class: Class::of(self.symbol),
            name: self.name.to_owned(),
            venue: listing.venue,
            tape: Some((from, self.scale)),
            daily: daily.then_some((from, self.scale)),
            splits: Vec::new(),
            dividends: Vec::new(),
            is_load: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_to_steps() {
        let check =
            |scale: Scale, price, scaled| assert_eq!(scale.price(Price(price)), Price(scaled));
        check(SAME, 139_050, 139_050);
        check(scale(1, 124, 1), 1_674_100, 13_501);
        check(scale(10, 1, CENT), 1_674_150, 16_741_500);
        check(scale(1, 50, CENT), 139_049, 2_800);
        check(scale(1, 1_000_000, CENT), 5, CENT);
    }

    #[test]
    fn tells_classes_apart() {
        for (symbol, class) in [
            ("AAPL", Class::Stocks),
            ("O:SPY131018C00170000", Class::Options),
            ("C:EURUSD", Class::Fx),
            ("X:BTCUSD", Class::Crypto),
            ("I:SPX", Class::Indices),
            ("", Class::Stocks),
            ("é", Class::Stocks),
        ] {
            assert_eq!(Class::of(symbol), class, "{symbol:?}");
        }
    }
}
