//! A mock of every way of logging in, with the real errors and a clock that tests drive. The
//! crate's `README.md` says what is where.

mod api;
mod oauth1;
mod oauth2;
mod pages;
mod session;
mod settings;
mod state;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::routing::{get, post};
use axum::{Json, Router};
use mockkit::{Clock, Kit, Ready, Vendor, time};

pub use mockkit::{Error, Result, Speed};
pub use settings::Settings;

use crate::state::State;

const SECRETS: &[&str] = &[
    "authorization",
    "client_secret",
    "client_assertion",
    "password",
    "refresh_token",
    "access_token",
    "device_code",
    "code",
    "otp",
    "x-api-key",
    "x-signature",
];

/// The mock at work; it stops when dropped.
pub struct Running {
    server: mockkit::Running,
    ready: Ready,
}

/// All that the handlers look at.
struct World {
    kit: Kit,
    settings: Settings,
    state: Mutex<State>,
}

impl World {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic in a handler is a bug that its test sees; the mock goes on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        self.kit.clock().now()
    }
}

/// Starts the mock.
pub async fn serve(settings: Settings) -> Result<Running> {
    let clock = Clock::new(time::parse(&settings.start)?, settings.speed);
    let vendor = Vendor {
        name: "authentication",
        secrets: SECRETS,
        fault_kinds: &[],
        error_body: |_, status| ("text/html", format!("<html><h1>{status}</h1></html>")),
    };
    let kit = Kit::new(vendor, clock);
    let listen = settings.listen;
    let world = Arc::new(World { kit: kit.clone(), settings, state: Mutex::default() });
    let router = Router::new()
        .route("/oauth2/token", post(oauth2::token))
        .route("/oauth2/revoke", post(oauth2::revoke))
        .route("/oauth2/device", post(oauth2::device))
        .route("/oauth2/authorize", get(pages::authorize))
        .route("/oauth2/decide", get(pages::decide))
        .route("/device", get(pages::device))
        .route("/device/decide", get(pages::decide_device))
        .route("/oauth1/request_token", get(oauth1::request_token).post(oauth1::request_token))
        .route("/oauth1/authorize", get(pages::authorize_oauth1))
        .route("/oauth1/access_token", get(oauth1::access_token).post(oauth1::access_token))
        .route("/oauth1/renew_access_token", get(oauth1::renew))
        .route("/oauth1/revoke_access_token", get(oauth1::revoke))
        .route("/session/login", post(session::login))
        .route("/api/{kind}", get(api::call).post(api::call))
        .route(
            "/_mock/logins",
            get({
                let world = Arc::clone(&world);
                async move || Json(world.state().counts.clone())
            }),
        )
        .with_state(world);
    let server = mockkit::serve(kit, listen, router).await?;
    let base = format!("http://{}", server.address());
    let ready = Ready::new("authentication", BTreeMap::from([("base", base)]));
    Ok(Running { server, ready })
}

impl Running {
    /// `base` is what all paths stand below.
    pub fn urls(&self) -> &BTreeMap<&'static str, String> {
        &self.ready.urls
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The line to print once the mock can be used.
    pub fn ready_line(&self) -> String {
        self.ready.line()
    }

    /// Clock, faults and transcript, for tests in the same process.
    pub fn kit(&self) -> &Kit {
        self.server.kit()
    }

    pub async fn stop(self) {
        self.server.stop().await;
    }
}
