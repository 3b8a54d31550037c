//! What something costs: time on the clock and of processors.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use nix::time::{ClockId, clock_gettime};

/// What `/proc` counts processor time in.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time of the calling thread so far, in nanoseconds. Others that want the processor
/// meanwhile do not count.
pub fn thread_nanos() -> f64 {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
        .map_or(0.0, |time| Duration::from(time).as_secs_f64() * 1e9)
}

/// Processor time of this process so far, in seconds.
pub fn process_secs() -> f64 {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0.0, |usage| {
        (usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e6
    })
}

/// Processor time of another process so far, in seconds.
pub fn other_secs(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let stat = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let mut fields = after_name.split_whitespace().skip(11);
    let mut ticks = || -> Result<f64> { Ok(fields.next().context("a short line")?.parse()?) };
    Ok((ticks()? + ticks()?) / TICKS_PER_SECOND)
}

/// Resident and highest resident size of another process, in MB.
pub fn resident_mb(pid: u32) -> Result<(f64, f64)> {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let kilobytes = |name: &str| -> Result<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        Ok(number.with_context(|| format!("no {name} in {path}"))?.parse()?)
    };
    Ok((kilobytes("VmRSS:")? * 1.024e-3, kilobytes("VmHWM:")? * 1.024e-3))
}

/// What moving so many records cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub records: u64,
    /// Seconds on the clock.
    pub wall: f64,
    /// Seconds of processor time of this process.
    pub ours: f64,
    /// The same of the broker.
    pub broker: f64,
}

impl Cost {
    /// Records a second.
    pub fn rate(&self) -> f64 {
        self.records as f64 / self.wall
    }

    /// Microseconds of our processor time for a record.
    pub fn micros(&self) -> f64 {
        1e6 * self.ours / self.records as f64
    }

    /// The same of the broker.
    pub fn broker_micros(&self) -> f64 {
        1e6 * self.broker / self.records as f64
    }
}

/// A measurement under way.
pub struct Meter {
    started: Instant,
    ours: f64,
    broker: f64,
    broker_pid: u32,
}

impl Meter {
    pub fn start(broker_pid: u32) -> Result<Self> {
        let broker = other_secs(broker_pid)?;
        Ok(Self { started: Instant::now(), ours: process_secs(), broker, broker_pid })
    }

    pub fn stop(self, records: u64) -> Result<Cost> {
        Ok(Cost {
            records,
            wall: self.started.elapsed().as_secs_f64(),
            ours: process_secs() - self.ours,
            broker: other_secs(self.broker_pid)? - self.broker,
        })
    }
}

/// The middle value.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}

/// The value that this share of all values does not exceed; not a number if there are none.
pub fn quantile(values: impl IntoIterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let index = (values.len() as f64 * share).ceil() as usize;
    values.get(index.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}
