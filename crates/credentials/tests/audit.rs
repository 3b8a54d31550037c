//! A log that was touched anywhere is found out, and the place is named.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::OnceLock;

use credentials::{Chain, Signer, Tampering, verify_lines};
use model::Timestamp;

const ENTRIES: i64 = 350;

/// A log that ended in order, and the key that verifies it.
fn log() -> &'static (Vec<String>, String) {
    static LOG: OnceLock<(Vec<String>, String)> = OnceLock::new();
    LOG.get_or_init(|| {
        let signer = Signer::read(&Signer::generate().unwrap()).unwrap();
        let public = signer.public();
        let mut chain = Chain::new(signer);
        let mut lines = Vec::new();
        for number in 0..ENTRIES {
            let details = BTreeMap::from([("order".to_owned(), format!("o-{number}"))]);
            let time = Timestamp::from_secs(number);
            lines.extend(chain.add(time, "desk", "order.placed", "account-1", details).unwrap());
        }
        lines.push(chain.checkpoint(Timestamp::from_secs(ENTRIES)).unwrap());
        (lines, public)
    })
}

fn check(change: impl FnOnce(&mut Vec<&str>)) -> Option<Tampering> {
    let (lines, public) = log();
    let mut lines: Vec<_> = lines.iter().map(String::as_str).collect();
    change(&mut lines);
    verify_lines(&lines, public, true).err()
}

#[test]
fn a_log_that_nobody_touched_is_whole() {
    let (lines, public) = log();
    let whole: Vec<_> = lines.iter().map(String::as_str).collect();
    let verified = verify_lines(&whole, public, true).unwrap();
    assert_eq!(verified.entries, lines.len() as u64);
    assert_eq!(verified.signed.unwrap().sequence, lines.len() as u64);
    assert!(lines.len() > 353, "checkpoints stand between the entries");
    assert_eq!(check(|_| {}), None);
}

#[test]
fn what_was_done_is_named_with_its_place() {
    let entry = |number: u64| usize::try_from(number - 1).unwrap();
    assert_eq!(check(|lines| _ = lines.remove(entry(7))), Some(Tampering::Dropped(7)));
    assert_eq!(check(|lines| lines.swap(entry(7), entry(9))), Some(Tampering::Reordered(7)));
    assert_eq!(check(|lines| lines.swap(entry(7), entry(8))), Some(Tampering::Reordered(7)));
    let copy = |lines: &mut Vec<&str>| lines.insert(entry(50), lines[entry(3)]);
    assert_eq!(check(copy), Some(Tampering::Inserted(50)));
    assert_eq!(check(|lines| lines.insert(entry(50), "{}")), Some(Tampering::Inserted(50)));
    let changed = log().0[entry(20)].replace("o-19", "o-91");
    assert_ne!(changed, log().0[entry(20)]);
    let change = |lines: &mut Vec<&str>| lines[entry(20)] = Box::leak(changed.into_boxed_str());
    assert_eq!(check(change), Some(Tampering::Changed(20)));
    let last = log().0.len() as u64;
    let found = check(|lines| _ = lines.pop()).unwrap();
    assert!(matches!(found, Tampering::Unsigned(from) if from <= last), "{found:?}");
    assert_eq!(check(|lines| lines.clear()), Some(Tampering::Unsigned(1)));
}

/// Whoever holds everything but the key can make every hash anew, and is found at the signature.
#[test]
fn a_log_that_was_written_anew_is_not_signed() {
    let (lines, public) = log();
    let forger = Signer::read(&Signer::generate().unwrap()).unwrap();
    let mut chain = Chain::new(forger);
    let mut anew = Vec::new();
    for number in 0..ENTRIES {
        let time = Timestamp::from_secs(number);
        anew.extend(chain.add(time, "desk", "order.placed", "else", BTreeMap::new()).unwrap());
    }
    let anew: Vec<_> = anew.iter().map(String::as_str).collect();
    assert_eq!(verify_lines(&anew, public, false), Err(Tampering::Forged(100)));
    // An open log may lack its last checkpoint, but never more than the distance between two.
    let whole: Vec<_> = lines.iter().map(String::as_str).collect();
    verify_lines(&whole[..lines.len() - 1], public, false).unwrap();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    assert!(
        Chain::resume(Signer::read(&Signer::generate().unwrap()).unwrap(), lines.into_iter())
            .is_err()
    );
}

#[test]
fn a_log_goes_on_after_a_restart() {
    let key = Signer::generate().unwrap();
    let signer = || Signer::read(&key).unwrap();
    let mut lines: Vec<String> = Vec::new();
    for start in 0..30_u8 {
        let read = lines.iter().map(String::as_str);
        let mut chain = Chain::resume(signer(), read).unwrap();
        for number in 0..9_u8 {
            let time = Timestamp::from_secs(i64::from(start) * 10 + i64::from(number));
            lines.extend(chain.add(time, "desk", "a", "b", BTreeMap::new()).unwrap());
        }
    }
    let read: Vec<_> = lines.iter().map(String::as_str).collect();
    assert!(verify_lines(&read, &signer().public(), false).unwrap().entries >= 272);
}

#[test]
fn a_log_goes_on_from_its_last_lines() {
    let key = Signer::generate().unwrap();
    let signer = || Signer::read(&key).unwrap();
    let mut lines: Vec<String> = Vec::new();
    for start in 0..30_u8 {
        let last = lines.iter().skip(lines.len().saturating_sub(120)).map(String::as_str);
        let mut chain = Chain::resume_after(signer(), last).unwrap();
        for number in 0..11_u8 {
            let time = Timestamp::from_secs(i64::from(start) * 20 + i64::from(number));
            lines.extend(chain.add(time, "desk", "a", "b", BTreeMap::new()).unwrap());
        }
    }
    let read: Vec<_> = lines.iter().map(String::as_str).collect();
    assert!(verify_lines(&read, &signer().public(), false).unwrap().entries > 330);
    // Without a checkpoint among them nothing is known of what was before.
    let checkpoints: Vec<_> =
        (0..read.len()).filter(|index| read[*index].contains("audit.checkpoint")).collect();
    let between = read[checkpoints[0] + 1..checkpoints[1]].iter().copied();
    assert!(matches!(Chain::resume_after(signer(), between), Err(Tampering::Unsigned(_))));
    // A hash that was made up is found at the checkpoint.
    let from = checkpoints[1] - 20;
    let forged = read[from].replace("\"hash\":\"", "\"hash\":\"00");
    let forged = format!("{}\"}}", &forged[..forged.len() - 4]);
    let last = std::iter::once(forged.as_str()).chain(read[from + 1..].iter().copied());
    assert!(Chain::resume_after(signer(), last).is_err());
    assert!(Chain::resume_after(signer(), std::iter::empty()).is_ok());
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
}

#[test]
fn every_single_change_is_found() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let count = number("FOLIOSTREAM_AUDIT_CHANGES").unwrap_or(400);
    let seed = number("FOLIOSTREAM_SEED").unwrap_or(0x5eed);
    eprintln!("{count} changes, seed {seed}");
    let mut chance = Chance(seed.max(1));
    let lines = &log().0;
    for round in 0..count {
        let at = chance.below(lines.len());
        let other = (at + 1 + chance.below(lines.len() - 1)) % lines.len();
        let kind = chance.below(5);
        let mut bytes = lines[at].clone().into_bytes();
        let place = chance.below(bytes.len());
        bytes[place] = b' ' + (bytes[place] - b' ' + 1 + chance.below(94) as u8) % 95;
        let changed = String::from_utf8(bytes).unwrap();
        let found = check_with(kind, at, other, &changed);
        assert!(found.is_some(), "round {round}: kind {kind} at {at}, {other}, byte {place}");
    }
}

fn check_with(kind: usize, at: usize, other: usize, changed: &str) -> Option<Tampering> {
    let (lines, public) = log();
    let mut lines: Vec<_> = lines.iter().map(String::as_str).collect();
    match kind {
        0 | 1 => lines[at] = changed,
        2 => _ = lines.remove(at),
        3 => lines.insert(at, lines[other]),
        _ => lines.swap(at, other),
    }
    verify_lines(&lines, public, true).err()
}
