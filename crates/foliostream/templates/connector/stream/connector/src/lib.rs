//! {{Name}}: trades as they happen.
//!
//! `wire` spells what {{Name}} sends, `map` says what it means to us; each other module is one
//! component.

pub mod map;
mod settings;
mod trades;
pub mod wire;

pub use settings::System;
pub use trades::Trades;
