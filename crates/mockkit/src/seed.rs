use uuid::Uuid;
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

/// Chance that repeats: the same seed, label and number always give the same answer, in whatever
/// order they are asked, so that one more order does not change the luck of the next.
#[derive(Clone, Copy, Debug)]
pub struct Seed(u64);

impl Seed {
    pub fn new(seed: u64) -> Seed {
        Seed(seed)
    }

    /// A seed of its own for a part, for example one account.
    pub fn branch(self, label: &str) -> Seed {
        Seed(xxh3_64_with_seed(label.as_bytes(), self.0))
    }

    pub fn number(self, label: &str, index: u64) -> u64 {
        xxh3_64_with_seed(label.as_bytes(), self.0 ^ index.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// A number from 0 up to, not including, `below`.
    pub fn below(self, label: &str, index: u64, below: u64) -> u64 {
        self.number(label, index) % below.max(1)
    }

    /// A version 4 UUID.
    pub fn uuid(self, label: &str, index: u64) -> Uuid {
        let seed = self.0 ^ index.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let bits = xxh3_128_with_seed(label.as_bytes(), seed);
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }
}
