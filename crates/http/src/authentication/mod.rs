//! Every way of proving who we are, as a topology says it: `authentication: { type: oauth2, ... }`.
//!
//! `settings` is what a user writes of each; `method` what it means. The type is named beside its
//! settings, as in the users' own files; that each mistake keeps its line and column is the work
//! of the schema, which has one closed alternative for each type.

mod method;
mod settings;

use std::sync::Arc;

use component::{Fault, Host, Result};
use credentials::{Authenticator, Drawer, Life, Method};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use settings::{
    ApiKeySettings, BasicSettings, BearerSettings, HmacSettings, JwtSettings, NoSettings,
    OAuth1Settings, OAuth2Settings, SessionSettings,
};

use crate::{Auth, Tokens};

/// What a user reads about the type.
const TYPES: &str = "How: none, api_key, bearer, basic, hmac, jwt, oauth1, oauth2 or session. Each \
                     has settings of its own among those below.";
/// Where the secrets are written.
const CREDENTIALS: &str = "authentication.credentials";

/// A way of proving who we are, as a topology says it.
#[derive(Clone, Debug, Default)]
pub enum Authentication {
    /// `none`: nothing is sent.
    #[default]
    None,
    /// `api_key`: a key, in a header, the query or the body.
    ApiKey(ApiKeySettings),
    /// `bearer`: a token that a vendor hands out once.
    Bearer(BearerSettings),
    /// `basic`: a name and a password.
    Basic(BasicSettings),
    /// `hmac`: a signature with a shared key.
    Hmac(Box<HmacSettings>),
    /// `jwt`: a token that we sign.
    Jwt(Box<JwtSettings>),
    /// `oauth1`: OAuth 1.0a.
    OAuth1(Box<OAuth1Settings>),
    /// `oauth2`: OAuth 2.
    OAuth2(Box<OAuth2Settings>),
    /// `session`: a login that is answered with a token.
    Session(Box<SessionSettings>),
}

impl Authentication {
    /// What requests are sent with. All components of a system share one credential, and with it
    /// one renewal.
    pub fn open(&self, host: &Host, insecure: bool) -> Result<Auth> {
        match self {
            Self::None => Ok(Auth::none()),
            Self::Bearer(bearer) => Ok(Auth::bearer(CREDENTIALS, bearer.credentials.token.clone())),
            Self::Basic(basic) => {
                let fields = &basic.credentials;
                Ok(Auth::basic(CREDENTIALS, &fields.username, fields.password.clone()))
            }
            _ => match self.credential(host, insecure)? {
                Some(credential) => Ok(Auth::credential(CREDENTIALS, credential)),
                None => Ok(Auth::none()),
            },
        }
    }

    /// The credential, where there is more to it than something that is sent as it is.
    pub fn credential(&self, host: &Host, insecure: bool) -> Result<Option<Authenticator>> {
        let Some((method, life)) = self.method().map_err(Fault::Fatal)? else { return Ok(None) };
        // Two of one name could differ only between the tests of one process; {:?} hides secrets.
        let name = format!("credential {} {self:?}", host.system);
        // Nothing is shared while something else is.
        let store = Drawer::of(host)?;
        let credential = host.share(&name, || {
            let (clock, tokens) = (host.clock.clone(), Arc::new(Tokens::new(insecure)?));
            Ok(Authenticator::new(&host.system, method, life, clock, tokens, store))
        })?;
        // A health check may have made it, which tells nobody.
        if let Some(witness) = &host.witness
            && credential.tell_to(witness)
        {
            credential.tend();
        }
        Ok(Some((*credential).clone()))
    }

    /// The parameter of the query that holds a key, if one does.
    pub fn query_key(&self) -> Option<&str> {
        match self {
            Self::ApiKey(key) => key.query.as_deref(),
            _ => None,
        }
    }

    /// What it means, and how long a person's login lasts. `Err` begins with the setting's path.
    fn method(&self) -> Result<Option<(Method, Life)>, String> {
        let endless = |method| (method, Life::default());
        Ok(Some(match self {
            Self::None | Self::Bearer(_) => return Ok(None),
            Self::ApiKey(settings) => endless(method::api_key(settings)?),
            Self::Basic(settings) => endless(method::basic(settings)),
            Self::Hmac(settings) => endless(method::hmac(settings)?),
            Self::Jwt(settings) => endless(method::jwt(settings)?),
            Self::OAuth1(settings) => method::oauth1(settings)?,
            Self::OAuth2(settings) => method::oauth2(settings)?,
            Self::Session(settings) => endless(method::session(settings)?),
        }))
    }
}

impl<'de> Deserialize<'de> for Authentication {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fn read<T: DeserializeOwned, E: Error>(settings: Map<String, Value>) -> Result<T, E> {
            let read = serde_json::from_value(Value::Object(settings));
            read.map_err(|error| E::custom(format!("authentication: {error}")))
        }
        let mut settings = Map::<String, Value>::deserialize(deserializer)?;
        let kind = settings.remove("type");
        let authentication = match kind.as_ref().and_then(Value::as_str) {
            None if settings.is_empty() => Self::None,
            None => return Err(D::Error::custom("authentication: missing field \"type\"")),
            Some("none") => {
                read::<NoSettings, D::Error>(settings)?;
                Self::None
            }
            Some("api_key") => Self::ApiKey(read(settings)?),
            Some("bearer") => Self::Bearer(read(settings)?),
            Some("basic") => Self::Basic(read(settings)?),
            Some("hmac") => Self::Hmac(read(settings)?),
            Some("jwt") => Self::Jwt(read(settings)?),
            Some("oauth1") => Self::OAuth1(read(settings)?),
            Some("oauth2") => Self::OAuth2(read(settings)?),
            Some("session") => Self::Session(read(settings)?),
            Some(other) => {
                let why = format!("authentication.type: {other:?} is no way of proving anything");
                return Err(D::Error::custom(why));
            }
        };
        authentication.method().map_err(D::Error::custom)?;
        Ok(authentication)
    }
}

impl JsonSchema for Authentication {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Authentication".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let kinds = [
            ("none", NoSettings::json_schema(generator)),
            ("api_key", ApiKeySettings::json_schema(generator)),
            ("bearer", BearerSettings::json_schema(generator)),
            ("basic", BasicSettings::json_schema(generator)),
            ("hmac", HmacSettings::json_schema(generator)),
            ("jwt", JwtSettings::json_schema(generator)),
            ("oauth1", OAuth1Settings::json_schema(generator)),
            ("oauth2", OAuth2Settings::json_schema(generator)),
            ("session", SessionSettings::json_schema(generator)),
        ];
        let kinds = kinds.map(|(name, schema)| named(name, schema));
        json_schema!({ "oneOf": kinds })
    }
}

/// The schema of one type, closed, with the type's name among its fields.
fn named(name: &str, mut schema: Schema) -> Schema {
    let object = schema.ensure_object();
    let properties = object.entry("properties").or_insert_with(|| json!({}));
    properties["type"] = json!({ "const": name, "type": "string", "description": TYPES });
    match object.entry("required").or_insert_with(|| json!([])) {
        Value::Array(required) => required.push(json!("type")),
        required => *required = json!(["type"]),
    }
    schema
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(settings: Value) -> Result<Authentication, String> {
        serde_json::from_value(settings).map_err(|error| error.to_string())
    }

    #[test]
    fn every_type_is_read_from_what_its_vendor_asks_for() {
        let secret = json!({ "client_id": "id", "client_secret": "s" });
        for settings in [
            json!({}),
            json!({ "type": "none" }),
            json!({ "type": "api_key", "credentials": { "api_key": "k" }, "header": "x-key" }),
            json!({ "type": "bearer", "credentials": { "token": "t" } }),
            json!({ "type": "basic", "credentials": { "username": "u", "password": "p" } }),
            json!({
                "type": "hmac", "credentials": { "key_id": "i", "key": "k" }, "hash": "sha256",
                "parts": ["time", "method", "path_and_query", "body"], "spelling": "hex",
                "key_header": "x-key", "signature_header": "x-signature",
            }),
            json!({ "type": "jwt", "credentials": { "shared_key": "k" }, "claims": { "iss": "i" } }),
            json!({
                "type": "oauth1", "credentials": { "consumer_key": "k", "consumer_secret": "s" },
                "request_token_url": "https://vendor.test/request",
                "authorize_url": "https://vendor.test/authorize?key={key}&token={token}",
                "access_token_url": "https://vendor.test/access",
                "login_ends": { "daily": { "at": "00:00", "zone": "America/New_York" } },
            }),
            json!({
                "type": "oauth2", "credentials": secret, "token_url": "https://vendor.test/token",
                "grant": { "code": {
                    "authorize_url": "https://vendor.test/authorize",
                    "redirect_url": "http://127.0.0.1:8182",
                } },
                "login_ends": { "after_secs": 604_800 },
            }),
            json!({
                "type": "session", "login_url": "https://vendor.test/login",
                "credentials": { "username": "u", "password": "p" }, "token": "session.token",
                "header": "x-session", "lives_secs": 3_600,
                "second_factor": { "field": "otp", "key": "GEZDGNBVGY3TQOJQ" },
            }),
        ] {
            read(settings.clone()).unwrap_or_else(|error| panic!("{settings}: {error}"));
        }
    }

    #[test]
    fn a_mistake_is_named_by_its_setting() {
        let check = |settings: Value, words: &str| {
            let error = read(settings).unwrap_err();
            assert!(error.starts_with("authentication"), "{error}");
            assert!(error.contains(words), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        };
        check(json!({ "credentials": {} }), "\"type\"");
        check(json!({ "type": "magic" }), "authentication.type: \"magic\"");
        check(
            json!({ "type": "api_key", "credentials": { "api_key": "hunter2" } }),
            "one of header, query and body",
        );
        let oauth2 = |credentials: Value, more: Value| {
            let mut settings = json!({
                "type": "oauth2", "credentials": credentials,
                "token_url": "https://vendor.test/token", "grant": "client_credentials",
            });
            settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            settings
        };
        let id = json!({ "client_id": "id" });
        check(oauth2(id.clone(), json!({})), "authentication.credentials.client_secret: ");
        check(
            oauth2(id.clone(), json!({ "client": "none", "grant": "password" })),
            "authentication.credentials.username: ",
        );
        let key = json!({ "client": { "key": { "audience": "https://vendor.test" } } });
        check(oauth2(id, key.clone()), "authentication.credentials.private_key: ");
        let wrong = json!({ "client_id": "id", "private_key": "hunter2" });
        check(oauth2(wrong, key), "authentication.credentials.private_key: ");
        let ends = json!({ "login_ends": { "daily": { "at": "25:00", "zone": "UTC" } } });
        let secret = json!({ "client_id": "id", "client_secret": "hunter2" });
        check(oauth2(secret, ends), "authentication.login_ends.daily.at: ");
    }

    #[test]
    fn the_schema_has_one_closed_alternative_for_each_type() {
        let schema = schemars::schema_for!(Authentication).to_value();
        let kinds = schema["oneOf"].as_array().unwrap();
        assert_eq!(kinds.len(), 9);
        for kind in kinds {
            assert!(kind["properties"]["type"]["const"].is_string(), "{kind}");
            assert_eq!(kind["additionalProperties"], json!(false), "{kind}");
            assert!(kind["required"].as_array().unwrap().contains(&json!("type")), "{kind}");
        }
    }
}
