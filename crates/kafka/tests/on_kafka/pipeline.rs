//! Live delivery.

use std::time::Duration;

use kafka::{Cluster, Error, Outgoing, Settings, partition_for};

use crate::{PATIENCE, cluster, committed, eventually, numbered, record, text, topic, unique};

#[test]
fn everything_arrives_once_and_in_order() {
    const COUNT: usize = 100_000;
    let topic = topic("pipe.order", 3);
    let mut pipeline = cluster().pipeline().unwrap();
    let mut highest = 0;
    for (n, payload) in numbered("n", COUNT).iter().enumerate() {
        let sequence = pipeline.send(&record(&topic, (n % 3) as i32, payload)).unwrap();
        assert_eq!(sequence, n as u64 + 1);
        if n % 1000 == 0 {
            let acknowledged = pipeline.acknowledged().unwrap();
            assert!(acknowledged >= highest && acknowledged <= sequence);
            highest = acknowledged;
        }
    }
    pipeline.flush(PATIENCE).unwrap();
    assert_eq!(pipeline.acknowledged().unwrap(), COUNT as u64);

    let mut next = [0usize, 1, 2];
    cluster()
        .reader()
        .unwrap()
        .read_all(&topic, |message| {
            let expected = &mut next[message.partition as usize];
            assert_eq!(text(&message), format!("n.{expected}"));
            *expected += 3;
        })
        .unwrap();
    assert_eq!(next.iter().min(), Some(&COUNT));
}

#[test]
fn every_part_of_a_record_survives() {
    let topic = topic("pipe.parts", 1);
    let mut pipeline = cluster().pipeline().unwrap();
    let headers: [(&str, &[u8]); 3] = [("ce_id", b"1"), ("empty", b""), ("raw", b"\xff\x00")];
    let whole = Outgoing {
        topic: &topic,
        partition: Some(0),
        key: Some(b"key"),
        payload: Some(b"payload"),
        headers: &headers,
        timestamp_ms: Some(1_700_000_000_123),
    };
    pipeline.send(&whole).unwrap();
    pipeline.send(&Outgoing { payload: None, ..whole }).unwrap();
    pipeline.send(&Outgoing { topic: &topic, payload: Some(b""), ..Outgoing::default() }).unwrap();
    pipeline.flush(PATIENCE).unwrap();

    let mut found = Vec::new();
    cluster().reader().unwrap().read_all(&topic, |message| found.push(message)).unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!(&*found[0].topic, topic);
    assert_eq!((found[0].partition, found[0].offset), (0, 0));
    assert_eq!(found[0].timestamp_ms, 1_700_000_000_123);
    assert_eq!(found[0].key(), Some(&b"key"[..]));
    assert_eq!(found[0].payload(), Some(&b"payload"[..]));
    assert_eq!(found[0].headers().collect::<Vec<_>>(), headers);
    assert_eq!((found[1].key(), found[1].payload()), (Some(&b"key"[..]), None));
    assert_eq!((found[2].key(), found[2].payload()), (None, Some(&b""[..])));
    assert!(found[2].timestamp_ms > 1_700_000_000_000);
    assert_eq!(found[2].headers().count(), 0);
}

#[test]
fn keys_go_where_java_puts_them() {
    let topic = topic("pipe.keys", 7);
    let mut pipeline = cluster().pipeline().unwrap();
    for key in numbered("key", 200) {
        let payload = Some(key.as_bytes());
        let keyed = Outgoing { topic: &topic, key: payload, payload, ..Outgoing::default() };
        pipeline.send(&keyed).unwrap();
    }
    pipeline.flush(PATIENCE).unwrap();
    let mut count = 0;
    let reader = cluster().reader().unwrap();
    reader
        .read_all(&topic, |message| {
            assert_eq!(partition_for(message.key().unwrap(), 7), message.partition);
            count += 1;
        })
        .unwrap();
    assert_eq!(count, 200);
}

#[test]
fn a_full_queue_holds_the_caller_up_and_loses_nothing() {
    const COUNT: usize = 20_000;
    let topic = topic("pipe.full", 1);
    let mut settings = Settings::plain(local_kafka::shared().bootstrap_servers());
    settings.properties.insert("queue.buffering.max.messages".into(), "100".into());
    let mut pipeline = Cluster::new(settings).pipeline().unwrap();
    for payload in numbered("n", COUNT) {
        pipeline.send(&record(&topic, 0, &payload)).unwrap();
    }
    pipeline.flush(PATIENCE).unwrap();
    assert_eq!(committed(&topic), numbered("n", COUNT));
}

#[test]
fn a_record_that_is_too_large_is_refused_alone() {
    let topic = topic("pipe.large", 1);
    let mut pipeline = cluster().pipeline().unwrap();
    let large = "x".repeat(2_000_000);
    assert_eq!(pipeline.send(&record(&topic, 0, "before")).unwrap(), 1);
    let error = pipeline.send(&record(&topic, 0, &large)).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    assert_eq!(pipeline.send(&record(&topic, 0, "after")).unwrap(), 2);
    pipeline.flush(PATIENCE).unwrap();
    assert_eq!(committed(&topic), ["before", "after"]);
}

#[test]
fn a_topic_that_does_not_exist_is_a_lasting_error() {
    let name = unique("pipe.nowhere");
    let mut pipeline = cluster().pipeline().unwrap();
    pipeline.send(&record(&name, 0, "lost")).unwrap();
    let error = eventually("the refusal", || {
        std::thread::sleep(Duration::from_millis(20));
        pipeline.acknowledged().err()
    });
    assert!(matches!(error, Error::UnknownTopic { .. }), "{error:?}");
    assert!(error.to_string().contains(&name), "{error}");
    assert!(pipeline.acknowledged().is_err());
    assert_eq!(pipeline.delivered(), 0);
}

#[test]
fn acknowledgements_arrive_without_further_records() {
    let topic = topic("pipe.idle", 1);
    let mut pipeline = cluster().pipeline().unwrap();
    pipeline.send(&record(&topic, 0, "only")).unwrap();
    eventually("the acknowledgement", || {
        std::thread::sleep(Duration::from_millis(1));
        (pipeline.acknowledged().unwrap() == 1).then_some(())
    });
}
