//! Drives components: retry, checkpoints, dead letters, metrics, shutdown.
//!
//! A component makes single attempts; every loop, wait and save is here. Sources, processors
//! and sinks each have one driver. What can be decided without I/O (backoff, the order journal,
//! which records are new) is decided in modules of its own that take time as an argument.

mod alert;
mod backoff;
mod dead;
mod desk;
mod entry;
mod error;
mod export;
mod failpoint;
mod figures;
mod journal;
mod ledger;
mod member;
mod metric;
mod pass;
mod processor;
mod publish;
mod published;
mod recent;
mod serve;
mod sink;
mod source;
mod supervisor;
mod watermark;
mod wiring;
mod witness;

pub use backoff::Backoff;
pub use dead::{Redriven, item as dead_letter, letters, redrive};
pub use desk::{Act, Desk, Later, order_event};
pub use entry::{ComponentKind, Entry, Pass, ProcessorEntry, Start, processor, sink, source};
pub use error::Error;
pub use figures::{PREFIX as METRICS_PREFIX, collect};
pub use member::Member;
pub use metric::Metrics;
pub use publish::{Publisher, Target};
pub use published::last_checkpoint;
pub use recent::Recent;
pub use serve::{Page, serve};
pub use supervisor::{Call, Health, State, Status, Supervisor, Task};
pub use watermark::Watermark;
pub use wiring::{Accounts, Names, Route, Wiring, create_topics};
