//! {{Name}}: records about instruments.
//!
//! `wire` spells what {{Name}} sends, `map` says what it means to us; each other module is one
//! component.

pub mod map;
mod records;
mod settings;
pub mod wire;

pub use records::Records;
pub use settings::System;
