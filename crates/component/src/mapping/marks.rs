//! How somebody writes numbers.

use std::borrow::Cow;

use model::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;

/// Digits between two marks of a group.
const GROUP: usize = 3;

/// The marks in a number, such as the point and the commas of `1,234.50`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Before the decimals.
    pub decimal: char,
    /// Between groups of three digits, where there are groups.
    pub group: Option<char>,
}

impl Default for Marks {
    fn default() -> Self {
        Self { decimal: '.', group: None }
    }
}

impl Marks {
    /// The number as we write it. A mark where none can be is refused, because `1.5` means
    /// something else to somebody who groups digits by points.
    pub fn plain<'a>(&self, text: &'a str) -> Result<Cow<'a, str>, String> {
        let text = text.trim();
        if *self == Self::default() {
            return Ok(Cow::Borrowed(text));
        }
        let wrong = || format!("{text:?} is not a number with the mark {:?}", self.decimal);
        let (whole, decimals) = match text.split_once(self.decimal) {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (text, None),
        };
        let (sign, digits) = match whole.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", whole),
        };
        let mut groups: Vec<&str> = match self.group {
            Some(mark) => digits.split(mark).collect(),
            None => vec![digits],
        };
        let first = groups.remove(0);
        let is_first = groups.is_empty() || (1..=GROUP).contains(&first.len());
        if !is_first || groups.iter().any(|group| group.len() != GROUP) {
            return Err(wrong());
        }
        let all = || groups.iter().copied().chain([first]).chain(decimals);
        if all().any(|part| !part.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(wrong());
        }
        let decimals = decimals.map(|decimals| format!(".{decimals}")).unwrap_or_default();
        Ok(Cow::Owned(format!("{sign}{first}{}{decimals}", groups.concat())))
    }

    /// A number that is written as we write it, with these marks.
    pub fn marked(&self, plain: &str) -> String {
        let (whole, decimals) = match plain.split_once('.') {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (plain, None),
        };
        let digits = whole.trim_start_matches('-');
        let mut marked = whole[..whole.len() - digits.len()].to_owned();
        for (at, digit) in digits.char_indices() {
            let is_between = at > 0 && (digits.len() - at).is_multiple_of(GROUP);
            if let Some(mark) = self.group.filter(|_| is_between) {
                marked.push(mark);
            }
            marked.push(digit);
        }
        if let Some(decimals) = decimals {
            marked.push(self.decimal);
            marked.push_str(decimals);
        }
        marked
    }
}

/// What a number counts, where that is a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Hundredths, with or without a `%` behind them.
    Percent,
    /// Hundredths of a hundredth, with or without `bp` or `bps` behind them.
    BasisPoints,
}

impl Unit {
    /// The number without the word for its unit.
    pub(super) fn bare(self, text: &str) -> &str {
        let words: &[&str] = match self {
            Self::Percent => &["%"],
            Self::BasisPoints => &["bps", "bp"],
        };
        let bare = words.iter().find_map(|word| text.trim().strip_suffix(word));
        bare.unwrap_or(text).trim()
    }

    /// What one of it is.
    pub(super) fn one(self) -> Decimal {
        match self {
            Self::Percent => Decimal::new(1, 2),
            Self::BasisPoints => Decimal::new(1, 4),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn check(decimal: char, group: Option<char>, text: &str, expected: Option<&str>) {
        let read = Marks { decimal, group }.plain(text).ok();
        assert_eq!(read.as_deref(), expected, "{text}");
    }

    #[test]
    fn groups_have_three_digits() {
        check('.', None, "1.50", Some("1.50"));
        check(',', Some('.'), "1.234.567,50", Some("1234567.50"));
        check(',', Some('.'), "-1.234,5", Some("-1234.5"));
        check(',', Some('.'), "1234,5", Some("1234.5"));
        check('.', Some(','), "1,234", Some("1234"));
        check(',', Some('.'), "1.5", None);
        check(',', None, "1.5", None);
        check(',', Some('.'), "1.234.56", None);
        check(',', Some('.'), "1,5,0", None);
        check(',', Some('.'), "abc", None);
    }

    #[test]
    fn what_is_marked_is_read_again() {
        for (group, plain, expected) in [
            (Some('.'), "-1234567.50", "-1.234.567,50"),
            (Some('.'), "123", "123"),
            (Some('\''), "1000", "1'000"),
            (None, "-1234.5", "-1234,5"),
        ] {
            let marks = Marks { decimal: ',', group };
            assert_eq!(marks.marked(plain), expected);
            assert_eq!(marks.plain(expected).unwrap(), plain);
        }
    }
}
