//! A real, single-node Apache Kafka as a child process, for demos and tests.
//!
//! [`start`] finds Java and Kafka (fetching Kafka once if it must), gives the broker a folder and
//! ports of its own, and returns when clients can use it. The broker never outlives the process
//! that started it.

mod broker;
mod shared;

#[cfg(feature = "containers")]
mod container;

mod error;
mod options;

mod archive;
mod classes;
mod environment;
mod jars;
mod java;
mod maven;
mod progress;

mod config;
mod folder;
mod ports;
mod probe;
mod process;

pub use broker::{LocalKafka, start};
#[cfg(feature = "containers")]
pub use container::Container;
pub use error::Error;
pub use jars::VERSION;
pub use options::{DataDir, Options};
pub use shared::shared;
