//! Interactive Brokers through TWS or IB Gateway: market data, accounts and orders over its socket.
//!
//! `wire` spells the messages, `time` and `contract` the values in them, `map` says what they mean
//! to us, `tws` holds a connection; each other module is one component or two.

mod accounts;
pub mod contract;
mod history;
mod instruments;
pub mod map;
mod market_data;
mod order_updates;
mod orders;
mod past;
mod settings;
mod site;
mod spell;
pub mod time;
mod tws;
pub mod wire;

pub use accounts::{Balances, Positions};
pub use history::{BarsHistory, QuotesHistory, TradesHistory};
pub use instruments::Instruments;
pub use market_data::MarketData;
pub use order_updates::OrderUpdates;
pub use orders::Orders;
pub use settings::System;
