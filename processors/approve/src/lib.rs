//! Decides which order requests may go to a broker, and where.

mod settings;

mod known;
mod market;
mod state;
mod terms;

mod complete;
mod exposure;
mod inquiry;
mod place;

mod approve;

#[cfg(test)]
mod tests;

pub use approve::Approve;
pub use known::Known;
pub use settings::{Limits, Route, Settings};
pub use state::State;
