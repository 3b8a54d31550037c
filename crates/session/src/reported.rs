//! Orders as a broker reports them: bit by bit, in any order, and again and again.

use std::collections::{BTreeMap, HashSet};

use component::Bad;
use model::{OrderEventKind, OrderRequest, Text};
use serde::{Deserialize, Serialize};

use crate::fields::Fields;
use crate::told::{Standing, ToldFills, ToldOrders};

/// What a broker has told of one order.
pub trait Reported: Clone + Default + Send + Sync + 'static {
    /// Takes a report in.
    fn take(&mut self, report: &Fields<'_>) -> Result<(), Bad>;
    /// The reference that it carries, if it is ours.
    fn reference(&self) -> Option<Text>;
    /// The broker's id of it, the same for every client and for ever, once it is known.
    fn broker_id(&self) -> Option<Text>;
    /// The client that placed it, and its number of it; nought if it has none.
    fn key(&self) -> (i64, i64);
    /// What happened to it last.
    fn kind(&self) -> Result<OrderEventKind, Bad>;
    /// How it stands; nothing while too little is known to tell of it.
    fn standing(&self) -> Result<Option<Standing>, Bad>;
    /// Whether it is at work, or was.
    fn is_working(&self) -> bool;
    /// Why it was refused.
    fn refusal(&self) -> Option<&str>;
    /// Whether it says by now what a request changes of it.
    fn says(&self, request: &OrderRequest) -> bool;
}

/// What has been told of orders and executions, as a cursor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// Orders that are not over.
    pub orders: ToldOrders,
    /// Executions of the last days.
    pub fills: ToldFills,
}

/// Whether nothing more can happen to an order after this.
pub(crate) fn is_last(kind: OrderEventKind) -> bool {
    use OrderEventKind as Kind;
    matches!(kind, Kind::Filled | Kind::Canceled | Kind::Expired | Kind::Rejected | Kind::Replaced)
}

/// Orders of which it is told what becomes of them, by the broker's id.
#[derive(Debug, Default)]
pub struct Followed<O> {
    open: BTreeMap<Text, O>,
    /// Orders that ended on this session.
    ended: HashSet<Text>,
}

impl<O: Reported> Followed<O> {
    /// The order that a report is of, and the report as all there is of it. Nothing until the
    /// broker has an id of it; there will be another report.
    pub fn named(&self, report: &Fields<'_>) -> Result<Option<(Text, O)>, Bad> {
        let mut told = O::default();
        told.take(report)?;
        let known = || self.by_key(told.key()).cloned();
        Ok(told.broker_id().or_else(known).map(|id| (id, told)))
    }

    /// The order with this number of a client.
    pub fn by_key(&self, key: (i64, i64)) -> Option<&Text> {
        self.open.iter().find(|(_, order)| order.key() == key).map(|(id, _)| id)
    }

    /// Whether it is over for sure.
    pub fn has_ended(&self, id: &Text) -> bool {
        self.ended.contains(id)
    }

    /// An order that is not over.
    pub fn get(&mut self, id: &Text) -> Option<&mut O> {
        self.open.get_mut(id)
    }

    /// The same, even where nothing was known of it.
    pub fn entry(&mut self, id: Text) -> &mut O {
        self.open.entry(id).or_default()
    }

    /// The event of what is news of an order, if anything is.
    pub fn news<E>(
        &mut self,
        id: &Text,
        told: &mut ToldOrders,
        event: impl FnOnce(&O, OrderEventKind) -> Result<E, Bad>,
    ) -> Result<Option<E>, Bad> {
        let Some(order) = self.open.get(id) else { return Ok(None) };
        let Some(standing) = order.standing()? else { return Ok(None) };
        let is_last = is_last(standing.kind);
        let news = told.news(id, standing, is_last).map(|kind| event(order, kind)).transpose()?;
        if is_last {
            self.open.remove(id);
            self.ended.insert(id.clone());
        }
        Ok(news)
    }
}
