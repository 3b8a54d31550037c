//! Says, in time, that a person has to log in. It has no clock of its own.

use std::time::Duration;

use component::{Appeal, nanos};
use model::Timestamp;

use crate::Error;
use crate::authenticator::{Standing, moment};

const HOUR: Duration = Duration::from_secs(3_600);
/// How long before the end of a login people are told, where the login lasts more than twice as
/// long; the last word is always said.
const LEADS: [Duration; 3] =
    [Duration::from_secs(48 * 3_600), Duration::from_secs(4 * 3_600), HOUR];

/// What a person must know.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// A login ends soon.
    Soon {
        /// So long from now.
        left: Duration,
    },
    /// Nothing works until a person logs in.
    Needed {
        /// What was seen.
        reason: String,
    },
    /// Somebody has logged in: nothing is left to do.
    Over,
}

/// What has been said about one credential.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// The end that was spoken of, and how many leads before it have been.
    spoken: Option<(Timestamp, usize)>,
    is_needed: bool,
}

impl Watch {
    /// What is new.
    pub fn look(&mut self, standing: &Standing, now: Timestamp) -> Option<Notice> {
        let ended = standing.person_by.filter(|end| now >= *end);
        let reason = match (&standing.problem, ended) {
            (Some(problem @ Error::NeedsLogin { .. }), _) => Some(problem.to_string()),
            (_, Some(end)) => Some(format!("the login ended at {}", moment(end))),
            _ => None,
        };
        if let Some(reason) = reason {
            return (!std::mem::replace(&mut self.is_needed, true))
                .then_some(Notice::Needed { reason });
        }
        let was_needed = std::mem::take(&mut self.is_needed);
        let was_spoken = self.spoken.is_some_and(|(end, said)| {
            said > 0 && standing.person_by.is_none_or(|now_ends| end < now_ends)
        });
        if self.spoken.map(|(end, _)| end) != standing.person_by {
            self.spoken = standing.person_by.map(|end| (end, 0));
        }
        if was_needed || was_spoken {
            return Some(Notice::Over);
        }
        self.soon(standing, now)
    }

    fn soon(&mut self, standing: &Standing, now: Timestamp) -> Option<Notice> {
        let (end, said) = self.spoken.as_mut()?;
        let whole = standing.granted.map_or(i64::MAX, |granted| end.since(granted));
        let left = end.since(now);
        let due = LEADS.iter().rposition(|lead| {
            left <= nanos(*lead) && (*lead == HOUR || whole > nanos(2 * *lead))
        })?;
        if due < *said {
            return None;
        }
        *said = due + 1;
        Some(Notice::Soon { left: Duration::from_nanos(left.unsigned_abs()) })
    }
}

/// What people are told of a notice about a credential.
pub(crate) fn appeal(credential: &str, notice: &Notice, now: Timestamp) -> Appeal {
    let (title, reason) = match notice {
        Notice::Soon { left } => {
            let end = moment(now.plus_nanos(nanos(*left)));
            ("a person has to log in again soon", format!("the login ends at {end}"))
        }
        Notice::Needed { reason } => ("a person has to log in", reason.clone()),
        Notice::Over => ("nobody has to log in any more", "a person logged in".to_owned()),
    };
    Appeal {
        id: format!("credential.{credential}"),
        system: credential.to_owned(),
        title: format!("{credential}: {title}"),
        reason,
        action: format!("run `foliostream credential login {credential}`"),
        is_urgent: matches!(notice, Notice::Needed { .. }),
        is_over: *notice == Notice::Over,
        at: now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_what_to_do_and_by_when() {
        let now = Timestamp::from_secs(1_700_000_000);
        let soon = appeal("etrade", &Notice::Soon { left: HOUR }, now);
        assert_eq!(soon.reason, "the login ends at 2023-11-14T23:13:20.000000000Z");
        assert!(!soon.is_urgent && !soon.is_over && soon.action.ends_with("login etrade`"));
        let needed = appeal("etrade", &Notice::Needed { reason: "it ended".to_owned() }, now);
        assert!(needed.is_urgent && needed.id == soon.id);
        assert!(appeal("etrade", &Notice::Over, now).is_over);
    }

    const HOURS: i64 = 3_600;

    /// What is said at these hours about logins from one hour to another.
    fn check(logins: &[(i64, i64)], said: &[(i64, &str)]) {
        let mut watch = Watch::default();
        let mut heard = Vec::new();
        let time = |hour: i64| Timestamp::from_secs(hour * HOURS);
        let last = logins.last().map_or(0, |login| login.1);
        for hour in 0..=last + 2 {
            let login = logins.iter().rev().find(|login| login.0 <= hour);
            let standing = Standing {
                person_by: login.map(|login| time(login.1)),
                granted: login.map(|login| time(login.0)),
                ..Standing::default()
            };
            let word = match watch.look(&standing, time(hour)) {
                None => continue,
                Some(Notice::Soon { .. }) => "soon",
                Some(Notice::Needed { .. }) => "needed",
                Some(Notice::Over) => "over",
            };
            heard.push((hour, word));
        }
        assert_eq!(heard, said);
    }

    #[test]
    fn people_are_told_before_and_once() {
        let week = 7 * 24;
        check(&[(0, week)], &[(120, "soon"), (164, "soon"), (167, "soon"), (168, "needed")]);
        check(
            &[(0, week), (130, 130 + week)],
            &[
                (120, "soon"),
                (130, "over"),
                (250, "soon"),
                (294, "soon"),
                (297, "soon"),
                (298, "needed"),
            ],
        );
        // A day's login is announced four hours before, a short one an hour before.
        check(&[(0, 16)], &[(12, "soon"), (15, "soon"), (16, "needed")]);
        check(
            &[(0, 3), (4, 9)],
            &[(2, "soon"), (3, "needed"), (4, "over"), (8, "soon"), (9, "needed")],
        );
    }
}
