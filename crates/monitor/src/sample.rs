//! The figures of this process as they stand, read from the text that Prometheus reads.

use std::collections::BTreeMap;

/// Names and values that tell one series of a metric from the others.
pub type Labels = BTreeMap<String, String>;

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The metric, such as `foliostream_component_up`.
    pub metric: String,
    /// Which of its series.
    pub labels: Labels,
    /// What it says.
    pub value: f64,
}

/// All figures of a text in Prometheus' format. A line that is none is passed over.
pub fn samples(text: &str) -> Vec<Sample> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(sample).collect()
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' '])?;
    let (metric, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside)?,
        None => (Labels::new(), rest),
    };
    let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Sample { metric: metric.to_owned(), labels, value })
}

/// The labels up to the closing brace, and what follows it.
fn labels(mut text: &str) -> Option<(Labels, &str)> {
    let mut labels = Labels::new();
    loop {
        text = text.trim_start_matches([',', ' ']);
        if let Some(rest) = text.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, rest) = text.split_once("=\"")?;
        let (value, rest) = quoted(rest)?;
        labels.insert(name.to_owned(), value);
        text = rest;
    }
}

/// The text up to the closing quote, with what was escaped in it, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                escaped => value.push(escaped),
            },
            plain => value.push(plain),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_exporter_writes() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            metrics::counter!("asked_total", "why" => "a \"b\" \\ c\nd}", "who" => "x")
                .increment(3);
            metrics::gauge!("level").set(-0.5);
        });
        let mut found = samples(&handle.render());
        found.sort_by(|one, other| one.metric.cmp(&other.metric));
        let labels = [("who", "x"), ("why", "a \"b\" \\ c\nd}")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let asked = Sample { metric: "asked_total".into(), labels: labels.into(), value: 3.0 };
        let level = Sample { metric: "level".into(), labels: Labels::new(), value: -0.5 };
        assert_eq!(found, [asked, level]);
    }

    #[test]
    fn what_is_no_figure_is_passed_over() {
        for line in ["", "# HELP x y", "x", "x{", "x{a=\"b} 1", "x{a=\"b\"}", "x nothing", "{} "] {
            assert_eq!(samples(line), [], "{line:?}");
        }
    }
}
