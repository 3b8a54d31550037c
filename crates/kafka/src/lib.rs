//! Apache Kafka for Foliostream: the only crate that knows librdkafka.
//!
//! Everything here is blocking and belongs on a thread of its own. What to reach for:
//!
//! - [`Cluster`]: the address and the credentials; makes all the others, cheap to clone.
//! - [`Pipeline`]: live delivery at full speed; idempotent, acknowledged in the background.
//! - [`Transactions`]: records and offsets that become visible together or not at all.
//! - [`Group`]: reads topics as a member of a consumer group; rebalances arrive between batches.
//! - [`Reader`] and [`Follow`]: read topics without a group, to the end or for ever.
//! - [`Admin`]: topics, their settings, groups.
//!
//! Every consumer is `read_committed`, every producer idempotent; no setting can change that.

mod acks;
mod admin;
mod cluster;
mod context;
mod error;
mod follow;
mod group;
mod native;
mod partitioner;
mod pipeline;
mod query;
mod reader;
mod record;
mod sender;
mod settings;
mod transactions;

pub use admin::{Admin, Creation, GroupInfo, GroupLag, TopicInfo, TopicSetting, TopicSpec};
pub use cluster::{Cluster, ClusterInfo};
pub use error::{Error, Result};
pub use follow::{Follow, From};
pub use group::{Group, Lag, Polled};
pub use partitioner::partition_for;
pub use pipeline::Pipeline;
pub use reader::Reader;
pub use record::{Headers, Message, Outgoing};
pub use settings::{Protocol, SaslMechanism, Secret, Security, Settings};
pub use transactions::Transactions;
