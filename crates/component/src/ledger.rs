//! What must outlive a process although it belongs to no single feed.

use std::fmt::Debug;

use crate::Result;

/// Keeps short texts by name, such as how much of a vendor's daily allowance is used up. Both
/// calls block until it is certain.
pub trait Ledger: Debug + Send + Sync {
    /// What was kept last under a name.
    fn load(&self, name: &str) -> Result<Option<String>>;

    /// Keeps a text in place of what was there.
    fn keep(&self, name: &str, text: &str) -> Result<()>;
}
