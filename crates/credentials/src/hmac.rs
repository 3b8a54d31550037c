//! Requests signed with a shared key. Every vendor signs something else, so what is signed and
//! how it is spelled are values.

use std::borrow::Cow;

use component::Secret;
use model::Timestamp;
use ring::{digest, hmac};

use crate::method::{Asked, Proof};
use crate::text;

/// A signature over parts of the request.
#[derive(Clone, Debug)]
pub struct Hmac {
    /// Names the key; goes into `key_header`.
    pub key_id: Secret,
    /// The key.
    pub key: Secret,
    /// The hash.
    pub hash: Hash,
    /// What is signed, one after the other.
    pub parts: Vec<Part>,
    /// What stands between the parts.
    pub between: Cow<'static, str>,
    /// How the signature is spelled.
    pub spelling: Spelling,
    /// The header of the key's name.
    pub key_header: Cow<'static, str>,
    /// The header of the signature.
    pub signature_header: Cow<'static, str>,
    /// The header of the time, in milliseconds since 1970, if there is one.
    pub time_header: Option<Cow<'static, str>>,
}

/// A hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1, for those who know no better.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// A part of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `GET`, `POST`, ...
    Method,
    /// The path of the URL.
    Path,
    /// The path, and the query after a `?` if there is one.
    PathAndQuery,
    /// The body as it is sent.
    Body,
    /// SHA-256 of the body, in hexadecimal digits.
    BodyHash,
    /// The time in milliseconds.
    Time,
    /// The name of the key.
    KeyId,
}

/// How a signature is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// Hexadecimal digits.
    Hex,
    /// Base64.
    Base64,
}

impl Hash {
    pub(crate) fn key(self, key: &[u8]) -> hmac::Key {
        let algorithm = match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        };
        hmac::Key::new(algorithm, key)
    }

    pub(crate) fn sign(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key(key), message).as_ref().to_vec()
    }
}

impl Hmac {
    pub(crate) fn prove(&self, asked: &Asked<'_>, now: Timestamp) -> Proof {
        let time = now.millis().to_string();
        let mut message = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                message.extend_from_slice(self.between.as_bytes());
            }
            self.write(*part, asked, &time, &mut message);
        }
        let signature = self.hash.sign(self.key.expose().as_bytes(), &message);
        let signature = match self.spelling {
            Spelling::Hex => hex::encode(signature),
            Spelling::Base64 => text::base64(&signature),
        };
        let mut proof = Proof::default();
        proof.header(self.key_header.clone(), self.key_id.clone());
        proof.header(self.signature_header.clone(), Secret::new(signature));
        if let Some(header) = &self.time_header {
            proof.header(header.clone(), Secret::new(time));
        }
        proof
    }

    fn write(&self, part: Part, asked: &Asked<'_>, time: &str, message: &mut Vec<u8>) {
        match part {
            Part::Method => message.extend_from_slice(asked.method.as_bytes()),
            Part::Path => message.extend_from_slice(asked.url.path().as_bytes()),
            Part::PathAndQuery => {
                message.extend_from_slice(asked.url.path().as_bytes());
                if let Some(query) = asked.url.query() {
                    message.push(b'?');
                    message.extend_from_slice(query.as_bytes());
                }
            }
            Part::Body => message.extend_from_slice(asked.body),
            Part::BodyHash => {
                let hash = digest::digest(&digest::SHA256, asked.body);
                message.extend_from_slice(hex::encode(hash.as_ref()).as_bytes());
            }
            Part::Time => message.extend_from_slice(time.as_bytes()),
            Part::KeyId => message.extend_from_slice(self.key_id.expose().as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use url::Url;

    use super::*;

    #[test]
    fn the_hashes_are_those_of_rfc_2202_and_4231() {
        let check = |hash: Hash, expected: &str| {
            let signature = hash.sign(b"Jefe", b"what do ya want for nothing?");
            assert_eq!(hex::encode(signature), expected);
        };
        check(Hash::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        let sha256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        check(Hash::Sha256, sha256);
        let sha512 = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
                      9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";
        check(Hash::Sha512, sha512);
    }

    #[test]
    fn what_is_signed_and_how_it_is_spelled_are_values() {
        let url = Url::parse("https://vendor.test/v1/orders?side=buy").unwrap();
        let asked = Asked { method: "POST", url: &url, body: b"{}" };
        let hmac = Hmac {
            key_id: Secret::new("id"),
            key: Secret::new("key"),
            hash: Hash::Sha256,
            parts: vec![Part::Time, Part::Method, Part::PathAndQuery, Part::Body],
            between: "".into(),
            spelling: Spelling::Hex,
            key_header: "x-key".into(),
            signature_header: "x-signature".into(),
            time_header: Some("x-time".into()),
        };
        let proof = hmac.prove(&asked, Timestamp::from_millis(1_700_000_000_123));
        let sent = proof.headers.iter().map(|(name, value)| (&**name, value.expose()));
        let sent: Vec<_> = sent.collect();
        let signed = Hash::Sha256.sign(b"key", b"1700000000123POST/v1/orders?side=buy{}");
        let signed = hex::encode(signed);
        assert_eq!(sent, [("x-key", "id"), ("x-signature", &signed), ("x-time", "1700000000123")]);
    }
}
