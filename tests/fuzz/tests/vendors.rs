//! Vendors that answer with damaged versions of what they really answer.
//!
//! A source is put before a server that gives one answer to everything, and reads once. Whatever
//! the answer, the source comes back with a batch or a fault; and where the answer is a list whose
//! rows are damaged one by one, as many items come out as rows went in, the bad ones with bytes.

#![allow(clippy::unwrap_used)]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use component::{Clock, Fault, Host, Item, Source, Throttling};
use fuzz::{Damage, Dice, Node, bytes, corpus, hammer_some};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Cases of other targets for each case here.
const SHARE: usize = 40;
/// Longest wait for one read.
const SOON: Duration = Duration::from_secs(4);
/// Longest request that the server reads.
const MAX_REQUEST: usize = 1 << 20;

/// What sources ask for when they connect.
const LOGINS: [(&str, &str); 3] = [
    (
        "GET /v2/account ",
        r#"{"id": "1", "account_number": "PA1", "status": "ACTIVE", "currency": "USD", "cash": "1"}"#,
    ),
    (
        "GET /v2/clock",
        r#"{"timestamp": "2026-01-05T10:00:00-05:00", "is_open": true,
            "next_open": "2026-01-06T09:30:00-05:00", "next_close": "2026-01-05T16:00:00-05:00"}"#,
    ),
    (
        "GET /v1/marketstatus/now",
        r#"{"serverTime": "2026-01-05T10:00:00-05:00", "market": "open", "afterHours": false,
            "earlyHours": false, "exchanges": {}, "currencies": {}}"#,
    ),
];

/// A server with one answer to everything but what a login asks for.
#[derive(Clone)]
struct Server {
    url: String,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { url, answer: Arc::default() };
        let answers = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answers = answers.clone();
                std::thread::spawn(move || answers.serve(stream));
            }
        });
        server
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut request = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                match stream.read(&mut chunk) {
                    Ok(count) if count > 0 && request.len() < MAX_REQUEST => {
                        request.extend_from_slice(&chunk[..count]);
                    }
                    _ => return,
                }
            }
            let path = String::from_utf8_lossy(&request).into_owned();
            request.clear();
            let login = LOGINS.iter().find(|(start, _)| path.starts_with(start));
            let body = match login {
                Some((_, body)) => body.as_bytes().to_vec(),
                None => self.answer.lock().unwrap().clone(),
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).is_err() {
                return;
            }
        }
    }
}

/// One source before one kind of answer.
struct Target<'a> {
    system: fn(&str) -> Value,
    settings: Value,
    /// The real answer.
    fixture: &'a str,
    /// Where its rows are, if each of them becomes one item.
    rows: Option<&'a str>,
}

impl Target<'_> {
    fn hammer<S: Source>(&self) {
        let server = Server::start();
        let runtime = Runtime::new().unwrap();
        let (folder, _) = self.fixture.rsplit_once('/').unwrap();
        let all = corpus(&format!("connectors/{folder}"), "");
        let name = self.fixture.rsplit('/').next().unwrap();
        let (_, fixture) = all.iter().find(|(path, _)| path.ends_with(name)).unwrap();
        let mut fixture = local(fixture, &server.url);
        if self.rows == Some("") && fixture.trim_ascii_start().starts_with(b"{") {
            fixture = [b"[", &fixture[..], b"]"].concat();
        }
        // Undamaged, it is understood: or the rest would prove nothing.
        server.answer.lock().unwrap().clone_from(&fixture);
        let read = runtime.block_on(self.read::<S>(&server.url)).unwrap();
        let read = read.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert!(read.iter().any(|item| matches!(item, Item::Event(_))), "{name}: {read:?}");
        let make = |dice: &mut Dice| {
            let Some(mut node) = Node::parse(&fixture) else { return bytes(dice, &fixture) };
            match (self.rows, dice.below(4)) {
                (Some(rows), 0..=2) => {
                    damage_rows(&mut node, rows, dice);
                    node.render()
                }
                (_, 1 | 2) => {
                    node.damage(dice, Damage::Any);
                    node.render()
                }
                _ => bytes(dice, &fixture),
            }
        };
        hammer_some(&format!("{} {}", S::NAME, self.fixture), SHARE, make, |input| {
            *server.answer.lock().unwrap() = input.to_vec();
            let read = runtime.block_on(self.read::<S>(&server.url))?;
            let expected = self.rows.and_then(|rows| rows_of(input, rows));
            check(read, expected)
        });
    }

    /// What one read gives: items or a fault. Anything else is wrong.
    async fn read<S: Source>(&self, url: &str) -> Result<Result<Vec<Item>, Fault>, String> {
        let throttling = Throttling {
            max_requests_per_second: Some(1_000_000),
            max_requests_per_minute: Some(1_000_000),
            max_requests_per_day: Some(1_000_000),
            retry_attempts: Some(0),
            retry_delay: Some(0.001),
        };
        let host = Host::new("hostile", S::NAME, Clock::system(), throttling);
        let system = serde_json::from_value((self.system)(url)).map_err(|e| e.to_string())?;
        let settings = serde_json::from_value(self.settings.clone()).map_err(|e| e.to_string())?;
        let work = async {
            let mut source = S::connect(system, settings, host).await?;
            source.read(&S::Cursor::default()).await
        };
        match tokio::time::timeout(SOON, work).await {
            Err(_) => Err("it is still reading".to_owned()),
            Ok(read) => Ok(read.map(|batch| batch.items)),
        }
    }
}

/// The answer without a way to any other machine.
fn local(fixture: &[u8], url: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(fixture).into_owned();
    ["https://api.polygon.io", "https://api.massive.com"]
        .iter()
        .fold(text, |text, vendor| text.replace(vendor, url))
        .into_bytes()
}

fn damage_rows(node: &mut Node, rows: &str, dice: &mut Dice) {
    let list = match node {
        Node::Object(members) => members.iter_mut().find(|(key, _)| key == rows).map(|(_, n)| n),
        list => Some(list),
    };
    let Some(Node::List(list)) = list else { return };
    for row in list {
        if dice.below(2) == 0 {
            row.damage(dice, Damage::Valid);
        }
    }
}

/// The rows of an answer that is JSON still.
fn rows_of(input: &[u8], rows: &str) -> Option<usize> {
    let answer: Value = serde_json::from_slice(input).ok()?;
    let list = if rows.is_empty() { &answer } else { &answer[rows] };
    Some(list.as_array()?.len())
}

fn check(read: Result<Vec<Item>, Fault>, expected: Option<usize>) -> Result<(), String> {
    let Ok(items) = read else { return Ok(()) };
    for item in &items {
        if let Item::Bad { raw, bad } = item
            && (raw.is_empty() || bad.reason.is_empty())
        {
            return Err(format!("a letter without bytes or reason: {bad}"));
        }
    }
    match expected {
        Some(rows) if rows != items.len() => {
            Err(format!("{rows} rows became {} items: {items:?}", items.len()))
        }
        _ => Ok(()),
    }
}

fn polygon(url: &str) -> Value {
    json!({
        "connection": { "base_url": url, "stream_url": url.replace("http", "ws") },
        "authentication": { "type": "api_key", "credentials": { "api_key": "k" } },
    })
}

fn alpaca(url: &str) -> Value {
    let stream = url.replace("http", "ws");
    json!({
        "connection": {
            "trading_url": url, "data_url": url, "stream_url": stream,
            "trading_stream_url": stream,
        },
        "authentication": {
            "type": "api_key", "credentials": { "api_key": "k", "api_secret": "s" },
        },
    })
}

fn alpha_vantage(url: &str) -> Value {
    json!({
        "connection": { "base_url": format!("{url}/query") },
        "authentication": { "type": "api_key", "credentials": { "api_key": "k" } },
    })
}

macro_rules! targets {
    ($($name:ident: $source:ty, $system:ident, $settings:tt, $fixture:literal, $rows:expr;)*) => {
        $(
            #[test]
            fn $name() {
                let settings = json!($settings);
                Target { system: $system, settings, fixture: $fixture, rows: $rows }
                    .hammer::<$source>();
            }
        )*
    };
}

targets! {
    polygon_bars: polygon::BarsHistory, polygon,
        { "symbols": ["AAPL"], "start": "2005-01-01", "end": "2005-09-30" },
        "polygon/fixtures/aggs_day_aapl.json", Some("results");
    polygon_trades: polygon::TradesHistory, polygon,
        { "symbols": ["AAPL"], "start": "2022-04-28" },
        "polygon/fixtures/trades_v3_aapl.json", Some("results");
    polygon_quotes: polygon::QuotesHistory, polygon,
        { "symbols": ["AAPL"], "start": "2022-04-28" },
        "polygon/fixtures/quotes_v3_aapl_page1.json", Some("results");
    polygon_snapshots: polygon::Snapshots, polygon,
        { "symbols": ["AAPL"] }, "polygon/fixtures/snapshot_tickers.json", None;
    polygon_instruments: polygon::Instruments, polygon,
        {}, "polygon/fixtures/tickers_page1.json", None;
    polygon_dividends: polygon::CorporateActions, polygon,
        { "lookback_days": 5000 }, "polygon/fixtures/dividends_stocks_v1_example.json", None;
    polygon_news: polygon::News, polygon,
        { "lookback_days": 30 }, "polygon/fixtures/news_nflx.json", None;
    polygon_statements: polygon::Fundamentals, polygon,
        { "symbols": ["AAPL"], "lookback_days": 5000 },
        "polygon/fixtures/income_statements_v1_example.json", None;
    alpaca_bars: alpaca::BarsHistory, alpaca,
        { "symbols": ["META"], "start": "2022-06-01", "end": "2022-06-30" },
        "alpaca/fixtures/stock-bars-daily-meta-page1.json", None;
    alpaca_quotes: alpaca::QuotesHistory, alpaca,
        { "symbols": ["IBM"], "start": "2022-06-01", "end": "2022-06-30" },
        "alpaca/fixtures/stock-quotes-ibm-page1.json", None;
    alpaca_trades: alpaca::TradesHistory, alpaca,
        { "symbols": ["AAPL"], "start": "2022-06-01", "end": "2022-06-30" },
        "alpaca/fixtures/stock-trades-canceled.json", None;
    alpaca_news: alpaca::News, alpaca,
        { "lookback_hours": 240 }, "alpaca/fixtures/news-page1.json", None;
    alpaca_instruments: alpaca::Instruments, alpaca,
        {}, "alpaca/fixtures/assets-list.json", None;
    alpaca_actions: alpaca::CorporateActions, alpaca,
        { "lookback_days": 3650 }, "alpaca/fixtures/corporate-actions-all-types.json", None;
    alpaca_positions: alpaca::Positions, alpaca,
        { "poll_secs": 1 }, "alpaca/fixtures/positions-list.json", None;
    alpaca_activities: alpaca::Activities, alpaca,
        { "poll_secs": 1 }, "alpaca/fixtures/activity-dividend.json", Some("");
    alpha_vantage_weeks: alpha_vantage::WeeklyAdjusted, alpha_vantage,
        { "symbols": ["IBM"] }, "alpha_vantage/fixtures/weekly_adjusted_ibm_2rows.json", None;
    alpha_vantage_minutes: alpha_vantage::Intraday, alpha_vantage,
        { "symbols": ["MSFT"] }, "alpha_vantage/fixtures/intraday_1min_msft_2017.json", None;
    alpha_vantage_days_csv: alpha_vantage::Daily, alpha_vantage,
        { "symbols": ["IBM"] }, "alpha_vantage/fixtures/daily_ibm.csv", None;
    alpha_vantage_quotes: alpha_vantage::Quotes, alpha_vantage,
        { "symbols": ["MSFT"] }, "alpha_vantage/fixtures/global_quote_msft.json", None;
    alpha_vantage_news: alpha_vantage::News, alpha_vantage,
        {}, "alpha_vantage/fixtures/news_sentiment_aapl.json", None;
    alpha_vantage_overview: alpha_vantage::Fundamentals, alpha_vantage,
        { "symbols": ["IBM"] }, "alpha_vantage/fixtures/overview_ibm.json", None;
    alpha_vantage_actions: alpha_vantage::CorporateActions, alpha_vantage,
        { "symbols": ["IBM"] }, "alpha_vantage/fixtures/dividends_ibm.json", None;
    alpha_vantage_listing: alpha_vantage::Listing, alpha_vantage,
        {}, "alpha_vantage/fixtures/listing_status_head.csv", None;
}
