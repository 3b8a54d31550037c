//! Who is told what, and when: grouping, repeating, silence. No I/O, no clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use component::nanos;
use model::{Alert, AlertStatus, Silence, Text, Timestamp};

/// Alerts that are remembered at most; more are a storm that nobody reads.
const MAX_ALERTS: usize = 10_000;

/// How often people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cadence {
    /// How long news waits for more of the same system, to be told together.
    pub group_wait: Duration,
    /// After how long an alert that is still open is told again.
    pub repeat: Duration,
}

/// The open alerts, and what people know of them.
#[derive(Debug)]
pub struct Bell {
    cadence: Cadence,
    alerts: BTreeMap<Text, Known>,
    silences: BTreeMap<Text, Silence>,
}

#[derive(Debug)]
struct Known {
    alert: Alert,
    /// When people were told that it is open.
    told: Option<Timestamp>,
    /// Since when there is something that people do not know.
    news: Option<Timestamp>,
}

/// What people are told at once: the alerts of one system.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// The system, or what else is concerned.
    pub about: Text,
    /// What has opened.
    pub opened: Vec<Alert>,
    /// What is still open.
    pub again: Vec<Alert>,
    /// What is over.
    pub closed: Vec<Alert>,
}

impl Bell {
    /// A bell that nothing has been heard of yet.
    pub fn new(cadence: Cadence) -> Self {
        Self { cadence, alerts: BTreeMap::new(), silences: BTreeMap::new() }
    }

    /// Forgets all alerts: they are somebody else's, or are to be heard anew.
    pub fn forget(&mut self) {
        self.alerts.clear();
    }

    /// An alert that people were told of before, by another process or an earlier run.
    pub fn knows(&mut self, alert: Alert, now: Timestamp) {
        let known = Known { alert: alert.clone(), told: Some(now), news: None };
        self.alerts.insert(alert.alert_id, known);
    }

    /// What has become of an alert.
    pub fn hears(&mut self, alert: Alert, now: Timestamp) {
        let id = alert.alert_id.clone();
        let is_full = self.alerts.len() >= MAX_ALERTS;
        match (self.alerts.get_mut(&id), alert.status) {
            (Some(known), AlertStatus::Opened) => {
                let is_news = known.alert.status == AlertStatus::Closed
                    || known.alert.severity < alert.severity
                    || known.alert.since != alert.since;
                if is_news || known.told.is_none() {
                    known.news.get_or_insert(now);
                }
                known.alert = alert;
            }
            (None, AlertStatus::Opened) if is_full => {}
            (None, AlertStatus::Opened) => {
                self.alerts.insert(id, Known { alert, told: None, news: Some(now) });
            }
            // What nobody was told of has passed unnoticed.
            (Some(known), AlertStatus::Closed) if known.told.is_none() => {
                self.alerts.remove(&id);
            }
            (Some(known), AlertStatus::Closed) => {
                known.news.get_or_insert(now);
                known.alert = alert;
            }
            (None, AlertStatus::Closed) => {}
        }
    }

    /// A silence, or its end.
    pub fn silenced(&mut self, silence: Silence) {
        self.silences.insert(silence.pattern.clone(), silence);
    }

    /// Whether there is something that people will be told soon.
    pub fn has_news(&self, now: Timestamp) -> bool {
        self.alerts
            .values()
            .any(|known| known.news.is_some() && !is_silent(&self.silences, &known.alert, now))
    }

    /// What people must be told now. They are taken to know it from then on.
    pub fn rings(&mut self, now: Timestamp) -> Vec<Notice> {
        self.silences.retain(|_, silence| silence.until > now);
        let (wait, repeat) = (nanos(self.cadence.group_wait), nanos(self.cadence.repeat));
        let mut due = BTreeSet::new();
        for known in self.alerts.values() {
            let waited = known.news.is_some_and(|since| now.since(since) >= wait);
            let is_old = known.told.is_some_and(|told| now.since(told) >= repeat);
            if (waited || is_old) && !is_silent(&self.silences, &known.alert, now) {
                due.insert(group(&known.alert));
            }
        }
        due.into_iter().map(|about| self.notice(about, now)).collect()
    }

    fn notice(&mut self, about: Text, now: Timestamp) -> Notice {
        let repeat = nanos(self.cadence.repeat);
        let mut notice = Notice { about, opened: vec![], again: vec![], closed: vec![] };
        let silences = &self.silences;
        self.alerts.retain(|_, known| {
            if group(&known.alert) != notice.about || is_silent(silences, &known.alert, now) {
                return true;
            }
            let is_old = known.told.is_some_and(|told| now.since(told) >= repeat);
            let is_news = known.news.take().is_some();
            if known.alert.status == AlertStatus::Closed {
                notice.closed.push(known.alert.clone());
                return false;
            }
            if is_news {
                notice.opened.push(known.alert.clone());
            } else if is_old {
                notice.again.push(known.alert.clone());
            }
            if is_news || is_old {
                known.told = Some(now);
            }
            true
        });
        notice
    }
}

/// Whether a pattern means an alert: its id, its component or its system, or how one of them
/// begins.
pub fn is_meant(pattern: &str, alert: &Alert) -> bool {
    let names = [Some(&*alert.alert_id), Some(&*alert.component), alert.system.as_deref()];
    let rule = alert.alert_id.strip_prefix(crate::watch::RULE);
    let rule = rule.map(|rest| rest.split('{').next().unwrap_or(rest));
    names.into_iter().chain([rule]).flatten().any(|name| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    })
}

fn is_silent(silences: &BTreeMap<Text, Silence>, alert: &Alert, now: Timestamp) -> bool {
    silences.values().any(|silence| silence.until > now && is_meant(&silence.pattern, alert))
}

fn group(alert: &Alert) -> Text {
    alert.system.clone().unwrap_or_else(|| alert.component.clone())
}

#[cfg(test)]
mod tests {
    use model::{Head, Severity};

    use super::*;

    const CADENCE: Cadence =
        Cadence { group_wait: Duration::from_secs(10), repeat: Duration::from_secs(100) };

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_000 + secs)
    }

    fn alert(component: &str, status: AlertStatus, severity: Severity) -> Alert {
        Alert {
            head: Head::default(),
            alert_id: format!("{component}.needs_person").into(),
            status,
            severity,
            system: component.split_once('.').map(|(system, _)| system.into()),
            component: component.into(),
            title: format!("{component} waits").into(),
            reason: "seen".into(),
            action: "do".into(),
            since: at(0),
        }
    }

    fn opens(component: &str) -> Alert {
        alert(component, AlertStatus::Opened, Severity::Warning)
    }

    fn closes(component: &str) -> Alert {
        alert(component, AlertStatus::Closed, Severity::Warning)
    }

    fn silence(pattern: &str, until: i64) -> Silence {
        let head = Head::default();
        Silence {
            head,
            pattern: pattern.into(),
            until: at(until),
            actor: "me".into(),
            reason: None,
        }
    }

    enum Step {
        Hears(Alert),
        Silences(Silence),
        /// `+` what opened, `=` what is still open, `-` what is over.
        Rings(&'static str),
    }
    use Step::{Hears, Rings, Silences};

    fn check(steps: Vec<(i64, Step)>) {
        let mut bell = Bell::new(CADENCE);
        for (secs, step) in steps {
            match step {
                Hears(alert) => bell.hears(alert, at(secs)),
                Silences(silence) => bell.silenced(silence),
                Rings(expected) => {
                    assert_eq!(told(&bell.rings(at(secs))), expected, "at {secs} s");
                }
            }
        }
    }

    /// One word a notice: `ib:+ib.a+ib.b-ib.c`.
    fn told(notices: &[Notice]) -> String {
        let word = |notice: &Notice| {
            let parts = [("+", &notice.opened), ("=", &notice.again), ("-", &notice.closed)].map(
                |(s, all)| all.iter().map(|a| format!("{s}{}", a.component)).collect::<String>(),
            );
            format!("{}:{}", notice.about, parts.concat())
        };
        notices.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_systems_alerts_are_told_together() {
        check(vec![
            (0, Hears(opens("ib.a"))),
            (1, Hears(opens("alpaca.x"))),
            (5, Hears(opens("ib.b"))),
            (9, Rings("")),
            (10, Rings("ib:+ib.a+ib.b")),
            (11, Rings("alpaca:+alpaca.x")),
            (12, Hears(closes("ib.a"))),
            (22, Rings("ib:-ib.a")),
            (23, Hears(closes("ib.a"))),
            (40, Rings("")),
        ]);
    }

    #[test]
    fn what_passes_unnoticed_is_not_told_and_what_lasts_is_told_again() {
        check(vec![
            (0, Hears(opens("ib.a"))),
            (9, Hears(closes("ib.a"))),
            (20, Rings("")),
            (30, Hears(opens("ib.b"))),
            (40, Rings("ib:+ib.b")),
            (50, Hears(opens("ib.b"))),
            (139, Rings("")),
            (140, Rings("ib:=ib.b")),
            (141, Rings("")),
            (150, Hears(alert("ib.b", AlertStatus::Opened, Severity::Error))),
            (160, Rings("ib:+ib.b")),
        ]);
    }

    #[test]
    fn a_closed_alert_that_opens_again_before_it_was_told_is_told() {
        check(vec![
            (0, Hears(opens("ib.a"))),
            (10, Rings("ib:+ib.a")),
            (12, Hears(closes("ib.a"))),
            (13, Hears(opens("ib.a"))),
            (22, Rings("ib:+ib.a")),
        ]);
    }

    #[test]
    fn silence_holds_back_until_it_ends() {
        check(vec![
            (0, Silences(silence("ib.*", 50))),
            (0, Hears(opens("ib.a"))),
            (0, Hears(opens("alpaca.x"))),
            (20, Rings("alpaca:+alpaca.x")),
            (49, Rings("")),
            (50, Rings("ib:+ib.a")),
            (51, Silences(silence("ib", 500))),
            (400, Rings("alpaca:=alpaca.x")),
            (401, Silences(silence("ib", 401))),
            (402, Rings("ib:=ib.a")),
        ]);
    }

    #[test]
    fn a_pattern_means_ids_components_systems_and_rules() {
        let mut alert = opens("ib.a");
        for (pattern, expected) in [
            ("ib", true),
            ("ib.a", true),
            ("ib.a.needs_person", true),
            ("ib.*", true),
            ("a", false),
        ] {
            assert_eq!(is_meant(pattern, &alert), expected, "{pattern}");
        }
        alert.alert_id = "rule.lag{component_id=\"ib.a\"}".into();
        assert!(is_meant("lag", &alert) && is_meant("*", &alert) && !is_meant("la", &alert));
    }

    #[test]
    fn an_earlier_run_has_told_it_already() {
        let mut bell = Bell::new(CADENCE);
        bell.knows(opens("ib.a"), at(0));
        bell.hears(opens("ib.a"), at(1));
        assert!(!bell.has_news(at(1)));
        assert_eq!(told(&bell.rings(at(50))), "");
        bell.hears(closes("ib.a"), at(60));
        assert!(bell.has_news(at(60)));
        assert_eq!(told(&bell.rings(at(70))), "ib:-ib.a");
    }
}
