//! Passes on what people and auditors must know: notes to `ops.notes`, appeals to `ops.alerts`.
//!
//! Whoever has something to say does not wait. A thread publishes it, and what Kafka does not take
//! is tried again for as long as the process runs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use component::{Appeal, Witness};
use model::{Alert, AlertStatus, EventId, Head, Severity, Text, Timestamp};
use tracing::{error, info, warn};

use crate::ledger::Sure;
use crate::{Error, Wiring};

/// Words that wait to be published. Nobody speaks more than a few times a second.
const MAX_WAITING: usize = 4_096;
/// Pause before something is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// Bytes kept of a detail, which may quote what a vendor said.
const MAX_DETAIL_BYTES: usize = 2 << 10;

/// The witness of one process; made when somebody first speaks.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<OnceLock<Arc<Mouth>>>);

struct Mouth {
    words: SyncSender<Word>,
    waiting: Arc<AtomicUsize>,
    clock: component::Clock,
}

enum Word {
    Note(component::Note, Timestamp),
    Appeal(Appeal),
}

impl Wiring {
    /// Who is told of what people and auditors must know.
    pub fn witness(&self) -> Arc<dyn Witness> {
        let mouth = self.told.0.get_or_init(|| {
            let (words, heard) = sync_channel(MAX_WAITING);
            let waiting = Arc::new(AtomicUsize::new(0));
            // Without this witness, which would keep its own thread alive.
            let mut wiring = self.clone();
            wiring.told = Told::default();
            let left = Arc::clone(&waiting);
            std::thread::spawn(move || publish(&wiring, &heard, &left));
            Arc::new(Mouth { words, waiting, clock: self.clock.clone() })
        });
        mouth.clone()
    }

    /// Waits until all that was said is published, at most so long. Says whether it is.
    pub(crate) async fn has_told(&self, wait: Duration) -> bool {
        let Some(mouth) = self.told.0.get() else { return true };
        let deadline = Instant::now() + wait;
        while mouth.waiting.load(Ordering::Acquire) > 0 {
            if Instant::now() > deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        true
    }

    /// Publishes a note, and returns once it is certain. Blocks.
    pub fn publish_note(&self, note: component::Note) -> Result<(), Error> {
        let event = event(note, self.clock.now());
        Sure::default().publish(self, &event.into())
    }
}

impl Witness for Mouth {
    fn note(&self, note: component::Note) {
        self.say(Word::Note(note, self.clock.now()));
    }

    fn appeal(&self, appeal: Appeal) {
        self.say(Word::Appeal(appeal));
    }
}

impl Mouth {
    fn say(&self, word: Word) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        if self.words.try_send(word).is_err() {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            error!("what an auditor must know was not published: {MAX_WAITING} others wait");
        }
    }
}

/// Publishes for as long as anybody can speak.
fn publish(wiring: &Wiring, heard: &Receiver<Word>, waiting: &AtomicUsize) {
    let mut sure = Sure::default();
    for word in heard {
        let (note, appeal) = match word {
            Word::Note(note, at) => (Some(event(note, at)), None),
            Word::Appeal(appeal) => (None, Some(appeal)),
        };
        loop {
            let said = match (&note, &appeal) {
                (Some(note), _) => sure.publish(wiring, &note.clone().into()),
                (None, Some(appeal)) => wiring.appeal(appeal),
                (None, None) => Ok(()),
            };
            match said {
                Ok(()) => break,
                Err(error) if error.is_about_the_record() || wiring.shutdown.is_cancelled() => {
                    error!(%error, "what an auditor must know was not published");
                    break;
                }
                Err(error) => warn!(%error, "what an auditor must know waits for Kafka"),
            }
            std::thread::sleep(PAUSE);
        }
        waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The note as it is on its topic.
fn event(note: component::Note, now: Timestamp) -> model::Note {
    let time = now.0.to_string();
    let ids = [&note.actor, note.action, &note.subject, &time];
    // Two notes of one nanosecond differ in what they say.
    let said = note.details.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    let id = EventId::of(&ids.into_iter().chain(said).collect::<Vec<_>>());
    let head =
        Head { source: note.actor.as_str().into(), received_time: now, ..Head::new(id, now) };
    let cut = |text: &str| Text::from(&text[..text.floor_char_boundary(MAX_DETAIL_BYTES)]);
    let details = note.details.iter().map(|(name, value)| (cut(name), cut(value)));
    model::Note {
        head,
        actor: cut(&note.actor),
        action: note.action.into(),
        subject: cut(&note.subject),
        details: details.collect::<BTreeMap<_, _>>(),
    }
}

impl Wiring {
    /// Opens the alert of an appeal, makes it more urgent, or closes it. Blocks.
    fn appeal(&self, appeal: &Appeal) -> Result<(), Error> {
        let open = self.alerts.find(self, &appeal.id)?;
        let severity = if appeal.is_urgent { Severity::Error } else { Severity::Warning };
        let (status, since) = match (&open, appeal.is_over) {
            (None, true) => return Ok(()),
            (Some(open), true) => (AlertStatus::Closed, open.since),
            (Some(open), false) => (AlertStatus::Opened, open.since),
            (None, false) => (AlertStatus::Opened, appeal.at),
        };
        let reason = &appeal.reason[..appeal.reason.floor_char_boundary(MAX_DETAIL_BYTES)];
        info!(alert = appeal.id, status = status.as_str(), reason, "a person is needed or was");
        let alert = Alert {
            head: Head::default(),
            alert_id: appeal.id.as_str().into(),
            status,
            severity,
            system: Some(appeal.system.as_str().into()),
            component: appeal.system.as_str().into(),
            title: appeal.title.as_str().into(),
            reason: reason.into(),
            action: appeal.action.as_str().into(),
            since,
        };
        self.publish_alert(alert, &appeal.system)
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Told")
    }
}

impl fmt::Debug for Mouth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mouth")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_itself_only() {
        let note = |what: &str| component::Note {
            actor: "alpaca".to_owned(),
            action: "credential.renewed",
            subject: "alpaca".to_owned(),
            details: BTreeMap::from([("what".to_owned(), what.to_owned())]),
        };
        let now = Timestamp::from_secs(7);
        let (one, other) = (event(note("a"), now), event(note("b"), now));
        assert_ne!(one.head.event_id, other.head.event_id);
        assert_eq!(one, event(note("a"), now));
        assert_eq!(one.head.source, "alpaca");
        let long = event(note(&"ö".repeat(2_000)), now);
        assert!(long.details.values().all(|text| text.len() <= MAX_DETAIL_BYTES));
    }
}
