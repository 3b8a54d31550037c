//! Keeps our own books: what fills and activities add up to in positions and cash.

mod settings;

mod exact;
mod lot;

mod own_position;
mod purse;
mod state;

mod activity;
mod book;
mod fill;
mod opening;

#[cfg(test)]
mod tests;

pub use book::Book;
pub use settings::{Opening, OpeningPosition, Settings};
pub use state::State;
