//! Alerts by mail.

use component::Secret;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use url::Url;

use crate::Error;
use crate::bell::Notice;
use crate::words;

/// Where mail is handed in, encrypted from the first byte or after a greeting.
const SMTPS_PORT: u16 = 465;
const SUBMISSION_PORT: u16 = 587;

/// A mail server, and who writes to whom.
#[derive(Debug)]
pub struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl Email {
    /// A server such as `smtps://user@mail.example.com:465`. `smtp` begins unencrypted and goes on
    /// encrypted, except on this machine.
    pub fn new(
        server: &Url,
        password: Option<&Secret>,
        from: &str,
        to: &[String],
    ) -> Result<Self, Error> {
        let to =
            to.iter().map(|to| mailbox("monitoring.email.to", to)).collect::<Result<_, _>>()?;
        let from = mailbox("monitoring.email.from", from)?;
        Ok(Self { transport: transport(server, password)?, from, to })
    }

    /// One message to everybody.
    pub(super) async fn send(&self, notice: &Notice) -> Result<(), Error> {
        let refused = |error: &dyn std::error::Error| {
            let mut reason = error.to_string();
            if let Some(cause) = error.source() {
                reason = format!("{reason}: {cause}");
            }
            Error::Refused { channel: "email", reason }
        };
        let builder = Message::builder().from(self.from.clone()).subject(words::subject(notice));
        let message = self
            .to
            .iter()
            .fold(builder, |builder, to| builder.to(to.clone()))
            .header(ContentType::TEXT_PLAIN)
            .body(words::text(notice))
            .map_err(|error| refused(&error))?;
        self.transport.send(message).await.map(drop).map_err(|error| refused(&error))
    }
}

fn mailbox(setting: &'static str, text: &str) -> Result<Mailbox, Error> {
    text.parse().map_err(|error| Error::Setting { setting, reason: format!("{text:?}: {error}") })
}

fn transport(
    server: &Url,
    password: Option<&Secret>,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, Error> {
    let wrong = |reason: String| Error::Setting { setting: "monitoring.email.smtp", reason };
    let host = server.host_str().ok_or_else(|| wrong("it names no mail server".to_owned()))?;
    let encrypted = || TlsParameters::new(host.to_owned()).map_err(|e| wrong(e.to_string()));
    let is_here = crate::is_this_machine(server);
    let (port, tls) = match server.scheme() {
        "smtps" => (SMTPS_PORT, Tls::Wrapper(encrypted()?)),
        "smtp" if is_here => (SUBMISSION_PORT, Tls::None),
        "smtp" => (SUBMISSION_PORT, Tls::Required(encrypted()?)),
        scheme => return Err(wrong(format!("expected smtps:// or smtp://, found {scheme}://"))),
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(server.port().unwrap_or(port))
        .tls(tls);
    let password = password.map(Secret::expose).or(server.password());
    Ok(match (server.username(), password) {
        ("", _) => builder.build(),
        (user, Some(password)) => {
            builder.credentials(Credentials::new(user.to_owned(), password.to_owned())).build()
        }
        (_, None) => {
            let reason = "it is missing: the mail server is to be logged in to".to_owned();
            return Err(Error::Setting { setting: "monitoring.email.password", reason });
        }
    })
}
