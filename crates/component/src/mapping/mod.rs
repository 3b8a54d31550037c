//! The one mapping by declaration: from an item of any shape to an event of the schemas.
//!
//! `settings` is what a user writes, `plan` what it means once it is checked, `marks` how numbers
//! are written; `read` makes the event.

mod marks;
mod settings;

mod plan;
mod read;

pub use marks::{Marks, Unit};
pub use plan::Mapping;
pub use read::Row;
pub use settings::{FieldRule, FieldSettings, Word};
