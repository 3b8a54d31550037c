//! Logins with a name and a password that are answered with a token, and where the vendor asks
//! for it, with a second factor.

use std::borrow::Cow;
use std::time::Duration;

use component::{Secret, nanos};
use model::Timestamp;
use serde_json::{Map, Value};
use url::Url;

use crate::token::Tokens;
use crate::transport::{Exchange, Reply};
use crate::{Error, Result, Totp};

/// A login that is answered with a token.
#[derive(Clone, Debug)]
pub struct Session {
    /// Where to log in.
    pub login_url: Url,
    /// The fields of the login.
    pub fields: Vec<(String, Secret)>,
    /// The field of the second factor, and what makes it.
    pub second_factor: Option<(String, Totp)>,
    /// Where the token is in the answer: names joined by dots.
    pub token: String,
    /// How long a session lasts.
    pub lives: Duration,
    /// The header that carries the token.
    pub header: Cow<'static, str>,
    /// What stands before the token in the header, for example `Bearer `.
    pub before: Cow<'static, str>,
}

impl Session {
    pub(crate) fn begin(&self, now: Timestamp) -> Exchange {
        let text = |secret: &Secret| Value::String(secret.expose().to_owned());
        let mut body: Map<_, _> =
            self.fields.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        if let Some((field, totp)) = &self.second_factor {
            body.insert(field.clone(), text(&totp.code(now)));
        }
        Exchange::json(self.login_url.clone(), &Value::Object(body))
    }

    pub(crate) fn granted(&self, name: &str, reply: &Reply, now: Timestamp) -> Result<Tokens> {
        let what = "the login";
        match reply.status {
            200..300 => {}
            400 | 401 | 403 => {
                let reason = format!("{what} was answered {}", reply.status);
                return Err(Error::Refused { name: name.to_owned(), reason });
            }
            _ => return Err(reply.unclear(what)),
        }
        let answer: Option<Value> = serde_json::from_str(reply.body.expose()).ok();
        let path = self.token.split('.');
        let found = path.fold(answer.as_ref(), |value, key| value.and_then(|value| value.get(key)));
        let token = found.and_then(Value::as_str).filter(|token| !token.is_empty());
        let access = token.map(Secret::new).ok_or_else(|| {
            Error::Unreachable(format!("{what} was answered without {:?}", self.token))
        })?;
        let expires = Some(now.plus_nanos(nanos(self.lives)));
        Ok(Tokens { access, secret: None, refresh: None, expires, renewed: now, granted: now })
    }

    pub(crate) fn secrets(&self) -> Vec<&Secret> {
        let factor = self.second_factor.iter().flat_map(|(_, totp)| totp.secrets());
        self.fields.iter().map(|(_, value)| value).chain(factor).collect()
    }
}
