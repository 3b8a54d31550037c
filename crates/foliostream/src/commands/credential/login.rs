//! `credential login`: walks a person through a vendor's consent, with a browser or without.

use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use credentials::{Authenticator, Consent, Polled};
use serde_json::json;

use super::redirect::Place;
use super::system;
use crate::cli::{Cli, CredentialLogin, Format};
use crate::output;

/// How long a person may take.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// The longest line that a person pastes.
const MAX_LINE: u64 = 16 << 10;

pub async fn run(cli: &Cli, args: &CredentialLogin) -> Result<()> {
    let found = system::find(cli, &args.system)?;
    let Some(credential) = found.credential()? else {
        bail!("{}: nobody has to log in, its credentials are sent as they are", found.system.id);
    };
    let mut consent = credentials::consent(&credential).await.map_err(system::refused)?;
    let walked = tokio::time::timeout(PATIENCE, walk(cli, args, &credential, &mut consent)).await;
    match walked {
        Ok(walked) => walked?,
        Err(_) => bail!("nobody logged in within {PATIENCE:?}"),
    }
    let standing = credential.standing().await;
    system::say(cli, "logged in", &credential, &standing)?;
    found.tell(cli).await;
    Ok(())
}

async fn walk(
    cli: &Cli,
    args: &CredentialLogin,
    credential: &Authenticator,
    consent: &mut Consent,
) -> Result<()> {
    if consent.is_attested() {
        output::line("log in where the vendor asks for it, then press Enter");
        line().await?;
        return credential.finish(consent, "").await.map_err(system::refused);
    }
    announce(cli, consent)?;
    if !args.no_browser {
        open(consent.url.as_str());
    }
    if consent.device().is_some() {
        return poll(credential, consent).await;
    }
    let place = Place::listen(consent.redirect_url().as_ref()).await?;
    let given = given(cli, place.as_ref()).await?;
    credential.finish(consent, &given).await.map_err(system::refused)
}

/// The page, always: the browser that we could open may be on the wrong machine.
fn announce(cli: &Cli, consent: &Consent) -> Result<()> {
    let user_code = consent.device().map(|device| &device.user_code);
    match cli.format {
        Format::Json => output::json(&json!({ "open": consent.url, "user_code": user_code })),
        Format::Text => {
            output::line(&format!("open this page and log in:\n\n  {}\n", consent.url));
            if let Some(code) = user_code {
                output::line(&format!("the code to type there is {code}"));
            }
            Ok(())
        }
    }
}

/// What the vendor gave the person: heard on this machine, or pasted.
async fn given(cli: &Cli, place: Option<&Place>) -> Result<String> {
    let Some(place) = place else {
        ask(cli, "then paste the URL that the browser was sent to, or the code, and press Enter");
        return line().await;
    };
    ask(cli, "waiting for the browser; from another machine, paste the URL it was sent to");
    tokio::select! {
        arrived = place.arrived() => arrived,
        pasted = pasted() => pasted,
    }
}

fn ask(cli: &Cli, words: &str) {
    if cli.format == Format::Text {
        output::line(words);
    }
}

/// A line that a person pastes, where there is one to do so.
async fn pasted() -> Result<String> {
    match line().await {
        Ok(line) => Ok(line),
        Err(_) => std::future::pending().await,
    }
}

/// A line of standard input. A thread of its own reads it: one that waits there for ever would
/// hold up the end of the program anywhere else.
async fn line() -> Result<String> {
    let (tell, heard) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let mut input = BufReader::new(std::io::stdin().take(MAX_LINE));
        let read = input.read_line(&mut text).ok().filter(|count| *count > 0);
        // Nobody may be left to hear it.
        drop(tell.send(read.map(|_| text.trim().to_owned())));
    });
    heard.await?.context("nothing was pasted: standard input is closed")
}

/// Asks until the person has consented on their device, as often as the vendor allows.
async fn poll(credential: &Authenticator, consent: &mut Consent) -> Result<()> {
    loop {
        match credential.poll(consent).await.map_err(system::refused)? {
            Polled::Done => return Ok(()),
            Polled::Wait(wait) => tokio::time::sleep(wait).await,
        }
    }
}

/// Opens a page in the person's browser, if there are both. Nobody waits for it.
fn open(url: &str) {
    let has_screen = cfg!(target_os = "macos")
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if !has_screen || !std::io::stdin().is_terminal() {
        return;
    }
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(opener);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        tracing::debug!(opener, %error, "no browser was opened");
    }
}
