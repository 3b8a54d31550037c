//! OAuth 2: RFC 6749, with rotating refresh tokens, the device grant (RFC 8628), and clients that
//! prove themselves with a signed token (RFC 7523).

use std::time::Duration;

use component::{Secret, nanos};
use model::Timestamp;
use serde_json::{Map, Value, json};
use url::Url;

use crate::pkce::Pkce;
use crate::token::{Tokens, after, seconds};
use crate::transport::{Exchange, Reply};
use crate::{Error, Result, SigningKey, text};

/// An application and what it is granted.
#[derive(Clone, Debug)]
pub struct OAuth2 {
    /// Where tokens are granted.
    pub token_url: Url,
    /// The application.
    pub client_id: String,
    /// What proves the application.
    pub proof: ClientProof,
    /// What is asked for.
    pub scope: Option<String>,
    /// On whose word.
    pub grant: Grant,
    /// Where a token is given back, if there is such a place.
    pub revoke_url: Option<Url>,
}

/// What proves an application.
#[derive(Clone, Debug)]
pub enum ClientProof {
    /// Nothing: a program that cannot keep a secret.
    Nothing,
    /// Its secret, as `Authorization: Basic`.
    Basic(Secret),
    /// Its secret, in the form.
    Form(Secret),
    /// A token signed with its private key.
    Key {
        /// The key.
        key: SigningKey,
        /// Whom the token is for.
        audience: String,
        /// How long it is good for.
        lives: Duration,
    },
}

/// On whose word tokens are granted.
#[derive(Clone, Debug)]
pub enum Grant {
    /// The application's own.
    ClientCredentials,
    /// An account whose password we are given.
    Password {
        /// Its name.
        username: Secret,
        /// Its password.
        password: Secret,
    },
    /// A person's, in a browser.
    Code {
        /// Where they consent.
        authorize_url: Url,
        /// Where they are sent with the code.
        redirect_url: String,
        /// Whether the code is bound to us by PKCE.
        pkce: bool,
    },
    /// A person's, on another device.
    Device {
        /// Where a code for them is had.
        device_url: Url,
    },
}

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Characters of a vendor's explanation that are kept.
const MAX_WORDS: usize = 200;

/// A no in the words of RFC 6749, 5.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct No {
    pub(crate) error: String,
    words: String,
}

impl OAuth2 {
    /// Whether a person has to consent, and so has to consent again one day.
    pub(crate) fn needs_person(&self) -> bool {
        matches!(self.grant, Grant::Code { .. } | Grant::Device { .. })
    }

    pub(crate) fn secrets(&self) -> Vec<&Secret> {
        let mut secrets = match &self.proof {
            ClientProof::Basic(secret) | ClientProof::Form(secret) => vec![secret],
            ClientProof::Nothing | ClientProof::Key { .. } => Vec::new(),
        };
        if let Grant::Password { password, .. } = &self.grant {
            secrets.push(password);
        }
        secrets
    }

    /// Tokens without a person and without a refresh token, where that is possible.
    pub(crate) fn begin(&self, now: Timestamp) -> Option<Result<Exchange>> {
        let mut pairs = match &self.grant {
            Grant::ClientCredentials => vec![("grant_type", "client_credentials")],
            Grant::Password { username, password } => vec![
                ("grant_type", "password"),
                ("username", username.expose()),
                ("password", password.expose()),
            ],
            Grant::Code { .. } | Grant::Device { .. } => return None,
        };
        pairs.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        Some(self.post(&self.token_url, &pairs, now))
    }

    pub(crate) fn renew(&self, refresh: &Secret, now: Timestamp) -> Result<Exchange> {
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", refresh.expose())];
        self.post(&self.token_url, &pairs, now)
    }

    pub(crate) fn revoke(&self, tokens: &Tokens, now: Timestamp) -> Option<Result<Exchange>> {
        let (token, hint) = match &tokens.refresh {
            Some(refresh) => (refresh, "refresh_token"),
            None => (&tokens.access, "access_token"),
        };
        let pairs = [("token", token.expose()), ("token_type_hint", hint)]; // RFC 7009, 2.1
        self.revoke_url.as_ref().map(|url| self.post(url, &pairs, now))
    }

    /// Where a person consents.
    pub(crate) fn login_url(&self, state: &str, pkce: Option<&Pkce>) -> Option<Url> {
        let Grant::Code { authorize_url, redirect_url, .. } = &self.grant else { return None };
        let mut url = authorize_url.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", redirect_url)
            .append_pair("state", state);
        if let Some(scope) = &self.scope {
            query.append_pair("scope", scope);
        }
        if let Some(pkce) = pkce {
            query.append_pair("code_challenge", &pkce.challenge());
            query.append_pair("code_challenge_method", "S256");
        }
        drop(query);
        Some(url)
    }

    pub(crate) fn redeem(
        &self,
        code: &Secret,
        redirect_url: &str,
        pkce: Option<&Pkce>,
        now: Timestamp,
    ) -> Result<Exchange> {
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", redirect_url),
        ];
        pairs.extend(pkce.map(|pkce| ("code_verifier", pkce.verifier.expose())));
        self.post(&self.token_url, &pairs, now)
    }

    pub(crate) fn device(&self, device_url: &Url, now: Timestamp) -> Result<Exchange> {
        let scope = self.scope.as_deref().map(|scope| ("scope", scope));
        self.post(device_url, scope.as_slice(), now)
    }

    pub(crate) fn poll(&self, device_code: &Secret, now: Timestamp) -> Result<Exchange> {
        let pairs = [("grant_type", DEVICE_GRANT), ("device_code", device_code.expose())];
        self.post(&self.token_url, &pairs, now)
    }

    fn post(&self, url: &Url, pairs: &[(&str, &str)], now: Timestamp) -> Result<Exchange> {
        let mut pairs = pairs.to_vec();
        let assertion;
        let mut header = None;
        match &self.proof {
            ClientProof::Nothing => pairs.push(("client_id", &self.client_id)),
            ClientProof::Form(secret) => {
                pairs.push(("client_id", &self.client_id));
                pairs.push(("client_secret", secret.expose()));
            }
            ClientProof::Basic(secret) => {
                // RFC 6749, 2.3.1 would encode both as in a form first; the vendors do not.
                let both = format!("{}:{}", self.client_id, secret.expose());
                let basic = format!("Basic {}", text::base64(both.as_bytes()));
                header = Some(("authorization", Secret::new(basic)));
            }
            ClientProof::Key { key, audience, lives } => {
                assertion = self.assertion(key, audience, *lives, now)?;
                pairs.push(("client_id", &self.client_id));
                pairs.push(("client_assertion_type", JWT_BEARER));
                pairs.push(("client_assertion", assertion.expose()));
            }
        }
        let mut exchange = Exchange::form(url.clone(), &pairs);
        exchange.headers.extend(header);
        Ok(exchange)
    }

    fn assertion(
        &self,
        key: &SigningKey,
        audience: &str,
        lives: Duration,
        now: Timestamp,
    ) -> Result<Secret> {
        let secs = |time: Timestamp| time.0.div_euclid(1_000_000_000);
        let claims = json!({
            "iss": self.client_id, "sub": self.client_id, "aud": audience,
            "iat": secs(now), "nbf": secs(now) - 5,
            "exp": secs(now.plus_nanos(nanos(lives))), "jti": text::random(16)?,
        });
        key.token(Map::from_iter([("typ".to_owned(), json!("JWT"))]), &claims)
    }

    /// The tokens of an answer. `before` is what was renewed: its refresh token stays where the
    /// answer has none, and its consent is not prolonged.
    pub(crate) fn granted(
        &self,
        name: &str,
        what: &str,
        reply: &Reply,
        before: Option<&Tokens>,
        now: Timestamp,
    ) -> Result<Tokens> {
        if let Some(no) = no(reply, before) {
            return Err(self.refused(name, what, &no));
        }
        if !(200..300).contains(&reply.status) {
            return Err(reply.unclear(what));
        }
        let unreadable = || Error::Unreachable(format!("{what} was answered without a token"));
        let answer: Value = serde_json::from_str(reply.body.expose()).map_err(|_| unreadable())?;
        let text = |key: &str| {
            let text = answer.get(key).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(Secret::new)
        };
        let kept = || before.and_then(|before| before.refresh.clone());
        Ok(Tokens {
            access: text("access_token").ok_or_else(unreadable)?,
            secret: None,
            refresh: text("refresh_token").or_else(kept),
            expires: answer.get("expires_in").and_then(seconds).map(|secs| after(now, secs)),
            renewed: now,
            granted: before.map_or(now, |before| before.granted),
        })
    }

    fn refused(&self, name: &str, what: &str, no: &No) -> Error {
        let name = name.to_owned();
        let No { error, words } = no;
        let colon = if words.is_empty() { "" } else { ": " };
        let reason = format!("{what} was refused: {error}{colon}{words}");
        match error.as_str() {
            "slow_down" | "temporarily_unavailable" => {
                Error::Throttled { wait: Duration::from_secs(5), reason }
            }
            "server_error" => Error::Unreachable(reason),
            "invalid_grant"
            | "access_denied"
            | "expired_token"
            | "interaction_required"
            | "login_required"
            | "consent_required"
                if self.needs_person() =>
            {
                Error::NeedsLogin { name, reason }
            }
            // Some call a dead refresh token a wrong application; only their words tell.
            _ if self.needs_person() && speaks_of_refresh(words) => {
                Error::NeedsLogin { name, reason }
            }
            _ => Error::Refused { name, reason },
        }
    }
}

fn speaks_of_refresh(words: &str) -> bool {
    let words = words.to_lowercase();
    words.contains("refresh token") || words.contains("refresh_token")
}

/// The no in an answer, whatever its status.
pub(crate) fn no(reply: &Reply, before: Option<&Tokens>) -> Option<No> {
    let answer: Value = serde_json::from_str(reply.body.expose()).ok()?;
    let error = answer.get("error").and_then(Value::as_str)?.to_owned();
    let words = answer.get("error_description").and_then(Value::as_str).unwrap_or_default();
    let mut words: String = words.chars().take(MAX_WORDS).collect();
    let secrets =
        before.into_iter().flat_map(|before| [Some(&before.access), before.refresh.as_ref()]);
    for secret in secrets.flatten() {
        words = words.replace(secret.expose(), "***");
    }
    Some(No { error, words })
}
