//! What was configured at a start, and what has changed since the last one.

use std::collections::BTreeMap;

use component::{Ledger, Note};
use ring::digest::{SHA256, digest};

/// Where the outline of a file's last start is kept, beside the cursors.
const KEPT: &str = "audit.configuration";
/// The settings of the limits on orders, and what those on requests are below.
const LIMITS: &str = "processors.approve";
const THROTTLING: &str = ".throttling.";
/// Changes named one by one; the others are counted.
const MAX_NAMED: usize = 40;

/// The hash of an outline: every setting by its path, without anything that is secret.
pub fn hash(outline: &BTreeMap<String, String>) -> String {
    let lines = outline.iter().map(|(path, value)| format!("{path}={value:?}\n"));
    hex::encode(digest(&SHA256, lines.collect::<String>().as_bytes()))
}

/// What an auditor must know of a start with this outline, which is kept for the next one. Blocks.
pub fn noted(
    outline: &BTreeMap<String, String>,
    ledger: &dyn Ledger,
    file: &str,
) -> component::Result<Vec<Note>> {
    // Processes of one deployment may run different files.
    let name = format!("{KEPT} {file}");
    let kept = ledger.load(&name)?;
    // What cannot be read was written by another version: all of it counts as new.
    let before = kept.and_then(|text| serde_json::from_str(&text).ok());
    let notes = notes(before.as_ref(), outline, file);
    let text = serde_json::Value::from_iter(outline.clone()).to_string();
    ledger.keep(&name, &text)?;
    Ok(notes)
}

fn notes(
    before: Option<&BTreeMap<String, String>>,
    outline: &BTreeMap<String, String>,
    file: &str,
) -> Vec<Note> {
    let changed = before.map(|before| changes(before, outline));
    let mut details = BTreeMap::from([("hash".to_owned(), hash(outline))]);
    details.insert("changed".to_owned(), changed.as_deref().map_or("first start".into(), words));
    let note = |action, details| Note {
        actor: "foliostream".to_owned(),
        action,
        subject: file.to_owned(),
        details,
    };
    let mut notes = vec![note("configuration.started", details)];
    let is_limit = |path: &&String| path.starts_with(LIMITS) || path.contains(THROTTLING);
    for path in changed.iter().flatten().filter(is_limit).take(MAX_NAMED) {
        let value = |outline: Option<&BTreeMap<String, String>>| {
            outline.and_then(|outline| outline.get(path)).map_or("nothing", |v| v).to_owned()
        };
        let (from, to) = (value(before), value(Some(outline)));
        let details = BTreeMap::from([("from".to_owned(), from), ("to".to_owned(), to)]);
        notes.push(Note { subject: path.clone(), ..note("limit.changed", details) });
    }
    notes
}

fn changes(before: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<String> {
    let mut paths: Vec<_> = before.keys().chain(now.keys()).cloned().collect();
    paths.sort();
    paths.dedup();
    paths.retain(|path| before.get(path) != now.get(path));
    paths
}

fn words(changed: &[String]) -> String {
    match changed.len() {
        0 => "nothing".to_owned(),
        count if count > MAX_NAMED => {
            format!("{} and {} others", changed[..MAX_NAMED].join(", "), count - MAX_NAMED)
        }
        _ => changed.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(settings: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(path, value): &(&str, &str)| ((*path).to_owned(), (*value).to_owned());
        settings.iter().map(owned).collect()
    }

    #[test]
    fn what_changed_is_named_and_limits_with_their_values() {
        const LIMIT: &str = "processors.approve.limits.max_quantity";
        const PACE: &str = "systems.a.throttling.max_requests_per_second";
        let before = outline(&[(LIMIT, "10"), ("topics.prefix", "a.")]);
        let now = outline(&[(LIMIT, "99"), ("audit.key", "***"), (PACE, "5")]);
        let first = notes(None, &before, "t.yaml");
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].details["changed"], "first start");
        let same = notes(Some(&before), &before, "t.yaml");
        assert_eq!(same[0].details["changed"], "nothing");
        assert_eq!(same[0].details["hash"], first[0].details["hash"]);
        let changed = notes(Some(&before), &now, "t.yaml");
        let said = ["audit.key", LIMIT, PACE, "topics.prefix"].join(", ");
        assert_eq!(changed[0].details["changed"], said);
        assert_ne!(changed[0].details["hash"], first[0].details["hash"]);
        assert_eq!(changed[1].subject, LIMIT);
        assert_eq!(changed[1].details, outline(&[("from", "10"), ("to", "99")]));
        assert_eq!(changed[2].details, outline(&[("from", "nothing"), ("to", "5")]));
        assert_eq!(changed.len(), 3);
    }
}
