//! The second factor that an application on a phone shows: RFC 6238.

use component::Secret;
use model::Timestamp;

use crate::hmac::Hash;
use crate::{Error, Result};

/// A second factor by time.
#[derive(Clone, Debug)]
pub struct Totp {
    key: Secret,
    bytes: Secret,
    hash: Hash,
    digits: u32,
    step_secs: i64,
}

const DIGITS: std::ops::RangeInclusive<u32> = 6..=8;

impl Totp {
    /// The usual one: SHA-1, six digits, a new one every 30 seconds. `key` is in base 32, as the
    /// vendor shows it beside the picture to scan.
    pub fn new(key: Secret) -> Result<Self> {
        Self::with(key, Hash::Sha1, 6, 30)
    }

    /// One of another hash, length or pace.
    pub fn with(key: Secret, hash: Hash, digits: u32, step_secs: i64) -> Result<Self> {
        if !DIGITS.contains(&digits) || step_secs < 1 {
            let why = format!("a code of {digits} digits every {step_secs} s is none that exists");
            return Err(Error::Setting(why));
        }
        // Held as hexadecimal digits: a secret is text.
        let bytes = base32(key.expose()).ok_or_else(|| {
            Error::Setting("the key of a second factor is not in base 32".to_owned())
        })?;
        Ok(Self { key, bytes: Secret::new(hex::encode(bytes)), hash, digits, step_secs })
    }

    /// The code of this moment.
    pub fn code(&self, now: Timestamp) -> Secret {
        self.at(now.0.div_euclid(1_000_000_000).div_euclid(self.step_secs))
    }

    fn at(&self, step: i64) -> Secret {
        let key = hex::decode(self.bytes.expose()).unwrap_or_default();
        let hash = self.hash.sign(&key, &step.to_be_bytes());
        // RFC 4226, 5.3: the last half byte says where the four bytes are taken from.
        let offset = usize::from(hash.last().copied().unwrap_or_default() & 0xf);
        let taken = hash.iter().skip(offset).take(4);
        let number = taken.fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        let code = (number & 0x7fff_ffff) % 10_u32.pow(self.digits);
        Secret::new(format!("{code:0width$}", width = self.digits as usize))
    }

    pub(crate) fn secrets(&self) -> [&Secret; 1] {
        [&self.key]
    }
}

/// RFC 4648, 6; blanks, hyphens, small letters and missing padding are how people write it.
fn base32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for c in text.trim_end_matches('=').chars().filter(|c| !matches!(c, ' ' | '-')) {
        let value = match c.to_ascii_uppercase() {
            c @ 'A'..='Z' => u32::from(c) - u32::from('A'),
            c @ '2'..='7' => u32::from(c) - u32::from('2') + 26,
            _ => return None,
        };
        held = held << 5 | value;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// RFC 6238, appendix B. The seeds are ASCII digits, repeated to the length of the hash.
    #[test]
    fn codes_are_those_of_rfc_6238() {
        let sha1 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let sha256 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA";
        let sha512 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
                      GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA";
        let times =
            [59, 1_111_111_109, 1_111_111_111, 1_234_567_890, 2_000_000_000, 20_000_000_000];
        let check = |key: &str, hash: Hash, codes: [&str; 6]| {
            let totp = Totp::with(Secret::new(key), hash, 8, 30).unwrap();
            for (time, code) in times.iter().zip(codes) {
                // The last time is after all that nanoseconds in an `i64` can say.
                assert_eq!(totp.at(time / 30).expose(), code, "{hash:?} at {time}");
            }
        };
        let codes = ["94287082", "07081804", "14050471", "89005924", "69279037", "65353130"];
        check(sha1, Hash::Sha1, codes);
        let codes = ["46119246", "68084774", "67062674", "91819424", "90698825", "77737706"];
        check(sha256, Hash::Sha256, codes);
        let codes = ["90693936", "25091201", "99943326", "93441116", "38618901", "47863826"];
        check(sha512, Hash::Sha512, codes);
        let six = Totp::new(Secret::new(sha1)).unwrap();
        assert_eq!(six.code(Timestamp::from_secs(59)).expose(), "287082");
    }

    #[test]
    fn keys_are_read_as_people_write_them() {
        assert_eq!(base32("MZXW6YTBOI======").unwrap(), b"foobar"); // RFC 4648, 10
        assert_eq!(base32("mzxw 6ytb-oi").unwrap(), b"foobar");
        assert!(Totp::new(Secret::new("not base 32!")).is_err());
        assert!(Totp::new(Secret::new("")).is_err());
    }
}
