//! The figures as a table or as JSON lines.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use serde_json::{Value, json};

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
}

/// One figure, with the limit that was measured in the same run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figure {
    pub what: String,
    pub ours: f64,
    pub unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// Ours as a part or a multiple of the limit, the way the goal is worded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_met: Option<bool>,
}

/// What a goal is about.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// Our figure is at most this.
    AtMost(f64),
    /// The ratio is at most this.
    RatioAtMost(f64),
    /// The ratio is at least this.
    RatioAtLeast(f64),
}

impl Figure {
    /// A figure that stands alone.
    pub fn new(what: impl Into<String>, ours: f64, unit: &'static str) -> Self {
        Self { what: what.into(), ours, unit, ..Self::default() }
    }

    /// A figure of which more is better.
    #[must_use]
    pub fn of_limit(mut self, limit: f64) -> Self {
        (self.limit, self.ratio) = (Some(limit), Some(self.ours / limit));
        self
    }

    /// A cost, as the part of the limit's rate that one processor could keep up at it.
    #[must_use]
    pub fn of_cheaper(mut self, limit: f64) -> Self {
        (self.limit, self.ratio) = (Some(limit), Some(limit / self.ours));
        self
    }

    /// A time, as a multiple of the limit.
    #[must_use]
    pub fn over(self, limit: f64) -> Self {
        self.of_limit(limit)
    }

    #[must_use]
    pub fn goal(mut self, goal: Goal) -> Self {
        let ratio = self.ratio.unwrap_or(f64::NAN);
        let (words, is_met) = match goal {
            Goal::AtMost(most) => (format!("≤ {}", digits(most)), self.ours <= most),
            Goal::RatioAtMost(most) => (format!("ratio ≤ {most}"), ratio <= most),
            Goal::RatioAtLeast(least) => (format!("ratio ≥ {least}"), ratio >= least),
        };
        (self.goal, self.is_met) = (Some(words), Some(is_met));
        self
    }
}

/// Prints what is measured, group by group.
pub struct Report {
    format: Format,
    group: String,
    table: Table,
}

impl Report {
    pub fn new(format: Format) -> Self {
        let report = Self { format, group: String::new(), table: table() };
        let machine = machine();
        match format {
            Format::Json => println!("{machine}"),
            Format::Text => {
                for (name, value) in machine.as_object().into_iter().flatten() {
                    println!("{name}: {}", value.as_str().unwrap_or_default());
                }
            }
        }
        report
    }

    /// Ends the group before and begins this one.
    pub fn begin(&mut self, group: &str) {
        self.end();
        group.clone_into(&mut self.group);
    }

    pub fn add(&mut self, figure: Figure) {
        if self.format == Format::Json {
            let mut line = json!({ "group": self.group });
            if let (Some(line), Ok(Value::Object(figure))) =
                (line.as_object_mut(), serde_json::to_value(&figure))
            {
                line.extend(figure);
            }
            println!("{line}");
            return;
        }
        let optional = |value: Option<f64>| value.map(digits).unwrap_or_default();
        let verdict = match figure.is_met {
            Some(true) => "met",
            Some(false) => "missed",
            None => "",
        };
        self.table.add_row([
            figure.what,
            digits(figure.ours),
            figure.unit.to_owned(),
            optional(figure.limit),
            figure.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            figure.goal.unwrap_or_default(),
            verdict.to_owned(),
        ]);
    }

    pub fn finish(&mut self, took: Duration) {
        self.end();
        if self.format == Format::Text {
            println!("\n{:.0} s, load {}", took.as_secs_f64(), load());
        }
    }

    fn end(&mut self) {
        if self.table.row_count() > 0 {
            println!("\n{}\n{}", self.group, self.table);
        }
        self.table = table();
    }
}

fn table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["what", "ours", "", "limit", "ratio", "goal", ""]);
    for column in [1, 3, 4] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Three digits, or all that stand before the point.
fn digits(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Where the figures were measured.
fn machine() -> Value {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models = || cpus.lines().filter_map(|line| line.strip_prefix("model name")).map(named);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    json!({
        "cpu": format!("{} x {}", models().count(), models().next().unwrap_or("unknown")),
        "kernel": kernel.trim(),
        "kafka": local_kafka::VERSION,
        "load": load(),
    })
}

fn named(rest: &str) -> &str {
    rest.trim_start_matches([' ', '\t', ':'])
}

/// How busy the machine is with other things, too.
fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().unwrap_or_default().to_owned()
}
