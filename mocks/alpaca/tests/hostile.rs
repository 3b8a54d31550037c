//! Nonsense of all kinds: every answer is a refusal or an answer, and the mock goes on.
#![allow(clippy::unwrap_used)]

mod client;

use client::{Mock, frozen, start};
use mockkit::Seed;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

const TRIES: u64 = 700;

const WORDS: [&str; 24] = [
    "",
    "0",
    "-1",
    "1",
    "10.5",
    "79228162514264337593543950335",
    "0.0000000000000000000000000001",
    "1e400",
    "NaN",
    "BAC",
    "IBM,BAC,,",
    "%00",
    "%ff%fe",
    "9999-12-31",
    "-009999-01-01",
    "1677-09-21T00:12:43Z",
    "2262-04-11T23:47:16Z",
    "2013-10-07",
    "asc",
    "desc",
    "true",
    "1Day",
    "%7B%22a%22:[",
    "2013-10-07T13:30:00Z",
];

const PARAMETERS: [&str; 22] = [
    "symbols",
    "start",
    "end",
    "limit",
    "page_token",
    "sort",
    "feed",
    "timeframe",
    "adjustment",
    "status",
    "after",
    "until",
    "direction",
    "page_size",
    "date",
    "period",
    "activity_types",
    "qty",
    "percentage",
    "since",
    "ca_types",
    "currency_pairs",
];

const PATHS: [&str; 22] = [
    "/v2/account/activities",
    "/v2/account/portfolio/history",
    "/v2/calendar",
    "/v3/clock",
    "/v3/calendar/NYSE",
    "/v2/assets",
    "/v2/orders",
    "/v2/positions/BAC",
    "/v2/orders/1",
    "/v2/stocks/bars",
    "/v2/stocks/trades",
    "/v2/stocks/BAC/quotes",
    "/v2/stocks/auctions",
    "/v2/stocks/snapshots",
    "/v2/stocks/quotes/latest",
    "/v1beta1/news",
    "/v1/corporate-actions",
    "/v2/corporate_actions/announcements",
    "/v1beta1/forex/rates",
    "/v1beta1/indices/values",
    "/v1beta1/screener/stocks/movers",
    "/v2/watchlists:by_name",
];

const FIELDS: [&str; 14] = [
    "symbol",
    "qty",
    "notional",
    "side",
    "type",
    "time_in_force",
    "limit_price",
    "stop_price",
    "trail_price",
    "trail_percent",
    "order_class",
    "client_order_id",
    "extended_hours",
    "trail",
];

struct Luck {
    seed: Seed,
    drawn: u64,
}

impl Luck {
    fn pick<T: Clone>(&mut self, among: &[T]) -> T {
        self.drawn += 1;
        let place = self.seed.below("pick", self.drawn, among.len() as u64);
        among[usize::try_from(place).unwrap()].clone()
    }

    fn value(&mut self) -> Value {
        let words = [
            "BAC",
            "buy",
            "sell",
            "market",
            "limit",
            "stop",
            "trailing_stop",
            "day",
            "gtc",
            "ioc",
            "oco",
            "bracket",
            "x",
        ];
        let numbers = [
            "1",
            "100.25",
            "0",
            "-7",
            "1e27",
            "79228162514264337593543950335",
            "0.000000000000000000000000001",
            "13.9",
            "99999999999",
        ];
        match self.pick(&[0, 1, 2, 3, 4]) {
            0 => json!(self.pick(&words)),
            1 => json!(self.pick(&numbers)),
            2 => serde_json::from_str(self.pick(&numbers)).unwrap_or(Value::Null),
            3 => self.pick(&[Value::Null, json!(true), json!([]), json!({"limit_price": "20"})]),
            _ => json!(self.pick(&words)),
        }
    }
}

async fn is_well(mock: &Mock) {
    let account = mock.get("/v2/account").await;
    assert_eq!(account.status, 200, "{account:?}");
}

#[tokio::test]
async fn requests_of_all_kinds_are_answered() {
    let mock = start(frozen()).await;
    let mut luck = Luck { seed: Seed::new(11), drawn: 0 };
    for _ in 0..TRIES {
        let mut path = luck.pick(&PATHS).to_owned();
        let mut mark = '?';
        for _ in 0..luck.pick(&[1, 2, 3, 4]) {
            path.push_str(&format!("{mark}{}={}", luck.pick(&PARAMETERS), luck.pick(&WORDS)));
            mark = '&';
        }
        let method = luck.pick(&["GET", "GET", "GET", "DELETE"]);
        let answer = mock.send(method, &path, &Value::Null).await;
        let answer = answer.unwrap_or_else(|| panic!("no answer to {method} {path}"));
        assert!(answer.status < 500, "{method} {path}: {answer:?}");
        if answer.status == 200 {
            answer.json();
        }
    }
    is_well(&mock).await;
}

#[tokio::test]
async fn orders_of_all_kinds_are_answered() {
    let mock = start(frozen()).await;
    let mut luck = Luck { seed: Seed::new(12), drawn: 0 };
    let mut ids: Vec<String> = vec!["61e69015-8549-4bfd-b9c3-01e75843f47d".into()];
    for _ in 0..TRIES {
        let mut order = json!({"symbol": "BAC", "qty": "1", "side": "buy", "type": "limit",
                               "time_in_force": "day", "limit_price": "13"});
        for _ in 0..luck.pick(&[0, 1, 2, 3]) {
            order[luck.pick(&FIELDS)] = luck.value();
        }
        let (method, path) = match luck.pick(&[0, 0, 0, 1]) {
            0 => ("POST", "/v2/orders".to_owned()),
            _ => ("PATCH", format!("/v2/orders/{}", luck.pick(&ids))),
        };
        let answer = mock.send(method, &path, &order).await;
        let answer = answer.unwrap_or_else(|| panic!("no answer to {method} {path} {order}"));
        assert!(answer.status < 500, "{method} {order}: {answer:?}");
        if answer.status == 200 {
            ids.push(answer.json()["id"].as_str().unwrap().to_owned());
        }
    }
    assert!(ids.len() > 50, "some were good");
    mock.advance(8.0 * 3600.0).await;
    is_well(&mock).await;
}

#[tokio::test]
async fn streams_survive_what_they_hear() {
    let mock = start(frozen()).await;
    for name in ["stream", "trading_stream", "news_stream", "crypto_stream", "option_stream"] {
        for packed in [false, true] {
            let mut stream = mock.open(name, packed).await;
            for message in [
                Message::text(""),
                Message::text("[]"),
                Message::text("{\"action\":5,\"data\":[]}"),
                Message::binary(vec![0xc1, 0xff]),
                Message::binary(vec![0xdd, 0xff, 0xff, 0xff, 0xff]),
                Message::text("[".repeat(100_000)),
                Message::text("{\"action\":\"listen\",\"data\":{\"streams\":7}}"),
                Message::Ping(vec![1, 2, 3].into()),
            ] {
                stream.say_raw(message).await;
            }
            assert!(stream.next_raw().await.is_some(), "{name}");
        }
    }
    is_well(&mock).await;
}
