//! Alpaca: market data, news, reference data, orders and accounts.
//!
//! `wire` spells what Alpaca sends, `map` says what it means to us, `api` opens connections; each
//! other module is one component or a family of them.

mod accounts;
mod api;
mod corporate_actions;
mod history;
mod instruments;
pub mod map;
mod market_data;
mod news;
mod order_updates;
mod orders;
mod settings;
pub mod wire;

pub use accounts::{Activities, Balances, Positions};
pub use corporate_actions::CorporateActions;
pub use history::{BarsHistory, QuotesHistory, TradesHistory};
pub use instruments::Instruments;
pub use market_data::MarketData;
pub use news::News;
pub use order_updates::OrderUpdates;
pub use orders::Orders;
pub use settings::System;
