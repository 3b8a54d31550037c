//! What proves who we are.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use component::Secret;
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

    /// The headers to send, with their values.
    pub(crate) fn header_values(&self) -> Vec<(&str, String)> {
        match &self.kind {
            Kind::None | Kind::Query(..) => Vec::new(),
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
        text
    }

    pub(crate) fn secrets(&self) -> Vec<&str> {
        match &self.kind {
            Kind::None => Vec::new(),
            Kind::Headers(headers) => headers.iter().map(|(_, value)| value.expose()).collect(),
            Kind::Bearer(secret) | Kind::Query(_, secret) => vec![secret.expose()],
            Kind::Basic { encoded, password } => vec![encoded.expose(), password.expose()],
        }
    }
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
