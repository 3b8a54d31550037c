//! How much time has passed for every partition of a processor. No I/O, no clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Timestamp;

/// A partition of an input.
type Partition = (Arc<str>, i32);

/// The time before which no record is still to come.
///
/// A partition that is behind holds it back to what was read of it last; one that has been read to
/// its end does not, or a quiet partition would stop time for all.
#[derive(Debug, Default)]
pub struct Watermark {
    partitions: BTreeMap<Partition, Progress>,
    newest: Timestamp,
    reached: Timestamp,
}

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    seen: Timestamp,
    is_read_to_its_end: bool,
}

impl Watermark {
    /// Partitions that are to be read from now on: behind until the opposite is known.
    pub fn assigned(&mut self, partitions: &[Partition]) {
        for partition in partitions {
            self.partitions.entry(partition.clone()).or_default();
        }
    }

    /// Partitions that are somebody else's.
    pub fn revoked(&mut self, partitions: &[Partition]) {
        for partition in partitions {
            self.partitions.remove(partition);
        }
    }

    /// A record of a partition was received at this time.
    pub fn saw(&mut self, partition: Partition, time: Timestamp) {
        let progress = self.partitions.entry(partition).or_default();
        progress.seen = progress.seen.max(time);
        self.newest = self.newest.max(time);
    }

    /// How many records a partition is behind.
    pub fn lags(&mut self, partition: &Partition, records: i64) {
        if let Some(progress) = self.partitions.get_mut(partition) {
            progress.is_read_to_its_end = records <= 0;
        }
    }

    /// Nothing has arrived up to this time.
    pub fn silence(&mut self, now: Timestamp) {
        self.newest = self.newest.max(now);
    }

    /// The watermark; it never goes back.
    pub fn get(&mut self) -> Timestamp {
        let behind = self.partitions.values().filter(|progress| !progress.is_read_to_its_end);
        let held_back = behind.map(|progress| progress.seen).min();
        self.reached = self.reached.max(held_back.unwrap_or(self.newest));
        self.reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn the_partition_that_is_furthest_behind_holds_time_back() {
        let (a, b): (Partition, Partition) = (("t".into(), 0), ("t".into(), 1));
        let mut watermark = Watermark::default();
        watermark.assigned(&[a.clone(), b.clone()]);
        watermark.saw(a.clone(), at(100));
        assert_eq!(watermark.get(), at(0), "nothing is known of b");
        watermark.saw(b.clone(), at(40));
        assert_eq!(watermark.get(), at(40));
        watermark.lags(&b, 0);
        assert_eq!(watermark.get(), at(100), "b is read to its end");
        watermark.lags(&a, 0);
        watermark.silence(at(130));
        assert_eq!(watermark.get(), at(130), "silence is time too");
        watermark.saw(b.clone(), at(90));
        assert_eq!(watermark.get(), at(130), "it never goes back");
        watermark.lags(&b, 7);
        watermark.saw(b.clone(), at(150));
        watermark.saw(a, at(170));
        assert_eq!(watermark.get(), at(150));
        watermark.revoked(&[b]);
        assert_eq!(watermark.get(), at(170));
    }
}
