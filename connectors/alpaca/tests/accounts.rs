//! Positions, balances, activities, history, news and reference data against the mock.

#![allow(clippy::unwrap_used)]

mod common;

use alpaca::{
    Activities, Balances, BarsHistory, CorporateActions, Instruments, News, Positions,
    QuotesHistory, TradesHistory,
};
use common::{Rig, holder};
use model::{CorporateActionKind, Event};
use serde_json::{Value, json};
use testkit::{Driver, activity, balance, bar, position, quote, trade};

async fn with_position() -> Rig {
    let held = json!({"symbol": "BAC", "quantity": "100", "average_price": "13.5"});
    let short = json!({"symbol": "SPY", "quantity": "-10", "average_price": "168"});
    Rig::with(json!({"speed": 0, "accounts": [{"positions": [held, short]}]})).await
}

#[tokio::test]
async fn positions_are_told_when_they_change_and_when_they_are_gone() {
    let rig = with_position().await;
    let mut driver: Driver<Positions> = Driver::new(rig.system(), json!({"poll_secs": 1}));
    driver.until(|d| d.of(position).len() == 2).await;
    let quantities: Vec<String> =
        driver.of(position).iter().map(|p| format!("{} {}", p.instrument, p.quantity)).collect();
    assert_eq!(quantities, ["BAC.US 100", "SPY.US -10"]);
    for _ in 0..3 {
        driver.step().await;
    }
    assert_eq!(driver.events.len(), 2, "nothing has changed");
    holder(&rig).delete("/v2/positions/BAC").await.unwrap();
    driver.until(|d| d.of(position).iter().any(|p| p.quantity.is_zero())).await;
    let gone = driver.of(position).into_iter().find(|p| p.quantity.is_zero()).unwrap();
    assert_eq!((gone.instrument.as_str(), gone.symbol.as_str()), ("BAC.US", "BAC"));
    driver.kill();
    let before = driver.events.len();
    for _ in 0..3 {
        driver.step().await;
    }
    assert_eq!(driver.events.len(), before, "a restart tells nothing twice");
}

#[tokio::test]
async fn a_position_that_cannot_be_read_is_a_dead_letter_and_nothing_is_called_gone() {
    let rig = with_position().await;
    let mut driver: Driver<Positions> = Driver::new(rig.system(), json!({"poll_secs": 1}));
    driver.until(|d| d.of(position).len() == 2).await;
    let body = json!([{"symbol": "BAC", "asset_class": "us_equity", "qty": "ten", "side": "long"}]);
    rig.fault(json!({"status": 200, "body": body, "path": "/v2/positions"})).await;
    driver.until(|d| !d.bad.is_empty()).await;
    assert_eq!(driver.bad[0].1.field, "qty");
    assert_eq!(driver.events.len(), 2);
}

#[tokio::test]
async fn polls_survive_a_vendor_in_trouble() {
    let rig = with_position().await;
    let mut driver: Driver<Positions> = Driver::new(rig.system(), json!({"poll_secs": 1}));
    driver.connect().await.unwrap();
    for fault in [
        json!({"status": 500, "next": 4}),
        json!({"status": 429, "headers": {"retry-after": "1"}}),
        json!({"kind": "html"}),
        json!({"kind": "garbage"}),
        json!({"kind": "truncated"}),
        json!({"kind": "reset_before"}),
    ] {
        rig.fault(fault).await;
    }
    driver.until(|d| d.of(position).len() == 2).await;
    assert!(driver.faults.iter().any(|fault| fault.kind() == "throttled"), "{:?}", driver.faults);
    assert!(driver.faults.iter().any(|fault| fault.kind() == "retry"));
}

#[tokio::test]
async fn balances_are_told_when_they_change() {
    let rig = with_position().await;
    let mut driver: Driver<Balances> = Driver::new(rig.system(), json!({"poll_secs": 1}));
    driver.until(|d| d.of(balance).len() == 1).await;
    let first = driver.of(balance)[0].clone();
    assert_eq!((first.currency.as_str(), first.cash.to_string().as_str()), ("USD", "100000"));
    driver.step().await;
    assert_eq!(driver.events.len(), 1);
    holder(&rig).delete("/v2/positions/BAC").await.unwrap();
    driver.until(|d| d.of(balance).len() == 2).await;
    assert!(driver.of(balance)[1].cash > first.cash);
}

#[tokio::test]
async fn activities_are_told_once_and_fills_are_not_among_them() {
    let rig = with_position().await;
    let mut driver: Driver<Activities> = Driver::new(rig.system(), json!({"poll_secs": 1}));
    let of = |driver: &Driver<Activities>, kind: &str| -> Vec<model::Activity> {
        let all = driver.of(activity).into_iter();
        all.filter(|activity| activity.kind == kind).cloned().collect()
    };
    holder(&rig).delete("/v2/positions/SPY").await.unwrap();
    let dividend = json!({"activity_type": "DIV", "net_amount": "1.02", "symbol": "BAC",
                          "per_share_amount": "0.0102", "qty": "100"});
    for _ in 0..3 {
        rig.post("/_mock/activities", &dividend).await;
    }
    driver.until(|d| of(d, "DIV").len() == 3).await;
    driver.kill();
    rig.post("/_mock/activities", &json!({"activity_type": "FEE", "net_amount": "-0.5"})).await;
    driver.until(|d| of(d, "FEE").len() == 1).await;
    assert_eq!((driver.repeated, of(&driver, "FILL").len()), (0, 0), "the cursor is exact");
    let dividend = &of(&driver, "DIV")[0];
    assert_eq!(dividend.net_amount.unwrap().to_string(), "1.02");
    assert_eq!(dividend.instrument.as_ref().unwrap().as_str(), "BAC.US");
    assert_eq!(of(&driver, "FEE")[0].instrument, None);
}

#[tokio::test]
async fn bars_are_read_to_the_end_and_on_after_a_kill() {
    let rig = Rig::start().await;
    let settings = json!({"symbols": ["AAPL", "SPY"], "start": "2013-01-01", "end": "2013-06-30",
                          "poll_secs": 1});
    let mut whole: Driver<BarsHistory> = Driver::new(rig.system(), settings.clone());
    whole.until(|d| d.of(bar).iter().any(|bar| bar.symbol == "SPY")).await;
    whole.step().await;
    assert!(whole.of(bar).iter().all(|bar| bar.is_final && bar.interval == "1d"));
    let mut killed: Driver<BarsHistory> = Driver::new(rig.system(), settings);
    killed.until(|d| !d.events.is_empty()).await;
    killed.kill();
    killed.until(|d| d.events.len() >= whole.events.len()).await;
    assert_eq!(killed.events, whole.events);
}

#[tokio::test]
async fn pages_follow_each_other_without_loss() {
    let rig = Rig::with(json!({"start": "2013-10-07T15:00:00Z", "speed": 0})).await;
    let settings = json!({"symbols": ["BAC"], "start": "2013-10-07", "end": "2013-10-07"});
    let mut trades: Driver<TradesHistory> = Driver::new(rig.system(), settings.clone());
    trades.until(|d| d.pauses > 0).await;
    let mut quotes: Driver<QuotesHistory> = Driver::new(rig.system(), settings);
    quotes.until(|d| d.pauses > 0).await;
    let (trades, quotes) = (trades.of(trade), quotes.of(quote));
    assert!(trades.len() + quotes.len() > 10_000, "{} {}", trades.len(), quotes.len());
    assert!(trades.windows(2).all(|pair| pair[0].head.event_time <= pair[1].head.event_time));
    assert!(quotes.windows(2).all(|pair| pair[0].head.event_time <= pair[1].head.event_time));
}

#[tokio::test]
async fn a_length_of_bars_that_does_not_exist_is_refused() {
    let rig = Rig::start().await;
    let settings = json!({"symbols": ["AAPL"], "start": "2013-01-01", "timeframe": "7Fortnight"});
    let fault = Driver::<BarsHistory>::new(rig.system(), settings).connect().await.unwrap_err();
    assert!(fault.to_string().contains("7Fortnight"), "{fault}");
}

#[tokio::test]
async fn news_instruments_and_corporate_actions_are_read() {
    let rig = Rig::start().await;
    let mut news: Driver<News> = Driver::new(rig.system(), json!({"lookback_hours": 240}));
    news.until(|d| !d.events.is_empty()).await;
    let mut instruments: Driver<Instruments> = Driver::new(rig.system(), json!({}));
    instruments.until(|d| d.events.len() >= 4).await;
    let lookback = json!({"lookback_days": 3650, "ahead_days": 3650});
    let mut actions: Driver<CorporateActions> = Driver::new(rig.system(), lookback);
    actions.until(|d| !d.events.is_empty()).await;
    let is_split = |event: &Event| {
        matches!(event, Event::CorporateAction(action)
        if action.kind == CorporateActionKind::ForwardSplit && action.symbol == "AAPL")
    };
    assert!(actions.events.iter().any(is_split), "the split of 2014 is announced");
    let count = actions.events.len();
    actions.kill();
    for _ in 0..3 {
        actions.step().await;
    }
    assert_eq!((actions.events.len(), actions.repeated), (count, 0), "unchanged ones stay untold");
    for bad in [&news.bad, &instruments.bad, &actions.bad] {
        assert!(bad.is_empty(), "{bad:?}");
    }
}

#[test]
fn wrong_settings_are_refused_by_name() {
    let wrong = |settings: Value| serde_json::from_value::<alpaca::System>(settings).unwrap_err();
    let authentication =
        json!({"type": "api_key", "credentials": {"api_key": "k", "api_secret": "s"}});
    let error = wrong(json!({"authentication": authentication, "conection": {}}));
    assert!(error.to_string().contains("conection"));
    let error = wrong(json!({"authentication": authentication, "connection": {"feed": "cta"}}));
    assert!(error.to_string().contains("cta"));
    let right: alpaca::System =
        serde_json::from_value(json!({"authentication": authentication})).unwrap();
    assert_eq!(right.connection.trading_url.as_str(), "https://paper-api.alpaca.markets/");
    assert!(!format!("{right:?}").contains("\"k\""));
}
