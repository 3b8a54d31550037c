//! Alpha Vantage: bars, quotes, fundamentals, corporate actions, news and reference data, polled
//! within a small allowance of requests.
//!
//! `wire` turns every answer, JSON or CSV, into one table; `map` says what its rows mean to us;
//! `poll` asks for what is due and `mark` knows what of the answer is new; `features` lists what
//! there is to ask for.

mod api;
mod ask;
mod features;
pub mod map;
mod mark;
mod poll;
mod settings;
pub mod wire;

pub use ask::{Ask, Shape};
pub use features::{
    CorporateActions, Crypto, Daily, DailyAdjusted, Fundamentals, Fx, Intraday, Listing,
    MarketStatus, Monthly, MonthlyAdjusted, News, Quotes, Records, Search, Weekly, WeeklyAdjusted,
};
pub use mark::Mark;
pub use poll::{Cursor, Poll};
pub use settings::{Interval, System};
