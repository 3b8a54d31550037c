//! Collects the figures of every crate of this process, under one prefix, for Prometheus.

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    set_global_recorder,
};
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use crate::{Error, metric};

/// What the name of every figure begins with.
pub const PREFIX: &str = "foliostream_";
/// Upper bounds of the classes that durations are counted in: a request takes milliseconds, what
/// a vendor's archive holds is years old.
const BUCKETS: [f64; 18] = [
    0.001,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    300.0,
    3_600.0,
    86_400.0,
    2_592_000.0,
];

/// Starts collecting, once in a process. Whoever holds the handle must call `run_upkeep` on it
/// now and then.
pub fn collect(with_durations: bool) -> Result<PrometheusHandle, Error> {
    let refused = |error: &dyn std::fmt::Display| Error::Figures(error.to_string());
    let builder = PrometheusBuilder::new();
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let builder = builder.set_buckets_for_metric(seconds, &BUCKETS);
    let inner = builder.map_err(|error| refused(&error))?.build_recorder();
    let handle = inner.handle();
    let recorder = Prefixed { inner, has_durations: with_durations };
    set_global_recorder(recorder).map_err(|error| refused(&error))?;
    metric::describe();
    Ok(handle)
}

/// Puts the prefix before every name, so that no crate has to repeat it.
struct Prefixed {
    inner: PrometheusRecorder,
    has_durations: bool,
}

fn name(name: &str) -> KeyName {
    KeyName::from(format!("{PREFIX}{name}"))
}

fn key(key: &Key) -> Key {
    let (unprefixed, labels) = key.clone().into_parts();
    Key::from_parts(name(unprefixed.as_str()), labels)
}

impl Recorder for Prefixed {
    fn describe_counter(&self, short: KeyName, unit: Option<Unit>, about: SharedString) {
        self.inner.describe_counter(name(short.as_str()), unit, about);
    }

    fn describe_gauge(&self, short: KeyName, unit: Option<Unit>, about: SharedString) {
        self.inner.describe_gauge(name(short.as_str()), unit, about);
    }

    fn describe_histogram(&self, short: KeyName, unit: Option<Unit>, about: SharedString) {
        self.inner.describe_histogram(name(short.as_str()), unit, about);
    }

    fn register_counter(&self, short: &Key, metadata: &Metadata<'_>) -> Counter {
        self.inner.register_counter(&key(short), metadata)
    }

    fn register_gauge(&self, short: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.inner.register_gauge(&key(short), metadata)
    }

    fn register_histogram(&self, short: &Key, metadata: &Metadata<'_>) -> Histogram {
        match self.has_durations {
            true => self.inner.register_histogram(&key(short), metadata),
            false => Histogram::noop(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_gets_the_prefix_and_durations_can_be_left_out() {
        for with_durations in [true, false] {
            let inner = PrometheusBuilder::new().build_recorder();
            let handle = inner.handle();
            metrics::with_local_recorder(
                &Prefixed { inner, has_durations: with_durations },
                || {
                    metrics::counter!("things_total", "kind" => "a").increment(2);
                    metrics::gauge!("level").set(3.0);
                    metrics::histogram!("took_seconds").record(0.5);
                },
            );
            let text = handle.render();
            assert!(text.contains("foliostream_things_total{kind=\"a\"} 2"), "{text}");
            assert!(text.contains("foliostream_level 3"), "{text}");
            assert_eq!(text.contains("foliostream_took_seconds"), with_durations, "{text}");
        }
    }
}
