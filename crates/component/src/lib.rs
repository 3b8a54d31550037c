//! The contract: what a source, a sink and a processor promise, and what they are given.
//!
//! A component makes single attempts and says what went wrong; the runtime owns every loop,
//! every wait and every save.

mod batch;
mod changes;
mod clock;
mod fault;
mod host;
mod json;
mod ledger;
mod limits;
mod mapping;
mod number;
mod processor;
mod rate;
mod secret;
mod sheet;
mod sink;
mod source;
mod witness;
mod written;

pub use batch::{Audit, Batch, Item, Progress};
pub use changes::Changes;
pub use clock::{Clock, TestClock};
pub use fault::{Bad, Fault, OrBad, Result};
pub use host::{Host, Shared, Throttling};
pub use json::{Json, splits};
pub use ledger::Ledger;
pub use limits::change_throttling;
pub use mapping::{FieldRule, FieldSettings, Mapping, Marks, Row, Unit, Word};
pub use number::Number;
pub use processor::{Out, Processor};
pub use rate::{Pace, Paces, Rate, nanos};
pub use secret::Secret;
pub use sheet::neutral;
pub use sink::{Delivery, OneByOne, Outcome, Sends, Sink, one_by_one};
pub use source::{Feed, LIVE_MEMORY, Source};
pub use witness::{Appeal, Note, Witness};
pub use written::{event_kind, may_be_left_out, read_event};

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Settings of a component or of a whole system, read from the topology.
pub trait Settings: DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static {}
impl<T: DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static> Settings for T {}

/// What the runtime saves for a component: a cursor or one key's state.
pub trait Saved: Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static {}
impl<T: Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static> Saved for T {}
