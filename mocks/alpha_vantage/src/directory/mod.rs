//! What there is to ask for, and when it is open.

pub mod listings;
pub mod markets;
pub mod search;
