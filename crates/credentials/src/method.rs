//! The ways of proving who we are, as values.

use std::borrow::Cow;

use component::Secret;
use model::Timestamp;
use url::Url;

use crate::token::Tokens;
use crate::transport::{Exchange, Reply};
use crate::{Hmac, Jwt, OAuth1, OAuth2, Result, Session, SigV4, text};

/// A way of proving who we are.
#[derive(Clone, Debug)]
pub enum Method {
    /// A key, sent as it is.
    ApiKey {
        /// Where it goes.
        place: Place,
        /// What it is called there.
        name: Cow<'static, str>,
        /// The key.
        key: Secret,
    },
    /// A name and a password, as `Authorization: Basic`.
    Basic {
        /// The name.
        username: Secret,
        /// The password.
        password: Secret,
    },
    /// A signature with a shared key.
    Hmac(Box<Hmac>),
    /// A signature as AWS wants it.
    SigV4(Box<SigV4>),
    /// A token that we sign ourselves, as `Authorization: Bearer`.
    Jwt(Box<Jwt>),
    /// OAuth 1.0a.
    OAuth1(Box<OAuth1>),
    /// OAuth 2.
    OAuth2(Box<OAuth2>),
    /// A login that is answered with a token.
    Session(Box<Session>),
    /// Nothing on the wire: a program beside us, such as a Trader Workstation, holds the login, and
    /// a person has to renew it.
    Gateway,
}

/// Where a key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A header.
    Header,
    /// The query.
    Query,
    /// The body, beside what is asked.
    Body,
}

/// A request that is about to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// `GET`, `POST`, ...
    pub method: &'a str,
    /// The whole URL.
    pub url: &'a Url,
    /// The body.
    pub body: &'a [u8],
}

/// What a request needs to prove who we are.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// Headers to send.
    pub headers: Vec<(Cow<'static, str>, Secret)>,
    /// Parameters to add to the query.
    pub query: Vec<(Cow<'static, str>, Secret)>,
    /// Fields to add to the body.
    pub body: Vec<(Cow<'static, str>, Secret)>,
    /// The token in it.
    token: Option<Secret>,
    /// Which token of several, to tell a refusal of this one from a refusal of an older one.
    pub(crate) generation: u64,
}

impl Proof {
    pub(crate) fn header(&mut self, name: impl Into<Cow<'static, str>>, value: Secret) {
        self.headers.push((name.into(), value));
    }

    fn bearer(token: &Secret) -> Self {
        let mut proof = Self::default();
        proof.header("authorization", Secret::new(format!("Bearer {}", token.expose())));
        proof
    }

    /// Everything in it that nobody may see.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let pairs = self.headers.iter().chain(&self.query).chain(&self.body);
        pairs.map(|(_, value)| value).chain(&self.token)
    }
}

impl Method {
    /// Whether requests carry something that the vendor granted and may take back.
    pub(crate) fn has_tokens(&self) -> bool {
        matches!(self, Self::OAuth1(_) | Self::OAuth2(_) | Self::Session(_))
    }

    /// Whether a person has to log in.
    pub fn needs_person(&self) -> bool {
        match self {
            Self::OAuth1(_) | Self::Gateway => true,
            Self::OAuth2(oauth2) => oauth2.needs_person(),
            _ => false,
        }
    }

    /// The proof for one request.
    pub(crate) fn prove(
        &self,
        asked: &Asked<'_>,
        tokens: Option<&Tokens>,
        now: Timestamp,
    ) -> Result<Proof> {
        let mut proof = match (self, tokens) {
            (Self::ApiKey { place, name, key }, _) => {
                let mut proof = Proof::default();
                let pairs = match place {
                    Place::Header => &mut proof.headers,
                    Place::Query => &mut proof.query,
                    Place::Body => &mut proof.body,
                };
                pairs.push((name.clone(), key.clone()));
                proof
            }
            (Self::Basic { username, password }, _) => {
                let both = format!("{}:{}", username.expose(), password.expose());
                let mut proof = Proof::default();
                let basic = format!("Basic {}", text::base64(both.as_bytes()));
                proof.header("authorization", Secret::new(basic));
                proof
            }
            (Self::Hmac(hmac), _) => hmac.prove(asked, now),
            (Self::SigV4(key), _) => key.prove(asked, now),
            (Self::Jwt(jwt), _) => Proof::bearer(&jwt.token(Some((asked.method, asked.url)), now)?),
            (Self::OAuth1(oauth1), Some(tokens)) => {
                oauth1.prove(asked.method, asked.url, tokens, now)?
            }
            (Self::OAuth2(_), Some(tokens)) => Proof::bearer(&tokens.access),
            (Self::Session(session), Some(tokens)) => {
                let mut proof = Proof::default();
                let value = format!("{}{}", session.before, tokens.access.expose());
                proof.header(session.header.clone(), Secret::new(value));
                proof
            }
            (Self::Gateway | Self::OAuth1(_) | Self::OAuth2(_) | Self::Session(_), _) => {
                Proof::default()
            }
        };
        proof.token = tokens.map(|tokens| tokens.access.clone());
        Ok(proof)
    }

    /// Asks for tokens without anything to renew, where no person is needed for it.
    pub(crate) fn begin(&self, now: Timestamp) -> Option<Result<Exchange>> {
        match self {
            Self::OAuth2(oauth2) => oauth2.begin(now),
            Self::Session(session) => Some(Ok(session.begin(now))),
            _ => None,
        }
    }

    /// Asks for new tokens in exchange for these, where that is possible.
    pub(crate) fn renew(&self, tokens: &Tokens, now: Timestamp) -> Option<Result<Exchange>> {
        match self {
            Self::OAuth1(oauth1) => oauth1.renew(tokens, now),
            Self::OAuth2(oauth2) => {
                tokens.refresh.as_ref().map(|refresh| oauth2.renew(refresh, now))
            }
            _ => None,
        }
    }

    /// Gives tokens back, where that is possible.
    pub(crate) fn revoke(&self, tokens: &Tokens, now: Timestamp) -> Option<Result<Exchange>> {
        match self {
            Self::OAuth1(oauth1) => oauth1.revoke(tokens, now),
            Self::OAuth2(oauth2) => oauth2.revoke(tokens, now),
            _ => None,
        }
    }

    /// The tokens in the answer to [`Method::begin`] or, with what was renewed, [`Method::renew`].
    pub(crate) fn granted(
        &self,
        name: &str,
        reply: &Reply,
        before: Option<&Tokens>,
        now: Timestamp,
    ) -> Result<Tokens> {
        let what = if before.is_some() { "the renewal" } else { "the request for a token" };
        match (self, before) {
            (Self::OAuth1(oauth1), Some(before)) => oauth1.renewed(name, before, reply, now),
            (Self::OAuth2(oauth2), _) => oauth2.granted(name, what, reply, before, now),
            (Self::Session(session), _) => session.granted(name, reply, now),
            _ => Err(reply.unclear(what)),
        }
    }

    /// Everything in it that nobody may see.
    pub fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::ApiKey { key, .. } => vec![key],
            Self::Basic { password, .. } => vec![password],
            Self::Hmac(hmac) => vec![&hmac.key],
            Self::SigV4(key) => key.secrets(),
            Self::Jwt(_) | Self::Gateway => Vec::new(),
            Self::OAuth1(oauth1) => vec![&oauth1.consumer_secret],
            Self::OAuth2(oauth2) => oauth2.secrets(),
            Self::Session(session) => session.secrets(),
        }
    }
}
