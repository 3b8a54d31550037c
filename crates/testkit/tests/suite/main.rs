//! The suite against toys: a healthy one that passes every case, and for each case a twin that is
//! broken in the one way that the case must notice.
#![allow(clippy::unwrap_used)]

mod toy;

mod healthy;
mod skips;
mod twins;
