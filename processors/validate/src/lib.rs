//! Watches market data: reports what is stale, doubtful, doubled or missing on `quality.findings`.

mod settings;

mod holiday;
mod hours;
mod thresholds;

mod report;

mod bar;
mod feed;
mod price;
mod seen;
mod spread;

mod validate;

#[cfg(test)]
mod tests;

pub use settings::{
    BarLimits, Day, Holidays, Limits, Percent, QuoteLimits, Session, Settings, TradeLimits,
};
pub use validate::{State, Validate};
