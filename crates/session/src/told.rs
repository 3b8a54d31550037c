//! What was told of orders and executions, as part of a cursor. A broker that is asked for them
//! repeats itself; what it says is told once.

use std::collections::BTreeMap;

use model::{Decimal, EventId, Fill, FillKind, OrderEventKind, Text};
use serde::{Deserialize, Serialize};

/// Executions are remembered for so many days: no broker lists older ones without being asked.
const REMEMBERED_DAYS: i32 = 8;

/// Orders that are not over, by the broker's id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToldOrders(BTreeMap<Text, Standing>);

/// How an order stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// What happened last.
    pub kind: OrderEventKind,
    /// Units filled.
    pub filled: Option<Decimal>,
    /// Terms that may be changed, such as quantity and prices; what is not said has not changed.
    pub ordered: [Option<Decimal>; 3],
}

impl ToldOrders {
    /// What is news of an order: what happened, which is `Restated` where only its terms changed.
    pub fn news(&mut self, id: &Text, now: Standing, is_last: bool) -> Option<OrderEventKind> {
        let same = |old: &&Standing| old.kind == now.kind && old.filled == now.filled;
        let kind = match self.0.get(id).filter(same) {
            None => now.kind,
            Some(old) => {
                let mut terms = old.ordered.iter().zip(&now.ordered);
                let is_changed = terms.any(|(old, new)| new.is_some() && old != new);
                is_changed.then_some(OrderEventKind::Restated)?
            }
        };
        match is_last {
            true => drop(self.0.remove(id)),
            false => drop(self.0.insert(id.clone(), now)),
        }
        Some(kind)
    }

    /// The orders that are not over.
    pub fn ids(&self) -> impl Iterator<Item = &Text> {
        self.0.keys()
    }
}

/// Executions of the last days, by their id without the number of its correction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToldFills(BTreeMap<Text, Told>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Told {
    id: Text,
    revision: u32,
    commission: Option<Decimal>,
    day: i32,
}

impl ToldFills {
    /// Whether an execution was told with its commission.
    pub fn has(&self, base: &str, revision: u32) -> bool {
        self.0.get(base).is_some_and(|told| {
            told.revision > revision || told.revision == revision && told.commission.is_some()
        })
    }

    /// An execution as it is to be told: a new one, the correction of one that was told, or one
    /// that was told without its commission. Nothing if it is none of these.
    pub fn news(&mut self, base: &str, revision: u32, mut fill: Fill) -> Option<Fill> {
        if let Some(told) = self.0.get(base) {
            if revision == told.revision && fill.commission > told.commission {
                // The same execution under another id, now with what it cost.
                let parts = [&fill.head.event_id.to_string(), "commission"];
                fill.head.event_id = EventId::of(&parts);
                fill.execution_id = format!("{}:commission", fill.execution_id).into();
            } else if revision <= told.revision {
                return None;
            }
            fill.kind = FillKind::Correction;
            fill.corrects = Some(told.id.clone());
            fill.commission = fill.commission.or(told.commission);
        }
        let day = fill.head.event_time.date().0;
        let (id, commission) = (fill.execution_id.clone(), fill.commission);
        self.0.insert(base.into(), Told { id, revision, commission, day });
        self.0.retain(|_, other| other.day > day - REMEMBERED_DAYS);
        Some(fill)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use model::{Head, Side, Timestamp};

    use super::*;

    #[test]
    fn of_an_order_only_changes_are_news() {
        use OrderEventKind as Kind;
        let mut told = ToldOrders::default();
        let id = Text::from("7");
        let mut check = |kind, filled: i64, limit: Option<i64>, expected| {
            let limit = limit.map(Decimal::from);
            let now = Standing { kind, filled: Some(filled.into()), ordered: [limit, None, None] };
            let is_last = kind == Kind::Filled;
            assert_eq!(told.news(&id, now, is_last), expected, "{kind} {filled} {limit:?}");
        };
        check(Kind::New, 0, Some(10), Some(Kind::New));
        check(Kind::New, 0, Some(10), None);
        check(Kind::New, 0, None, None);
        check(Kind::New, 0, Some(11), Some(Kind::Restated));
        check(Kind::PartiallyFilled, 1, Some(11), Some(Kind::PartiallyFilled));
        check(Kind::PartiallyFilled, 2, Some(12), Some(Kind::PartiallyFilled));
        check(Kind::Filled, 3, None, Some(Kind::Filled));
        assert_eq!(told.ids().count(), 0);
    }

    fn fill(id: &str, day: i32, commission: Option<i64>) -> Fill {
        let time = Timestamp::from_secs(i64::from(day) * 86_400);
        Fill {
            head: Head::new(EventId::of(&[id]), time),
            execution_id: id.into(),
            vendor_execution_id: None,
            order_id: "o".into(),
            account: "".into(),
            system: "".into(),
            broker_account: "".into(),
            broker_order_id: "".into(),
            instrument: "BAC.US".into(),
            symbol: "BAC".into(),
            side: Side::Buy,
            price: Decimal::ONE,
            quantity: Decimal::ONE,
            currency: "USD".into(),
            commission: commission.map(Decimal::from),
            cumulative_quantity: None,
            kind: FillKind::New,
            corrects: None,
        }
    }

    #[test]
    fn an_execution_is_told_once_and_its_changes_correct_it() {
        let mut told = ToldFills::default();
        let mut tell = |revision: u32, commission: Option<i64>| {
            told.news("a", revision, fill(&format!("a.{revision}"), 10, commission)).map(|fill| {
                let corrects = fill.corrects.unwrap_or_default();
                (fill.execution_id.to_string(), corrects.to_string(), fill.commission)
            })
        };
        let found = |id: &str, corrects: &str, commission: Option<i64>| {
            Some((id.to_owned(), corrects.to_owned(), commission.map(Decimal::from)))
        };
        assert_eq!(tell(1, None), found("a.1", "", None));
        assert_eq!(tell(1, None), None);
        assert_eq!(tell(1, Some(2)), found("a.1:commission", "a.1", Some(2)));
        assert_eq!(tell(1, Some(2)), None);
        assert_eq!(tell(2, None), found("a.2", "a.1:commission", Some(2)));
        assert_eq!(tell(1, Some(2)), None, "the correction stands");
        assert!(told.has("a", 2) && told.has("a", 1) && !told.has("a", 3));
        told.news("b", 1, fill("b.1", 10 + REMEMBERED_DAYS, None)).unwrap();
        assert!(!told.has("a", 2), "long ago");
        assert!(!told.has("b", 1), "without its commission");
    }
}
