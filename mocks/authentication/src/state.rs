use std::collections::{BTreeMap, BTreeSet};

/// Who may come in.
pub const KEY: &str = "test-key";
pub const SECRET: &str = "test-secret";
pub const USER: &str = "test-user";
pub const PASSWORD: &str = "test-password";

/// All that changes while the mock runs.
#[derive(Default)]
pub struct State {
    /// Codes that wait to be redeemed.
    pub codes: BTreeMap<String, Code>,
    /// Logins of OAuth 2, by their number.
    pub logins: BTreeMap<u64, Login>,
    pub access: BTreeMap<String, Access>,
    /// Refresh tokens, spent ones too, with their login.
    pub refresh: BTreeMap<String, (u64, bool)>,
    pub devices: BTreeMap<String, Device>,
    /// Temporary tokens of OAuth 1.0a.
    pub requests: BTreeMap<String, Request>,
    pub oauth1: BTreeMap<String, OAuth1>,
    pub nonces: BTreeSet<String>,
    /// Ids of assertions that have been seen.
    pub assertions: BTreeSet<String>,
    pub sessions: BTreeMap<String, i64>,
    /// What happened.
    pub counts: BTreeMap<String, u64>,
    made: u64,
}

pub struct Code {
    pub redirect_uri: String,
    pub challenge: Option<String>,
    pub ends: i64,
}

pub struct Login {
    pub at: i64,
    pub is_dead: bool,
}

pub struct Access {
    pub ends: i64,
    /// None for what no person consented to.
    pub login: Option<u64>,
}

pub struct Device {
    pub user_code: String,
    pub ends: i64,
    pub interval: i64,
    pub asked: Option<i64>,
    pub decision: Option<bool>,
}

pub struct Request {
    pub secret: String,
    pub ends: i64,
    pub verifier: Option<String>,
}

pub struct OAuth1 {
    pub secret: String,
    pub granted: i64,
    pub used: i64,
    pub is_revoked: bool,
}

impl State {
    pub fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    pub fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// A value that nobody has seen, with the characters that clients forget to encode.
    pub fn opaque(&mut self, kind: &str) -> String {
        format!("{kind}.{}/{}+=", self.number(), uuid::Uuid::new_v4().simple())
    }
}
