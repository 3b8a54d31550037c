//! Tokens that we sign ourselves: RFC 7515 and RFC 7519.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use component::{Secret, nanos};
use model::Timestamp;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::hmac::Hash;
use crate::{Error, Result, text};

/// A key to sign with.
#[derive(Clone)]
pub struct SigningKey {
    kind: Arc<Kind>,
    key_id: Option<String>,
}

enum Kind {
    Hs256(Secret),
    Rs256(Box<RsaKeyPair>),
    Es256(Box<EcdsaKeyPair>),
    EdDsa(Ed25519KeyPair),
}

/// A JSON Web Key, RFC 7517; the names are the standard's.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crv: String,
    #[serde(flatten)]
    numbers: Map<String, Value>,
}

impl SigningKey {
    /// A shared key of these bytes.
    pub fn shared(key: &[u8]) -> Self {
        // Held as hexadecimal digits: a secret is text.
        Self::of(Kind::Hs256(Secret::new(hex::encode(key))), None)
    }

    /// A private key as vendors and tools hand it out: PEM (PKCS#8, or PKCS#1 for RSA) or JWK.
    pub fn read(key: &Secret) -> Result<Self> {
        let text = key.expose().trim();
        if text.starts_with('{') { Self::jwk(text) } else { Self::pem(text) }
    }

    /// The same with the name that the vendor knows its public half by.
    #[must_use]
    pub fn named(self, key_id: &str) -> Self {
        Self { key_id: Some(key_id.to_owned()), ..self }
    }

    fn of(kind: Kind, key_id: Option<String>) -> Self {
        Self { kind: Arc::new(kind), key_id }
    }

    fn pem(text: &str) -> Result<Self> {
        let wrong = || Error::Setting("the private key is neither PEM nor JWK".to_owned());
        let inside = text.strip_prefix("-----BEGIN ").ok_or_else(wrong)?;
        let (label, inside) = inside.split_once("-----").ok_or_else(wrong)?;
        let (inside, _) = inside.split_once("-----END ").ok_or_else(wrong)?;
        let der = text::from_base64(inside).ok_or_else(wrong)?;
        let kind = match label {
            "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der).ok().map(|key| Kind::Rs256(key.into())),
            "PRIVATE KEY" => pkcs8(&der),
            _ => None,
        };
        let kind = kind.ok_or_else(|| {
            let why =
                format!("the {label:?} of a PEM is no RSA, P-256 or Ed25519 key in the clear");
            Error::Setting(why)
        })?;
        Ok(Self::of(kind, None))
    }

    fn jwk(text: &str) -> Result<Self> {
        // Serde's own message could quote the key.
        let jwk: Jwk = serde_json::from_str(text)
            .map_err(|_| Error::Setting("the private key is no JWK".to_owned()))?;
        let number = |name: &str| {
            let text = jwk.numbers.get(name).and_then(Value::as_str);
            let missing = || Error::Setting(format!("the JWK has no usable {name:?}"));
            text.and_then(text::from_base64url).ok_or_else(missing)
        };
        let refused = |_| Error::Setting(format!("the JWK is no valid {} key", jwk.kty));
        let kind = match (jwk.kty.as_str(), jwk.crv.as_str()) {
            ("oct", _) => Kind::Hs256(Secret::new(hex::encode(number("k")?))),
            ("RSA", _) => {
                let components = KeyPairComponents {
                    public_key: PublicKeyComponents { n: number("n")?, e: number("e")? },
                    d: number("d")?,
                    p: number("p")?,
                    q: number("q")?,
                    dP: number("dp")?,
                    dQ: number("dq")?,
                    qInv: number("qi")?,
                };
                Kind::Rs256(RsaKeyPair::from_components(&components).map_err(refused)?.into())
            }
            ("EC", "P-256") => {
                let public = [&[4][..], &number("x")?, &number("y")?].concat();
                let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let (key, random) = (number("d")?, SystemRandom::new());
                let pair = EcdsaKeyPair::from_private_key_and_public_key;
                Kind::Es256(pair(algorithm, &key, &public, &random).map_err(refused)?.into())
            }
            ("OKP", "Ed25519") => {
                let pair = Ed25519KeyPair::from_seed_and_public_key;
                Kind::EdDsa(pair(&number("d")?, &number("x")?).map_err(refused)?)
            }
            (kty, crv) => {
                let why = format!("cannot sign with a JWK of kty {kty:?} and crv {crv:?}");
                return Err(Error::Setting(why));
            }
        };
        Ok(Self::of(kind, jwk.kid.clone()))
    }

    fn algorithm(&self) -> &'static str {
        match &*self.kind {
            Kind::Hs256(_) => "HS256",
            Kind::Rs256(_) => "RS256",
            Kind::Es256(_) => "ES256",
            Kind::EdDsa(_) => "EdDSA",
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let failed = |_| Error::Setting("the private key does not sign".to_owned());
        let random = SystemRandom::new();
        match &*self.kind {
            Kind::Hs256(key) => {
                Ok(Hash::Sha256.sign(&hex::decode(key.expose()).unwrap_or_default(), message))
            }
            Kind::Rs256(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Kind::Es256(key) => {
                key.sign(&random, message).map(|s| s.as_ref().to_vec()).map_err(failed)
            }
            Kind::EdDsa(key) => Ok(key.sign(message).as_ref().to_vec()),
        }
    }

    /// A token with these claims. Headers other than `alg` and `kid` are the caller's.
    pub fn token(&self, mut header: Map<String, Value>, claims: &Value) -> Result<Secret> {
        header.insert("alg".to_owned(), json!(self.algorithm()));
        if let Some(key_id) = &self.key_id {
            header.insert("kid".to_owned(), json!(key_id));
        }
        self.compact(&Value::Object(header).to_string(), &claims.to_string())
    }

    fn compact(&self, header: &str, payload: &str) -> Result<Secret> {
        let encode = |text: &str| text::base64url(text.as_bytes());
        let signed = format!("{}.{}", encode(header), encode(payload));
        let signature = self.sign(signed.as_bytes())?;
        Ok(Secret::new(format!("{signed}.{}", text::base64url(&signature))))
    }
}

fn pkcs8(der: &[u8]) -> Option<Kind> {
    if let Ok(key) = RsaKeyPair::from_pkcs8(der) {
        return Some(Kind::Rs256(key.into()));
    }
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    if let Ok(key) = EcdsaKeyPair::from_pkcs8(algorithm, der, &SystemRandom::new()) {
        return Some(Kind::Es256(key.into()));
    }
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().map(Kind::EdDsa)
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, ***)", self.algorithm())
    }
}

/// A token that we sign for every request, or for as long as it lives.
#[derive(Clone, Debug)]
pub struct Jwt {
    /// The key.
    pub key: SigningKey,
    /// Claims that are always the same, such as `iss`, `sub`, `aud`.
    pub claims: Map<String, Value>,
    /// How long a token is good for.
    pub lives: Duration,
    /// How far `nbf` and `iat` stand before now, for vendors whose clock is behind.
    pub skew: Duration,
    /// Claims that say what the token is for: `method`, `path`, `host`.
    pub binds_request: bool,
}

impl Jwt {
    /// A token of this moment. Each has an id of its own, `jti`.
    pub fn token(&self, asked: Option<(&str, &url::Url)>, now: Timestamp) -> Result<Secret> {
        let secs = |time: Timestamp| time.0.div_euclid(1_000_000_000);
        let mut claims = self.claims.clone();
        let since = secs(now.plus_nanos(-nanos(self.skew)));
        claims.insert("iat".to_owned(), json!(since));
        claims.insert("nbf".to_owned(), json!(since));
        claims.insert("exp".to_owned(), json!(secs(now.plus_nanos(nanos(self.lives)))));
        claims.insert("jti".to_owned(), json!(text::random(16)?));
        if let Some((method, url)) = asked.filter(|_| self.binds_request) {
            claims.insert("method".to_owned(), json!(method));
            claims.insert("path".to_owned(), json!(url.path()));
            claims.insert("host".to_owned(), json!(url.host_str()));
        }
        let header = Map::from_iter([("typ".to_owned(), json!("JWT"))]);
        self.key.token(header, &Value::Object(claims))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    /// RFC 7515, appendix A; the same claims as in RFC 7519, 3.1.
    const PAYLOAD: &str =
        "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

    fn key(jwk: &str) -> SigningKey {
        SigningKey::read(&Secret::new(jwk)).unwrap()
    }

    #[test]
    fn a_shared_key_signs_as_in_rfc_7515_a_1() {
        let key = key(
            r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
        );
        let token = key.compact("{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}", PAYLOAD).unwrap();
        assert_eq!(
            token.expose(),
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
             eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
             dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        );
    }

    #[test]
    fn an_rsa_key_signs_as_in_rfc_7515_a_2() {
        let key = key(include_str!("../fixtures/rfc7515-a2.jwk.json"));
        let token = key.compact("{\"alg\":\"RS256\"}", PAYLOAD).unwrap();
        assert_eq!(
            token.expose().rsplit_once('.').unwrap().1,
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7\
             AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4\
             BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K\
             0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv\
             hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB\
             p0igcN_IoypGlUPQGe77Rw"
        );
    }

    #[test]
    fn an_elliptic_key_signs_what_its_public_half_of_rfc_7515_a_3_accepts() {
        let (x, y) = (
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        );
        let d = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "d": d});
        let token = key(&jwk.to_string()).compact("{\"alg\":\"ES256\"}", PAYLOAD).unwrap();
        let (signed, signature) = token.expose().rsplit_once('.').unwrap();
        let decode = |text: &str| text::from_base64url(text).unwrap();
        let public = [&[4][..], &decode(x), &decode(y)].concat();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public);
        public.verify(signed.as_bytes(), &decode(signature)).unwrap();
    }

    #[test]
    fn an_edwards_key_signs_as_in_rfc_8037_a_4() {
        let key = key(r#"{"kty":"OKP","crv":"Ed25519",
            "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#);
        let token = key.compact("{\"alg\":\"EdDSA\"}", "Example of Ed25519 signing").unwrap();
        assert_eq!(
            token.expose(),
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
             hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
    }

    #[test]
    fn a_token_says_when_it_ends_and_what_it_is_for() {
        let jwt = Jwt {
            key: SigningKey::shared(b"key").named("k1"),
            claims: Map::from_iter([("iss".to_owned(), json!("me"))]),
            lives: Duration::from_secs(25),
            skew: Duration::from_secs(5),
            binds_request: true,
        };
        let url = url::Url::parse("https://vendor.test/eap/x?y=1").unwrap();
        let token = jwt.token(Some(("GET", &url)), Timestamp::from_secs(1_000)).unwrap();
        let mut parts = token.expose().split('.').map(|part| text::from_base64url(part).unwrap());
        let header: Value = serde_json::from_slice(&parts.next().unwrap()).unwrap();
        assert_eq!(header, json!({"alg": "HS256", "kid": "k1", "typ": "JWT"}));
        let mut claims: Value = serde_json::from_slice(&parts.next().unwrap()).unwrap();
        let id = claims.as_object_mut().unwrap().remove("jti").unwrap();
        assert_eq!(id.as_str().unwrap().len(), 22);
        let expected = json!({"iss": "me", "iat": 995, "nbf": 995, "exp": 1025,
            "method": "GET", "path": "/eap/x", "host": "vendor.test"});
        assert_eq!(claims, expected);
    }

    #[test]
    fn a_key_that_is_none_is_refused_without_being_quoted() {
        for text in [
            "hunter2",
            "{\"kty\":\"hunter2",
            "{\"kty\":\"RSA\",\"n\":\"hunter2\"}",
            "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----",
        ] {
            let error = SigningKey::read(&Secret::new(text)).unwrap_err().to_string();
            assert!(!error.contains("hunter2") && !error.contains("aHVud"), "{error}");
        }
    }
}
