use rust_decimal::Decimal;

use super::checks::{check_price, check_size};
use super::order::{Event, Kind, Order, OrderIndex, Status, TimeInForce};
use super::{Book, Scene};
use crate::refusal::{Refusal, Result};

/// What `PATCH` may change.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub quantity: Option<Decimal>,
    pub time_in_force: Option<TimeInForce>,
    pub limit_price: Option<Decimal>,
    pub stop_price: Option<Decimal>,
    pub trail: Option<Decimal>,
    pub client_order_id: Option<String>,
}

impl Book {
    /// Takes in a new order in the place of an open one, which is done. As with a new order,
    /// [`Book::activate_replacement`] lets it work.
    pub fn replace(
        &mut self,
        index: OrderIndex,
        change: Change,
        scene: &Scene<'_>,
    ) -> Result<OrderIndex> {
        if let Some(id) = &change.client_order_id {
            self.client_order_ids.entry(id.clone()).or_default().sent += 1;
        }
        let replacement = self.replacement(index, change, scene)?;
        let time = self.time(scene.now);
        if scene.rules.announce_pending {
            self.orders[index].status = Status::PendingReplace;
            self.tell(Event::PendingReplace, index, time, None);
        }
        let (id, client_order_id) = (replacement.id, replacement.client_order_id.clone());
        let new = self.add(replacement);
        self.client_order_ids.entry(client_order_id).or_default().accepted += 1;
        self.take_over(index, new);
        self.orders[index].replaced_by = Some(id);
        self.end(index, Event::Replaced, scene.now);
        Ok(new)
    }

    pub fn activate_replacement(&mut self, index: OrderIndex, scene: &Scene<'_>) {
        if self.orders[index].status == Status::PendingNew {
            self.start(index, scene);
        }
    }

    fn replacement(
        &mut self,
        index: OrderIndex,
        change: Change,
        scene: &Scene<'_>,
    ) -> Result<Order> {
        let old = self.orders[index].clone();
        match old.status {
            Status::New | Status::PartiallyFilled | Status::Held => {}
            status if !status.is_open() => return Err(Refusal::already(status.as_str())),
            _ => {
                return Err(Refusal::unprocessable("unable to replace order in its current state"));
            }
        }
        let fractional = old.quantity.is_none_or(|quantity| !quantity.fract().is_zero());
        if fractional {
            return Err(Refusal::unprocessable("fractional orders cannot be replaced"));
        }
        if let Some(id) = &change.client_order_id
            && self.by_client_order_id.contains_key(id)
        {
            return Err(Refusal::duplicate_client_order_id());
        }
        self.check_change(&old, &change, scene)?;
        let time = self.time(scene.now);
        let client_order_id = match change.client_order_id {
            Some(id) => id,
            None => self.uuid("client order").to_string(),
        };
        let by_percent = old.trail_percent.is_some();
        Ok(Order {
            id: self.uuid("order"),
            client_order_id,
            // What is filled stays with the old order; the new one is about the rest.
            quantity: Some(change.quantity.unwrap_or_else(|| old.remaining()).normalize()),
            time_in_force: change.time_in_force.unwrap_or(old.time_in_force),
            limit_price: change.limit_price.or(old.limit_price),
            stop_price: change.stop_price.or(old.stop_price),
            trail_price: change.trail.filter(|_| !by_percent).or(old.trail_price),
            trail_percent: change.trail.filter(|_| by_percent).or(old.trail_percent),
            status: if old.status == Status::Held { Status::Held } else { Status::PendingNew },
            filled_quantity: Decimal::ZERO,
            filled_money: Decimal::ZERO,
            reserved_price: match change.limit_price {
                Some(limit) if !old.reserved_price.is_zero() => limit,
                _ => old.reserved_price,
            },
            created_at: time,
            updated_at: time,
            submitted_at: time,
            filled_at: None,
            replaces: Some(old.id),
            ..old
        })
    }

    fn check_change(&self, old: &Order, change: &Change, scene: &Scene<'_>) -> Result<()> {
        let asset = &scene.assets[old.asset];
        let prices = [
            ("limit_price", change.limit_price),
            ("stop_price", change.stop_price),
            ("trail", change.trail),
        ];
        for (name, price) in prices {
            if let Some(price) = price {
                check_price(name, price, asset)?;
            }
        }
        if change.limit_price.is_some() && !old.kind.has_limit() {
            return Err(Refusal::invalid("only limit orders have a limit_price"));
        }
        if change.stop_price.is_some() && !matches!(old.kind, Kind::Stop | Kind::StopLimit) {
            return Err(Refusal::invalid("only stop orders have a stop_price"));
        }
        if change.trail.is_some() && old.kind != Kind::TrailingStop {
            return Err(Refusal::invalid("only trailing stop orders have a trail"));
        }
        let Some(quantity) = change.quantity else { return Ok(()) };
        if quantity <= Decimal::ZERO || !quantity.fract().is_zero() {
            return Err(Refusal::invalid("qty must be a whole number > 0"));
        }
        check_size(quantity)?;
        let more = quantity - old.remaining();
        if old.reserved_price.is_zero() {
            let available = self.available(old.asset);
            if more > available && old.status != Status::Held {
                let existing = self.quantity(old.asset).abs();
                let free = available + old.remaining();
                let symbol = &asset.symbol;
                return Err(Refusal::insufficient_quantity(symbol, quantity, free, existing));
            }
            return Ok(());
        }
        let buying_power = self.valuation(scene).buying_power;
        let cost = more * change.limit_price.unwrap_or(old.reserved_price);
        if cost > buying_power {
            return Err(Refusal::insufficient_buying_power(buying_power, cost));
        }
        Ok(())
    }

    /// The new order stands where the old one stood among parents and legs.
    fn take_over(&mut self, old: OrderIndex, new: OrderIndex) {
        for leg in self.orders[new].legs.clone() {
            self.orders[leg].parent = Some(new);
        }
        if let Some(parent) = self.orders[new].parent {
            for leg in &mut self.orders[parent].legs {
                if *leg == old {
                    *leg = new;
                }
            }
        }
    }
}
