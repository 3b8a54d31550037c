//! Runs one case and judges its outcome.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;

/// What a case found: nothing, or what is wrong in words.
pub type Verdict = Result<(), String>;

/// Cases and the reasons why they do not apply.
pub type Skips<'a> = &'a [(&'a str, &'a str)];

/// A case that takes longer has failed. Every step has a limit of its own; this one is for what
/// they do not cover, and counts the time that is only waited for too: see [`crate::source`].
const LIMIT: Duration = Duration::from_secs(400);

/// Runs a case on a runtime of its own; a panic of the component is a finding like any other.
pub fn verdict(case: &str, work: impl Future<Output = Verdict>) -> Verdict {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    // The future of a whole case is larger than the stack of a test's thread likes.
    let work = Box::pin(work);
    let judged = runtime.block_on(async {
        let work = AssertUnwindSafe(work).catch_unwind();
        match tokio::time::timeout(LIMIT, work).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(panic)) => Err(format!("panicked: {}", words(&*panic))),
            Err(_) => Err(format!("not done within {LIMIT:?}")),
        }
    });
    // What a component leaves running must not keep the test from ending.
    runtime.shutdown_timeout(Duration::from_millis(200));
    judged.map_err(|reason| format!("{case}: {reason}"))
}

/// Fails the test unless the case passed, or failed where a reason was given for it.
pub fn judge(case: &str, skips: Skips<'_>, cases: &[&str], verdict: Verdict) {
    for (name, _) in skips {
        assert!(cases.contains(name), "no case is called {name:?}; there are {cases:?}");
    }
    let reason = skips.iter().find(|(name, _)| *name == case).map(|(_, reason)| *reason);
    match (verdict, reason) {
        (Ok(()), None) => {}
        (Err(found), None) => panic!("{found}"),
        (Err(_), Some(reason)) => assert!(!reason.trim().is_empty(), "{case} has an empty reason"),
        (Ok(()), Some(reason)) => {
            panic!("{case} passes, so the reason to skip it no longer applies: {reason:?}")
        }
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words")
}

/// Says what is wrong unless a condition holds.
macro_rules! ensure {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err(format!($($words)+));
        }
    };
}
pub(crate) use ensure;
