//! Hostile input made of real input: what vendors send, damaged in every way that we can think of.
//!
//! There is no coverage to steer by, so the damage is aware of structure: JSON is changed value by
//! value, not only byte by byte. Every case follows from its number, and a case that panics or
//! takes too long is printed with its number and its bytes.

mod dice;
mod json;
mod target;

pub use dice::Dice;
pub use json::{Damage, Node};
pub use target::{corpus, fixtures, hammer, hammer_some};

/// Changes some bytes of an input: flips, cuts, repeats, swaps, inserts.
pub fn bytes(dice: &mut Dice, input: &[u8]) -> Vec<u8> {
    let mut out = input.to_vec();
    for _ in 0..1 + dice.below(4) {
        let at = dice.below(out.len() + 1);
        let end = (at + dice.below(40)).min(out.len());
        match dice.below(9) {
            0 => out.truncate(at),
            1 if at < out.len() => out[at] ^= 1 << dice.below(8),
            2 if at < out.len() => out[at] = dice.below(256) as u8,
            3 => drop(out.drain(at..end)),
            4 => {
                let piece = out[at..end].to_vec();
                let times = 1 + dice.below(50);
                out.splice(at..at, piece.repeat(times));
            }
            5 => drop(out.splice(at..at, dice.pick(SPLINTERS).iter().copied())),
            6 => {
                let count = 1 + dice.below(16);
                let noise: Vec<u8> = (0..count).map(|_| dice.below(256) as u8).collect();
                out.splice(at..at, noise);
            }
            7 => out.reverse(),
            _ => {
                let other = dice.below(out.len() + 1);
                let (from, to) = (at.min(other), at.max(other));
                out[from..to].rotate_left((to - from) / 2);
            }
        }
    }
    out
}

/// Pieces that parsers stumble over.
const SPLINTERS: &[&[u8]] = &[
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x92\xa9",
    b"-",
    b"1e400",
    b"99999999999999999999999999999999",
    b"-9223372036854775808",
    b"2147483648",
    b"0.00000000000000000000000000000001",
    b"NaN",
    b"null",
    b"\"",
    b"\\",
    b"\\u0000",
    b"{",
    b"]",
    b",,",
    b"\r\n",
    b"${HOME}",
    b"&a *a",
    b"<<: *x",
    b"!!binary ",
    b"\t",
];
