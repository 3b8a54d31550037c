//! How orders meet the market. A buy takes the ask and a sell the bid, as much as is shown; what is
//! left of a market order walks on a tick at a time, what is left of a limit order waits for the
//! next quote, or for a trade beyond its limit. Stops are set off by trades.

use mockkit::market::{Trade, marks};
use rust_decimal::Decimal;

use super::order::{Kind, OrderIndex, Side, Status, Tif, Trail};
use super::scene::{Phase, Scene, Touch};
use super::{Desk, Taken};
use crate::instruments::Index;

/// A market order larger than the quote pays a tick more for each further portion, so often; what
/// then is left is filled at the last price.
const MAX_LEVELS: u32 = 50;
/// Shown where a quote shows no size: a market order fills all the same.
const LEAST_SIZE: Decimal = Decimal::ONE_HUNDRED;

/// What the exchange's day is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bell {
    Early,
    Open,
    Close,
    Late,
}

impl Desk {
    /// A new best bid or ask.
    pub fn on_quote(&mut self, instrument: Index, scene: &Scene<'_>) {
        for index in self.open_of(instrument) {
            self.start(index, scene);
            self.try_match(index, scene);
        }
    }

    /// A public print: it can set off stops and prove that a resting limit was reached.
    pub fn on_trade(&mut self, instrument: Index, trade: &Trade, scene: &Scene<'_>) {
        if !trade.counts() {
            return;
        }
        let price = trade.price.decimal();
        let mut left = Decimal::from(trade.size);
        for index in self.open_of(instrument) {
            if self.orders[index].terms.tif == Tif::AtOpen {
                self.settle_auction(index, price, scene);
                continue;
            }
            if trade.marks & marks::EXTENDED_HOURS == 0 && self.is_free(index, scene) {
                self.follow_trail(index, Some(price));
                self.check_touch(index, scene);
            }
            self.start(index, scene);
            left -= self.trade_through(index, price, left, scene);
            self.try_match(index, scene);
        }
    }

    /// The day goes on: `scene` is the moment of the bell.
    pub fn on_bell(&mut self, bell: Bell, scene: &Scene<'_>) {
        if bell == Bell::Close {
            for index in self.open_orders() {
                let order = &self.orders[index];
                let price = scene.price(order.instrument);
                if let Some(price) = price.filter(|_| order.terms.kind.is_for_close()) {
                    self.settle_auction(index, price, scene);
                }
            }
        }
        for index in self.open_orders() {
            self.start(index, scene);
        }
        self.expire(bell, scene);
    }

    /// Orders whose time has come or gone, at any time of the day.
    pub fn on_time(&mut self, scene: &Scene<'_>) {
        for index in self.open_orders() {
            let terms = &self.orders[index].terms;
            if terms.tif == Tif::GoodTillDate && terms.ends.is_some_and(|ends| ends <= scene.now) {
                self.end(index, Status::Cancelled, "Cancelled by System", scene.now);
                self.tell_status(index);
                continue;
            }
            self.start(index, scene);
        }
    }

    fn expire(&mut self, bell: Bell, scene: &Scene<'_>) {
        for index in self.open_orders() {
            let order = &self.orders[index];
            let last = if order.terms.outside_hours { Bell::Late } else { Bell::Close };
            let for_today = matches!(order.terms.tif, Tif::Day | Tif::AtOpen);
            // Nobody says so: the order is just canceled.
            if for_today && bell == last {
                self.end(index, Status::Cancelled, "Cancelled by System", scene.now);
                self.tell_status(index);
                self.cancel_children(index, scene.now);
            }
        }
    }

    /// Fills what it can of an order at the current quote.
    pub(super) fn try_match(&mut self, index: OrderIndex, scene: &Scene<'_>) {
        if !self.may_trade(index, scene) {
            return;
        }
        let (instrument, side) = (self.orders[index].instrument, self.orders[index].terms.side);
        let Some(touch) = scene.touch(instrument, side) else { return };
        let limit = self.limit(index, scene);
        if limit.is_some_and(|limit| !side.reaches(limit, touch.price)) {
            return;
        }
        let shown = self.shown(instrument, side, touch, scene);
        if limit.is_none() {
            return self.walk(index, touch, shown, scene);
        }
        let remaining = self.orders[index].remaining();
        let quantity = remaining.min(shown.floor());
        let whole = self.orders[index].terms.tif == Tif::FillOrKill
            || self.orders[index].echo.all_or_none == Some(true);
        if quantity <= Decimal::ZERO || (whole && quantity < remaining) {
            return;
        }
        self.take(instrument, side, quantity, scene);
        self.fill_in_parts(index, touch, quantity, scene);
    }

    /// Fills a market order whole; one that turns into a limit order only as far as is shown.
    fn walk(&mut self, index: OrderIndex, touch: Touch, shown: Decimal, scene: &Scene<'_>) {
        let (instrument, side) = (self.orders[index].instrument, self.orders[index].terms.side);
        let tick = scene.instrument(instrument).min_tick;
        let portion = touch.size.max(LEAST_SIZE);
        let mut touch = touch;
        let mut level_size = shown;
        for level in 0..=MAX_LEVELS {
            let remaining = self.orders[index].remaining();
            if remaining <= Decimal::ZERO || !self.orders[index].is_open() {
                return;
            }
            let quantity = if level == MAX_LEVELS { remaining } else { remaining.min(level_size) };
            if quantity > Decimal::ZERO {
                self.take(instrument, side, quantity, scene);
                self.fill_in_parts(index, touch, quantity, scene);
                if self.orders[index].terms.kind == Kind::MarketToLimit {
                    self.orders[index].terms.kind = Kind::Limit;
                    self.orders[index].terms.limit = Some(touch.price);
                    self.orders[index].echo.lmt_price = Some(crate::numbers::double(touch.price));
                    return;
                }
            }
            touch.price = (touch.price + side.signed(tick)).max(tick);
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
        let side = order.terms.side;
        let Some(limit) = order.terms.limit.filter(|_| order.terms.kind.needs_limit()) else {
            return Decimal::ZERO;
        };
        let through = side.reaches(limit, price) && price != limit;
        if !through || left <= Decimal::ZERO || !self.may_trade(index, scene) {
            return Decimal::ZERO;
        }
        let quantity = self.orders[index].remaining().min(left);
        let venue = scene.touch(self.orders[index].instrument, side).map_or('N', |t| t.venue);
        self.fill(index, Touch { price: limit, size: quantity, venue }, quantity, scene);
        quantity
    }

    /// An auction gives every order its one price or nothing.
    fn settle_auction(&mut self, index: OrderIndex, price: Decimal, scene: &Scene<'_>) {
        let order = &self.orders[index];
        if order.status != Status::PreSubmitted
            || (scene.phase != Phase::Core && order.terms.tif == Tif::AtOpen)
        {
            return;
        }
        let limit = order.terms.limit;
        if limit.is_none_or(|limit| order.terms.side.reaches(limit, price)) {
            let quantity = order.remaining();
            self.fill(index, Touch { price, size: quantity, venue: 'N' }, quantity, scene);
        } else {
            self.end(index, Status::Cancelled, "Cancelled by System", scene.now);
            self.tell_canceled(index, scene.now);
        }
    }

    /// Moves a trailing stop after the market.
    pub(super) fn follow_trail(&mut self, index: OrderIndex, price: Option<Decimal>) {
        let order = &mut self.orders[index];
        let Some(price) = price.filter(|_| order.terms.kind.trails() && !order.triggered) else {
            return;
        };
        let first = order.mark.is_none();
        let best = match (order.terms.side, order.mark) {
            (_, None) => price,
            (Side::Sell, Some(mark)) => mark.max(price),
            (Side::Buy, Some(mark)) => mark.min(price),
        };
        if order.mark == Some(best) {
            return;
        }
        order.mark = Some(best);
        // A stop price that the client gave holds until the market has moved away from it.
        if first && order.terms.trigger.is_some() {
            return;
        }
        let distance = match order.terms.trail {
            Some(Trail::Amount(amount)) => amount,
            Some(Trail::Percent(percent)) => best * percent / Decimal::ONE_HUNDRED,
            None => return,
        };
        let stop = (best + order.terms.side.signed(distance)).round_dp(2).normalize();
        order.terms.trigger = Some(stop);
        order.echo.trail_stop_price = Some(crate::numbers::double(stop));
        if order.terms.kind == Kind::TrailLimit {
            let limit = stop + order.terms.side.signed(order.terms.limit_offset);
            order.terms.limit = Some(limit);
            order.echo.lmt_price = Some(crate::numbers::double(limit));
        }
    }

    /// Sets off an order that the market has reached.
    pub(super) fn check_touch(&mut self, index: OrderIndex, scene: &Scene<'_>) {
        let order = &self.orders[index];
        let Some(trigger) = order.terms.trigger.filter(|_| !order.triggered) else { return };
        let Some(price) = scene.price(order.instrument) else { return };
        let rises = (order.terms.side == Side::Buy) != order.terms.kind.is_touched();
        if (rises && price >= trigger) || (!rises && price <= trigger) {
            self.orders[index].triggered = true;
        }
    }

    fn may_trade(&self, index: OrderIndex, scene: &Scene<'_>) -> bool {
        let order = &self.orders[index];
        let working = order.status == Status::Submitted
            || (order.status == Status::PreSubmitted && order.terms.kind == Kind::Market);
        working
            && order.triggered
            && order.terms.tif != Tif::AtOpen
            && !order.terms.kind.is_for_close()
            && self.is_free(index, scene)
    }

    /// The worst price an order takes.
    fn limit(&self, index: OrderIndex, scene: &Scene<'_>) -> Option<Decimal> {
        let order = &self.orders[index];
        let terms = &order.terms;
        let cap = terms.limit.filter(|limit| !limit.is_zero());
        let quote = scene.mark(order.instrument).quote;
        let (bid, ask) = quote.map(|quote| (quote.bid.decimal(), quote.ask.decimal()))?;
        let (own, other) = match terms.side {
            Side::Buy => (bid, ask),
            Side::Sell => (ask, bid),
        };
        let follows = match terms.kind {
            Kind::Middle => (bid + ask) / Decimal::TWO,
            Kind::Relative => own,
            Kind::PeggedToMarket => other,
            kind if kind.needs_limit() || kind == Kind::TrailLimit => return cap,
            _ => return None,
        };
        Some(match (terms.side, cap) {
            (_, None) => follows,
            (Side::Buy, Some(cap)) => follows.min(cap),
            (Side::Sell, Some(cap)) => follows.max(cap),
        })
    }

    /// Size still shown on the side that an order would meet.
    fn shown(&self, instrument: Index, side: Side, touch: Touch, scene: &Scene<'_>) -> Decimal {
        let number = scene.mark(instrument).quote_number;
        let taken = self.taken.get(&instrument).filter(|taken| taken.quote_number == number);
        let taken = taken.map_or(Decimal::ZERO, |taken| match side {
            Side::Buy => taken.ask,
            Side::Sell => taken.bid,
        });
        (touch.size - taken).max(Decimal::ZERO)
    }

    fn take(&mut self, instrument: Index, side: Side, quantity: Decimal, scene: &Scene<'_>) {
        let number = scene.mark(instrument).quote_number;
        let taken = self.taken.entry(instrument).or_default();
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
        touch: Touch,
        quantity: Decimal,
        scene: &Scene<'_>,
    ) {
        let split = self.draw("split", 100) < u64::from(scene.rules.partial_fill_percent);
        let whole = u64::try_from(quantity.trunc()).unwrap_or(0);
        if split && whole >= 2 {
            let first = Decimal::from(1 + self.draw("first part", whole - 1));
            self.fill(index, touch, first, scene);
            self.fill(index, touch, quantity - first, scene);
        } else {
            self.fill(index, touch, quantity, scene);
        }
    }
}
