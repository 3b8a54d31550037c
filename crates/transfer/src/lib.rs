//! Import and export: files of any layout to events, topics and tables to files.
//!
//! An import: `plan` is what its settings mean, `input` finds and unpacks its files, in `stores`
//! too, `rows` reads them whatever they are written in, `import` publishes each row once; `seen`
//! knows what of which file has been imported, `rejects` keeps what was refused.
//!
//! An export: `export` reads a topic or a table, `column` says how a field is written, `write`
//! makes rows of it, `destination` says where a file may stand and puts it there whole.
//! `columnar` reads and writes Parquet for both; `workbook` writes for Excel.
//!
//! On a schedule: `jobs` runs what is due, `work` is what a job does, `runs` is what its topic
//! says.

mod error;
mod text;

mod plan;

mod input;
mod stores;

mod columnar;
mod delimited;
mod json;
mod rows;
mod xml;

mod import;
mod rejects;
mod seen;

mod column;
mod destination;
mod export;
mod workbook;
mod write;

mod jobs;
mod runs;
mod work;

pub use destination::{Destination, Placed};
pub use error::Error;
pub use export::{Export, Exported};
pub use import::{Imported, Reached, check, import, unseen};
pub use input::Input;
pub use jobs::{Errand, NAME as SCHEDULE, task as schedule};
pub use plan::Plan;
pub use runs::{ask, history};
pub use stores::Stores;
pub use work::{Done, Work};
