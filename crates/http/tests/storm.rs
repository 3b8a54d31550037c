//! A vendor that is in trouble, and how much we add to it. Everything is counted by the vendor.
//!
//! Five minutes pass on a clock of the test's own; `FOLIOSTREAM_STORM=300` lets as many real
//! seconds pass instead.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use component::{Clock, Fault, Host, TestClock, Throttling, change_throttling};
use http::{Auth, Http, Rate};
use model::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::net::TcpListener;
use url::Url;

const SECOND: i64 = 1_000_000_000;
const PER_SECOND: usize = 10;
const PER_MINUTE: usize = 450;
const LIMITS: [(i64, usize); 2] = [(SECOND, PER_SECOND), (60 * SECOND, PER_MINUTE)];
const CALLERS: u64 = 30;
const STEP: Duration = Duration::from_millis(50);
/// A request and its answer take fewer steps of the runtime than this.
const QUIET: u32 = 150;

/// What arrived at the vendor.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    time: i64,
    call: u64,
}

struct Vendor {
    clock: Clock,
    arrivals: Mutex<Vec<Arrival>>,
    is_stormy: Mutex<Option<StdRng>>,
    /// Everything that happens counts, so that a test knows when nothing does.
    activity: AtomicU64,
}

#[derive(serde::Deserialize)]
struct Call {
    call: u64,
}

async fn answer(
    State(vendor): State<Arc<Vendor>>,
    Query(Call { call }): Query<Call>,
) -> (StatusCode, HeaderMap, &'static str) {
    vendor.activity.fetch_add(1, Ordering::SeqCst);
    let time = vendor.clock.now().0;
    vendor.arrivals.lock().unwrap().push(Arrival { time, call });
    let chance = vendor.is_stormy.lock().unwrap().as_mut().map(|random| random.random_range(0..10));
    let mut headers = HeaderMap::new();
    let status = match chance {
        Some(0..3) => {
            headers.insert("retry-after", "1".parse().unwrap());
            StatusCode::TOO_MANY_REQUESTS
        }
        Some(3..5) => StatusCode::SERVICE_UNAVAILABLE,
        Some(5..7) => {
            vendor.clock.sleep(Duration::from_secs(2)).await;
            StatusCode::OK
        }
        _ => StatusCode::OK,
    };
    vendor.activity.fetch_add(1, Ordering::SeqCst);
    (status, headers, "1")
}

/// Asks again and again, as the runtime does for a source.
async fn call(http: Http, vendor: Arc<Vendor>, calls: Arc<AtomicU64>) {
    loop {
        let call = calls.fetch_add(1, Ordering::SeqCst).to_string();
        let wait = match http.get::<u32>("/x", &[("call", &call)]).await {
            Ok(_) => Duration::ZERO,
            Err(Fault::Throttled { wait, .. }) => wait,
            Err(_) => Duration::from_secs(1),
        };
        vendor.activity.fetch_add(1, Ordering::SeqCst);
        vendor.clock.sleep(wait).await;
        tokio::task::yield_now().await;
    }
}

/// Moves the time once nothing happens any more.
async fn pass(time: Arc<TestClock>, vendor: Arc<Vendor>) {
    loop {
        let (mut before, mut quiet) = (0, 0);
        while quiet < QUIET {
            tokio::task::yield_now().await;
            let now = vendor.activity.load(Ordering::SeqCst);
            quiet = if now == before { quiet + 1 } else { 0 };
            before = now;
        }
        time.advance(STEP);
    }
}

/// Runs on one thread that looks for what has arrived between any two steps.
fn run(test: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().event_interval(1).build().unwrap().block_on(test);
}

struct World {
    vendor: Arc<Vendor>,
    clock: Clock,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

impl World {
    async fn new(system: &str, is_real: bool, throttling: Throttling) -> Self {
        let time = TestClock::starting_at(Timestamp::from_secs(1_000_000));
        let clock = if is_real { Clock::system() } else { Clock::test(time.clone()) };
        let vendor = Arc::new(Vendor {
            clock: clock.clone(),
            arrivals: Mutex::default(),
            is_stormy: Mutex::default(),
            activity: AtomicU64::new(0),
        });
        let router = Router::new().route("/x", get(answer)).with_state(vendor.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let mut tasks =
            vec![tokio::spawn(async move { axum::serve(listener, router).await.unwrap() })];
        let host = Host::new(system, "acme_test", clock.clone(), throttling);
        let http = Http::open(&host, &url, false, Auth::none(), Rate::UNLIMITED).unwrap();
        let calls = Arc::new(AtomicU64::new(0));
        for _ in 0..CALLERS {
            tasks.push(tokio::spawn(call(http.clone(), vendor.clone(), calls.clone())));
        }
        if !is_real {
            tasks.push(tokio::spawn(pass(time, vendor.clone())));
        }
        Self { vendor, clock, tasks }
    }

    /// Lets this many seconds pass.
    async fn pass(&self, secs: u64) {
        self.clock.sleep(Duration::from_secs(secs)).await;
    }

    fn between(&self, from: Timestamp, to: Timestamp) -> Vec<Arrival> {
        let arrivals = self.vendor.arrivals.lock().unwrap();
        arrivals.iter().filter(|at| (from.0..to.0).contains(&at.time)).copied().collect()
    }

    /// The fullest window of this length, wherever it begins.
    fn fullest(&self, length: i64) -> usize {
        let arrivals = self.vendor.arrivals.lock().unwrap();
        let after = |first: usize| {
            let end = arrivals[first].time + length;
            arrivals[first..].iter().take_while(|arrival| arrival.time < end).count()
        };
        (0..arrivals.len()).map(after).max().unwrap_or(0)
    }
}

fn limits() -> Throttling {
    Throttling {
        max_requests_per_second: Some(PER_SECOND as u32),
        max_requests_per_minute: Some(PER_MINUTE as u32),
        retry_attempts: Some(5),
        retry_delay: Some(0.5),
        ..Throttling::default()
    }
}

#[test]
fn a_storm_is_not_made_worse_and_is_over_when_it_is() {
    run(storm());
}

async fn storm() {
    let secs = std::env::var("FOLIOSTREAM_STORM").ok().and_then(|secs| secs.parse::<u64>().ok());
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let world = World::new("a storm", secs.is_some(), limits()).await;
    world.pass(60).await;
    let start = world.clock.now();
    *world.vendor.is_stormy.lock().unwrap() = Some(StdRng::seed_from_u64(seed));
    world.pass(secs.unwrap_or(300)).await;
    *world.vendor.is_stormy.lock().unwrap() = None;
    let end = world.clock.now();
    world.pass(65).await;

    for (length, limit) in LIMITS {
        let fullest = world.fullest(length);
        assert!(fullest <= limit, "{fullest} requests in {} s", length / SECOND);
    }
    // The first refusals are those of the first ten seconds.
    let during = world.between(start.plus_nanos(10 * SECOND), end);
    let needed = during.iter().map(|arrival| arrival.call).collect::<HashSet<_>>().len();
    let sent = during.len();
    println!("{sent} requests for {needed} that were needed");
    assert!(needed > 100 && sent * 10 <= needed * 12, "{sent} requests for {needed} needed");
    // Within five seconds of its end as many requests arrive in a minute as before it.
    let before = world.between(start.plus_nanos(-55 * SECOND), start).len();
    let after = world.between(end.plus_nanos(5 * SECOND), end.plus_nanos(60 * SECOND)).len();
    println!("{before} requests before and {after} after it");
    assert!(after * 100 >= before * 95, "{after} requests after it, {before} before");
}

#[test]
fn limits_that_are_set_while_running_hold_at_once() {
    run(change());
}

async fn change() {
    let throttling = Throttling { max_requests_per_second: Some(2), ..Throttling::default() };
    let world = World::new("limits that change", false, throttling.clone()).await;
    let count = async |secs| {
        let from = world.clock.now();
        world.pass(secs).await;
        world.between(from, world.clock.now()).len()
    };
    let slow = count(20).await;
    assert!((30..=40).contains(&slow), "{slow} requests in 20 s");
    let faster = Throttling { max_requests_per_second: Some(20), ..throttling.clone() };
    change_throttling("limits that change", faster);
    let fast = count(20).await;
    assert!((300..=400).contains(&fast), "{fast} requests in 20 s");
    change_throttling("limits that change", throttling);
    world.pass(1).await;
    let slow = count(20).await;
    assert!((30..=40).contains(&slow), "{slow} requests in 20 s");
}
