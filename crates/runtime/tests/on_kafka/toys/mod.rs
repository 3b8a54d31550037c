//! Components that do nothing but what a test tells them to.

mod broker;
mod events;
mod export;
mod fold;
mod vendor;

pub use broker::{Act, Ledger, Loose, Strict};
pub use events::{ACCOUNTS, approved, cancel, fill, fill_of, halt, request_id, resume, trade};
pub use export::{Export, Shelf};
pub use fold::{Count, Pair, Tally, WONT_ENCODE, Wake};
pub use vendor::{Entry, Fills, Trades, Vendor};

use component::{Clock, Host, Processor, Sink, Source, Throttling};
use runtime::{Start, Task};
use serde_json::{Value, json};

/// Every toy processor and its inputs, for which state topics are made.
pub const PROCESSORS: &[(&str, &[&str])] = &[
    (Count::NAME, Count::INPUTS),
    (Tally::NAME, Tally::INPUTS),
    (Pair::NAME, Pair::INPUTS),
    (Wake::NAME, Wake::INPUTS),
];

/// The one system that most tests have.
pub const SYSTEM: &str = "toy";

pub fn source<S: Source>(vendor: &Vendor) -> Task {
    source_of::<S>(SYSTEM, json!({ "vendor": vendor.name() }))
}

pub fn source_of<S: Source>(system: &str, settings: Value) -> Task {
    (runtime::source::<S>().task)(start(system, S::NAME, settings)).unwrap()
}

pub fn sink<S: Sink>(settings: Value) -> Task {
    (runtime::sink::<S>().task)(start(SYSTEM, S::NAME, settings)).unwrap()
}

pub fn processor<P: Processor + Sync>(settings: Value) -> Task {
    (runtime::processor::<P>().task)(settings).unwrap()
}

fn start(system: &str, component: &str, settings: Value) -> Start {
    let host = Host::new(system, component, Clock::system(), Throttling::default());
    Start { system: json!({}), settings, host }
}

/// Settings of a system that needs none.
#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}
