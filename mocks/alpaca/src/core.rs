//! The mock at work: the world, the state behind its lock, and the task that moves it with time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mockkit::Speed;

use crate::replay::Replays;
use crate::state::{State, World};

/// At full speed time moves with the frames that are sent; the rest follows this often.
const FOLLOW: Duration = Duration::from_millis(50);

pub struct Core {
    pub world: World,
    pub replays: Replays,
    state: Mutex<State>,
}

pub type Shared = Arc<Core>;

impl Core {
    pub fn new(world: World, state: State) -> Core {
        Core { world, replays: Replays::default(), state: Mutex::new(state) }
    }

    /// The state as of now: whoever looks finds everything due to have happened.
    pub fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.advance(&self.world, self.world.kit.clock().now());
        state
    }
}

/// Moves the state on whenever something is due, until the mock stops.
pub async fn drive(core: Shared) {
    let kit = core.world.kit.clone();
    let clock = kit.clock();
    loop {
        // Before looking at what is next, so that no change in between goes unseen.
        let mut changes = clock.changes();
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
            () = kit.stopped() => return,
        }
    }
}
