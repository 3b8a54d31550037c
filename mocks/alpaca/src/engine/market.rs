//! How orders meet the market. A buy takes the ask and a sell the bid, as much as is shown; what is
//! left of a market order walks on a cent at a time, what is left of a limit order waits for the
//! next quote, or for a trade beyond its limit. Stops are set off by trades.

use mockkit::market::{Trade, marks};
use rust_decimal::Decimal;

use super::order::{AssetIndex, Class, Event, Kind, OrderIndex, Side, Status, TimeInForce};
use super::scene::{Touch, touch};
use super::{Book, Phase, Scene, Taken};

/// A market order larger than the quote pays a cent more for each further portion, so often; what
/// then is left is filled at the last price.
const MAX_LEVELS: u32 = 50;
const CENT: Decimal = Decimal::from_parts(1, 0, 0, false, 2);
/// Shown where a quote shows no size: a market order fills all the same.
const LEAST_SIZE: Decimal = Decimal::ONE_HUNDRED;
/// A fraction of a share in nine decimals.
const FRACTION_SCALE: u32 = 9;

impl Book {
    /// A new best bid or ask.
    pub fn on_quote(&mut self, asset: AssetIndex, scene: &Scene<'_>) {
        for index in self.open_of(asset).collect::<Vec<_>>() {
            self.try_match(index, scene);
        }
    }

    /// A public print: it can set off stops and prove that a resting limit was reached.
    pub fn on_trade(&mut self, asset: AssetIndex, trade: &Trade, scene: &Scene<'_>) {
        if !trade.counts() {
            return;
        }
        let price = trade.price.decimal();
        let mut left = Decimal::from(trade.size);
        for index in self.open_of(asset).collect::<Vec<_>>() {
            let order = &self.orders[index];
            if order.time_in_force == TimeInForce::AtOpen {
                self.auction(index, price, scene);
                continue;
            }
            if scene.phase == Phase::Core && trade.marks & marks::EXTENDED_HOURS == 0 {
                self.follow_trail(index, Some(price));
                self.trigger(index, price, scene);
            }
            left -= self.trade_through(index, price, left, scene);
            self.try_match(index, scene);
        }
    }

    /// Fills what it can of an order at the current quote.
    pub(super) fn try_match(&mut self, index: OrderIndex, scene: &Scene<'_>) {
        if !self.may_trade(index, scene) {
            return;
        }
        let (asset, side) = (self.orders[index].asset, self.orders[index].side);
        let Some(touch) = touch(&scene.marks[asset], side) else { return };
        let limit = self.limit(index);
        if limit.is_some_and(|limit| !reaches(side, limit, touch.price)) {
            return;
        }
        self.size_notional(index, touch.price);
        let remaining = self.orders[index].remaining();
        let shown = self.shown(asset, side, touch, scene);
        if limit.is_none() {
            return self.walk(index, touch, shown, scene);
        }
        let kill = self.orders[index].time_in_force == TimeInForce::FillOrKill;
        let quantity = remaining.min(shown);
        if quantity <= Decimal::ZERO || (kill && quantity < remaining) {
            return;
        }
        self.take(asset, side, quantity, scene);
        self.fill_in_parts(index, touch.price, quantity, scene);
    }

    /// Fills a market order whole.
    fn walk(&mut self, index: OrderIndex, touch: Touch, shown: Decimal, scene: &Scene<'_>) {
        let (asset, side) = (self.orders[index].asset, self.orders[index].side);
        let portion = touch.size.max(LEAST_SIZE);
        let mut price = touch.price;
        let mut level_size = shown;
        for level in 0..=MAX_LEVELS {
            let remaining = self.orders[index].remaining();
            if remaining <= Decimal::ZERO || !self.orders[index].status.is_open() {
                return;
            }
            let quantity = if level == MAX_LEVELS { remaining } else { remaining.min(level_size) };
            if quantity > Decimal::ZERO {
                self.take(asset, side, quantity, scene);
                self.fill_in_parts(index, price, quantity, scene);
            }
            price = (price + side.signed(CENT)).max(CENT);
            level_size = portion;
        }
    }

    /// A resting order whose limit a trade went through must have been filled, by as many shares
    /// as were traded at most. Returns how many.
    fn trade_through(
        &mut self,
        index: OrderIndex,
        price: Decimal,
        left: Decimal,
        scene: &Scene<'_>,
    ) -> Decimal {
        let order = &self.orders[index];
        let (side, Some(limit)) = (order.side, self.limit(index)) else { return Decimal::ZERO };
        let through = match side {
            Side::Buy => price < limit,
            Side::Sell => price > limit,
        };
        if !through || left <= Decimal::ZERO || !self.may_trade(index, scene) {
            return Decimal::ZERO;
        }
        self.size_notional(index, limit);
        let quantity = self.orders[index].remaining().min(left);
        self.fill(index, limit, quantity, scene.now);
        quantity
    }

    /// The opening auction gives every order its one price or nothing.
    fn auction(&mut self, index: OrderIndex, price: Decimal, scene: &Scene<'_>) {
        if scene.phase == Phase::Core && self.orders[index].status == Status::New {
            self.settle_auction(index, price, scene.now);
        }
    }

    pub(super) fn settle_auction(&mut self, index: OrderIndex, price: Decimal, now: i64) {
        let order = &self.orders[index];
        if order.limit_price.is_none_or(|limit| reaches(order.side, limit, price)) {
            let remaining = order.remaining();
            self.fill(index, price, remaining, now);
        } else {
            self.end(index, Event::Canceled, now);
        }
    }

    /// Moves a trailing stop after the market.
    pub(super) fn follow_trail(&mut self, index: OrderIndex, price: Option<Decimal>) {
        let order = &mut self.orders[index];
        let Some(price) = price.filter(|_| order.kind == Kind::TrailingStop && !order.triggered)
        else {
            return;
        };
        let best = match (order.side, order.high_water_mark) {
            (_, None) => price,
            (Side::Sell, Some(mark)) => mark.max(price),
            (Side::Buy, Some(mark)) => mark.min(price),
        };
        let percent = order.trail_percent.map(|percent| best * percent / Decimal::ONE_HUNDRED);
        let distance = order.trail_price.or(percent).unwrap_or_default();
        let stop = best + order.side.signed(distance);
        order.high_water_mark = Some(best);
        order.stop_price = Some(stop.round_dp(4).normalize());
    }

    /// Sets off a stop that the market has reached. A held leg takes the place of its sibling.
    fn trigger(&mut self, index: OrderIndex, price: Decimal, scene: &Scene<'_>) {
        let order = &self.orders[index];
        let Some(stop) = order.stop_price.filter(|_| !order.triggered) else { return };
        let reached = match order.side {
            Side::Buy => price >= stop,
            Side::Sell => price <= stop,
        };
        let armed = order.status.is_working() || self.is_armed(index);
        if !reached || !armed {
            return;
        }
        self.orders[index].triggered = true;
        if self.orders[index].status == Status::Held {
            let left = self.end_sibling(index, scene.now);
            self.orders[index].quantity = left.or(self.orders[index].quantity);
            return self.start(index, scene);
        }
        self.try_match(index, scene);
    }

    /// Whether a held leg watches the market: its parent has done its part.
    fn is_armed(&self, index: OrderIndex) -> bool {
        let order = &self.orders[index];
        let Some(parent) = order.parent.map(|parent| &self.orders[parent]) else { return false };
        order.status == Status::Held
            && match order.class {
                Class::Oco => parent.status.is_working(),
                Class::Bracket | Class::Oto | Class::Simple => parent.status == Status::Filled,
            }
    }

    fn may_trade(&self, index: OrderIndex, scene: &Scene<'_>) -> bool {
        let order = &self.orders[index];
        let auction = matches!(order.time_in_force, TimeInForce::AtOpen | TimeInForce::AtClose);
        let hours = match scene.phase {
            Phase::Core => true,
            Phase::Extended => order.extended_hours,
            Phase::Closed => false,
        };
        order.status.is_working() && order.triggered && hours && !auction
    }

    /// The worst price an order takes. A buy stop becomes a limit a little above its stop price.
    fn limit(&self, index: OrderIndex) -> Option<Decimal> {
        let order = &self.orders[index];
        if order.kind.has_limit() {
            return order.limit_price;
        }
        let protected = order.kind != Kind::Market && order.side == Side::Buy;
        let stop = order.stop_price.filter(|_| protected)?;
        let percent =
            if stop < Decimal::from(50) { Decimal::new(104, 2) } else { Decimal::new(1025, 3) };
        Some((stop * percent).round_dp(2))
    }

    /// An order by amount of money learns how many shares that is.
    fn size_notional(&mut self, index: OrderIndex, price: Decimal) {
        let order = &mut self.orders[index];
        if let (Some(notional), None) = (order.notional, order.notional_quantity) {
            order.notional_quantity = Some((notional / price).trunc_with_scale(FRACTION_SCALE));
        }
    }

    /// Size still shown on the side that an order would meet.
    fn shown(&self, asset: AssetIndex, side: Side, touch: Touch, scene: &Scene<'_>) -> Decimal {
        let number = scene.marks[asset].quote_number;
        let taken = self.taken.get(&asset).filter(|taken| taken.quote_number == number);
        let taken = taken.map_or(Decimal::ZERO, |taken| match side {
            Side::Buy => taken.ask,
            Side::Sell => taken.bid,
        });
        (touch.size - taken).max(Decimal::ZERO)
    }

    fn take(&mut self, asset: AssetIndex, side: Side, quantity: Decimal, scene: &Scene<'_>) {
        let number = scene.marks[asset].quote_number;
        let taken = self.taken.entry(asset).or_default();
        if taken.quote_number != number {
            *taken = Taken { quote_number: number, ..Taken::default() };
        }
        match side {
            Side::Buy => taken.ask += quantity,
            Side::Sell => taken.bid += quantity,
        }
    }

    /// One execution, or by chance two.
    fn fill_in_parts(
        &mut self,
        index: OrderIndex,
        price: Decimal,
        quantity: Decimal,
        scene: &Scene<'_>,
    ) {
        let split = self.draw("split", 100) < u64::from(scene.rules.partial_fill_percent);
        let whole = u64::try_from(quantity.trunc()).unwrap_or(0);
        if split && whole >= 2 {
            let first = Decimal::from(1 + self.draw("first part", whole - 1));
            self.fill(index, price, first, scene.now);
            self.fill(index, price, quantity - first, scene.now);
        } else {
            self.fill(index, price, quantity, scene.now);
        }
    }
}

fn reaches(side: Side, limit: Decimal, price: Decimal) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}
