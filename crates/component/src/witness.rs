//! What people and auditors must know, beside what a component reads and delivers.

use std::collections::BTreeMap;
use std::fmt;

use model::Timestamp;

/// Something that was done, and that an auditor will ask about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// Who did it: `system.component`, or a program.
    pub actor: String,
    /// What was done, for example `credential.renewed`.
    pub action: &'static str,
    /// To what.
    pub subject: String,
    /// What else is worth knowing; never a secret.
    pub details: BTreeMap<String, String>,
}

/// Something that a person must see to, or that has been seen to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appeal {
    /// The same whenever it is about the same.
    pub id: String,
    /// The system that is concerned.
    pub system: String,
    /// What is wrong, in a line.
    pub title: String,
    /// What was seen.
    pub reason: String,
    /// What a person must do.
    pub action: String,
    /// Whether nothing works until then.
    pub is_urgent: bool,
    /// Whether nothing is left to do.
    pub is_over: bool,
    /// When that was seen.
    pub at: Timestamp,
}

/// Is told of both. Its calls return at once, whatever becomes of what they say.
pub trait Witness: Send + Sync + fmt::Debug {
    /// Takes note of something that was done.
    fn note(&self, note: Note);
    /// Asks a person to see to something, or says that it is over.
    fn appeal(&self, appeal: Appeal);
}
