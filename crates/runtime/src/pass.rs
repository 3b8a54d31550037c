//! A single pass of a source, for what is imported on a schedule: from its cursor to where nothing
//! is left to read at once.

use std::time::Duration;

use component::{Fault, Host, Source};
use tokio::task::block_in_place;
use tracing::{Instrument, warn};

use crate::alert::LASTS;
use crate::source::{FIRST_WAIT, Feeder, LONGEST_WAIT, after, or_shutdown};
use crate::{Backoff, Error, Status, Wiring};

/// Faults in a row after which a pass has failed.
const MAX_FAULTS: u32 = 8;
/// A vendor that wants to be left alone for longer is left alone until the next run.
const MAX_THROTTLE: Duration = Duration::from_secs(3_600);
/// A source that gives nothing for so long has nothing more to give.
const QUIET: Duration = Duration::from_secs(600);

/// Reads and publishes; gives the number of records. The next pass goes on from where this one
/// ended, wherever that was.
pub async fn run<S: Source>(
    system: S::System,
    settings: S::Settings,
    host: Host,
    wiring: Wiring,
    status: Status,
) -> Result<i64, Error> {
    let host = Host { ledger: Some(wiring.ledger()), ..host };
    let publishes = S::publishes(&settings);
    let mut feeder: Feeder<S> =
        block_in_place(|| Feeder::open(&host, &wiring, &publishes, &status))?;
    feeder.cursor = S::afresh(feeder.cursor);
    let before = feeder.records;
    let mut backoff = Backoff::new(&host.instance(), FIRST_WAIT, LONGEST_WAIT);
    loop {
        let read = read_all(&mut feeder, system.clone(), settings.clone(), &mut backoff);
        let fault = match or_shutdown(&wiring, read).await {
            None => return Err(Fault::retry("everything stops").into()),
            Some(read) => match read? {
                None => break,
                Some(fault) => fault,
            },
        };
        let wait = after(&fault, &mut backoff, &mut feeder.alarm)?;
        wiring.metrics.fault(&host.instance(), fault.kind());
        if backoff.failures() >= MAX_FAULTS || wait > MAX_THROTTLE {
            return Err(fault.into());
        }
        warn!(component = host.instance(), %fault, ?wait, "reading again");
        if or_shutdown(&wiring, wiring.clock.sleep(wait)).await.is_none() {
            return Err(fault.into());
        }
    }
    if feeder.alarm.is_open() {
        // A person was needed before, and is not any more.
        feeder.alarm.works();
        let _ = or_shutdown(&wiring, wiring.clock.sleep(LASTS)).await;
        block_in_place(|| feeder.alarm.look());
    }
    block_in_place(|| feeder.close())?;
    Ok(feeder.records - before)
}

/// Reads until there is a pause (`None`) or a fault.
async fn read_all<S: Source>(
    feeder: &mut Feeder<S>,
    system: S::System,
    settings: S::Settings,
    backoff: &mut Backoff,
) -> Result<Option<Fault>, Error> {
    let mut source = match S::connect(system, settings, feeder.host.clone()).await {
        Ok(source) => source,
        Err(fault) => return Ok(Some(fault)),
    };
    let clock = feeder.host.clock.clone();
    loop {
        let cursor = feeder.cursor.clone();
        let span = feeder.begin_trace();
        let batch = tokio::select! {
            batch = source.read(&cursor).instrument(span) => batch,
            () = clock.sleep(QUIET) => return Ok(None),
        };
        match batch {
            Err(fault) => return Ok(Some(fault)),
            Ok(batch) => {
                backoff.succeeded();
                let is_last = !batch.wait.is_zero();
                block_in_place(|| feeder.publish(batch))?;
                if is_last {
                    return Ok(None);
                }
            }
        }
    }
}
