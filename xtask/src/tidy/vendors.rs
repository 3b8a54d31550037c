//! Only the binary names a vendor, and a connector does what a connector does.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Finding;
use super::tree::{Rust, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let vendors = tree.vendors();
    let mut findings = Vec::new();
    for (file, rust) in tree.rust() {
        let path = file.path.as_str();
        if path.starts_with("crates/") && !path.starts_with("crates/foliostream/") {
            let mut finder = Names { vendors: &vendors, rust, found: Vec::new() };
            finder.visit_file(&rust.syntax);
            findings.extend(finder.found.into_iter().map(|(line, vendor)| {
                let message = format!(
                    "{vendor:?} is a vendor: shared crates know none; put it into \
                     connectors/{vendor} or pass it in"
                );
                Finding::new(path, line, message)
            }));
        }
        if path.starts_with("connectors/") && path.contains("/src/") {
            let mut finder = Habits { rust, found: Vec::new() };
            finder.visit_file(&rust.syntax);
            findings.extend(finder.found.into_iter().map(|(line, name)| {
                let message = format!(
                    "a connector makes single attempts: {name:?} belongs to the runtime, http or \
                     session"
                );
                Finding::new(path, line, message)
            }));
        }
    }
    findings
}

/// Finds vendors in identifiers and texts, comments and tests aside.
struct Names<'a> {
    vendors: &'a [&'a str],
    rust: &'a Rust,
    found: Vec<(usize, String)>,
}

impl Names<'_> {
    fn look(&mut self, text: &str, line: usize) {
        if self.rust.is_test(line) {
            return;
        }
        let lower = text.to_lowercase();
        for vendor in self.vendors {
            let compact = vendor.replace('_', "");
            if lower.contains(vendor) || lower.contains(&compact) {
                self.found.push((line, (*vendor).to_owned()));
            }
        }
    }
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        // Doc comments may give a vendor as an example.
        if !attribute.path().is_ident("doc") {
            visit::visit_attribute(self, attribute);
        }
    }

    fn visit_ident(&mut self, ident: &'ast syn::Ident) {
        self.look(&ident.to_string(), ident.span().start().line);
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.look(&text.value(), text.span().start().line);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        // The arguments of a macro are not parsed; their text is enough.
        let span = call.span();
        self.look(&call.tokens.to_string(), span.start().line);
        visit::visit_macro(self, call);
    }
}

/// Finds calls that only whoever drives a connector may make.
struct Habits<'a> {
    rust: &'a Rust,
    found: Vec<(usize, String)>,
}

impl<'ast> Visit<'ast> for Habits<'_> {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(path) = &*call.func
            && let Some(last) = path.path.segments.last()
            && (last.ident == "sleep" || last.ident == "spawn")
        {
            self.note(&last.ident);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if call.method == "sleep" {
            self.note(&call.method);
        }
        visit::visit_expr_method_call(self, call);
    }
}

impl Habits<'_> {
    fn note(&mut self, ident: &syn::Ident) {
        let line = ident.span().start().line;
        if !self.rust.is_test(line) {
            self.found.push((line, ident.to_string()));
        }
    }
}
