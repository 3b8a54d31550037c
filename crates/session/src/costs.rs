//! Executions whose cost is told apart from them, before or after.

use std::collections::HashMap;

use model::{Decimal, Fill, Text, Timestamp};
use tracing::warn;

use crate::told::ToldFills;

/// An execution's id without the number of its latest correction, and that number.
pub type Revision = fn(&str) -> (&str, u32);

/// Executions that wait for their cost for a while. Without it they are told then, and corrected
/// when it comes.
#[derive(Debug)]
pub struct Costs {
    wait_nanos: i64,
    revision: Revision,
    /// Executions, and since when they wait.
    waiting: Vec<(Fill, Timestamp)>,
    costs: HashMap<Text, (Decimal, Text)>,
}

impl Costs {
    /// Executions wait for so many seconds.
    pub fn new(wait_secs: u64, revision: Revision) -> Self {
        let wait_nanos = i64::try_from(wait_secs).unwrap_or(i64::MAX).saturating_mul(1_000_000_000);
        Self { wait_nanos, revision, waiting: Vec::new(), costs: HashMap::new() }
    }

    /// An execution was reported.
    pub fn execution(&mut self, fill: Fill, told: &ToldFills, now: Timestamp) {
        let (base, revision) = (self.revision)(&fill.execution_id);
        let is_waiting = |(other, _): &(Fill, _)| other.execution_id == fill.execution_id;
        if !told.has(base, revision) && !self.waiting.iter().any(is_waiting) {
            self.waiting.push((fill, now));
        }
    }

    /// The cost of an execution was reported.
    pub fn cost(&mut self, id: &str, amount: Decimal, currency: &str, told: &ToldFills) {
        let (base, revision) = (self.revision)(id);
        if !told.has(base, revision) {
            self.costs.insert(id.into(), (amount, currency.into()));
        }
    }

    /// All costs are about to be reported again.
    pub fn begin(&mut self) {
        self.costs.clear();
    }

    /// The executions to tell now: those that are complete, and those that have waited too long.
    pub fn ready(&mut self, told: &mut ToldFills, now: Timestamp) -> Vec<Fill> {
        let is_ready = |(fill, since): &mut (Fill, Timestamp)| {
            now.since(*since) >= self.wait_nanos || self.costs.contains_key(&fill.execution_id)
        };
        let ready: Vec<_> = self.waiting.extract_if(.., is_ready).collect();
        let news = ready.into_iter().filter_map(|(mut fill, _)| {
            if let Some((amount, currency)) = self.costs.remove(&fill.execution_id) {
                if currency == fill.currency {
                    fill.commission = Some(amount);
                } else {
                    let id = &fill.execution_id;
                    warn!(%amount, %currency, %id, "a commission in another currency");
                }
            }
            let id = fill.execution_id.clone();
            let (base, revision) = (self.revision)(&id);
            told.news(base, revision, fill)
        });
        news.collect()
    }
}

#[cfg(test)]
mod tests {
    use model::{EventId, FillKind, Head, Side};

    use super::*;

    fn fill(id: &str) -> Fill {
        Fill {
            execution_id: id.into(),
            currency: "USD".into(),
            quantity: Decimal::ONE,
            ..Fill::blank(
                Head::new(EventId::of(&[id]), Timestamp::default()),
                Side::Buy,
                FillKind::New,
            )
        }
    }

    #[test]
    fn an_execution_waits_for_its_cost_but_not_for_ever() {
        let (mut costs, mut told) = (Costs::new(10, |id| (id, 1)), ToldFills::default());
        let at = Timestamp::from_secs;
        let mut ready = |costs: &mut Costs, now: i64| {
            let ready = costs.ready(&mut told, at(now)).into_iter();
            let said = ready.map(|fill| format!("{} {:?}", fill.execution_id, fill.commission));
            said.collect::<Vec<_>>().join(", ")
        };
        let none = ToldFills::default();
        for id in ["a", "a", "b", "c"] {
            costs.execution(fill(id), &none, at(0));
        }
        costs.cost("a", Decimal::TWO, "USD", &none);
        assert_eq!(ready(&mut costs, 1), "a Some(2)", "once, though it was reported twice");
        costs.cost("b", Decimal::TWO, "EUR", &none);
        assert_eq!(ready(&mut costs, 9), "b None", "its cost is in another currency");
        assert_eq!(ready(&mut costs, 10), "c None", "nobody said what it cost");
    }
}
