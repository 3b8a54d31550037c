//! Named points where a test kills the process, as `kill -9` would.
//!
//! In a debug build, `FOLIOSTREAM_KILL=sink.after_journal:3` ends the process when the point
//! `after_journal` of a `sink` is reached for the third time. Nothing of this is left in a release
//! build.

/// Ends the process here if a test asked for it.
#[cfg(debug_assertions)]
pub fn reached(owner: &str, point: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static PLAN: OnceLock<Option<(String, String, u32)>> = OnceLock::new();
    static SEEN: AtomicU32 = AtomicU32::new(0);
    let plan = PLAN.get_or_init(|| {
        let text = std::env::var("FOLIOSTREAM_KILL").ok()?;
        let (name, count) = text.rsplit_once(':')?;
        let (owner, point) = name.rsplit_once('.')?;
        Some((owner.to_owned(), point.to_owned(), count.parse().ok()?))
    });
    if let Some((planned_owner, planned_point, count)) = plan
        && (planned_owner.as_str(), planned_point.as_str()) == (owner, point)
        && SEEN.fetch_add(1, Ordering::SeqCst) + 1 == *count
    {
        let this = std::process::id().to_string();
        // A signal that nothing can catch: no destructor, no flush, as when the power goes.
        let _ = std::process::Command::new("kill").args(["-9", &this]).status();
        std::process::abort();
    }
}

/// Nothing, in a release build.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn reached(_owner: &str, _point: &str) {}
