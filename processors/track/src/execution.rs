//! What has been filled of an order, over all the broker orders that it went through.

use component::Bad;
use model::{Decimal, OrderEvent, OrderEventKind, Text, Timestamp};
use serde::{Deserialize, Serialize};

/// Broker orders remembered for one order. An order can be replaced without end; what was filled
/// of those forgotten stays in the sum, only their late reports are no longer recognised.
const MAX_BROKER_ORDERS: usize = 64;

/// One order at the broker. A replacement makes another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct BrokerOrder {
    pub(crate) id: Text,
    /// Whether another has taken its place, so that its status says nothing any more.
    pub(crate) is_retired: bool,
    figures: Figures,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Figures {
    quantity: Decimal,
    /// Money of what was filled; null when no price was reported for some of it.
    value: Option<Decimal>,
    /// The average as the broker says it, which needs no division of ours.
    average_price: Option<Decimal>,
    /// When the report was made that they come from.
    #[serde(default)]
    as_of: Timestamp,
    /// When they were last restated: fills reported before that are in them, or taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restated: Option<Timestamp>,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            quantity: Decimal::ZERO,
            value: Some(Decimal::ZERO),
            average_price: None,
            as_of: Timestamp::default(),
            restated: None,
        }
    }
}

/// The broker orders of one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Executions {
    orders: Vec<BrokerOrder>,
    /// The sum of those no longer remembered.
    earlier: Figures,
}

impl Executions {
    pub(crate) fn find(&self, id: &str) -> Option<&BrokerOrder> {
        self.orders.iter().find(|order| order.id == id)
    }

    pub(crate) fn retire(&mut self, id: &str) {
        for order in self.orders.iter_mut().filter(|order| order.id == id) {
            order.is_retired = true;
        }
    }

    /// Makes sure that a broker order is remembered.
    pub(crate) fn open(&mut self, id: &Text) -> Result<(), Bad> {
        if self.find(id).is_some() {
            return Ok(());
        }
        if self.orders.len() >= MAX_BROKER_ORDERS {
            let oldest = self.orders.iter().position(|order| order.is_retired).unwrap_or(0);
            let forgotten = self.orders.remove(oldest).figures;
            self.earlier = add(&self.earlier, &forgotten)?;
        }
        self.orders.push(BrokerOrder { id: id.clone(), ..BrokerOrder::default() });
        Ok(())
    }

    /// Takes the figures of a report on one broker order.
    pub(crate) fn note(&mut self, id: &Text, event: &OrderEvent) -> Result<(), Bad> {
        self.open(id)?;
        for order in self.orders.iter_mut().filter(|order| order.id == *id) {
            order.figures.note(event)?;
        }
        Ok(())
    }

    /// Units filled of all of them.
    pub(crate) fn quantity(&self) -> Result<Decimal, Bad> {
        Ok(self.total()?.quantity)
    }

    /// Average price of those.
    pub(crate) fn average_price(&self) -> Result<Option<Decimal>, Bad> {
        let mut filled = self.filled();
        if let (Some(Figures { average_price: Some(price), .. }), None) =
            (filled.next(), filled.next())
        {
            return Ok(Some(*price));
        }
        let total = self.total()?;
        let average = total.value.and_then(|value| value.checked_div(total.quantity));
        Ok(average.map(model::round))
    }

    fn filled(&self) -> impl Iterator<Item = &Figures> {
        let all = self.orders.iter().map(|order| &order.figures);
        all.chain([&self.earlier]).filter(|figures| !figures.quantity.is_zero())
    }

    fn total(&self) -> Result<Figures, Bad> {
        let mut total = Figures::default();
        for figures in self.filled() {
            total = add(&total, figures)?;
        }
        Ok(total)
    }
}

impl Figures {
    fn note(&mut self, event: &OrderEvent) -> Result<(), Bad> {
        let is_fill =
            matches!(event.kind, OrderEventKind::PartiallyFilled | OrderEventKind::Filled);
        let filled = match (event.filled_quantity, event.last_quantity) {
            (Some(filled), _) => filled,
            (None, Some(last)) if is_fill => {
                self.quantity.checked_add(last).ok_or_else(|| too_large("last_quantity", last))?
            }
            _ => return Ok(()),
        };
        // A report that comes late knows less. Only a restatement may take something back, and
        // neither it nor what it takes back need arrive in order.
        let at = event.head.event_time;
        let is_news = if event.kind == OrderEventKind::Restated {
            at >= self.as_of
        } else if self.restated.is_some_and(|restated| at < restated) {
            false
        } else {
            filled > self.quantity || (filled == self.quantity && self.value.is_none())
        };
        if !is_news {
            return Ok(());
        }
        self.as_of = self.as_of.max(at);
        if event.kind == OrderEventKind::Restated {
            self.restated = Some(at);
        }
        self.value = match (event.average_price, event.last_price, self.value) {
            (Some(average), _, _) => Some(times("average_price", filled, average)?),
            (None, Some(last), Some(value)) if filled > self.quantity => {
                let more = times("last_price", filled - self.quantity, last)?;
                Some(value.checked_add(more).ok_or_else(|| too_large("last_price", last))?)
            }
            _ if filled.is_zero() => Some(Decimal::ZERO),
            _ => None,
        };
        self.quantity = filled;
        self.average_price = event.average_price;
        Ok(())
    }
}

fn add(a: &Figures, b: &Figures) -> Result<Figures, Bad> {
    let quantity = a.quantity.checked_add(b.quantity);
    let value = match (a.value, b.value) {
        (Some(a), Some(b)) => Some(a.checked_add(b).ok_or_else(|| too_large("average_price", b))?),
        _ => None,
    };
    let quantity = quantity.ok_or_else(|| too_large("filled_quantity", b.quantity))?;
    Ok(Figures { quantity, value, ..Figures::default() })
}

fn times(field: &str, quantity: Decimal, price: Decimal) -> Result<Decimal, Bad> {
    quantity.checked_mul(price).ok_or_else(|| too_large(field, price))
}

fn too_large(field: &str, value: Decimal) -> Bad {
    Bad::new(field, format!("cannot add up {value} with what is already filled"))
}
