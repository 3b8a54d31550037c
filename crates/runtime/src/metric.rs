//! Every figure the runtime counts, by name.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use component::Progress;

/// Records published, by component and topic.
const PUBLISHED: &str = "component_published_records_total";
/// Records read from Kafka, by component.
const RECEIVED: &str = "component_received_records_total";
/// Repetitions that were dropped, by component.
const REPEATED: &str = "component_repeated_records_total";
/// Dead letters, by component.
const DEAD: &str = "component_dead_letters_total";
/// Faults, by component and kind.
const FAULTS: &str = "component_faults_total";
/// Deliveries, by component and outcome.
const DELIVERIES: &str = "sink_deliveries_total";
/// Gaps found in live feeds, by component.
const GAPS: &str = "source_gaps_total";
/// Parts of a backfill that are done, by component.
const BACKFILL_DONE: &str = "source_backfill_done";
/// Parts of a backfill that there are, by component.
const BACKFILL_TOTAL: &str = "source_backfill_total";
/// Whether a person is waited for, by component.
const ALERTS: &str = "component_alerts_open";
/// Seconds a commit took, by component.
const COMMIT: &str = "component_commit_seconds";

/// Describes every figure to the exporter.
pub fn describe() {
    metrics::describe_counter!(PUBLISHED, "records published, by component and topic");
    metrics::describe_counter!(RECEIVED, "records read from Kafka, by component");
    metrics::describe_counter!(REPEATED, "repeated records dropped, by component");
    metrics::describe_counter!(DEAD, "dead letters, by component");
    metrics::describe_counter!(FAULTS, "faults, by component and kind");
    metrics::describe_counter!(DELIVERIES, "deliveries, by component and outcome");
    metrics::describe_counter!(GAPS, "gaps found in live feeds, by component");
    metrics::describe_gauge!(BACKFILL_DONE, "parts of a backfill that are done, by component");
    metrics::describe_gauge!(BACKFILL_TOTAL, "parts of a backfill that there are, by component");
    metrics::describe_gauge!(ALERTS, "alerts that wait for a person, by component");
    metrics::describe_histogram!(COMMIT, "seconds a Kafka commit took, by component");
}

/// Counts, for Prometheus and for whoever looks at this process.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    published: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Metrics {
    /// Records published to a topic by a component.
    pub fn published(&self, component: &str, topic: &str, count: u64) {
        if count == 0 {
            return;
        }
        let mut totals = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        match totals.get_mut(topic) {
            Some(total) => *total += count,
            None => drop(totals.insert(topic.to_owned(), count)),
        }
        let labels = [("component", component.to_owned()), ("topic", topic.to_owned())];
        metrics::counter!(PUBLISHED, &labels).increment(count);
    }

    /// Records published so far, by topic.
    pub fn totals(&self) -> BTreeMap<String, u64> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records read from Kafka.
    pub fn received(&self, component: &str, count: u64) {
        metrics::counter!(RECEIVED, "component" => component.to_owned()).increment(count);
    }

    /// Repetitions dropped.
    pub fn repeated(&self, component: &str, count: u64) {
        if count > 0 {
            metrics::counter!(REPEATED, "component" => component.to_owned()).increment(count);
        }
    }

    /// A dead letter.
    pub fn dead(&self, component: &str) {
        metrics::counter!(DEAD, "component" => component.to_owned()).increment(1);
    }

    /// A fault.
    pub fn fault(&self, component: &str, kind: &'static str) {
        let labels = [("component", component.to_owned()), ("kind", kind.to_owned())];
        metrics::counter!(FAULTS, &labels).increment(1);
    }

    /// A delivery and what became of it.
    pub fn delivery(&self, component: &str, outcome: &'static str) {
        let labels = [("component", component.to_owned()), ("outcome", outcome.to_owned())];
        metrics::counter!(DELIVERIES, &labels).increment(1);
    }

    /// A gap in a live feed.
    pub fn gap(&self, component: &str) {
        metrics::counter!(GAPS, "component" => component.to_owned()).increment(1);
    }

    /// How far a backfill has come.
    pub fn progress(&self, component: &str, progress: Progress) {
        metrics::gauge!(BACKFILL_DONE, "component" => component.to_owned())
            .set(progress.done as f64);
        metrics::gauge!(BACKFILL_TOTAL, "component" => component.to_owned())
            .set(progress.total as f64);
    }

    /// Whether a person is waited for.
    pub fn alert(&self, component: &str, is_open: bool) {
        metrics::gauge!(ALERTS, "component" => component.to_owned()).set(f64::from(is_open));
    }

    /// How long a commit took.
    pub fn commit(&self, component: &str, took: std::time::Duration) {
        metrics::histogram!(COMMIT, "component" => component.to_owned()).record(took.as_secs_f64());
    }
}
