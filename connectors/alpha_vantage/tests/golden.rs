//! Every fixture through `wire` and `map`, compared with `golden/`. `UPDATE_GOLDEN=1` rewrites.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use alpha_vantage::wire::{self, Refusal};
use alpha_vantage::{Ask, Interval, map};
use component::Item;
use http::Mark;
use model::Timestamp;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(folder("fixtures").join(name)).unwrap()
}

/// What a body becomes when it is the first, one event a line.
fn become_of(ask: &Ask, body: &[u8]) -> String {
    let now = Timestamp(1_790_000_000_000_000_000);
    let mut text = String::new();
    let rows = ask.rows(body, now).unwrap();
    for item in Mark::default().take("alpha_vantage", rows, now) {
        match item {
            Item::Event(event) => {
                let json = serde_json::to_string(&event).unwrap();
                writeln!(text, "{} {json}", event.info().name).unwrap();
            }
            Item::Bad { raw, bad } => {
                writeln!(text, "Bad {bad}: {}", String::from_utf8_lossy(&raw)).unwrap();
            }
        }
    }
    text
}

fn check(name: &str, ask: &Ask) {
    let text = become_of(ask, &fixture(name));
    assert!(!text.is_empty(), "{name} became nothing");
    let path = folder("golden").join(name.replace(['.'], "-") + ".txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(folder("golden")).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = text.lines().zip(golden.lines()).find(|(is, must_be)| is != must_be);
    let is_same = differs.is_none() && text.len() == golden.len();
    assert!(is_same, "{}: UPDATE_GOLDEN=1 rewrites it; {differs:#?}", path.display());
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
    let refusal = |name| wire::refusal(&fixture(name)).unwrap();
    assert_eq!(refusal("error_invalid_apikey.json"), Refusal::Key);
    assert_eq!(refusal("error_note_5_per_minute.json"), Refusal::Busy(Duration::from_secs(60)));
    assert!(matches!(refusal("error_unknown_function.json"), Refusal::Request(_)));
    let invented = refusal("realtime_bulk_quotes_free_key.json");
    assert!(matches!(invented, Refusal::Premium(words) if words.contains("ARTIFICIAL")));
}

#[test]
fn every_fixture_is_used_here_and_only_refusals_are_refused() {
    let this = include_str!("golden.rs");
    for entry in std::fs::read_dir(folder("fixtures")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "SOURCES.md" || this.contains(&name), "{name} is not used");
        let is_refusal = name.starts_with("error_") || name.contains("free_key");
        assert_eq!(wire::refusal(&fixture(&name)).is_some(), is_refusal, "{name}");
    }
}
