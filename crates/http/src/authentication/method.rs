//! What the settings mean. A mistake begins with the path of its setting.

use std::time::Duration;

use component::Secret;
use credentials::{
    ClientProof, Error, Grant, Hash, Hmac, Jwt, Life, Method, OAuth1, OAuth2, Part, Place, Session,
    SigningKey, Span, Spelling, Totp,
};
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use super::CREDENTIALS;
use super::settings::{
    ApiKeySettings, BasicSettings, ClientSettings, GrantSettings, HashSetting, HmacSettings,
    JwtSettings, LoginEnds, OAuth1Settings, OAuth2Fields, OAuth2Settings, PartSetting,
    SessionSettings, SpellingSetting, WeekdaySetting,
};

type Result<T> = std::result::Result<T, String>;

pub(super) fn api_key(settings: &ApiKeySettings) -> Result<Method> {
    let place = match (&settings.header, &settings.query, &settings.body) {
        (Some(name), None, None) if is_header(name) => (Place::Header, name),
        (Some(name), None, None) => {
            return Err(format!("authentication.header: {name:?} is no header's name"));
        }
        (None, Some(name), None) => (Place::Query, name),
        (None, None, Some(name)) => (Place::Body, name),
        _ => {
            let why = "authentication: an API key goes into one of header, query and body";
            return Err(why.to_owned());
        }
    };
    let key = given("api_key", &settings.credentials.api_key)?;
    let (place, name) = place;
    Ok(Method::ApiKey { place, name: name.clone().into(), key })
}

pub(super) fn basic(settings: &BasicSettings) -> Method {
    let fields = settings.credentials.clone();
    Method::Basic { username: fields.username, password: fields.password }
}

pub(super) fn hmac(settings: &HmacSettings) -> Result<Method> {
    for (setting, name) in [
        ("key_header", Some(&settings.key_header)),
        ("signature_header", Some(&settings.signature_header)),
        ("time_header", settings.time_header.as_ref()),
    ] {
        if let Some(name) = name.filter(|name| !is_header(name)) {
            return Err(format!("authentication.{setting}: {name:?} is no header's name"));
        }
    }
    let part = |part: &PartSetting| match part {
        PartSetting::Method => Part::Method,
        PartSetting::Path => Part::Path,
        PartSetting::PathAndQuery => Part::PathAndQuery,
        PartSetting::Body => Part::Body,
        PartSetting::BodyHash => Part::BodyHash,
        PartSetting::Time => Part::Time,
        PartSetting::KeyId => Part::KeyId,
    };
    Ok(Method::Hmac(Box::new(Hmac {
        key_id: given("key_id", &settings.credentials.key_id)?,
        key: given("key", &settings.credentials.key)?,
        hash: match settings.hash {
            HashSetting::Sha1 => Hash::Sha1,
            HashSetting::Sha256 => Hash::Sha256,
            HashSetting::Sha512 => Hash::Sha512,
        },
        parts: settings.parts.iter().map(part).collect(),
        between: settings.between.clone().into(),
        spelling: match settings.spelling {
            SpellingSetting::Hex => Spelling::Hex,
            SpellingSetting::Base64 => Spelling::Base64,
        },
        key_header: settings.key_header.clone().into(),
        signature_header: settings.signature_header.clone().into(),
        time_header: settings.time_header.clone().map(Into::into),
    })))
}

pub(super) fn jwt(settings: &JwtSettings) -> Result<Method> {
    let fields = &settings.credentials;
    let key = match (&fields.private_key, &fields.shared_key) {
        (Some(key), None) => signing_key(key)?,
        (None, Some(key)) => SigningKey::shared(given("shared_key", key)?.expose().as_bytes()),
        _ => return Err(format!("{CREDENTIALS}: give one of private_key and shared_key")),
    };
    Ok(Method::Jwt(Box::new(Jwt {
        key: named(key, settings.key_id.as_deref()),
        claims: settings.claims.clone(),
        lives: Duration::from_secs(settings.lives_secs),
        skew: Duration::from_secs(settings.skew_secs),
        binds_request: settings.binds_request,
    })))
}

pub(super) fn oauth1(settings: &OAuth1Settings) -> Result<(Method, Life)> {
    let fields = &settings.credentials;
    let oauth1 = OAuth1 {
        consumer_key: given("consumer_key", &fields.consumer_key)?.expose().to_owned(),
        consumer_secret: given("consumer_secret", &fields.consumer_secret)?,
        request_token_url: settings.request_token_url.clone(),
        authorize_url: settings.authorize_url.clone(),
        access_token_url: settings.access_token_url.clone(),
        renew_url: settings.renew_url.clone(),
        revoke_url: settings.revoke_url.clone(),
        callback: settings.callback.clone(),
    };
    let idle = settings.idle_secs.map(Duration::from_secs);
    let life = Life { span: span(settings.login_ends.as_ref())?, idle };
    Ok((Method::OAuth1(Box::new(oauth1)), life))
}

pub(super) fn oauth2(settings: &OAuth2Settings) -> Result<(Method, Life)> {
    let fields = &settings.credentials;
    let oauth2 = OAuth2 {
        token_url: settings.token_url.clone(),
        client_id: fields.client_id.clone(),
        proof: client(&settings.client, fields)?,
        scope: settings.scope.clone(),
        grant: grant(&settings.grant, fields)?,
        revoke_url: settings.revoke_url.clone(),
    };
    let life = Life { span: span(settings.login_ends.as_ref())?, idle: None };
    Ok((Method::OAuth2(Box::new(oauth2)), life))
}

fn client(settings: &ClientSettings, fields: &OAuth2Fields) -> Result<ClientProof> {
    let secret = || needed("client_secret", &fields.client_secret, "what proves the client");
    Ok(match settings {
        ClientSettings::None => ClientProof::Nothing,
        ClientSettings::Basic => ClientProof::Basic(secret()?),
        ClientSettings::Form => ClientProof::Form(secret()?),
        ClientSettings::Key(settings) => {
            let key = needed("private_key", &fields.private_key, "what proves the client")?;
            ClientProof::Key {
                key: named(signing_key(&key)?, settings.key_id.as_deref()),
                audience: settings.audience.clone(),
                lives: Duration::from_secs(settings.lives_secs),
            }
        }
    })
}

fn grant(settings: &GrantSettings, fields: &OAuth2Fields) -> Result<Grant> {
    Ok(match settings {
        GrantSettings::ClientCredentials => Grant::ClientCredentials,
        GrantSettings::Password => Grant::Password {
            username: needed("username", &fields.username, "the grant")?,
            password: needed("password", &fields.password, "the grant")?,
        },
        GrantSettings::Code(settings) => Grant::Code {
            authorize_url: settings.authorize_url.clone(),
            redirect_url: settings.redirect_url.clone(),
            pkce: settings.pkce,
        },
        GrantSettings::Device(settings) => {
            Grant::Device { device_url: settings.device_url.clone() }
        }
    })
}

pub(super) fn session(settings: &SessionSettings) -> Result<Method> {
    if !is_header(&settings.header) {
        return Err(format!("authentication.header: {:?} is no header's name", settings.header));
    }
    let second_factor = settings.second_factor.as_ref().map(|factor| {
        let totp = Totp::new(factor.key.clone());
        let totp = totp.map_err(|error| at("authentication.second_factor.key", &error))?;
        Ok::<_, String>((factor.field.clone(), totp))
    });
    let fields = settings.credentials.iter();
    Ok(Method::Session(Box::new(Session {
        login_url: settings.login_url.clone(),
        fields: fields.map(|(name, value)| (name.clone(), value.clone())).collect(),
        second_factor: second_factor.transpose()?,
        token: settings.token.clone(),
        lives: Duration::from_secs(settings.lives_secs),
        header: settings.header.clone().into(),
        before: settings.before.clone().into(),
    })))
}

fn span(ends: Option<&LoginEnds>) -> Result<Span> {
    const PATH: &str = "authentication.login_ends";
    let time = |kind: &str, text: &str| {
        let time: Option<Time> = text.parse().ok();
        time.ok_or_else(|| format!("{PATH}.{kind}.at: {text:?} is no time of day"))
    };
    let zone = |kind: &str, name: &str| {
        TimeZone::get(name).map_err(|_| format!("{PATH}.{kind}.zone: {name:?} is no time zone"))
    };
    Ok(match ends {
        None => Span::Endless,
        Some(LoginEnds::AfterSecs(secs)) => Span::For(Duration::from_secs(*secs)),
        Some(LoginEnds::Daily(daily)) => {
            Span::Daily { at: time("daily", &daily.at)?, zone: zone("daily", &daily.zone)? }
        }
        Some(LoginEnds::Weekly(weekly)) => Span::Weekly {
            on: match weekly.on {
                WeekdaySetting::Monday => Weekday::Monday,
                WeekdaySetting::Tuesday => Weekday::Tuesday,
                WeekdaySetting::Wednesday => Weekday::Wednesday,
                WeekdaySetting::Thursday => Weekday::Thursday,
                WeekdaySetting::Friday => Weekday::Friday,
                WeekdaySetting::Saturday => Weekday::Saturday,
                WeekdaySetting::Sunday => Weekday::Sunday,
            },
            at: time("weekly", &weekly.at)?,
            zone: zone("weekly", &weekly.zone)?,
        },
    })
}

fn signing_key(key: &Secret) -> Result<SigningKey> {
    let path = format!("{CREDENTIALS}.private_key");
    SigningKey::read(key).map_err(|error| at(&path, &error))
}

fn named(key: SigningKey, key_id: Option<&str>) -> SigningKey {
    match key_id {
        Some(key_id) => key.named(key_id),
        None => key,
    }
}

fn at(path: &str, error: &Error) -> String {
    format!("{path}: {error}")
}

/// A variable may be set to nothing.
fn given(name: &str, secret: &Secret) -> Result<Secret> {
    match secret.expose().is_empty() {
        true => Err(format!("{CREDENTIALS}.{name}: it is empty")),
        false => Ok(secret.clone()),
    }
}

fn needed(name: &str, secret: &Option<Secret>, of: &str) -> Result<Secret> {
    let missing = || format!("{CREDENTIALS}.{name}: {of} needs it");
    given(name, secret.as_ref().ok_or_else(missing)?)
}

fn is_header(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}
