//! Every performance figure that is stated anywhere, measured beside its limit in one run:
//! `cargo bench -p benches`. Words after `--` pick groups, `--format json` prints JSON lines.
#![allow(clippy::print_stdout)] // The figures are the point.

mod cost;
mod report;
mod stage;
mod vendor;

mod floor;
mod frame;

mod stream;

mod fold;

mod loops;
mod order;

mod memory;
mod restart;

use std::time::Instant;

use anyhow::{Result, bail};

use crate::report::{Format, Report};
use crate::stage::Stage;

/// The groups, in the order in which they run.
const GROUPS: [&str; 6] = ["frame", "stream", "fold", "order", "memory", "restart"];

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let [_, word, vendor, settings] = &std::env::args().collect::<Vec<_>>()[..]
        && word == vendor::MOCK
    {
        return runtime.block_on(vendor::serve(vendor, settings));
    }
    let (format, wanted) = arguments()?;
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    // A second installation would only say that there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    runtime.block_on(async {
        let started = Instant::now();
        let mut report = Report::new(format);
        let stage = Stage::set().await?;
        for group in GROUPS.iter().filter(|name| wanted.is_empty() || wanted.contains(*name)) {
            report.begin(group);
            match *group {
                "frame" => frame::run(&stage, &mut report).await?,
                "stream" => stream::run(&stage, &mut report).await?,
                "fold" => fold::run(&stage, &mut report).await?,
                "order" => order::run(&stage, &mut report).await?,
                "memory" => memory::run(&stage, &mut report).await?,
                _ => restart::run(&stage, &mut report).await?,
            }
        }
        report.finish(started.elapsed());
        stage.strike().await
    })
}

/// Which groups to run, and how to print. Cargo adds `--bench` of its own.
fn arguments() -> Result<(Format, Vec<&'static str>)> {
    let (mut format, mut wanted) = (Format::Text, Vec::new());
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        if argument == "--format" {
            format = match arguments.next().as_deref() {
                Some("json") => Format::Json,
                Some("text") => Format::Text,
                other => bail!("--format is text or json, not {other:?}"),
            };
            continue;
        }
        match GROUPS.iter().find(|group| **group == argument) {
            Some(group) => wanted.push(*group),
            None => bail!("no group is called {argument:?}; there are {}", GROUPS.join(", ")),
        }
    }
    Ok((format, wanted))
}
