//! An order request on its topic to the HTTP request at the broker, one order after the other;
//! beside it a loop that only reads the topic and posts, and one that also commits what our two
//! promises of an order ask for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alpaca_mock::{Account, RequestLimits, Running, Settings};
use anyhow::{Context, Result};
use component::{Clock, Host, Processor, Throttling};
use kafka::Pipeline;
use model::{
    Event, EventId, Head, OrderAction, OrderClass, OrderRequest, OrderType, Side, TimeInForce,
    Timestamp,
};
use runtime::{Accounts, Publisher, Route, Start, Wiring};
use serde_json::json;
use tokio::task::block_in_place;
use tokio::time::timeout;

use crate::cost::{median, quantile};
use crate::loops;
use crate::report::{Figure, Goal, Report};
use crate::stage::{PATIENCE, Stage, eventually, start, stop};
use crate::vendor::{ACCOUNT_NUMBER, authentication};

/// Orders of one round.
const ORDERS: usize = 300;
/// Orders before them, which find every connection cold.
const WARM_UP: usize = 10;
const ROUNDS: usize = 3;
/// Pause between the end of one order and the next: traders do not queue.
const PAUSE: Duration = Duration::from_millis(5);
const LOOK_EVERY: Duration = Duration::from_micros(500);
/// What `design.md` asks for.
const GOAL_RATIO: f64 = 3.0;

pub async fn run(stage: &Stage, report: &mut Report) -> Result<()> {
    let (mut ours, mut committed, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        ours.push(orders(stage, &format!("order{round}."), Path::Ours).await?);
        committed.push(orders(stage, &format!("commit{round}."), Path::Committed).await?);
        bare.push(orders(stage, &format!("post{round}."), Path::Bare).await?);
    }
    let at = |rounds: &[Vec<f64>], share: f64| {
        median(rounds.iter().map(|millis| quantile(millis.iter().copied(), share)))
    };
    let over = |what, share, limit: &[Vec<f64>]| {
        Figure::new(what, at(&ours, share), "ms").over(at(limit, share))
    };
    let goal = Goal::RatioAtMost(GOAL_RATIO);
    report.add(over("request to broker, p50", 0.5, &bare));
    report.add(over("request to broker, p99", 0.99, &bare).goal(goal));
    report.add(over("p50 over a loop with two transactions", 0.5, &committed));
    report.add(over("p99 over a loop with two transactions", 0.99, &committed));
    Ok(())
}

/// Who carries the orders.
#[derive(Clone, Copy, PartialEq)]
enum Path {
    /// `approve` and `alpaca_orders`, journal and all.
    Ours,
    /// Two loops that copy a record in a transaction each, and an HTTP client.
    Committed,
    /// A reader and an HTTP client.
    Bare,
}

/// Milliseconds from the call that produces a request to its arrival at the broker.
async fn orders(stage: &Stage, prefix: &str, path: Path) -> Result<Vec<f64>> {
    let mock = alpaca_mock::serve(settings()).await?;
    let route = Route { system: "alpaca".into(), broker_account: Some(ACCOUNT_NUMBER.into()) };
    let accounts = Accounts(Arc::new(BTreeMap::from([("main".into(), route)])));
    let approve = [(approve::Approve::NAME, approve::Approve::INPUTS)];
    let wiring = stage.wiring(prefix, &[], &approve, accounts).await?;
    let supervisor = start(&wiring, []);
    let (supervisor, loops) = match path {
        Path::Ours => {
            drop(supervisor);
            (start(&wiring, tasks(&mock)?), Vec::new())
        }
        Path::Committed => (supervisor, loops::committed(&wiring, &mock)?),
        Path::Bare => (supervisor, vec![loops::bare(&wiring, &mock)?]),
    };
    let mut desk = Desk {
        pipeline: wiring.cluster.pipeline()?,
        publisher: Publisher::new(&wiring),
        wiring: wiring.clone(),
        mock: &mock,
        seen: 0,
    };
    let mut millis = Vec::with_capacity(ORDERS);
    for number in 0..WARM_UP + ORDERS {
        let took = desk.order(&format!("{prefix}{number}").replace('.', "-")).await?;
        if path == Path::Ours {
            desk.settled(number + 1).await?;
        }
        tokio::time::sleep(PAUSE).await;
        millis.push(took);
    }
    stop(supervisor).await?;
    for each in loops {
        timeout(PATIENCE, each).await.context("a loop did not end")???;
    }
    mock.stop().await;
    stage.clear(prefix)?;
    Ok(millis.split_off(WARM_UP))
}

/// A broker in real time that never says "too many".
fn settings() -> Settings {
    let plenty = 1_000_000;
    Settings {
        accounts: vec![Account { number: Some(ACCOUNT_NUMBER.into()), ..Account::default() }],
        limits: RequestLimits { trading_per_minute: plenty, ..RequestLimits::default() },
        ..Settings::default()
    }
}

/// The processor and the sink of the order path.
fn tasks(mock: &Running) -> Result<[runtime::Task; 2]> {
    let limits = json!({
        "max_orders_per_minute": 1_000,
        "max_open_orders": 1_000,
        "duplicate_window_secs": 0,
    });
    let accounts = json!({ "main": { "system": "alpaca", "broker_account": ACCOUNT_NUMBER } });
    let approve = runtime::processor::<approve::Approve>().task;
    let approve = approve(json!({ "accounts": accounts, "limits": limits }));
    let url = |name: &str| mock.urls().get(name);
    let throttling =
        Throttling { max_requests_per_minute: Some(1_000_000), ..Throttling::default() };
    let orders = (runtime::sink::<alpaca::Orders>().task)(Start {
        system: json!({
            "connection": {
                "trading_url": url("trading"),
                "data_url": url("data"),
                "stream_url": url("stream"),
                "trading_stream_url": url("trading_stream"),
            },
            "authentication": authentication(),
        }),
        settings: json!({}),
        host: Host::new("alpaca", "alpaca_orders", Clock::system(), throttling),
    });
    let both = approve.and_then(|approve| Ok([approve, orders?]));
    both.map_err(anyhow::Error::msg)
}

/// Whoever asks for orders, and watches the broker's door.
struct Desk<'a> {
    wiring: Wiring,
    pipeline: Pipeline,
    publisher: Publisher,
    mock: &'a Running,
    /// Entries of the broker's transcript that have been looked at.
    seen: u64,
}

impl Desk<'_> {
    async fn order(&mut self, order_id: &str) -> Result<f64> {
        let event = Event::from(request(order_id, self.wiring.clock.now()));
        // Both times are the mock's: its clock runs at the pace of ours.
        let asked = self.mock.kit().clock().now();
        self.publisher.publish(&mut self.pipeline, &event, None)?;
        block_in_place(|| self.pipeline.flush(PATIENCE))?;
        let arrived = async || {
            for entry in self.mock.kit().transcript().since(self.seen) {
                self.seen = entry.sequence + 1;
                if entry.method == "POST" && entry.body.contains(order_id) {
                    return Ok(Some(entry.time.parse::<Timestamp>()?));
                }
            }
            Ok(None)
        };
        let arrived = eventually("the order at the broker", LOOK_EVERY, arrived).await?;
        Ok(arrived.since(Timestamp(asked)) as f64 / 1e6)
    }

    /// Waits until the outcome of so many orders is committed: each is in the journal twice.
    async fn settled(&self, orders: usize) -> Result<()> {
        let settled = async || {
            let entries = self.wiring.metrics.totals().get("ops.deliveries").copied();
            Ok((entries >= Some(2 * orders as u64)).then_some(()))
        };
        eventually("the order's outcome", LOOK_EVERY, settled).await
    }
}

/// A limit order far from the market, so that it only ever rests.
fn request(order_id: &str, now: Timestamp) -> OrderRequest {
    let mut head = Head::new(EventId::of(&["bench", order_id]), now);
    head.source = "bench".into();
    head.received_time = now;
    OrderRequest {
        head,
        request_id: order_id.into(),
        action: OrderAction::Place,
        order_id: order_id.into(),
        account: "main".into(),
        instrument: Some("BAC.US".into()),
        side: Some(Side::Buy),
        quantity: Some(1.into()),
        notional: None,
        order_type: Some(OrderType::Limit),
        time_in_force: Some(TimeInForce::Day),
        limit_price: Some(5.into()),
        stop_price: None,
        trail_amount: None,
        trail_percent: None,
        extended_hours: false,
        order_class: OrderClass::Simple,
        take_profit_price: None,
        stop_loss_price: None,
        stop_loss_limit_price: None,
        position_intent: None,
        legs: Vec::new(),
        expires_at: None,
        strategy: None,
        broker_options: BTreeMap::new(),
    }
}
