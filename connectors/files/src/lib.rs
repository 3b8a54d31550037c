//! Files: bars and order requests in, whole topics out.
//!
//! The sources follow folders; the sink writes files that hold every record once, however often a
//! batch is delivered. Nothing outside the system's root is read or written.

mod settings;
mod wire;

mod rows;

mod root;

mod follow;

mod map;

mod bars;
mod orders;

mod encode;
mod export;
mod row_files;
mod table;

pub use bars::Bars;
pub use export::Export;
pub use follow::Cursor;
pub use orders::Orders;
pub use settings::{
    AdjustedFor, Authentication, AuthenticationKind, BarColumns, BarsSettings, Column, Connection,
    ExportFormat, ExportSettings, FileFormat, OrdersSettings, SymbolFrom, System,
};
