//! What there is to ask for: one entry a component.

use std::marker::PhantomData;

use component::{Fault, Host, Result, Settings};
use http::{Plan, Poll, Polled, Shape};

use crate::ask::{Ask, Interval, Map};
use crate::settings::{self, System};
use crate::{api, map};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;
/// Symbols in one request of the bulk functions.
const BULK: usize = 100;

const BARS: &[&str] = &["market.bars"];
const QUOTES: &[&str] = &["market.bars", "market.quotes"];
const REPORTS: &[&str] = &["reference.fundamentals"];
const ACTIONS: &[&str] = &["reference.corporate_actions"];
const INSTRUMENTS: &[&str] = &["reference.instruments"];
const ARTICLES: &[&str] = &["news.items"];
const MARKETS: &[&str] = &["reference.market_status"];
const OTHERS: &[&str] = &["alternative.records"];

/// Name of a component, where it publishes to, pause between two requests for the same.
type Kind = (&'static str, &'static [&'static str], u64);
/// Requests, and the pause where the settings say one.
type Asks = Result<(Vec<Ask>, Option<u64>)>;

/// Kinds of data with the same settings.
pub trait Feature: Settings {
    /// What they are called and do.
    const KINDS: &'static [Kind];
    /// What is to be asked for to have one of them.
    fn asks(self, kind: usize) -> Asks;
}

/// One of the kinds of a feature.
pub struct Of<F, const N: usize = 0>(PhantomData<F>);

impl<F: Feature, const N: usize> Polled for Of<F, N> {
    const NAME: &'static str = F::KINDS[N].0;
    const VENDOR: &'static str = "alpha_vantage";
    const PUBLISHES: &'static [&'static str] = F::KINDS[N].1;
    type System = System;
    type Settings = F;
    type Ask = Ask;

    fn plan(system: System, settings: F, host: &Host) -> Result<Plan<Ask>> {
        let (asks, pause) = settings.asks(N)?;
        let asks = asks.into_iter().map(|ask| ask.over(&system.connection, &host.system));
        let pause_secs = pause.unwrap_or(F::KINDS[N].2);
        Ok(Plan { http: api::open(&system, host)?, asks: asks.collect(), pause_secs })
    }
}

/// Daily bars as traded.
pub type Daily = Poll<Of<settings::Series, 0>>;
/// Daily bars adjusted for splits and dividends.
pub type DailyAdjusted = Poll<Of<settings::Series, 1>>;
/// Weekly bars as traded.
pub type Weekly = Poll<Of<settings::Series, 2>>;
/// Weekly bars adjusted for splits and dividends.
pub type WeeklyAdjusted = Poll<Of<settings::Series, 3>>;
/// Monthly bars as traded.
pub type Monthly = Poll<Of<settings::Series, 4>>;
/// Monthly bars adjusted for splits and dividends.
pub type MonthlyAdjusted = Poll<Of<settings::Series, 5>>;
/// Bars of minutes.
pub type Intraday = Poll<Of<settings::Intraday>>;
/// Bars of currencies.
pub type Fx = Poll<Of<settings::Pairs, 0>>;
/// Bars of crypto currencies.
pub type Crypto = Poll<Of<settings::Pairs, 1>>;
/// The day's prices, exchange rates.
pub type Quotes = Poll<Of<settings::Quotes>>;
/// Reports about companies.
pub type Fundamentals = Poll<Of<settings::Fundamentals>>;
/// Dividends and splits.
pub type CorporateActions = Poll<Of<settings::CorporateActions>>;
/// Instruments that match a word.
pub type Search = Poll<Of<settings::Search>>;
/// Everything listed in US markets.
pub type Listing = Poll<Of<settings::Listing>>;
/// News and its sentiment.
pub type News = Poll<Of<settings::News>>;
/// Which markets are open.
pub type MarketStatus = Poll<Of<settings::MarketStatus>>;
/// Everything else.
pub type Records = Poll<Of<settings::Records>>;

/// The time series of equities, in the order of the kinds.
const SERIES: [(&str, Interval); 6] = [
    ("TIME_SERIES_DAILY", Interval::DAILY),
    ("TIME_SERIES_DAILY_ADJUSTED", Interval::DAILY),
    ("TIME_SERIES_WEEKLY", Interval::WEEKLY),
    ("TIME_SERIES_WEEKLY_ADJUSTED", Interval::WEEKLY),
    ("TIME_SERIES_MONTHLY", Interval::MONTHLY),
    ("TIME_SERIES_MONTHLY_ADJUSTED", Interval::MONTHLY),
];

impl Feature for settings::Series {
    const KINDS: &'static [Kind] = &[
        ("alpha_vantage_daily", BARS, DAY / 2),
        ("alpha_vantage_daily_adjusted", BARS, DAY / 2),
        ("alpha_vantage_weekly", BARS, DAY),
        ("alpha_vantage_weekly_adjusted", BARS, DAY),
        ("alpha_vantage_monthly", BARS, DAY),
        ("alpha_vantage_monthly_adjusted", BARS, DAY),
    ];

    fn asks(self, kind: usize) -> Asks {
        let (function, interval) = SERIES[kind];
        let ask =
            |symbol: String| Ask::of(function, &symbol, map::bar).bars(interval, self.compact);
        Ok((some(self.symbols).into_iter().map(ask).collect(), self.poll_secs))
    }
}

impl Feature for settings::Intraday {
    const KINDS: &'static [Kind] = &[("alpha_vantage_intraday", BARS, 6 * HOUR)];

    fn asks(self, _: usize) -> Asks {
        let interval = Interval::named(self.interval.as_deref().unwrap_or("5min"))?;
        if interval.2 == 0 {
            return Err(Fault::fatal(format!("interval: {:?} is not intraday", interval.0)));
        }
        if self.end.is_some() && self.start.is_none() {
            return Err(Fault::fatal("end: there is no start"));
        }
        let months = self.start.map(|start| (start, self.end));
        let ask = |symbol: String| {
            let ask = Ask::of("TIME_SERIES_INTRADAY", &symbol, map::bar)
                .with("interval", interval.0)
                .with("adjusted", self.adjusted)
                .with("extended_hours", !self.regular_hours);
            Ask { months, ..ask }.bars(interval, false)
        };
        Ok((some(self.symbols).into_iter().map(ask).collect(), self.poll_secs))
    }
}

/// Currencies and crypto currencies: venue, first pair, names of the halves of a pair, functions
/// for days, weeks and months and for minutes.
const PAIRS: [[&str; 6]; 2] = [
    ["FX", "EUR/USD", "from_symbol", "to_symbol", "FX_", "FX_INTRADAY"],
    ["CRYPTO", "BTC/USD", "symbol", "market", "DIGITAL_CURRENCY_", "CRYPTO_INTRADAY"],
];

impl Feature for settings::Pairs {
    const KINDS: &'static [Kind] =
        &[("alpha_vantage_fx", BARS, DAY / 2), ("alpha_vantage_crypto", BARS, DAY / 2)];

    fn asks(self, kind: usize) -> Asks {
        let [venue, first, one, other, function, of_minutes] = PAIRS[kind];
        let mut asks = Vec::new();
        for pair in or(self.pairs, &[first]) {
            for word in or(self.intervals.clone(), &["daily"]) {
                let interval = Interval::named(&word)?;
                let (function, minutes) = match interval.2 {
                    0 => (format!("{function}{}", word.to_uppercase()), ""),
                    _ => (of_minutes.to_owned(), interval.0),
                };
                let ask = of_pair(&function, &pair, venue, [one, other], map::bar)?;
                asks.push(ask.with("interval", minutes).bars(interval, self.compact));
            }
        }
        Ok((asks, self.poll_secs))
    }
}

fn of_pair(
    function: &str,
    pair: &str,
    venue: &'static str,
    halves: [&str; 2],
    map: Map,
) -> Result<Ask> {
    let (one, other) = pair
        .split_once('/')
        .ok_or_else(|| Fault::fatal(format!("{pair:?} is not a pair such as \"EUR/USD\"")))?;
    let ask = Ask::of(function, pair, map).with(halves[0], one).with(halves[1], other);
    Ok(Ask { venue: Some(venue), ..ask })
}

impl Feature for settings::Quotes {
    const KINDS: &'static [Kind] = &[("alpha_vantage_quotes", QUOTES, HOUR)];

    fn asks(self, _: usize) -> Asks {
        let (function, count) =
            if self.bulk { ("REALTIME_BULK_QUOTES", BULK) } else { ("GLOBAL_QUOTE", 1) };
        let ask = |symbols: &[String]| Ask::of(function, &symbols.join(","), map::day);
        let mut asks: Vec<Ask> = some(self.symbols).chunks(count).map(ask).collect();
        for (pairs, venue) in [(self.fx_pairs, "FX"), (self.crypto_pairs, "CRYPTO")] {
            for pair in &pairs {
                let halves = ["from_currency", "to_currency"];
                let map = map::exchange_rate;
                asks.push(of_pair("CURRENCY_EXCHANGE_RATE", pair, venue, halves, map)?);
            }
        }
        Ok((asks, self.poll_secs))
    }
}

impl Feature for settings::Fundamentals {
    const KINDS: &'static [Kind] = &[("alpha_vantage_fundamentals", REPORTS, WEEK)];

    fn asks(self, _: usize) -> Asks {
        let usual = ["overview", "income_statement", "balance_sheet", "cash_flow", "earnings"];
        let symbols = some(self.symbols);
        let mut asks = Vec::new();
        for word in or(self.statements, &usual) {
            let function = word.to_uppercase();
            if map::statement(&function).is_none() {
                return Err(Fault::fatal(format!("statements: there is no report {word:?}")));
            }
            asks.extend(symbols.iter().map(|symbol| Ask::of(&function, symbol, map::report)));
        }
        Ok((asks, self.poll_secs))
    }
}

impl Feature for settings::CorporateActions {
    const KINDS: &'static [Kind] = &[("alpha_vantage_corporate_actions", ACTIONS, DAY)];

    fn asks(self, _: usize) -> Asks {
        let both: [(&str, Map); 2] = [("DIVIDENDS", map::dividend), ("SPLITS", map::split)];
        let ask = |symbol: String| both.map(|(function, map)| Ask::of(function, &symbol, map));
        Ok((some(self.symbols).into_iter().flat_map(ask).collect(), self.poll_secs))
    }
}

impl Feature for settings::Search {
    const KINDS: &'static [Kind] = &[("alpha_vantage_search", INSTRUMENTS, WEEK)];

    fn asks(self, _: usize) -> Asks {
        let ask = |word| Ask::of("SYMBOL_SEARCH", "", map::instrument).with("keywords", word);
        Ok((some(self.keywords).into_iter().map(ask).collect(), self.poll_secs))
    }
}

impl Feature for settings::Listing {
    const KINDS: &'static [Kind] = &[("alpha_vantage_listing", INSTRUMENTS, DAY)];

    fn asks(self, _: usize) -> Asks {
        let state = if self.delisted { "delisted" } else { "active" };
        let date = self.date.map(|date| date.to_string()).unwrap_or_default();
        let ask = Ask::of("LISTING_STATUS", "", map::instrument);
        Ok((vec![ask.with("state", state).with("date", date)], self.poll_secs))
    }
}

impl Feature for settings::News {
    const KINDS: &'static [Kind] = &[("alpha_vantage_news", ARTICLES, 6 * HOUR)];

    fn asks(self, _: usize) -> Asks {
        // All symbols of one request would have to occur in the same article.
        let ask = |symbol| {
            let ask = Ask::of("NEWS_SENTIMENT", "", map::article).with("tickers", symbol);
            Ask { news: Some(self.start), ..ask.with("topics", self.topics.join(",")) }
        };
        Ok((or(self.symbols, &[""]).into_iter().map(ask).collect(), self.poll_secs))
    }
}

impl Feature for settings::MarketStatus {
    const KINDS: &'static [Kind] = &[("alpha_vantage_market_status", MARKETS, HOUR)];

    fn asks(self, _: usize) -> Asks {
        Ok((vec![Ask::of("MARKET_STATUS", "", map::market)], self.poll_secs))
    }
}

impl Feature for settings::Records {
    const KINDS: &'static [Kind] = &[("alpha_vantage_records", OTHERS, DAY)];

    fn asks(self, _: usize) -> Asks {
        let mut asks = Vec::new();
        for request in or(self.requests, &["function=TREASURY_YIELD&maturity=3month"]) {
            let pairs = url::form_urlencoded::parse(request.as_bytes());
            let query: Vec<_> = pairs.map(|(k, v)| (k.as_ref().into(), v.into_owned())).collect();
            if query.first().is_none_or(|(name, _)| name != "function") {
                return Err(Fault::fatal(format!("{request:?} does not begin with function=")));
            }
            asks.push(Ask { query, shape: Shape::Series, ..Ask::of("", "", map::record) });
        }
        Ok((asks, self.poll_secs))
    }
}

fn some(list: Vec<String>) -> Vec<String> {
    or(list, &["IBM", "SPY"])
}

fn or(list: Vec<String>, default: &[&str]) -> Vec<String> {
    if list.is_empty() { default.iter().map(ToString::to_string).collect() } else { list }
}
