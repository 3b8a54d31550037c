//! Jobs on a schedule, on a clock that the tests drive.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use component::{Clock, TestClock};
use model::{Event, Run, RunStatus, RunTrigger, Timestamp};
use runtime::{State, Supervisor};
use schedule::{Job, Missed, When};
use tokio::sync::Notify;
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;
use topology::{Format, Formats};
use transfer::{Done, Errand, Export, SCHEDULE, Stores, Work, ask, history, schedule};

use crate::world::{World, threads, world};

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

fn job(name: &str, text: &str, missed: Missed) -> Job {
    let when = When::parse(text, None, false).unwrap();
    Job { name: name.into(), when, schedule: text.into(), missed }
}

/// A job that counts how often it is run.
fn counted(count: &Arc<AtomicU32>) -> Work {
    let count = Arc::clone(count);
    Work::new(move |_, _| {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        async move { Ok(Done { records: i64::from(number), detail: "counted".into() }) }
    })
}

/// A world whose clock stands at a time.
async fn world_at(time: &str) -> (World, Arc<TestClock>) {
    let mut world = world().await;
    let clock = TestClock::starting_at(time.parse().unwrap());
    world.wiring.clock = Clock::test(clock.clone());
    (world, clock)
}

/// A process that has the schedule.
fn owner(world: &World, errands: &[Errand]) -> Supervisor {
    let mut wiring = world.wiring.clone();
    wiring.shutdown = CancellationToken::new();
    let mut supervisor = Supervisor::new(wiring);
    supervisor.start(schedule(errands.to_vec()));
    supervisor
}

/// Lets the clock go on until something is so.
async fn until(what: &str, clock: &TestClock, step: Duration, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
        clock.advance(step);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn runs(world: &World) -> Vec<Run> {
    block_in_place(|| history(&world.wiring)).unwrap()
}

fn has(world: &World, status: RunStatus) -> bool {
    runs(world).iter().any(|run| run.status == status)
}

/// What has become of the runs, but for where the schedule begins.
fn told(world: &World) -> Vec<(RunTrigger, RunStatus, String, i64)> {
    let runs = runs(world).into_iter().filter(|run| run.status != RunStatus::Planned);
    runs.map(|run| (run.trigger, run.status, run.due_time.to_string(), run.attempt)).collect()
}

const TICK: Duration = Duration::from_millis(100);
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn what_is_due_runs_once_and_what_was_missed_once_more() {
    threads().block_on(async {
        // All of it is past: Kafka takes no record that is of a later day.
        let (world, clock) = world_at("2026-11-16T17:30:00Z").await;
        let count = Arc::new(AtomicU32::new(0));
        let job = job("bars", "0 18 * * 1-5", Missed::Once);
        let errands = [Errand { job, work: counted(&count) }];
        let first = owner(&world, &errands);
        until("the plan", &clock, TICK, || has(&world, RunStatus::Planned)).await;
        until("the run", &clock, MINUTE, || has(&world, RunStatus::Finished)).await;
        assert!(first.stop(PATIENCE).await);
        let monday = "2026-11-16T18:00:00Z".to_owned();
        let done = |trigger, due: &str| (trigger, RunStatus::Finished, due.to_owned(), 1);
        assert_eq!(told(&world)[0].2, monday);
        // Nobody is there on Tuesday, Wednesday and Thursday.
        let friday: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let away = friday.since(world.wiring.clock.now());
        clock.advance(Duration::from_nanos(away.unsigned_abs()));
        let second = owner(&world, &errands);
        until("what was missed", &clock, TICK, || runs(&world).len() == 4).await;
        until("its end", &clock, TICK, || count.load(Ordering::SeqCst) == 2).await;
        until("its entry", &clock, TICK, || !has(&world, RunStatus::Started)).await;
        assert!(second.stop(PATIENCE).await);
        let late = RunTrigger::CatchUp;
        let skipped = (late, RunStatus::Skipped, "2026-11-18T18:00:00Z".to_owned(), 0);
        let told = told(&world);
        assert_eq!(told[1..], [skipped, done(late, "2026-11-19T18:00:00Z")]);
        assert_eq!(runs(&world).last().unwrap().records, 2);
    });
}

#[test]
fn a_second_process_takes_over_and_finishes_what_the_first_began() {
    threads().block_on(async {
        let (world, clock) = world_at("2026-11-23T17:59:50Z").await;
        let (begun, gate) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let hourly = |work| [Errand { job: job("bars", "@hourly", Missed::All), work }];
        let held = {
            let (begun, gate) = (Arc::clone(&begun), Arc::clone(&gate));
            Work::new(move |_, _| {
                let (begun, gate) = (Arc::clone(&begun), Arc::clone(&gate));
                async move {
                    begun.fetch_add(1, Ordering::SeqCst);
                    gate.notified().await;
                    Ok(Done::default())
                }
            })
        };
        let first = owner(&world, &hourly(held));
        until("the plan", &clock, TICK, || has(&world, RunStatus::Planned)).await;
        let second_of = Duration::from_secs(1);
        until("the first", &clock, second_of, || begun.load(Ordering::SeqCst) == 1).await;

        let count = Arc::new(AtomicU32::new(0));
        let second = owner(&world, &hourly(counted(&count)));
        until("the second", &clock, TICK, || count.load(Ordering::SeqCst) == 1).await;
        // What the first comes to does not count any more, and it notices.
        gate.notify_one();
        let status = first.statuses()[SCHEDULE].clone();
        until("the first to end", &clock, TICK, || status.get().state == State::Failed).await;
        until("the entry", &clock, TICK, || has(&world, RunStatus::Finished)).await;
        assert!(second.stop(PATIENCE).await);
        let due = "2026-11-23T18:00:00Z".to_owned();
        assert_eq!(told(&world), [(RunTrigger::Schedule, RunStatus::Finished, due, 2)]);
        first.stop(PATIENCE).await;
    });
}

#[test]
fn somebody_asks_for_an_export_and_people_hear_of_its_failure() {
    threads().block_on(async {
        let (world, clock) = world_at("2026-11-23T12:00:00Z").await;
        let export = Export::new("positions", Format::Json, &Formats::default()).unwrap();
        let root = world.folder.path().to_owned();
        let work = Work::export(
            export,
            root.clone(),
            "file://reports/positions.json".into(),
            Stores::default(),
        );
        let errands = [Errand { job: job("positions", "0 20 * * *", Missed::None), work }];
        let running = owner(&world, &errands);
        until("the plan", &clock, TICK, || has(&world, RunStatus::Planned)).await;

        // A file stands where the folder should be.
        fs::write(root.join("reports"), "").unwrap();
        world.publish([ask("positions", "test", world.wiring.clock.now()).into()]);
        until("the failure", &clock, TICK, || has(&world, RunStatus::Failed)).await;
        let alerts = || {
            let alert = |event| match event {
                Event::Alert(alert) => (alert.alert_id.to_string(), alert.status.to_string()),
                other => panic!("{other:?}"),
            };
            world.events("ops.alerts").into_iter().map(alert).collect::<Vec<_>>()
        };
        let about = |status: &str| ("schedule.positions.failed".to_owned(), status.to_owned());
        until("the alert", &clock, TICK, || alerts() == [about("opened")]).await;

        fs::remove_file(root.join("reports")).unwrap();
        world.publish([ask("positions", "test", world.wiring.clock.now()).into()]);
        until("the file", &clock, TICK, || has(&world, RunStatus::Finished)).await;
        assert!(root.join("reports/positions.json").exists());
        until("the end", &clock, TICK, || alerts() == [about("opened"), about("closed")]).await;
        assert!(running.stop(PATIENCE).await);
        assert!(told(&world).iter().all(|run| run.0 == RunTrigger::Asked));
    });
}
