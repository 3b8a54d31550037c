//! The log as it is on its topic, and what is wrong with it.

use credentials::{Tampering, Verified};
use model::{Audit, Event};
use runtime::{Error, Wiring};

use crate::writer::record;

/// What a verification found.
pub type Finding = Result<Verified, Tampering>;

/// Every record of the log, in its order; nothing in the place of one that cannot be read. Blocks.
pub fn read(wiring: &Wiring) -> Result<Vec<Option<Audit>>, Error> {
    let topic = wiring.names.topic("ops.audit");
    let mut messages = Vec::new();
    wiring.cluster.reader()?.read_all(&topic, |message| messages.push(message))?;
    let mut log = Vec::with_capacity(messages.len());
    for message in &messages {
        log.push(match wiring.read(message) {
            Ok(Event::Audit(entry)) => Some(*entry),
            Ok(_) | Err(Error::Record { .. }) => None,
            Err(error) => return Err(error),
        });
    }
    Ok(log)
}

/// What the log must have beside a whole chain.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    /// Its writer has stopped: it ends with a checkpoint.
    pub is_closed: bool,
    /// So many entries were found before: none of them may be missing now.
    pub entries: u64,
}

/// Whether the log is what was written, by the public key alone. All that a record says beside its
/// line follows from the line.
pub fn judge(log: &[Option<Audit>], public: &str, expected: Expected) -> Finding {
    let lines: Vec<&str> =
        log.iter().map(|entry| entry.as_ref().map_or("", |entry| entry.line.as_str())).collect();
    let found = credentials::verify_lines(&lines, public, expected.is_closed);
    // Up to where the chain breaks, if it does.
    let whole = found.as_ref().err().map_or(log.len() as u64, |found| found.place() - 1);
    for (entry, number) in log.iter().flatten().zip(1..=whole) {
        if record(&entry.line).as_ref() != Some(entry) {
            return Err(Tampering::Changed(number));
        }
    }
    match found {
        Ok(verified) if verified.entries < expected.entries => {
            Err(Tampering::Dropped(verified.entries + 1))
        }
        found => found,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use credentials::{Chain, Signer};
    use model::{EventId, Text, Timestamp};

    use super::*;

    const CLOSED: Expected = Expected { is_closed: true, entries: 0 };

    type Log = Vec<Option<Audit>>;

    /// A log that ended in order, and the key that verifies it.
    fn log(entries: i64) -> (Log, String) {
        let signer = Signer::read(&Signer::generate().unwrap()).unwrap();
        let public = signer.public();
        let mut chain = Chain::new(signer);
        let mut lines = Vec::new();
        for number in 0..entries {
            let time = Timestamp::from_secs(number);
            let subject = format!("o-{number}");
            lines.extend(
                chain.add(time, "desk", "order.placed", &subject, BTreeMap::new()).unwrap(),
            );
        }
        lines.push(chain.checkpoint(Timestamp::from_secs(entries)).unwrap());
        (lines.iter().map(|line| Some(record(line).unwrap())).collect(), public)
    }

    #[test]
    fn whatever_is_done_to_a_record_is_found() {
        let (log, public) = log(150);
        let whole = judge(&log, &public, CLOSED).unwrap();
        assert_eq!(whole.entries, 152);
        assert_eq!(whole.signed.unwrap().sequence, 152);

        let check = |change: &dyn Fn(&mut Log), found: Tampering| {
            let mut log = log.clone();
            change(&mut log);
            assert_eq!(judge(&log, &public, CLOSED), Err(found));
        };
        check(&|log| drop(log.remove(41)), Tampering::Dropped(42));
        check(&|log| log.swap(41, 60), Tampering::Reordered(42));
        check(&|log| log.insert(41, log[3].clone()), Tampering::Inserted(42));
        check(&|log| log[41] = None, Tampering::Changed(42));
        let change = |log: &mut Log| log[41].as_mut().unwrap().actor = "x".into();
        check(&change, Tampering::Changed(42));
        // The first of two changes is the one that is named.
        let both = |log: &mut Log| {
            log.remove(60);
            log[41].as_mut().unwrap().head.source = "x".into();
        };
        check(&both, Tampering::Changed(42));
        check(&|log| drop(log.pop()), Tampering::Unsigned(101));
        let other = Signer::read(&Signer::generate().unwrap()).unwrap().public();
        assert_eq!(judge(&log, &other, CLOSED), Err(Tampering::Forged(100)));
    }

    /// A log that was cut off at a checkpoint is whole in itself.
    #[test]
    fn what_was_cut_off_is_found_by_what_was_there_before() {
        let (log, public) = log(250);
        let short = &log[..100];
        assert_eq!(judge(short, &public, CLOSED).unwrap().entries, 100);
        let before = Expected { entries: 253, ..CLOSED };
        assert_eq!(judge(&log, &public, before).unwrap().entries, 253);
        assert_eq!(judge(short, &public, before), Err(Tampering::Dropped(101)));
        assert_eq!(judge(&[], &public, before), Err(Tampering::Unsigned(1)));
        let open = Expected { is_closed: false, ..before };
        assert_eq!(judge(&[], &public, open), Err(Tampering::Dropped(1)));
    }

    /// Small and reproducible: the seed is printed, and `FOLIOSTREAM_SEED` repeats it.
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, limit: usize) -> usize {
            // xorshift64*, which is enough to choose places.
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
            usize::try_from(number).unwrap() % limit
        }

        /// Another time than this one, by a nanosecond or by years.
        fn other_time(&mut self, time: Timestamp) -> Timestamp {
            let by = 1 << self.below(60);
            Timestamp(if self.below(2) == 0 { time.0 + by } else { time.0 - by })
        }

        /// The text with another printable character in one place.
        fn other_text(&mut self, text: &Text) -> Text {
            let mut bytes = text.as_bytes().to_vec();
            let place = self.below(bytes.len());
            let other = u8::try_from(1 + self.below(94)).unwrap();
            bytes[place] = b' ' + (bytes[place] - b' ' + other) % 95;
            String::from_utf8(bytes).unwrap().into()
        }
    }

    /// Changes one thing; says what.
    fn tamper(log: &mut Log, chance: &mut Chance) -> String {
        let at = chance.below(log.len());
        let other = (at + 1 + chance.below(log.len() - 1)) % log.len();
        let kind = chance.below(13);
        let entry = log[at].as_mut().unwrap();
        match kind {
            0 => entry.head.event_id = EventId::of(&["else", &at.to_string()]),
            1 => entry.head.source = chance.other_text(&entry.head.source),
            2 => entry.head.event_time = chance.other_time(entry.head.event_time),
            3 => entry.head.received_time = chance.other_time(entry.head.received_time),
            4 => entry.sequence = i64::try_from(other + 1).unwrap(),
            5 => entry.actor = chance.other_text(&entry.actor),
            6 => entry.action = chance.other_text(&entry.action),
            7 => entry.subject = chance.other_text(&entry.subject),
            8 => entry.line = chance.other_text(&entry.line),
            9 => log[at] = None,
            10 => drop(log.remove(at)),
            11 => log.insert(at, log[other].clone()),
            _ => log.swap(at, other),
        }
        format!("kind {kind} at {at} and {other}")
    }

    #[test]
    fn every_single_change_of_a_record_is_found() {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
        let count = number("FOLIOSTREAM_AUDIT_CHANGES").unwrap_or(1_000);
        let seed = number("FOLIOSTREAM_SEED").unwrap_or(0x5eed);
        eprintln!("{count} changes, seed {seed}");
        let mut chance = Chance(seed.max(1));
        let (log, public) = log(120);
        for round in 0..count {
            let mut log = log.clone();
            let what = tamper(&mut log, &mut chance);
            assert!(judge(&log, &public, CLOSED).is_err(), "round {round}: {what}");
        }
    }
}
