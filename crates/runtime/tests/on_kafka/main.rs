//! The drivers against a real Apache Kafka and a real registry: components that are stopped,
//! dropped and killed at awkward moments, and topics that must not show it.
#![allow(clippy::unwrap_used)]

mod child;
mod toys;
mod world;

mod alerts;
mod crash;
mod exports;
mod letters;
mod live;
mod orders;
mod passes;
mod poison;
mod processor;
mod rebalance;
mod source;
mod supervision;
mod witness;
