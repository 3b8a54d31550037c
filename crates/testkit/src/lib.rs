//! The conformance suite: the same cases for every source, sink and processor.
//!
//! ```text
//! testkit::source!(acme::Trades, mock = Rig, settings = json!({ "symbols": ["BAC"] }),
//!     skip = { future_cursor: "acme's ids are opaque" });
//! ```
//!
//! gives one test for each case of [`source::CASES`]. A case that cannot apply is skipped with a
//! reason; should it pass after all, the reason is out of date and the test fails. Each case is
//! held against a component that is broken in just the way that the case must notice: see
//! `tests/twins.rs`.
//!
//! A mock is reached through [`Mock`]; faults and time go through the control routes that all
//! mocks have.
//!
//! Beside the suite, what every connector's own tests share: a [`Rig`] with the mock, a [`Driver`]
//! that does for a source what the runtime does, and the fixtures' [`Golden`] files.

mod case;
mod control;
mod desk;
mod dice;
mod driver;
mod mock;
mod reader;
mod rig;

pub mod events;
pub mod golden;
pub mod processor;
pub mod sink;
pub mod source;

mod macros;

pub use desk::{broker_id, delivery, place, write};
pub use driver::{
    Driver, SOON, activity, balance, bar, fill, gap, instrument, order_event, position, quote,
    trade,
};
pub use golden::Golden;
pub use mock::{Broker, Mock};
pub use reader::host_of;
pub use rig::{Bench, Needs, Rig, Trades, Vendor};

pub use serde_json::json;
