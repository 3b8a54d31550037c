//! The one streaming session, and the live feed built on it.
//!
//! `socket` opens, sends, reads and notices when nobody is there any more, over a WebSocket
//! (`frames`) or over a raw socket whose messages have their length in front (`packets`); `fields`
//! reads and writes messages of positional fields. `live` turns a session and a vendor's history
//! into a feed without holes: it repairs what a disconnect missed and audits what the stream left
//! out in silence; `watch` decides what is due. `process` starts a program that speaks in `lines`,
//! and ends it with all that it started. Login and subscription are the connector's own.

mod fields;
mod frames;
mod lines;
mod live;
mod opening;
mod packets;
mod process;
mod socket;
mod tls;
mod watch;

pub use fields::{Fields, Layouts, Number, Values};
pub use frames::Frame;
pub use live::{Live, Subscription};
pub use process::{Process, ProcessOptions};
pub use socket::{Options, RawOptions, Session, Step};
pub use watch::{Cursor, Page, Stretch};
