//! A client of a Confluent-compatible schema registry: the three calls that we need.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

/// A registry answers from memory; longer means that it is not there.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Schemas are a few kilobytes.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// Why the registry could not help.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No answer.
    #[error("asking the schema registry at {url}: {reason}; check schema_registry.url")]
    Unreachable { url: String, reason: String },
    /// An answer that says no.
    #[error("the schema registry refused {what}: {reason}")]
    Refused { what: String, reason: String },
}

/// Where the schemas live.
#[derive(Clone, Debug)]
pub struct Registry {
    url: Arc<str>,
    user: Option<Arc<(String, String)>>,
    client: reqwest::Client,
}

#[derive(Deserialize)]
struct Registered {
    id: u32,
}

#[derive(Deserialize)]
struct Fetched {
    schema: String,
}

#[derive(Deserialize)]
struct Refusal {
    error_code: i64,
    message: String,
}

impl Registry {
    /// A registry at this address, with a user and password where it asks for them.
    pub fn new(url: &str, user: Option<(String, String)>) -> Result<Self, RegistryError> {
        let unreachable = |reason: String| RegistryError::Unreachable { url: url.into(), reason };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots: rustls::RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unreachable(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // `http::Http` is for vendors; this crate sits below it.
        #[allow(clippy::disallowed_methods)]
        let client = reqwest::ClientBuilder::new()
            .timeout(TIMEOUT)
            .tls_backend_preconfigured(tls)
            .build()
            .map_err(|error| unreachable(error.to_string()))?;
        Ok(Self { url: url.trim_end_matches('/').into(), user: user.map(Arc::new), client })
    }

    /// The address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The id of a schema under a subject, which is made when it is new.
    pub async fn register(&self, subject: &str, schema: &str) -> Result<u32, RegistryError> {
        let body = serde_json::json!({ "schema": schema });
        let request = self
            .client
            .post(format!("{}/subjects/{subject}/versions", self.url))
            .header("content-type", "application/vnd.schemaregistry.v1+json")
            .body(body.to_string());
        let answer: Registered = self.ask(request, &format!("the schema of {subject}")).await?;
        Ok(answer.id)
    }

    /// The text of the schema with this id.
    pub async fn schema(&self, id: u32) -> Result<String, RegistryError> {
        let request = self.client.get(format!("{}/schemas/ids/{id}", self.url));
        let answer: Fetched = self.ask(request, &format!("schema id {id}")).await?;
        Ok(answer.schema)
    }

    /// Names of all subjects.
    pub async fn subjects(&self) -> Result<Vec<String>, RegistryError> {
        self.ask(self.client.get(format!("{}/subjects", self.url)), "the list of subjects").await
    }

    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
        what: &str,
    ) -> Result<T, RegistryError> {
        let unreachable = |error: reqwest::Error| RegistryError::Unreachable {
            url: self.url.to_string(),
            reason: error.without_url().to_string(),
        };
        let refused = |reason: String| RegistryError::Refused { what: what.to_owned(), reason };
        let request = match self.user.as_deref() {
            Some((user, password)) => request.basic_auth(user, Some(password)),
            None => request,
        };
        let mut answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(refused(format!("its answer is over {MAX_ANSWER_BYTES} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| refused(error.to_string()));
        }
        Err(refused(match serde_json::from_slice::<Refusal>(&body) {
            Ok(refusal) => format!("{} (error {})", refusal.message, refusal.error_code),
            Err(_) => format!("status {status}"),
        }))
    }
}
