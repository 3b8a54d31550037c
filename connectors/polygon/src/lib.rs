//! Polygon, since 2025 Massive: market data, news and reference data.
//!
//! `wire` spells what Polygon sends, `map` says what it means to us, `api` asks; each other module
//! is one component or a family of them.

mod api;
mod corporate_actions;
mod fundamentals;
mod history;
mod instruments;
pub mod map;
mod market_data;
mod market_status;
mod news;
mod settings;
mod snapshots;
pub mod wire;

pub use corporate_actions::CorporateActions;
pub use fundamentals::Fundamentals;
pub use history::{BarsHistory, QuotesHistory, TradesHistory};
pub use instruments::Instruments;
pub use market_data::MarketData;
pub use market_status::MarketStatus;
pub use news::News;
pub use settings::System;
pub use snapshots::Snapshots;
