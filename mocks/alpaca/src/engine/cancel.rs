use super::order::{Event, OrderIndex, Status};
use super::{Book, Scene};
use crate::refusal::{Refusal, Result};

impl Book {
    /// Cancels an open order, and the other exit of a pair with it.
    pub fn cancel(&mut self, index: OrderIndex, scene: &Scene<'_>) -> Result<()> {
        let status = self.orders[index].status;
        match status {
            Status::PendingCancel => return Err(Refusal::already(status.as_str())),
            status if !status.is_open() => return Err(Refusal::already(status.as_str())),
            _ => {}
        }
        let time = self.time(scene.now);
        self.orders[index].cancel_requested_at = Some(time);
        if scene.rules.announce_pending {
            self.orders[index].status = Status::PendingCancel;
            self.tell(Event::PendingCancel, index, time, None);
        }
        self.end(index, Event::Canceled, scene.now);
        self.end_sibling(index, scene.now);
        Ok(())
    }

    /// Turns an order down after it was taken in, as a venue may do.
    pub fn reject(&mut self, index: OrderIndex, scene: &Scene<'_>) {
        self.end(index, Event::Rejected, scene.now);
    }
}
