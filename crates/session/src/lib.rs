//! The one streaming session, and the live feed built on it.
//!
//! `socket` opens, sends, reads and notices when nobody is there any more, over a WebSocket
//! (`frames`) or over a raw socket whose messages have their length in front (`packets`); `fields`
//! reads and writes messages of positional fields, `messages` reads frames of JSON messages,
//! `graphql` speaks of subscriptions; `sessions` are several that are read as one.
//! `live` turns a session and a vendor's history into a feed without holes: it repairs what a
//! disconnect missed and audits what the stream left out in silence; `watch` decides what is due.
//! `numbered` does so for records that have numbers, symbol by symbol: `holes` are the numbers that
//! did not come, `repairs` what is read again; `reach` is what both kinds of feed know of the time.
//! For sessions that answer questions, `poll` asks and takes in, `question` knows when, `told`
//! what was told of orders and executions, `prints` ids where a vendor has none, `ticks` quotes of
//! single numbers; `asks` makes a source of them, `listing` finds what is gone from a list,
//! `reported` and `costs` put together what is told of orders and executions bit by bit, and
//! `desk` is the sink that sends orders. `outage` and `known` is what all sessions with one other
//! side share. `process` starts a program that speaks in `lines`, and ends it with all that it
//! started; `proxy` is the way out where there is only one; `exchange` is what the log
//! says of every question and its answer. Login and subscription are the
//! connector's own.

mod asks;
mod backfill;
mod costs;
mod desk;
mod exchange;
mod fields;
mod frames;
mod graphql;
mod holes;
mod known;
mod lapse;
mod lines;
mod listing;
mod live;
mod messages;
mod numbered;
mod opening;
mod outage;
mod packets;
mod poll;
mod prints;
mod process;
mod proxy;
mod question;
mod reach;
mod repairs;
mod reported;
mod sessions;
mod socket;
mod ticks;
mod tls;
mod told;
mod turns;
mod watch;

pub use asks::{Asks, Opens};
pub use backfill::{Archive, Backfill, Reached};
pub use costs::{Costs, Revision};
pub use desk::{Complaint, Desk, Meaning, Trades};
pub use fields::{Fields, Layouts, Number, Values};
pub use frames::Frame;
pub use graphql::{Subscriptions, Update};
pub use holes::{Hole, Kind, Mark};
pub use known::Known;
pub use lapse::lapse;
pub use listing::Listing;
pub use live::{Live, Subscription};
pub use messages::{Intake, Message, message, messages};
pub use numbered::{Channels, Numbered, Opened};
pub use outage::{Outage, Patience};
pub use poll::{Asked, Dialogue, Poll, Polled, Talk, Trouble, Turn};
pub use prints::Prints;
pub use process::{Process, ProcessOptions};
pub use question::Question;
pub use repairs::{ALL, Ask, Found};
pub use reported::{Followed, Reported, Told};
pub use sessions::{Sessions, shards};
pub use socket::{Options, RawOptions, Session, Step};
pub use ticks::{Changed, Side, Tick, Ticks};
pub use told::{Standing, ToldFills, ToldOrders};
pub use turns::Turns;
pub use watch::{Cursor, Page, Stretch};
