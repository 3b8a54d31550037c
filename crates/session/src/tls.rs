//! Encryption: rustls with ring and the Mozilla root certificates.

use std::sync::Arc;

use component::{Fault, Result};
use rustls::{ClientConfig, RootCertStore};

/// The provider is named here and never installed for the whole process.
pub(crate) fn config() -> Result<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::fatal(format!("could not set up TLS: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
