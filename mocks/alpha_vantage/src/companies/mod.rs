//! Companies and funds behind the quoted symbols. What a fixture tells of a company is told as it
//! stands there; all else is made up, and consistent in itself.

pub mod books;
pub mod calendar;
pub mod earnings;
pub mod events;
pub mod funds;
pub mod holders;
mod ibm;
pub mod news;
pub mod overview;
pub mod statements;
pub mod transcripts;

use crate::call::Call;
use crate::refusal::{Refusal, Result};

/// What is known of an issuer, whatever the time.
#[derive(Clone, Copy, Debug)]
pub struct Company {
    pub symbol: &'static str,
    pub name: &'static str,
    pub about: &'static str,
    pub cik: &'static str,
    pub exchange: &'static str,
    pub sector: &'static str,
    pub industry: &'static str,
    pub address: &'static str,
    pub site: &'static str,
    /// First day of trading.
    pub listed: &'static str,
    /// Month in which the business year ends; 0 for a fund.
    pub year_end: i8,
    /// Millions.
    pub shares: f64,
    /// Millions of dollars a quarter.
    pub revenue: f64,
    /// Part of the revenue.
    pub net_margin: f64,
}

const COMPANIES: &[Company] = &[
    Company {
        symbol: "AAPL",
        name: "Apple Inc",
        about: "Apple Inc makes telephones, computers and software.",
        cik: "320193",
        exchange: "NASDAQ",
        sector: "TECHNOLOGY",
        industry: "CONSUMER ELECTRONICS",
        address: "ONE APPLE PARK WAY, CUPERTINO, CA, UNITED STATES, 95014",
        site: "https://www.apple.com",
        listed: "1980-12-12",
        year_end: 9,
        shares: 930.0,
        revenue: 42_000.0,
        net_margin: 0.22,
    },
    Company {
        symbol: "AIG",
        name: "American International Group Inc",
        about: "American International Group Inc insures property and lives.",
        cik: "5272",
        exchange: "NYSE",
        sector: "FINANCIAL SERVICES",
        industry: "INSURANCE - DIVERSIFIED",
        address: "1271 AVENUE OF THE AMERICAS, NEW YORK, NY, UNITED STATES, 10020",
        site: "https://www.aig.com",
        listed: "1984-09-07",
        year_end: 12,
        shares: 1_476.0,
        revenue: 16_800.0,
        net_margin: 0.12,
    },
    Company {
        symbol: "BAC",
        name: "Bank of America Corp",
        about: "Bank of America Corp takes deposits, lends and manages money.",
        cik: "70858",
        exchange: "NYSE",
        sector: "FINANCIAL SERVICES",
        industry: "BANKS - DIVERSIFIED",
        address: "100 NORTH TRYON STREET, CHARLOTTE, NC, UNITED STATES, 28255",
        site: "https://www.bankofamerica.com",
        listed: "1986-05-29",
        year_end: 12,
        shares: 10_680.0,
        revenue: 22_500.0,
        net_margin: 0.13,
    },
    Company {
        symbol: "IBM",
        name: "International Business Machines",
        about: "International Business Machines sells computers, software and services.",
        cik: "51143",
        exchange: "NYSE",
        sector: "TECHNOLOGY",
        industry: "INFORMATION TECHNOLOGY SERVICES",
        address: "ONE NEW ORCHARD ROAD, ARMONK, NY, UNITED STATES, 10504",
        site: "https://www.ibm.com",
        listed: "1962-01-02",
        year_end: 12,
        shares: 939.885,
        revenue: 16_900.0,
        net_margin: 0.15,
    },
    Company {
        symbol: "SPY",
        name: "SPDR S&P 500 ETF Trust",
        about: "",
        cik: "884394",
        exchange: "NYSE ARCA",
        sector: "",
        industry: "",
        address: "",
        site: "",
        listed: "1993-01-29",
        year_end: 0,
        shares: 890.0,
        revenue: 0.0,
        net_margin: 0.0,
    },
];

/// Stands for an issuer that only a data folder knows.
const UNKNOWN: Company = Company {
    symbol: "",
    name: "",
    about: "A company whose shares are quoted here.",
    cik: "None",
    exchange: "NYSE",
    sector: "INDUSTRIALS",
    industry: "CONGLOMERATES",
    address: "None",
    site: "None",
    listed: "null",
    year_end: 12,
    shares: 400.0,
    revenue: 5_000.0,
    net_margin: 0.1,
};

impl Company {
    pub fn is_fund(&self) -> bool {
        self.year_end == 0
    }
}

pub fn find(symbol: &str) -> Option<&'static Company> {
    COMPANIES.iter().find(|company| company.symbol == symbol)
}

/// What is known of a listing's issuer.
pub fn of(symbol: &str) -> &'static Company {
    find(symbol).unwrap_or(&UNKNOWN)
}

/// The listing that the call names and its issuer, which must not be a fund.
fn asked(call: &Call<'_>) -> Result<(usize, &'static Company)> {
    let index = call.company()?;
    let company = of(&call.world.stocks.listing(index).symbol);
    if company.is_fund() { Err(Refusal::Empty) } else { Ok((index, company)) }
}
