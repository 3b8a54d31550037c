//! The part of `deny.toml` that needs no advisory database, for machines without cargo-deny.

use std::collections::BTreeMap;

use serde::Deserialize;
use spdx::{Expression, ParseMode};

use super::Finding;
use super::tree::{Package, Tree};

const FILE: &str = "deny.toml";

/// What is read of `deny.toml`; the rest is cargo-deny's own.
#[derive(Deserialize)]
struct Config {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    #[serde(default)]
    deny: Vec<Ban>,
    #[serde(default)]
    skip: Vec<Skip>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    wrappers: Vec<String>,
}

#[derive(Deserialize)]
struct Skip {
    #[serde(rename = "crate")]
    name: String,
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let config = match read(tree) {
        Ok(config) => config,
        Err(message) => return vec![Finding::new(FILE, 1, message)],
    };
    let theirs = || tree.packages.iter().filter(|package| package.folder.is_none());
    let mut messages = Vec::new();
    for package in theirs() {
        messages.extend(license(&config.licenses, package));
        if !package.is_from_registry {
            let message = format!("{} does not come from the registry", package.name);
            messages.push((package.name.clone(), message));
        }
        if let Some(ban) = config.bans.deny.iter().find(|ban| ban.name == package.name) {
            let users = tree.packages.iter().filter(|p| uses(p, &ban.name));
            let users: Vec<&str> = users.map(|p| p.name.as_str()).collect();
            let is_wrapped = |user: &&str| ban.wrappers.iter().any(|wrapper| wrapper == user);
            if ban.wrappers.is_empty() || !users.iter().all(is_wrapped) {
                let by = users.join(", ");
                let message = format!("{} is banned ({}); used by {by}", ban.name, ban.reason);
                messages.push((ban.name.clone(), message));
            }
        }
    }
    messages
        .into_iter()
        .map(|(name, text)| Finding::new(FILE, line_of(tree, &name), text))
        .collect()
}

/// Crates that are built in two versions: no mistake of ours, but worth a look now and then.
pub(super) fn notes(tree: &Tree) -> Vec<String> {
    let Ok(config) = read(tree) else { return Vec::new() };
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in tree.packages.iter().filter(|package| package.folder.is_none()) {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    versions.retain(|name, versions| {
        versions.len() > 1 && !config.bans.skip.iter().any(|skip| skip.name == **name)
    });
    if versions.is_empty() {
        return Vec::new();
    }
    let list: Vec<_> = versions
        .iter()
        .map(|(name, versions)| format!("{name} {}", versions.join(" + ")))
        .collect();
    vec![format!("in more than one version: {}", list.join(", "))]
}

fn read(tree: &Tree) -> Result<Config, String> {
    let file = tree.files.iter().find(|file| file.path == FILE).ok_or("there is no deny.toml")?;
    toml::from_str(&file.text).map_err(|error| error.message().to_owned())
}

fn license(licenses: &Licenses, package: &Package) -> Option<(String, String)> {
    let exception = licenses.exceptions.iter().find(|e| e.name == package.name);
    let more = exception.map(|exception| exception.allow.as_slice()).unwrap_or_default();
    let message = match Expression::parse_mode(&package.license, ParseMode::LAX) {
        Err(_) => format!("{}: {:?} is not a licence", package.name, package.license),
        Ok(expression) => {
            let is_allowed = expression.evaluate(|wanted| {
                let name = wanted.license.to_string();
                let whole = match &wanted.addition {
                    Some(addition) => format!("{name} WITH {addition}"),
                    None => name,
                };
                licenses.allow.iter().chain(more).any(|allowed| *allowed == whole)
            });
            if is_allowed {
                return None;
            }
            format!("{} is under {}, which is not permissive", package.name, package.license)
        }
    };
    Some((package.name.clone(), message))
}

fn uses(package: &Package, name: &str) -> bool {
    package.dependencies.iter().any(|dependency| dependency.name == name && !dependency.is_dev)
}

fn line_of(tree: &Tree, name: &str) -> usize {
    let quoted = format!("\"{name}\"");
    let file = tree.files.iter().find(|file| file.path == FILE);
    let found = file.and_then(|file| file.lines().find(|(_, text)| text.contains(&quoted)));
    found.map_or(1, |(line, _)| line)
}
