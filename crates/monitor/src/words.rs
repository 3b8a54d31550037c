//! Alerts in words for people, and as JSON for programs.

use std::fmt::Write;

use model::Alert;
use serde_json::{Value, json};

use crate::bell::Notice;

/// Bytes of a message: more is a storm, of which the beginning says enough.
const MAX_BYTES: usize = 24 << 10;

/// What it is about, in a line.
pub fn subject(notice: &Notice) -> String {
    let parts =
        [("opened", &notice.opened), ("still open", &notice.again), ("over", &notice.closed)];
    let parts = parts.iter().filter(|(_, alerts)| !alerts.is_empty());
    let counts: Vec<_> = parts.map(|(word, alerts)| format!("{} {word}", alerts.len())).collect();
    format!("[foliostream] {}: {}", notice.about, counts.join(", "))
}

/// All that is known.
pub fn text(notice: &Notice) -> String {
    let mut text = String::new();
    let parts = [("OPEN", &notice.opened), ("STILL OPEN", &notice.again), ("OVER", &notice.closed)];
    for (word, alerts) in parts {
        for alert in alerts {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{word} ({}): {}", alert.severity, alert.title);
            let _ = writeln!(text, "  seen: {}", alert.reason);
            if word != "OVER" {
                let _ = writeln!(text, "  to do: {}", alert.action);
            }
            let _ = writeln!(text, "  since: {}", alert.since);
            let _ = writeln!(text, "  id: {}\n", alert.alert_id);
        }
    }
    text.truncate(text.floor_char_boundary(MAX_BYTES));
    text
}

/// The same for programs.
pub fn json(notice: &Notice) -> Value {
    let one = |status: &'static str| {
        move |alert: &Alert| {
            json!({
                "alert_id": alert.alert_id,
                "status": status,
                "severity": alert.severity,
                "system": alert.system,
                "component": alert.component,
                "title": alert.title,
                "reason": alert.reason,
                "action": alert.action,
                "since": alert.since,
            })
        }
    };
    let opened = notice.opened.iter().map(one("opened"));
    let again = notice.again.iter().map(one("open"));
    let closed = notice.closed.iter().map(one("closed"));
    let alerts: Vec<_> = opened.chain(again).chain(closed).collect();
    json!({ "about": notice.about, "title": subject(notice), "alerts": alerts })
}
