use rust_decimal::Decimal;

use super::ledger::{Activity, FillActivity};
use super::order::{AssetIndex, Class, Event, Fill, Intent, OrderIndex, Status};
use super::{Book, Position};

impl Book {
    /// One execution: order, position, money and history move together.
    pub(super) fn fill(&mut self, index: OrderIndex, price: Decimal, quantity: Decimal, now: i64) {
        if quantity <= Decimal::ZERO {
            return;
        }
        let time = self.time(now);
        let order = &mut self.orders[index];
        order.filled_quantity = (order.filled_quantity + quantity).normalize();
        order.filled_money += price * quantity;
        order.updated_at = time;
        let done = order.remaining() <= Decimal::ZERO;
        if done {
            order.status = Status::Filled;
            order.filled_at = Some(time);
        } else {
            order.status = Status::PartiallyFilled;
        }
        let (asset, side) = (order.asset, order.side);
        self.move_position(asset, side.signed(quantity), price, time);
        self.cash -= side.signed(quantity) * price;
        self.record_fill(index, price, quantity, time);
        let position_quantity = self.quantity(asset).normalize();
        let fill =
            Fill { price: price.normalize(), quantity: quantity.normalize(), position_quantity };
        let event = if done { Event::Fill } else { Event::PartialFill };
        self.tell(event, index, time, Some(fill));
        if done {
            self.retire(index);
            self.pass_on(index, now);
        }
    }

    /// The cost of what is left of a position goes down in proportion; what passes through zero
    /// starts anew at the price.
    pub(super) fn move_position(
        &mut self,
        asset: AssetIndex,
        change: Decimal,
        price: Decimal,
        time: i64,
    ) {
        let position = self.positions.entry(asset).or_default();
        let before = position.quantity;
        let after = before + change;
        let same_way = before.is_zero() || before.is_sign_negative() == change.is_sign_negative();
        if same_way {
            if before.is_zero() {
                position.opened_at = time;
            }
            position.cost += change * price;
        } else if after.is_zero() || after.is_sign_negative() == before.is_sign_negative() {
            position.cost = position.cost * after / before;
        } else {
            *position = Position { quantity: after, cost: after * price, opened_at: time };
        }
        position.quantity = after;
        if after.is_zero() {
            self.positions.remove(&asset);
        }
    }

    fn record_fill(&mut self, index: OrderIndex, price: Decimal, quantity: Decimal, time: i64) {
        let id = self.uuid("activity");
        let order = &self.orders[index];
        self.activities.push(Activity::Fill(FillActivity {
            id,
            time,
            asset: order.asset,
            order_id: order.id,
            side: order.side,
            short: order.intent == Intent::SellToOpen,
            price: price.normalize(),
            quantity: quantity.normalize(),
            cumulative: order.filled_quantity,
            leaves: order.remaining().normalize(),
            status: order.status,
        }));
    }

    /// What a filled order means for the others of its group.
    fn pass_on(&mut self, index: OrderIndex, now: i64) {
        match (self.orders[index].class, self.orders[index].parent) {
            (Class::Simple, _) => {}
            (Class::Oco, None) => self.cancel_legs(index, now),
            (_, None) => self.release_legs(index, now),
            (_, Some(_)) => {
                self.end_sibling(index, now);
            }
        }
    }

    /// The entry is filled: of two exits the taker of profit works, the other watches.
    fn release_legs(&mut self, parent: OrderIndex, now: i64) {
        let legs = self.orders[parent].legs.clone();
        let Some(first) = legs.first().copied() else { return };
        let time = self.time(now);
        let leg = &mut self.orders[first];
        if leg.status == Status::Held {
            leg.status = Status::New;
            leg.updated_at = time;
            self.tell(Event::New, first, time, None);
        }
    }

    pub(super) fn cancel_legs(&mut self, parent: OrderIndex, now: i64) {
        for leg in self.orders[parent].legs.clone() {
            self.end(leg, Event::Canceled, now);
        }
    }

    /// Cancels the other exit of a pair; what was left of it.
    pub(super) fn end_sibling(&mut self, index: OrderIndex, now: i64) -> Option<Decimal> {
        let order = &self.orders[index];
        let parent = order.parent?;
        let sibling = match order.class {
            Class::Oco => Some(parent),
            _ => self.orders[parent].legs.iter().copied().find(|leg| *leg != index),
        }?;
        if !self.orders[sibling].status.is_open() {
            return None;
        }
        let left = self.orders[sibling].remaining();
        self.end_alone(sibling, Event::Canceled, now);
        Some(left)
    }

    /// Ends an order without a fill, and the legs that now will never work.
    pub(super) fn end(&mut self, index: OrderIndex, event: Event, now: i64) {
        if !self.orders[index].status.is_open() {
            return;
        }
        self.end_alone(index, event, now);
        if event != Event::Replaced {
            self.cancel_legs(index, now);
        }
    }

    fn end_alone(&mut self, index: OrderIndex, event: Event, now: i64) {
        let time = self.time(now);
        let order = &mut self.orders[index];
        order.updated_at = time;
        match event {
            Event::Expired => {
                order.status = Status::Expired;
                order.expired_at = Some(time);
            }
            Event::Rejected => {
                order.status = Status::Rejected;
                order.failed_at = Some(time);
            }
            Event::Replaced => {
                order.status = Status::Replaced;
                order.replaced_at = Some(time);
            }
            _ => {
                order.status = Status::Canceled;
                order.canceled_at = Some(time);
            }
        }
        self.retire(index);
        self.tell(event, index, time, None);
    }
}
