//! What people and auditors must know of a credential reaches the witness of its host, from the
//! settings of a topology on.

use std::sync::{Mutex, MutexGuard};

use component::{Appeal, Note, Witness};
use credentials::Drawer;
use http::Authentication;
use serde_json::json;

use super::*;

#[derive(Debug, Default)]
struct Heard(Mutex<(Vec<Note>, Vec<Appeal>)>);

impl Heard {
    fn all(&self) -> MutexGuard<'_, (Vec<Note>, Vec<Appeal>)> {
        self.0.lock().unwrap()
    }

    fn has_note(&self, action: &str) -> bool {
        self.all().0.iter().any(|note| note.action == action && note.subject == "told")
    }
}

impl Witness for Heard {
    fn note(&self, note: Note) {
        self.all().0.push(note);
    }

    fn appeal(&self, appeal: Appeal) {
        self.all().1.push(appeal);
    }
}

/// Lets time pass, an hour at a time, until something is heard.
async fn until(world: &World, what: &str, is_met: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if is_met() {
            return;
        }
        world.advance(Duration::from_secs(3_600));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never heard: {what}");
}

#[tokio::test]
async fn a_login_that_ends_is_told_before_and_until_somebody_logs_in() {
    let world = World::new(Settings::default()).await;
    let heard = Arc::new(Heard::default());
    let clock = Clock::test(world.time.clone());
    let host = Host::new("told", "test", clock, Throttling::default());
    let host = Host { witness: Some(heard.clone()), ..host };
    let store: Arc<dyn Store> = world.store.clone();
    Drawer::lend(&host, &store);
    let authentication: Authentication = serde_json::from_value(json!({
        "type": "oauth2",
        "credentials": { "client_id": "test-key", "client_secret": "test-secret" },
        "token_url": world.url("/oauth2/token"),
        "revoke_url": world.url("/oauth2/revoke"),
        "grant": { "code": {
            "authorize_url": world.url("/oauth2/authorize"),
            "redirect_url": "https://127.0.0.1:8182/",
        } },
        "login_ends": { "after_secs": 604_800 },
    }))
    .unwrap();
    let credential = authentication.credential(&host, false).unwrap().unwrap();
    let last = || heard.all().1.last().cloned();
    until(&world, "that nobody has logged in", || last().is_some_and(|a| a.is_urgent)).await;
    let appeal = last().unwrap();
    assert_eq!((&*appeal.id, &*appeal.system), ("credential.told", "told"));
    assert_eq!(appeal.action, "run `foliostream credential login told`");

    log_in(&credential).await;
    assert!(heard.has_note("credential.login"));
    until(&world, "that somebody has", || last().is_some_and(|a| a.is_over)).await;
    let is_warning = || last().is_some_and(|a| !a.is_over && !a.is_urgent);
    until(&world, "that it ends soon", is_warning).await;
    assert!(last().unwrap().reason.starts_with("the login ends at "), "{:?}", last());
    assert!(heard.has_note("credential.renewed"), "it was renewed all the time");
    until(&world, "that it has ended", || last().is_some_and(|a| a.is_urgent)).await;

    credential.revoke().await.unwrap();
    assert!(heard.has_note("credential.revoked"));
    let said = format!("{:?}", heard.all());
    assert!(!said.contains("test-secret"), "{said}");
}
