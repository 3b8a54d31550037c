//! A log in which nothing can be changed, dropped, inserted or reordered unnoticed.
//!
//! Each line holds an entry and a hash over the hash before it and the entry's own bytes. Every so
//! often an entry is a checkpoint: a signature over the hash before it. Whoever rewrites the log
//! from some line on would have to sign the next checkpoint. Verifying takes the public key only.

use std::collections::BTreeMap;
use std::fmt;

use component::Secret;
use model::Timestamp;
use ring::digest::{Context, SHA256};
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Error, Result};

/// The longest entry, as JSON.
pub const MAX_ENTRY_BYTES: usize = 64 << 10;
/// At most so many entries stand between two checkpoints.
pub const CHECKPOINT_EVERY: u64 = 100;
/// The action of a checkpoint.
const CHECKPOINT: &str = "audit.checkpoint";
/// What a signature is over, so that it can be taken for nothing else.
const CONTEXT: &[u8] = b"foliostream audit checkpoint\0";

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Counts from 1.
    pub sequence: u64,
    /// When it happened, in nanoseconds since 1970 UTC.
    pub time: i64,
    /// Who did it.
    pub actor: String,
    /// What was done, for example `credential.login`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// What else is worth knowing; of a checkpoint, its signature.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

/// A checkpoint, as [`Verified`] names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its place in the log.
    pub sequence: u64,
    /// When it was signed.
    pub time: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    entry: &'a RawValue,
    hash: String,
}

type Hash = [u8; 32];

/// Signs checkpoints.
pub struct Signer(Ed25519KeyPair);

/// The end of a log, to which entries are added.
pub struct Chain {
    signer: Signer,
    sequence: u64,
    head: Hash,
    /// Entries since the last checkpoint.
    unsigned: u64,
}

/// What was found in a log that nobody has touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its entries, checkpoints among them.
    pub entries: u64,
    /// The last checkpoint: all up to it is certain.
    pub signed: Option<Checkpoint>,
}

/// The first entry at which a log is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tampering {
    /// The entry is not what was written.
    Changed(u64),
    /// The entry is missing.
    Dropped(u64),
    /// There is a line, counted from 1, that does not belong there.
    Inserted(u64),
    /// The entry stands at another place.
    Reordered(u64),
    /// The checkpoint is not signed with this key: it, or what it vouches for, was rewritten.
    Forged(u64),
    /// The entries from this one on have no checkpoint where there must be one.
    Unsigned(u64),
}

impl Tampering {
    /// The entry that it names, counted from 1.
    pub fn place(&self) -> u64 {
        match self {
            Self::Changed(place)
            | Self::Dropped(place)
            | Self::Inserted(place)
            | Self::Reordered(place)
            | Self::Forged(place)
            | Self::Unsigned(place) => *place,
        }
    }
}

impl fmt::Display for Tampering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed(entry) => write!(f, "entry {entry} was changed"),
            Self::Dropped(entry) => write!(f, "entry {entry} was dropped"),
            Self::Inserted(line) => write!(f, "line {line} was inserted"),
            Self::Reordered(entry) => write!(f, "entry {entry} stands at another place"),
            Self::Forged(entry) => write!(
                f,
                "checkpoint {entry} is not signed with this key: it or what it vouches for was \
                 rewritten"
            ),
            Self::Unsigned(entry) => {
                write!(f, "nothing vouches for entry {entry} and those after it")
            }
        }
    }
}

impl Signer {
    /// A new key, for a sealed store: PKCS#8 in hexadecimal digits.
    pub fn generate() -> Result<Secret> {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        let key = key.map_err(|_| Error::Setting("this machine makes no keys".to_owned()))?;
        Ok(Secret::new(hex::encode(key.as_ref())))
    }

    /// What [`Signer::generate`] made.
    pub fn read(key: &Secret) -> Result<Self> {
        let bytes = hex::decode(key.expose()).ok();
        let pair = bytes.and_then(|bytes| Ed25519KeyPair::from_pkcs8(&bytes).ok());
        pair.map(Self).ok_or_else(|| Error::Setting("the key of the audit log is damaged".into()))
    }

    /// The public half, in hexadecimal digits.
    pub fn public(&self) -> String {
        hex::encode(self.0.public_key().as_ref())
    }
}

impl Chain {
    /// A log that begins now.
    pub fn new(signer: Signer) -> Self {
        Self { signer, sequence: 0, head: Hash::default(), unsigned: 0 }
    }

    /// Goes on after these lines, which are verified first.
    pub fn resume<'l>(
        signer: Signer,
        lines: impl Iterator<Item = &'l str>,
    ) -> Result<Self, Tampering> {
        let mut reader = Reader::new(&signer.public());
        for line in lines {
            reader.take(line)?;
        }
        let Reader { sequence, head, unsigned, .. } = reader;
        Ok(Self { signer, sequence, head, unsigned })
    }

    /// Goes on after these lines, which are the last ones of a log. A checkpoint among them vouches
    /// for what is before; where there is none, as in a short log, they have to be the whole of it.
    pub fn resume_after<'l>(
        signer: Signer,
        mut last: impl Iterator<Item = &'l str> + Clone,
    ) -> Result<Self, Tampering> {
        let whole = last.clone();
        let mut reader = Reader::new(&signer.public());
        let begun = last.next().is_some_and(|first| reader.begin(first).is_some());
        if !begun || reader.sequence == 1 {
            return Self::resume(signer, whole);
        }
        let from = reader.sequence;
        for line in last {
            reader.take(line)?;
        }
        if reader.signed.is_none() {
            return Err(Tampering::Unsigned(from));
        }
        let Reader { sequence, head, unsigned, .. } = reader;
        Ok(Self { signer, sequence, head, unsigned })
    }

    /// Entries that no checkpoint vouches for yet.
    pub fn unsigned(&self) -> u64 {
        self.unsigned
    }

    /// The lines for something that happened: one, or two where a checkpoint was due.
    pub fn add(
        &mut self,
        time: Timestamp,
        actor: &str,
        action: &str,
        subject: &str,
        details: BTreeMap<String, String>,
    ) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        // Room for the checkpoint itself.
        if self.unsigned + 1 >= CHECKPOINT_EVERY {
            lines.push(self.checkpoint(time)?);
        }
        let (actor, action) = (actor.to_owned(), action.to_owned());
        let (sequence, subject) = (self.sequence + 1, subject.to_owned());
        let entry = Entry { sequence, time: time.0, actor, action, subject, details };
        lines.push(self.line(&entry)?);
        Ok(lines)
    }

    /// A line that vouches for all before it.
    pub fn checkpoint(&mut self, time: Timestamp) -> Result<String> {
        let sequence = self.sequence + 1;
        let signature = self.signer.0.sign(&signed(sequence, &self.head));
        let details = BTreeMap::from([("signature".to_owned(), hex::encode(signature.as_ref()))]);
        let (actor, action) = ("foliostream".to_owned(), CHECKPOINT.to_owned());
        let subject = self.signer.public();
        let entry = Entry { sequence, time: time.0, actor, action, subject, details };
        let line = self.line(&entry)?;
        self.unsigned = 0;
        Ok(line)
    }

    fn line(&mut self, entry: &Entry) -> Result<String> {
        let failed = |why: String| Error::Store(format!("cannot write the audit log: {why}"));
        let text = serde_json::to_string(entry).map_err(|error| failed(error.to_string()))?;
        if text.len() > MAX_ENTRY_BYTES {
            return Err(failed(format!("an entry is longer than {MAX_ENTRY_BYTES} bytes")));
        }
        let hash = hash(&self.head, &text);
        let line = format!("{{\"entry\":{text},\"hash\":\"{}\"}}", hex::encode(hash));
        (self.sequence, self.head) = (entry.sequence, hash);
        self.unsigned += 1;
        Ok(line)
    }
}

fn hash(before: &Hash, entry: &str) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(before);
    context.update(entry.as_bytes());
    let mut hash = Hash::default();
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

fn signed(sequence: u64, head: &Hash) -> Vec<u8> {
    [CONTEXT, &sequence.to_be_bytes(), head].concat()
}

/// Reads a log from its first line on.
struct Reader {
    public: Vec<u8>,
    sequence: u64,
    head: Hash,
    unsigned: u64,
    signed: Option<Checkpoint>,
}

impl Reader {
    fn new(public: &str) -> Self {
        // A key that is none verifies nothing: every checkpoint is forged.
        let public = hex::decode(public).unwrap_or_default();
        Self { public, sequence: 0, head: Hash::default(), unsigned: 0, signed: None }
    }

    /// Takes the place and the hash of a line on trust; a checkpoint after it proves both.
    fn begin(&mut self, line: &str) -> Option<()> {
        let read: Line<'_> = serde_json::from_str(line).ok()?;
        let entry: Entry = serde_json::from_str(read.entry.get()).ok()?;
        hex::decode_to_slice(&read.hash, &mut self.head).ok()?;
        self.sequence = entry.sequence;
        Some(())
    }

    fn take(&mut self, line: &str) -> Result<(), Tampering> {
        let expected = self.sequence + 1;
        let changed = Tampering::Changed(expected);
        // Byte for byte: another spelling of the same JSON is a change too.
        let read: Line<'_> = serde_json::from_str(line).map_err(|_| changed.clone())?;
        let text = read.entry.get();
        let hash = hash(&self.head, text);
        let whole = format!("{{\"entry\":{text},\"hash\":\"{}\"}}", hex::encode(hash));
        let entry: Entry = serde_json::from_str(text).map_err(|_| changed.clone())?;
        if whole != line || entry.sequence != expected {
            return Err(changed);
        }
        if entry.action == CHECKPOINT {
            self.check(&entry)?;
        } else if self.unsigned + 1 >= CHECKPOINT_EVERY {
            return Err(Tampering::Unsigned(expected - self.unsigned));
        }
        (self.sequence, self.head) = (entry.sequence, hash);
        self.unsigned = if entry.action == CHECKPOINT { 0 } else { self.unsigned + 1 };
        Ok(())
    }

    fn check(&mut self, entry: &Entry) -> Result<(), Tampering> {
        let signature = entry.details.get("signature").and_then(|text| hex::decode(text).ok());
        let message = signed(entry.sequence, &self.head);
        let public = UnparsedPublicKey::new(&ED25519, &self.public);
        let is_good = signature.is_some_and(|s| public.verify(&message, &s).is_ok());
        if !is_good {
            return Err(Tampering::Forged(entry.sequence));
        }
        self.signed = Some(Checkpoint { sequence: entry.sequence, time: entry.time });
        Ok(())
    }
}

/// Verifies a whole log with the public key. `is_closed` says that it ends with a checkpoint, as a
/// log does whose writer has stopped in order.
pub fn verify_lines(
    lines: &[&str],
    public: &str,
    is_closed: bool,
) -> std::result::Result<Verified, Tampering> {
    let mut reader = Reader::new(public);
    for (index, line) in lines.iter().enumerate() {
        reader.take(line).map_err(|found| name(found, index, lines))?;
    }
    if is_closed && (reader.unsigned > 0 || reader.signed.is_none()) {
        return Err(Tampering::Unsigned(reader.sequence + 1 - reader.unsigned));
    }
    Ok(Verified { entries: reader.sequence, signed: reader.signed })
}

/// The same for the text of a log.
pub fn verify(
    log: &str,
    public: &str,
    is_closed: bool,
) -> std::result::Result<Verified, Tampering> {
    let lines: Vec<_> = log.split_terminator('\n').collect();
    verify_lines(&lines, public, is_closed)
}

/// What was done at the line where the chain breaks. The lines around it tell: one that says of
/// itself to be another entry is out of its place, or its predecessors are missing.
fn name(found: Tampering, index: usize, lines: &[&str]) -> Tampering {
    let Tampering::Changed(expected) = found else { return found };
    let sequence = |line: &str| {
        let read: Line<'_> = serde_json::from_str(line).ok()?;
        serde_json::from_str::<Entry>(read.entry.get()).ok().map(|entry| entry.sequence)
    };
    let follows = lines.get(index + 1).and_then(|line| sequence(line));
    match sequence(lines[index]) {
        // The next line is the one that was expected here: this one is too many.
        _ if follows == Some(expected) && sequence(lines[index]) != Some(expected + 1) => {
            Tampering::Inserted(index as u64 + 1)
        }
        Some(said) if said > expected => {
            let is_later = lines[index..].iter().any(|line| sequence(line) == Some(expected));
            if is_later { Tampering::Reordered(expected) } else { Tampering::Dropped(expected) }
        }
        Some(said) if said < expected => Tampering::Inserted(index as u64 + 1),
        _ => Tampering::Changed(expected),
    }
}
