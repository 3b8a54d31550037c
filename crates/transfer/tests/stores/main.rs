//! Files from and to stores on other machines, each of them a small one of our own. Needs no
//! Kafka: what is imported is read and not published.

#![allow(clippy::unwrap_used)]

mod mock;

use std::collections::BTreeMap;
use std::path::Path;

use component::{Clock, Secret};
use mock::S3;
use model::Timestamp;
use serde_json::{Value, json};
use topology::Formats;
use transfer::{Destination, Error, Input, Placed, Plan, Stores, check};

const LARGE: usize = (8 << 20) + 5;
const CSV: &str = "text/csv";

fn open(settings: topology::S3) -> Result<Stores, Error> {
    let stores = BTreeMap::from([("a".to_owned(), topology::Store::S3(settings))]);
    Stores::open(&stores, &Clock::system())
}

fn plan(stores: Stores) -> Plan {
    let settings = json!({
        "from": "unused", "format": "csv", "event": "Bar",
        "fields": {
            "instrument": { "symbol": "symbol", "venue": "US" },
            "interval": { "constant": "1d" },
            "event_time": { "from": "day", "format": "%Y-%m-%d" },
            "open": "price", "high": "price", "low": "price", "close": "price",
            "volume": { "constant": "1" },
            "adjustment": { "constant": "raw" }, "is_final": { "constant": true },
        },
    });
    let import: topology::Import = serde_json::from_value(settings).unwrap();
    Plan::new("bars", &import, &Formats::default()).unwrap().stores(stores)
}

fn rows(count: usize) -> String {
    let row = |number| format!("2024-01-02,S{number},1.{number:09}\n");
    "day,symbol,price\n".to_owned() + &(0..count).map(row).collect::<String>()
}

async fn find(settings: topology::S3, from: &str) -> Result<(Plan, Vec<Input>), Error> {
    let plan = plan(open(settings)?);
    let found = Input::find(&plan, from, &Clock::system()).await?;
    Ok((plan, found))
}

async fn names(store: &S3, from: &str) -> Vec<String> {
    let (_, found) = find(store.settings(), from).await.unwrap();
    found.into_iter().map(|input| input.name).collect()
}

/// Why a file of a store cannot be read.
async fn refusal(settings: topology::S3, from: &str) -> String {
    match find(settings, from).await {
        Err(error) => error.to_string(),
        Ok((plan, found)) => {
            check(&plan, &found[0], &mut |_, _| ()).expect_err("a refusal").to_string()
        }
    }
}

fn write(stores: &Stores, to: &str, text: &[u8]) -> Result<Placed, Error> {
    let destination = Destination::find(stores, Path::new("."), to, Timestamp(0))?;
    destination.put(|out| out.write_all(text), &mut || Ok(()))
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_found_by_pattern_on_all_pages() {
    let store = S3::serve().await;
    for key in ["in/1.csv", "in/2.csv", "in/3 é+&.csv", "in/4.csv", "in/5.txt", "in/", "in/a/6.csv"]
    {
        store.put(key, "x");
    }
    store.shelf(|shelf| shelf.page = 2);
    let all = ["1.csv", "2.csv", "3 é+&.csv", "4.csv"].map(|name| format!("s3://a/in/{name}"));
    assert_eq!(names(&store, "s3://a/in/*.csv").await, all);
    assert_eq!(store.count("continuation-token=after"), 3);
    assert_eq!(names(&store, "s3://a/in/3 *.csv").await, all[2..3]);
    assert_eq!(names(&store, "s3://a/in/3 é+&.csv").await, all[2..3]);
    assert_eq!(names(&store, "s3://a/**/6.csv").await, ["s3://a/in/a/6.csv"]);
    assert!(names(&store, "s3://a/on/*").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_read_whole_whatever_is_in_its_name() {
    let store = S3::serve().await;
    let text = rows(400_000);
    assert!(text.len() > 9 << 20, "{}", text.len());
    store.put("in/b c/é+&=%.csv", text);
    store.put("in/empty.csv", "");
    store.shelf(|shelf| shelf.faults.push_back(("GET /archive/in", 503, "SlowDown")));
    let (plan, found) = find(store.settings(), "s3://a/in/**/*.csv").await.unwrap();
    let imported = check(&plan, &found[0], &mut |line, bad| panic!("{line}: {bad}")).unwrap();
    assert_eq!((imported.rows, imported.published), (400_000, 400_000));
    assert!(store.shelf(|shelf| shelf.faults.is_empty()));
    assert_eq!(store.count("GET /archive/in/b%20c/"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_store_refuses_is_told_in_its_words() {
    let store = S3::serve().await;
    store.put("in/1.csv", rows(1));
    let from = "s3://a/in/1.csv";
    let wrong = topology::S3 { secret_access_key: Secret::new("hunter2"), ..store.settings() };
    let told = "looking into s3://a/in/1.csv: GET /archive answered 403: SignatureDoesNotMatch: It is \
                SignatureDoesNotMatch.; check the setting secret_access_key";
    assert_eq!(refusal(wrong, from).await, told);
    let other = topology::S3 { region: "us-east-1".into(), ..store.settings() };
    assert!(refusal(other, from).await.contains("400: AuthorizationHeaderMalformed"));
    let other = topology::S3 { bucket: "other".into(), ..store.settings() };
    assert!(refusal(other, from).await.contains("404: NoSuchBucket: It is NoSuchBucket."));
    let gone = refusal(store.settings(), "s3://a/in/2.csv").await;
    assert_eq!(gone, "reading s3://a/in/2.csv: there is no such object");
    let unknown = refusal(store.settings(), "s3://b/in/1.csv").await;
    assert_eq!(unknown, "\"s3://b/in/1.csv\": there is no store \"b\"; there is a");
    for _ in 0..3 {
        store.shelf(|shelf| shelf.faults.push_back(("list-type", 503, "SlowDown")));
    }
    let error = find(store.settings(), from).await.map(drop).unwrap_err();
    assert!(error.is_passing() && error.to_string().contains("503: SlowDown"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_changed_meanwhile_is_not_mixed() {
    let store = S3::serve().await;
    store.put("in/1.csv", rows(1));
    let (plan, found) = find(store.settings(), "s3://a/in/1.csv").await.unwrap();
    store.put("in/1.csv", rows(2));
    let error = check(&plan, &found[0], &mut |_, _| ()).unwrap_err().to_string();
    assert!(error.contains("412: PreconditionFailed"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_inside_are_asked_only_where_that_is_meant() {
    let store = S3::serve().await;
    let outside = topology::S3 { internal: false, ..store.settings() };
    let why = refusal(outside, "s3://a/in/*.csv").await;
    assert!(why.contains("127.0.0.1 is on this machine or its network"), "{why}");
    let cloud = topology::S3 {
        endpoint: "http://169.254.169.254".parse().unwrap(),
        insecure: true,
        ..store.settings()
    };
    let why = refusal(cloud, "s3://a/latest/meta-data").await;
    assert!(why.contains("keeps the credentials of its machines"), "{why}");
    let plain = topology::S3 { endpoint: "http://s3.example".parse().unwrap(), ..store.settings() };
    assert!(open(plain).unwrap_err().to_string().contains("plain http"));
    let before = topology::S3 { path_style: false, ..store.settings() };
    assert!(open(before).unwrap_err().to_string().contains("path_style: true"));
    let bucket = topology::S3 { bucket: "a/../b".into(), ..store.settings() };
    assert!(open(bucket).unwrap_err().to_string().contains("cannot be the name of a bucket"));
    assert_eq!(store.shelf(|shelf| shelf.asked.len()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_go_only_where_the_store_lets_them() {
    let store = S3::serve().await;
    let stores = open(store.settings()).unwrap();
    for to in [
        "s3://a/in/x.csv",
        "s3://a/out/../in/x.csv",
        "s3://a/out//x.csv",
        "s3://a/out/",
        "s3://a",
        "s3://a/out/{home}.csv",
        "s3://b/out/x.csv",
        "sftp://a/out/x.csv",
    ] {
        assert!(write(&stores, to, b"x").is_err(), "{to}");
    }
    let closed = open(topology::S3 { exports_below: None, ..store.settings() }).unwrap();
    let error = write(&closed, "s3://a/out/x.csv", b"x").unwrap_err().to_string();
    assert!(error.contains("stores.a.s3.exports_below does not allow it"), "{error}");
    assert_eq!(store.shelf(|shelf| shelf.asked.len()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_is_one_request_and_a_large_one_is_joined() {
    let store = S3::serve().await;
    let stores = open(store.settings()).unwrap();
    let placed = write(&stores, "s3://a/out/x y-{date}.csv", b"abc").unwrap();
    assert_eq!(placed.path, Path::new("s3://a/out/x y-1970-01-01.csv"));
    assert_eq!((placed.bytes, &placed.sha256[..8]), (3, "ba7816bf"));
    assert_eq!(&store.get("out/x y-1970-01-01.csv").unwrap()[..], b"abc");

    let text: Vec<u8> = (0..LARGE).map(|at| (at / 7) as u8).collect();
    store.shelf(|shelf| {
        shelf.faults.push_back(("partNumber=2", 503, "SlowDown"));
        shelf.fails_late = 1;
    });
    write(&stores, "s3://a/out/large.csv", &text).unwrap();
    assert_eq!(&store.get("out/large.csv").unwrap()[..], text);
    assert_eq!((store.count("partNumber="), store.count("uploads=")), (2, 1));
    assert!(store.shelf(|shelf| shelf.uploads.is_empty() && shelf.faults.is_empty()));
    let kinds = store.shelf(|shelf| shelf.content_types.values().cloned().collect::<Vec<_>>());
    assert_eq!(kinds, [CSV, CSV]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_what_failed() {
    let store = S3::serve().await;
    let stores = open(store.settings()).unwrap();
    let large = vec![b'x'; LARGE];
    store.put("out/large.csv", "before");
    store.shelf(|shelf| shelf.faults.push_back(("partNumber=2", 403, "AccessDenied")));
    let error = write(&stores, "s3://a/out/large.csv", &large).unwrap_err().to_string();
    let told = "writing s3://a/out/large.csv: PUT /archive answered 403: AccessDenied: It is \
                AccessDenied.; check the setting secret_access_key";
    assert_eq!(error, told);
    store.shelf(|shelf| shelf.fails_late = 3);
    let error = write(&stores, "s3://a/out/large.csv", &large).unwrap_err().to_string();
    assert!(error.contains("the parts were not joined: InternalError: Try again."), "{error}");

    let destination =
        Destination::find(&stores, Path::new("."), "s3://a/out/large.csv", Timestamp(0));
    let lost = || Err(Error::Plan("another process has taken the schedule over".to_owned()));
    for text in [&large[..], b"small"] {
        let destination = destination.as_ref().unwrap();
        assert!(destination.put(|out| out.write_all(text), &mut { lost }).is_err());
    }
    assert_eq!(&store.get("out/large.csv").unwrap()[..], b"before");
    assert_eq!(store.shelf(|shelf| (shelf.uploads.len(), shelf.objects.len())), (0, 1));
    assert_eq!(store.count("DELETE "), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_stands_beside_its_object() {
    let store = S3::serve().await;
    let stores = open(store.settings()).unwrap();
    let to = "s3://a/out/fills.csv";
    let destination = Destination::find(&stores, Path::new("."), to, Timestamp(0)).unwrap();
    let manifest = destination.manifest();
    let text = |out: &mut dyn std::io::Write| out.write_all(b"{\"rows\": 1}");
    manifest.put(text, &mut || Ok(())).unwrap();
    let found = store.get("out/fills.csv.manifest.json").unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&found).unwrap(), json!({ "rows": 1 }));
    assert_eq!(manifest.path(), Path::new("s3://a/out/fills.csv.manifest.json"));
}
