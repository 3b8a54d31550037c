//! Which records of one producer have been acknowledged, in the order they were sent.

use std::collections::VecDeque;

use rdkafka::error::RDKafkaErrorCode;

/// Acknowledgements come back per partition, so out of order; callers want to know up to where
/// everything is safe. One bit a record between the first gap and the newest acknowledgement.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    /// Every record with a sequence up to this one is acknowledged.
    done: u64,
    /// Bit `n` of word `w` stands for sequence `done_words * 64 + w * 64 + n + 1`.
    window: VecDeque<u64>,
    /// How many whole words have left the window.
    done_words: u64,
    /// The first record that will never be acknowledged.
    pub(crate) failure: Option<Failure>,
}

/// A record that the broker or the client gave up for good.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub code: RDKafkaErrorCode,
    pub topic: String,
    pub partition: i32,
    pub bytes: usize,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Failure { code, topic, partition, bytes } = self;
        write!(f, "{code} (record of {bytes} bytes for topic `{topic}`, partition {partition})")
    }
}

impl Acks {
    /// The record with this sequence (they start at 1) is safe.
    pub(crate) fn acknowledge(&mut self, sequence: u64) {
        let bit = sequence - 1;
        let Some(word) = (bit / 64).checked_sub(self.done_words) else { return };
        let word = word as usize;
        if word >= self.window.len() {
            self.window.resize(word + 1, 0);
        }
        self.window[word] |= 1 << (bit % 64);
        // Only the record that fills the first gap can move the watermark.
        if sequence == self.done + 1 {
            self.advance();
        }
    }

    fn advance(&mut self) {
        while self.window.front() == Some(&u64::MAX) {
            self.window.pop_front();
            self.done_words += 1;
        }
        let ones = self.window.front().map_or(0, |word| word.trailing_ones());
        self.done = self.done_words * 64 + u64::from(ones);
    }

    pub(crate) fn done(&self) -> u64 {
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(order: impl IntoIterator<Item = u64>, expected: u64) {
        let mut acks = Acks::default();
        for sequence in order {
            acks.acknowledge(sequence);
        }
        assert_eq!(acks.done(), expected);
    }

    #[test]
    fn the_watermark_stops_at_the_first_gap() {
        check([], 0);
        check([1], 1);
        check([2], 0);
        check([2, 1], 2);
        check([1, 2, 4], 2);
        check(1..=64, 64);
        check((1..=64).rev(), 64);
        check(1..=65, 65);
        check((1..=200).filter(|n| *n != 130), 129);
        check((2..=1000).chain([1]), 1000);
        check([1, 1, 2, 2], 2);
    }

    #[test]
    fn any_order_ends_with_everything_acknowledged() {
        // A fixed permutation: 7919 is coprime to 10007, so every number comes once.
        let order = (0..10_007u64).map(|n| n * 7919 % 10_007 + 1);
        let mut acks = Acks::default();
        let mut seen = vec![false; 10_008];
        for sequence in order {
            acks.acknowledge(sequence);
            seen[sequence as usize] = true;
            let first_gap = (1..seen.len()).find(|n| !seen[*n]).unwrap_or(seen.len());
            if sequence % 97 == 0 {
                assert_eq!(acks.done(), first_gap as u64 - 1);
            }
        }
        assert_eq!(acks.done(), 10_007);
        assert!(acks.window.len() <= 1, "the window must not grow with what is done");
    }
}
