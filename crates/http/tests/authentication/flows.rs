//! Each way in, as it should go.

use credentials::{Hash, Hmac, Jwt, Part, Place, Session, SigningKey, Spelling, Totp};
use serde_json::{Map, json};

use super::*;

const DAY: Duration = Duration::from_secs(86_400);
/// The key of RFC 7515, A.2.
const RSA: &str = include_str!("../../../credentials/fixtures/rfc7515-a2.jwk.json");

/// One call, and another once the first tokens have long ended.
async fn check(world: &World, path: &str, method: Method, life: Life) {
    let credential = world.credential(path.trim_start_matches('/'), method, life);
    if credential.method().needs_person() {
        log_in(&credential).await;
    }
    let http = world.client(&credential);
    for _ in 0..3 {
        call(&http, path).await.unwrap();
        world.advance(Duration::from_secs(4_000));
    }
    let kind = path.trim_start_matches('/');
    assert_eq!(world.count(&format!("turned_away.{kind}")).await, 0, "{path}");
}

#[tokio::test]
async fn a_key_goes_where_it_belongs() {
    let world = World::new(Settings::default()).await;
    let name = |place| if place == Place::Header { "x-api-key" } else { "apikey" };
    for place in [Place::Header, Place::Query, Place::Body] {
        let key = Secret::new("test-key");
        let method = Method::ApiKey { place, name: name(place).into(), key };
        let http = world.client(&world.credential("key", method, Life::default()));
        http.post::<Value>("/key", &json!({"order": 1})).await.unwrap();
    }
}

#[tokio::test]
async fn what_needs_no_person_goes_on_by_itself() {
    let world = World::new(Settings::default()).await;
    let (username, password) = (Secret::new("test-key"), Secret::new("test-secret"));
    check(&world, "/basic", Method::Basic { username, password }, Life::default()).await;
    let key = SigningKey::shared(b"test-secret");
    let claims = Map::from_iter([("iss".to_owned(), json!("test-key"))]);
    let (lives, skew) = (Duration::from_secs(25), Duration::from_secs(5));
    let jwt = Jwt { key: key.clone(), claims, lives, skew, binds_request: true };
    check(&world, "/jwt", Method::Jwt(jwt.into()), Life::default()).await;
    let hmac = Hmac {
        key_id: Secret::new("test-key"),
        key: Secret::new("test-secret"),
        hash: Hash::Sha256,
        parts: vec![Part::Time, Part::Method, Part::PathAndQuery, Part::Body],
        between: "".into(),
        spelling: Spelling::Hex,
        key_header: "x-api-key".into(),
        signature_header: "x-signature".into(),
        time_header: Some("x-time".into()),
    };
    check(&world, "/hmac", Method::Hmac(hmac.into()), Life::default()).await;
    let audience = "https://login.vendor.test/token".to_owned();
    let lives = Duration::from_secs(300);
    let rsa = SigningKey::read(&Secret::new(RSA)).unwrap();
    for proof in [
        ClientProof::Basic(Secret::new("test-secret")),
        ClientProof::Form(Secret::new("test-secret")),
        ClientProof::Key { key, audience: audience.clone(), lives },
        ClientProof::Key { key: rsa, audience, lives },
    ] {
        let oauth2 = OAuth2 { proof, ..world.oauth2(Grant::ClientCredentials) };
        check(&world, "/oauth2", Method::OAuth2(oauth2.into()), Life::default()).await;
    }
    let (username, password) = (Secret::new("test-user"), Secret::new("test-password"));
    let oauth2 = world.oauth2(Grant::Password { username, password });
    check(&world, "/oauth2", Method::OAuth2(oauth2.into()), Life::default()).await;
}

#[tokio::test]
async fn a_session_is_begun_with_a_second_factor() {
    let world = World::new(Settings::default()).await;
    let totp = Totp::new(Secret::new("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ")).unwrap();
    let field = |name: &str, value: &str| (name.to_owned(), Secret::new(value));
    let session = Session {
        login_url: world.url("/session/login"),
        fields: vec![field("username", "test-user"), field("password", "test-password")],
        second_factor: Some(("otp".to_owned(), totp)),
        token: "session.token".to_owned(),
        lives: Duration::from_secs(3_600),
        header: "x-session".into(),
        before: "".into(),
    };
    check(&world, "/session", Method::Session(session.into()), Life::default()).await;
    assert_eq!(world.count("granted.session").await, 3);
}

#[tokio::test]
async fn a_person_logs_in_and_the_login_is_renewed() {
    let world = World::new(Settings::default()).await;
    check(&world, "/oauth2", Method::OAuth2(world.code().into()), Life::default()).await;
    assert_eq!(world.count("granted.authorization_code").await, 1);
    assert_eq!(world.count("granted.refresh_token").await, 2);
    let device_url = world.url("/oauth2/device");
    let oauth2 = world.oauth2(Grant::Device { device_url });
    world.store.remove("oauth2.tokens").unwrap();
    check(&world, "/oauth2", Method::OAuth2(oauth2.into()), Life::default()).await;
    assert_eq!(world.count("granted.device_code").await, 1);
}

#[tokio::test]
async fn a_token_that_nobody_uses_is_woken() {
    let world = World::new(Settings::default()).await;
    let idle = Some(Duration::from_secs(7_200));
    let life = Life { idle, ..Life::default() };
    let credential = world.credential("oauth1", Method::OAuth1(world.oauth1().into()), life);
    log_in(&credential).await;
    let http = world.client(&credential);
    call(&http, "/oauth1").await.unwrap();
    world.advance(Duration::from_secs(3_000));
    call(&http, "/oauth1").await.unwrap();
    world.advance(Duration::from_secs(7_100));
    call(&http, "/oauth1").await.unwrap();
    assert_eq!(world.count("granted.oauth1_renewal").await, 1);
    assert_eq!(world.count("turned_away.oauth1").await, 0);
    // Where we do not know of it, the vendor's refusal wakes it.
    let forgetful =
        world.credential("oauth1", Method::OAuth1(world.oauth1().into()), Life::default());
    world.advance(Duration::from_secs(7_300));
    call(&world.client(&forgetful), "/oauth1").await.unwrap();
    assert_eq!(world.count("granted.oauth1_renewal").await, 2);
    assert_eq!(world.count("turned_away.oauth1").await, 1);
}

#[tokio::test]
async fn a_new_process_and_a_second_one_go_on_with_the_same_login() {
    let world = World::new(Settings::default()).await;
    let make = || world.credential("shared", Method::OAuth2(world.code().into()), Life::default());
    let (one, other) = (make(), make());
    log_in(&one).await;
    let (first, second) = (world.client(&one), world.client(&other));
    for hour in 0..6 {
        // Whoever comes first renews; the other takes over what was renewed.
        let (first, second) = if hour % 2 == 0 { (&first, &second) } else { (&second, &first) };
        call(first, "/oauth2").await.unwrap();
        call(second, "/oauth2").await.unwrap();
        world.advance(Duration::from_secs(3_600));
    }
    call(&world.client(&make()), "/oauth2").await.unwrap();
    assert_eq!(world.count("granted.refresh_token").await, 6);
    assert_eq!(world.count("turned_away.oauth2").await, 0);
}

#[tokio::test]
async fn however_many_ask_one_renewal_is_made() {
    let world = World::new(Settings::default()).await;
    let credential = world.credential("many", Method::OAuth2(world.code().into()), Life::default());
    log_in(&credential).await;
    let http = world.client(&credential);
    let many = async |http: &Http| {
        let calls: Vec<_> = (0..50)
            .map(|_| {
                let http = http.clone();
                tokio::spawn(async move { call(&http, "/oauth2").await })
            })
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
    };
    world.advance(Duration::from_secs(1_801));
    many(&http).await;
    assert_eq!(world.count("granted.refresh_token").await, 1);
    // Refused by the vendor before its time, at all fifty at once.
    let mut tokens = credentials::Tokens::unseal(&world.store.get("many.tokens").unwrap().unwrap());
    tokens.as_mut().unwrap().access = Secret::new("withdrawn");
    let sealed = tokens.unwrap().seal().unwrap();
    world.store.set("many.tokens", &sealed).unwrap();
    let next = world.credential("many", Method::OAuth2(world.code().into()), Life::default());
    many(&world.client(&next)).await;
    assert_eq!(world.count("granted.refresh_token").await, 2);
}

#[tokio::test]
async fn who_stops_waiting_does_not_lose_the_renewal() {
    let world = World::new(Settings::default()).await;
    let credential =
        world.credential("dropped", Method::OAuth2(world.code().into()), Life::default());
    log_in(&credential).await;
    world.advance(DAY);
    world.fault(json!({"path": "/oauth2/token", "delay_ms": 200})).await;
    let http = world.client(&credential);
    let waited = tokio::time::timeout(Duration::from_millis(50), call(&http, "/oauth2")).await;
    assert!(waited.is_err(), "the answer is late");
    call(&http, "/oauth2").await.unwrap();
    assert_eq!(world.count("granted.refresh_token").await, 1);
    assert_eq!(world.count("refused.refresh_token.invalid_grant").await, 0);
}
