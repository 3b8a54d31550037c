//! One file in `changelog.d/` for every change that a user sees.

use super::Finding;
use super::tree::Tree;

const KINDS: [&str; 5] = ["added", "changed", "fixed", "removed", "security"];
const WIDTH: usize = 100;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let Some(name) = file.path.strip_prefix("changelog.d/") else { continue };
        if name == "README.md" {
            continue;
        }
        if !is_named_well(name) {
            let message =
                format!("the name is what-it-is-about.KIND.md, KIND one of {}", KINDS.join(", "));
            findings.push(Finding::new(&file.path, 1, message));
        }
        let text = file.text.trim_end();
        if text.is_empty() || text.starts_with(['#', '-', '*']) || !text.ends_with('.') {
            let message = "the text is one to three sentences for a user, without heading or list";
            findings.push(Finding::new(&file.path, 1, message));
        }
        let long = file.lines().filter(|(_, text)| text.chars().count() > WIDTH);
        findings.extend(
            long.map(|(line, _)| {
                Finding::new(&file.path, line, format!("wrap at {WIDTH} columns"))
            }),
        );
    }
    findings
}

fn is_named_well(name: &str) -> bool {
    let mut parts = name.split('.');
    let parts = (parts.next(), parts.next(), parts.next(), parts.next());
    let (Some(about), Some(kind), Some("md"), None) = parts else { return false };
    let is_slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !about.is_empty() && about.chars().all(is_slug) && KINDS.contains(&kind)
}
