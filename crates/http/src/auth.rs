//! What proves who we are.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use component::{Fault, Result, Secret};
use credentials::{Asked, Authenticator, Proof};
use serde_json::{Map, Value};
use url::Url;

/// Credentials of every request, and the setting to blame when they are refused.
#[derive(Clone, Debug)]
pub struct Auth {
    pub(crate) kind: Kind,
    pub(crate) setting: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    None,
    Headers(Vec<(Cow<'static, str>, Secret)>),
    Bearer(Secret),
    Basic { encoded: Secret, password: Secret },
    Query(Cow<'static, str>, Secret),
    Credential(Authenticator),
}

/// What one request is sent with.
pub(crate) struct Signed {
    pub(crate) url: Url,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Bytes>,
    /// What to blame when it is refused.
    pub(crate) proof: Option<Proof>,
}

/// Shorter values are not worth hiding: they would blank out half of an excerpt.
const MIN_SECRET_LEN: usize = 4;

impl Auth {
    /// No credentials.
    pub fn none() -> Self {
        Self { kind: Kind::None, setting: "authentication" }
    }

    /// Credentials in headers.
    pub fn headers(
        setting: &'static str,
        headers: Vec<(impl Into<Cow<'static, str>>, Secret)>,
    ) -> Self {
        let headers = headers.into_iter().map(|(name, value)| (name.into(), value));
        Self { kind: Kind::Headers(headers.collect()), setting }
    }

    /// `Authorization: Bearer TOKEN`.
    pub fn bearer(setting: &'static str, token: Secret) -> Self {
        Self { kind: Kind::Bearer(token), setting }
    }

    /// `Authorization: Basic`.
    pub fn basic(setting: &'static str, username: &Secret, password: Secret) -> Self {
        let encoded = STANDARD.encode(format!("{}:{}", username.expose(), password.expose()));
        Self { kind: Kind::Basic { encoded: Secret::new(encoded), password }, setting }
    }

    /// A key in the query, for vendors that know no better.
    pub fn query(setting: &'static str, name: impl Into<Cow<'static, str>>, key: Secret) -> Self {
        Self { kind: Kind::Query(name.into(), key), setting }
    }

    /// A credential that is renewed: signed requests, OAuth, sessions.
    pub fn credential(setting: &'static str, credential: Authenticator) -> Self {
        Self { kind: Kind::Credential(credential), setting }
    }

    /// What a request is sent with. Waits for a token where there is none that will do.
    pub(crate) async fn signed(
        &self,
        method: &str,
        mut url: Url,
        body: Option<&Bytes>,
    ) -> Result<Signed> {
        let Kind::Credential(credential) = &self.kind else {
            self.sign(&mut url);
            let headers = self.header_values().into_iter();
            let headers = headers.map(|(name, value)| (name.to_owned(), value)).collect();
            return Ok(Signed { url, headers, body: body.cloned(), proof: None });
        };
        let asked = Asked { method, url: &url, body: body.map_or(&[], |body| body) };
        let proof = credential.prove(asked).await.map_err(|error| error.fault(self.setting))?;
        for (name, value) in &proof.query {
            url.query_pairs_mut().append_pair(name, value.expose());
        }
        let body = if proof.body.is_empty() { body.cloned() } else { Some(joined(body, &proof)?) };
        let pair = |(name, value): &(Cow<'static, str>, Secret)| {
            ((**name).to_owned(), value.expose().to_owned())
        };
        let headers = proof.headers.iter().map(pair).collect();
        Ok(Signed { url, headers, body, proof: Some(proof) })
    }

    /// The vendor refused what this proved: whether another attempt is worth making.
    pub(crate) async fn renewed(&self, proof: Option<&Proof>) -> bool {
        match (&self.kind, proof) {
            (Kind::Credential(credential), Some(proof)) => credential.refused(proof).await.is_ok(),
            _ => false,
        }
    }

    /// The headers to send, with their values.
    pub(crate) fn header_values(&self) -> Vec<(&str, String)> {
        match &self.kind {
            Kind::None | Kind::Query(..) | Kind::Credential(_) => Vec::new(),
            Kind::Headers(headers) => {
                headers.iter().map(|(name, value)| (&**name, value.expose().to_owned())).collect()
            }
            Kind::Basic { encoded, .. } => {
                vec![("authorization", format!("Basic {}", encoded.expose()))]
            }
            Kind::Bearer(token) => vec![("authorization", format!("Bearer {}", token.expose()))],
        }
    }

    /// Puts a key where it belongs when that is the query.
    pub(crate) fn sign(&self, url: &mut Url) {
        if let Kind::Query(name, key) = &self.kind {
            url.query_pairs_mut().append_pair(name, key.expose());
        }
    }

    /// Replaces every secret in a text that people will read.
    pub(crate) fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.secrets() {
            if secret.len() >= MIN_SECRET_LEN {
                text = text.replace(secret, "***");
            }
        }
        match &self.kind {
            Kind::Credential(credential) => credential.redact(&text),
            _ => text,
        }
    }

    pub(crate) fn secrets(&self) -> Vec<&str> {
        match &self.kind {
            Kind::None => Vec::new(),
            Kind::Headers(headers) => headers.iter().map(|(_, value)| value.expose()).collect(),
            Kind::Bearer(secret) | Kind::Query(_, secret) => vec![secret.expose()],
            Kind::Basic { encoded, password } => vec![encoded.expose(), password.expose()],
            Kind::Credential(credential) => {
                credential.method().secrets().into_iter().map(Secret::expose).collect()
            }
        }
    }
}

/// A JSON object with what proves the request among its fields.
fn joined(body: Option<&Bytes>, proof: &Proof) -> Result<Bytes> {
    let refused = |_| Fault::fatal("a key in the body goes into a JSON object only");
    let mut object: Map<String, Value> = match body {
        Some(body) => serde_json::from_slice(body).map_err(refused)?,
        None => Map::new(),
    };
    for (name, value) in &proof.body {
        object.insert(name.to_string(), Value::String(value.expose().to_owned()));
    }
    Ok(Value::Object(object).to_string().into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn secrets_are_hidden_wherever_a_vendor_repeats_them() {
        let auth = Auth::headers(
            "authentication.credentials.api_key",
            vec![("x-key", Secret::new("PK12345")), ("x-tiny", Secret::new("a"))],
        );
        assert_eq!(auth.redact("bad key PK12345 (a)"), "bad key *** (a)");
        assert!(!format!("{auth:?}").contains("PK12345"));
    }

    #[test]
    fn a_name_and_a_password_are_sent_together_and_both_forms_are_hidden() {
        let auth = Auth::basic("key", &Secret::new("Aladdin"), Secret::new("open sesame"));
        let sent = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==".to_owned(); // RFC 7617, 2
        assert_eq!(auth.header_values(), [("authorization", sent.clone())]);
        assert_eq!(auth.redact(&format!("{sent} open sesame")), "Basic *** ***");
    }

    #[test]
    fn a_key_in_the_query_is_encoded() {
        let auth = Auth::query("authentication.credentials.api_key", "apikey", Secret::new("a&b"));
        let mut url = Url::parse("https://vendor.test/query?symbol=IBM").unwrap();
        auth.sign(&mut url);
        assert_eq!(url.as_str(), "https://vendor.test/query?symbol=IBM&apikey=a%26b");
    }
}
