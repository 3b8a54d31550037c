//! When things are due, and which of them to run: all of it decided without a clock or I/O.
//!
//! `cron` is the five fields, `calendar` the sessions of the New York exchanges, `when` puts a
//! schedule on the time line, `words` says it, `roster` decides what to run, what to catch up and
//! what to leave.

mod calendar;
mod cron;
mod mistake;
mod roster;
mod when;
mod words;

pub use calendar::{Session, is_trading_day, session};
pub use cron::Cron;
pub use mistake::Mistake;
pub use roster::{Act, Job, Missed, Past, Roster, Run, Trigger};
pub use when::When;
