//! The log as it is on its topic, and what is wrong with it.

use credentials::{Entry, Tampering, Verified};
use model::{Audit, Event};
use runtime::{Error, Wiring};
use serde_json::Value;

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

/// Whether the log is what was written, by the public key alone. What a record says beside its
/// line must be what the line says.
pub fn judge(log: &[Option<Audit>], public: &str) -> Finding {
    let lines: Vec<&str> =
        log.iter().map(|entry| entry.as_ref().map_or("", |entry| entry.line.as_str())).collect();
    let verified = credentials::verify_lines(&lines, public, false)?;
    for (entry, number) in log.iter().flatten().zip(1..) {
        if !agrees(entry) {
            return Err(Tampering::Changed(number));
        }
    }
    Ok(verified)
}

fn agrees(audit: &Audit) -> bool {
    let line: Option<Value> = serde_json::from_str(&audit.line).ok();
    let entry = line.and_then(|mut line| serde_json::from_value(line["entry"].take()).ok());
    entry.is_some_and(|entry: Entry| {
        i64::try_from(entry.sequence) == Ok(audit.sequence)
            && audit.actor == entry.actor
            && audit.action == entry.action
            && audit.subject == entry.subject
            && audit.head.event_time.0 == entry.time
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use credentials::{Chain, Signer};
    use model::Timestamp;

    use super::*;
    use crate::writer::record;

    #[test]
    fn whatever_is_done_to_a_record_is_found() {
        let key = Signer::generate().unwrap();
        let signer = Signer::read(&key).unwrap();
        let public = signer.public();
        let mut chain = Chain::new(signer);
        let mut log = Vec::new();
        for number in 0..150 {
            let time = Timestamp::from_secs(number);
            let subject = format!("o-{number}");
            let lines = chain.add(time, "desk", "order.placed", &subject, BTreeMap::new());
            log.extend(lines.unwrap().iter().map(|line| Some(record(line).unwrap())));
        }
        let whole = judge(&log, &public).unwrap();
        assert_eq!(whole.entries, 151);
        assert_eq!(whole.signed.unwrap().sequence, 100);

        let check = |change: &dyn Fn(&mut Vec<Option<Audit>>), found: Tampering| {
            let mut log = log.clone();
            change(&mut log);
            assert_eq!(judge(&log, &public), Err(found));
        };
        check(&|log| drop(log.remove(41)), Tampering::Dropped(42));
        check(&|log| log.swap(41, 60), Tampering::Reordered(42));
        check(&|log| log.insert(41, log[3].clone()), Tampering::Inserted(42));
        check(&|log| log[41] = None, Tampering::Changed(42));
        let change = |log: &mut Vec<Option<Audit>>| log[41].as_mut().unwrap().actor = "x".into();
        check(&change, Tampering::Changed(42));
        let other = Signer::read(&Signer::generate().unwrap()).unwrap().public();
        assert_eq!(judge(&log, &other), Err(Tampering::Forged(100)));
    }
}
