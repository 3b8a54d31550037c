//! The crate `ibapi`, unchanged, against the mock: the newer encoding, and a client that nobody
//! here wrote.

#![allow(clippy::unwrap_used)]

use std::fmt::Debug;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use ibapi::market_data::historical::HistoricalBarUpdate;
use ibapi::orders::CancelOrder;
use ibapi::prelude::*;
use interactive_brokers_mock::{OpeningPosition, Running, Settings, Speed, serve};
use mockkit::Fault;
use mockkit::time::SECOND;

const WAIT: Duration = Duration::from_secs(20);

async fn start(settings: Settings) -> (Running, Client) {
    let running = serve(settings).await.unwrap();
    let client = connect(&running, 100).await;
    (running, client)
}

async fn connect(running: &Running, id: i32) -> Client {
    Client::connect(&running.address().to_string(), id).await.unwrap()
}

fn quiet() -> Settings {
    let mut settings = Settings { speed: Speed::Frozen, ..Settings::default() };
    settings.orders.partial_fill_percent = 0;
    settings
}

fn held(symbol: &str, quantity: &str, average_cost: &str) -> OpeningPosition {
    let row = serde_json::json!({
        "symbol": symbol, "quantity": quantity, "average_cost": average_cost,
    });
    serde_json::from_value(row).unwrap()
}

fn ibm() -> Contract {
    Contract::stock("IBM").build()
}

/// Everything of a stream up to the first item that is the last.
async fn until<T: Debug>(
    stream: impl Stream<Item = Result<T, Error>>,
    last: impl Fn(&T) -> bool,
) -> Vec<T> {
    let gather = async {
        let mut stream = std::pin::pin!(stream);
        let mut items = Vec::new();
        while let Some(item) = stream.next().await {
            items.push(item.unwrap());
            if items.last().is_some_and(&last) {
                break;
            }
        }
        items
    };
    tokio::time::timeout(WAIT, gather).await.unwrap()
}

#[tokio::test]
async fn connects_and_reads_accounts() {
    let mut settings = quiet();
    settings.accounts[0].positions = vec![held("IBM", "-110", "201.8829709")];
    let (_mock, client) = start(settings).await;
    assert_eq!(client.server_version(), 226);
    assert_eq!(client.managed_accounts().await.unwrap(), ["DU1234567"]);
    assert_eq!(client.next_valid_order_id().await.unwrap(), 1);
    let now = client.server_time().await.unwrap();
    assert_eq!(now.unix_timestamp(), 1_381_152_660);
    assert_eq!(client.server_time_millis().await.unwrap().unix_timestamp(), 1_381_152_660);

    let positions = client.positions().await.unwrap().filter_data();
    let positions = until(positions, |p| matches!(p, PositionUpdate::PositionEnd)).await;
    let PositionUpdate::Position(short) = &positions[0] else { panic!("{positions:?}") };
    assert_eq!((short.position, short.average_cost), (-110.0, 201.8829709));

    let tags = &["NetLiquidation", "TotalCashValue", "$LEDGER:ALL"];
    let summary = client.account_summary(&AccountGroup("All".into()), tags).await.unwrap();
    let summary = until(summary.filter_data(), |s| matches!(s, AccountSummaryResult::End)).await;
    assert!(summary.len() > 20, "{summary:?}");

    let updates = client.account_updates(&AccountId("DU1234567".into())).await.unwrap();
    let updates = until(updates.filter_data(), |u| matches!(u, AccountUpdate::End)).await;
    let portfolio = |u: &&AccountUpdate| matches!(u, AccountUpdate::PortfolioValue(_));
    assert_eq!(updates.iter().filter(portfolio).count(), 1);

    let account = AccountId("DU1234567".into());
    let pnl = client.pnl(&account, None).await.unwrap();
    let pnl = until(pnl.filter_data(), |_| true).await;
    assert!(pnl[0].unrealized_pnl.unwrap() > 0.0, "{pnl:?}");
    let single = client.pnl_single(&account, ContractId(8_314), None).await.unwrap();
    assert_eq!(until(single.filter_data(), |_| true).await[0].position, -110.0);
    assert_eq!(client.family_codes().await.unwrap().len(), 1);
    assert_eq!(client.soft_dollar_tiers().await.unwrap().len(), 2);
    client.user_info().await.unwrap();
    client.config().await.unwrap();
}

#[tokio::test]
async fn reads_contracts_and_history() {
    let (_mock, client) = start(quiet()).await;
    let details = client.contract_details(&ibm()).await.unwrap();
    assert_eq!((details.len(), details[0].contract.contract_id), (1, 8_314));
    assert_eq!(details[0].min_tick, 0.01);
    let unknown = client.contract_details(&Contract::stock("NOSUCH").build()).await;
    assert!(unknown.is_err());
    let matches = client.matching_symbols("IBM").await.unwrap();
    assert!(matches.iter().any(|row| row.contract.contract_id == 8_314));
    assert_eq!(client.market_rule(26).await.unwrap().price_increments[0].increment, 0.01);

    let bars = client
        .historical_data(&ibm(), HistoricalBarSize::Min)
        .what_to_show(HistoricalWhatToShow::Trades)
        .duration(1.days())
        .fetch()
        .await
        .unwrap();
    assert_eq!(bars.bars.len(), 1, "one minute after the open");
    assert_eq!(bars.bars[0].open, 182.0);
    let days = client
        .historical_data(&Contract::stock("AAPL").build(), HistoricalBarSize::Day)
        .what_to_show(HistoricalWhatToShow::Trades)
        .duration(1.months())
        .fetch()
        .await
        .unwrap();
    assert!((18..=23).contains(&days.bars.len()), "{}", days.bars.len());
    let head = client
        .head_timestamp(&ibm(), HistoricalWhatToShow::Trades, TradingHours::Regular)
        .await
        .unwrap();
    assert!(head.year() <= 2013);
    let schedule = client.historical_schedules(&ibm(), 7.days()).fetch().await.unwrap();
    assert!(schedule.sessions.len() >= 5);
    let ticks = client.historical_ticks(&ibm(), 20).trade().await.unwrap().filter_data();
    let ticks: Vec<_> = ticks.collect().await;
    assert_eq!(ticks.len(), 20);
    assert!(ticks.iter().all(|tick| tick.as_ref().unwrap().price > 100.0));
    let histogram =
        client.histogram_data(&ibm(), TradingHours::Regular, HistoricalBarSize::Day).await.unwrap();
    assert!(!histogram.is_empty());
    let chain = client.option_chain("IBM", SecurityType::Stock, 8_314).subscribe().await.unwrap();
    let chain: Vec<_> = chain.filter_data().collect().await;
    assert!(chain.len() > 1 && chain[0].as_ref().unwrap().strikes.len() > 10);
    assert!(client.news_providers().await.unwrap().len() >= 3);
}

#[tokio::test]
async fn follows_the_market() {
    let (mock, client) = start(quiet()).await;
    let clock = mock.kit().clock().clone();
    let contract = ibm();
    let ticks = client.market_data(&contract).generic_ticks(&["233"]).subscribe().await.unwrap();
    let bars = client.realtime_bars(&contract).subscribe().await.unwrap();
    let trades = client.tick_by_tick(&contract, 0).last().await.unwrap();
    let quotes = client.tick_by_tick(&contract, 0).bid_ask(IgnoreSize::No).await.unwrap();
    let growing = client
        .historical_data(&contract, HistoricalBarSize::Min)
        .what_to_show(HistoricalWhatToShow::Trades)
        .duration(1.days())
        .stream()
        .await
        .unwrap();
    // What was asked first is answered first, so by now everything is subscribed.
    client.server_time().await.unwrap();
    clock.advance(11 * SECOND);
    let is_bid = |tick: &TickTypes| match tick {
        TickTypes::PriceSize(both) => both.price > 0.0,
        TickTypes::Price(price) => price.price > 0.0,
        _ => false,
    };
    assert!(!until(ticks.filter_data(), is_bid).await.is_empty());
    let bars = bars.filter_data().take(2);
    let bars = until(bars, |_| false).await;
    assert_eq!(bars.len(), 2);
    assert_eq!((bars[1].date - bars[0].date).whole_seconds(), 5);
    assert!(until(trades.filter_data(), |_| true).await[0].price > 100.0);
    let quotes = until(quotes.filter_data(), |_| true).await;
    assert!(quotes[0].bid_price < quotes[0].ask_price);
    let update = |item: &HistoricalBarUpdate| matches!(item, HistoricalBarUpdate::Update(_));
    let items = until(growing.filter_data(), update).await;
    assert!(matches!(items[0], HistoricalBarUpdate::Historical(_)), "{items:?}");
    let snapshot = client.market_data(&contract).snapshot_once(WAIT).await.unwrap();
    let quote = Quote::from_ticks(&snapshot);
    assert!(quote.bid.unwrap() < quote.ask.unwrap(), "{quote:?}");
}

#[tokio::test]
async fn trades() {
    let (_mock, client) = start(quiet()).await;
    let contract = ibm();
    let id = client.next_order_id();
    let order = order_builder::market_order(Action::Buy, 100.0);
    let updates = client.place_order(id, &contract, &order).await.unwrap().filter_data();
    let updates = until(updates, |u| matches!(u, PlaceOrder::CommissionReport(_))).await;
    let executions: Vec<_> = updates
        .iter()
        .filter_map(|u| match u {
            PlaceOrder::ExecutionData(data) => Some(&data.execution),
            _ => None,
        })
        .collect();
    assert_eq!(executions.iter().map(|e| e.shares).sum::<f64>(), 100.0);
    let outcome = client.wait_for_fill(id, Duration::from_millis(1)).await.unwrap();
    drop(outcome);

    let id = client.order(&contract).buy(50).limit(150.0).submit().await.unwrap();
    let mut order = order_builder::limit_order(Action::Buy, 50.0, 151.5);
    order.order_ref = "fs-1".into();
    let changed = client.place_order(id, &contract, &order).await.unwrap().filter_data();
    let is_new_price = |u: &PlaceOrder| matches!(u, PlaceOrder::OpenOrder(o) if o.order.limit_price == Some(151.5));
    until(changed, is_new_price).await;
    let open: Vec<_> = client.open_orders().await.unwrap().filter_data().collect().await;
    let open = open.into_iter().find_map(|item| match item.unwrap() {
        Orders::OrderData(data) => Some(data),
        Orders::OrderStatus(_) => None,
    });
    assert_eq!(open.unwrap().order.order_ref, "fs-1");

    let canceled = client.cancel_order(id, "").await.unwrap().filter_data();
    until(canceled, |c| {
        let CancelOrder::OrderStatus(status) = c;
        status.status.is_terminal()
    })
    .await;
    let completed: Vec<_> =
        client.completed_orders(false).await.unwrap().filter_data().collect().await;
    assert_eq!(completed.len(), 2, "{completed:?}");
    let executions = client.executions(ExecutionFilter::default()).await.unwrap();
    let executions: Vec<_> = executions.filter_data().collect().await;
    assert!(executions.len() >= 2);
}

#[tokio::test]
async fn is_told_why_not() {
    let (mock, client) = start(quiet()).await;
    let off_tick = order_builder::limit_order(Action::Buy, 10.0, 150.001);
    let id = client.next_order_id();
    client.submit_order(id, &ibm(), &off_tick).await.unwrap();
    let outcome = client.wait_for_fill(id, WAIT).await.unwrap();
    assert!(
        matches!(&outcome, OrderOutcome::Rejected(notice) if notice.code == 110),
        "{outcome:?}"
    );
    let huge = order_builder::market_order(Action::Buy, 1_000_000.0);
    let id = client.next_order_id();
    client.submit_order(id, &ibm(), &huge).await.unwrap();
    let outcome = client.wait_for_fill(id, WAIT).await.unwrap();
    assert!(
        matches!(&outcome, OrderOutcome::Rejected(notice) if notice.code == 201),
        "{outcome:?}"
    );
    let taken = Client::connect(&mock.address().to_string(), 100).await;
    assert!(matches!(taken, Err(Error::ClientIdInUse { client_id: 100 })));
}

#[tokio::test]
async fn comes_back_after_a_reset() {
    let (mock, client) = start(quiet()).await;
    let id = client.order(&ibm()).buy(50).limit(150.0).submit().await.unwrap();
    client.server_time().await.unwrap();
    let fault: Fault =
        serde_json::from_value(serde_json::json!({ "kind": "reset", "stream": "tws" })).unwrap();
    mock.kit().faults().add(fault, &[]).unwrap();
    let back = async {
        loop {
            if let Ok(open) = client.open_orders().await {
                let open: Vec<_> = open.filter_data().collect().await;
                let found = open.into_iter().flatten().any(|item| {
                    matches!(item, Orders::OrderData(data) if data.order_id == i32::from(id))
                });
                if found {
                    return;
                }
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(WAIT, back).await.unwrap();
}
