//! Delivering records to an external system.

use std::fmt::Display;
use std::future::Future;

use model::{ApprovedOrder, Event, Text};

use crate::{Fault, Host, Result, Settings};

/// What a sink's deliveries are, and so how the runtime guards them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sends {
    /// Orders: journaled before they leave, resolved after a crash, never blindly sent again.
    Orders {
        /// Whether the broker refuses an order id it has seen. Only then may an order that the
        /// broker does not know be sent again under the same id.
        repeats_are_refused: bool,
    },
    /// Anything that may safely be written again.
    Exports,
}

/// One record to deliver.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Stays the same however often the delivery is attempted.
    pub id: Text,
    /// Topic the record was read from, without any prefix.
    pub topic: Text,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// The record.
    pub event: Event,
}

impl Delivery {
    /// The order to be delivered.
    pub fn order(&self) -> Result<&ApprovedOrder> {
        match &self.event {
            Event::ApprovedOrder(order) => Ok(order),
            other => Err(Fault::fatal(format!("{} is not an order", other.info().name))),
        }
    }
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The vendor has it.
    Accepted {
        /// The broker's id, for orders.
        broker_order_id: Option<Text>,
    },
    /// The vendor said no to this delivery. Anything less is `Unknown`.
    Rejected {
        /// In the vendor's words.
        reason: String,
    },
    /// It may or may not have arrived: never sent again, always resolved.
    Unknown {
        /// What was seen.
        reason: String,
    },
    /// The vendor was asked and does not have it. Only `resolve` may say so.
    Absent,
}

impl Outcome {
    /// The vendor said no, in these words.
    pub fn rejected(reason: impl Display) -> Self {
        Self::Rejected { reason: reason.to_string() }
    }

    /// Never sent, and it never will be: as certain as the vendor's own no.
    pub fn not_sent(reason: impl Display) -> Self {
        Self::rejected(format_args!("not sent: {reason}"))
    }

    /// It may or may not have arrived.
    pub fn unknown(reason: impl Display) -> Self {
        Self::Unknown { reason: reason.to_string() }
    }
}

/// Delivers records to an external system.
pub trait Sink: Sized + Send + 'static {
    /// Name of the component, `vendor_noun`.
    const NAME: &'static str;
    /// What its deliveries are.
    const SENDS: Sends;
    /// Whether a second login disturbs nothing while this one is at work, so that its system's
    /// health can be checked by one.
    const LOGS_IN_BESIDE: bool = false;
    /// The vendor's `connection` and `authentication`, shared by all its components.
    type System: Settings;
    /// Settings of this sink.
    type Settings: Settings;

    /// Topics to read, without any prefix.
    fn topics(_settings: &Self::Settings) -> Vec<Text> {
        vec!["orders.approved".into()]
    }

    /// One attempt to open a session and prove the credentials.
    fn connect(
        system: Self::System,
        settings: Self::Settings,
        host: Host,
    ) -> impl Future<Output = Result<Self>> + Send;

    /// One outcome per delivery. `Err` promises that calling again is harmless.
    fn write(&mut self, batch: &[Delivery]) -> impl Future<Output = Result<Vec<Outcome>>> + Send;

    /// What became of a delivery whose outcome was lost.
    fn resolve(&mut self, delivery: &Delivery) -> impl Future<Output = Result<Outcome>> + Send;
}

/// Sends one delivery after the other, for vendors that take no batches.
pub trait OneByOne: Send {
    /// One delivery. `Err` promises that calling again is harmless.
    fn deliver(&mut self, delivery: &Delivery) -> impl Future<Output = Result<Outcome>> + Send;
}

/// What [`Sink::write`] does for such a vendor. Only the first delivery may fault, for nothing has
/// left before it.
pub async fn one_by_one(sink: &mut impl OneByOne, batch: &[Delivery]) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::with_capacity(batch.len());
    for delivery in batch {
        match sink.deliver(delivery).await {
            Ok(outcome) => outcomes.push(outcome),
            Err(fault) if outcomes.is_empty() => return Err(fault),
            // Others of the batch have left: this one, which has not, is found to be absent.
            Err(fault) => outcomes.push(Outcome::Unknown { reason: fault.to_string() }),
        }
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use model::{Decimal, Head, PortfolioCash};

    use super::*;

    /// Faults from this delivery on.
    struct Failing(usize);

    impl OneByOne for Failing {
        async fn deliver(&mut self, _: &Delivery) -> Result<Outcome> {
            let left = self.0.checked_sub(1).ok_or_else(|| Fault::retry("away"))?;
            self.0 = left;
            Ok(Outcome::Accepted { broker_order_id: None })
        }
    }

    #[tokio::test]
    async fn only_the_first_may_fault_for_nothing_has_left_before_it() {
        let cash = PortfolioCash {
            head: Head::default(),
            account: "main".into(),
            currency: "USD".into(),
            cash: Decimal::ONE,
            opening: Decimal::ONE,
            movement_count: 0,
        };
        let delivery = || Delivery {
            id: "d".into(),
            topic: "orders.approved".into(),
            partition: 0,
            offset: 0,
            event: cash.clone().into(),
        };
        let batch = [delivery(), delivery()];
        assert!(one_by_one(&mut Failing(0), &batch).await.is_err());
        let outcomes = one_by_one(&mut Failing(1), &batch).await.unwrap();
        assert!(matches!(outcomes[..], [Outcome::Accepted { .. }, Outcome::Unknown { .. }]));
        assert_eq!(batch[0].order().unwrap_err().kind(), "fatal");
    }
}
