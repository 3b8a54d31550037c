//! Runs of jobs as their topic has them: each has one key, and its last word counts.

use kafka::{Outgoing, Transactions, partition_for};
use model::{Event, EventId, Head, Run, RunStatus, RunTrigger, Text, Timestamp};
use runtime::Wiring;
use schedule::{Past, Trigger};
use tracing::warn;

use crate::Error;

/// The topic.
pub(crate) const TOPIC: &str = "ops.runs";
/// The id of the entry with which a schedule begins.
pub(crate) const PLANNED: &str = "planned";

/// What can be said of a run before it is begun.
pub(crate) fn entry(job: &str, id: &str, schedule: &str, due: Timestamp) -> Run {
    Run {
        head: Head::default(),
        job: job.into(),
        run_id: id.into(),
        schedule: schedule.into(),
        trigger: RunTrigger::Schedule,
        status: RunStatus::Planned,
        due_time: due,
        started_time: None,
        ended_time: None,
        attempt: 0,
        records: 0,
        detail: Text::default(),
    }
}

/// Somebody asks for a run, which whoever has the schedule begins.
pub fn ask(job: &str, source: &str, now: Timestamp) -> Run {
    let id = format!("asked {now}");
    let asked = entry(job, &id, "", now);
    stamped(Run { trigger: RunTrigger::Asked, status: RunStatus::Asked, ..asked }, source, now)
}

/// The same with its head.
pub(crate) fn stamped(run: Run, source: &str, now: Timestamp) -> Run {
    let (status, attempt) = (run.status.as_str(), run.attempt.to_string());
    let told = [&*run.job, &run.run_id, status, &attempt, &now.0.to_string()];
    let id = EventId::of(&[&["run"], &told[..]].concat());
    let head = Head { source: source.into(), received_time: now, ..Head::new(id, now) };
    Run { head, ..run }
}

/// Why a run is begun, as the topic says it.
pub(crate) fn trigger(trigger: Trigger) -> RunTrigger {
    match trigger {
        Trigger::Schedule => RunTrigger::Schedule,
        Trigger::CatchUp => RunTrigger::CatchUp,
        Trigger::Asked => RunTrigger::Asked,
    }
}

/// What an entry tells the roster.
pub(crate) fn past(run: &Run) -> Vec<Past> {
    let dealt = Past::Dealt { until: run.due_time, schedule: run.schedule.to_string() };
    let is_asked = run.trigger == RunTrigger::Asked;
    let dealt = (!is_asked).then_some(dealt);
    let told = match run.status {
        RunStatus::Planned | RunStatus::Skipped => None,
        RunStatus::Asked => Some(Past::Asked { id: run.run_id.to_string(), at: run.due_time }),
        RunStatus::Started => Some(Past::Started(schedule::Run {
            job: run.job.to_string(),
            id: run.run_id.to_string(),
            trigger: match run.trigger {
                RunTrigger::Schedule => Trigger::Schedule,
                RunTrigger::CatchUp => Trigger::CatchUp,
                RunTrigger::Asked => Trigger::Asked,
            },
            due: run.due_time,
            attempt: run.attempt,
        })),
        RunStatus::Finished | RunStatus::Failed => Some(Past::Ended { id: run.run_id.to_string() }),
    };
    dealt.into_iter().chain(told).collect()
}

/// Every entry that is still there, in order, with the partition and offset of each. Blocks.
pub(crate) fn entries(wiring: &Wiring) -> Result<Vec<(i32, i64, Option<Run>)>, Error> {
    let mut messages = Vec::new();
    let topic = wiring.names.topic(TOPIC);
    wiring.cluster.reader()?.read_all(&topic, |message| messages.push(message))?;
    let mut entries = Vec::with_capacity(messages.len());
    for message in &messages {
        entries.push((message.partition, message.offset, read(wiring, message)?));
    }
    Ok(entries)
}

/// The runs there have been, the last word on each. Blocks.
pub fn history(wiring: &Wiring) -> Result<Vec<Run>, Error> {
    let mut last = std::collections::BTreeMap::new();
    for (_, _, run) in entries(wiring)? {
        let Some(run) = run else { continue };
        last.insert((run.job.clone(), run.run_id.clone()), run);
    }
    let mut runs: Vec<Run> = last.into_values().collect();
    runs.sort_by(|one, other| (one.due_time, &one.job).cmp(&(other.due_time, &other.job)));
    Ok(runs)
}

/// The entry of a record; nothing for one that deletes another, or that cannot be read.
pub(crate) fn read(wiring: &Wiring, message: &kafka::Message) -> Result<Option<Run>, Error> {
    if message.payload().is_none() {
        return Ok(None);
    }
    match wiring.read(message) {
        Ok(Event::Run(run)) => Ok(Some(*run)),
        Ok(_) => Ok(None),
        Err(runtime::Error::Record { topic, reason }) => {
            warn!(topic, offset = message.offset, reason, "unreadable run");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Deletes the entry of a run.
pub(crate) fn forget(
    wiring: &Wiring,
    transactions: &mut Transactions,
    job: &str,
    id: &str,
) -> Result<(), Error> {
    let key = format!("{job}|{id}");
    let partition = partition_for(job.as_bytes(), wiring.names.partitions(TOPIC));
    Ok(transactions.send(&Outgoing {
        topic: &wiring.names.topic(TOPIC),
        partition: Some(partition),
        key: Some(key.as_bytes()),
        ..Outgoing::default()
    })?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::slice::from_ref;

    use super::*;

    #[test]
    fn the_roster_is_told_what_the_topic_says() {
        let due = Timestamp::from_secs(3_600);
        let of = |trigger, status| Run {
            trigger,
            status,
            attempt: 2,
            ..entry("bars", "r1", "@hourly", due)
        };
        let check = |trigger, status, expected: &[Past]| {
            assert_eq!(past(&of(trigger, status)), expected, "{trigger:?} {status:?}");
        };
        let dealt = Past::Dealt { until: due, schedule: "@hourly".into() };
        let started = |trigger| {
            let (job, id) = ("bars".into(), "r1".into());
            Past::Started(schedule::Run { job, id, trigger, due, attempt: 2 })
        };
        let ended = Past::Ended { id: "r1".into() };
        let asked = Past::Asked { id: "r1".into(), at: due };
        check(RunTrigger::Schedule, RunStatus::Planned, from_ref(&dealt));
        check(RunTrigger::CatchUp, RunStatus::Skipped, from_ref(&dealt));
        let begun = [dealt.clone(), started(Trigger::CatchUp)];
        check(RunTrigger::CatchUp, RunStatus::Started, &begun);
        check(RunTrigger::Schedule, RunStatus::Failed, &[dealt, ended.clone()]);
        // What is asked for says nothing of what is due.
        check(RunTrigger::Asked, RunStatus::Asked, &[asked]);
        check(RunTrigger::Asked, RunStatus::Started, &[started(Trigger::Asked)]);
        check(RunTrigger::Asked, RunStatus::Finished, &[ended]);
    }
}
