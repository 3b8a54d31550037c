//! What there is to ask for: one entry a component.

use component::{Fault, Result, Settings};

use crate::ask::{Ask, Map, Shape, first_of_month};
use crate::map;
use crate::poll::Poll;
use crate::settings::{self, Interval, QuoteKind, Report};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;
/// A hundred trading days are longer than this.
const COMPACT_SECS: i64 = 90 * 86_400;
/// Symbols in one request of the bulk functions.
const BULK: usize = 100;

/// Requests, and the pause between two of a kind where the settings say one.
type Plan = Result<(Vec<Ask>, Option<u64>)>;

/// One kind of data.
pub trait Feature: Send + Sync + 'static {
    /// Name of the component.
    const NAME: &'static str;
    /// Topics it publishes to.
    const PUBLISHES: &'static [&'static str] = &["market.bars"];
    /// Pause between two requests for the same, where the settings do not say.
    const PAUSE_SECS: u64 = DAY;
    /// Its settings.
    type Settings: Settings;

    /// What is to be asked for.
    fn asks(settings: Self::Settings) -> Plan;
}

/// The time series of US equities: component, function, interval, shape.
const SERIES: [(&str, &str, Interval, Shape); 6] = {
    use Interval::{Daily, Monthly, Weekly};
    use Shape::{Adjusted, Series};
    [
        ("alpha_vantage_daily", "TIME_SERIES_DAILY", Daily, Series),
        ("alpha_vantage_daily_adjusted", "TIME_SERIES_DAILY_ADJUSTED", Daily, Adjusted),
        ("alpha_vantage_weekly", "TIME_SERIES_WEEKLY", Weekly, Series),
        ("alpha_vantage_weekly_adjusted", "TIME_SERIES_WEEKLY_ADJUSTED", Weekly, Adjusted),
        ("alpha_vantage_monthly", "TIME_SERIES_MONTHLY", Monthly, Series),
        ("alpha_vantage_monthly_adjusted", "TIME_SERIES_MONTHLY_ADJUSTED", Monthly, Adjusted),
    ]
};

/// One of [`SERIES`].
pub struct Bars<const N: usize>;

impl<const N: usize> Feature for Bars<N> {
    const NAME: &'static str = SERIES[N].0;
    const PAUSE_SECS: u64 = if matches!(SERIES[N].2, Interval::Daily) { DAY / 2 } else { DAY };
    type Settings = settings::Series;

    fn asks(settings: Self::Settings) -> Plan {
        let (_, function, interval, shape) = SERIES[N];
        let covers = if settings.full { COMPACT_SECS } else { i64::MAX };
        let ask = |symbol: &String| Ask {
            interval,
            shape,
            compact_secs: (interval == Interval::Daily).then_some(covers),
            has_csv: true,
            has_entitlement: true,
            ..Ask::of(function, symbol, map::bar)
        };
        Ok((settings.symbols.iter().map(ask).collect(), settings.poll_secs))
    }
}

/// Daily bars as traded.
pub type Daily = Poll<Bars<0>>;
/// Daily bars adjusted for splits and dividends.
pub type DailyAdjusted = Poll<Bars<1>>;
/// Weekly bars as traded.
pub type Weekly = Poll<Bars<2>>;
/// Weekly bars adjusted for splits and dividends.
pub type WeeklyAdjusted = Poll<Bars<3>>;
/// Monthly bars as traded.
pub type Monthly = Poll<Bars<4>>;
/// Monthly bars adjusted for splits and dividends.
pub type MonthlyAdjusted = Poll<Bars<5>>;
/// Bars of minutes.
pub type Intraday = Poll<settings::Intraday>;
/// Bars of currencies.
pub type Fx = Poll<Fiat>;
/// Bars of crypto currencies.
pub type Crypto = Poll<Coins>;
/// The day's prices, exchange rates.
pub type Quotes = Poll<settings::Quotes>;
/// Reports about companies.
pub type Fundamentals = Poll<settings::Fundamentals>;
/// Dividends and splits.
pub type CorporateActions = Poll<settings::CorporateActions>;
/// Instruments that match a word.
pub type Search = Poll<settings::Search>;
/// Everything listed in US markets.
pub type Listing = Poll<settings::Listing>;
/// News and its sentiment.
pub type News = Poll<settings::News>;
/// Which markets are open.
pub type MarketStatus = Poll<settings::MarketStatus>;
/// Everything else.
pub type Records = Poll<settings::Records>;

impl Feature for settings::Intraday {
    const NAME: &'static str = "alpha_vantage_intraday";
    const PAUSE_SECS: u64 = 6 * HOUR;
    type Settings = Self;

    fn asks(settings: Self) -> Plan {
        let (word, _, Some(minutes)) = settings.interval.words() else {
            return Err(Fault::fatal("interval: \"1min\" to \"60min\" are intraday"));
        };
        if settings.end.is_some() && settings.start.is_none() {
            return Err(Fault::fatal("end: it needs a start"));
        }
        let months = settings.start.map(|start| (first_of_month(start), settings.end));
        let ask = |symbol: &String| Ask {
            interval: settings.interval,
            shape: Shape::Series,
            compact_secs: months.is_none().then_some(100 * 60 * minutes),
            months,
            has_csv: true,
            has_entitlement: true,
            ..Ask::of("TIME_SERIES_INTRADAY", symbol, map::bar)
                .with("interval", word)
                .with("adjusted", settings.adjusted)
                .with("extended_hours", settings.extended_hours)
        };
        Ok((settings.symbols.iter().map(ask).collect(), settings.poll_secs))
    }
}

/// Currencies.
pub struct Fiat;
/// Crypto currencies.
pub struct Coins;

impl Feature for Fiat {
    const NAME: &'static str = "alpha_vantage_fx";
    const PAUSE_SECS: u64 = DAY / 2;
    type Settings = settings::Pairs;

    fn asks(settings: Self::Settings) -> Plan {
        pairs(settings, "EUR/USD", "FX", |interval| match interval {
            Interval::Daily => ("FX_DAILY", Some(COMPACT_SECS)),
            Interval::Weekly => ("FX_WEEKLY", None),
            Interval::Monthly => ("FX_MONTHLY", None),
            _ => ("FX_INTRADAY", None),
        })
    }
}

impl Feature for Coins {
    const NAME: &'static str = "alpha_vantage_crypto";
    const PAUSE_SECS: u64 = DAY / 2;
    type Settings = settings::Pairs;

    fn asks(settings: Self::Settings) -> Plan {
        pairs(settings, "BTC/USD", "CRYPTO", |interval| match interval {
            Interval::Daily => ("DIGITAL_CURRENCY_DAILY", None),
            Interval::Weekly => ("DIGITAL_CURRENCY_WEEKLY", None),
            Interval::Monthly => ("DIGITAL_CURRENCY_MONTHLY", None),
            _ => ("CRYPTO_INTRADAY", None),
        })
    }
}

/// Bars of every pair and interval. `function` says which to ask, and what 100 days cover.
fn pairs(
    mut settings: settings::Pairs,
    default: &str,
    venue: &'static str,
    function: fn(Interval) -> (&'static str, Option<i64>),
) -> Plan {
    if settings.pairs.is_empty() {
        settings.pairs.push(default.to_owned());
    }
    let names = if venue == "FX" { ["from_symbol", "to_symbol"] } else { ["symbol", "market"] };
    let mut asks = Vec::new();
    for pair in &settings.pairs {
        for interval in &settings.intervals {
            let (word, _, minutes) = interval.words();
            let (function, covers) = function(*interval);
            let covers = minutes.map(|minutes| 100 * 60 * minutes).or(covers);
            let ask = pair_ask(function, pair, names, map::bar)?;
            let ask = if minutes.is_some() { ask.with("interval", word) } else { ask };
            asks.push(Ask {
                interval: *interval,
                shape: Shape::Series,
                venue: Some(venue),
                compact_secs: covers.map(|secs| if settings.full { secs } else { i64::MAX }),
                has_csv: true,
                ..ask
            });
        }
    }
    Ok((asks, settings.poll_secs))
}

fn pair_ask(function: &str, pair: &str, names: [&str; 2], map: Map) -> Result<Ask> {
    let (from, to) = pair
        .split_once('/')
        .ok_or_else(|| Fault::fatal(format!("{pair:?} is not a pair such as \"EUR/USD\"")))?;
    let ask = Ask::of(function, pair, map).with(names[0], from).with(names[1], to);
    Ok(Ask { zone: "UTC", ..ask })
}

impl Feature for settings::Quotes {
    const NAME: &'static str = "alpha_vantage_quotes";
    const PUBLISHES: &'static [&'static str] = &["market.bars", "market.quotes"];
    const PAUSE_SECS: u64 = HOUR;
    type Settings = Self;

    fn asks(settings: Self) -> Plan {
        let (function, map, count): (_, Map, _) = match settings.kind {
            QuoteKind::Global => ("GLOBAL_QUOTE", map::day, 1),
            QuoteKind::Bulk => ("REALTIME_BULK_QUOTES", map::day, BULK),
            QuoteKind::BidAsk => ("REALTIME_BULK_BID_ASK_PRICES", map::quote, BULK),
        };
        let ask = |symbols: &[String]| Ask {
            has_csv: true,
            has_entitlement: true,
            ..Ask::of(function, &symbols.join(","), map)
        };
        let mut asks: Vec<Ask> = settings.symbols.chunks(count).map(ask).collect();
        let names = ["from_currency", "to_currency"];
        for (pairs, venue) in [(settings.fx_pairs, "FX"), (settings.crypto_pairs, "CRYPTO")] {
            for pair in &pairs {
                let map = map::exchange_rate;
                let ask = pair_ask("CURRENCY_EXCHANGE_RATE", pair, names, map)?;
                asks.push(Ask { venue: Some(venue), ..ask });
            }
        }
        Ok((asks, settings.poll_secs))
    }
}

impl Feature for settings::Fundamentals {
    const NAME: &'static str = "alpha_vantage_fundamentals";
    const PUBLISHES: &'static [&'static str] = &["reference.fundamentals"];
    const PAUSE_SECS: u64 = WEEK;
    type Settings = Self;

    fn asks(settings: Self) -> Plan {
        let mut asks = Vec::new();
        for report in &settings.statements {
            let (function, shape) = match report {
                Report::Overview => ("OVERVIEW", Shape::Flat),
                Report::IncomeStatement => ("INCOME_STATEMENT", Shape::Table),
                Report::BalanceSheet => ("BALANCE_SHEET", Shape::Table),
                Report::CashFlow => ("CASH_FLOW", Shape::Table),
                Report::Earnings => ("EARNINGS", Shape::Table),
                Report::EarningsEstimates => ("EARNINGS_ESTIMATES", Shape::Table),
                Report::SharesOutstanding => ("SHARES_OUTSTANDING", Shape::Table),
                Report::EtfProfile => ("ETF_PROFILE", Shape::Flat),
            };
            let ask = |symbol: &String| Ask { shape, ..Ask::of(function, symbol, map::report) };
            asks.extend(settings.symbols.iter().map(ask));
        }
        Ok((asks, settings.poll_secs))
    }
}

impl Feature for settings::CorporateActions {
    const NAME: &'static str = "alpha_vantage_corporate_actions";
    const PUBLISHES: &'static [&'static str] = &["reference.corporate_actions"];
    type Settings = Self;

    fn asks(settings: Self) -> Plan {
        let both: [(&str, Map); 2] = [("DIVIDENDS", map::dividend), ("SPLITS", map::split)];
        let ask = |symbol| {
            both.map(|(function, map)| Ask { has_csv: true, ..Ask::of(function, symbol, map) })
        };
        Ok((settings.symbols.iter().flat_map(|s| ask(s)).collect(), settings.poll_secs))
    }
}

impl Feature for settings::Search {
    const NAME: &'static str = "alpha_vantage_search";
    const PUBLISHES: &'static [&'static str] = &["reference.instruments"];
    const PAUSE_SECS: u64 = WEEK;
    type Settings = Self;

    fn asks(settings: Self) -> Plan {
        let ask = |word| Ask {
            has_csv: true,
            ..Ask::of("SYMBOL_SEARCH", "", map::instrument).with("keywords", word)
        };
        Ok((settings.keywords.iter().map(ask).collect(), settings.poll_secs))
    }
}

impl Feature for settings::Listing {
    const NAME: &'static str = "alpha_vantage_listing";
    const PUBLISHES: &'static [&'static str] = &["reference.instruments"];
    type Settings = Self;

    fn asks(settings: Self) -> Plan {
        let state = if settings.delisted { "delisted" } else { "active" };
        let ask = Ask::of("LISTING_STATUS", "", map::instrument).with("state", state);
        let ask = match settings.date {
            Some(date) => ask.with("date", date),
            None => ask,
        };
        Ok((vec![ask], settings.poll_secs))
    }
}

impl Feature for settings::News {
    const NAME: &'static str = "alpha_vantage_news";
    const PUBLISHES: &'static [&'static str] = &["news.items"];
    const PAUSE_SECS: u64 = 6 * HOUR;
    type Settings = Self;

    fn asks(mut settings: Self) -> Plan {
        if settings.symbols.is_empty() {
            settings.symbols.push(String::new());
        }
        // All symbols of one request would have to occur in the same article.
        let ask = |symbol: &String| {
            let ask = Ask::of("NEWS_SENTIMENT", "", map::article);
            let ask = if symbol.is_empty() { ask } else { ask.with("tickers", symbol) };
            let topics = settings.topics.join(",");
            let ask = if topics.is_empty() { ask } else { ask.with("topics", topics) };
            Ask { shape: Shape::Series, news: Some(settings.start), zone: "UTC", ..ask }
        };
        Ok((settings.symbols.iter().map(ask).collect(), settings.poll_secs))
    }
}

impl Feature for settings::MarketStatus {
    const NAME: &'static str = "alpha_vantage_market_status";
    const PUBLISHES: &'static [&'static str] = &["reference.market_status"];
    const PAUSE_SECS: u64 = HOUR;
    type Settings = Self;

    fn asks(settings: Self) -> Plan {
        Ok((vec![Ask::of("MARKET_STATUS", "", map::market)], settings.poll_secs))
    }
}

impl Feature for settings::Records {
    const NAME: &'static str = "alpha_vantage_records";
    const PUBLISHES: &'static [&'static str] = &["alternative.records"];
    type Settings = Self;

    fn asks(settings: Self) -> Plan {
        let ask = |request: &String| {
            let query: Vec<_> = url::form_urlencoded::parse(request.as_bytes())
                .map(|(name, value)| (name.as_ref().into(), value.into_owned()))
                .collect();
            match query.first() {
                Some((name, _)) if name == "function" => {
                    Ok(Ask { query, shape: Shape::Series, ..Ask::of("", "", map::record) })
                }
                _ => Err(Fault::fatal(format!("{request:?} does not begin with function="))),
            }
        };
        let asks = settings.requests.iter().map(ask).collect::<Result<_>>()?;
        Ok((asks, settings.poll_secs))
    }
}
