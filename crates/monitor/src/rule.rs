//! When a figure calls for a person.

use std::time::Duration;

use model::Severity;

use crate::sample::{Labels, Sample};

/// Holds one metric against a limit, each of its series by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name, by which its alerts are known and silenced.
    pub name: String,
    /// The metric, such as `foliostream_component_lag_events`.
    pub metric: String,
    /// Only series with these labels.
    pub labels: Labels,
    /// What is held against the limit.
    pub measure: Measure,
    /// The limit.
    pub limit: Limit,
    /// How long it must be broken before anybody is told, and kept before all is well again.
    pub hold: Duration,
    /// How bad it is.
    pub severity: Severity,
    /// What a person must do.
    pub action: String,
}

/// What is held against the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The figure as it stands.
    Value,
    /// How much a counter has grown in the time up to now.
    Increase(Duration),
}

/// Where a figure becomes an alert.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// Beyond this value.
    Above(f64),
    /// Short of this value.
    Below(f64),
}

impl Rule {
    /// Whether the rule speaks of this figure.
    pub fn is_about(&self, sample: &Sample) -> bool {
        sample.metric == self.metric
            && self.labels.iter().all(|(name, value)| sample.labels.get(name) == Some(value))
    }

    /// What is seen when the limit is broken.
    pub fn words(&self, value: f64) -> String {
        let value = (value * 1_000.0).round() / 1_000.0;
        let what = match self.measure {
            Measure::Value => format!("{} is {value}", self.metric),
            Measure::Increase(within) => {
                format!("{} has grown by {value} in {} s", self.metric, within.as_secs())
            }
        };
        match self.limit {
            Limit::Above(limit) => format!("{what}, above {limit}"),
            Limit::Below(limit) => format!("{what}, below {limit}"),
        }
    }
}

impl Limit {
    /// Whether a value is beyond it. What is not a number breaks no limit.
    pub fn is_broken_by(self, value: f64) -> bool {
        match self {
            Self::Above(limit) => value > limit,
            Self::Below(limit) => value < limit,
        }
    }
}

/// The rules that everybody needs: a component that does not come up again, refusals without end,
/// a vendor that keeps failing, records that pile up, orders and breaks that nobody resolves.
pub fn usual() -> Vec<Rule> {
    let rule = |name: &str, metric: &str, measure, limit, minutes: u64, action: &str| Rule {
        name: name.to_owned(),
        metric: format!("{}{metric}", runtime::METRICS_PREFIX),
        labels: Labels::new(),
        measure,
        limit,
        hold: Duration::from_secs(minutes * 60),
        severity: Severity::Warning,
        action: action.to_owned(),
    };
    let hour = Measure::Increase(Duration::from_secs(3_600));
    let level = |name: &str, metric: &str, limit, minutes, action: &str| {
        rule(name, metric, Measure::Value, limit, minutes, action)
    };
    vec![
        level(
            "component_down",
            "component_up",
            Limit::Below(1.0),
            5,
            "see /livez for what the component waits for",
        ),
        level(
            "health_check_failing",
            "health_check_up",
            Limit::Below(1.0),
            0,
            "see /health for what the system answers",
        ),
        rule(
            "dead_letters",
            "component_discarded_events_total",
            hour,
            Limit::Above(0.0),
            0,
            "look at them with `foliostream dlq list` and send them again with `dlq redrive`",
        )
        .only("reason", "dead_letter"),
        level(
            "breaker_open",
            "http_breaker_level",
            Limit::Above(0.0),
            5,
            "the vendor keeps failing: see its status page",
        ),
        level(
            "lag",
            "component_lag_events",
            Limit::Above(100_000.0),
            10,
            "add partitions and processes, or see what slows the processor down",
        ),
        level(
            "order_unknown",
            "orders_in_flight",
            Limit::Above(0.0),
            5,
            "ask the broker what became of it: `foliostream order list` names the orders",
        )
        .only("state", "unknown"),
        level(
            "breaks_open",
            "breaks_open",
            Limit::Above(0.0),
            15,
            "`foliostream break list` says where our books and the broker's differ",
        ),
    ]
}

impl Rule {
    fn only(mut self, label: &str, value: &str) -> Self {
        self.labels.insert(label.to_owned(), value.to_owned());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_crossed_and_not_met() {
        let cases = [
            (Limit::Above(2.0), 2.0, false),
            (Limit::Above(2.0), 2.5, true),
            (Limit::Below(1.0), 1.0, false),
            (Limit::Below(1.0), 0.0, true),
            (Limit::Above(2.0), f64::NAN, false),
            (Limit::Below(2.0), f64::NAN, false),
        ];
        for (limit, value, expected) in cases {
            assert_eq!(limit.is_broken_by(value), expected, "{limit:?} {value}");
        }
    }

    #[test]
    fn says_what_was_seen() {
        let [down, _, letters, ..] = &usual()[..] else { panic!("the usual rules") };
        assert_eq!(down.words(0.0), "foliostream_component_up is 0, below 1");
        let seen = "foliostream_component_discarded_events_total has grown by 2 in 3600 s, above 0";
        assert_eq!(letters.words(2.0), seen);
    }
}
