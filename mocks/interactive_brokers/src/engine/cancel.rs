use super::Desk;
use super::order::{OrderIndex, Status};
use super::scene::{Scene, Touch};
use crate::refusal::Refusal;

const BY_TRADER: &str = "Cancelled by Trader";

impl Desk {
    /// Cancels an order of a client, or says why not. In a race the market was there first.
    pub fn cancel(&mut self, client_id: i32, order_id: i32, race: bool, scene: &Scene<'_>) {
        let refusal = match self.find(client_id, order_id) {
            Some(index) if race && self.orders[index].is_open() => {
                return self.fill_before_cancel(index, scene);
            }
            None => {
                let text = format!("OrderId {order_id} that needs to be cancelled is not found.");
                Refusal::new(10147, &text)
            }
            Some(index) if self.orders[index].is_open() => return self.take_off(index, scene),
            Some(index) => Refusal::new(
                10148,
                &format!(
                    "OrderId {order_id} that needs to be cancelled can not be cancelled, state: {}.",
                    self.orders[index].status.as_str()
                ),
            ),
        };
        self.refuse(client_id, order_id, &refusal, scene.now);
    }

    fn fill_before_cancel(&mut self, index: OrderIndex, scene: &Scene<'_>) {
        self.orders[index].status = Status::PendingCancel;
        self.tell_status(index);
        let order = &self.orders[index];
        let touch = scene.touch(order.instrument, order.terms.side);
        let price = order.terms.limit.or(touch.map(|touch| touch.price)).unwrap_or_default();
        let (venue, quantity) = (touch.map_or('N', |touch| touch.venue), order.remaining());
        self.fill(index, Touch { price, size: quantity, venue }, quantity, scene);
    }

    /// Cancels everything of everyone.
    pub fn cancel_all(&mut self, scene: &Scene<'_>) {
        for index in self.open_orders() {
            if self.orders[index].is_open() {
                self.take_off(index, scene);
            }
        }
    }

    fn take_off(&mut self, index: OrderIndex, scene: &Scene<'_>) {
        if scene.rules.announce_pending {
            let status = std::mem::replace(&mut self.orders[index].status, Status::PendingCancel);
            self.tell_status(index);
            self.orders[index].status = status;
        }
        let status =
            if self.orders[index].held_back { Status::ApiCancelled } else { Status::Cancelled };
        self.end(index, status, BY_TRADER, scene.now);
        self.tell_canceled(index, scene.now);
        self.cancel_children(index, scene.now);
    }

    /// The order's end without a fill, not yet told.
    pub(super) fn end(&mut self, index: OrderIndex, status: Status, by: &'static str, now: i64) {
        let order = &mut self.orders[index];
        order.status = status;
        order.ended_by = by;
        order.done = Some(now);
        self.open.remove(&index);
    }

    pub(super) fn tell_canceled(&mut self, index: OrderIndex, now: i64) {
        self.tell_status(index);
        let (client_id, order_id) = (self.orders[index].client_id, self.orders[index].order_id);
        let refusal = Refusal::new(202, "Order Canceled - reason:");
        self.refuse(client_id, order_id, &refusal, now);
    }

    /// Exits of an entry that will never be filled.
    pub(super) fn cancel_children(&mut self, parent: OrderIndex, now: i64) {
        if !self.orders[parent].filled.is_zero() {
            return;
        }
        let is_child = |index: &OrderIndex| self.orders[*index].parent == Some(parent);
        for child in self.open_orders().into_iter().filter(is_child).collect::<Vec<_>>() {
            self.end(child, Status::Cancelled, "Cancelled by System", now);
            self.tell_canceled(child, now);
        }
    }

    /// One of a group is filled: the others go.
    pub(super) fn cancel_group(&mut self, index: OrderIndex, now: i64) {
        let order = &self.orders[index];
        let (parent, account) = (order.parent, order.account);
        let group = order.oca_group().map(str::to_owned);
        let belongs = |other: &OrderIndex| {
            let other = &self.orders[*other];
            let sibling = parent.is_some() && other.parent == parent;
            let grouped = group.is_some()
                && other.oca_group() == group.as_deref()
                && other.account == account;
            sibling || grouped
        };
        let others = self.open_orders().into_iter();
        let others: Vec<OrderIndex> =
            others.filter(|other| *other != index && belongs(other)).collect();
        for other in others {
            self.end(other, Status::Cancelled, "Cancelled by System", now);
            self.tell_canceled(other, now);
        }
    }
}
