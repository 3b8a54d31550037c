//! What lints would forbid if nobody could allow it again, and the width of a line.

use syn::visit::{self, Visit};

use super::Finding;
use super::tree::{Rust, Tree};

const WIDTH: usize = 100;
const PRINTS: [&str; 4] = ["print", "println", "eprint", "eprintln"];
/// Lints that no code outside tests may switch off.
const FIRM: [&str; 3] = ["too_many_lines", "unwrap_used", "print_stdout"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, rust) in tree.rust() {
        let path = file.path.as_str();
        let may_print = path.starts_with("crates/foliostream/") || path.starts_with("xtask/");
        let mut finder = Finder { rust, may_print, found: Vec::new() };
        finder.visit_file(&rust.syntax);
        let found = finder.found.into_iter();
        findings.extend(found.map(|(line, message)| Finding::new(path, line, message)));
        if file.text.contains("// Written by `cargo xtask codegen`") {
            continue;
        }
        for (line, text) in file.lines() {
            // rustfmt wraps code; what is left is comments and texts, where a link may be long.
            let is_comment = text.trim_start().starts_with("//");
            if is_comment && text.chars().count() > WIDTH && !text.contains("://") {
                findings.push(Finding::new(path, line, format!("wrap at {WIDTH} columns")));
            }
        }
    }
    findings
}

struct Finder<'a> {
    rust: &'a Rust,
    may_print: bool,
    found: Vec<(usize, String)>,
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if let Some(name) = call.path.get_ident() {
            let line = name.span().start().line;
            let prints = PRINTS.iter().any(|print| name == print);
            if prints && !self.may_print && !self.rust.is_test(line) {
                let message = format!("{name}! in a library: use tracing, or return the text");
                self.found.push((line, message));
            }
        }
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let path = attribute.path();
        let Some(line) = path.segments.first().map(|s| s.ident.span().start().line) else { return };
        if path.is_ident("ignore") {
            let message = "no test is ignored: mend it or remove it";
            self.found.push((line, message.to_owned()));
        }
        let syn::Meta::List(list) = &attribute.meta else { return };
        if (path.is_ident("allow") || path.is_ident("expect")) && !self.rust.is_test(line) {
            let lints = list.tokens.to_string();
            let is_firm =
                |lint: &&&str| lints.contains(**lint) && !(self.may_print && **lint == FIRM[2]);
            if let Some(lint) = FIRM.iter().find(is_firm) {
                self.found.push((line, format!("{lint} stays on outside tests: mend the code")));
            }
        }
    }
}
