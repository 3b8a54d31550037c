//! Alpha Vantage: bars, quotes, fundamentals, corporate actions, news and reference data, polled
//! within a small allowance of requests.
//!
//! `features` lists what there is to ask for, `ask` makes the requests, `wire` knows the refusals
//! and `map` says what the rows of an answer mean to us. When to ask, and what of an answer is
//! new, is the business of `http`.

mod api;
mod ask;
mod features;
pub mod map;
mod settings;
pub mod wire;

pub use ask::{Ask, Interval};
pub use features::{
    CorporateActions, Crypto, Daily, DailyAdjusted, Fundamentals, Fx, Intraday, Listing,
    MarketStatus, Monthly, MonthlyAdjusted, News, Quotes, Records, Search, Weekly, WeeklyAdjusted,
};
pub use settings::System;
