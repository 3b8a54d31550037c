use rust_decimal::Decimal;

use super::order::{Event, Order, OrderIndex, Status, TimeInForce};
use super::{Book, Scene};

/// What the exchange's day is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bell {
    /// The pre-market session starts.
    Early,
    Open,
    Close,
    /// The after-hours session ends.
    Late,
}

impl Book {
    /// `scene` is the moment of the bell: at the open the phase is core, at the close not any more.
    pub fn on_bell(&mut self, bell: Bell, scene: &Scene<'_>) {
        match bell {
            Bell::Early => self.start_queued(scene, |order| order.extended_hours),
            Bell::Open => self.start_queued(scene, |_| true),
            Bell::Close => {
                self.close_auction(scene);
                self.last_equity = self.valuation(scene).equity;
            }
            Bell::Late => {}
        }
        self.expire(scene.now);
    }

    fn start_queued(&mut self, scene: &Scene<'_>, which: impl Fn(&Order) -> bool) {
        for index in self.open_orders() {
            let order = &self.orders[index];
            if order.status == Status::Accepted && which(order) {
                self.start(index, scene);
            }
        }
    }

    fn close_auction(&mut self, scene: &Scene<'_>) {
        for index in self.open_orders() {
            let order = &self.orders[index];
            if order.time_in_force != TimeInForce::AtClose || order.status != Status::New {
                continue;
            }
            match scene.price(order.asset) {
                Some(price) => self.settle_auction(index, price, scene.now),
                None => self.end(index, Event::Canceled, scene.now),
            }
        }
    }

    fn expire(&mut self, now: i64) {
        let due = |index: &OrderIndex| {
            let order = &self.orders[*index];
            order.expires_at <= now && order.parent.is_none()
        };
        let due: Vec<OrderIndex> = self.open_orders().into_iter().filter(due).collect();
        for index in due {
            self.end(index, Event::Expired, now);
        }
        // Exits outlive a filled entry and expire by themselves.
        for index in self.open_orders() {
            let order = &self.orders[index];
            if order.expires_at <= now {
                self.end(index, Event::Expired, now);
            }
        }
    }

    /// Notes what the account is worth, for the portfolio's history.
    pub fn sample_equity(&mut self, scene: &Scene<'_>) {
        let equity = self.valuation(scene).equity;
        if self.equity_history.len() >= MAX_SAMPLES {
            self.equity_history.drain(..MAX_SAMPLES / 10);
        }
        self.equity_history.push((scene.now, equity.round_dp(2)));
    }

    /// Money that the account had before anything was sampled.
    pub fn first_equity(&self) -> Decimal {
        self.equity_history.first().map_or(self.last_equity, |(_, equity)| *equity)
    }
}

/// A year of minutes.
const MAX_SAMPLES: usize = 252 * 960;
