//! Interactive Brokers through TWS or IB Gateway: market data, accounts and orders over its socket.
//!
//! `wire` spells the messages, `time` and `contract` the values in them, `map` says what they mean
//! to us, `tws` holds a connection; each other module is one component or two.

mod accounts;
pub mod contract;
pub mod map;
mod question;
mod settings;
pub mod time;
mod tws;
pub mod wire;

pub use accounts::{Balances, Positions};
pub use settings::System;
