//! Follows every order: folds `orders.events` into `orders.state`.

mod settings;
mod transition;

mod execution;
mod order;
mod track;

#[cfg(test)]
mod tests;

pub use order::State;
pub use settings::Settings;
pub use track::Track;
pub use transition::{Move, is_terminal, next};
