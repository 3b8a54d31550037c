//! Imports and exports on Apache Kafka: one broker for all of them, topics of its own for each.

#![allow(clippy::unwrap_used)]

mod export;
mod import;
mod jobs;
#[path = "../stores/mock.rs"]
mod mock;
mod world;
