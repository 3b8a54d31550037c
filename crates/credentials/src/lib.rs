//! Who we are to a vendor: what a request needs to prove it, how that is renewed, where it is
//! kept, and who is told before a person has to log in again.
//!
//! Every flow is a value that makes requests and reads answers; it sends nothing itself. Whoever
//! has a client lends it as a [`Transport`]. [`Authenticator`] is the only part with a memory: one
//! renewal in flight however many ask, ahead of the end, and saved before it is used.

mod error;
mod text;

mod hmac;
mod jwt;
mod oauth1;
mod pkce;
mod sigv4;
mod totp;

mod token;
mod transport;

mod oauth2;
mod session;

mod life;
mod method;

mod authenticator;
mod consent;
mod watch;

mod audit;
mod store;

pub use audit::{
    CHECKPOINT_EVERY, Chain, Checkpoint, Entry, MAX_ENTRY_BYTES, Signer, Tampering, Verified,
    verify, verify_lines,
};
pub use authenticator::{Authenticator, Standing};
pub use consent::{Consent, DeviceCode, Polled, consent, redirected};
pub use error::{Error, Result};
pub use hmac::{Hash, Hmac, Part, Spelling};
pub use jwt::{Jwt, SigningKey};
pub use life::{Life, Span};
pub use method::{Asked, Method, Place, Proof};
pub use oauth1::OAuth1;
pub use oauth2::{ClientProof, Grant, OAuth2};
pub use pkce::Pkce;
pub use session::Session;
pub use sigv4::SigV4;
pub use store::{Command, Drawer, Environment, Memory, Seal, Sealed, Store, new_key, open};
pub use text::random;
pub use token::Tokens;
pub use totp::Totp;
pub use transport::{Exchange, Pending, Reply, Transport};
pub use watch::{Notice, Watch};
