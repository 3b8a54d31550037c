use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::line::{self, Line, Lines, Peer};
use crate::{Error, Kit, Result, control, http_faults};

/// How long requests under way may take to finish once the server stops.
const GRACE: Duration = Duration::from_millis(500);

/// The line a mock prints once it can be used.
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    pub ready: bool,
    pub vendor: &'static str,
    pub urls: BTreeMap<&'static str, String>,
}

impl Ready {
    pub fn new(vendor: &'static str, urls: BTreeMap<&'static str, String>) -> Ready {
        Ready { ready: true, vendor, urls }
    }

    /// One line of JSON.
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A server at work; it stops when dropped.
pub struct Running {
    kit: Kit,
    address: SocketAddr,
    lines: Arc<Mutex<Vec<Weak<Line>>>>,
    task: Option<JoinHandle<()>>,
}

/// Serves `router` on `listen` (port 0 picks a free one), with the control routes, the transcript
/// and the faults around it.
pub async fn serve(kit: Kit, listen: SocketAddr, router: Router) -> Result<Running> {
    let failed = |source| Error::Listen { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let listener = Lines::new(listener);
    let lines = listener.open();
    let service = router
        .merge(control::routes(kit.clone()))
        .layer(from_fn_with_state(kit.clone(), http_faults::observe))
        .into_make_service_with_connect_info::<Peer>();
    let stop = kit.clone();
    let task = tokio::spawn(async move {
        let stopped = async move { stop.stopped().await };
        if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(stopped).await {
            tracing::error!(%error, "a mock stopped serving");
        }
    });
    Ok(Running { kit, address, lines, task: Some(task) })
}

impl Running {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn kit(&self) -> &Kit {
        &self.kit
    }

    /// Lets requests under way finish, then closes every connection.
    pub async fn stop(mut self) {
        self.kit.stop();
        if let Some(task) = self.task.take() {
            let abort = task.abort_handle();
            if tokio::time::timeout(GRACE, task).await.is_err() {
                line::break_all(&self.lines);
                abort.abort();
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kit.stop();
        line::break_all(&self.lines);
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}
