//! Stores that files are read from and written to, typed.

use component::Secret;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

/// A store of files on another machine. Its name stands where a URL has its host:
/// `s3://archive/inbox/*.csv`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Store {
    /// A bucket of S3, or of a store that speaks like it.
    S3(S3),
}

/// A bucket, and who we are to it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// Where the store answers, such as `https://s3.eu-central-1.amazonaws.com`.
    pub endpoint: Url,
    /// The bucket.
    pub bucket: String,
    /// The region that requests are signed for.
    #[serde(default = "region")]
    pub region: String,
    /// The bucket stands in the path of a URL, and not in front of its host.
    #[serde(default)]
    pub path_style: bool,
    /// Names the key, such as `secret://archive/id`.
    pub access_key_id: Secret,
    /// The key, such as `secret://archive/key`.
    pub secret_access_key: Secret,
    /// Goes with a key that is lent for a while.
    #[serde(default)]
    pub session_token: Option<Secret>,
    /// What the keys of all exports begin with, such as `reports/`. Nothing is written to a store
    /// that does not say it.
    #[serde(default)]
    pub exports_below: Option<String>,
    /// The store is on this machine or its network.
    #[serde(default)]
    pub internal: bool,
    /// Allow plain http to another machine.
    #[serde(default)]
    pub insecure: bool,
}

/// What a URL of a store begins with.
const SCHEMES: [&str; 1] = ["s3"];

/// The scheme, the store's name and what stands in it, of the URL of a store.
pub fn in_store(text: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
    SCHEMES.contains(&scheme).then_some((scheme, name, path))
}

impl Store {
    /// What its URLs begin with.
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::S3(_) => "s3",
        }
    }
}

fn region() -> String {
    "us-east-1".to_owned()
}
