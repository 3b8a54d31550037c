//! Delivering records to an external system.

use std::future::Future;

use model::{Event, Text};

use crate::{Host, Result, Settings};

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

/// Delivers records to an external system.
pub trait Sink: Sized + Send + 'static {
    /// Name of the component, `vendor_noun`.
    const NAME: &'static str;
    /// What its deliveries are.
    const SENDS: Sends;
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
