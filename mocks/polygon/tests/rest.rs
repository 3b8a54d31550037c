//! REST: filters, pages, adjustments, plans and refusals.

#![allow(clippy::unwrap_used)]

mod client;

use client::{Mock, fixture, frozen, number, start};
use polygon_mock::{Key, Plan, Settings};
use serde_json::{Value, json};

const MINUTES: &str = "/v2/aggs/ticker/BAC/range/1/minute/2013-10-07/2013-10-07";

async fn later() -> Mock {
    let mock = start(frozen()).await;
    mock.advance(900.0).await;
    mock
}

#[tokio::test]
async fn pages_add_up_to_the_whole() {
    let mock = later().await;
    for (path, few) in [
        ("/v2/aggs/ticker/AAPL/range/1/day/2013-01-01/2013-10-07", 37),
        ("/v2/aggs/ticker/AAPL/range/1/week/2012-01-01/2013-10-07", 37),
        ("/v2/aggs/ticker/AAPL/range/1/month/2012-01-01/2013-10-07?sort=desc", 37),
        ("/v2/aggs/ticker/AAPL/range/1/year/2012-01-01/2013-10-07", 1),
        ("/v2/aggs/ticker/BAC/range/15/minute/2013-10-07/2013-10-07", 7),
        ("/v2/aggs/ticker/BAC/range/15/minute/2013-10-07/2013-10-07?sort=desc", 7),
        ("/v2/aggs/ticker/BAC/range/1/hour/2013-10-07/2013-10-07?sort=desc", 1),
        ("/v2/aggs/ticker/BAC/range/7/second/2013-10-07/2013-10-07", 100),
        ("/v3/trades/BAC", 300),
        ("/v3/trades/IBM?order=asc&timestamp.gte=2013-10-07", 100),
        ("/v3/quotes/BAC?timestamp.lt=1381152700000000000", 111),
        ("/v3/reference/tickers", 3),
        ("/v3/reference/dividends", 50),
        ("/v3/reference/dividends?ticker=IBM&order=asc", 7),
        ("/v3/reference/conditions", 9),
        ("/v2/reference/news?ticker=IBM", 17),
        ("/vX/reference/financials?timeframe=quarterly", 9),
        ("/stocks/v1/short-interest?ticker.gte=BAC", 11),
        ("/fed/v1/treasury-yields?sort=date.desc", 100),
        ("/v3/snapshot?type=stocks", 2),
        ("/v3/reference/options/contracts", 2),
    ] {
        let mark = if path.contains('?') { '&' } else { '?' };
        let most = ["v3/trades", "v3/quotes", "v2/aggs"].iter().any(|name| path.contains(name));
        let most = match path {
            _ if most => 50_000,
            _ if path.contains("financials") => 100,
            _ if path.contains("snapshot") => 250,
            _ => 1_000,
        };
        let (whole, _) = mock.pages(&format!("{path}{mark}limit={most}")).await;
        let (paged, pages) = mock.pages(&format!("{path}{mark}limit={few}")).await;
        assert!(pages > 1, "{path} has one page only");
        assert_eq!(paged.len(), whole.len(), "{path}");
        assert_eq!(paged, whole, "{path}");
    }
}

#[tokio::test]
async fn pages_stay_as_they_were_while_time_goes_on() {
    let mock = start(frozen()).await;
    let first = mock.get("/v3/trades/BAC?limit=3").await;
    let next = first.json()["next_url"].as_str().unwrap().to_owned();
    let (_, path) = next.split_once(&mock.running.address().to_string()).unwrap();
    mock.advance(60.0).await;
    let second = mock.get(path).await.results();
    let last = number(first.results().last().unwrap(), "sequence_number");
    assert_eq!(number(&second[0], "sequence_number"), last - 1, "nothing shifts the pages");
}

#[tokio::test]
async fn a_cursor_carries_the_question_but_not_the_key() {
    let mock = start(frozen()).await;
    let path = "/v3/reference/dividends?ticker=IBM&limit=2&apiKey=test-key";
    let answer = mock.send("GET", path, &[], "").await.unwrap();
    let body = answer.json();
    let next = body["next_url"].as_str().unwrap();
    assert!(!next.contains("test-key") && next.contains("/v3/reference/dividends?cursor="));
    let path = next.split_once(&mock.running.address().to_string()).unwrap().1;
    let without = mock.send("GET", path, &[], "").await.unwrap();
    assert_eq!(without.status, 401);
    let with = mock.send("GET", &format!("{path}&apiKey=test-key"), &[], "").await.unwrap();
    assert_eq!(with.results().len(), 2);
    assert!(with.results().iter().all(|row| row["ticker"] == "IBM"));

    mock.fault(json!({"kind": "foreign_next_url"})).await;
    let elsewhere = mock.get("/v3/reference/dividends").await.json();
    let next = elsewhere["next_url"].as_str().unwrap();
    assert!(!next.contains(&mock.running.address().to_string()), "{next}");
}

#[tokio::test]
async fn bars_know_splits_only_from_their_day_on() {
    let mock = start(frozen()).await;
    let path = "/v2/aggs/ticker/AAPL/range/1/day/2013-06-06/2013-06-06";
    let raw = mock.get(&format!("{path}?adjusted=false")).await.results();
    assert_eq!(mock.get(path).await.results(), raw, "the split is not known yet");
    mock.post("/_mock/clock", json!({"now": "2014-06-10T13:31:00Z"})).await;
    let adjusted = mock.get(path).await.results();
    let ratio = |name: &str| raw[0][name].as_f64().unwrap() / adjusted[0][name].as_f64().unwrap();
    assert!((ratio("c") - 7.0).abs() < 0.001 && (ratio("v") - 1.0 / 7.0).abs() < 1e-6);
    assert_eq!(mock.get(&format!("{path}?adjusted=false")).await.results(), raw);
    let splits = mock.get("/stocks/v1/splits?ticker=AAPL&limit=1").await.results();
    assert_eq!(splits[0]["historical_adjustment_factor"].to_string(), "0.142857");
    assert_eq!(splits[0]["split_to"], 7);
}

#[tokio::test]
async fn nothing_is_known_before_it_happened() {
    let mock = start(frozen()).await;
    let bars = mock.get(MINUTES).await.results();
    let last = number(bars.last().unwrap(), "t");
    assert_eq!(last, 1_381_152_600_000, "the minute from 9:30 is the last");
    let trades = mock.get("/v3/trades/BAC?limit=1").await.results();
    assert!(number(&trades[0], "sip_timestamp") < 1_381_152_660_001_000_000);
    let empty = mock.get("/v2/aggs/ticker/BAC/range/1/minute/2013-10-08/2013-10-09").await;
    let body = empty.json();
    assert!(body.get("results").is_none(), "no data, no results: {body}");
    assert_eq!((body["status"].as_str(), number(&body, "resultsCount")), (Some("OK"), 0));
    let today = mock.get("/v2/aggs/ticker/IBM/range/1/day/2013-10-07/2013-10-07").await.results();
    let so_far = &today[0];
    mock.post("/_mock/clock", json!({"now": "2013-10-07T21:00:00Z"})).await;
    let done = mock.get("/v2/aggs/ticker/IBM/range/1/day/2013-10-07/2013-10-07").await.results();
    assert!(so_far["v"].as_f64() < done[0]["v"].as_f64());
    let close = mock.get("/v1/open-close/IBM/2013-10-07").await.json();
    assert_eq!(close["close"], done[0]["c"]);
    assert!(close["afterHours"].is_number() && close["preMarket"].is_number());
}

#[tokio::test]
async fn numbers_are_written_as_they_are() {
    let mock = later().await;
    let text = |answer: client::Answer| answer.text().to_owned();
    let bars = text(mock.get("/v2/aggs/ticker/AAPL/prev").await);
    assert!(bars.contains("\"v\":9036729.0,"), "{bars}");
    let grouped = text(mock.get("/v2/aggs/grouped/locale/us/market/stocks/2013-10-04").await);
    assert!(grouped.contains("\"v\":9036729,"), "{grouped}");
    let trades = mock.get("/v3/trades/BAC?limit=50").await.results();
    assert!(trades.iter().any(|trade| number(trade, "sip_timestamp") % 100 != 0));
    let index = mock.get("/v2/aggs/ticker/I:SPX/range/1/minute/2013-10-07/2013-10-07").await;
    let row = &index.results()[0];
    assert!(row.get("v").is_none() && row.get("vw").is_none() && row["c"].as_f64() > Some(1e3));
}

#[tokio::test]
async fn refuses_in_the_vendor_s_words() {
    let mock = start(frozen()).await;
    let same = |ours: &Value, theirs: &Value| {
        for (name, value) in theirs.as_object().unwrap() {
            if name != "request_id" {
                assert_eq!(&ours[name], value, "{ours}");
            }
        }
    };
    let none = mock.send("GET", "/v3/trades/BAC", &[], "").await.unwrap();
    assert_eq!(none.status, 401);
    same(&none.json(), &fixture("error_401_no_key.json"));
    let wrong = mock.send("GET", "/v3/trades/BAC?apiKey=nope", &[], "").await.unwrap();
    assert_eq!((wrong.status, wrong.json()["error"].as_str()), (401, Some("Unknown API Key")));
    let header = "authorization: bearer test-key";
    let right = mock.send("GET", "/v3/trades/BAC?apiKey=nope", &[header], "").await.unwrap();
    assert_eq!(right.status, 200, "the header wins");
    for (path, status, member, part) in [
        ("/v3/reference/tickers/NOSUCH", 404, "message", "Ticker not found."),
        ("/v2/last/nbbo/nosuch", 404, "message", "Ticker not found."),
        ("/v2/last/trade/I:SPX", 404, "message", "Ticker not found."),
        ("/v2/last/nbbo/C:EURUSD", 404, "message", "Ticker not found."),
        ("/vX/reference/tickers/X:BTCUSD/events", 404, "message", "Ticker not found."),
        ("/v1/related-companies/I:SPX", 404, "message", "Ticker not found."),
        ("/v3/snapshot/options/SPY/O:SPY1", 404, "message", "Option Ticker not found."),
        ("/v1/open-close/BAC/2013-10-06", 404, "message", "Data not found."),
        ("/v9/anything", 404, "message", "Data not found."),
        ("/v2/aggs/ticker/BAC/range/0/day/2013-01-01/2013-02-01", 400, "error", "multiplier"),
        ("/v2/aggs/ticker/BAC/range/1/eon/2013-01-01/2013-02-01", 400, "error", "eon"),
        ("/v2/aggs/ticker/BAC/range/1/day/x/2013-02-01", 400, "error", "from"),
        ("/v2/aggs/ticker/BAC/range/1/day/2013-02-01/2013-01-01", 400, "error", "from"),
        ("/v3/trades/BAC?limit=50001", 400, "error", "limit"),
        ("/v3/trades/BAC?order=up", 400, "error", "order"),
        ("/v3/quotes/BAC?timestamp.gte=soon", 400, "error", "timestamp"),
        ("/v3/reference/dividends?frequency=often", 400, "error", "frequency"),
        ("/v3/reference/splits?sort=colour", 400, "error", "colour"),
        ("/v3/reference/tickers?active=perhaps", 400, "error", "active"),
        ("/v2/aggs/grouped/locale/mars/market/stocks/2013-10-04", 400, "error", "mars"),
        ("/v1/indicators/macd/BAC?short_window=9&long_window=9", 400, "error", "short_window"),
        ("/v1/conversion/USD/EUR?amount=1e400", 400, "error", "amount"),
    ] {
        let answer = mock.get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        let body = answer.json();
        assert!(body[member].as_str().unwrap_or_default().contains(part), "{path}: {body}");
        assert_eq!(answer.headers["x-request-id"], body["request_id"].as_str().unwrap());
        let word = if status == 404 { "NOT_FOUND" } else { "ERROR" };
        assert_eq!(body["status"], word);
    }
    let post = mock.send("POST", "/v3/trades/BAC?apiKey=test-key", &[], "{}").await.unwrap();
    assert_eq!(post.status, 405);
}

fn planned(plan: Plan) -> Settings {
    let key = Key { key: "test-key".into(), plan, requests_per_minute: Some(1_000) };
    Settings { keys: vec![key], ..frozen() }
}

#[tokio::test]
async fn plans_lack_feeds_and_periods() {
    let timeframe = "Your plan doesn't include this data timeframe.";
    let feed = "You are not entitled to this data.";
    for (plan, path, expected) in [
        (Plan::Basic, "/v3/trades/BAC", Err(feed)),
        (Plan::Basic, "/v3/snapshot", Err(feed)),
        (Plan::Basic, "/v2/aggs/ticker/IBM/range/1/day/2013-10-07/2013-10-07", Err(timeframe)),
        (Plan::Basic, "/v2/aggs/ticker/IBM/range/1/day/2011-01-03/2013-10-04", Err(timeframe)),
        (Plan::Basic, "/v1/open-close/IBM/2013-10-07", Err(timeframe)),
        (Plan::Basic, "/v2/aggs/ticker/IBM/range/1/day/2013-10-01/2013-10-07", Ok("OK")),
        (Plan::Basic, "/v3/reference/tickers", Ok("OK")),
        (Plan::Starter, "/v3/quotes/BAC", Err(feed)),
        (Plan::Starter, "/v2/last/trade/BAC", Err(feed)),
        (Plan::Starter, "/v2/snapshot/locale/us/markets/stocks/tickers", Ok("DELAYED")),
        (Plan::Starter, MINUTES, Ok("DELAYED")),
        (Plan::Advanced, "/v3/trades/BAC", Ok("OK")),
    ] {
        let answer = start(planned(plan)).await.get(path).await;
        let body = answer.json();
        match expected {
            Ok(word) => assert_eq!((answer.status, body["status"].as_str()), (200, Some(word))),
            Err(words) => {
                assert_eq!((answer.status, body["status"].as_str()), (403, Some("NOT_AUTHORIZED")));
                assert!(body["message"].as_str().unwrap().starts_with(words), "{path}: {body}");
            }
        }
    }
    let sample = fixture("error_403_timeframe.json");
    let path = "/v2/aggs/ticker/IBM/range/1/day/2013-10-07/2013-10-07";
    let ours = start(planned(Plan::Basic)).await.get(path).await.json();
    assert_eq!(ours["message"], sample["message"]);
    let starter = start(planned(Plan::Starter)).await;
    let path = "/v2/snapshot/locale/us/markets/stocks/tickers/BAC";
    let body = starter.get(path).await.json();
    assert!(body["ticker"].get("lastTrade").is_none() && body["ticker"]["min"].is_object());
    let bars = starter.get(MINUTES).await.results();
    let last = bars.last().map_or(0, |bar| number(bar, "t"));
    assert!(last <= 1_381_152_660_000 - 16 * 60_000, "a quarter of an hour late");
}

#[tokio::test]
async fn the_free_plan_has_five_requests_a_minute() {
    let key = Key { key: "free".into(), plan: Plan::Basic, requests_per_minute: None };
    let mut settings = Settings { keys: vec![key], ..frozen() };
    settings.limits.clock = polygon_mock::WindowClock::Virtual;
    let mock = start(settings).await;
    for count in 1..=6 {
        let answer = mock.get("/v3/reference/exchanges").await;
        assert_eq!(answer.status, if count <= 5 { 200 } else { 429 });
        if count == 6 {
            let body = answer.json();
            let words = "You've exceeded the maximum requests per minute, please wait or upgrade";
            assert!(body["error"].as_str().unwrap().starts_with(words), "{body}");
            assert!(!answer.headers.contains_key("retry-after"));
        }
    }
    let report = mock.get("/_mock/limits").await.json();
    assert_eq!(
        (number(&report["keys"]["free"], "limit"), number(&report["keys"]["free"], "refused")),
        (5, 1)
    );
    mock.advance(60.0).await;
    assert_eq!(mock.get("/v3/reference/exchanges").await.status, 200);
}

#[tokio::test]
async fn answers_as_the_client_likes_them() {
    let mock = later().await;
    let key = "authorization: Bearer test-key";
    let path = "/v3/trades/BAC?limit=50&order=asc";
    let table = mock.send("GET", path, &[key, "accept: text/csv"], "").await.unwrap();
    assert_eq!(table.headers["content-type"], "text/csv");
    let lines: Vec<&str> = table.text().lines().collect();
    assert_eq!(lines.len(), 51);
    assert!(lines[0].contains("sequence_number") && lines[0].contains("conditions"));
    let packed = mock.send("GET", path, &[key, "accept-encoding: gzip"], "").await.unwrap();
    assert_eq!(packed.headers["content-encoding"], "gzip");
    assert_eq!(packed.body[..2], [0x1f, 0x8b]);
}

#[tokio::test]
async fn faults_speak_like_the_vendor() {
    let mock = start(frozen()).await;
    for (fault, status, member) in [
        (json!({"status": 429}), 429, "error"),
        (json!({"status": 500}), 500, "error"),
        (json!({"status": 403}), 403, "message"),
        (json!({"status": 404}), 404, "message"),
    ] {
        mock.fault(fault).await;
        let answer = mock.get("/v3/reference/exchanges").await;
        assert_eq!(answer.status, status);
        assert!(answer.json()[member].is_string(), "{}", answer.text());
    }
    assert_eq!(mock.get("/v3/reference/exchanges").await.status, 200);
}

#[tokio::test]
async fn filters_by_what_the_reference_names() {
    let mock = later().await;
    for (path, count, check) in [
        (
            "/v3/reference/tickers?ticker.gte=B&ticker.lt=C&market=stocks",
            1,
            ("ticker", json!("BAC")),
        ),
        ("/v3/reference/tickers?ticker.any_of=IBM,SPY&type=ETF", 1, ("ticker", json!("SPY"))),
        (
            "/v3/reference/tickers?sort=desc&market=indices&ticker.lt=I:E",
            1,
            ("ticker", json!("I:DJI")),
        ),
        ("/v3/reference/tickers?cusip=459200101", 1, ("ticker", json!("IBM"))),
        ("/v3/reference/tickers?cik=0000320193", 1, ("ticker", json!("AAPL"))),
        ("/v3/reference/tickers?active=false", 1, ("active", json!(false))),
        ("/v3/reference/splits?ticker=AAPL&execution_date=2005-02-28", 1, ("split_to", json!(2))),
        ("/v3/reference/conditions?id=12", 1, ("name", json!("Form T/Extended Hours"))),
        (
            "/v3/reference/conditions?sip=UTP&asset_class=stocks&data_type=trade&id=12&sort=legacy",
            1,
            ("name", json!("Form T/Extended Hours")),
        ),
        (
            "/stocks/financials/v1/ratios?ticker=IBM&sort=date.desc",
            1,
            ("date", json!("2013-10-07")),
        ),
        ("/options/v1/exchanges?limit=1", 1, ("id", json!("300"))),
        ("/futures/v1/exchanges", 0, ("id", json!(null))),
        ("/forex/v1/exchanges", 1, ("id", json!("48"))),
        ("/fed/v1/funding-conditions?date=2013-10-04", 1, ("fed_funds_target_upper", json!(0.25))),
        (
            "/options/v3/trades/O:SPY131018C00170000?limit=1",
            1,
            ("ticker", json!("O:SPY131018C00170000")),
        ),
        ("/v1/reference/ipos?ipo_status=pending", 1, ("ticker", json!("TWTR"))),
        ("/vX/reference/ipos?ipo_status=pending", 1, ("ticker", json!("TWTR"))),
        ("/fed/v1/treasury-yields?date=2013-10-04", 1, ("date", json!("2013-10-04"))),
        ("/v3/reference/options/contracts?strike_price.gt=180", 1, ("strike_price", json!(185))),
        (
            "/stocks/financials/v1/income-statements?tickers=AAPL&fiscal_year=2012&timeframe=annual",
            1,
            ("fiscal_quarter", json!(4)),
        ),
        (
            "/stocks/v1/dividends?ticker=AAPL&split_adjusted=no&ex_dividend_date.gte=2013-08-01",
            1,
            ("frequency", json!(4)),
        ),
    ] {
        let rows = mock.get(path).await.results();
        assert_eq!(rows.len(), count, "{path}: {rows:?}");
        assert!(rows.iter().all(|row| row[check.0] == check.1), "{path}: {rows:?}");
    }
}
