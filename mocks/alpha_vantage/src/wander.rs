//! Prices of what no file has. A level wanders with its seed and with time alone, so that every
//! interval, at every moment, in every run, tells of the same past.

use mockkit::Seed;
use mockkit::time::{DAY, HOUR, MINUTE};

/// Periods of the waves that a level is the sum of, and how far each moves it.
const WAVES: [(i64, f64); 8] = [
    (512 * DAY, 0.12),
    (96 * DAY, 0.06),
    (16 * DAY, 0.03),
    (3 * DAY, 0.012),
    (12 * HOUR, 0.005),
    (2 * HOUR, 0.002),
    (15 * MINUTE, 0.000_8),
    (MINUTE, 0.000_3),
];
/// Looks at the level within a bar, its ends included.
const LOOKS: i64 = 4;

/// A level around `base`; a `swing` of four is as wild as it can be and stay above zero.
#[derive(Clone, Copy, Debug)]
pub struct Wander {
    seed: Seed,
    base: f64,
    swing: f64,
}

/// Open, high, low and close.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ohlc {
    pub open: f64,
    pub high: f64,
    pub low: f64,
    pub close: f64,
}

impl Wander {
    pub fn new(seed: Seed, label: &str, base: f64, swing: f64) -> Wander {
        Wander { seed: seed.branch(label), base, swing }
    }

    /// The level at a time.
    pub fn at(&self, time: i64) -> f64 {
        let mut sum = 0.0;
        for (number, (period, height)) in (0_u64..).zip(WAVES) {
            let step = time.div_euclid(period);
            let within = time.rem_euclid(period) as f64 / period as f64;
            let (from, to) = (self.knot(number, step), self.knot(number, step.wrapping_add(1)));
            sum += height * (from + (to - from) * within);
        }
        self.base * (1.0 + self.swing * sum)
    }

    /// A number from -1 to 1 that belongs to a step of a wave.
    fn knot(&self, wave: u64, step: i64) -> f64 {
        const STEPS: u64 = 2_000_000;
        let number = self.seed.below("knot", step.cast_unsigned() ^ (wave << 56), STEPS + 1);
        number as f64 / (STEPS / 2) as f64 - 1.0
    }
}

impl Ohlc {
    /// The bar of a level from one time to another.
    pub fn of(level: impl Fn(i64) -> f64, from: i64, to: i64) -> Ohlc {
        let (open, close) = (level(from), level(to));
        let mut bar = Ohlc { open, high: open.max(close), low: open.min(close), close };
        for look in 1..LOOKS {
            let seen = level(from + (to - from) / LOOKS * look);
            (bar.high, bar.low) = (bar.high.max(seen), bar.low.min(seen));
        }
        bar
    }

    pub fn join(&mut self, next: &Ohlc) {
        self.high = self.high.max(next.high);
        self.low = self.low.min(next.low);
        self.close = next.close;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanders_without_jumps_and_stays_above_zero() {
        let level = Wander::new(Seed::new(1), "BTC", 100.0, 4.0);
        let start = 1_381_000_000_000_000_000;
        let mut last = level.at(start);
        for minute in 1..5_000 {
            let next = level.at(start + minute * MINUTE);
            assert!(next > 0.0 && (next / last - 1.0).abs() < 0.02, "{last} {next}");
            last = next;
        }
        for day in -20_000..30_000 {
            assert!(level.at(day * DAY) > 0.0);
        }
        let bar = Ohlc::of(|time| level.at(time), start, start + HOUR);
        assert!(bar.low <= bar.open && bar.open <= bar.high && bar.low <= bar.close);
        assert_eq!(bar.close, level.at(start + HOUR));
    }
}
