//! Which rules are broken: a fold of figures and time into alerts. No I/O, no clock.

use std::collections::{BTreeMap, VecDeque};

use component::nanos;
use model::{Alert, AlertStatus, Head, Text, Timestamp};

use crate::rule::{Measure, Rule};
use crate::sample::Sample;

/// What the ids of alerts by rule begin with.
pub const RULE: &str = "rule.";
/// Who is concerned where the labels of a series name nobody.
pub const NOBODY: &str = "foliostream";
/// Looks kept of a counter: more than one a second for an hour would be too many.
const MAX_LOOKS: usize = 4_096;

/// The rules, and how each series stands with them.
#[derive(Debug, Default)]
pub struct Watch {
    rules: Vec<Rule>,
    /// By the ids of their alerts.
    series: BTreeMap<Text, Series>,
}

/// One series under one rule.
#[derive(Debug)]
struct Series {
    rule: usize,
    /// What a counter has stood at.
    looks: VecDeque<(Timestamp, f64)>,
    broken_since: Option<Timestamp>,
    kept_since: Option<Timestamp>,
    open: Option<Alert>,
}

impl Watch {
    /// Rules, and the alerts that an earlier run has left open. Those of rules that are no more
    /// are returned, to be closed.
    pub fn new(rules: Vec<Rule>, open: Vec<Alert>) -> (Self, Vec<Alert>) {
        let mut watch = Self { rules, series: BTreeMap::new() };
        let mut orphans = Vec::new();
        for alert in open.into_iter().filter(|alert| alert.alert_id.starts_with(RULE)) {
            let named = |rule: &Rule| {
                let rest = alert.alert_id[RULE.len()..].strip_prefix(&rule.name);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
            };
            match watch.rules.iter().position(named) {
                Some(rule) => {
                    let series = Series { open: Some(alert.clone()), ..Series::of(rule) };
                    watch.series.insert(alert.alert_id, series);
                }
                None => orphans.push(Alert { status: AlertStatus::Closed, ..alert }),
            }
        }
        (watch, orphans)
    }

    /// What opens and what closes by the figures of now.
    pub fn look(&mut self, samples: &[Sample], now: Timestamp) -> Vec<Alert> {
        let mut broken: BTreeMap<Text, (f64, &Sample)> = BTreeMap::new();
        for (index, rule) in self.rules.iter().enumerate() {
            for sample in samples.iter().filter(|sample| rule.is_about(sample)) {
                let id = id(rule, sample);
                let series = self.series.entry(id.clone()).or_insert_with(|| Series::of(index));
                let value = series.measure(rule, sample.value, now);
                if rule.limit.is_broken_by(value) {
                    broken.insert(id, (value, sample));
                }
            }
        }
        let mut changed = Vec::new();
        for (id, series) in &mut self.series {
            let rule = &self.rules[series.rule];
            match broken.get(id) {
                Some((value, sample)) => {
                    changed.extend(series.broken(id, rule, *value, sample, now))
                }
                // A series that is gone is of a component that is gone.
                None => changed.extend(series.kept(rule, now)),
            }
        }
        changed
    }
}

impl Series {
    fn of(rule: usize) -> Self {
        let looks = VecDeque::new();
        Self { rule, looks, broken_since: None, kept_since: None, open: None }
    }

    fn measure(&mut self, rule: &Rule, value: f64, now: Timestamp) -> f64 {
        let Measure::Increase(within) = rule.measure else { return value };
        // Counters start at nothing, with the process.
        if self.looks.is_empty() {
            self.looks.push_back((Timestamp(i64::MIN), 0.0));
        }
        self.looks.push_back((now, value));
        // The newest look at or before the start of the time is what the growth is counted from.
        let start = now.plus_nanos(-nanos(within));
        while self.looks.len() > MAX_LOOKS || self.looks.get(1).is_some_and(|(at, _)| *at <= start)
        {
            self.looks.pop_front();
        }
        let first = self.looks.front().map_or(0.0, |(_, first)| *first);
        value - first
    }

    fn broken(
        &mut self,
        id: &Text,
        rule: &Rule,
        value: f64,
        sample: &Sample,
        now: Timestamp,
    ) -> Option<Alert> {
        self.kept_since = None;
        let since = *self.broken_since.get_or_insert(now);
        if self.open.is_some() || now.since(since) < nanos(rule.hold) {
            return None;
        }
        let alert = alert(id, rule, value, sample, since);
        self.open = Some(alert.clone());
        Some(alert)
    }

    fn kept(&mut self, rule: &Rule, now: Timestamp) -> Option<Alert> {
        self.broken_since = None;
        let since = *self.kept_since.get_or_insert(now);
        if now.since(since) < nanos(rule.hold) {
            return None;
        }
        self.open.take().map(|alert| Alert { status: AlertStatus::Closed, ..alert })
    }
}

/// `rule.lag{component_id="track"}`.
fn id(rule: &Rule, sample: &Sample) -> Text {
    let labels = sample.labels.iter().filter(|(name, _)| !rule.labels.contains_key(*name));
    let labels: Vec<_> = labels.map(|(name, value)| format!("{name}={value:?}")).collect();
    match labels.is_empty() {
        true => format!("{RULE}{}", rule.name).into(),
        false => format!("{RULE}{}{{{}}}", rule.name, labels.join(",")).into(),
    }
}

fn alert(id: &Text, rule: &Rule, value: f64, sample: &Sample, since: Timestamp) -> Alert {
    let label = |name: &str| sample.labels.get(name).map(String::as_str);
    let component = label("component_id").or(label("system"));
    let system = label("system").or(component.and_then(|c| Some(c.split_once('.')?.0)));
    Alert {
        head: Head::default(),
        alert_id: id.clone(),
        status: AlertStatus::Opened,
        severity: rule.severity,
        system: system.map(Text::from),
        component: component.unwrap_or(NOBODY).into(),
        title: format!("{}: {}", component.unwrap_or(NOBODY), rule.name.replace('_', " ")).into(),
        reason: rule.words(value).into(),
        action: rule.action.as_str().into(),
        since,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::Severity;

    use super::*;
    use crate::rule::Limit;
    use crate::sample::Labels;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_000 + secs)
    }

    fn rule(name: &str, measure: Measure, limit: Limit, hold: u64) -> Rule {
        Rule {
            name: name.to_owned(),
            metric: "m".to_owned(),
            labels: Labels::new(),
            measure,
            limit,
            hold: Duration::from_secs(hold),
            severity: Severity::Warning,
            action: "look".to_owned(),
        }
    }

    fn of(component: &str, value: f64) -> Sample {
        let labels = Labels::from([("component_id".to_owned(), component.to_owned())]);
        Sample { metric: "m".to_owned(), labels, value }
    }

    /// Looks at one component's values at some seconds, and what became of its alert when.
    fn check(rule: Rule, looks: &[(i64, f64)], expected: &[(i64, AlertStatus)]) {
        let (mut watch, _) = Watch::new(vec![rule], Vec::new());
        let mut changes = Vec::new();
        for (secs, value) in looks {
            let found = watch.look(&[of("a.b", *value)], at(*secs));
            changes.extend(found.iter().map(|alert| (*secs, alert.status)));
        }
        assert_eq!(changes, expected, "{looks:?}");
    }

    use AlertStatus::{Closed, Opened};

    #[test]
    fn opens_once_it_is_broken_for_long_enough_and_closes_the_same_way() {
        let down = rule("down", Measure::Value, Limit::Below(1.0), 10);
        let looks =
            [(0, 0.0), (9, 0.0), (10, 0.0), (20, 0.0), (21, 1.0), (30, 1.0), (31, 1.0), (50, 1.0)];
        check(down.clone(), &looks, &[(10, Opened), (31, Closed)]);
        // It comes and goes: nobody is told, or told that it is over.
        check(down.clone(), &[(0, 0.0), (9, 1.0), (10, 0.0), (19, 1.0), (29, 1.0)], &[]);
        check(down, &[(0, 0.0), (10, 0.0), (12, 1.0), (18, 0.0), (30, 0.0)], &[(10, Opened)]);
        let at_once = rule("down", Measure::Value, Limit::Below(1.0), 0);
        check(at_once, &[(0, 0.0), (1, 1.0), (2, 0.0)], &[(0, Opened), (1, Closed), (2, Opened)]);
    }

    #[test]
    fn growth_is_counted_over_its_time_and_from_nothing() {
        let grows = rule("g", Measure::Increase(Duration::from_secs(60)), Limit::Above(2.0), 0);
        check(grows.clone(), &[(0, 3.0), (59, 3.0), (60, 3.0)], &[(0, Opened), (60, Closed)]);
        check(grows.clone(), &[(0, 1.0), (70, 2.0), (100, 3.0), (140, 4.0), (300, 4.0)], &[]);
        check(grows, &[(0, 0.0), (10, 2.0), (20, 3.0), (90, 3.0)], &[(20, Opened), (90, Closed)]);
    }

    #[test]
    fn each_series_stands_for_itself_and_names_who_is_concerned() {
        let (mut watch, _) =
            Watch::new(vec![rule("lag", Measure::Value, Limit::Above(1.0), 0)], Vec::new());
        let changed = watch.look(&[of("ib.ib_fills", 5.0), of("track", 0.0)], at(0));
        let [alert] = &changed[..] else { panic!("{changed:?}") };
        assert_eq!(alert.alert_id, "rule.lag{component_id=\"ib.ib_fills\"}");
        assert_eq!((&*alert.component, alert.system.as_deref()), ("ib.ib_fills", Some("ib")));
        assert_eq!((&*alert.title, &*alert.reason), ("ib.ib_fills: lag", "m is 5, above 1"));
        // The component is gone.
        let changed = watch.look(&[of("track", 0.0)], at(1));
        assert_eq!(changed[0].status, Closed);
        assert_eq!(changed[0].since, at(0));
    }

    #[test]
    fn goes_on_with_what_an_earlier_run_left_open() {
        let lag = rule("lag", Measure::Value, Limit::Above(1.0), 10);
        let (mut first, _) = Watch::new(vec![Rule { hold: Duration::ZERO, ..lag.clone() }], vec![]);
        let opened = first.look(&[of("track", 5.0)], at(0));
        let gone = Alert { alert_id: "rule.gone".into(), ..opened[0].clone() };
        let other = Alert { alert_id: "ib.ib_fills.needs_person".into(), ..opened[0].clone() };
        let longer = Alert { alert_id: "rule.lagging".into(), ..opened[0].clone() };
        let open = vec![opened[0].clone(), gone, other, longer];
        let (mut next, orphans) = Watch::new(vec![lag], open);
        let orphans: Vec<_> = orphans.iter().map(|a| (&*a.alert_id, a.status)).collect();
        assert_eq!(orphans, [("rule.gone", Closed), ("rule.lagging", Closed)]);
        assert_eq!(next.look(&[of("track", 5.0)], at(1)), [], "it is open already");
        assert_eq!(next.look(&[of("track", 0.0)], at(2)), [], "not for long enough");
        let changed = next.look(&[of("track", 0.0)], at(12));
        assert_eq!((changed.len(), changed[0].status), (1, Closed));
    }
}
