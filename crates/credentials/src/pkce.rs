//! Proof that who redeems a code is who asked for it: RFC 7636.

use component::Secret;
use ring::digest;

use crate::{Result, text};

/// A verifier, kept until the code is redeemed, and its challenge, sent ahead.
#[derive(Clone, Debug)]
pub struct Pkce {
    /// Sent with the code.
    pub verifier: Secret,
}

/// Bytes of a verifier: RFC 7636, 4.1, recommends 32.
const VERIFIER_BYTES: usize = 32;

impl Pkce {
    /// A new one.
    pub fn new() -> Result<Self> {
        Ok(Self { verifier: Secret::new(text::random(VERIFIER_BYTES)?) })
    }

    /// What is sent ahead, by the method `S256`.
    pub fn challenge(&self) -> String {
        let hash = digest::digest(&digest::SHA256, self.verifier.expose().as_bytes());
        text::base64url(hash.as_ref())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636() {
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"); // appendix B
        let challenge = Pkce { verifier }.challenge();
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_ne!(Pkce::new().unwrap().challenge(), Pkce::new().unwrap().challenge());
        assert_eq!(Pkce::new().unwrap().verifier.expose().len(), 43);
    }
}
