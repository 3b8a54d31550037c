//! Polygon's words to ours. Pure functions; what does not fit is `Bad`, never a default.

mod fundamentals;
mod market;
mod reference;
mod symbol;

pub use fundamentals::{financials, report};
pub use market::{Asked, Period, frame, message, row, snapshot, universal_snapshot};
pub(crate) use market::{MINUTE, period};
pub use reference::{dividend, holiday, instrument, market_status, name_changes, news, split};
pub use session::Kind;
pub(crate) use symbol::is_stock;
pub use symbol::{identity, path, venue};

use std::sync::LazyLock;

use component::Bad;
use http::Whole;
use jiff::tz::TimeZone;
use model::{Date, Timestamp};

pub(crate) type Mapped<T> = Result<T, Bad>;

static NEW_YORK: LazyLock<TimeZone> = LazyLock::new(|| {
    TimeZone::get("America/New_York").expect("the time zones are part of the program")
});

/// A time as Polygon writes it: milliseconds, nanoseconds in REST v3, microseconds in one place.
/// Between 1973 and 5138 no two of them can be confused.
pub(crate) fn time(value: Whole) -> Timestamp {
    let value = value.0;
    match value.unsigned_abs().checked_ilog10() {
        None | Some(0..14) => Timestamp::from_millis(value),
        Some(14..17) => Timestamp(value.saturating_mul(1_000)),
        Some(_) => Timestamp(value),
    }
}

/// The session that a time belongs to: none is open at midnight in New York, which is four or
/// five hours behind.
pub(crate) fn session_day(time: Timestamp) -> Date {
    time.plus_nanos(-5 * 3_600_000_000_000).date()
}

/// The start of a day in UTC.
pub(crate) fn midnight(date: Date) -> Timestamp {
    Timestamp::from_secs(i64::from(date.0) * 86_400)
}

/// The start of a day in New York, where Polygon's days begin.
pub(crate) fn new_york_midnight(date: Date) -> Timestamp {
    let noon = midnight(date).plus_nanos(12 * 3_600_000_000_000);
    let start = jiff::Timestamp::from_nanosecond(noon.0.into())
        .and_then(|noon| noon.to_zoned(NEW_YORK.clone()).start_of_day());
    start.map_or(midnight(date), |start| Timestamp::from_secs(start.timestamp().as_second()))
}
