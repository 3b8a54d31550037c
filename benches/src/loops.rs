//! The least that can be done with an order: read it and post it; and the same with the two
//! transactions without which an order can be lost or sent twice.

use std::time::Duration;

use alpaca_mock::Running;
use anyhow::{Context, Result, ensure};
use kafka::{From, Group, Message, Outgoing, Polled, Transactions};
use model::Event;
use reqwest::Client;
use runtime::{Names, Wiring};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, block_in_place, spawn_blocking};

use crate::vendor::client;

/// How soon a loop notices that it is to end.
const IDLE: Duration = Duration::from_millis(100);

/// Follows the requests and posts what it reads, until shutdown.
pub fn bare(wiring: &Wiring, mock: &Running) -> Result<JoinHandle<Result<()>>> {
    let (door, wiring) = (Door::new(mock)?, wiring.clone());
    let topic = wiring.names.topic("orders.requests");
    let mut follow = block_in_place(|| wiring.cluster.reader()?.follow(&[&topic], From::Start))?;
    Ok(spawn_blocking(move || {
        while !wiring.shutdown.is_cancelled() {
            for message in follow.next(1, IDLE)? {
                door.post(&wiring, &message)?;
            }
        }
        Ok(())
    }))
}

/// Copies what is requested, with a state beside it, in a transaction with the offset; from there
/// into a journal in another; then posts it. Until shutdown.
pub fn committed(wiring: &Wiring, mock: &Running) -> Result<Vec<JoinHandle<Result<()>>>> {
    let names = &wiring.names;
    let (requests, approved) = (names.topic("orders.requests"), names.topic("orders.approved"));
    let (states, journal) = (names.topic(&Names::states("approve")), names.topic("ops.deliveries"));
    let door = Door::new(mock)?;
    let mut approving = Copier::new(wiring, "approving", &requests, &[&approved, &states])?;
    let mut journaling = Copier::new(wiring, "journaling", &approved, &[&journal])?;
    let wiring = wiring.clone();
    Ok(vec![
        spawn_blocking(move || approving.run(|_| Ok(()))),
        spawn_blocking(move || journaling.run(|message| door.post(&wiring, message))),
    ])
}

/// Reads a topic and writes each record to others, in a transaction.
struct Copier {
    wiring: Wiring,
    group: Group,
    transactions: Transactions,
    targets: Vec<String>,
}

impl Copier {
    fn new(wiring: &Wiring, name: &str, from: &str, targets: &[&str]) -> Result<Self> {
        let id = format!("{}{name}", wiring.names.prefix());
        block_in_place(|| {
            Ok(Self {
                wiring: wiring.clone(),
                group: wiring.cluster.group(&id, &[from])?,
                transactions: wiring.cluster.transactions(&id)?,
                targets: targets.iter().map(|target| (*target).to_owned()).collect(),
            })
        })
    }

    fn run(&mut self, then: impl Fn(&Message) -> Result<()>) -> Result<()> {
        while !self.wiring.shutdown.is_cancelled() {
            let Polled::Messages(messages) = self.group.next(1, IDLE)? else { continue };
            for message in &messages {
                self.copy(message)?;
                then(message)?;
            }
        }
        Ok(())
    }

    fn copy(&mut self, message: &Message) -> Result<()> {
        let Self { group, transactions, targets, .. } = self;
        transactions.begin()?;
        for topic in targets {
            transactions.send(&Outgoing {
                topic,
                partition: None,
                key: message.key(),
                payload: message.payload(),
                headers: &[],
                timestamp_ms: None,
            })?;
        }
        let next = (message.topic.clone(), message.partition, message.offset + 1);
        transactions.send_offsets(group, &[next])?;
        Ok(transactions.commit()?)
    }
}

/// The broker's door.
struct Door {
    client: Client,
    url: String,
    handle: Handle,
}

impl Door {
    fn new(mock: &Running) -> Result<Self> {
        let url = mock.urls().get("trading").context("the mock has a trading address")?;
        Ok(Self { client: client()?, url: format!("{url}/v2/orders"), handle: Handle::current() })
    }

    fn post(&self, wiring: &Wiring, message: &Message) -> Result<()> {
        let Event::OrderRequest(order) = wiring.read(message)? else { return Ok(()) };
        let body = json!({
            "client_order_id": order.order_id, "symbol": "BAC", "qty": "1",
            "side": "buy", "type": "limit", "time_in_force": "day", "limit_price": "5",
        });
        let request = self
            .client
            .post(&self.url)
            .header("apca-api-key-id", "test-key")
            .header("apca-api-secret-key", "test-secret")
            .json(&body);
        let answer = self.handle.block_on(request.send())?;
        ensure!(answer.status().is_success(), "{}", answer.status());
        self.handle.block_on(answer.bytes())?;
        Ok(())
    }
}
