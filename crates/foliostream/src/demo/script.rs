//! The orders of the demo: one of each kind of life an order can have.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use kafka::Pipeline;
use model::{
    Decimal, InstrumentId, OrderAction, OrderRequest, OrderStatus, OrderType, Side, TimeInForce,
};
use runtime::{Publisher, Wiring};
use tokio::task::block_in_place;

use super::view::View;
use crate::commands::order::{ACKNOWLEDGED, blank};

/// The account that trades.
pub const ACCOUNT: &str = "main";
/// Another one, at another broker.
const SECOND: &str = "second";
/// How many accounts there are.
const ACCOUNTS: usize = 2;
/// What they trade.
const INSTRUMENTS: [&str; 3] = ["BAC.US", "IBM.US", "SPY.US"];
/// How long the market, or an order, may take to move.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a stop order may wait for the market before it is canceled.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// Sends orders and watches them.
pub struct Script {
    wiring: Wiring,
    view: View,
    pipeline: Pipeline,
    publisher: Publisher,
    run: u64,
    /// Orders placed so far.
    pub placed: Vec<String>,
}

impl Script {
    /// A script for this run; its number makes the order ids new.
    pub fn new(wiring: &Wiring, view: &View, run: u64) -> Result<Self> {
        Ok(Self {
            wiring: wiring.clone(),
            view: view.clone(),
            pipeline: wiring.cluster.pipeline()?,
            publisher: Publisher::new(wiring),
            run,
            placed: Vec::new(),
        })
    }

    /// Waits for the market, sends one of each, and waits until all are terminal.
    pub async fn play(&mut self) -> Result<()> {
        self.market().await?;
        let (bac, ibm, spy) = (INSTRUMENTS[0], INSTRUMENTS[1], INSTRUMENTS[2]);
        self.place("market", bac, Side::Buy, 300, OrderType::Market, |_| {})?;
        let above = self.price(ibm, "1.002");
        self.place("limit", ibm, Side::Buy, 20, OrderType::Limit, |r| r.limit_price = above)?;
        let far = self.price(bac, "0.96");
        let patient =
            self.place("cancel", bac, Side::Buy, 100, OrderType::Limit, |r| r.limit_price = far)?;
        let low = self.price(spy, "0.97");
        let changed =
            self.place("replace", spy, Side::Buy, 10, OrderType::Limit, |r| r.limit_price = low)?;
        let trigger = self.price(ibm, "1.003");
        let stop =
            self.place("stop", ibm, Side::Buy, 10, OrderType::Stop, |r| r.stop_price = trigger)?;
        self.place("reject", spy, Side::Buy, 90_000, OrderType::Market, |_| {})?;
        self.second()?;
        let absurd = self.price(bac, "2");
        self.place("deny", bac, Side::Buy, 10, OrderType::Limit, |r| r.limit_price = absurd)?;

        self.working(&patient).await?;
        self.send(blank(OrderAction::Cancel, &patient, ACCOUNT))?;
        self.working(&changed).await?;
        let mut better = blank(OrderAction::Replace, &changed, ACCOUNT);
        better.instrument = Some(InstrumentId::from(spy));
        better.side = Some(Side::Buy);
        better.order_type = Some(OrderType::Limit);
        better.limit_price = self.price(spy, "1.003");
        self.send(better)?;
        if !self.until(STOP_PATIENCE, |_, status| status == Some(OrderStatus::Filled), &stop).await
        {
            self.send(blank(OrderAction::Cancel, &stop, ACCOUNT))?;
        }
        for order_id in self.placed.clone() {
            let ended = |is_terminal: bool, _: Option<OrderStatus>| is_terminal;
            if !self.until(PATIENCE, ended, &order_id).await {
                bail!("order {order_id} is not terminal after {PATIENCE:?}");
            }
        }
        self.settled().await
    }

    /// What the account at the second broker wants: some of what the first one holds too.
    fn second(&mut self) -> Result<()> {
        let (bac, spy) = (INSTRUMENTS[0], INSTRUMENTS[2]);
        let above = self.price(spy, "1.002");
        self.place_at(SECOND, "second-market", bac, Side::Buy, 200, OrderType::Market, |_| {})?;
        self.place_at(SECOND, "second-limit", spy, Side::Buy, 5, OrderType::Limit, |r| {
            r.limit_price = above;
        })?;
        Ok(())
    }

    /// Keeps a live demo moving: a small order, then the opposite one.
    pub async fn keep_moving(&mut self) -> Result<()> {
        for round in 0u32.. {
            self.wiring.clock.sleep(Duration::from_secs(4)).await;
            let instrument = INSTRUMENTS[round as usize / 2 % INSTRUMENTS.len()];
            let side = if round % 2 == 0 { Side::Buy } else { Side::Sell };
            let account = if round % 4 < 2 { ACCOUNT } else { SECOND };
            let name = format!("live{round}");
            self.place_at(account, &name, instrument, side, 10, OrderType::Market, |_| {})?;
        }
        Ok(())
    }

    /// Waits until every instrument has a quote.
    async fn market(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let ready = {
                let seen = self.view.get();
                INSTRUMENTS.iter().all(|name| {
                    seen.markets.get(*name).is_some_and(|m| m.ask.is_some() && m.bid.is_some())
                }) && seen.cash.len() >= ACCOUNTS
            };
            if ready {
                return Ok(());
            }
            self.wiring.clock.sleep(Duration::from_millis(20)).await;
        }
        bail!("no quotes for all of {INSTRUMENTS:?} and no balances after {PATIENCE:?}")
    }

    /// Waits until our books and the broker's agree.
    async fn settled(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.view.get().books_agree() {
                return Ok(());
            }
            self.wiring.clock.sleep(Duration::from_millis(50)).await;
        }
        let seen = self.view.get();
        bail!(
            "the books do not agree after {PATIENCE:?}: {} open breaks, ours {:?}, theirs {:?}",
            seen.open_breaks(),
            seen.ours.values().map(|p| (p.instrument.as_str(), p.quantity)).collect::<Vec<_>>(),
            seen.theirs.values().map(|p| (p.instrument.as_str(), p.quantity)).collect::<Vec<_>>(),
        )
    }

    /// A price at this multiple of the ask, in whole cents.
    fn price(&self, instrument: &str, factor: &str) -> Option<Decimal> {
        let ask = self.view.get().markets.get(instrument)?.ask?;
        let factor: Decimal = factor.parse().ok()?;
        Some((ask * factor).round_dp(2))
    }

    fn place(
        &mut self,
        name: &str,
        instrument: &str,
        side: Side,
        quantity: u32,
        order_type: OrderType,
        complete: impl FnOnce(&mut OrderRequest),
    ) -> Result<String> {
        self.place_at(ACCOUNT, name, instrument, side, quantity, order_type, complete)
    }

    #[allow(clippy::too_many_arguments)] // An order has many sides, and each call reads as one.
    fn place_at(
        &mut self,
        account: &str,
        name: &str,
        instrument: &str,
        side: Side,
        quantity: u32,
        order_type: OrderType,
        complete: impl FnOnce(&mut OrderRequest),
    ) -> Result<String> {
        let order_id = format!("demo{}-{name}", self.run);
        let mut request = blank(OrderAction::Place, &order_id, account);
        request.instrument = Some(InstrumentId::from(instrument));
        request.side = Some(side);
        request.quantity = Some(quantity.into());
        request.order_type = Some(order_type);
        request.time_in_force = Some(TimeInForce::Day);
        complete(&mut request);
        self.send(request)?;
        self.placed.push(order_id.clone());
        Ok(order_id)
    }

    fn send(&mut self, request: OrderRequest) -> Result<()> {
        block_in_place(|| {
            self.publisher.publish(&mut self.pipeline, &request.into(), None)?;
            Ok(self.pipeline.flush(ACKNOWLEDGED)?)
        })
    }

    /// Waits until the broker works an order.
    async fn working(&self, order_id: &str) -> Result<()> {
        let works = |is_terminal: bool, status: Option<OrderStatus>| {
            is_terminal || status == Some(OrderStatus::New)
        };
        if self.until(PATIENCE, works, order_id).await {
            return Ok(());
        }
        bail!("order {order_id} is not working after {PATIENCE:?}")
    }

    async fn until(
        &self,
        patience: Duration,
        is_reached: impl Fn(bool, Option<OrderStatus>) -> bool,
        order_id: &str,
    ) -> bool {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            let (is_terminal, status) = {
                let seen = self.view.get();
                let state = seen.orders.get(order_id);
                (state.is_some_and(|s| s.is_terminal), state.map(|s| s.status))
            };
            if is_reached(is_terminal, status) {
                return true;
            }
            self.wiring.clock.sleep(Duration::from_millis(20)).await;
        }
        false
    }
}
