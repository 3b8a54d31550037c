//! Parquet: files whose values stand column by column.
//!
//! Reading: `pages` looks at what a file says about its own sizes before anything is unpacked,
//! `rows` makes rows of columns again, `texts` says what a value is as text. Writing: `write`.

mod pages;
mod rows;
mod texts;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use rows::ParquetRows;
pub(crate) use write::ParquetWriter;
