//! Components against the mock: both formats, allowances, refusals, histories that are cut short.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alpha_vantage::{Daily, DailyAdjusted, Intraday, MarketStatus};
use common::Rig;
use component::{Clock, Fault, Host, Item, Ledger, Source, TestClock, Throttling};
use model::{Event, EventId};
use serde_json::{Value, json};
use testkit::Mock;

/// Keeps texts in memory, longer than a connection.
#[derive(Debug, Default)]
struct Memory(Mutex<BTreeMap<String, String>>);

impl Ledger for Memory {
    fn load(&self, name: &str) -> component::Result<Option<String>> {
        Ok(self.0.lock().unwrap().get(name).cloned())
    }

    fn keep(&self, name: &str, text: &str) -> component::Result<()> {
        self.0.lock().unwrap().insert(name.to_owned(), text.to_owned());
        Ok(())
    }
}

/// A free key's allowance, on a clock of its own.
struct World {
    rig: Rig,
    clock: Arc<TestClock>,
    ledger: Arc<Memory>,
    throttling: Throttling,
}

impl World {
    async fn new(throttling: Value) -> Self {
        let clock = TestClock::starting_at("2013-10-08T15:00:00Z".parse().unwrap());
        let throttling = serde_json::from_value(throttling).unwrap();
        Self { rig: Rig::serve().await, clock, ledger: Arc::default(), throttling }
    }

    async fn open<S: Source>(&self, system: Value, settings: Value) -> S {
        let clock = Clock::test(self.clock.clone());
        let mut host = Host::new("alpha_vantage", S::NAME, clock, self.throttling.clone());
        host.ledger = Some(self.ledger.clone());
        let system = serde_json::from_value(system).unwrap();
        let settings = serde_json::from_value(settings).unwrap();
        S::connect(system, settings, host).await.unwrap()
    }

    async fn requests(&self) -> Vec<Value> {
        let asked = self.rig.ask("GET", "/_mock/requests", &Value::Null).await.unwrap();
        let list = asked.as_array().or_else(|| asked["requests"].as_array()).unwrap();
        list.iter().filter(|request| request["path"] == "/query").cloned().collect()
    }
}

/// Everything that is read until nothing is due, and the cursor after it.
async fn drain<S: Source>(source: &mut S, cursor: &mut S::Cursor) -> Vec<Item> {
    let mut items = Vec::new();
    loop {
        let batch = source.read(cursor).await.unwrap();
        *cursor = batch.cursor;
        items.extend(batch.items);
        if !batch.wait.is_zero() {
            return items;
        }
    }
}

fn events(items: Vec<Item>) -> Vec<Event> {
    let event = |item| match item {
        Item::Event(event) => event,
        Item::Bad { raw, bad } => panic!("{bad}: {}", String::from_utf8_lossy(&raw)),
    };
    items.into_iter().map(event).collect()
}

fn ids(events: &[Event]) -> BTreeSet<EventId> {
    events.iter().map(|event| event.head().event_id).collect()
}

const PREMIUM: &str = r#"{ "max_requests_per_minute": 1200 }"#;

fn premium() -> Value {
    serde_json::from_str(PREMIUM).unwrap()
}

async fn in_both_formats<S: Source>(settings: Value) {
    let world = World::new(premium()).await;
    let mut read = Vec::new();
    for datatype in ["json", "csv"] {
        let mut system = world.rig.system();
        system["connection"]["datatype"] = datatype.into();
        let mut source: S = world.open(system, settings.clone()).await;
        read.push(events(drain(&mut source, &mut S::Cursor::default()).await));
    }
    assert!(!read[0].is_empty(), "{}: {} events", S::NAME, read[0].len());
    assert_eq!(read[0], read[1], "{}", S::NAME);
}

#[tokio::test]
async fn csv_and_json_say_the_same() {
    use alpha_vantage::*;
    let symbols = json!({ "symbols": ["IBM", "AAPL"] });
    in_both_formats::<Daily>(symbols.clone()).await;
    in_both_formats::<DailyAdjusted>(symbols.clone()).await;
    in_both_formats::<Weekly>(symbols.clone()).await;
    in_both_formats::<WeeklyAdjusted>(symbols.clone()).await;
    in_both_formats::<Monthly>(symbols.clone()).await;
    in_both_formats::<MonthlyAdjusted>(symbols.clone()).await;
    in_both_formats::<CorporateActions>(symbols.clone()).await;
    in_both_formats::<Quotes>(symbols).await;
    in_both_formats::<Quotes>(json!({ "symbols": ["IBM", "SPY"], "bulk": true })).await;
    in_both_formats::<Intraday>(json!({ "symbols": ["IBM", "SPY"] })).await;
    in_both_formats::<Search>(json!({ "keywords": ["IBM"] })).await;
    let pairs = json!({ "intervals": ["5min", "daily", "weekly", "monthly"] });
    in_both_formats::<Fx>(pairs.clone()).await;
    in_both_formats::<Crypto>(pairs).await;
}

/// Five a minute and twenty-five a day, whoever asks and however often the process starts.
#[tokio::test]
async fn an_allowance_outlives_the_process_and_is_shared() {
    let world = World::new(json!({ "max_requests_per_minute": 5 })).await;
    let symbols: Vec<String> = (0..20).map(|number| format!("S{number}")).collect();
    let settings = json!({ "symbols": symbols, "compact": true });
    let (mut daily, mut adjusted) = Default::default();
    let (mut minutes, mut refusals) = (0, 0);
    while world.requests().await.len() < 25 {
        assert!(minutes < 60, "{} requests in an hour", world.requests().await.len());
        // A new process each minute, with two components.
        let before = world.requests().await.len();
        let mut one: Daily = world.open(world.rig.system(), settings.clone()).await;
        let mut two: DailyAdjusted = world.open(world.rig.system(), settings.clone()).await;
        for _ in 0..4 {
            refusals += usize::from(!advance(&world, &mut one, &mut daily).await);
            refusals += usize::from(!advance(&world, &mut two, &mut adjusted).await);
        }
        let asked = world.requests().await.len() - before;
        assert!(asked <= 5, "{asked} requests in a minute");
        world.clock.advance(Duration::from_secs(40));
        minutes += 1;
    }
    assert!(refusals > 0);
    let mut source: Daily = world.open(world.rig.system(), settings.clone()).await;
    let Err(Fault::Throttled { wait, .. }) = source.read(&daily).await else { panic!() };
    assert!(wait > Duration::from_secs(22 * 3_600), "{wait:?}");
    assert_eq!(world.requests().await.len(), 25);
    drop(source);
    world.clock.advance(wait);
    let mut source: Daily = world.open(world.rig.system(), settings).await;
    source.read(&daily).await.unwrap();
}

/// One read, while the clock moves on; false if it was told to come back later.
async fn advance<S: Source>(world: &World, source: &mut S, cursor: &mut S::Cursor) -> bool {
    let before = cursor.clone();
    let read = source.read(&before);
    tokio::pin!(read);
    let read = loop {
        tokio::select! {
            read = &mut read => break read,
            () = tokio::time::sleep(Duration::from_millis(20)) => {
                world.clock.advance(Duration::from_millis(1_100));
            }
        }
    };
    match read {
        Ok(batch) => {
            *cursor = batch.cursor;
            true
        }
        Err(Fault::Throttled { .. }) => false,
        Err(fault) => panic!("{fault}"),
    }
}

async fn refused(body: &str) -> (World, Daily, component::Result<Vec<Item>>) {
    let world = World::new(premium()).await;
    world.rig.fault(json!({ "status": 200, "body": body })).await.unwrap();
    let settings = json!({ "symbols": ["IBM"] });
    let mut source: Daily = world.open(world.rig.system(), settings).await;
    let read = source.read(&Default::default()).await;
    (world, source, read.map(|batch| batch.items))
}

#[tokio::test]
async fn refusals_with_status_200_are_understood() {
    let burst = "Thank you for using Alpha Vantage! Please consider spreading out your free API \
                 requests more sparingly (1 request per second). You may subscribe to any of the \
                 premium plans at https://www.alphavantage.co/premium/ to lift the free key rate \
                 limit (25 requests per day) and instantly remove all daily rate limits.";
    let day = "We have detected your API key as test-key and our standard API rate limit is 25 \
               requests per day. Please subscribe to any of the premium plans at \
               https://www.alphavantage.co/premium/ to instantly remove all daily rate limits.";
    let old = "Thank you for using Alpha Vantage! Our standard API call frequency is 5 calls per \
               minute and 500 calls per day.";
    for (key, words, least, most) in
        [("Information", burst, 1, 5), ("Information", day, 1_800, 86_400), ("Note", old, 60, 60)]
    {
        let (world, _open, read) = refused(&json!({ key: words }).to_string()).await;
        let fault = read.unwrap_err();
        assert!(!fault.to_string().contains("test-key"), "{fault}");
        let Fault::Throttled { wait, .. } = fault else { panic!("{words}: {fault}") };
        assert!((least..=most).contains(&wait.as_secs()), "{words}: {wait:?}");
        // Nobody else with this key asks meanwhile.
        let mut other: MarketStatus = world.open(world.rig.system(), json!({})).await;
        if wait > Duration::from_secs(15) {
            assert!(matches!(other.read(&Default::default()).await, Err(Fault::Throttled { .. })));
        }
        assert_eq!(world.requests().await.len(), 1);
    }
    for (key, words) in [
        (
            "Error Message",
            "the parameter apikey is invalid or missing. Please claim your free API key",
        ),
        (
            "Information",
            "The **demo** API key is for demo purposes only. Please claim your free API key",
        ),
    ] {
        let (_, _, read) = refused(&json!({ key: words }).to_string()).await;
        let Err(Fault::Unauthorized { setting, .. }) = read else { panic!("{words}: {read:?}") };
        assert_eq!(setting, "authentication.credentials.api_key");
    }
}

#[tokio::test]
async fn what_the_plan_does_not_include_is_set_aside_and_not_asked_again() {
    let premium = "Thank you for using Alpha Vantage! This is a premium endpoint. You may \
                   subscribe to any of the premium plans to instantly unlock all premium endpoints";
    let body = json!({ "Information": format!("{premium} (test-key)") }).to_string();
    let world = World::new(json!({ "max_requests_per_minute": 1200 })).await;
    world.rig.fault(json!({ "status": 200, "body": body })).await.unwrap();
    let settings = json!({ "symbols": ["IBM", "AAPL"], "poll_secs": 1 });
    let mut source: DailyAdjusted = world.open(world.rig.system(), settings).await;
    let mut cursor = Default::default();
    let mut items = drain(&mut source, &mut cursor).await;
    world.clock.advance(Duration::from_secs(100));
    items.extend(drain(&mut source, &mut cursor).await);
    assert_eq!((items.len(), world.requests().await.len()), (1, 1));
    let Item::Bad { raw, bad } = &items[0] else { panic!("{:?}", items[0]) };
    let raw = String::from_utf8_lossy(raw);
    assert!(raw.contains("premium endpoint") && !raw.contains("test-key"), "{raw}");
    assert!(bad.to_string().contains("TIME_SERIES_DAILY_ADJUSTED"), "{bad}");
}

#[tokio::test]
async fn a_month_that_the_plan_refused_is_not_passed_over() {
    let world = World::new(premium()).await;
    let body = r#"{"Information": "Thank you! This is a premium endpoint."}"#;
    world.rig.fault(json!({ "status": 200, "body": body })).await.unwrap();
    let settings = json!({ "symbols": ["IBM"], "start": "2013-09-01", "poll_secs": 1 });
    let mut cursor = Default::default();
    for _ in 0..2 {
        let mut source: Intraday = world.open(world.rig.system(), settings.clone()).await;
        cursor = source.read(&cursor).await.unwrap().cursor;
        world.clock.advance(Duration::from_secs(10));
    }
    let asked = world.requests().await;
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|request| request.to_string().contains("2013-09")), "{asked:?}");
}

#[tokio::test]
async fn one_unknown_symbol_does_not_keep_the_others_waiting() {
    let world = World::new(premium()).await;
    let settings = json!({ "symbols": ["NOSUCH", "IBM"] });
    let mut source: Daily = world.open(world.rig.system(), settings).await;
    let items = drain(&mut source, &mut Default::default()).await;
    let bad = items.iter().filter(|item| matches!(item, Item::Bad { .. })).count();
    assert!(bad == 1 && items.len() > 400, "{bad} of {}", items.len());
}

/// Killed after each request: every month is asked for once, and the end is the same.
#[tokio::test]
async fn a_history_of_months_goes_on_where_it_stopped() {
    let settings = json!({
        "symbols": ["IBM", "SPY"], "interval": "5min", "start": "2013-07-15", "end": "2013-10-31",
    });
    let world = World::new(premium()).await;
    let mut source: Intraday = world.open(world.rig.system(), settings.clone()).await;
    let whole = drain(&mut source, &mut Default::default()).await;
    let months = world.requests().await.len();
    assert_eq!(months, 8, "four months of two symbols");
    let mut cursor: <Intraday as Source>::Cursor = Default::default();
    let (mut cut, mut progress) = (Vec::new(), Vec::new());
    for _ in 0..months {
        let mut source: Intraday = world.open(world.rig.system(), settings.clone()).await;
        let batch = source.read(&cursor).await.unwrap();
        let saved = serde_json::to_string(&batch.cursor).unwrap();
        cursor = serde_json::from_str(&saved).unwrap();
        progress.push(batch.progress.unwrap());
        cut.extend(batch.items);
    }
    let done: Vec<u64> = progress.iter().map(|progress| progress.done).collect();
    assert_eq!(done, (1..=8).collect::<Vec<u64>>());
    assert!(progress.iter().all(|progress| progress.total == 8));
    let only_events = |items: Vec<Item>| -> Vec<Event> {
        items
            .into_iter()
            .filter(|item| matches!(item, Item::Event(_)))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|item| events(vec![item]).remove(0))
            .collect()
    };
    let (whole, cut) = (only_events(whole), only_events(cut));
    assert_eq!((whole.len(), ids(&whole)), (cut.len(), ids(&cut)));
    let asked: Vec<Value> = world.requests().await.split_off(months);
    let urls: BTreeSet<String> = asked.iter().map(Value::to_string).collect();
    assert_eq!(urls.len(), 8, "no month is asked for twice");
}

#[tokio::test]
async fn raw_and_adjusted_prices_are_kept_apart() {
    let world = World::new(premium()).await;
    let settings = json!({ "symbols": ["AAPL"] });
    let mut raw: Daily = world.open(world.rig.system(), settings.clone()).await;
    let mut adjusted: DailyAdjusted = world.open(world.rig.system(), settings).await;
    let raw = events(drain(&mut raw, &mut Default::default()).await);
    let adjusted = events(drain(&mut adjusted, &mut Default::default()).await);
    assert_eq!(raw.len(), adjusted.len());
    assert!(ids(&raw).is_disjoint(&ids(&adjusted)));
    let words = |event: &Event| match event {
        Event::Bar(bar) => bar.adjustment.as_str(),
        _ => "",
    };
    assert!(raw.iter().all(|event| words(event) == "raw"));
    assert!(adjusted.iter().all(|event| words(event) == "all"));
}

#[tokio::test]
async fn rapidapi_takes_the_key_in_a_header() {
    let world = World::new(premium()).await;
    let mut system = world.rig.system();
    system["connection"]["rapidapi_host"] = "alpha-vantage.p.rapidapi.com".into();
    let mut source: MarketStatus = world.open(system, json!({})).await;
    let _ = source.read(&Default::default()).await;
    let asked = world.requests().await[0].to_string();
    assert!(!asked.contains("apikey") && !asked.contains("test-key"), "{asked}");
}

#[test]
fn the_sample_configuration_is_taken_as_it_is() {
    let system: alpha_vantage::System = serde_json::from_value(json!({
        "connection": { "base_url": "https://www.alphavantage.co/query" },
        "authentication": { "type": "api_key", "credentials": { "api_key": "K" } },
    }))
    .unwrap();
    assert_eq!(system.connection.base_url.path(), "/query");
    let nothing = json!({});
    serde_json::from_value::<<Daily as Source>::Settings>(nothing.clone()).unwrap();
    serde_json::from_value::<<Intraday as Source>::Settings>(nothing.clone()).unwrap();
    type Fundamentals = <alpha_vantage::Fundamentals as Source>::Settings;
    serde_json::from_value::<Fundamentals>(nothing).unwrap();
}

/// What `true` switches on reads without a single dead letter.
#[tokio::test]
async fn every_feature_works_with_its_defaults() {
    async fn works<S: Source>(world: &World) {
        let mut source: S = world.open(world.rig.system(), json!({})).await;
        let items = drain(&mut source, &mut Default::default()).await;
        assert!(!events(items).is_empty(), "{}", S::NAME);
    }
    use alpha_vantage::*;
    let world = World::new(premium()).await;
    works::<Daily>(&world).await;
    works::<DailyAdjusted>(&world).await;
    works::<Weekly>(&world).await;
    works::<WeeklyAdjusted>(&world).await;
    works::<Monthly>(&world).await;
    works::<MonthlyAdjusted>(&world).await;
    works::<Intraday>(&world).await;
    works::<Quotes>(&world).await;
    works::<Fx>(&world).await;
    works::<Crypto>(&world).await;
    works::<Fundamentals>(&world).await;
    works::<CorporateActions>(&world).await;
    works::<Search>(&world).await;
    works::<Listing>(&world).await;
    works::<News>(&world).await;
    works::<MarketStatus>(&world).await;
    works::<Records>(&world).await;
}

/// Reports and requests that are not asked for by default.
#[tokio::test]
async fn the_rarer_functions_are_understood_too() {
    use alpha_vantage::{Fundamentals, Records};
    let world = World::new(premium()).await;
    let reports = ["earnings_estimates", "shares_outstanding", "etf_profile"];
    let settings = json!({ "symbols": ["IBM", "SPY"], "statements": reports });
    let mut source: Fundamentals = world.open(world.rig.system(), settings).await;
    let found = events(drain(&mut source, &mut Default::default()).await);
    for word in ["estimates", "shares", "other"] {
        let is_it = |event: &Event| match event {
            Event::Fundamental(report) => report.statement.as_str() == word,
            _ => false,
        };
        assert!(found.iter().any(is_it), "{word}");
    }
    let requests = [
        "function=TOP_GAINERS_LOSERS",
        "function=INSIDER_TRANSACTIONS&symbol=IBM",
        "function=EARNINGS_CALENDAR",
        "function=IPO_CALENDAR",
        "function=FEDERAL_FUNDS_RATE&interval=monthly",
        "function=INDEX_CATALOG",
        "function=INDEX_DATA&symbol=SPX&interval=daily",
        "function=EARNINGS_CALL_TRANSCRIPT&symbol=IBM&quarter=2013Q1",
    ];
    for request in requests {
        let settings = json!({ "requests": [request] });
        let mut source: Records = world.open(world.rig.system(), settings).await;
        let found = drain(&mut source, &mut Default::default()).await;
        assert!(!found.is_empty(), "{request}");
        assert!(!events(found).is_empty(), "{request}");
    }
}
