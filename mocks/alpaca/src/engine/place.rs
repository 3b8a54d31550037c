use mockkit::time::{self, DAY};
use rust_decimal::Decimal;

use super::checks::{
    check_class, check_prices, check_quantity, check_stop_side, check_time_in_force,
};
use super::order::{
    AssetIndex, Class, Event, Intent, Kind, Order, OrderIndex, Side, Status, TimeInForce,
};
use super::scene::touch;
use super::{Book, MAX_ORDERS, Phase, Scene};
use crate::assets::{Asset, AssetClass};
use crate::refusal::{Refusal, Result};

const MAX_CLIENT_ORDER_ID: usize = 128;
/// How long an order until canceled lives.
const GOOD_TILL_CANCELED_DAYS: i64 = 90;

/// A request to place an order, read but not yet checked.
#[derive(Clone, Debug)]
pub struct NewOrder {
    pub asset: AssetIndex,
    pub quantity: Option<Decimal>,
    pub notional: Option<Decimal>,
    pub side: Side,
    pub kind: Kind,
    pub time_in_force: TimeInForce,
    pub limit_price: Option<Decimal>,
    pub stop_price: Option<Decimal>,
    pub trail_price: Option<Decimal>,
    pub trail_percent: Option<Decimal>,
    pub extended_hours: bool,
    pub client_order_id: Option<String>,
    pub class: Class,
    pub take_profit: Option<Decimal>,
    pub stop_loss: Option<StopLoss>,
    pub intent: Option<Intent>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopLoss {
    pub stop_price: Decimal,
    pub limit_price: Option<Decimal>,
}

impl NewOrder {
    pub fn market(asset: AssetIndex, side: Side, quantity: Decimal) -> NewOrder {
        NewOrder {
            asset,
            quantity: Some(quantity),
            notional: None,
            side,
            kind: Kind::Market,
            time_in_force: TimeInForce::Day,
            limit_price: None,
            stop_price: None,
            trail_price: None,
            trail_percent: None,
            extended_hours: false,
            client_order_id: None,
            class: Class::Simple,
            take_profit: None,
            stop_loss: None,
            intent: None,
        }
    }
}

impl Book {
    /// Takes an order in, or says why not. It does nothing yet: the answer to the request shows it
    /// as it is now, and [`Book::activate`] lets it work.
    pub fn place(&mut self, request: NewOrder, scene: &Scene<'_>) -> Result<OrderIndex> {
        if let Some(id) = &request.client_order_id {
            self.client_order_ids.entry(id.clone()).or_default().sent += 1;
        }
        self.admit(&request, scene)?;
        let reserved_price = self.afford(&request, scene)?;
        let index = self.accept(&request, reserved_price, scene);
        self.attach_legs(index, &request, scene);
        let order = &self.orders[index];
        let attempts = self.client_order_ids.entry(order.client_order_id.clone()).or_default();
        attempts.accepted += 1;
        attempts.sent = attempts.sent.max(attempts.accepted);
        Ok(index)
    }

    /// Lets an order that was taken in work, if its time has come.
    pub fn activate(&mut self, index: OrderIndex, scene: &Scene<'_>) {
        let time = self.time(scene.now);
        if self.orders[index].status == Status::Accepted {
            return self.tell(Event::Accepted, index, time, None);
        }
        if scene.rules.announce_pending {
            self.tell(Event::PendingNew, index, time, None);
        }
        self.start(index, scene);
    }

    /// The order reaches the venue.
    pub(super) fn start(&mut self, index: OrderIndex, scene: &Scene<'_>) {
        let time = self.time(scene.now);
        let order = &mut self.orders[index];
        order.status = Status::New;
        order.updated_at = time;
        self.tell(Event::New, index, time, None);
        self.try_match(index, scene);
        let order = &self.orders[index];
        let at_once =
            matches!(order.time_in_force, TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill);
        if at_once && order.status.is_open() {
            self.end(index, Event::Canceled, scene.now);
        }
    }

    /// All that makes an order wrong whatever it costs.
    fn admit(&self, request: &NewOrder, scene: &Scene<'_>) -> Result<()> {
        if self.configuration.suspend_trade {
            return Err(Refusal::forbidden("new orders are rejected by user request"));
        }
        if self.terms.blocked || self.orders.len() >= MAX_ORDERS {
            return Err(Refusal::forbidden("account is not allowed to trade"));
        }
        if let Some(id) = &request.client_order_id {
            if id.chars().count() > MAX_CLIENT_ORDER_ID {
                return Err(Refusal::invalid(
                    "client_order_id must be no more than 128 characters",
                ));
            }
            if self.by_client_order_id.contains_key(id) {
                return Err(Refusal::duplicate_client_order_id());
            }
        }
        let asset = &scene.assets[request.asset];
        if !asset.tradable {
            let message = format!("asset {} is not tradable", asset.symbol);
            return Err(Refusal::unprocessable(message));
        }
        check_quantity(request, asset, self.configuration.fractional_trading)?;
        check_prices(request, asset)?;
        check_time_in_force(request, asset, scene.now)?;
        check_class(request)?;
        check_stop_side(request, scene)
    }

    /// Whether the account has the shares or the money; the price held against buying power.
    fn afford(&self, request: &NewOrder, scene: &Scene<'_>) -> Result<Decimal> {
        let asset = &scene.assets[request.asset];
        let existing = self.quantity(request.asset);
        let price = expected_price(request, scene);
        let cost = request.notional.unwrap_or_else(|| price * request.quantity.unwrap_or_default());
        let shares = match request.notional {
            Some(notional) if !price.is_zero() => notional / price,
            _ => request.quantity.unwrap_or_default(),
        };
        let closing =
            !existing.is_zero() && existing.is_sign_positive() == (request.side == Side::Sell);
        if let Some(opposite) = self.wash_trade(request) {
            return Err(Refusal::wash_trade(self.orders[opposite].id));
        }
        if closing {
            let available = self.available(request.asset);
            if shares > available {
                let symbol = &asset.symbol;
                let existing = existing.abs();
                return Err(Refusal::insufficient_quantity(symbol, shares, available, existing));
            }
            return Ok(Decimal::ZERO);
        }
        if request.class == Class::Oco {
            return Err(Refusal::unprocessable("oco orders must be exit orders"));
        }
        if request.side == Side::Sell {
            self.check_short(request, asset)?;
        }
        let buying_power = self.valuation(scene).buying_power;
        if cost > buying_power {
            return Err(Refusal::insufficient_buying_power(buying_power, cost));
        }
        Ok(price)
    }

    fn check_short(&self, request: &NewOrder, asset: &Asset) -> Result<()> {
        if asset.class == AssetClass::Crypto {
            let requested = request.quantity.unwrap_or_default();
            let none = Decimal::ZERO;
            return Err(Refusal::insufficient_quantity(&asset.symbol, requested, none, none));
        }
        if !asset.shortable {
            let message = format!("asset \"{}\" cannot be sold short", asset.symbol);
            return Err(Refusal::unprocessable(message));
        }
        if !self.terms.shorting || self.configuration.no_shorting {
            return Err(Refusal::forbidden("account is not allowed to short"));
        }
        if request.quantity.is_none_or(|quantity| !quantity.fract().is_zero()) {
            return Err(Refusal::unprocessable("fractional orders cannot be sold short"));
        }
        Ok(())
    }

    /// An open order of ours that this one could trade with.
    fn wash_trade(&self, request: &NewOrder) -> Option<OrderIndex> {
        if request.class != Class::Simple {
            return None;
        }
        self.open_of(request.asset).find(|index| {
            let other = &self.orders[*index];
            if other.side == request.side || other.class != Class::Simple {
                return false;
            }
            match (request.limit_price, other.limit_price) {
                (Some(ours), Some(theirs)) if request.side == Side::Buy => ours >= theirs,
                (Some(ours), Some(theirs)) => ours <= theirs,
                _ => true,
            }
        })
    }

    fn accept(
        &mut self,
        request: &NewOrder,
        reserved_price: Decimal,
        scene: &Scene<'_>,
    ) -> OrderIndex {
        let time = self.time(scene.now);
        let client_order_id = match &request.client_order_id {
            Some(id) => id.clone(),
            None => self.uuid("client order").to_string(),
        };
        let works_now = match scene.phase {
            Phase::Core => true,
            Phase::Extended => request.extended_hours,
            Phase::Closed => false,
        };
        let works_now = works_now || scene.assets[request.asset].class == AssetClass::Crypto;
        let order = Order {
            id: self.uuid("order"),
            client_order_id,
            asset: request.asset,
            side: request.side,
            kind: request.kind,
            time_in_force: request.time_in_force,
            class: request.class,
            intent: request.intent.unwrap_or_else(|| self.intent(request.asset, request.side)),
            extended_hours: request.extended_hours,
            quantity: request.quantity.map(|quantity| quantity.normalize()),
            notional: request.notional.map(|notional| notional.normalize()),
            limit_price: request.limit_price,
            stop_price: request.stop_price,
            trail_price: request.trail_price,
            trail_percent: request.trail_percent,
            high_water_mark: None,
            status: if works_now { Status::PendingNew } else { Status::Accepted },
            filled_quantity: Decimal::ZERO,
            filled_money: Decimal::ZERO,
            notional_quantity: None,
            triggered: !request.kind.waits_for_stop(),
            reserved_price,
            created_at: time,
            updated_at: time,
            submitted_at: time,
            expires_at: expires_at(request, scene.now),
            filled_at: None,
            expired_at: None,
            canceled_at: None,
            failed_at: None,
            replaced_at: None,
            cancel_requested_at: None,
            replaces: None,
            replaced_by: None,
            parent: None,
            legs: Vec::new(),
        };
        let index = self.add(order);
        self.follow_trail(index, scene.price(request.asset));
        index
    }

    fn attach_legs(&mut self, parent: OrderIndex, request: &NewOrder, scene: &Scene<'_>) {
        // The parent of a one-cancels-other pair is the taker of profit itself.
        let take_profit = request.take_profit.filter(|_| request.class != Class::Oco);
        let closing = |kind, limit_price, stop_price| NewOrder {
            quantity: request.quantity,
            side: if request.class == Class::Oco { request.side } else { request.side.opposite() },
            kind,
            limit_price,
            stop_price,
            client_order_id: None,
            take_profit: None,
            stop_loss: None,
            intent: None,
            ..request.clone()
        };
        let profit = take_profit.map(|price| closing(Kind::Limit, Some(price), None));
        let loss = request.stop_loss.map(|loss| {
            let kind = if loss.limit_price.is_some() { Kind::StopLimit } else { Kind::Stop };
            closing(kind, loss.limit_price, Some(loss.stop_price))
        });
        for leg in [profit, loss].into_iter().flatten() {
            let index = self.accept(&leg, Decimal::ZERO, scene);
            self.orders[index].parent = Some(parent);
            self.orders[index].status = Status::Held;
            self.orders[index].intent = match leg.side {
                Side::Buy => Intent::BuyToClose,
                Side::Sell => Intent::SellToClose,
            };
            self.orders[parent].legs.push(index);
        }
    }

    fn intent(&self, asset: AssetIndex, side: Side) -> Intent {
        let quantity = self.quantity(asset);
        match side {
            Side::Buy if quantity < Decimal::ZERO => Intent::BuyToClose,
            Side::Buy => Intent::BuyToOpen,
            Side::Sell if quantity > Decimal::ZERO => Intent::SellToClose,
            Side::Sell => Intent::SellToOpen,
        }
    }
}

/// What a share will cost, as far as one can tell beforehand.
fn expected_price(request: &NewOrder, scene: &Scene<'_>) -> Decimal {
    let mark = &scene.marks[request.asset];
    let touch = touch(mark, request.side).map(|touch| touch.price);
    let stop = request.limit_price.or(request.stop_price);
    stop.or(touch).or_else(|| mark.price()).unwrap_or_default()
}

fn expires_at(request: &NewOrder, now: i64) -> i64 {
    let date = time::new_york_date(now);
    let end = |session: mockkit::market::Session| {
        if request.extended_hours { session.last() } else { session.close }
    };
    match request.time_in_force {
        TimeInForce::GoodTillCanceled => now + GOOD_TILL_CANCELED_DAYS * DAY,
        _ => match mockkit::market::session(date) {
            Some(session) if now < end(session) => end(session),
            _ => end(mockkit::market::next_session(date)),
        },
    }
}
