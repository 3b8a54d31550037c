//! Ninety days in which three logins end again and again, and only when they were announced to.

use credentials::{Notice, Span, Watch};
use jiff::civil::{Weekday, time};
use jiff::tz::TimeZone;
use serde_json::json;

use super::*;

const DAYS: i64 = 90;
const STEP: Duration = Duration::from_secs(3_000);
const HOUR: i64 = 3_600_000_000_000;

/// One credential, and the person who is called when it needs them.
struct Desk {
    credential: Authenticator,
    http: Option<(Http, &'static str)>,
    watch: Watch,
    /// When the person, who was told, will log in.
    appointment: Option<Timestamp>,
    /// How long they take: they sleep, they are out.
    takes: i64,
    /// Whether a login before the end would end with it.
    waits_for_end: bool,
    /// The end that was announced.
    announced: Option<Timestamp>,
    logins: u32,
    outages: u32,
}

impl Desk {
    fn new(credential: Authenticator, http: Option<(Http, &'static str)>, takes: i64) -> Self {
        let waits_for_end = http.is_none();
        Self {
            credential,
            http,
            watch: Watch::default(),
            appointment: None,
            takes,
            waits_for_end,
            announced: None,
            logins: 0,
            outages: 0,
        }
    }

    async fn step(&mut self, world: &World) {
        let now = world.now();
        if self.appointment.is_some_and(|at| now >= at) {
            log_in(&self.credential).await;
            self.logins += 1;
            self.appointment = None;
            self.announced = None;
        }
        match self.credential.look(&mut self.watch).await {
            Some(Notice::Soon { left }) => {
                let left = i64::try_from(left.as_nanos()).unwrap();
                self.announced = Some(now.plus_nanos(left));
                let end = now.plus_nanos(left);
                let from = if self.waits_for_end { end } else { now };
                self.appointment.get_or_insert(from.plus_nanos(self.takes));
            }
            Some(Notice::Needed { reason }) => {
                let announced =
                    self.announced.unwrap_or_else(|| panic!("no word before: {reason}"));
                assert!(now >= announced, "before its time: {reason}");
            }
            Some(Notice::Over) | None => {}
        }
        let Some((http, path)) = &self.http else { return };
        if let Err(fault) = ask(world, http, path).await {
            // Out of service only after the end that people were told of.
            let announced = self.announced.unwrap_or_else(|| panic!("not announced: {fault}"));
            assert!(now >= announced, "before its time: {fault}");
            assert!(matches!(fault, Fault::NeedsPerson { .. }), "{fault:?}");
            self.outages += 1;
        }
    }
}

/// A call as the runtime makes it: what goes away by itself is tried again a little later.
async fn ask(world: &World, http: &Http, path: &str) -> Result<(), Fault> {
    let request = http::Request::new(http::Method::POST, path);
    let mut answer = http.send(&request).await;
    if matches!(answer, Err(http::NoAnswer::NotSent(Fault::Retry(_)))) {
        world.advance(Duration::from_secs(31));
        answer = http.send(&request).await;
    }
    match answer {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) => Err(Fault::fatal(answer.status)),
        Err(no_answer) => Err(no_answer.into()),
    }
}

/// A week's login, renewed every half an hour; the person comes a day after the first call.
fn weekly(world: &World) -> Desk {
    let life = Life { span: Span::For(Duration::from_secs(7 * 86_400)), idle: None };
    let credential = world.credential("weekly", Method::OAuth2(world.code().into()), life);
    let http = world.client(&credential);
    Desk::new(credential, Some((http, "/oauth2")), 24 * HOUR)
}

/// A day's login, until midnight in New York; the person comes ten hours after the first call.
fn daily(world: &World) -> Desk {
    let zone = TimeZone::get("America/New_York").unwrap();
    let idle = Some(Duration::from_secs(7_200));
    let life = Life { span: Span::Daily { at: time(0, 0, 0, 0), zone }, idle };
    let credential = world.credential("daily", Method::OAuth1(world.oauth1().into()), life);
    let http = world.client(&credential);
    Desk::new(credential, Some((http, "/oauth1")), 10 * HOUR)
}

/// A program beside us that a person logs in to after every Saturday night.
fn gateway(world: &World) -> Desk {
    let zone = TimeZone::get("America/New_York").unwrap();
    let span = Span::Weekly { on: Weekday::Sunday, at: time(1, 0, 0, 0), zone };
    let credential = world.credential("gateway", Method::Gateway, Life { span, idle: None });
    Desk::new(credential, None, 8 * HOUR)
}

#[tokio::test]
async fn ninety_days_pass_without_an_outage_that_was_not_announced() {
    let world = World::new(Settings::default()).await;
    let mut desks = [weekly(&world), daily(&world), gateway(&world)];
    for desk in &desks {
        log_in(&desk.credential).await;
    }
    let end = world.now().plus_nanos(DAYS * 24 * HOUR);
    let mut step = 0_u32;
    while world.now() < end {
        if step.is_multiple_of(97) {
            // A renewal that fails for a moment is made again while the old token still lives.
            world.fault(json!({"path": "/oauth2/token", "kind": "reset_before"})).await;
        }
        for desk in &mut desks {
            desk.step(&world).await;
        }
        world.advance(STEP);
        step += 1;
    }
    let [weekly, daily, gateway] = desks;
    // Told two days before, the person came in time: a login every six days.
    assert_eq!((weekly.outages, weekly.logins), (0, 14));
    // Nobody comes at night: out of service from midnight until six in the morning, as announced.
    assert!((85..=90).contains(&daily.logins), "{}", daily.logins);
    assert!(daily.outages > 0);
    assert!((12..=13).contains(&gateway.logins), "{}", gateway.logins);
    assert_eq!(world.count("refused.refresh_token.invalid_grant").await, 0);
    assert_eq!(world.count("turned_away.oauth2").await, 0);
    assert_eq!(world.count("turned_away.oauth1").await, 0);
    eprintln!(
        "90 days: {} calls, {} renewals, {} logins",
        world.count("let_in.oauth2").await + world.count("let_in.oauth1").await,
        world.count("granted.refresh_token").await,
        weekly.logins + daily.logins + gateway.logins,
    );
}
