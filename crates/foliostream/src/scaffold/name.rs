//! What a connector may be called.

use std::fmt;

use super::Refusal;

/// The longest name: code is wrapped at 100 columns whatever the name is.
const MAX_LEN: usize = 24;
/// Words that no crate of ours has in its name; see `cargo xtask tidy`.
const HOMELESS: [&str; 6] = ["common", "core", "helpers", "shared", "util", "utils"];
/// Words of Rust, and crates that every other one sees.
const RESERVED: [&str; 56] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// The name of a vendor: lower case, words joined by `_`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// A name, or why it is none.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        match fault(text) {
            None => Ok(Self(text.to_owned())),
            Some(reason) => Err(Refusal::Name { name: text.to_owned(), reason }),
        }
    }

    /// `bird_counts`.
    pub fn snake(&self) -> &str {
        &self.0
    }

    /// `Bird Counts`.
    pub fn title(&self) -> String {
        let capital = |word: &str| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_uppercase() + rest
        };
        self.0.split('_').map(capital).collect::<Vec<_>>().join(" ")
    }

    /// `BIRD_COUNTS`.
    pub fn upper(&self) -> String {
        self.0.to_uppercase()
    }

    /// `bird-counts`.
    pub fn slug(&self) -> String {
        self.0.replace('_', "-")
    }

    /// `birdcounts`, which is how camel case looks in lower case.
    pub fn compact(&self) -> String {
        self.0.replace('_', "")
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn fault(text: &str) -> Option<String> {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if !text.starts_with(|first: char| first.is_ascii_lowercase()) || !text.split('_').all(is_word)
    {
        return Some("use small letters and digits, words joined by _, as in bird_counts".into());
    }
    if text.len() > MAX_LEN {
        return Some(format!("it has {} letters, and {MAX_LEN} are the limit", text.len()));
    }
    if let Some(word) = text.split('_').find(|word| HOMELESS.contains(word)) {
        return Some(format!("{word:?} says nothing; name the vendor"));
    }
    if text.ends_with("_mock") {
        return Some(
            "what ends in _mock is a mock; the connector has its own is made with it".into(),
        );
    }
    RESERVED.contains(&text).then(|| "it is a word of Rust".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_name_has_four_spellings() {
        let name = Name::parse("bird_counts_2").unwrap();
        assert_eq!(name.title(), "Bird Counts 2");
        assert_eq!(name.upper(), "BIRD_COUNTS_2");
        assert_eq!(name.slug(), "bird-counts-2");
        assert_eq!(name.compact(), "birdcounts2");
    }

    #[test]
    fn what_is_no_name_says_why() {
        for (text, why) in [
            ("", "small letters"),
            ("Acme", "small letters"),
            ("acme-data", "small letters"),
            ("acme__data", "small letters"),
            ("acme_", "small letters"),
            ("_acme", "small letters"),
            ("2acme", "small letters"),
            ("../acme", "small letters"),
            ("acmé", "small letters"),
            ("a_very_long_name_of_a_vendor", "24 are the limit"),
            ("acme_utils", "says nothing"),
            ("acme_mock", "is a mock"),
            ("async", "word of Rust"),
            ("std", "word of Rust"),
        ] {
            let refusal = Name::parse(text).unwrap_err().to_string();
            assert!(refusal.contains(why), "{text:?}: {refusal}");
        }
        assert!(Name::parse("a").is_ok() && Name::parse("abcdefghijkl_nopqrstuvwx").is_ok());
    }
}
