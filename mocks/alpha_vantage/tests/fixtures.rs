//! The vendor's own samples beside what the mock answers to the same request.
#![allow(clippy::unwrap_used)]

mod client;

use std::collections::BTreeSet;

use client::{Mock, frozen, start};
use serde_json::Value;

/// The keys of every object in a value, as paths. Times that name rows count as one key.
fn keys(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(value, "", &mut found);
    found
}

fn walk(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let is_time = key.len() >= 10 && key.starts_with(|c: char| c.is_ascii_digit());
                let is_time = is_time && key.as_bytes()[4] == b'-';
                let path = format!("{path}/{}", if is_time { "TIME" } else { key });
                walk(value, &path, found);
                found.insert(path);
            }
        }
        Value::Array(items) => {
            items.iter().for_each(|item| walk(item, &format!("{path}[]"), found));
        }
        Value::String(_) => drop(found.insert(format!("{path} is text"))),
        Value::Number(_) => drop(found.insert(format!("{path} is a number"))),
        Value::Null | Value::Bool(_) => {}
    }
}

fn fixture(name: &str) -> String {
    let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

async fn same_keys(mock: &Mock, name: &str, query: &str) {
    let theirs: Value = serde_json::from_str(&fixture(name)).unwrap();
    assert_eq!(keys(&mock.json(query).await), keys(&theirs), "{name}");
}

#[tokio::test]
async fn json_has_the_keys_of_the_samples() {
    let mock = start(frozen()).await;
    for (name, query) in [
        ("weekly_adjusted_ibm_2rows.json", "function=TIME_SERIES_WEEKLY_ADJUSTED&symbol=IBM"),
        ("intraday_1min_msft_2017.json", "function=TIME_SERIES_INTRADAY&symbol=IBM&interval=1min"),
        ("global_quote_msft.json", "function=GLOBAL_QUOTE&symbol=IBM"),
        ("symbol_search_ba.json", "function=SYMBOL_SEARCH&keywords=BA"),
        ("market_status.json", "function=MARKET_STATUS"),
        ("overview_ibm.json", "function=OVERVIEW&symbol=IBM"),
        ("overview_ibm.json", "function=OVERVIEW&symbol=AAPL"),
        ("income_statement_ibm.json", "function=INCOME_STATEMENT&symbol=IBM"),
        ("income_statement_ibm.json", "function=INCOME_STATEMENT&symbol=BAC"),
        ("earnings_ibm.json", "function=EARNINGS&symbol=IBM"),
        ("earnings_ibm.json", "function=EARNINGS&symbol=AIG"),
        ("dividends_ibm.json", "function=DIVIDENDS&symbol=IBM"),
        ("dividends_ibm.json", "function=DIVIDENDS&symbol=SPY"),
        ("news_sentiment_aapl.json", "function=NEWS_SENTIMENT&tickers=AAPL"),
        (
            "currency_exchange_rate_usd_jpy.json",
            "function=CURRENCY_EXCHANGE_RATE&from_currency=USD&to_currency=JPY",
        ),
        (
            "currency_exchange_rate_no_bid_ask.json",
            "function=CURRENCY_EXCHANGE_RATE&from_currency=BTC&to_currency=ETH",
        ),
        ("fx_daily_usd_eur.json", "function=FX_DAILY&from_symbol=USD&to_symbol=EUR"),
        ("error_unknown_function.json", "function=123"),
    ] {
        same_keys(&mock, name, query).await;
    }
}

#[tokio::test]
async fn csv_has_the_headers_of_the_samples() {
    let mock = start(frozen()).await;
    for (name, query) in [
        ("daily_ibm.csv", "function=TIME_SERIES_DAILY&symbol=IBM"),
        ("daily_adjusted_ibm.csv", "function=TIME_SERIES_DAILY_ADJUSTED&symbol=IBM"),
        ("monthly_adjusted_ibm.csv", "function=TIME_SERIES_MONTHLY_ADJUSTED&symbol=IBM"),
        ("intraday_5min_ibm.csv", "function=TIME_SERIES_INTRADAY&symbol=IBM&interval=5min"),
        ("global_quote_ibm.csv", "function=GLOBAL_QUOTE&symbol=IBM"),
        ("symbol_search_ba_2.csv", "function=SYMBOL_SEARCH&keywords=BA"),
        ("listing_status_head.csv", "function=LISTING_STATUS"),
        ("splits_ibm.csv", "function=SPLITS&symbol=IBM"),
    ] {
        let theirs = fixture(name);
        let header = theirs.lines().next().unwrap();
        let rows = mock.csv(query).await;
        assert_eq!(rows[0].join(","), header, "{name}");
        assert!(rows.len() > 1 && rows.iter().all(|row| row.len() == rows[0].len()), "{name}");
    }
}

#[tokio::test]
async fn what_the_samples_tell_of_ibm_is_told_again() {
    let mock = start(frozen()).await;
    mock.set_clock("2026-05-17T16:00:00Z").await;
    for (name, query) in [
        ("income_statement_ibm.json", "function=INCOME_STATEMENT&symbol=IBM"),
        ("earnings_ibm.json", "function=EARNINGS&symbol=IBM"),
        ("dividends_ibm.json", "function=DIVIDENDS&symbol=IBM"),
        ("market_status.json", "function=MARKET_STATUS"),
    ] {
        // To the byte, so also in the order of keys and in the indentation.
        assert_eq!(mock.ask(query).await.text.trim_end(), fixture(name).trim_end(), "{name}");
    }
    let splits = mock.ask("function=SPLITS&symbol=IBM&datatype=csv").await.text;
    assert_eq!(splits.trim_end(), fixture("splits_ibm.csv").trim_end());
    let mut theirs: Value = serde_json::from_str(&fixture("overview_ibm.json")).unwrap();
    let mut ours = mock.json("function=OVERVIEW&symbol=IBM").await;
    // The publisher's text is not repeated.
    assert_ne!(ours["Description"].take(), theirs["Description"].take());
    assert_eq!(ours, theirs);
}

#[tokio::test]
async fn refusals_are_the_samples() {
    let mock = start(frozen()).await;
    let theirs: Value = serde_json::from_str(&fixture("error_invalid_apikey.json")).unwrap();
    assert_eq!(mock.as_key("wrong", "function=TIME_SERIES_DAILY").await.json(), theirs);
    let theirs: Value = serde_json::from_str(&fixture("error_unknown_function.json")).unwrap();
    assert_eq!(mock.json("function=123").await, theirs);
    mock.control("/_mock/faults", serde_json::json!({ "kind": "note" })).await;
    let theirs: Value = serde_json::from_str(&fixture("error_note_5_per_minute.json")).unwrap();
    assert_eq!(mock.json("function=MARKET_STATUS").await, theirs);
    let theirs: Value =
        serde_json::from_str(&fixture("realtime_bulk_quotes_free_key.json")).unwrap();
    let free =
        client::settings(serde_json::json!({ "accounts": [{ "key": "f", "plan": "free" }] }));
    let mock = start(free).await;
    let query = "function=REALTIME_BULK_QUOTES&symbol=MSFT,AAPL,IBM&datatype=csv";
    assert_eq!(mock.as_key("f", query).await.json(), theirs);
}

/// Dividends come twice, from the fixture and from the factors of the market data.
#[tokio::test]
async fn dividends_of_series_and_events_agree() {
    let mock = start(frozen()).await;
    mock.set_clock("2015-12-31T22:00:00Z").await;
    let events = mock.json("function=DIVIDENDS&symbol=IBM").await;
    let series = mock.json("function=TIME_SERIES_DAILY_ADJUSTED&symbol=IBM&outputsize=full").await;
    let series = series["Time Series (Daily)"].as_object().unwrap();
    let number = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
    let mut compared = 0;
    for event in events["data"].as_array().unwrap() {
        let Some(day) = series.get(event["ex_dividend_date"].as_str().unwrap()) else { continue };
        let (told, paid) = (number(&event["amount"]), number(&day["7. dividend amount"]));
        assert!((told - paid).abs() < 0.001, "{event} {paid}");
        compared += 1;
    }
    let paid = series.values().filter(|day| number(&day["7. dividend amount"]) > 0.0).count();
    assert_eq!((compared, paid), (16, 16));
}
