//! Every fixture through `wire` and `map`, compared with `golden/`. `UPDATE_GOLDEN=1` rewrites.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use alpha_vantage::wire::{self, Refusal};
use alpha_vantage::{Ask, Interval, map};
use http::Mark;
use model::Timestamp;
use testkit::Golden;

const GOLDEN: Golden =
    Golden { folder: env!("CARGO_MANIFEST_DIR"), test: include_str!("golden.rs") };

/// What a body becomes when it is the first.
fn check(name: &str, ask: &Ask) {
    let now = Timestamp(1_790_000_000_000_000_000);
    let rows = ask.rows(&GOLDEN.bytes(name), now).unwrap();
    GOLDEN.check(name, &Mark::default().take("alpha_vantage", rows, now));
}

fn bars(symbol: &str, interval: Interval) -> Ask {
    Ask::of("TIME_SERIES", symbol, map::bar).bars(interval, false)
}

#[test]
fn time_series() {
    check("intraday_1min_msft_2017.json", &bars("MSFT", Interval::named("1min").unwrap()));
    check("intraday_5min_ibm.csv", &bars("IBM", Interval::named("5min").unwrap()));
    check("daily_ibm.csv", &bars("IBM", Interval::DAILY));
    check("daily_adjusted_ibm.csv", &bars("IBM", Interval::DAILY));
    check("monthly_adjusted_ibm.csv", &bars("IBM", Interval::MONTHLY));
    check("weekly_adjusted_ibm_2rows.json", &bars("IBM", Interval::WEEKLY));
    let fx = Ask { venue: Some("FX"), ..Ask::of("FX_DAILY", "USD/EUR", map::bar) };
    check("fx_daily_usd_eur.json", &fx);
}

#[test]
fn quotes() {
    check("global_quote_msft.json", &Ask::of("GLOBAL_QUOTE", "MSFT", map::day));
    check("global_quote_ibm.csv", &Ask::of("GLOBAL_QUOTE", "IBM", map::day));
    let rate = Ask { venue: Some("FX"), ..Ask::of("", "USD/JPY", map::exchange_rate) };
    check("currency_exchange_rate_usd_jpy.json", &rate);
    check("currency_exchange_rate_no_bid_ask.json", &rate);
}

#[test]
fn reference_data() {
    check("symbol_search_ba.json", &Ask::of("SYMBOL_SEARCH", "", map::instrument));
    check("symbol_search_ba_2.csv", &Ask::of("SYMBOL_SEARCH", "", map::instrument));
    check("listing_status_head.csv", &Ask::of("LISTING_STATUS", "", map::instrument));
    check("market_status.json", &Ask::of("MARKET_STATUS", "", map::market));
    check("dividends_ibm.json", &Ask::of("DIVIDENDS", "IBM", map::dividend));
    check("splits_ibm.csv", &Ask::of("SPLITS", "IBM", map::split));
}

#[test]
fn fundamentals_and_news() {
    let report = |function| {
        let to = ("".into(), Vec::new(), "alpha_vantage".into());
        Ask { to, ..Ask::of(function, "IBM", map::report) }
    };
    check("overview_ibm.json", &report("OVERVIEW"));
    check("income_statement_ibm.json", &report("INCOME_STATEMENT"));
    check("earnings_ibm.json", &report("EARNINGS"));
    let news = Ask::of("NEWS_SENTIMENT", "", map::article);
    check("news_sentiment_aapl.json", &news);
}

#[test]
fn refusals() {
    let refusal = |name| wire::refusal(&GOLDEN.bytes(name)).unwrap();
    assert_eq!(refusal("error_invalid_apikey.json"), Refusal::Key);
    assert_eq!(refusal("error_note_5_per_minute.json"), Refusal::Busy(Duration::from_secs(60)));
    assert!(matches!(refusal("error_unknown_function.json"), Refusal::Request(_)));
    let invented = refusal("realtime_bulk_quotes_free_key.json");
    assert!(matches!(invented, Refusal::Premium(words) if words.contains("ARTIFICIAL")));
}

#[test]
fn every_fixture_is_used_here_and_only_refusals_are_refused() {
    GOLDEN.assert_all_are_used(&[]);
    for name in GOLDEN.fixtures() {
        let is_refusal = name.starts_with("error_") || name.contains("free_key");
        assert_eq!(wire::refusal(&GOLDEN.bytes(&name)).is_some(), is_refusal, "{name}");
    }
}
