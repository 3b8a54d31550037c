//! Messages of positional fields, each ended by NUL. Nothing in such a message says what a field
//! is: a table of layouts does, one message to a line, as
//!
//! ```text
//! @contract = conId symbol secType
//! 61 position version=3 account @contract position avgCost
//! ```
//!
//! - `name` is a field, `name=3` one that is written as 3 when nothing is said, `_` one of no use;
//! - `name<177` and `name>=176` are there for some versions of the protocol only;
//! - `name:8?other` are eight fields, there if `other` is not empty; `name:7>other`, if it is above
//!   zero; `name:5?other=A_B,C`, if it is `A B` or `C`;
//! - `name*8` is a count and as many rows of eight fields, `name*2?other` the same where there is
//!   an `other`, `name!3` a flag and three fields if it is set;
//! - `name#1=6,3=3+2` is a count and as many rows whose first field tells how many follow, and two
//!   fields if there is any row.
//!
//! A line that is indented goes on with the one before. What comes after the last field is of a
//! newer version and passed over; fields that are missing at the end are unset.

use std::collections::BTreeMap;

use component::{Bad, OrBad};
use model::{BadDecimal, Decimal, Text};

/// Values by the names of their fields.
pub type Values = BTreeMap<&'static str, Text>;

/// How a number is read from its text.
pub type Number = fn(&str) -> Result<Decimal, BadDecimal>;

/// The layouts of a protocol.
#[derive(Debug)]
pub struct Layouts {
    messages: BTreeMap<u32, (&'static str, Vec<Part>)>,
    is_unset: fn(&str) -> bool,
}

/// One piece of a layout.
#[derive(Clone, Debug)]
struct Part {
    name: &'static str,
    default: &'static str,
    condition: Option<(&'static str, Test)>,
    shape: Shape,
}

/// When fields are there.
#[derive(Clone, Debug)]
enum Test {
    Filled,
    Positive,
    Among(&'static str),
    Before(i32),
    Since(i32),
}

#[derive(Clone, Debug)]
enum Shape {
    Field,
    Fields(usize),
    Rows(usize),
    Flag(usize),
    /// The lengths of rows by their first fields, and what follows the last one.
    Tagged(&'static str, usize),
}

impl Layouts {
    /// Reads a table. `is_unset` tells which texts say nothing.
    pub fn parse(table: &'static str, is_unset: fn(&str) -> bool) -> Result<Self, String> {
        let mut lines: Vec<Vec<&'static str>> = Vec::new();
        for line in table.lines().filter(|line| !line.trim().is_empty()) {
            let words = line.split_ascii_whitespace();
            match lines.last_mut() {
                Some(last) if line.starts_with(' ') => last.extend(words),
                _ => lines.push(words.collect()),
            }
        }
        let mut shared: BTreeMap<&str, &[&'static str]> = BTreeMap::new();
        let mut messages = BTreeMap::new();
        for line in &lines {
            let [id, name, rest @ ..] = &line[..] else { return Err(format!("{line:?} is short")) };
            if id.starts_with('@') {
                shared.insert(id, rest);
                continue;
            }
            let mut parts = Vec::new();
            for word in rest {
                let words = shared.get(word).copied().unwrap_or(std::slice::from_ref(word));
                for word in words {
                    parts.push(part(word).ok_or_else(|| format!("{name}: {word:?} is no field"))?);
                }
            }
            let id = id.parse().map_err(|error| format!("{id:?}: {error}"))?;
            messages.insert(id, (*name, parts));
        }
        Ok(Self { messages, is_unset })
    }

    /// Reads a message; `None` if it is in no layout.
    pub fn read<'a>(&self, frame: &'a [u8], version: i32) -> Result<Option<Fields<'a>>, Bad> {
        let text = std::str::from_utf8(frame).or_bad("")?;
        let mut cursor = Cursor { text: text.strip_suffix('\0').unwrap_or(text), at: 0 };
        let id = cursor.next().unwrap_or_default();
        let id: u32 = id.parse().map_err(|_| Bad::new("", format!("no message begins {id:?}")))?;
        let Some((kind, parts)) = self.messages.get(&id) else { return Ok(None) };
        let values = Vec::with_capacity(parts.len());
        let mut fields = Fields { kind, values, is_unset: self.is_unset };
        for part in parts {
            if part.applies(|name| fields.text(name), self.is_unset, version)
                && let Some(value) = cursor.read(part)?
                && part.name != "_"
            {
                fields.values.push((part.name, value));
            }
        }
        Ok(Some(fields))
    }

    /// Writes a message; of what a value holds, a NUL would begin another field and is left out.
    pub fn write<'a>(
        &self,
        kind: &str,
        version: i32,
        value: impl Fn(&str) -> &'a str,
    ) -> Option<Vec<u8>> {
        let (id, (_, parts)) = self.messages.iter().find(|(_, (name, _))| *name == kind)?;
        let mut out = format!("{id}\0");
        for part in parts {
            if !part.applies(&value, self.is_unset, version) {
                continue;
            }
            let said = match value(part.name) {
                "" => part.default,
                said => said,
            };
            let width = if let Shape::Fields(width) = part.shape { width } else { 1 };
            match part.shape {
                Shape::Field => out.extend(said.chars().filter(|c| *c != '\0')),
                Shape::Fields(_) if said.is_empty() => out.extend(vec!['\0'; width - 1]),
                Shape::Fields(_) => out.push_str(said),
                Shape::Rows(_) | Shape::Flag(_) | Shape::Tagged(..) if said.is_empty() => {
                    out.push('0');
                }
                Shape::Rows(_) | Shape::Flag(_) | Shape::Tagged(..) => out.push_str(said),
            }
            out.push('\0');
        }
        Some(out.into_bytes())
    }

    /// Name of a plain field of a message.
    pub fn field(&self, kind: &str, name: &str) -> Option<&'static str> {
        let (_, parts) = self.messages.values().find(|(known, _)| *known == kind)?;
        let is_it = |part: &&Part| part.name == name && matches!(part.shape, Shape::Field);
        parts.iter().find(is_it).map(|part| part.name)
    }
}

/// One piece from its word.
fn part(word: &'static str) -> Option<Part> {
    let of = |name, shape| Part { name, default: "", condition: None, shape };
    if let Some((name, version)) = word.split_once(">=") {
        let condition = Some(("", Test::Since(version.parse().ok()?)));
        return Some(Part { condition, ..of(name, Shape::Field) });
    }
    if let Some((name, version)) = word.split_once('<') {
        let condition = Some(("", Test::Before(version.parse().ok()?)));
        return Some(Part { condition, ..of(name, Shape::Field) });
    }
    if let Some((name, rest)) = word.split_once('#') {
        let (lengths, after) = rest.split_once('+').unwrap_or((rest, "0"));
        return Some(of(name, Shape::Tagged(lengths, after.parse().ok()?)));
    }
    let (body, condition) = match word.split_once('?') {
        None => match word.split_once('>') {
            None => (word, None),
            Some((body, other)) => (body, Some((other, Test::Positive))),
        },
        Some((body, test)) => match test.split_once('=') {
            None => (body, Some((test, Test::Filled))),
            Some((other, among)) => (body, Some((other, Test::Among(among)))),
        },
    };
    let (name, shape, default) = if let Some((name, width)) = body.split_once(':') {
        (name, Shape::Fields(width.parse().ok().filter(|width| *width > 0)?), "")
    } else if let Some((name, width)) = body.split_once('*') {
        (name, Shape::Rows(width.parse().ok()?), "")
    } else if let Some((name, width)) = body.split_once('!') {
        (name, Shape::Flag(width.parse().ok()?), "")
    } else {
        let (name, default) = body.split_once('=').unwrap_or((body, ""));
        (name, Shape::Field, default)
    };
    Some(Part { default, condition, ..of(name, shape) })
}

impl Part {
    fn applies<'a>(
        &self,
        text: impl Fn(&str) -> &'a str,
        is_unset: fn(&str) -> bool,
        version: i32,
    ) -> bool {
        let Some((other, test)) = &self.condition else { return true };
        match test {
            Test::Before(limit) => version < *limit,
            Test::Since(limit) => version >= *limit,
            Test::Filled => !text(other).is_empty(),
            Test::Among(words) => {
                words.split(',').any(|word| text(other).bytes().eq(word.bytes().map(blank)))
            }
            Test::Positive => {
                let text = text(other);
                !is_unset(text) && model::money(text).is_ok_and(|value| value > Decimal::ZERO)
            }
        }
    }
}

/// Words of a layout have no blanks.
fn blank(byte: u8) -> u8 {
    if byte == b'_' { b' ' } else { byte }
}

/// Goes from field to field.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let end = rest.find('\0').unwrap_or(rest.len());
        self.at += end + 1;
        Some(&rest[..end])
    }

    fn pass(&mut self, count: usize) -> Option<()> {
        (0..count).try_for_each(|_| self.next().map(drop))
    }

    /// The text of one piece; nothing if the message ends before it.
    fn read(&mut self, part: &Part) -> Result<Option<&'a str>, Bad> {
        let start = self.at;
        let short = || Bad::new(part.name, "not everything that is announced is there");
        match part.shape {
            Shape::Field => return Ok(self.next()),
            Shape::Fields(width) => {
                if self.pass(width).is_none() {
                    return Ok(None);
                }
            }
            Shape::Flag(width) => {
                if self.next() == Some("1") {
                    self.pass(width).ok_or_else(short)?;
                }
            }
            Shape::Rows(width) => {
                let count = self.count(part.name)?;
                self.pass(count.saturating_mul(width)).ok_or_else(short)?;
            }
            Shape::Tagged(lengths, after) => {
                let count = self.count(part.name)?;
                for _ in 0..count {
                    let tag = self.next().ok_or_else(short)?;
                    let mut known = lengths.split(',').filter_map(|pair| pair.split_once('='));
                    let length = known.find(|(known, _)| *known == tag).map(|(_, length)| length);
                    let unknown = || Bad::new(part.name, format!("unknown kind {tag:?}"));
                    let length = length.and_then(|length| length.parse().ok());
                    self.pass(length.ok_or_else(unknown)?).ok_or_else(short)?;
                }
                self.pass(if count > 0 { after } else { 0 }).ok_or_else(short)?;
            }
        }
        Ok(self.text.get(start..self.at - 1))
    }

    /// How many rows follow: no more than there are bytes.
    fn count(&mut self, name: &str) -> Result<usize, Bad> {
        match self.next().unwrap_or_default() {
            "" => Ok(0),
            count => {
                let count: usize = count.parse().or_bad(name)?;
                let limit = self.text.len();
                let bad = || Bad::new(name, format!("{count} rows in {limit} bytes"));
                (count <= limit).then_some(count).ok_or_else(bad)
            }
        }
    }
}

/// The fields of a message, by name.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    /// Name of the message.
    pub kind: &'static str,
    values: Vec<(&'static str, &'a str)>,
    is_unset: fn(&str) -> bool,
}

impl<'a> Fields<'a> {
    /// Every field, in order.
    pub fn values(&self) -> &[(&'static str, &'a str)] {
        &self.values
    }

    /// A field as it stands; empty when it is not there.
    pub fn text(&self, name: &str) -> &'a str {
        self.values.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text)
    }

    /// Says what another message has told: a field that this one does not have, or leaves empty.
    pub fn complete(&mut self, name: &'static str, text: &'a str) {
        if self.value(name).is_none() {
            self.values.retain(|(known, _)| *known != name);
            self.values.push((name, text));
        }
    }

    /// A field that says something.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        Some(self.text(name)).filter(|text| !(self.is_unset)(text))
    }

    /// A number, if the field says one.
    pub fn decimal(&self, name: &str, read: Number) -> Result<Option<Decimal>, Bad> {
        self.value(name).map(|text| read(text).or_bad(name)).transpose()
    }

    /// A number that must be there.
    pub fn number(&self, name: &str, read: Number) -> Result<Decimal, Bad> {
        self.decimal(name, read)?.or_bad(name)
    }

    /// A whole number that must be there.
    pub fn int(&self, name: &str) -> Result<i64, Bad> {
        self.value(name).or_bad(name)?.parse().or_bad(name)
    }

    /// The rows of a list, of so many fields each.
    pub fn rows(&self, name: &str, width: usize) -> Vec<Vec<&'a str>> {
        let fields: Vec<&str> = self.text(name).split('\0').skip(1).collect();
        fields.chunks_exact(width).map(<[&str]>::to_vec).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TABLE: &str = "\
@pair = base term
7 thing version=2 @pair old<3 new>=3 kind _ more:2?kind
  peg:2?kind=PEG_A,B scale:1>term rows*2 tags*2?kind flag!2 list#1=2,x=0+1 last
8 empty
";

    fn layouts() -> Layouts {
        Layouts::parse(TABLE, |text| matches!(text, "" | "-9")).unwrap()
    }

    fn check(version: i32, text: &str, expected: &[(&str, &str)]) {
        let frame = text.replace('|', "\0");
        let fields = layouts().read(frame.as_bytes(), version).unwrap().unwrap();
        let found: Vec<_> =
            fields.values().iter().map(|(n, v)| (*n, v.replace('\0', "|"))).collect();
        let expected: Vec<_> = expected.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
        assert_eq!(found, expected, "{text}");
        // What was read is written the same way.
        let written = layouts().write("thing", version, |name| fields.text(name)).unwrap();
        let again = layouts().read(&written, version).unwrap().unwrap();
        for (name, value) in fields.values() {
            assert_eq!(again.text(name), *value, "{name} of {text}");
        }
    }

    #[test]
    fn fields_are_where_the_layout_says() {
        let plain = [("version", "2"), ("base", "a"), ("term", "0"), ("old", "o"), ("kind", "")];
        let none = [("rows", "0"), ("flag", "0"), ("list", "0"), ("last", "z")];
        check(2, "7|2|a|0|o||u|0|0|0|z|surplus|", &[&plain[..], &none].concat());
        check(
            3,
            "7|2|a|1|n|PEG A|u|1|2|3|4|5|2|a|b|c|d|1|t|v|1|f|g|2|1|p|q|x|end|z|",
            &[
                ("version", "2"),
                ("base", "a"),
                ("term", "1"),
                ("new", "n"),
                ("kind", "PEG A"),
                ("more", "1|2"),
                ("peg", "3|4"),
                ("scale", "5"),
                ("rows", "2|a|b|c|d"),
                ("tags", "1|t|v"),
                ("flag", "1|f|g"),
                ("list", "2|1|p|q|x|end"),
                ("last", "z"),
            ],
        );
        check(3, "7|2|a|-9|n|", &[("version", "2"), ("base", "a"), ("term", "-9"), ("new", "n")]);
    }

    #[test]
    fn what_is_announced_must_be_there() {
        for (text, field) in [
            ("7|2|a|0|o||u|3|x|", "rows"),
            ("7|2|a|0|o||u|99999999999|", "rows"),
            ("7|2|a|0|o||u|many|", "rows"),
            ("7|2|a|0|o||u|0|1|f|", "flag"),
            ("7|2|a|0|o||u|0|0|1|9|", "list"),
            ("7|2|a|0|o||u|0|0|1|x|", "list"),
            ("seven|", ""),
            ("|", ""),
        ] {
            let frame = text.replace('|', "\0");
            assert_eq!(layouts().read(frame.as_bytes(), 2).unwrap_err().field, field, "{text}");
        }
        assert!(layouts().read(b"9\0", 2).unwrap().is_none());
        assert!(layouts().read(b"\xff\0", 2).is_err());
    }

    #[test]
    fn writing_fills_in_what_is_usual_and_lets_no_value_begin_a_field() {
        let write = |value: fn(&str) -> &'static str| {
            let bytes = layouts().write("thing", 2, value).unwrap();
            String::from_utf8(bytes).unwrap().replace('\0', "|")
        };
        assert_eq!(write(|_| ""), "7|2||||||0|0|0||");
        assert_eq!(write(|name| if name == "base" { "a\0b" } else { "" }), "7|2|ab|||||0|0|0||");
        assert_eq!(layouts().write("empty", 2, |_| "").unwrap(), b"8\0");
        assert!(layouts().write("nothing", 2, |_| "").is_none());
        assert_eq!(layouts().field("thing", "kind"), Some("kind"));
        assert_eq!(layouts().field("thing", "rows"), None);
        assert!(Layouts::parse("1 a b:x", str::is_empty).is_err());
    }
}
