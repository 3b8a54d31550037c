//! Connectors in any language: a program that speaks JSON lines, run as a source or a sink.
//!
//! `wire` is the protocol, `talk` a conversation with one process; each other module is a
//! component. `docs/guides/connectors-in-any-language.md` tells how to write such a program.

mod settings;
mod wire;

mod map;

mod talk;

mod deliveries;
mod records;

pub use deliveries::{Deliveries, Orders};
pub use records::{Cursor, Records};
pub use settings::{
    Authentication, Connection, DeliveriesSettings, OrdersSettings, RecordsSettings, System, Topic,
};
