//! The one HTTP client: it paces, signs, times, counts, redacts, retries and classifies, so that
//! a connector only says what it wants.
//!
//! Decisions (pacing, retrying, breaking, classifying) are pure and take the time as an argument;
//! `client` and what it is made of (`exchange`, `shared`) are what does anything.

mod auth;
mod authentication;
mod breaker;
mod classify;
mod client;
mod depth;
mod events;
mod exchange;
mod graphql;
mod json;
mod key;
mod limits;
mod lists;
mod mark;
mod places;
mod poll;
mod recording;
mod request;
mod retry;
mod shared;
mod states;
mod table;
mod tls;
mod tokens;
mod tree;
mod verdict;

pub use auth::Auth;
pub use authentication::Authentication;
pub use client::{Http, Judge, Meaning};
pub use component::{Changes, Json, Rate};
pub use events::{Events, ServerEvent};
pub use graphql::Operation;
pub use json::{Num, Whole, decode, digits, optional};
pub use key::{KeyAuthentication, KeyCredentials, KeyKind};
pub use lists::{List, ListCursor, ListPage, Listed, Lists, Paged, Taken, VendorClock};
pub use mark::{Mark, Rows, Shape};
pub use poll::{Ask, Marks, Plan, Poll, Polled, Reading, first_of_month};
pub use request::{Answer, Method, NoAnswer, Request, next_page};
pub use states::{Account, Accounts, State, StatePoll, States};
pub use table::{Cells, Row, Table};
pub use tokens::Tokens;
pub use tree::{Item, items, text_at};
pub use verdict::Verdict;
