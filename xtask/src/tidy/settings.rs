//! A misspelt setting is an error, at its own line and column.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Fields};

use super::Finding;
use super::tree::{Rust, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, rust) in tree.rust() {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let is_settings_file = name == "settings.rs"
            && (file.path.starts_with("connectors/") || file.path.starts_with("processors/"));
        let mut finder = Finder { rust, is_settings_file, found: Vec::new() };
        finder.visit_file(&rust.syntax);
        let found = finder.found.into_iter();
        findings.extend(found.map(|(line, message)| Finding::new(&file.path, line, message)));
    }
    findings
}

struct Finder<'a> {
    rust: &'a Rust,
    is_settings_file: bool,
    found: Vec<(usize, String)>,
}

impl Finder<'_> {
    fn check(&mut self, name: &syn::Ident, attributes: &[Attribute], has_fields: bool) {
        let line = name.span().start().line;
        let derives =
            |what: &str| attributes.iter().any(|a| a.path().is_ident("derive") && says(a, what));
        let is_settings =
            derives("Deserialize") && (derives("JsonSchema") || self.is_settings_file);
        if !is_settings || self.rust.is_test(line) {
            return;
        }
        let serde =
            |word: &str| attributes.iter().any(|a| a.path().is_ident("serde") && says(a, word));
        if has_fields && !serde("deny_unknown_fields") && !serde("transparent") {
            let message = format!("{name} takes misspelt settings: add deny_unknown_fields");
            self.found.push((line, message));
        }
        for word in ["untagged", "tag", "flatten"] {
            if serde(word) {
                self.shape(line, word);
            }
        }
    }

    fn shape(&mut self, line: usize, word: &str) {
        let message = format!(
            "{word:?} makes settings errors lose their place: name the choice with an outer key"
        );
        self.found.push((line, message));
    }

    fn fields(&mut self, attributes: &[Attribute], fields: &Fields) {
        let derives =
            |what: &str| attributes.iter().any(|a| a.path().is_ident("derive") && says(a, what));
        if !derives("Deserialize") || !derives("JsonSchema") {
            return;
        }
        for field in fields {
            let is_flat = |a: &Attribute| a.path().is_ident("serde") && says(a, "flatten");
            if field.attrs.iter().any(is_flat) {
                self.shape(field.span().start().line, "flatten");
            }
        }
    }
}

/// Whether an attribute's arguments hold a word.
fn says(attribute: &Attribute, word: &str) -> bool {
    let syn::Meta::List(list) = &attribute.meta else { return false };
    let text = list.tokens.to_string();
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.check(&item.ident, &item.attrs, matches!(item.fields, Fields::Named(_)));
        self.fields(&item.attrs, &item.fields);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        let has_fields = item.variants.iter().any(|v| matches!(v.fields, Fields::Named(_)));
        self.check(&item.ident, &item.attrs, has_fields);
        visit::visit_item_enum(self, item);
    }
}
