//! How a credential gets its tokens: the same care for where secrets go as for every request, but
//! outside of the budget of the system that it belongs to.

use std::time::Duration;

use component::{Fault, Secret};
use credentials::{Error, Exchange, Pending, Reply, Transport};
use reqwest::redirect;
use url::Url;

use crate::shared::is_loopback;
use crate::tls;

const TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The way to the places where tokens are granted.
#[derive(Debug)]
pub struct Tokens {
    client: reqwest::Client,
    /// For this machine, which no proxy knows.
    local: reqwest::Client,
    insecure: bool,
}

impl Tokens {
    /// Plain `http` is for this machine only, unless `insecure` says otherwise.
    pub fn new(insecure: bool) -> Result<Self, Fault> {
        let (client, local) = (client(false)?, client(true)?);
        Ok(Self { client, local, insecure })
    }

    fn check(&self, url: &Url) -> Result<(), Error> {
        let is_safe = match url.scheme() {
            "https" => true,
            "http" => self.insecure || is_loopback(url),
            _ => false,
        };
        let host = url.host_str().unwrap_or_default();
        let why = || format!("will not send a secret to {:?} at {host:?}", url.scheme());
        if is_safe { Ok(()) } else { Err(Error::Setting(why())) }
    }

    async fn send(&self, exchange: Exchange) -> Result<Reply, Error> {
        self.check(&exchange.url)?;
        let host = exchange.url.host_str().unwrap_or_default().to_owned();
        let lost = |error: reqwest::Error| {
            let error = error.without_url();
            Error::Unreachable(format!("no answer from {host}: {error}"))
        };
        let is_get = exchange.method == "GET";
        let method = if is_get { reqwest::Method::GET } else { reqwest::Method::POST };
        let client = if is_loopback(&exchange.url) { &self.local } else { &self.client };
        let mut builder = client.request(method, exchange.url).header("accept", "application/json");
        for (name, value) in &exchange.headers {
            builder = builder.header(*name, value.expose());
        }
        if let Some((kind, body)) = &exchange.body {
            builder = builder.header("content-type", *kind).body(body.expose().to_owned());
        }
        let mut response = builder.send().await.map_err(&lost)?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(&lost)? {
            if body.len() + chunk.len() > Reply::MAX_BYTES {
                let limit = Reply::MAX_BYTES;
                let why = format!("the answer from {host} is longer than {limit} bytes");
                return Err(Error::Unreachable(why));
            }
            body.extend_from_slice(&chunk);
        }
        let body = Secret::new(String::from_utf8_lossy(&body));
        Ok(Reply { status, body, retry_after: retry_after.map(Duration::from_secs) })
    }
}

fn client(is_local: bool) -> Result<reqwest::Client, Fault> {
    // This is the door that clippy.toml sends everyone else to.
    #[allow(clippy::disallowed_methods)]
    let mut builder = reqwest::ClientBuilder::new()
        .tls_backend_preconfigured(tls::config()?)
        .user_agent(concat!("foliostream/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        // A secret goes to the place that was configured and to no other.
        .redirect(redirect::Policy::none());
    if is_local {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| Fault::fatal(format!("could not set up the client: {error}")))
}

impl Transport for Tokens {
    fn exchange(&self, exchange: Exchange) -> Pending<'_, credentials::Result<Reply>> {
        Box::pin(self.send(exchange))
    }
}
