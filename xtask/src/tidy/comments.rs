//! Comments are sentences, not ornaments.

use super::Finding;
use super::tree::Tree;

/// From how many equal signs on a line of them is a banner.
const LENGTH: usize = 4;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let markers: &[&str] = match name.rsplit_once('.').map_or(name, |(_, ending)| ending) {
            "rs" => &["///", "//!", "//", "/*"],
            "toml" | "yaml" | "yml" | "py" | "sh" | "run" | "Dockerfile" => &["#"],
            _ => continue,
        };
        let mut is_in_text = false;
        for (line, text) in file.lines() {
            // Lines within a Python or Rust text are not comments.
            if text.matches("\"\"\"").count() % 2 == 1 {
                is_in_text = !is_in_text;
            }
            if !is_in_text && markers.iter().any(|marker| is_banner(text.trim(), marker)) {
                let message = "a banner: a comment is a sentence, and a file that needs sections \
                               is two files";
                findings.push(Finding::new(&file.path, line, message));
            }
        }
    }
    findings
}

fn is_banner(line: &str, marker: &str) -> bool {
    let Some(comment) = line.strip_prefix(marker) else { return false };
    if comment.contains('|') {
        return false; // a table
    }
    let comment = comment.trim_end_matches("*/").trim();
    let is_sign = |sign: char| matches!(sign, '-' | '=' | '*' | '#' | '~' | '/' | '_' | '─' | '═');
    let run = |mut signs: &mut dyn Iterator<Item = char>| {
        let first = signs.next().filter(|sign| is_sign(*sign));
        first.map_or(0, |first| 1 + (&mut signs).take_while(|sign| *sign == first).count())
    };
    run(&mut comment.chars()) >= LENGTH || run(&mut comment.chars().rev()) >= LENGTH
}
