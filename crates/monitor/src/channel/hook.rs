//! Alerts by a request to a URL.

use component::{Clock, Host, Secret, Throttling};
use http::{Auth, Http, Method, Rate, Request};
use serde_json::{Value, json};
use url::Url;

use crate::Error;
use crate::bell::Notice;
use crate::words;

/// More than a person can read, and what Slack asks for.
const RATE: Rate = Rate::per_minute(60);

/// A URL that takes alerts.
pub struct Hook {
    http: Http,
    kind: HookKind,
}

/// What the other side understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookKind {
    /// Slack's incoming webhooks: a text.
    Slack,
    /// Any program: the alerts as JSON.
    Webhook,
}

impl Hook {
    /// A URL, which may be a secret as a whole, and a token where one is asked for.
    pub fn new(
        kind: HookKind,
        url: &Secret,
        token: Option<&Secret>,
        insecure: bool,
        clock: &Clock,
    ) -> Result<Self, Error> {
        let (name, setting) = match kind {
            HookKind::Slack => ("slack", "monitoring.slack.webhook_url"),
            HookKind::Webhook => ("webhook", "monitoring.webhook.url"),
        };
        let wrong = |reason: &str| Error::Setting { setting, reason: reason.to_owned() };
        let url = Url::parse(url.expose()).map_err(|error| wrong(&error.to_string()))?;
        let is_safe = url.scheme() == "https" || insecure || crate::is_this_machine(&url);
        if !is_safe {
            return Err(wrong("alerts are sent by https only"));
        }
        let auth = match token {
            Some(token) => Auth::bearer("monitoring.webhook.token", token.clone()),
            None => Auth::none(),
        };
        let host = Host::new("monitor", name, clock.clone(), Throttling::default());
        // The reason may hold the URL, and the URL a secret.
        let http = Http::open(&host, &url, insecure, auth, RATE);
        let http = http.map_err(|_| wrong("it cannot be asked by http"))?;
        Ok(Self { http, kind })
    }

    pub(super) fn name(&self) -> &'static str {
        match self.kind {
            HookKind::Slack => "slack",
            HookKind::Webhook => "webhook",
        }
    }

    pub(super) async fn send(&self, notice: &Notice) -> Result<(), Error> {
        let request = Request::new(Method::POST, "").json(&self.body(notice));
        let taken = self.http.fetch(&request).await;
        taken
            .map(drop)
            .map_err(|fault| Error::Refused { channel: self.name(), reason: fault.to_string() })
    }

    fn body(&self, notice: &Notice) -> Value {
        match self.kind {
            HookKind::Slack => {
                let text = format!("*{}*\n{}", words::subject(notice), words::text(notice));
                // What Slack would take for markup.
                let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                json!({ "text": text })
            }
            HookKind::Webhook => words::json(notice),
        }
    }
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
