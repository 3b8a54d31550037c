//! What is known of companies beyond their prices.

use std::sync::OnceLock;

use jiff::civil::Date;

use super::Ask;
use super::codes::rows;
use crate::instruments::Instrument;
use crate::json::{Json, map};

const COMPANIES: &str = include_str!("../../data/companies.json");

/// Shares of a company that nothing is known of.
const SHARES: i64 = 1_000_000_000;

pub struct Company<'a> {
    known: Option<&'static Json>,
    instrument: Option<&'a Instrument>,
    symbol: &'a str,
    seed: mockkit::Seed,
}

/// All companies of the document.
pub fn documented() -> &'static [Json] {
    static ROWS: OnceLock<Vec<Json>> = OnceLock::new();
    ROWS.get_or_init(|| rows(COMPANIES).unwrap_or_default())
}

impl<'a> Company<'a> {
    pub fn of(ask: &Ask<'a>, symbol: &'a str) -> Company<'a> {
        let is_named = |row: &&Json| row.get("ticker").and_then(Json::text) == Some(symbol);
        Company {
            known: documented().iter().find(is_named),
            instrument: ask.core.instruments.find(symbol),
            symbol,
            seed: ask.core.seed.branch(symbol),
        }
    }

    pub fn known(&self, name: &str) -> Option<&'static Json> {
        self.known?.get(name)
    }

    pub fn text(&self, name: &str) -> Option<&'static str> {
        self.known(name)?.text()
    }

    pub fn name(&self) -> String {
        let own = self.instrument.map_or(self.symbol, |instrument| &instrument.name);
        self.text("name").unwrap_or(own).to_owned()
    }

    pub fn venue(&self) -> &'static str {
        let letter = self.instrument.map_or('Q', |instrument| instrument.venue);
        let own = match letter {
            'N' => "XNYS",
            'P' => "ARCX",
            'A' => "XASE",
            _ => "XNAS",
        };
        self.text("primary_exchange").unwrap_or(own)
    }

    pub fn kind(&self) -> &'static str {
        self.text("type").unwrap_or("CS")
    }

    pub fn cik(&self) -> String {
        let made_up = || format!("{:010}", self.seed.below("cik", 0, 2_000_000));
        self.text("cik").map_or_else(made_up, str::to_owned)
    }

    pub fn figi(&self, name: &str) -> String {
        let made_up = || format!("BBG{:09}", self.seed.below(name, 0, 1_000_000_000));
        self.text(name).map_or_else(made_up, str::to_owned)
    }

    pub fn shares(&self) -> i64 {
        match self.known("shares") {
            Some(Json::Integer(shares)) => *shares,
            _ => SHARES,
        }
    }

    pub fn delisted(&self) -> Option<&'static str> {
        self.text("delisted_utc")
    }

    pub fn listed(&self) -> Option<Date> {
        self.text("list_date")?.parse().ok()
    }

    /// A row of the list of instruments.
    pub fn row(&self, updated: &str) -> Json {
        let is_active = self.delisted().is_none();
        map([
            ("ticker", self.symbol.into()),
            ("name", self.name().into()),
            ("market", "stocks".into()),
            ("locale", "us".into()),
            ("primary_exchange", self.venue().into()),
            ("type", self.kind().into()),
            ("active", is_active.into()),
            ("currency_name", "usd".into()),
            ("cik", self.cik().into()),
            ("composite_figi", self.figi("composite_figi").into()),
            ("share_class_figi", self.figi("share_class_figi").into()),
            ("last_updated_utc", updated.into()),
        ])
        .maybe("delisted_utc", self.delisted())
    }
}
