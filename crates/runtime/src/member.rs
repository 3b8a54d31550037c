//! Membership in a consumer group, which always ends.

use std::ops::{Deref, DerefMut};
use std::sync::mpsc;
use std::time::Duration;

use kafka::Group;
use tracing::warn;

/// Leaving a group takes milliseconds, or a second in the middle of a rebalance.
const LEAVE_WAIT: Duration = Duration::from_secs(5);

/// A member of a consumer group.
///
/// A consumer that closes throws away what it is asked just then, and whoever asked waits for
/// ever: it happens when a rebalance and the end come together. So a consumer closes on a thread
/// of its own, and what takes too long is left behind. Its successor fences it by its name.
pub struct Member(Option<Group>);

impl Member {
    /// The member that is this group's.
    pub fn new(group: Group) -> Self {
        Self(Some(group))
    }
}

impl Deref for Member {
    type Target = Group;

    fn deref(&self) -> &Group {
        self.0.as_ref().expect("only `drop` takes it, and nobody asks after that")
    }
}

impl DerefMut for Member {
    fn deref_mut(&mut self) -> &mut Group {
        self.0.as_mut().expect("only `drop` takes it, and nobody asks after that")
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let Some(group) = self.0.take() else { return };
        let id = group.group_id().to_owned();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            drop(group);
            let _ = tell.send(());
        });
        if told.recv_timeout(LEAVE_WAIT).is_err() {
            warn!(group = id, "left behind a consumer that did not close in {LEAVE_WAIT:?}");
        }
    }
}
