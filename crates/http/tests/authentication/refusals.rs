//! Each way of being refused has an error of its own.

use credentials::Error;
use serde_json::json;

use super::*;

async fn refused(world: &World, method: Method) -> Fault {
    let credential = world.credential("refused", method, Life::default());
    call(&world.client(&credential), "/oauth2").await.unwrap_err()
}

#[tokio::test]
async fn a_wrong_application_is_told_from_a_login_that_is_missing() {
    let world = World::new(Settings::default()).await;
    let proof = ClientProof::Basic(Secret::new("wrong-secret"));
    let wrong = OAuth2 { proof, ..world.oauth2(Grant::ClientCredentials) };
    let fault = refused(&world, Method::OAuth2(wrong.into())).await;
    let Fault::Unauthorized { reason, setting } = &fault else { panic!("{fault:?}") };
    assert_eq!(setting, "authentication.credentials");
    assert!(reason.contains("invalid_client"), "{reason}");
    assert!(!reason.contains("wrong-secret"), "{reason}");

    let fault = refused(&world, Method::OAuth2(world.code().into())).await;
    let Fault::NeedsPerson { reason, action } = &fault else { panic!("{fault:?}") };
    assert!(reason.contains("nobody has logged in yet"), "{reason}");
    assert_eq!(action, "run `foliostream credential login refused`");
}

#[tokio::test]
async fn a_login_that_ended_or_was_withdrawn_needs_a_person() {
    let world = World::new(Settings::default()).await;
    let make = || world.credential("ended", Method::OAuth2(world.code().into()), Life::default());
    let credential = make();
    log_in(&credential).await;
    world.advance(Duration::from_secs(7 * 86_400));
    let fault = call(&world.client(&credential), "/oauth2").await.unwrap_err();
    assert!(
        matches!(&fault, Fault::NeedsPerson { reason, .. } if reason.contains("invalid_grant"))
    );
    // Nobody hammers the vendor meanwhile.
    for _ in 0..20 {
        call(&world.client(&credential), "/oauth2").await.unwrap_err();
    }
    assert_eq!(world.count("refused.refresh_token.invalid_grant").await, 1);
    // A person logs in elsewhere: this process goes on without a restart, and without waiting.
    log_in(&make()).await;
    call(&world.client(&credential), "/oauth2").await.unwrap();

    credential.revoke().await.unwrap();
    assert_eq!(world.count("revoked").await, 1);
    let fault = call(&world.client(&credential), "/oauth2").await.unwrap_err();
    assert!(matches!(fault, Fault::NeedsPerson { .. }), "{fault:?}");
    assert_eq!(world.store.names().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_spent_refresh_token_needs_a_person() {
    let world = World::new(Settings::default()).await;
    let make = || world.credential("spent", Method::OAuth2(world.code().into()), Life::default());
    log_in(&make()).await;
    let copy = world.store.get("spent.tokens").unwrap().unwrap();
    world.advance(Duration::from_secs(3_600));
    call(&world.client(&make()), "/oauth2").await.unwrap();
    world.store.set("spent.tokens", &copy).unwrap();
    let fault = call(&world.client(&make()), "/oauth2").await.unwrap_err();
    assert!(matches!(&fault, Fault::NeedsPerson { reason, .. } if reason.contains("spent")));
}

#[tokio::test]
async fn oauth1_names_its_problem() {
    let world = World::new(Settings::default()).await;
    let wrong_secret = OAuth1 { consumer_secret: Secret::new("wrong-secret"), ..world.oauth1() };
    let wrong_key = OAuth1 { consumer_key: "sandbox".to_owned(), ..world.oauth1() };
    for (oauth1, problem) in
        [(wrong_secret, "signature_invalid"), (wrong_key, "consumer_key_unknown")]
    {
        let credential = world.credential("o", Method::OAuth1(oauth1.into()), Life::default());
        let error = consent(&credential).await.unwrap_err();
        assert!(matches!(&error, Error::Refused { reason, .. } if reason.contains(problem)));
    }
    let credential = world.credential("o", Method::OAuth1(world.oauth1().into()), Life::default());
    let login = consent(&credential).await.unwrap();
    let error = credential.finish(&login, "Y999999").await.unwrap_err();
    assert!(matches!(&error, Error::NeedsLogin { reason, .. } if reason.contains("verifier")));
    log_in(&credential).await;
    world.advance(Duration::from_secs(86_400)); // past midnight
    let fault = call(&world.client(&credential), "/oauth1").await.unwrap_err();
    assert!(matches!(&fault, Fault::Unauthorized { .. } | Fault::NeedsPerson { .. }), "{fault:?}");
    assert_eq!(world.count("granted.oauth1_renewal").await, 0);
}

#[tokio::test]
async fn a_person_says_no_or_nothing() {
    let world = World::new(Settings::default()).await;
    let code = world.credential("code", Method::OAuth2(world.code().into()), Life::default());
    let login = consent(&code).await.unwrap();
    let given = decide(&login, "deny").await;
    let error = code.finish(&login, &given).await.unwrap_err().to_string();
    assert!(error.contains("access_denied"), "{error}");
    let login = consent(&code).await.unwrap();
    let given = decide(&login, "allow").await;
    world.advance(Duration::from_secs(31));
    let error = code.finish(&login, &given).await.unwrap_err();
    assert!(matches!(error, Error::NeedsLogin { .. }), "the code has ended: {error}");

    let device = Grant::Device { device_url: world.url("/oauth2/device") };
    let device = Method::OAuth2(world.oauth2(device).into());
    let device = world.credential("device", device, Life::default());
    let mut login = consent(&device).await.unwrap();
    let secs = |secs| Polled::Wait(Duration::from_secs(secs));
    assert_eq!(device.poll(&mut login).await.unwrap(), secs(5));
    assert_eq!(device.poll(&mut login).await.unwrap(), secs(10), "asked to slow down");
    world.advance(Duration::from_secs(10));
    assert_eq!(device.poll(&mut login).await.unwrap(), secs(10));
    decide(&login, "deny").await;
    world.advance(Duration::from_secs(10));
    let error = device.poll(&mut login).await.unwrap_err().to_string();
    assert!(error.contains("access_denied"), "{error}");
    let mut login = consent(&device).await.unwrap();
    world.advance(Duration::from_secs(901));
    let error = device.poll(&mut login).await.unwrap_err().to_string();
    assert!(error.contains("has ended"), "{error}");
}

#[tokio::test]
async fn a_place_that_is_down_is_asked_again_later() {
    let world = World::new(Settings::default()).await;
    let oauth2 = world.oauth2(Grant::ClientCredentials);
    let credential = world.credential("down", Method::OAuth2(oauth2.into()), Life::default());
    let http = world.client(&credential);
    for rule in [
        json!({"path": "/oauth2/token", "status": 503}),
        json!({"path": "/oauth2/token", "kind": "html"}),
        json!({"path": "/oauth2/token", "kind": "garbage"}),
        json!({"path": "/oauth2/token", "kind": "truncated"}),
        json!({"path": "/oauth2/token", "kind": "reset_before"}),
        json!({"path": "/oauth2/token", "kind": "oversize"}),
    ] {
        world.fault(rule.clone()).await;
        let request = http::Request::new(http::Method::POST, "/oauth2");
        let answer = http.send(&request).await;
        let Err(http::NoAnswer::NotSent(fault)) = answer else { panic!("{rule}: {answer:?}") };
        assert!(matches!(fault, Fault::Retry(_)), "{rule}: {fault:?}");
        world.advance(Duration::from_secs(31));
    }
    world
        .fault(json!({"path": "/oauth2/token", "status": 429, "headers": {"retry-after": "90"}}))
        .await;
    let request = http::Request::new(http::Method::POST, "/oauth2");
    let answer = http.send(&request).await;
    let Err(http::NoAnswer::NotSent(Fault::Throttled { wait, .. })) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(wait, Duration::from_secs(90));
    world.advance(Duration::from_secs(60));
    assert!(http.send(&request).await.is_err(), "not before it said");
    world.advance(Duration::from_secs(31));
    assert_eq!(http.send(&request).await.unwrap().status, 200);
}
