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

mod case;
mod control;
mod dice;
mod mock;
mod reader;

pub mod events;
pub mod processor;
pub mod sink;
pub mod source;

mod macros;

pub use mock::{Broker, Mock};

pub use serde_json::json;
