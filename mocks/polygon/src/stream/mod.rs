//! The WebSocket clusters.

pub mod clusters;
mod encode;
mod runner;
mod session;
mod topics;

pub use clusters::Cluster;
pub use session::routes;
