//! Nonsense of all kinds: every answer is a refusal or an answer, and the mock goes on.
#![allow(clippy::unwrap_used)]

mod client;

use client::{Mock, frozen, start};
use mockkit::Seed;

const TRIES: u64 = 1_500;

const FUNCTIONS: [&str; 31] = [
    "TIME_SERIES_INTRADAY",
    "TIME_SERIES_DAILY",
    "TIME_SERIES_DAILY_ADJUSTED",
    "TIME_SERIES_WEEKLY_ADJUSTED",
    "GLOBAL_QUOTE",
    "REALTIME_BULK_QUOTES",
    "SYMBOL_SEARCH",
    "LISTING_STATUS",
    "MARKET_STATUS",
    "OVERVIEW",
    "ETF_PROFILE",
    "DIVIDENDS",
    "EARNINGS",
    "EARNINGS_ESTIMATES",
    "EARNINGS_CALENDAR",
    "INCOME_STATEMENT",
    "NEWS_SENTIMENT",
    "EARNINGS_CALL_TRANSCRIPT",
    "INSIDER_TRANSACTIONS",
    "CURRENCY_EXCHANGE_RATE",
    "FX_INTRADAY",
    "CRYPTO_INTRADAY",
    "DIGITAL_CURRENCY_MONTHLY",
    "TREASURY_YIELD",
    "ANALYTICS_FIXED_WINDOW",
    "ANALYTICS_SLIDING_WINDOW",
    "HISTORICAL_OPTIONS",
    "INDEX_DATA",
    "GOLD_SILVER_HISTORY",
    "BBANDS",
    "%00",
];

const PARAMETERS: [&str; 34] = [
    "symbol",
    "interval",
    "month",
    "outputsize",
    "adjusted",
    "extended_hours",
    "entitlement",
    "datatype",
    "keywords",
    "date",
    "state",
    "tickers",
    "topics",
    "time_from",
    "time_to",
    "sort",
    "limit",
    "quarter",
    "from",
    "from_currency",
    "to_currency",
    "from_symbol",
    "to_symbol",
    "market",
    "maturity",
    "horizon",
    "SYMBOLS",
    "RANGE",
    "INTERVAL",
    "CALCULATIONS",
    "WINDOW_SIZE",
    "time_period",
    "contract",
    "series_type",
];

const WORDS: [&str; 44] = [
    "",
    "0",
    "-1",
    "1",
    "50",
    "5000",
    "99999999999999999999",
    "1e400",
    "NaN",
    "IBM",
    "ibm",
    "BAC",
    "IBM,AAPL,,",
    "AAPL,IBM",
    "%00",
    "%ff%fe",
    "%F0%9F%92%A9",
    "2013-10",
    "2000-01",
    "-999-01",
    "2013-13",
    "2013-10-07",
    "9999-12-31",
    "-009999-01-01",
    "20131007T0000",
    "00000000T0000",
    "99991231T2359",
    "1min",
    "60min",
    "daily",
    "DAILY",
    "full",
    "compact",
    "true",
    "csv",
    "EUR",
    "USD",
    "BTC",
    "realtime",
    "2024Q1",
    "32767Q4",
    "9999year",
    "full",
    "MEAN,STDDEV(annualized=True),CORRELATION,HISTOGRAM((",
];

const TIMES: [&str; 6] = [
    "1970-01-01T00:00:00Z",
    "1970-01-02T00:00:00Z",
    "2012-01-03T10:00:00-05:00",
    "2013-10-08T14:30:00Z",
    "2026-11-23T12:00:00Z",
    "2199-01-01T00:00:00Z",
];

async fn check(mock: &Mock, path: &str) {
    let answer = mock.send("GET", path, &[], "").await;
    let answer = answer.unwrap_or_else(|| panic!("no answer to {path}"));
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    if answer.headers["content-type"] == "application/json" {
        answer.json();
    }
}

#[tokio::test]
async fn requests_of_all_kinds_are_answered() {
    let mock = start(frozen()).await;
    let seed = Seed::new(7);
    let mut drawn = 0;
    let mut pick = |among: &[&'static str]| {
        drawn += 1;
        among[usize::try_from(seed.below("pick", drawn, among.len() as u64)).unwrap()]
    };
    for _ in 0..TRIES {
        let mut path = format!("/query?apikey=test-key&function={}", pick(&FUNCTIONS));
        for _ in 0..8 {
            path.push_str(&format!("&{}={}", pick(&PARAMETERS), pick(&WORDS)));
        }
        check(&mock, &path).await;
    }
    for path in ["/query", "/query?", "/query?&&==&=x", "/query?apikey=%ff", "/query?apikey"] {
        check(&mock, path).await;
    }
    let long = format!("/query?apikey=test-key&function={}", "A".repeat(8_000));
    check(&mock, &long).await;
}

/// Every function is asked at odd times, when there is no past or no future in the files.
#[tokio::test]
async fn every_time_can_be_asked_about() {
    let mock = start(frozen()).await;
    let parameters = "symbol=IBM&keywords=I&interval=5min&from_symbol=EUR&to_symbol=USD&market=USD\
                      &from_currency=EUR&to_currency=JPY&quarter=2013Q1&outputsize=full\
                      &entitlement=realtime&SYMBOLS=IBM&RANGE=full&INTERVAL=DAILY\
                      &CALCULATIONS=MEAN,HISTOGRAM,CORRELATION&WINDOW_SIZE=10";
    for time in TIMES {
        mock.set_clock(time).await;
        for function in FUNCTIONS {
            let path = format!("/query?apikey=test-key&function={function}&{parameters}");
            check(&mock, &path).await;
            check(&mock, &path.replace("5min", "daily").replace("symbol=IBM", "symbol=BTC")).await;
        }
    }
}
