//! Counts what is open on the topics themselves: mismatches of the books, and orders that have not
//! ended. The topics are the memory, so the figures are right from the first one after a restart.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use kafka::{Follow, From, Message};
use metrics::gauge;
use model::{BreakKind, BreakStatus, Event, OrderStatus, Text};
use runtime::{Error, Wiring};
use tokio::task::block_in_place;
use tracing::warn;

/// Where mismatches are told of.
pub const BREAKS: &str = "reconcile.breaks";
/// Where every order stands.
pub const ORDERS: &str = "orders.state";

/// Mismatches that nothing explains yet, by kind.
const BREAKS_OPEN: &str = "breaks_open";
/// Orders that have not ended, by state.
const ORDERS_IN_FLIGHT: &str = "orders_in_flight";
/// Records read at once, and the longest wait for the first.
const MAX_READ: usize = 5_000;
const READ_WAIT: Duration = Duration::from_millis(500);

/// What is open, by its id. What is over is forgotten.
#[derive(Debug, Default)]
struct Census {
    breaks: HashMap<Text, BreakKind>,
    orders: HashMap<Text, OrderStatus>,
    /// States that orders have been in: their figures go back to nothing rather than away.
    states: BTreeSet<&'static str>,
}

impl Census {
    fn hears(&mut self, event: &Event) {
        match event {
            Event::Break(found) if found.status == BreakStatus::Open => {
                self.breaks.insert(found.break_id.clone(), found.kind);
            }
            Event::Break(found) => drop(self.breaks.remove(&found.break_id)),
            Event::OrderState(order) if !order.is_terminal => {
                self.states.insert(order.status.as_str());
                self.orders.insert(order.order_id.clone(), order.status);
            }
            Event::OrderState(order) => drop(self.orders.remove(&order.order_id)),
            _ => {}
        }
    }

    /// A record without a value takes back what there was under its key.
    fn forgets(&mut self, topic: &str, key: &str) {
        match topic {
            BREAKS => drop(self.breaks.remove(key)),
            ORDERS => drop(self.orders.remove(key)),
            _ => {}
        }
    }

    /// Every kind there is, also where nothing is open.
    fn breaks(&self) -> BTreeMap<&'static str, u32> {
        let mut counts: BTreeMap<_, _> =
            BreakKind::ALL.iter().map(|kind| (kind.as_str(), 0)).collect();
        for kind in self.breaks.values() {
            *counts.entry(kind.as_str()).or_default() += 1;
        }
        counts
    }

    fn orders(&self) -> BTreeMap<&'static str, u32> {
        let mut counts: BTreeMap<_, _> = self.states.iter().map(|state| (*state, 0)).collect();
        for status in self.orders.values() {
            *counts.entry(status.as_str()).or_default() += 1;
        }
        counts
    }
}

/// Counts what is open on these topics until shutdown.
pub(crate) async fn keep_counting(
    topics: &BTreeSet<&'static str>,
    wiring: &Wiring,
) -> Result<(), Error> {
    let mut follow = block_in_place(|| follow(topics, wiring))?;
    let mut census = Census::default();
    let mut is_whole = false;
    while !wiring.shutdown.is_cancelled() {
        // The loop must be interruptible where nothing else in it waits.
        tokio::task::yield_now().await;
        let messages = block_in_place(|| follow.next(MAX_READ, READ_WAIT))?;
        block_in_place(|| messages.iter().try_for_each(|m| take_in(&mut census, m, wiring)))?;
        // What has been open for long and is over since must not be counted on the way there.
        let was_whole = is_whole;
        is_whole = is_whole || block_in_place(|| follow.behind())? == 0;
        if is_whole && !(was_whole && messages.is_empty()) {
            show(&census, topics);
        }
    }
    Ok(())
}

fn follow(topics: &BTreeSet<&'static str>, wiring: &Wiring) -> Result<Follow, Error> {
    let names: Vec<_> = topics.iter().map(|topic| wiring.names.topic(topic)).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    Ok(wiring.cluster.reader()?.follow(&names, From::Start)?)
}

fn take_in(census: &mut Census, message: &Message, wiring: &Wiring) -> Result<(), Error> {
    if message.payload().is_none() {
        let key = String::from_utf8_lossy(message.key().unwrap_or_default());
        census.forgets(wiring.names.base(&message.topic), &key);
        return Ok(());
    }
    match wiring.read(message) {
        Ok(event) => census.hears(&event),
        Err(Error::Record { topic, reason }) => {
            warn!(topic, offset = message.offset, reason, "unreadable record");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

fn show(census: &Census, topics: &BTreeSet<&'static str>) {
    if topics.contains(BREAKS) {
        for (kind, count) in census.breaks() {
            gauge!(BREAKS_OPEN, "kind" => kind).set(f64::from(count));
        }
    }
    if topics.contains(ORDERS) {
        for (state, count) in census.orders() {
            gauge!(ORDERS_IN_FLIGHT, "state" => state).set(f64::from(count));
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{Break, BreakSubject, Decimal, Head, OrderState, Timestamp};

    use super::*;

    fn found(id: &str, kind: BreakKind, status: BreakStatus) -> Event {
        let found = Break {
            head: Head::default(),
            break_id: id.into(),
            account: "main".into(),
            subject: BreakSubject::Position,
            kind,
            status,
            instrument: None,
            currency: None,
            ours: None,
            theirs: None,
            difference: Decimal::ONE,
            first_seen_time: Timestamp::default(),
            age_secs: 0,
            explanation: None,
        };
        found.into()
    }

    fn order(id: &str, status: OrderStatus, is_terminal: bool) -> Event {
        let order = OrderState {
            head: Head::default(),
            order_id: id.into(),
            account: "main".into(),
            system: "alpaca".into(),
            broker_account: "1".into(),
            status,
            is_terminal,
            broker_order_id: None,
            instrument: None,
            side: None,
            order_type: None,
            time_in_force: None,
            quantity: None,
            notional: None,
            limit_price: None,
            stop_price: None,
            filled_quantity: Decimal::ZERO,
            average_price: None,
            created_time: Timestamp::default(),
            reason: None,
            event_count: 1,
            last_event_id: "1".into(),
        };
        order.into()
    }

    /// Kinds and states with something open after these events.
    fn check(events: &[Event], breaks: &[(&str, u32)], orders: &[(&str, u32)]) -> Census {
        let mut census = Census::default();
        events.iter().for_each(|event| census.hears(event));
        let some = |counts: BTreeMap<&'static str, u32>| -> Vec<_> {
            counts.into_iter().filter(|(_, count)| *count > 0).collect()
        };
        assert_eq!(some(census.breaks()), breaks);
        assert_eq!(some(census.orders()), orders);
        census
    }

    #[test]
    fn counts_each_mismatch_once_and_only_while_nothing_explains_it() {
        use BreakStatus::{Closed, Explained, Open};
        let (quantity, price) = (BreakKind::Quantity, BreakKind::Price);
        let both =
            [found("a", quantity, Open), found("b", price, Open), found("a", quantity, Open)];
        let census = check(&both, &[("price", 1), ("quantity", 1)], &[]);
        assert_eq!(census.breaks().len(), BreakKind::ALL.len(), "nothing is a figure too");
        check(&[found("a", quantity, Open), found("a", quantity, Explained)], &[], &[]);
        check(&[found("a", quantity, Open), found("a", quantity, Closed)], &[], &[]);
        // It changes its kind.
        check(&[found("a", quantity, Open), found("a", price, Open)], &[("price", 1)], &[]);
    }

    #[test]
    fn counts_orders_by_where_they_stand_until_they_end() {
        let (new, unknown) = (OrderStatus::New, OrderStatus::Unknown);
        let open = [order("a", new, false), order("b", unknown, false), order("c", new, false)];
        check(&open, &[], &[("new", 2), ("unknown", 1)]);
        let ends = [&open[..], &[order("b", OrderStatus::Filled, true)]].concat();
        let mut census = check(&ends, &[], &[("new", 2)]);
        assert_eq!(census.orders()["unknown"], 0, "its figure does not go away");
        census.forgets(ORDERS, "a");
        census.forgets(BREAKS, "c");
        assert_eq!(census.orders()["new"], 1);
    }
}
