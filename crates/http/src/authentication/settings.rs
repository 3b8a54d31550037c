//! What a user writes of each way of proving who we are.

use std::collections::BTreeMap;

use component::Secret;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

/// Nothing is sent.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoSettings {}

/// A key that is sent as it is, in one of three places.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeySettings {
    /// The key.
    pub credentials: KeyFields,
    /// The header it goes into.
    #[serde(default)]
    pub header: Option<String>,
    /// The parameter of the query it goes into.
    #[serde(default)]
    pub query: Option<String>,
    /// The field of the JSON body it goes into.
    #[serde(default)]
    pub body: Option<String>,
}

/// The key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyFields {
    /// For example `${VENDOR_API_KEY}` or `secret://vendor/key`.
    pub api_key: Secret,
}

/// A token, sent as `Authorization: Bearer`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BearerSettings {
    /// The token.
    pub credentials: TokenFields,
}

/// The token.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenFields {
    /// For example `${VENDOR_TOKEN}`.
    pub token: Secret,
}

/// A name and a password, sent as `Authorization: Basic`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicSettings {
    /// The name and the password.
    pub credentials: PasswordFields,
}

/// A name and a password.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordFields {
    /// The name.
    pub username: Secret,
    /// The password.
    pub password: Secret,
}

/// A signature with a shared key over parts of each request.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HmacSettings {
    /// The key and its name.
    pub credentials: SharedKeyFields,
    /// The hash.
    pub hash: HashSetting,
    /// What is signed, one after the other.
    #[schemars(length(min = 1))]
    pub parts: Vec<PartSetting>,
    /// What stands between the parts.
    #[serde(default)]
    pub between: String,
    /// How the signature is spelled.
    pub spelling: SpellingSetting,
    /// The header of the key's name.
    pub key_header: String,
    /// The header of the signature.
    pub signature_header: String,
    /// The header of the time in milliseconds, where the vendor wants it.
    #[serde(default)]
    pub time_header: Option<String>,
}

/// A key to sign with, and its name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SharedKeyFields {
    /// What the vendor knows the key by.
    pub key_id: Secret,
    /// The key.
    pub key: Secret,
}

/// A hash.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HashSetting {
    /// SHA-1, for those who know no better.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// A part of a request.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartSetting {
    /// `GET`, `POST`, ...
    Method,
    /// The path of the URL.
    Path,
    /// The path, and the query after a `?` if there is one.
    PathAndQuery,
    /// The body as it is sent.
    Body,
    /// SHA-256 of the body, in hexadecimal digits.
    BodyHash,
    /// The time in milliseconds.
    Time,
    /// The name of the key.
    KeyId,
}

/// How a signature is spelled.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpellingSetting {
    /// Hexadecimal digits.
    Hex,
    /// Base64.
    Base64,
}

/// A token that we sign for each request, sent as `Authorization: Bearer`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JwtSettings {
    /// The key.
    pub credentials: PrivateKeyFields,
    /// What the vendor knows the key by.
    #[serde(default)]
    pub key_id: Option<String>,
    /// Claims that are always the same, such as `iss`, `sub`, `aud`.
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// How long a token is good for.
    #[serde(default = "minute")]
    #[schemars(range(min = 1, max = 86_400))]
    pub lives_secs: u64,
    /// How far a token begins before now, for vendors whose clock is behind.
    #[serde(default)]
    #[schemars(range(max = 600))]
    pub skew_secs: u64,
    /// Whether a token says which request it is for: `method`, `path`, `host`.
    #[serde(default)]
    pub binds_request: bool,
}

/// A key to sign with; one of the two.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrivateKeyFields {
    /// PEM (PKCS#8, or PKCS#1 for RSA) or JWK.
    pub private_key: Option<Secret>,
    /// A key that the vendor has too.
    pub shared_key: Option<Secret>,
}

/// OAuth 1.0a in three legs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuth1Settings {
    /// The application.
    pub credentials: OAuth1Fields,
    /// Leg one.
    pub request_token_url: Url,
    /// Where a person consents; `{key}` and `{token}` are filled in.
    pub authorize_url: String,
    /// Leg three.
    pub access_token_url: Url,
    /// Where a token that fell asleep is woken, if there is such a place.
    #[serde(default)]
    pub renew_url: Option<Url>,
    /// Where a token is given back, if there is such a place.
    #[serde(default)]
    pub revoke_url: Option<Url>,
    /// Where the person is sent with the verifier; `oob` where it is shown instead.
    #[serde(default = "oob")]
    pub callback: String,
    /// When a person has to log in again; never, if left out.
    #[serde(default)]
    pub login_ends: Option<LoginEnds>,
    /// A token that was not used for so long has to be woken.
    #[serde(default)]
    pub idle_secs: Option<u64>,
}

/// The application.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuth1Fields {
    /// Its key.
    pub consumer_key: Secret,
    /// Its secret.
    pub consumer_secret: Secret,
}

/// OAuth 2.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuth2Settings {
    /// The application, and whoever it acts for.
    pub credentials: OAuth2Fields,
    /// Where tokens are granted.
    pub token_url: Url,
    /// On whose word: `client_credentials`, `password`, `{ code: ... }` or `{ device: ... }`.
    pub grant: GrantSettings,
    /// What proves the application: `none`, `basic`, `form` or `{ key: ... }`.
    #[serde(default)]
    pub client: ClientSettings,
    /// What is asked for.
    #[serde(default)]
    pub scope: Option<String>,
    /// Where a token is given back, if there is such a place.
    #[serde(default)]
    pub revoke_url: Option<Url>,
    /// When a person has to log in again; never, if left out.
    #[serde(default)]
    pub login_ends: Option<LoginEnds>,
}

/// The application, and whoever it acts for. The grant and the client say what is needed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuth2Fields {
    /// The application.
    pub client_id: String,
    /// Its secret.
    #[serde(default)]
    pub client_secret: Option<Secret>,
    /// Its private key: PEM or JWK.
    #[serde(default)]
    pub private_key: Option<Secret>,
    /// For the grant `password`.
    #[serde(default)]
    pub username: Option<Secret>,
    /// For the grant `password`.
    #[serde(default)]
    pub password: Option<Secret>,
}

/// On whose word tokens are granted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum GrantSettings {
    /// The application's own.
    ClientCredentials,
    /// An account whose password we are given.
    Password,
    /// A person's, in a browser.
    Code(CodeSettings),
    /// A person's, on another device.
    Device(DeviceSettings),
}

/// A person's word, given in a browser.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeSettings {
    /// Where they consent.
    pub authorize_url: Url,
    /// Where they are sent with the code. `credential login` listens there where it is plain http
    /// on this machine; else the person pastes the URL.
    pub redirect_url: String,
    /// Whether the code is bound to us by PKCE.
    #[serde(default = "yes")]
    pub pkce: bool,
}

/// A person's word, given on another device.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceSettings {
    /// Where a code for them is had.
    pub device_url: Url,
}

/// What proves an application.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientSettings {
    /// Nothing: a program that cannot keep a secret.
    None,
    /// Its secret, as `Authorization: Basic`.
    #[default]
    Basic,
    /// Its secret, in the form.
    Form,
    /// A token signed with its private key.
    Key(KeyClientSettings),
}

/// A token that an application signs to prove itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyClientSettings {
    /// Whom the token is for.
    pub audience: String,
    /// What the vendor knows the key by.
    #[serde(default)]
    pub key_id: Option<String>,
    /// How long the token is good for.
    #[serde(default = "minute")]
    #[schemars(range(min = 1, max = 86_400))]
    pub lives_secs: u64,
}

/// A login that is answered with a token.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionSettings {
    /// The fields of the login, as the vendor calls them.
    pub credentials: BTreeMap<String, Secret>,
    /// Where to log in.
    pub login_url: Url,
    /// The second factor, where there is one.
    #[serde(default)]
    pub second_factor: Option<SecondFactorSettings>,
    /// Where the token is in the answer: names joined by dots.
    pub token: String,
    /// How long a session lasts.
    #[schemars(range(min = 1, max = 31_536_000))]
    pub lives_secs: u64,
    /// The header that carries the token.
    pub header: String,
    /// What stands before the token in the header, for example `Bearer `.
    #[serde(default)]
    pub before: String,
}

/// The second factor that an application on a phone shows.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorSettings {
    /// The field of the login that it goes into.
    pub field: String,
    /// The key, in base 32, as the vendor shows it beside the picture to scan.
    pub key: Secret,
}

/// When a person has to log in again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LoginEnds {
    /// So long after the login, however often it is renewed.
    AfterSecs(u64),
    /// At the next such time of day.
    Daily(DailySettings),
    /// At the next such time of the week.
    Weekly(WeeklySettings),
}

/// A time of day.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DailySettings {
    /// The time, for example `00:00`.
    pub at: String,
    /// Where, for example `America/New_York`.
    pub zone: String,
}

/// A time of the week.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeeklySettings {
    /// The day.
    pub on: WeekdaySetting,
    /// The time, for example `01:00`.
    pub at: String,
    /// Where, for example `America/New_York`.
    pub zone: String,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WeekdaySetting {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

fn minute() -> u64 {
    60
}

fn oob() -> String {
    "oob".to_owned()
}

fn yes() -> bool {
    true
}
