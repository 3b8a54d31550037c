//! Connectors by declaration: a REST source that is described in YAML alone.
//!
//! `settings` is what a user writes, `plan` what it means once it is checked; `paging` goes from
//! page to page, `map` from an item to an event.

mod settings;

mod plan;

mod map;
mod paging;

mod records;

pub use component::{FieldRule, FieldSettings, Word};
pub use records::{Cursor, Records};
pub use settings::{
    Connection, EventName, FeedSettings, Growing, NextUrl, Numbered, PageToken, Paging,
    RecordsSettings, Refusal, RefusalKind, System,
};
