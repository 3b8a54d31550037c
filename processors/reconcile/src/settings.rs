//! Settings of `reconcile`.

use component::{Fault, Result};
use model::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;

/// When a difference is a break.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Units that a position may differ by.
    pub quantity_tolerance: Decimal,
    /// Money that cash of one currency may differ by.
    pub cash_tolerance: Decimal,
    /// A difference younger than this is timing, not a break. It should be longer than the pause
    /// between two polls of the broker's positions and balances.
    pub grace_secs: u32,
    /// For how long a fill may be missing on one side before that is no longer a matter of time.
    /// Brokers count a fill within seconds; it takes longer only after an outage.
    pub timing_secs: u32,
    /// Ages, rising, at which a break that is still open is reported again.
    pub age_buckets_secs: Vec<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        const HOUR: u32 = 3_600;
        const DAY: u32 = 24 * HOUR;
        Self {
            quantity_tolerance: Decimal::ZERO,
            cash_tolerance: Decimal::new(1, 2),
            grace_secs: 60,
            timing_secs: 600,
            age_buckets_secs: vec![HOUR, DAY, 5 * DAY, 10 * DAY, 30 * DAY],
        }
    }
}

impl Settings {
    pub(crate) fn check(&self) -> Result<()> {
        let tolerances = [
            ("quantity_tolerance", self.quantity_tolerance),
            ("cash_tolerance", self.cash_tolerance),
        ];
        for (name, tolerance) in tolerances {
            if tolerance.is_sign_negative() && !tolerance.is_zero() {
                return Err(Fault::fatal(format!(
                    "the setting {name} is {tolerance}; it cannot be negative"
                )));
            }
        }
        if !self.age_buckets_secs.is_sorted() {
            return Err(Fault::fatal(format!(
                "the setting age_buckets_secs is {:?}; the ages must rise",
                self.age_buckets_secs
            )));
        }
        Ok(())
    }

    /// How many of the buckets an age has passed.
    pub(crate) fn bucket(&self, age_secs: i64) -> usize {
        self.age_buckets_secs.iter().filter(|bucket| age_secs >= i64::from(**bucket)).count()
    }
}
