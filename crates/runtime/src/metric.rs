//! Every figure the runtime counts, by name. `figures` puts `foliostream_` before each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use component::Progress;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

/// Events published, by component and topic.
const SENT: &str = "component_sent_events_total";
/// Events read from Kafka, by component.
const RECEIVED: &str = "component_received_events_total";
/// Events that were not published, by component and reason.
const DISCARDED: &str = "component_discarded_events_total";
/// Faults, by component and kind.
const ERRORS: &str = "component_errors_total";
/// Whether a component is at work.
const UP: &str = "component_up";
/// Events that a component is behind.
const LAG: &str = "component_lag_events";
/// Deliveries, by component and outcome.
const DELIVERIES: &str = "sink_deliveries_total";
/// Gaps found in live feeds, by component.
const GAPS: &str = "source_gaps_total";
/// Gaps that are not repaired yet, by component.
const GAPS_OPEN: &str = "gap_open";
/// Parts of a backfill that are done, by component.
const BACKFILL_DONE: &str = "source_backfill_done";
/// Parts of a backfill that there are, by component.
const BACKFILL_TOTAL: &str = "source_backfill_total";
/// Whether a person is waited for, by component.
const ALERTS: &str = "component_alerts_open";
/// Seconds until the login or the token of a credential ends; `credentials` counts them.
const CREDENTIAL_EXPIRY: &str = "credential_expiry_seconds";
/// Mismatches that nothing explains, by kind; `monitor` counts them.
const BREAKS_OPEN: &str = "breaks_open";
/// Orders that have not ended, by state; `monitor` counts them.
const ORDERS_IN_FLIGHT: &str = "orders_in_flight";
/// Seconds a commit took, by component.
const COMMIT: &str = "component_commit_seconds";
/// Seconds from the vendor's own time of an event until it was handed to Kafka, by component.
const AGE: &str = "event_age_seconds";

/// Describes every figure to the exporter.
pub fn describe() {
    describe_counter!(SENT, "events published, by component and topic");
    describe_counter!(RECEIVED, "events read from Kafka, by component");
    describe_counter!(DISCARDED, "events not published: repeated, or set aside as dead letters");
    describe_counter!(ERRORS, "faults, by component and kind");
    describe_gauge!(UP, "1 while a component is at work, else 0");
    describe_gauge!(LAG, "events that a component is behind its topics");
    describe_counter!(DELIVERIES, "deliveries, by component and outcome");
    describe_counter!(GAPS, "gaps found in live feeds, by component");
    describe_gauge!(GAPS_OPEN, "gaps that are not repaired yet, by component");
    describe_gauge!(BACKFILL_DONE, "parts of a backfill that are done, by component");
    describe_gauge!(BACKFILL_TOTAL, "parts of a backfill that there are, by component");
    describe_gauge!(ALERTS, "alerts that wait for a person, by component");
    describe_gauge!(CREDENTIAL_EXPIRY, "seconds until a credential's login or token ends");
    describe_gauge!(BREAKS_OPEN, "mismatches of the books that nothing explains, by kind");
    describe_gauge!(ORDERS_IN_FLIGHT, "orders that have not ended, by state");
    describe_histogram!(COMMIT, "seconds a Kafka commit took, by component");
    describe_histogram!(AGE, "seconds from an event's own time to Kafka, newest of each batch");
}

/// Counts, for Prometheus and for whoever looks at this process.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    published: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Metrics {
    /// Events published to a topic by a component.
    pub fn published(&self, component: &str, topic: &str, count: u64) {
        if count == 0 {
            return;
        }
        let mut totals = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        match totals.get_mut(topic) {
            Some(total) => *total += count,
            None => drop(totals.insert(topic.to_owned(), count)),
        }
        counter!(SENT, &by(component, "topic", topic)).increment(count);
    }

    /// Events published so far, by topic.
    pub fn totals(&self) -> BTreeMap<String, u64> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Events read from Kafka.
    pub fn received(&self, component: &str, count: u64) {
        counter!(RECEIVED, "component_id" => component.to_owned()).increment(count);
    }

    /// Repetitions dropped.
    pub fn repeated(&self, component: &str, count: u64) {
        if count > 0 {
            counter!(DISCARDED, &by(component, "reason", "repeated")).increment(count);
        }
    }

    /// A dead letter.
    pub fn dead(&self, component: &str) {
        counter!(DISCARDED, &by(component, "reason", "dead_letter")).increment(1);
    }

    /// A fault.
    pub fn fault(&self, component: &str, kind: &'static str) {
        counter!(ERRORS, &by(component, "error_type", kind)).increment(1);
    }

    /// Whether a component is at work.
    pub fn up(&self, component: &str, is_up: bool) {
        gauge!(UP, "component_id" => component.to_owned()).set(f64::from(is_up));
    }

    /// How many events a component is behind.
    pub fn lag(&self, component: &str, events: i64) {
        gauge!(LAG, "component_id" => component.to_owned()).set(events as f64);
    }

    /// A delivery and what became of it.
    pub fn delivery(&self, component: &str, outcome: &'static str) {
        counter!(DELIVERIES, &by(component, "outcome", outcome)).increment(1);
    }

    /// A gap in a live feed.
    pub fn gap(&self, component: &str) {
        counter!(GAPS, "component_id" => component.to_owned()).increment(1);
    }

    /// Gaps that are not repaired yet.
    pub fn gaps_open(&self, component: &str, count: usize) {
        gauge!(GAPS_OPEN, "component_id" => component.to_owned()).set(count as f64);
    }

    /// How far a backfill has come.
    pub fn progress(&self, component: &str, progress: Progress) {
        gauge!(BACKFILL_DONE, "component_id" => component.to_owned()).set(progress.done as f64);
        gauge!(BACKFILL_TOTAL, "component_id" => component.to_owned()).set(progress.total as f64);
    }

    /// Whether a person is waited for.
    pub fn alert(&self, component: &str, is_open: bool) {
        gauge!(ALERTS, "component_id" => component.to_owned()).set(f64::from(is_open));
    }

    /// How long a commit took.
    pub fn commit(&self, component: &str, took: Duration) {
        histogram!(COMMIT, "component_id" => component.to_owned()).record(took.as_secs_f64());
    }

    /// How old the newest event of a batch was when it was handed to Kafka.
    pub fn age(&self, component: &str, age: Duration) {
        histogram!(AGE, "component_id" => component.to_owned()).record(age.as_secs_f64());
    }
}

fn by(component: &str, name: &'static str, value: &str) -> [(&'static str, String); 2] {
    [("component_id", component.to_owned()), (name, value.to_owned())]
}
