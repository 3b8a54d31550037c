//! How many requests are under way at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// No vendor needs more of us at once; more connections than this to one host are no help.
const MOST: usize = 64;
/// Where somebody's requests are urgent, one place in so many is kept for them.
const RESERVED: usize = 5;

/// Places for the requests to one host.
pub(crate) struct Places {
    all: Arc<Semaphore>,
    /// Ordinary requests need a place here too, so that some of `all` are free for urgent ones.
    ordinary: Arc<Semaphore>,
    most: usize,
    is_reserved: AtomicBool,
}

/// A request that is under way.
pub(crate) struct Place {
    _all: Option<OwnedSemaphorePermit>,
    _ordinary: Option<OwnedSemaphorePermit>,
}

impl Places {
    pub(crate) fn new(most: Option<u32>) -> Self {
        let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(MOST).clamp(1, MOST);
        let semaphore = || Arc::new(Semaphore::new(most));
        Self { all: semaphore(), ordinary: semaphore(), most, is_reserved: AtomicBool::new(false) }
    }

    pub(crate) fn reserve_for_urgent(&self) {
        if self.most > 1 && !self.is_reserved.swap(true, Ordering::SeqCst) {
            self.ordinary.forget_permits((self.most / RESERVED).max(1));
        }
    }

    /// Waits for a place. They are given in the order in which they were asked for.
    pub(crate) async fn take(&self, is_urgent: bool) -> Place {
        // Nobody closes a semaphore here: there is always a permit in the end.
        let ordinary = match is_urgent {
            true => None,
            false => self.ordinary.clone().acquire_owned().await.ok(),
        };
        Place { _ordinary: ordinary, _all: self.all.clone().acquire_owned().await.ok() }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn urgent_requests_find_a_place_among_many_others() {
        let places = Places::new(Some(10));
        places.reserve_for_urgent();
        places.reserve_for_urgent();
        let take = |is_urgent| places.take(is_urgent).now_or_never();
        let ordinary: Vec<_> = (0..20).filter_map(|_| take(false)).collect();
        let urgent: Vec<_> = (0..20).filter_map(|_| take(true)).collect();
        assert_eq!((ordinary.len(), urgent.len()), (8, 2));
        drop(urgent);
        assert!(take(false).is_none() && take(true).is_some());
        drop(ordinary);
        assert!(take(false).is_some());
    }
}
