//! Messages of positional fields, as a socket could deliver them.

#![allow(clippy::unwrap_used)]

use fuzz::{Dice, bytes, fixtures, hammer};
use interactive_brokers::wire;

/// What fields are like when they are not what they should be.
const FIELDS: &[&str] = &[
    "",
    "-1",
    "0",
    "1",
    "99999999999",
    "2147483647",
    "9223372036854775807",
    "1.7976931348623157E308",
    "1e400",
    "NaN",
    "true",
    "A_B",
    "20240230 25:61:61",
    "\u{fffd}",
];

/// The messages of the server in the fixtures.
fn messages() -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    for (_, text) in fixtures("interactive_brokers", ".txt") {
        let text = String::from_utf8(text).unwrap();
        let said = text.lines().filter_map(|line| line.strip_prefix("S: "));
        messages.extend(said.map(|line| line.replace('|', "\0").into_bytes()));
    }
    assert!(messages.len() > 50, "only {} messages", messages.len());
    messages
}

fn spoil_fields(dice: &mut Dice, message: &[u8]) -> Vec<u8> {
    let mut fields: Vec<&[u8]> = message.split(|byte| *byte == 0).collect();
    for _ in 0..1 + dice.below(3) {
        let at = dice.below(fields.len());
        match dice.below(5) {
            _ if fields.is_empty() => break,
            0 => drop(fields.remove(at)),
            1 => fields.insert(at, fields[at]),
            2 => fields.truncate(at),
            _ => fields[at] = dice.pick(FIELDS).as_bytes(),
        }
    }
    fields.join(&0)
}

#[test]
fn fields() {
    let messages = messages();
    let make = |dice: &mut Dice| {
        let message = &messages[dice.below(messages.len())];
        let mut input = vec![dice.below(20) as u8];
        input.extend(match dice.below(2) {
            0 => bytes(dice, message),
            _ => spoil_fields(dice, message),
        });
        input
    };
    hammer("fields", make, |input| {
        let version = 160 + i32::from(input[0]);
        let Ok(Some(fields)) = wire::read(&input[1..], version) else { return Ok(()) };
        let mut size = 0;
        for (name, value) in fields.values() {
            size += value.len();
            drop(fields.decimal(name, model::price));
            drop(fields.number(name, model::quantity));
            drop(fields.int(name));
            drop(fields.rows(name, 1 + value.len() % 9));
        }
        // A field cannot hold more than the message does.
        let most = input.len() * fields.values().len().max(1);
        if size > most { Err(format!("{size} bytes of {}", input.len())) } else { Ok(()) }
    });
}
