//! Imports on Apache Kafka: one broker for all of them, topics of its own for each.

mod import;
mod world;
