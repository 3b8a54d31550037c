//! The mock at work: the world, the state behind its lock, and the task that moves it with time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mockkit::Speed;
use tokio::sync::watch;

use crate::state::{State, World};

/// At full speed nothing moves the time but its readers; the rest follows this often.
const FOLLOW: Duration = Duration::from_millis(50);

pub struct Core {
    pub world: World,
    state: Mutex<State>,
    /// Counts what makes every connection end at once.
    pub cuts: watch::Sender<u64>,
    /// Until when nobody is let in, in nanoseconds on the real clock.
    closed_until: AtomicU64,
    pub changed: tokio::sync::Notify,
}

pub type Shared = Arc<Core>;

impl Core {
    pub fn new(world: World, state: State) -> Core {
        Core {
            world,
            state: Mutex::new(state),
            cuts: watch::Sender::new(0),
            closed_until: AtomicU64::new(0),
            changed: tokio::sync::Notify::new(),
        }
    }

    /// The state as of now: whoever looks finds everything due to have happened.
    pub fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.advance(&self.world, self.world.kit.clock().now());
        state
    }

    /// The nightly restart: every connection ends, and for a while none is taken.
    pub fn restart(&self, closed: Duration) {
        let until = wall().saturating_add(u64::try_from(closed.as_nanos()).unwrap_or(u64::MAX));
        self.closed_until.store(until, Ordering::Relaxed);
        self.cuts.send_modify(|count| *count += 1);
    }

    pub fn is_closed(&self) -> bool {
        wall() < self.closed_until.load(Ordering::Relaxed)
    }
}

fn wall() -> u64 {
    u64::try_from(mockkit::time::wall()).unwrap_or(0)
}

/// Moves the state on whenever something is due, until the mock stops.
pub async fn drive(core: Shared) {
    let kit = core.world.kit.clone();
    let clock = kit.clock();
    loop {
        // Before looking at what is next, so that no change in between goes unseen.
        let mut changes = clock.changes();
        let changed = core.changed.notified();
        let next = core.state().next_time();
        let due = async {
            if clock.speed() == Speed::Max {
                tokio::time::sleep(FOLLOW).await;
            } else {
                clock.wait_until(next).await;
            }
        };
        tokio::select! {
            () = due => {}
            // A clock set back makes other things due.
            _ = changes.changed() => {}
            // A new subscription may have made something due sooner.
            () = changed => {}
            () = kit.stopped() => return,
        }
    }
}
