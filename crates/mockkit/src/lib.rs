//! What every mock shares: a server, a clock that tests can drive, faults on demand, a transcript
//! of what was asked, a meter for request rates, and real market data to replay.
//!
//! A mock builds a [`Kit`], mounts its own routes and calls [`serve`]. The kit adds the control
//! routes under `/_mock/` and applies faults before and after the vendor's own handlers, so that
//! no vendor has to know that faults exist. See the crate's `README.md` for the control routes.

mod clock;
mod control;
mod error;
mod faults;
mod http_faults;
mod kit;
mod limits;
mod line;
pub mod market;
mod replay;
mod seed;
mod server;
mod stream;
pub mod time;
mod transcript;

pub use clock::{Clock, Speed};
pub use error::{Error, Result};
pub use faults::{Fault, Faults, Hit, Kind};
pub use kit::{Kit, Tick, Vendor};
pub use limits::{Allowance, Limits, Verdict, WindowClock};
pub use line::Line;
pub use replay::Replay;
pub use seed::Seed;
pub use server::{Ready, Running, serve};
pub use stream::{Gone, Incoming, StreamSocket};
pub use transcript::{Entry, Transcript};
