//! The whole order path in one thread, under every fault that a seed can think of.
//!
//! The processors and the order desk are the real ones; the log, the network, the brokers and the
//! clocks are models. A run is a list of numbers, one for each step, so that the same list gives
//! the same run, and a list that fails can be made shorter until nothing of it can be left out.
//! What is right is decided by an auditor that sees only the brokers' ledgers and the topics.

mod canary;
mod dice;

mod log;
mod scene;

mod broker;
mod network;

mod sink;
mod source;
mod user;
mod worker;

mod world;

mod audit;

mod shrink;

pub use audit::Violation;
pub use canary::Canary;
pub use shrink::{Failure, seek};
pub use world::{Report, plan, run};
