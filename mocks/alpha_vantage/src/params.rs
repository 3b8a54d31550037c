//! What a request carries. Names are case-sensitive, as the vendor's are.

use jiff::civil::Date;
use url::form_urlencoded;

/// The pairs of the query, in their order.
#[derive(Clone, Debug, Default)]
pub struct Params(Vec<(String, String)>);

/// More parameters than any function has.
const MAX_PARAMS: usize = 100;

impl Params {
    pub fn parse(query: &str) -> Params {
        let pairs = form_urlencoded::parse(query.as_bytes()).take(MAX_PARAMS);
        Params(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// The first of this name, unless it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.0.iter().filter(move |(known, value)| known == name && !value.is_empty());
        pairs.map(|(_, value)| value.as_str())
    }

    /// All pairs, for the comparison with the documented examples.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A date as `2024-02-29`.
pub fn date(text: &str) -> Option<Date> {
    let shaped = text.len() == 10 && text.is_ascii();
    shaped.then(|| text.parse().ok()).flatten()
}

/// A month as `2009-01`, from 2000 on.
pub fn month(text: &str) -> Option<Date> {
    let first = (text.len() == 7).then(|| date(&format!("{text}-01"))).flatten()?;
    (first.year() >= 2000).then_some(first)
}
