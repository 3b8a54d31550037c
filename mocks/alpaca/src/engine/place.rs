use mockkit::time::{self, DAY};
use rust_decimal::Decimal;

use super::order::TimeInForce;
use super::order::{AssetIndex, Class, Event, Intent, Kind, Order, OrderIndex, Side, Status};
use super::{Book, MAX_ORDERS, Phase, Scene};
use crate::assets::{Asset, AssetClass};
use crate::refusal::{Refusal, Result};

const MAX_CLIENT_ORDER_ID: usize = 128;
/// Decimals of a fraction of a share.
const MAX_QUANTITY_SCALE: u32 = 9;
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
        if !self.terms.shorting || self.configuration.no_shorting || !asset.shortable {
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
    let touch = mark.touch(request.side).map(|touch| touch.price);
    let stop = request.limit_price.or(request.stop_price);
    stop.or(touch).or_else(|| mark.price()).unwrap_or_default()
}

fn check_quantity(request: &NewOrder, asset: &Asset, fractional_trading: bool) -> Result<()> {
    let amount = match (request.quantity, request.notional) {
        (None, None) => return Err(Refusal::invalid("qty or notional is required")),
        (Some(_), Some(_)) => {
            return Err(Refusal::invalid("only one of qty or notional is accepted"));
        }
        (Some(quantity), None) => quantity,
        (None, Some(notional)) if notional > Decimal::ZERO && notional < Decimal::ONE => {
            let message = "cost basis must be >= minimal amount of order 1";
            return Err(Refusal::forbidden(message));
        }
        (None, Some(notional)) => notional,
    };
    if amount <= Decimal::ZERO {
        let name = if request.notional.is_some() { "notional" } else { "qty" };
        return Err(Refusal::invalid(format!("{name} must be > 0")));
    }
    if amount.normalize().scale() > MAX_QUANTITY_SCALE {
        return Err(Refusal::invalid("qty must have no more than 9 decimal places"));
    }
    let fractional = request.notional.is_some() || !amount.fract().is_zero();
    if !fractional || asset.class == AssetClass::Crypto {
        return Ok(());
    }
    if !asset.fractionable || !fractional_trading {
        let message = format!("asset \"{}\" is not fractionable", asset.symbol);
        return Err(Refusal::forbidden(message));
    }
    if request.time_in_force != TimeInForce::Day {
        return Err(Refusal::unprocessable("fractional orders must be DAY orders"));
    }
    if request.kind == Kind::TrailingStop || request.class != Class::Simple {
        return Err(Refusal::unprocessable("fractional orders must be simple orders"));
    }
    Ok(())
}

fn check_prices(request: &NewOrder, asset: &Asset) -> Result<()> {
    let (limit, stop) = (request.limit_price, request.stop_price);
    match request.kind {
        Kind::Market if limit.is_some() || stop.is_some() => {
            return Err(Refusal::invalid("market orders require no limit or stop price"));
        }
        Kind::Limit | Kind::StopLimit if limit.is_none() && request.class != Class::Oco => {
            let kind = if request.kind == Kind::Limit { "limit" } else { "stop limit" };
            return Err(Refusal::invalid(format!("{kind} orders require limit price")));
        }
        Kind::Stop | Kind::StopLimit if stop.is_none() => {
            return Err(Refusal::invalid("stop orders require stop price"));
        }
        Kind::TrailingStop if request.trail_price.is_some() == request.trail_percent.is_some() => {
            let message = "trailing stop orders must specify one of trail_price or trail_percent";
            return Err(Refusal::invalid(message));
        }
        _ => {}
    }
    let prices = [
        ("limit_price", limit),
        ("stop_price", stop),
        ("take_profit.limit_price", request.take_profit),
        ("stop_loss.stop_price", request.stop_loss.map(|loss| loss.stop_price)),
        ("stop_loss.limit_price", request.stop_loss.and_then(|loss| loss.limit_price)),
        ("trail_price", request.trail_price),
    ];
    for (name, price) in prices {
        if let Some(price) = price {
            check_price(name, price, asset)?;
        }
    }
    match request.trail_percent {
        Some(percent) if percent <= Decimal::ZERO || percent >= Decimal::ONE_HUNDRED => {
            Err(Refusal::invalid("trail_percent must be > 0 and < 100"))
        }
        _ => Ok(()),
    }
}

/// Two decimals from a dollar up, four below.
pub(super) fn check_price(name: &str, price: Decimal, asset: &Asset) -> Result<()> {
    if price <= Decimal::ZERO {
        return Err(Refusal::invalid(format!("{name} must be > 0")));
    }
    let decimals = if price >= Decimal::ONE { 2 } else { 4 };
    if asset.class == AssetClass::Equity && price.normalize().scale() > decimals {
        return Err(Refusal::unprocessable(format!(
            "invalid {name} {}. sub-penny increment does not fulfill minimum pricing criteria",
            price.normalize()
        )));
    }
    Ok(())
}

fn check_time_in_force(request: &NewOrder, asset: &Asset, now: i64) -> Result<()> {
    use TimeInForce::{AtClose, AtOpen, Day, GoodTillCanceled, ImmediateOrCancel};
    let time_in_force = request.time_in_force;
    if request.extended_hours
        && (request.kind != Kind::Limit || !matches!(time_in_force, Day | GoodTillCanceled))
    {
        return Err(Refusal::unprocessable("extended hours order must be DAY or GTC limit orders"));
    }
    if asset.class == AssetClass::Crypto
        && !matches!(time_in_force, GoodTillCanceled | ImmediateOrCancel)
    {
        return Err(Refusal::unprocessable("invalid crypto time_in_force"));
    }
    if !matches!(time_in_force, AtOpen | AtClose) {
        return Ok(());
    }
    if !matches!(request.kind, Kind::Market | Kind::Limit) {
        return Err(Refusal::unprocessable("opg and cls orders must be market or limit orders"));
    }
    let clock = time::new_york_time(now);
    let minute = i32::from(clock.hour()) * 60 + i32::from(clock.minute());
    let evening = 19 * 60;
    let (name, last) =
        if time_in_force == AtOpen { ("opg", 9 * 60 + 28) } else { ("cls", 15 * 60 + 50) };
    if (last..evening).contains(&minute) {
        let message = format!("{name} orders are not accepted at this time");
        return Err(Refusal::unprocessable(message));
    }
    Ok(())
}

fn check_class(request: &NewOrder) -> Result<()> {
    let class = request.class.as_str();
    let (profit, loss) = (request.take_profit, request.stop_loss);
    let complaint = match (request.class, profit, loss) {
        (Class::Simple, ..) => return Ok(()),
        (Class::Bracket, Some(_), Some(_)) | (Class::Oco, Some(_), Some(_)) => None,
        (Class::Oto, Some(_), None) | (Class::Oto, None, Some(_)) => None,
        (Class::Oto, ..) => Some("require one of take_profit or stop_loss"),
        (_, None, _) => Some("require take_profit.limit_price"),
        (_, _, None) => Some("require stop_loss.stop_price"),
    };
    if let Some(complaint) = complaint {
        return Err(Refusal::unprocessable(format!("{class} orders {complaint}")));
    }
    if request.class == Class::Oco && request.kind != Kind::Limit {
        return Err(Refusal::unprocessable("oco orders must be limit orders"));
    }
    if !matches!(request.time_in_force, TimeInForce::Day | TimeInForce::GoodTillCanceled) {
        return Err(Refusal::unprocessable(format!("{class} orders must be DAY or GTC orders")));
    }
    let (Some(profit), Some(loss)) = (profit, loss) else { return Ok(()) };
    // The exits of a buy sell: profit above, loss below.
    let exits = if request.class == Class::Oco { request.side } else { request.side.opposite() };
    let (relation, sound) = match exits {
        Side::Sell => (">", profit > loss.stop_price),
        Side::Buy => ("<", profit < loss.stop_price),
    };
    if sound {
        return Ok(());
    }
    let message = format!("take_profit.limit_price must be {relation} stop_loss.stop_price");
    Err(Refusal::unprocessable(message))
}

/// A stop that the market has passed already would not be a stop.
fn check_stop_side(request: &NewOrder, scene: &Scene<'_>) -> Result<()> {
    let (Some(stop), Some(price)) = (request.stop_price, scene.price(request.asset)) else {
        return Ok(());
    };
    match request.side {
        Side::Buy if stop <= price => Err(Refusal::stop_price("greater", price, stop)),
        Side::Sell if stop >= price => Err(Refusal::stop_price("less", price, stop)),
        _ => Ok(()),
    }
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
