//! Whatever a client says, the mock answers properly and lives on.

#![allow(clippy::unwrap_used)]

mod client;

use client::{frozen, start};
use futures_util::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// Small, fast and the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.roll(words.len())]
    }
}

const PATHS: &[&str] = &[
    "/v2/aggs/ticker/{}/range/{}/{}/{}/{}",
    "/v2/aggs/ticker/{}/prev",
    "/v2/aggs/grouped/locale/{}/market/{}/{}",
    "/v1/open-close/{}/{}",
    "/v1/open-close/crypto/{}/{}/{}",
    "/v3/trades/{}",
    "/v3/quotes/{}",
    "/v2/last/trade/{}",
    "/v2/last/nbbo/{}",
    "/v1/last/crypto/{}/{}",
    "/v1/last_quote/currencies/{}/{}",
    "/v1/conversion/{}/{}",
    "/v2/snapshot/locale/us/markets/{}/tickers",
    "/v2/snapshot/locale/{}/markets/{}/tickers/{}",
    "/v2/snapshot/locale/global/markets/crypto/tickers/{}/book",
    "/v3/snapshot",
    "/v3/snapshot/indices",
    "/v3/snapshot/options/{}",
    "/v3/snapshot/options/{}/{}",
    "/v1/summaries",
    "/v1/indicators/sma/{}",
    "/v1/indicators/ema/{}",
    "/v1/indicators/rsi/{}",
    "/v1/indicators/macd/{}",
    "/v3/reference/tickers",
    "/v3/reference/tickers/{}",
    "/vX/reference/tickers/{}/events",
    "/v1/related-companies/{}",
    "/v3/reference/options/contracts/{}",
    "/v3/reference/conditions",
    "/v3/reference/dividends",
    "/stocks/v1/dividends",
    "/stocks/v1/splits",
    "/v2/reference/news",
    "/vX/reference/financials",
    "/stocks/financials/v1/ratios",
    "/stocks/v1/short-interest",
    "/stocks/v1/short-volume",
    "/fed/v1/treasury-yields",
    "/v1/marketstatus/upcoming",
    "/futures/v1/{}",
];

const WORDS: &[&str] = &[
    "AAPL",
    "BAC",
    "I:SPX",
    "X:BTCUSD",
    "C:EURUSD",
    "O:SPY131018C00170000",
    "O:",
    "O:SPY131018C0017000%C3%A9",
    "%00",
    "%",
    "%ff%fe",
    "..",
    "0",
    "1",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "99999999999999999999",
    "1e308",
    "0.1",
    "NaN",
    "day",
    "minute",
    "second",
    "year",
    "2013-10-07",
    "0000-00-00",
    "-009999-01-01",
    "9999-12-31",
    "2262-04-11",
    "1677-09-21",
    "2013-10-07T13:31:00Z",
    "us",
    "global",
    "stocks",
    "crypto",
    "USD",
    "EUR",
    "BTC",
    "a,b,,c",
    "%F0%9F%92%A5",
    "true",
    "desc",
    "asc",
    "ticker.asc,ticker.desc",
    "AAAA",
    "YXA9OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5",
    "YXA9MSZhcz0tOTIyMzM3MjAzNjg1NDc3NTgwOA",
];

const NAMES: &[&str] = &[
    "limit",
    "order",
    "sort",
    "cursor",
    "timestamp",
    "timestamp.gte",
    "timestamp.lt",
    "ticker",
    "ticker.any_of",
    "ticker.gte",
    "adjusted",
    "window",
    "short_window",
    "long_window",
    "signal_window",
    "timespan",
    "series_type",
    "expand_underlying",
    "amount",
    "precision",
    "date",
    "active",
    "search",
    "frequency",
    "cash_amount.gt",
    "ex_dividend_date.lte",
    "published_utc.gte",
    "as_of",
    "tickers",
    "type",
    "ap",
    "as",
    "apiKey",
];

#[tokio::test]
async fn any_request_gets_a_proper_answer() {
    let mock = start(frozen()).await;
    let mut dice = Dice(20_131_007);
    for round in 0..3_000 {
        let mut path = dice.pick(PATHS).to_owned();
        while path.contains("{}") {
            path = path.replacen("{}", dice.pick(WORDS), 1);
        }
        let mut mark = '?';
        for _ in 0..dice.roll(4) {
            path.push(mark);
            path.push_str(&format!("{}={}", dice.pick(NAMES), dice.pick(WORDS)));
            mark = '&';
        }
        let answer = mock.get(&path).await;
        assert!([200, 400, 404].contains(&answer.status), "round {round}, {path}: {answer:?}");
        assert!(answer.json().is_object() || answer.json().is_array(), "round {round}, {path}");
    }
    assert_eq!(mock.get("/v3/trades/BAC").await.status, 200);
}

#[tokio::test]
async fn any_time_of_the_clock_can_be_asked_about() {
    let mock = start(frozen()).await;
    for now in
        ["1970-01-01T00:00:00Z", "1998-01-02", "2013-10-06T12:00:00Z", "2199-06-30T00:00:00Z"]
    {
        mock.post("/_mock/clock", json!({ "now": now })).await;
        for path in PATHS {
            let path = path.replace("{}", "BAC");
            let answer = mock.get(&path).await;
            assert!([200, 400, 404].contains(&answer.status), "{now} {path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn any_message_on_a_socket_is_survived() {
    let mock = start(frozen()).await;
    let mut socket = mock.stream("stocks").await;
    let long = "T.X,".repeat(50_000);
    for said in [
        "".to_owned(),
        "[]".to_owned(),
        "nonsense".to_owned(),
        "{\"action\":\"subscribe\"}".to_owned(),
        "{\"action\":\"subscribe\",\"params\":null}".to_owned(),
        "{\"action\":\"subscribe\",\"params\":[\"T.BAC\"]}".to_owned(),
        "{\"action\":\"subscribe\",\"params\":12}".to_owned(),
        "{\"action\":{},\"params\":\"T.BAC\"}".to_owned(),
        "{\"action\":\"unsubscribe\",\"params\":\".,..,T,T.,*.*\"}".to_owned(),
        "{\"action\":\"subscribe\",\"params\":\"T.\u{1f4a5},T.\\\"\"}".to_owned(),
        format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000)),
        json!({"action": "subscribe", "params": long}).to_string(),
    ] {
        socket.socket.send(Message::text(said)).await.unwrap();
    }
    socket.socket.send(Message::binary(vec![0xff, 0xfe, 0x00])).await.unwrap();
    socket.say(json!({"action": "subscribe", "params": "T.BAC"})).await;
    let confirmed = client::status("success", "subscribed to: T.BAC");
    while socket.next().await != confirmed {}
    mock.advance(5.0).await;
    socket.until("T").await;
    let huge = Message::text("x".repeat(5 * 1024 * 1024));
    // The mock may hang up before it has read all of it.
    let _ = socket.socket.send(huge).await;
    while socket.next_raw().await.is_some() {}
    mock.stream("stocks").await;
}

#[tokio::test]
async fn settings_are_checked_before_anything_starts() {
    let check = async |settings: Value, part: &str| {
        let parsed = serde_json::from_value::<polygon_mock::Settings>(settings);
        let error = match parsed {
            Err(error) => error.to_string(),
            Ok(settings) => match polygon_mock::serve(settings).await {
                Ok(_) => panic!("it started"),
                Err(error) => error.to_string(),
            },
        };
        assert!(error.contains(part), "{error} should name {part}");
    };
    check(json!({"speedd": 1}), "speedd").await;
    check(json!({"keys": []}), "key").await;
    check(json!({"keys": [{"key": "a"}, {"key": "a"}]}), "key").await;
    check(json!({"keys": [{"key": "a", "plan": "golden"}]}), "golden").await;
    check(json!({"replay": {"batch": 0}}), "batch").await;
    check(json!({"replay": {"load_symbols": 1_000_000}}), "load_symbols").await;
    check(json!({"streams": {"connections": 0}}), "connections").await;
    check(json!({"start": "yesterday"}), "yesterday").await;
    check(json!({"data": "/nowhere/at/all"}), "nowhere").await;
}
