//! JSON as a tree that can hold what JSON forbids: keys twice, broken numbers, broken text.

use serde_json::Value;

use crate::Dice;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Anything that has nothing below it, as it is written.
    Raw(Vec<u8>),
    /// An array.
    List(Vec<Node>),
    /// An object, whose keys may repeat.
    Object(Vec<(String, Node)>),
}

/// How a value is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// What comes out is JSON still: each row can be told from the next.
    Valid,
    /// What comes out may be anything.
    Any,
}

impl Node {
    /// The tree of a text; none if it is no JSON.
    pub fn parse(text: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Value>(text).ok().map(|value| Self::of(&value))
    }

    fn of(value: &Value) -> Self {
        match value {
            Value::Array(list) => Self::List(list.iter().map(Self::of).collect()),
            Value::Object(map) => Self::Object(
                map.iter().map(|(key, value)| (key.clone(), Self::of(value))).collect(),
            ),
            other => Self::Raw(other.to_string().into_bytes()),
        }
    }

    /// As text, or as what would be text if it were right.
    pub fn render(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Raw(text) => out.extend_from_slice(text),
            Self::List(list) => {
                out.push(b'[');
                for (index, node) in list.iter().enumerate() {
                    out.extend_from_slice(if index == 0 { b"" } else { b"," });
                    node.write(out);
                }
                out.push(b']');
            }
            Self::Object(members) => {
                out.push(b'{');
                for (index, (key, node)) in members.iter().enumerate() {
                    out.extend_from_slice(if index == 0 { b"" } else { b"," });
                    out.extend_from_slice(Value::from(key.as_str()).to_string().as_bytes());
                    out.push(b':');
                    node.write(out);
                }
                out.push(b'}');
            }
        }
    }

    fn count(&self) -> usize {
        1 + match self {
            Self::Raw(_) => 0,
            Self::List(list) => list.iter().map(Self::count).sum(),
            Self::Object(members) => members.iter().map(|(_, node)| node.count()).sum(),
        }
    }

    /// The node with this number, counting from the top.
    fn find(&mut self, mut number: usize) -> Option<&mut Self> {
        if number == 0 {
            return Some(self);
        }
        number -= 1;
        let children: Vec<&mut Self> = match self {
            Self::Raw(_) => Vec::new(),
            Self::List(list) => list.iter_mut().collect(),
            Self::Object(members) => members.iter_mut().map(|(_, node)| node).collect(),
        };
        for child in children {
            let size = child.count();
            if number < size {
                return child.find(number);
            }
            number -= size;
        }
        None
    }

    /// Damages a few values, wherever they are.
    pub fn damage(&mut self, dice: &mut Dice, damage: Damage) {
        for _ in 0..1 + dice.below(4) {
            let number = dice.below(self.count());
            if let Some(node) = self.find(number) {
                node.spoil(dice, damage);
            }
        }
    }

    fn spoil(&mut self, dice: &mut Dice, damage: Damage) {
        match self {
            Self::List(list) if dice.below(3) > 0 => spoil_list(list, dice),
            Self::Object(members) if dice.below(4) > 0 => spoil_object(members, dice),
            Self::Raw(text) if dice.below(3) == 0 => spoil_text(text),
            _ => *self = strange(dice, damage),
        }
    }
}

fn spoil_list(list: &mut Vec<Node>, dice: &mut Dice) {
    let at = dice.below(list.len());
    match dice.below(4) {
        _ if list.is_empty() => list.push(Node::Raw(b"null".to_vec())),
        0 => drop(list.remove(at)),
        1 => {
            let again = vec![list[at].clone(); 1 + dice.below(300)];
            list.splice(at..at, again);
        }
        2 => list.reverse(),
        _ => list.truncate(at),
    }
}

fn spoil_object(members: &mut Vec<(String, Node)>, dice: &mut Dice) {
    let at = dice.below(members.len());
    match dice.below(5) {
        _ if members.is_empty() => members.push(("x".to_owned(), Node::Raw(b"1".to_vec()))),
        0 => drop(members.remove(at)),
        1 => {
            let (key, node) = members[at].clone();
            members.push((key, node));
        }
        2 => members[at].0 = String::new(),
        3 => members[at].0.push('\u{0}'),
        _ => {
            let other = dice.below(members.len());
            let node = members[other].1.clone();
            members[at].1 = node;
        }
    }
}

/// A number becomes a text and a text becomes what stands in it.
fn spoil_text(text: &mut Vec<u8>) {
    let is_text = text.len() >= 2 && text.starts_with(b"\"");
    let inside = if is_text { text[1..text.len() - 1].to_vec() } else { Vec::new() };
    let is_number = serde_json::from_slice::<serde_json::Number>(&inside).is_ok();
    if is_number {
        *text = inside;
    } else if is_text {
        text.insert(1, b' ');
    } else {
        text.insert(0, b'"');
        text.push(b'"');
    }
}

fn strange(dice: &mut Dice, damage: Damage) -> Node {
    let raw = |text: &str| Node::Raw(text.as_bytes().to_vec());
    match dice.below(if damage == Damage::Any { 9 } else { 7 }) {
        0 => raw(dice.pick(NUMBERS)),
        1 => raw(dice.pick(TEXTS)),
        2 => raw("null"),
        3 => Node::List(Vec::new()),
        4 => Node::Object(Vec::new()),
        5 => raw(&format!("\"{}\"", "A".repeat(1 << dice.below(17)))),
        6 => {
            let depth = 1 << dice.below(7);
            raw(&("[".repeat(depth) + &"]".repeat(depth)))
        }
        7 => {
            let depth = 1 << dice.below(17);
            raw(&dice.pick(&["[", "{\"a\":"]).repeat(depth))
        }
        _ => Node::Raw(dice.pick(BROKEN).to_vec()),
    }
}

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1e400",
    "1e-400",
    "-1e308",
    "0.1234567890123456789012345678901234567890",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "12345678901234567890123456789012345678901234567890",
    "253402300800000",
    "1.7976931348623157e308",
    "79228162514264337593543950335",
    "2147483647",
    "1E2",
    "true",
];

const TEXTS: &[&str] = &[
    "\"\"",
    "\" \"",
    "\"NaN\"",
    "\"-Infinity\"",
    "\"1e400\"",
    "\"1,234.5\"",
    "\"0x10\"",
    "\"9999-99-99T99:99:99Z\"",
    "\"0000-00-00\"",
    "\"2024-02-30\"",
    "\"1677-09-21T00:12:43Z\"",
    "\"2262-04-12T00:00:00Z\"",
    "\"292277026596-12-04T15:30:08Z\"",
    "\"2024-01-01T00:00:00+99:99\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "\"../../etc/passwd\"",
    "\"=cmd|' /C calc'!A0\"",
    "\"\u{202e}LPAA\"",
    "\"79228162514264337593543950336\"",
    "\"-5\"",
    "\"a|b|c\"",
    "\"${HOME}\"",
];

const BROKEN: &[&[u8]] = &[
    b"",
    b"nul",
    b"\"",
    b"\"\xff\xfe\"",
    b"\"\xed\xa0\x80\"",
    b"01",
    b"1.",
    b".5",
    b"+1",
    b"NaN",
    b"Infinity",
    b"'a'",
    b"\"\\x\"",
    b"\"\x01\"",
    b"{\"a\" 1}",
    b"[1,]",
    b"// nothing",
];
