//! What a poll finds changed: the same for every way of asking.

pub use component::Changes;
