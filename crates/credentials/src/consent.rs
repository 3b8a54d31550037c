//! A login by a person: in a browser here, on another machine, or on a phone.

use std::time::Duration;

use component::Secret;
use model::Timestamp;
use serde_json::Value;
use url::Url;

use crate::oauth1::Temporary;
use crate::oauth2::{Grant, no};
use crate::pkce::Pkce;
use crate::token::{after, seconds};
use crate::{Authenticator, Error, Method, OAuth2, Result, Tokens, text};

/// A login that waits for a person.
#[derive(Clone, Debug)]
pub struct Consent {
    /// The page to open.
    pub url: Url,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Code {
        redirect_url: String,
        state: String,
        pkce: Option<Pkce>,
    },
    Legs(Temporary),
    Device(DeviceCode),
    /// The login is made elsewhere; a person says that it was.
    Attested,
}

/// What a person types on another device.
#[derive(Clone, Debug)]
pub struct DeviceCode {
    /// The code for the person.
    pub user_code: String,
    /// When it ends.
    pub ends: Timestamp,
    /// How long to wait between two questions.
    pub interval: Duration,
    device_code: Secret,
}

/// The answer to one question of the device grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polled {
    /// The person has not decided: ask again after this long.
    Wait(Duration),
    /// The login is made and kept.
    Done,
}

const STATE_BYTES: usize = 16;
/// RFC 8628, 3.2: where the vendor does not say.
const INTERVAL_SECS: i64 = 5;
/// RFC 8628, 3.5: what "slow down" adds.
const SLOWER: Duration = Duration::from_secs(5);

impl Consent {
    /// What a person types on another device, where that is the way.
    pub fn device(&self) -> Option<&DeviceCode> {
        match &self.kind {
            Kind::Device(code) => Some(code),
            _ => None,
        }
    }

    /// Whether the person only has to say that they have logged in elsewhere.
    pub fn is_attested(&self) -> bool {
        matches!(self.kind, Kind::Attested)
    }

    /// Where the person is sent afterwards, for those who can listen there.
    pub fn redirect_url(&self) -> Option<Url> {
        match &self.kind {
            Kind::Code { redirect_url, .. } => redirect_url.parse().ok(),
            _ => None,
        }
    }
}

/// Begins a login. Credentials that need no person say so.
pub async fn consent(credential: &Authenticator) -> Result<Consent> {
    let now = credential.clock().now();
    match credential.method() {
        Method::OAuth1(oauth1) => {
            let reply = credential.send(oauth1.ask(now)?).await?;
            let temporary = oauth1.asked(credential.name(), &reply)?;
            Ok(Consent { url: oauth1.login_url(&temporary)?, kind: Kind::Legs(temporary) })
        }
        Method::OAuth2(oauth2) => match &oauth2.grant {
            Grant::Code { redirect_url, pkce, .. } => {
                let state = text::random(STATE_BYTES)?;
                let pkce = pkce.then(Pkce::new).transpose()?;
                let url =
                    oauth2.login_url(&state, pkce.as_ref()).ok_or_else(|| none(credential))?;
                let redirect_url = redirect_url.clone();
                Ok(Consent { url, kind: Kind::Code { redirect_url, state, pkce } })
            }
            Grant::Device { device_url } => device(credential, oauth2, device_url).await,
            Grant::ClientCredentials | Grant::Password { .. } => Err(none(credential)),
        },
        Method::Gateway => {
            let url = "about:blank".parse();
            let url = url.map_err(|error| Error::Setting(format!("no page: {error}")))?;
            Ok(Consent { url, kind: Kind::Attested })
        }
        _ => Err(none(credential)),
    }
}

fn none(credential: &Authenticator) -> Error {
    Error::Setting(format!("credential {:?} needs no person to log in", credential.name()))
}

async fn device(credential: &Authenticator, oauth2: &OAuth2, device_url: &Url) -> Result<Consent> {
    let now = credential.clock().now();
    let reply = credential.send(oauth2.device(device_url, now)?).await?;
    if let Some(no) = no(&reply, None) {
        let reason = format!("the request for a device code was refused: {}", no.error);
        return Err(Error::Refused { name: credential.name().to_owned(), reason });
    }
    let answer: Option<Value> = serde_json::from_str(reply.body.expose()).ok();
    let text = |key: &str| {
        let text = answer.as_ref()?.get(key)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    let secs = |key: &str| answer.as_ref()?.get(key).and_then(seconds);
    let page = text("verification_uri_complete").or_else(|| text("verification_uri"));
    let page = page.and_then(|page| page.parse().ok());
    match (text("device_code"), text("user_code"), page, secs("expires_in")) {
        (Some(device_code), Some(user_code), Some(url), Some(lives)) => {
            let interval = secs("interval").unwrap_or(INTERVAL_SECS).max(1).unsigned_abs();
            let kind = Kind::Device(DeviceCode {
                user_code,
                ends: after(now, lives),
                interval: Duration::from_secs(interval),
                device_code: Secret::new(device_code),
            });
            Ok(Consent { url, kind })
        }
        _ => Err(reply.unclear("the request for a device code")),
    }
}

impl Authenticator {
    /// Ends a login with what the person was given: the URL they were sent to, or the bare code.
    pub async fn finish(&self, consent: &Consent, given: &str) -> Result<()> {
        let now = self.clock().now();
        let tokens = match (&consent.kind, self.method()) {
            (Kind::Code { redirect_url, state, pkce }, Method::OAuth2(oauth2)) => {
                let code = redirected(self.name(), given, "code", Some(state))?;
                let redeem = oauth2.redeem(&code, redirect_url, pkce.as_ref(), now)?;
                let reply = self.send(redeem).await?;
                oauth2.granted(self.name(), "the login", &reply, None, now)?
            }
            (Kind::Legs(temporary), Method::OAuth1(oauth1)) => {
                let verifier = redirected(self.name(), given, "oauth_verifier", None)?;
                let reply = self.send(oauth1.redeem(temporary, &verifier, now)?).await?;
                oauth1.redeemed(self.name(), &reply, now)?
            }
            (Kind::Attested, _) => Tokens {
                access: Secret::default(),
                secret: None,
                refresh: None,
                expires: None,
                renewed: now,
                granted: now,
            },
            _ => return Err(Error::Setting("this login is not ended with a code".to_owned())),
        };
        self.accept(tokens).await
    }

    /// Asks once whether the person has consented on their device.
    pub async fn poll(&self, consent: &mut Consent) -> Result<Polled> {
        let (Kind::Device(code), Method::OAuth2(oauth2)) = (&mut consent.kind, self.method())
        else {
            return Err(Error::Setting("this login is not made on a device".to_owned()));
        };
        let now = self.clock().now();
        if now >= code.ends {
            let reason = "the code for the device has ended; begin again".to_owned();
            return Err(Error::NeedsLogin { name: self.name().to_owned(), reason });
        }
        let reply = self.send(oauth2.poll(&code.device_code, now)?).await?;
        match no(&reply, None).as_ref().map(|no| no.error.as_str()) {
            Some("authorization_pending") => return Ok(Polled::Wait(code.interval)),
            Some("slow_down") => {
                code.interval += SLOWER;
                return Ok(Polled::Wait(code.interval));
            }
            _ => {}
        }
        let tokens = oauth2.granted(self.name(), "the login", &reply, None, now)?;
        self.accept(tokens).await?;
        Ok(Polled::Done)
    }
}

/// The code in what a person pasted: the whole URL they were sent to, its query, or the code.
pub fn redirected(name: &str, given: &str, key: &str, state: Option<&str>) -> Result<Secret> {
    let given = given.trim();
    let refused = |reason: String| Error::NeedsLogin { name: name.to_owned(), reason };
    let query = match given.split_once('?') {
        Some((_, query)) => query.split('#').next().unwrap_or_default(),
        None if given.contains(&format!("{key}=")) => given,
        None if given.is_empty() => return Err(refused("no code was given".to_owned())),
        None => return Ok(Secret::new(given)),
    };
    let pairs = text::form(query);
    let find = |key: &str| pairs.iter().find(|(other, _)| other == key).map(|(_, value)| value);
    if let Some(error) = find("error") {
        let words: String = error.chars().take(64).collect();
        return Err(refused(format!("the vendor sent {words:?} instead of a code")));
    }
    if let (Some(expected), Some(found)) = (state, find("state"))
        && expected != found
    {
        // Somebody else's login, perhaps: RFC 6749, 10.12.
        return Err(refused("the state in the URL is not that of this login".to_owned()));
    }
    let code = find(key).filter(|code| !code.is_empty());
    code.map(Secret::new).ok_or_else(|| refused(format!("there is no {key:?} in what was given")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_code_is_found_in_what_a_person_pastes() {
        let check = |given: &str, found: Option<&str>| {
            let code = redirected("x", given, "code", Some("s1"));
            assert_eq!(code.as_ref().ok().map(Secret::expose), found, "{given}");
        };
        let url = "https://127.0.0.1:8182/?code=C0.a%2Bb%40&session=9&state=s1";
        check(url, Some("C0.a+b@"));
        check(&format!("  {url}#fragment \n"), Some("C0.a+b@"));
        check("code=abc&state=s1", Some("abc"));
        check("abc", Some("abc"));
        check("https://127.0.0.1/?state=s1", None);
        check("https://127.0.0.1/?code=abc&state=other", None);
        check("https://127.0.0.1/?error=access_denied&state=s1", None);
        check("", None);
    }
}
