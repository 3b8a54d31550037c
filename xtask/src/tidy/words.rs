//! One word per idea.

use syn::visit::{self, Visit};

use super::Finding;
use super::tree::Tree;

/// Words that our own names do not use, and what to say instead. Words with another honest
/// meaning in code (input, offset, security, size, token …) are left to the reviewer.
const WORDS: &[(&str, &str)] = &[
    ("adapter", "connector"),
    ("bookmark", "cursor"),
    ("cancelled", "canceled"),
    ("candle", "bar"),
    ("candles", "bars"),
    ("candlestick", "bar"),
    ("clordid", "order_id or client_order_id"),
    ("helper", "the name of what it does"),
    ("helpers", "the name of what they do"),
    ("holding", "position"),
    ("holdings", "positions"),
    ("kline", "bar"),
    ("klines", "bars"),
    ("manager", "the name of what it does"),
    ("misc", "the name of what it holds"),
    ("plugin", "connector"),
    ("plugins", "connectors"),
    ("provider", "vendor"),
    ("providers", "vendors"),
    ("px", "price"),
    ("qty", "quantity"),
    ("ticker", "instrument, or symbol for a vendor's spelling"),
    ("tickers", "instruments or symbols"),
    ("ts", "event_time or received_time"),
    ("util", "the name of what it holds"),
    ("utils", "the name of what it holds"),
    ("wallet", "balance"),
];

/// Names of several words, without what joins them.
const JOINED: &[(&str, &str)] = &[
    ("clordid", "order_id or client_order_id"),
    ("deadletterqueue", "dead_letters"),
    ("highwatermark", "watermark"),
    ("processdata", "the name of what it does"),
    ("topofbook", "quote"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, rust) in tree.rust() {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let speaks_vendor = name == "wire.rs"
            || file.path.contains("/wire/")
            || file.path.contains("/fixtures/")
            || file.path.starts_with("mocks/");
        if speaks_vendor {
            continue;
        }
        let mut finder = Finder::default();
        finder.visit_file(&rust.syntax);
        findings.extend(finder.found.into_iter().map(|(line, name, word, instead)| {
            let message = format!("{name:?}: we do not say {word:?} but {instead}");
            Finding::new(&file.path, line, message)
        }));
    }
    findings
}

/// Finds the names that a file gives to what others use; a local variable may echo a library.
#[derive(Default)]
struct Finder {
    found: Vec<(usize, String, &'static str, &'static str)>,
}

impl Finder {
    fn look(&mut self, ident: &syn::Ident) {
        let name = ident.to_string();
        let parts = parts(&name);
        let whole = parts.concat();
        let by_part = WORDS.iter().find(|(word, _)| parts.iter().any(|part| part == word));
        let by_whole = || JOINED.iter().find(|(word, _)| whole.contains(word));
        if let Some((word, instead)) = by_part.or_else(by_whole) {
            self.found.push((ident.span().start().line, name, word, instead));
        }
    }
}

/// The words of a name in snake or camel case, in lower case.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut was_lower = false;
    for letter in name.chars() {
        if letter == '_' || (letter.is_uppercase() && was_lower) {
            parts.push(String::new());
        }
        was_lower = letter.is_lowercase() || letter.is_ascii_digit();
        if letter != '_'
            && let Some(last) = parts.last_mut()
        {
            last.extend(letter.to_lowercase());
        }
    }
    parts
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        match item {
            syn::Item::Const(item) => self.look(&item.ident),
            syn::Item::Enum(item) => self.look(&item.ident),
            syn::Item::Mod(item) => self.look(&item.ident),
            syn::Item::Static(item) => self.look(&item.ident),
            syn::Item::Struct(item) => self.look(&item.ident),
            syn::Item::Trait(item) => self.look(&item.ident),
            syn::Item::Type(item) => self.look(&item.ident),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.look(&signature.ident);
        visit::visit_signature(self, signature);
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if let Some(ident) = &field.ident {
            self.look(ident);
        }
        visit::visit_field(self, field);
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.look(&variant.ident);
        visit::visit_variant(self, variant);
    }

    fn visit_fn_arg(&mut self, argument: &'ast syn::FnArg) {
        if let syn::FnArg::Typed(typed) = argument
            && let syn::Pat::Ident(pattern) = &*typed.pat
        {
            self.look(&pattern.ident);
        }
        visit::visit_fn_arg(self, argument);
    }
}
