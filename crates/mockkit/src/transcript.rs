use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use serde::Serialize;
use serde_json::Value;

/// Entries kept; the oldest go first.
const MAX_ENTRIES: usize = 20_000;
/// Characters of a body or message kept.
const MAX_BODY: usize = 16 * 1024;
const MASK: &str = "***";

/// Everything that was asked of a mock, secrets masked.
pub struct Transcript {
    secrets: &'static [&'static str],
    ring: Mutex<Ring>,
}

#[derive(Default)]
struct Ring {
    entries: VecDeque<Entry>,
    next: u64,
}

/// One request, or one message that a client sent on a stream.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Entry {
    pub sequence: u64,
    /// Virtual time.
    pub time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub method: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    pub body: String,
    /// What was answered; nothing while the request is being worked on, or if nothing ever was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

impl Transcript {
    /// `secrets` are names, in lower case, of headers, query parameters and JSON or form fields.
    pub fn new(secrets: &'static [&'static str]) -> Transcript {
        Transcript { secrets, ring: Mutex::default() }
    }

    pub fn add(&self, mut entry: Entry) -> u64 {
        let mut ring = self.ring();
        let sequence = ring.next;
        entry.sequence = sequence;
        entry.body = cut(entry.body);
        ring.next += 1;
        if ring.entries.len() == MAX_ENTRIES {
            ring.entries.pop_front();
        }
        ring.entries.push_back(entry);
        sequence
    }

    /// Notes what became of an entry, unless the ring has dropped it already.
    pub fn finish(&self, sequence: u64, status: Option<u16>, fault: Option<String>) {
        let mut ring = self.ring();
        let first = ring.entries.front().map_or(0, |entry| entry.sequence);
        let index = sequence.checked_sub(first).and_then(|index| usize::try_from(index).ok());
        if let Some(entry) = index.and_then(|index| ring.entries.get_mut(index)) {
            (entry.status, entry.fault) = (status, fault);
        }
    }

    /// Entries from this sequence number on.
    pub fn since(&self, sequence: u64) -> Vec<Entry> {
        self.ring().entries.iter().filter(|entry| entry.sequence >= sequence).cloned().collect()
    }

    pub fn clear(&self) {
        self.ring().entries.clear();
    }

    pub(crate) fn headers(&self, headers: &HeaderMap) -> BTreeMap<String, String> {
        let mut shown = BTreeMap::new();
        for (name, value) in headers {
            let secret = name == "authorization" || self.is_secret(name.as_str());
            let value =
                if secret { MASK.into() } else { String::from_utf8_lossy(value.as_bytes()) };
            shown.insert(name.to_string(), value.into_owned());
        }
        shown
    }

    /// Masks `name=value` pairs, as in a query or a form.
    pub(crate) fn pairs(&self, pairs: &str) -> String {
        let mask = |pair: &str| match pair.split_once('=') {
            Some((name, _)) if self.is_secret(name) => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        };
        pairs.split('&').map(mask).collect::<Vec<_>>().join("&")
    }

    pub(crate) fn body(&self, body: &[u8], content_type: &str) -> String {
        if content_type.starts_with("application/x-www-form-urlencoded") {
            return cut(self.pairs(&String::from_utf8_lossy(body)));
        }
        if let Ok(mut value) = serde_json::from_slice::<Value>(body)
            && self.mask(&mut value)
        {
            return cut(value.to_string());
        }
        // What hides nothing stays byte for byte what the client sent.
        cut(String::from_utf8_lossy(body).into_owned())
    }

    fn mask(&self, value: &mut Value) -> bool {
        match value {
            Value::Object(map) => {
                let mut masked = false;
                for (name, value) in map {
                    if self.is_secret(name) && !value.is_object() {
                        *value = MASK.into();
                        masked = true;
                    } else {
                        masked |= self.mask(value);
                    }
                }
                masked
            }
            Value::Array(values) => {
                let mut masked = false;
                for value in values {
                    masked |= self.mask(value);
                }
                masked
            }
            _ => false,
        }
    }

    fn is_secret(&self, name: &str) -> bool {
        self.secrets.iter().any(|secret| secret.eq_ignore_ascii_case(name))
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_BODY {
        let end = (0..=MAX_BODY).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_secrets_wherever_they_stand() {
        let transcript = Transcript::new(&["secret", "apikey"]);
        let body = br#"{"action":"auth","data":[{"key":"K","secret":"S"}]}"#;
        assert!(!transcript.body(body, "application/json").contains("\"S\""));
        assert_eq!(
            transcript.body(b"a=1&secret=S", "application/x-www-form-urlencoded"),
            "a=1&secret=***"
        );
        assert_eq!(transcript.pairs("symbol=IBM&apikey=S"), "symbol=IBM&apikey=***");
        assert_eq!(transcript.body(b"{\"qty\": 10.0}", ""), "{\"qty\": 10.0}");
    }

    #[test]
    fn keeps_the_newest() {
        let transcript = Transcript::new(&[]);
        for _ in 0..MAX_ENTRIES + 5 {
            transcript.add(Entry::default());
        }
        transcript.finish(MAX_ENTRIES as u64 + 4, Some(200), None);
        transcript.finish(0, Some(500), None);
        let entries = transcript.since(0);
        assert_eq!((entries.len(), entries[0].sequence), (MAX_ENTRIES, 5));
        assert_eq!(entries[MAX_ENTRIES - 1].status, Some(200));
        assert_eq!(transcript.since(MAX_ENTRIES as u64).len(), 5);
    }
}
