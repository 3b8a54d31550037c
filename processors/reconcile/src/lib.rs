//! Compares our books with the broker's, all the time, and says where and why they differ.

mod settings;

mod moves;
mod splits;

mod explain;
mod state;

mod reconcile;
mod review;

#[cfg(test)]
mod tests;

pub use reconcile::Reconcile;
pub use settings::Settings;
pub use splits::Splits;
pub use state::State;
