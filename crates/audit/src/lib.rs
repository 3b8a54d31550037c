//! The audit log of a deployment: who did what, chained and signed, on `ops.audit`.
//!
//! One writer reads the topics that tell what happens (`orders.*`, `ops.*`) and what processes note
//! on `ops.notes`, and chains an entry for each record in the transaction of its offset. So there
//! is one log however many processes run, and none of them can write it but the one with the key.

mod said;

mod writer;

mod configuration;
mod log;

pub use configuration::{hash, noted};
pub use log::{Expected, Finding, judge, read};
pub use said::{Said, said};
pub use writer::{INPUTS, task};
