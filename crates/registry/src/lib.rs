//! A schema registry that speaks Confluent's REST protocol and keeps its schemas in the compacted
//! topic `_schemas`, in Confluent's own records.

mod api;
mod server;

mod change;
mod record;
mod state;
mod store;

mod avro;
mod compatibility;
mod level;

mod error;
mod refusal;

pub use error::Error;
pub use level::{Level, UnknownLevel};
pub use server::{Running, Settings, serve};
