//! The registry on a real Kafka: over HTTP, over restarts, and beside another one.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use kafka::{Cluster, Settings as KafkaSettings};
use registry::{Error, Level, Running, Settings};
use serde_json::{Value, json};

const INT: &str = "\"int\"";
const LONG: &str = "\"long\"";

/// One registry and a client of it.
struct Rest {
    running: Running,
    client: reqwest::Client,
}

impl Rest {
    async fn start(topic: &str) -> Rest {
        Rest::serve(Settings { topic: topic.to_owned(), ..Settings::default() }, cluster()).await
    }

    async fn serve(settings: Settings, cluster: Cluster) -> Rest {
        let running = registry::serve(settings, cluster).await.unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        Rest { running, client: reqwest::Client::builder().build().unwrap() }
    }

    /// The status and the answer.
    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}{path}", self.running.url());
        let mut request = self.client.request(method.parse().unwrap(), url);
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/vnd.schemaregistry.v1+json")
                .body(body.to_string());
        }
        let response = request.send().await.unwrap();
        assert_eq!(
            response.headers()["content-type"],
            "application/vnd.schemaregistry.v1+json",
            "{path}"
        );
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, None).await
    }

    async fn register(&self, subject: &str, schema: &str) -> Result<i64, Value> {
        let path = format!("/subjects/{subject}/versions");
        let (status, answer) = self.ask("POST", &path, Some(json!({ "schema": schema }))).await;
        if status == 200 { Ok(answer["id"].as_i64().unwrap()) } else { Err(answer) }
    }

    /// The refusal of a request.
    async fn refused(&self, method: &str, path: &str, body: Option<Value>) -> (u16, i64) {
        let (status, answer) = self.ask(method, path, body).await;
        assert!(answer["message"].is_string(), "{answer}");
        (status, answer["error_code"].as_i64().unwrap())
    }
}

fn cluster() -> Cluster {
    Cluster::new(KafkaSettings::plain(local_kafka::shared().bootstrap_servers()))
}

#[tokio::test(flavor = "multi_thread")]
async fn speaks_the_protocol() {
    let rest = Rest::start("speaks").await;
    assert_eq!(rest.get("/").await, (200, json!({})));
    assert_eq!(rest.get("/subjects").await, (200, json!([])));
    assert_eq!(rest.get("/schemas/types").await, (200, json!(["AVRO"])));
    assert_eq!(rest.register("trades-value", INT).await, Ok(1));
    assert_eq!(rest.register("trades-value", LONG).await, Ok(2));
    assert_eq!(rest.register("a%2Fb%20c", LONG).await, Ok(2));
    assert_eq!(rest.get("/subjects").await, (200, json!(["a/b c", "trades-value"])));
    let latest = json!({"subject": "trades-value", "version": 2, "id": 2, "schema": LONG});
    assert_eq!(rest.get("/subjects/trades-value/versions/latest").await, (200, latest.clone()));
    assert_eq!(rest.get("/subjects/trades-value/versions/-1").await, (200, latest.clone()));
    assert_eq!(rest.get("/schemas/ids/2").await, (200, json!({"schema": LONG})));
    assert_eq!(rest.get("/schemas/ids/2/schema").await, (200, json!("long")));
    let places = json!([
        {"subject": "trades-value", "version": 2}, {"subject": "a/b c", "version": 1}
    ]);
    assert_eq!(rest.get("/schemas/ids/2/versions").await, (200, places));
    let lookup = json!({"schema": " {\"type\": \"long\"}"});
    let path = "/subjects/trades-value?normalize=True&deleted=False";
    assert_eq!(rest.ask("POST", path, Some(lookup)).await, (200, latest));

    let path = "/compatibility/subjects/trades-value/versions/latest?verbose=True";
    let (_, answer) = rest.ask("POST", path, Some(json!({"schema": "\"string\""}))).await;
    assert_eq!(answer["is_compatible"], json!(false));
    assert!(answer["messages"][0].as_str().unwrap().contains("TYPE_MISMATCH"), "{answer}");
    let level = json!({"compatibility": "none"});
    let (_, answer) = rest.ask("PUT", "/config/trades-value", Some(level)).await;
    assert_eq!(answer, json!({"compatibility": "NONE"}));
    assert_eq!(rest.register("trades-value", "\"string\"").await, Ok(3));
    let gone = rest.ask("DELETE", "/config/trades-value", None).await;
    assert_eq!(gone, (200, json!({"compatibilityLevel": "NONE"})));
    let deleted = rest.ask("DELETE", "/subjects/trades-value/versions/2", None).await;
    assert_eq!(deleted, (200, json!(2)));
    assert_eq!(rest.get("/subjects/trades-value/versions").await, (200, json!([1, 3])));
    let all = rest.get("/subjects/trades-value/versions?deleted=true").await;
    assert_eq!(all, (200, json!([1, 2, 3])));
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_in_known_codes() {
    let rest = Rest::start("refuses").await;
    rest.register("s", INT).await.unwrap();
    let refused = async |method: &str, path: &str, body: Option<Value>, expected: (u16, i64)| {
        assert_eq!(rest.refused(method, path, body).await, expected, "{method} {path}");
    };
    refused("GET", "/subjects/none/versions", None, (404, 40401)).await;
    refused("GET", "/subjects/s/versions/7", None, (404, 40402)).await;
    refused("GET", "/subjects/s/versions/x", None, (422, 42202)).await;
    refused("GET", "/schemas/ids/99", None, (404, 40403)).await;
    refused("POST", "/subjects/s", Some(json!({"schema": LONG})), (404, 40403)).await;
    refused("GET", "/config/s", None, (404, 40408)).await;
    refused("GET", "/mode/s", None, (404, 40409)).await;
    refused("PUT", "/config/s", Some(json!({"compatibility": "SOME"})), (422, 42203)).await;
    refused("PUT", "/mode", Some(json!({"mode": "SOME"})), (422, 42204)).await;
    let versions = "/subjects/s/versions";
    refused("POST", versions, Some(json!({"schema": "\"string\""})), (409, 409)).await;
    refused("POST", versions, Some(json!({"schema": "{"})), (422, 42201)).await;
    refused("POST", versions, Some(json!({"shema": "x"})), (400, 400)).await;
    let json_schema = json!({"schema": "{}", "schemaType": "JSON"});
    refused("POST", versions, Some(json_schema), (422, 42201)).await;
    let large = json!({"schema": " ".repeat(3 << 20)});
    refused("POST", versions, Some(large), (413, 413)).await;
    // Valid, but too large for one record.
    let large =
        format!(r#"{{"type":"fixed","name":"F","size":1,"doc":"{}"}}"#, "x".repeat(1 << 20));
    refused("POST", "/subjects/l/versions", Some(json!({"schema": large})), (422, 42201)).await;
    refused("DELETE", "/subjects/s?permanent=true", None, (404, 40405)).await;
    refused("GET", "/nowhere", None, (404, 404)).await;
    refused("PATCH", "/config", None, (405, 405)).await;
    assert_eq!(rest.register("s", LONG).await, Ok(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_survive_a_restart() {
    let first = Rest::start("survives").await;
    first.register("s", INT).await.unwrap();
    first.register("s", LONG).await.unwrap();
    first.ask("PUT", "/config", Some(json!({"compatibility": "FULL"}))).await;
    first.ask("DELETE", "/subjects/s", None).await;
    drop(first);
    let second = Rest::start("survives").await;
    assert_eq!(second.get("/schemas/ids/2").await, (200, json!({"schema": LONG})));
    assert_eq!(second.get("/subjects").await, (200, json!([])));
    assert_eq!(second.get("/config").await, (200, json!({"compatibilityLevel": "FULL"})));
    assert_eq!(second.register("t", "\"string\"").await, Ok(3));
    assert_eq!(second.register("s", LONG).await, Ok(2));
    assert_eq!(second.get("/subjects/s/versions").await, (200, json!([3])));
}

/// Two registries on one topic, with clients of both at once: each schema gets one id, each id
/// belongs to one schema, and both registries agree.
#[tokio::test(flavor = "multi_thread")]
async fn two_registries_never_give_out_an_id_twice() {
    const ROUNDS: usize = 6;
    let rests = [Rest::start("shared").await, Rest::start("shared").await];
    let schema =
        |number: usize| format!(r#"{{"type":"fixed","name":"F{number}","size":{}}}"#, 1 + number);
    let register = async |rest: &Rest, side: usize| {
        let mut ids = Vec::new();
        for round in 0..ROUNDS {
            // Every other schema is the same on both sides.
            let number = if round % 2 == 0 { round } else { 100 * (side + 1) + round };
            let id = rest.register(&format!("s{side}.{round}"), &schema(number)).await.unwrap();
            ids.push((number, id));
        }
        ids
    };
    let (left, right) = tokio::join!(register(&rests[0], 0), register(&rests[1], 1));
    let mut of_number = std::collections::BTreeMap::new();
    for (number, id) in left.iter().chain(&right) {
        assert_eq!(of_number.entry(number).or_insert(id), &id, "schema {number}");
    }
    let ids: std::collections::BTreeSet<_> = of_number.values().collect();
    assert_eq!(ids.len(), of_number.len(), "{of_number:?}");
    for (number, id) in of_number {
        for rest in &rests {
            let read = async || rest.get(&format!("/schemas/ids/{id}")).await;
            let expected = json!({"schema": schema(*number)});
            // The other registry may be a few milliseconds behind.
            let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
            while read().await.1 != expected {
                assert!(tokio::time::Instant::now() < deadline, "{:?}", read().await);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

/// A registry outlives its broker's crash: it serves what it knows meanwhile, and writes again
/// once the broker is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_kafka_is_survived() {
    let mut kafka = local_kafka::start(local_kafka::Options::default()).await.unwrap();
    let cluster = Cluster::new(KafkaSettings::plain(kafka.bootstrap_servers()));
    let rest = Rest::serve(Settings::default(), cluster).await;
    assert_eq!(rest.register("s", INT).await, Ok(1));
    kafka.kill();
    assert_eq!(rest.get("/schemas/ids/1").await, (200, json!({"schema": INT})));
    kafka.restart().await.unwrap();
    assert_eq!(rest.register("s", LONG).await, Ok(2));
    assert_eq!(rest.register("t", INT).await, Ok(1));
    assert_eq!(rest.get("/subjects/s/versions").await, (200, json!([1, 2])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_loses_schemas_is_refused() {
    let admin = cluster().admin().unwrap();
    admin.create_topics(&[kafka::TopicSpec::new("wrong", 2)]).unwrap();
    let settings = Settings { topic: "wrong".to_owned(), ..Settings::default() };
    let error = registry::serve(settings, cluster()).await.err().unwrap();
    assert!(matches!(error, Error::WrongTopic { partitions: 2, .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_records_are_those_of_confluent() {
    let settings =
        Settings { topic: "records".to_owned(), compatibility: Level::Full, ..Settings::default() };
    let rest = Rest::serve(settings, cluster()).await;
    rest.register("s", INT).await.unwrap();
    rest.ask("PUT", "/config/s", Some(json!({"compatibility": "BACKWARD"}))).await;
    rest.ask("DELETE", "/subjects/s", None).await;
    let records = tokio::task::spawn_blocking(|| {
        let mut records = Vec::new();
        let text = |bytes: Option<&[u8]>| bytes.map(|b| String::from_utf8(b.to_vec()).unwrap());
        let reader = cluster().reader().unwrap();
        reader
            .read_all("records", |m| records.push((text(m.key()).unwrap(), text(m.payload()))))
            .unwrap();
        records
    });
    let expected = [
        (r#"{"keytype":"NOOP","magic":0}"#, None),
        (
            r#"{"keytype":"SCHEMA","subject":"s","version":1,"magic":1}"#,
            Some(json!({"subject":"s","version":1,"id":1,"schema":INT,"deleted":false})),
        ),
        (
            r#"{"keytype":"CONFIG","subject":"s","magic":0}"#,
            Some(json!({"compatibilityLevel":"BACKWARD"})),
        ),
        (
            r#"{"keytype":"DELETE_SUBJECT","subject":"s","magic":0}"#,
            Some(json!({"subject":"s","version":1})),
        ),
        (r#"{"keytype":"CONFIG","subject":"s","magic":0}"#, None),
    ];
    let records = records.await.unwrap();
    assert_eq!(records.len(), expected.len(), "{records:?}");
    for ((key, value), (expected_key, expected_value)) in records.iter().zip(expected) {
        assert_eq!(key, expected_key);
        let value: Option<Value> = value.as_ref().map(|v| serde_json::from_str(v).unwrap());
        assert_eq!(value, expected_value, "{key}");
    }
}
