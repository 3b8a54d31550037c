//! How far a live feed has come, and when a vendor that is in trouble is asked again. Pure.

use std::time::Duration;

use component::Fault;
use model::Timestamp;

/// A record further ahead of the vendor's clock than this has a wrong time: following it would
/// hide everything before it from a repair.
pub(crate) const MAX_AHEAD: Duration = Duration::from_secs(24 * 3_600);
/// Vendors tell what time it is by the second.
const RESOLUTION: Duration = Duration::from_secs(1);
/// So many in a row are right, and the clock is not.
const MAX_WRONG: u32 = 100;
/// First pause after history could not be read; each further one is twice as long.
pub(crate) const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(60);

/// The latest record, and the vendor's clock as far as we can tell.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// Latest event time.
    pub(crate) at: Timestamp,
    /// Records in a row that were too far ahead.
    ahead: u32,
    /// A time of the vendor's clock, and ours when we learned it.
    anchor: (Timestamp, Timestamp),
}

impl Reach {
    /// The vendor's clock says `vendor_now`. A feed that never was anywhere begins there.
    pub(crate) fn set(&mut self, vendor_now: Timestamp, now: Timestamp) {
        // What its records have told of the second is not forgotten.
        let known = self.vendor_now(now);
        let is_same = known > vendor_now && known < later(vendor_now, RESOLUTION);
        self.anchor = (if is_same { known } else { vendor_now }, now);
        if self.at.0 == 0 {
            self.at = vendor_now;
        }
    }

    /// Takes note of a record.
    pub(crate) fn note(&mut self, time: Timestamp, now: Timestamp) {
        if time <= self.at {
            self.ahead = 0;
            return;
        }
        let vendor_now = self.vendor_now(now);
        if time > later(vendor_now, MAX_AHEAD) && self.ahead < MAX_WRONG {
            self.ahead += 1;
            return;
        }
        (self.at, self.ahead) = (time, 0);
        if time > vendor_now {
            self.anchor = (time, now);
        }
    }

    /// The vendor's clock.
    pub(crate) fn vendor_now(&self, now: Timestamp) -> Timestamp {
        let (vendor, ours) = self.anchor;
        vendor.plus_nanos(now.since(ours).max(0))
    }
}

/// A pause in asking.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    /// Nothing is asked before.
    pub(crate) until: Timestamp,
    /// Pauses in a row.
    count: u32,
}

impl Rest {
    /// A first, short one: history takes a moment to know what the stream brings.
    pub(crate) fn begin(&mut self, now: Timestamp) {
        self.until = self.until.max(later(now, FIRST_REST));
    }

    /// The vendor did not answer.
    pub(crate) fn failed(&mut self, fault: &Fault, now: Timestamp) {
        let rest = match fault {
            Fault::Throttled { wait, .. } => *wait,
            _ => FIRST_REST.saturating_mul(1 << self.count.min(10)).min(LONGEST_REST),
        };
        self.count += 1;
        self.until = self.until.max(later(now, rest));
    }

    /// The vendor answered.
    pub(crate) fn end(&mut self) {
        *self = Self::default();
    }
}

pub(crate) fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.plus_nanos(nanos(by))
}

pub(crate) fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
