//! Who may depend on whom.

use super::Finding;
use super::tree::{GENERIC, Package, Tree};

/// What a crate of ours may use. The order is the order of the layers.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("schemas", &[]),
    ("kafka", &[]),
    ("local_kafka", &[]),
    ("mockkit", &[]),
    ("xtask", &[]),
    ("schedule", &["model"]),
    ("component", &["model"]),
    ("credentials", &["component", "model"]),
    ("http", &["component", "credentials", "model"]),
    ("session", &["component", "credentials", "model"]),
    ("avro", &["model", "schemas"]),
    ("registry", &["kafka"]),
    ("topology", &["component", "kafka", "model", "schedule"]),
    ("runtime", &["avro", "component", "kafka", "model"]),
    ("testkit", &["component", "mockkit", "model", "runtime"]),
    ("simulation", &["approve", "book", "component", "model", "reconcile", "runtime", "track"]),
    (
        "transfer",
        &[
            "avro",
            "component",
            "credentials",
            "http",
            "kafka",
            "model",
            "runtime",
            "schedule",
            "topology",
        ],
    ),
    ("monitor", &["avro", "component", "http", "kafka", "model", "runtime"]),
    ("audit", &["component", "credentials", "kafka", "model", "runtime"]),
    ("api", &["avro", "component", "kafka", "model", "runtime", "topology"]),
];

const CONNECTORS: &[&str] = &["component", "http", "model", "session"];
const PROCESSORS: &[&str] = &["component", "model"];
const MOCKS: &[&str] = &["mockkit"];

/// Crates of others that have one door.
const DOORS: &[(&str, &[&str])] = &[
    ("rdkafka", &["kafka"]),
    ("rdkafka-sys", &["kafka"]),
    ("tokio-tungstenite", &["session"]),
    ("governor", &["http"]),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (package, folder) in tree.ours() {
        let file = format!("{folder}/Cargo.toml");
        let Some(allowed) = allowed(package, folder) else {
            let message = format!(
                "nothing says what {:?} may use: add it to the layers in xtask/src/tidy/edges.rs",
                package.name
            );
            findings.push(Finding::new(&file, 1, message));
            continue;
        };
        for dependency in &package.dependencies {
            let line = line_of(tree, &file, &dependency.name);
            let other = tree.ours().find(|(other, _)| other.name == dependency.name);
            let why = match other {
                Some((_, home)) => {
                    stranger(package, folder, &dependency.name, home).or_else(|| {
                        let is_allowed = allowed.is_none_or(|a| a.contains(&&*dependency.name));
                        (!is_allowed && !dependency.is_dev).then(|| forbidden(folder, allowed))
                    })
                }
                None if dependency.is_dev => None,
                None => door(package, &dependency.name),
            };
            if let Some(why) = why {
                let message = format!("{} must not use {}: {why}", package.name, dependency.name);
                findings.push(Finding::new(&file, line, message));
            }
        }
    }
    findings
}

/// What a package may use: `Some(None)` for everything, `None` when nothing is said.
fn allowed(package: &Package, folder: &str) -> Option<Option<&'static [&'static str]>> {
    match folder.split_once('/').map_or(folder, |(first, _)| first) {
        "connectors" => Some(Some(CONNECTORS)),
        "processors" => Some(Some(PROCESSORS)),
        "mocks" => Some(Some(MOCKS)),
        "tests" | "benches" => Some(None),
        _ if package.name == "foliostream" => Some(None),
        _ => LAYERS.iter().find(|(name, _)| *name == package.name).map(|(_, uses)| Some(*uses)),
    }
}

/// Edges that are forbidden in tests too: a mistake that two sides share is invisible.
fn stranger(package: &Package, folder: &str, other: &str, home: &str) -> Option<String> {
    let is_vendor =
        |folder: &str| folder.starts_with("connectors/") || folder.starts_with("mocks/");
    if folder.starts_with("mocks/") && home.starts_with("connectors/") {
        return Some("a mock shares nothing with a connector, not even in tests".to_owned());
    }
    let is_own = other.strip_suffix("_mock") == Some(&package.name);
    // What speaks to no vendor has no mock of its own, and is tested against any.
    let is_generic = folder.strip_prefix("connectors/").is_some_and(|n| GENERIC.contains(&n));
    if is_generic && home.starts_with("mocks/") {
        return None;
    }
    if is_vendor(folder) && is_vendor(home) && !is_own {
        return Some(
            "two vendors never import each other: move what both need into http, session or \
             mockkit"
                .to_owned(),
        );
    }
    None
}

fn forbidden(folder: &str, allowed: Option<&[&str]>) -> String {
    let uses = allowed.unwrap_or_default();
    if uses.is_empty() {
        return format!("{folder} uses nothing of ours");
    }
    format!("{folder} uses {} and no more", uses.join(", "))
}

fn door(package: &Package, other: &str) -> Option<String> {
    let (_, users) = DOORS.iter().find(|(name, _)| *name == other)?;
    let is_allowed = users.contains(&&*package.name);
    (!is_allowed).then(|| format!("go through {}", users.join(" or ")))
}

fn line_of(tree: &Tree, file: &str, name: &str) -> usize {
    let manifest = tree.files.iter().find(|other| other.path == file);
    let found = manifest.and_then(|manifest| {
        manifest.lines().find(|(_, line)| {
            let rest = line.strip_prefix(name).unwrap_or_default();
            rest.starts_with(['.', ' ', '='])
        })
    });
    found.map_or(1, |(line, _)| line)
}
