//! What a job does: an export, an import of files, a pass of a source.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use runtime::{Pass, Status, Wiring};
use tokio::sync::{mpsc, oneshot};
use tokio::task::block_in_place;

use crate::jobs::News;
use crate::{Destination, Error, Export, Imported, Input, Plan, Stores, import, unseen};

/// Attempts at a file when Kafka is in trouble.
const ATTEMPTS: u32 = 5;
/// Pause before the second attempt; later ones are longer.
const PAUSE: Duration = Duration::from_secs(1);

/// What a job does, as often as it is run.
#[derive(Clone)]
pub struct Work(Arc<Body>);

type Body = dyn Fn(Wiring, Status, Guard) -> BoxFuture<'static, Result<Done, String>> + Send + Sync;

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Records that were published, or rows that were written.
    pub records: i64,
    /// What else there is to say.
    pub detail: String,
}

/// Knows whether a run is still the only one of its job.
pub(crate) struct Guard(pub mpsc::Sender<News>);

impl Guard {
    /// Asks whoever has the schedule, who asks Kafka. Blocks.
    fn confirm(&self) -> Result<(), Error> {
        let lost = || Error::Plan("another process has taken the schedule over".to_owned());
        let (reply, answer) = oneshot::channel();
        self.0.blocking_send(News::Confirm(reply)).map_err(|_| lost())?;
        answer.blocking_recv().map_err(|_| lost())
    }
}

impl Work {
    /// Anything that may be begun again when it was interrupted. It is given its wiring and where
    /// it shows how it is.
    pub fn new<F>(run: impl Fn(Wiring, Status) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Done, String>> + Send + 'static,
    {
        Self(Arc::new(move |wiring, status, _| Box::pin(run(wiring, status))))
    }

    /// Writes a file below a root, or an object to a store.
    pub fn export(export: Export, root: PathBuf, destination: String, stores: Stores) -> Self {
        Self(Arc::new(move |wiring, _, guard| {
            let (export, root, text) = (export.clone(), root.clone(), destination.clone());
            let stores = stores.clone();
            Box::pin(async move {
                let write = || {
                    let now = wiring.clock.now();
                    let destination = Destination::find(&stores, &root, &text, now)?;
                    export.write(&wiring, &destination, &mut || guard.confirm())
                };
                let exported = block_in_place(write).map_err(|error| error.to_string())?;
                let records = i64::try_from(exported.rows).unwrap_or(i64::MAX);
                let detail = format!("{}, sha256 {}", exported.file.display(), exported.sha256);
                Ok(Done { records, detail })
            })
        }))
    }

    /// Imports the files of an import.
    pub fn import(plan: Plan) -> Self {
        Self::new(move |wiring, _| {
            let plan = plan.clone();
            async move {
                let found = Input::find(&plan, &plan.from, &wiring.clock).await;
                let found = found
                    .and_then(|found| block_in_place(|| unseen(&wiring, &plan, found)))
                    .map_err(|error| error.to_string())?;
                let mut done = Done::default();
                for input in found {
                    let imported = file(&wiring, &plan, &input).await;
                    done.add(&imported.map_err(|error| error.to_string())?)?;
                }
                Ok(done)
            }
        })
    }

    /// Reads a source until nothing is left to read at once.
    pub fn pass(pass: Pass) -> Self {
        Self::new(move |wiring, status| {
            let read = pass(wiring, status);
            async move {
                let records = read.await.map_err(|error| error.to_string())?;
                Ok(Done { records, detail: String::new() })
            }
        })
    }

    pub(crate) fn begin(
        &self,
        wiring: Wiring,
        status: Status,
        guard: Guard,
    ) -> BoxFuture<'static, Result<Done, String>> {
        (self.0)(wiring, status, guard)
    }
}

impl Done {
    fn add(&mut self, imported: &Imported) -> Result<(), String> {
        let Imported { file, published, repeated, refused, broken, .. } = imported;
        if let Some(reason) = broken {
            return Err(reason.clone());
        }
        self.records += i64::try_from(*published).unwrap_or(i64::MAX);
        if *published + *refused > 0 {
            let said = format!("{file}: {repeated} rows known before, {refused} refused");
            self.detail = [std::mem::take(&mut self.detail), said].join("; ");
            self.detail = self.detail.trim_start_matches("; ").to_owned();
        }
        Ok(())
    }
}

/// Imports a file; trouble with Kafka is waited out, from where the file had been read to.
async fn file(wiring: &Wiring, plan: &Plan, input: &Input) -> Result<Imported, Error> {
    let mut attempt = 1;
    loop {
        match block_in_place(|| import(wiring, plan, input, &mut |_| ())) {
            Err(error) if error.is_passing() && attempt < ATTEMPTS => {
                tracing::warn!(import = plan.name, %error, attempt, "importing again");
                wiring.clock.sleep(PAUSE * attempt).await;
                attempt += 1;
            }
            done => return done,
        }
    }
}
