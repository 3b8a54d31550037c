//! What all connections to one TWS know together: for how long it has been away, and its pace.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use component::{Fault, Host, Paces, Result};
use model::Timestamp;
use session::{Known, Outage, Patience};

use crate::settings::Connection;
use crate::time;

const LOG_IN: &str = "start TWS or IB Gateway, log it in, and allow socket clients in the API \
                      part of its settings";
const OTHER_CLIENT: &str =
    "end the other program that uses these client ids, or change connection.client_id";
const CONNECT: &str = "see in TWS or IB Gateway whether it is logged in and has a way to its \
                       servers, and whether they are up: https://www.ibkr.com/status";
/// A new connection is told this soon whether TWS is cut off.
const SETTLES: i64 = 3_000_000_000;

/// One TWS.
#[derive(Debug, Default)]
pub struct Site {
    /// What history is asked for, of one login.
    pub pace: Mutex<Paces>,
    /// That it lets nobody in.
    pub away: Outage,
    /// That it is cut off from Interactive Brokers: what it says then is what it knew before.
    pub cut_off: Outage,
    /// Where stocks outside the US are listed, by `conId`, as far as we have a name for it.
    pub listed: Known<&'static str>,
}

impl Site {
    /// The one that a system is connected to.
    pub fn of(connection: &Connection, host: &Host) -> Result<Arc<Self>> {
        host.share(&name(connection), || Ok(Self::default()))
    }

    /// It does not let us in. At night and for a while that mends itself, then somebody is needed.
    pub fn away(&self, fault: Fault, patience: Duration, now: Timestamp) -> Fault {
        let (reason, action) = match &fault {
            Fault::Retry(reason) | Fault::Disconnected(reason) => (reason, LOG_IN),
            Fault::Throttled { reason, .. } => (reason, OTHER_CLIENT),
            _ => return fault,
        };
        let lasts = self.away.begin(reason, now);
        if time::is_reset(now) {
            return Fault::Retry(format!("{reason}; Interactive Brokers resets its servers now"));
        }
        if lasts < patience { fault } else { Fault::needs_person(reason, action) }
    }

    /// When to look whether it is still cut off, and what to say if that is now. `opened` is when
    /// the connection was.
    pub fn lapse(
        &self,
        opened: Timestamp,
        wait: Duration,
        now: Timestamp,
    ) -> Option<Result<Duration>> {
        let patience = Patience { wait, is_excused: time::is_reset, action: CONNECT };
        self.cut_off.lapse(opened.plus_nanos(SETTLES), patience, now)
    }
}

/// What it is called among all that is shared.
pub fn name(connection: &Connection) -> String {
    format!("tws {}:{}", connection.host, connection.port)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(180);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_person_is_needed_after_a_while_but_not_for_the_night() {
        let site = Site::default();
        let away = |time: &str, fault: Fault| site.away(fault, PATIENCE, at(time)).kind();
        let refused = || Fault::retry("refused");
        assert_eq!(away("2025-07-15T14:00:00Z", refused()), "retry");
        assert_eq!(away("2025-07-15T14:02:59Z", Fault::disconnected("ended")), "disconnected");
        assert_eq!(away("2025-07-15T14:03:00Z", refused()), "needs_person");
        assert_eq!(away("2025-07-15T14:03:00Z", Fault::fatal("version")), "fatal");
        site.away.end();
        assert_eq!(away("2025-07-16T03:45:00Z", refused()), "retry");
        assert_eq!(away("2025-07-16T04:45:00Z", refused()), "retry", "the servers are reset");
        assert_eq!(away("2025-07-16T04:51:00Z", refused()), "needs_person", "the night is over");
        let in_use = Fault::Throttled { wait: PATIENCE, reason: "326".to_owned() };
        assert_eq!(away("2025-07-16T05:00:00Z", in_use), "needs_person");
    }

    #[test]
    fn being_cut_off_for_long_needs_a_person_and_being_back_does_not() {
        let site = Site::default();
        let start = at("2025-07-15T14:00:00Z");
        let later = |seconds: i64| start.plus_nanos(seconds * 1_000_000_000);
        let lapse = |seconds: i64| site.lapse(start, PATIENCE, later(seconds));
        assert_eq!(lapse(1_000), None);
        site.cut_off.begin("1100", later(10));
        site.cut_off.begin("2110", later(60));
        assert_eq!(lapse(60), Some(Ok(Duration::from_secs(130))));
        assert_eq!(lapse(190).unwrap().unwrap_err().kind(), "needs_person");
        let fresh = site.lapse(later(300), PATIENCE, later(301));
        assert_eq!(fresh, Some(Ok(Duration::from_secs(2))), "it may be told otherwise");
        assert!(site.lapse(start, PATIENCE, at("2025-07-16T04:00:00Z")).unwrap().is_ok());
        assert_eq!(site.cut_off.words().as_deref(), Some("2110"));
        site.cut_off.end();
        assert_eq!((lapse(1_000), site.cut_off.words()), (None, None));
    }
}
