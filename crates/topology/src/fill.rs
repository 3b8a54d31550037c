//! Fills `${NAME}` and `${NAME:-default}` inside the words of a file, and words that are
//! `secret://name`, after it has been parsed: a value can never add YAML.

use std::sync::Arc;

use crate::node::{Data, Node, Path, Position, Scalar, ScalarKind, core_kind};
use crate::problem::Report;
use crate::words::quote;

/// Where variables come from.
pub(crate) type Env<'e> = &'e dyn Fn(&str) -> Option<String>;

/// What begins a word that stands for a secret. Its value is asked for by the whole word.
const SECRET: &str = "secret://";

/// The values of all variables in one file together.
const MAX_FILLED_BYTES: usize = 4 * 1024 * 1024;

/// Fills every word under `root`. A missing variable is a problem, except in a system that is
/// switched off: whoever lacks its key should not have to cut it out of the file.
pub(crate) fn fill(root: &mut Node, env: Env<'_>, report: &mut Report) {
    let mut filler = Filler { env, report, is_off: false, filled_bytes: 0 };
    let Data::Map(sections) = &mut root.data else {
        return filler.node(root, &Path::default());
    };
    for section in sections {
        let path = Path::default().child(&section.key);
        match &mut section.value.data {
            Data::Map(systems) if section.key == "systems" => {
                for system in systems {
                    filler.system(&mut system.value, &path.child(&system.key));
                }
            }
            _ => filler.node(&mut section.value, &path),
        }
    }
}

struct Filler<'e, 'r> {
    env: Env<'e>,
    report: &'r mut Report,
    is_off: bool,
    filled_bytes: usize,
}

impl Filler<'_, '_> {
    fn system(&mut self, system: &mut Node, path: &Path) {
        if let Data::Map(entries) = &mut system.data
            && let Some(enabled) = entries.iter_mut().find(|entry| entry.key == "enabled")
        {
            self.node(&mut enabled.value, &path.child("enabled"));
        }
        self.is_off = system.get("enabled").and_then(Node::bool) == Some(false);
        self.node(system, path);
        self.is_off = false;
    }

    fn node(&mut self, node: &mut Node, path: &Path) {
        let at = node.at;
        match &mut node.data {
            Data::Scalar(scalar) if scalar.variables.is_empty() => self.scalar(scalar, at, path),
            Data::Scalar(_) => {} // `enabled`, filled before the rest of its system
            Data::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.node(item, &path.index(index));
                }
            }
            Data::Map(entries) => {
                for entry in entries {
                    self.node(&mut entry.value, &path.child(&entry.key));
                }
            }
        }
    }

    fn scalar(&mut self, scalar: &mut Scalar, at: Position, path: &Path) {
        if scalar.kind != ScalarKind::String {
            return;
        }
        if scalar.text.starts_with(SECRET) {
            return self.secret(scalar, at, path);
        }
        if !scalar.text.contains("${") {
            return;
        }
        let parts = match split(&scalar.text) {
            Ok(parts) => parts,
            Err(message) => return self.report.problem(at, path, message),
        };
        let is_whole = matches!(parts.as_slice(), [Part::Variable { .. }]);
        let (mut text, mut variables, mut is_missing) = (String::new(), Vec::new(), false);
        for part in &parts {
            let Part::Variable { name, default } = part else {
                if let Part::Text(literal) = part {
                    text.push_str(literal);
                }
                continue;
            };
            variables.push(Arc::from(*name));
            match value(self.env, name, *default) {
                Some(value) => text.push_str(&value),
                None => {
                    is_missing = true;
                    self.missing(name, at, path);
                }
            }
        }
        if is_missing {
            scalar.kind = ScalarKind::Unset;
            scalar.variables = variables;
            return;
        }
        self.filled_bytes += text.len();
        if self.filled_bytes > MAX_FILLED_BYTES {
            let message = format!("the values of all variables exceed {MAX_FILLED_BYTES} bytes");
            scalar.kind = ScalarKind::Unset;
            return self.report.problem(at, path, message);
        }
        if is_whole && scalar.is_plain {
            scalar.kind = core_kind(&text);
        }
        scalar.text = text;
        scalar.variables = variables;
    }

    fn secret(&mut self, scalar: &mut Scalar, at: Position, path: &Path) {
        // Messages name it, and never show what it was filled with.
        scalar.variables = vec![Arc::from(scalar.text.as_str())];
        if let Some(secret) = (self.env)(&scalar.text) {
            scalar.text = secret;
            return;
        }
        let name = scalar.text.trim_start_matches(SECRET);
        let message = format!("secret {} is not in the store", quote(name));
        scalar.kind = ScalarKind::Unset;
        match self.is_off {
            true => self.report.warning(at, path, format!("{message}; the system is switched off")),
            false => self.report.problem(at, path, message),
        }
    }

    fn missing(&mut self, name: &str, at: Position, path: &Path) {
        if self.is_off {
            let message =
                format!("variable {} is not set; the system is switched off", quote(name));
            return self.report.warning(at, path, message);
        }
        let message =
            format!("variable {} is not set; set it or write ${{{name}:-default}}", quote(name));
        self.report.problem(at, path, message);
    }
}

/// The variable, or its default where the variable is not set or empty, as in a shell.
fn value(env: Env<'_>, name: &str, default: Option<&str>) -> Option<String> {
    match (env(name), default) {
        (Some(value), None) => Some(value),
        (Some(value), Some(_)) if !value.is_empty() => Some(value),
        (_, default) => default.map(str::to_owned),
    }
}

#[derive(Debug, PartialEq)]
enum Part<'t> {
    Text(&'t str),
    Variable { name: &'t str, default: Option<&'t str> },
}

/// Splits a word into text and variables; `$${` stands for `${`.
fn split(mut text: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    while let Some(start) = text.find("${") {
        let before = &text[..start];
        if let Some(escaped) = before.strip_suffix('$') {
            push_text(&mut parts, escaped);
            push_text(&mut parts, "${");
            text = &text[start + 2..];
            continue;
        }
        push_text(&mut parts, before);
        let rest = &text[start + 2..];
        let Some(end) = rest.find('}') else {
            return Err("\"${\" is not closed by \"}\"; write \"$${\" for the characters".into());
        };
        parts.push(variable(&rest[..end])?);
        text = &rest[end + 1..];
    }
    push_text(&mut parts, text);
    Ok(parts)
}

fn push_text<'t>(parts: &mut Vec<Part<'t>>, text: &'t str) {
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
}

fn variable(inside: &str) -> Result<Part<'_>, String> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match is_name {
        true => Ok(Part::Variable { name, default }),
        false => Err("\"${\" must be followed by a name of letters, digits and \"_\", then \"}\" \
                      or \":-default}\"; write \"$${\" for the characters"
            .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, filled: Result<&str, &str>) {
        let env = |name: &str| match name {
            "A" => Some("1".to_owned()),
            "EMPTY" => Some(String::new()),
            "YAML" => Some("x: [1]\ny: ${A}".to_owned()),
            "secret://acme/key" => Some("${A}: hunter2".to_owned()),
            _ => None,
        };
        let mut report = Report::new("t");
        let kind = ScalarKind::String;
        let scalar = Scalar { text: text.into(), kind, is_plain: false, variables: Vec::new() };
        let mut node = Node { at: Position { line: 1, column: 1 }, data: Data::Scalar(scalar) };
        fill(&mut node, &env, &mut report);
        let problem = report.found.problems.first().map(|p| p.message.clone());
        match filled {
            Ok(filled) => {
                assert_eq!(problem, None, "{text}");
                assert_eq!(node.scalar().unwrap().text, filled, "{text}");
            }
            Err(start) => assert!(problem.unwrap().starts_with(start), "{text}"),
        }
    }

    #[test]
    fn variables_are_filled_inside_words() {
        check("no variable, $5, $A, {A}", Ok("no variable, $5, $A, {A}"));
        check("${A}", Ok("1"));
        check("<${A}${A}>", Ok("<11>"));
        check("${B:-}", Ok(""));
        check("${B:-a:-b}", Ok("a:-b"));
        check("${A:-2}", Ok("1"));
        check("${EMPTY}", Ok(""));
        check("${EMPTY:-2}", Ok("2"));
        check("$${A} ${A}", Ok("${A} 1"));
        check("$$${A}", Ok("$${A}"));
        check("${YAML}", Ok("x: [1]\ny: ${A}"));
        check("secret://acme/key", Ok("${A}: hunter2"));
    }

    #[test]
    fn mistakes_in_variables_are_named() {
        check("secret://acme/kee", Err("secret \"acme/kee\" is not in the store"));
        check("${B}", Err("variable \"B\" is not set; set it or write ${B:-default}"));
        check("${", Err("\"${\" is not closed"));
        check("${A", Err("\"${\" is not closed"));
        check("${}", Err("\"${\" must be followed by a name"));
        check("${A-2}", Err("\"${\" must be followed by a name"));
        check("${1A}", Err("\"${\" must be followed by a name"));
        check("${A B}", Err("\"${\" must be followed by a name"));
    }
}
