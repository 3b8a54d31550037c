//! Ends of a session that no message tells of.

use std::future::pending;
use std::time::Duration;

use component::{Clock, Fault, Result};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use model::Timestamp;

/// Waits until a session is of no use any more. `look` says how long it will be of use for sure,
/// or why it is not; nothing means for ever.
pub fn lapse(
    clock: &Clock,
    look: impl Fn(Timestamp) -> Option<Result<Duration>> + Send + 'static,
) -> BoxFuture<'static, Fault> {
    let clock = clock.clone();
    async move {
        loop {
            match look(clock.now()) {
                None => return pending().await,
                Some(Ok(wait)) => clock.sleep(wait).await,
                Some(Err(fault)) => return fault,
            }
        }
    }
    .boxed()
}
