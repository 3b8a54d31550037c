//! Topics and groups.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka::{Cluster, Creation, Error, Outgoing, Polled, Settings, TopicSpec};

use crate::{PATIENCE, admin, cluster, eventually, fill, numbered, topic, unique};

#[test]
fn the_cluster_says_who_it_is() {
    let info = cluster().check(PATIENCE).unwrap();
    assert_eq!(info.brokers, [local_kafka::shared().bootstrap_servers()]);
    assert!(info.cluster_id.is_some());
}

#[test]
fn a_wrong_address_is_named_with_its_setting() {
    // Bound and dropped at once: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let start = Instant::now();
    let cluster = Cluster::new(Settings::plain(&address));
    let error = cluster.check(Duration::from_secs(2)).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    let message = error.to_string();
    for part in [&address, "kafka.bootstrap_servers", "Connection refused"] {
        assert!(message.contains(part), "{part} is missing: {message}");
    }
}

#[test]
fn topics_are_made_once_and_reported() {
    let (a, b) = (unique("admin.a"), unique("admin.b"));
    let admin = admin();
    let specs = [TopicSpec::new(&a, 2), TopicSpec::new(&b, 1)];
    assert_eq!(admin.create_topics(&specs).unwrap(), [Creation::Made, Creation::Made]);
    let again = [TopicSpec::new(&a, 2), TopicSpec::new(&b, 5)];
    let differs = Creation::Differs { wanted: 5, found: 1 };
    assert_eq!(admin.create_topics(&again).unwrap(), [Creation::Existed, differs]);

    fill(&a, 0, numbered("n", 3));
    fill(&a, 1, numbered("n", 4));
    let topics = admin.topics().unwrap();
    let info = topics.iter().find(|topic| topic.name == a).unwrap();
    assert_eq!((info.partitions, info.records, info.internal), (2, 7, false));

    let deleted = admin.delete_topics(&[&a, &b, &unique("admin.never")]).unwrap();
    assert_eq!(deleted.len(), 2);
    assert!(!admin.topics().unwrap().iter().any(|topic| topic.name == a));
    assert_eq!(admin.create_topics(&specs[..1]).unwrap(), [Creation::Made]);
}

#[test]
fn a_setting_that_cannot_work_is_an_error() {
    let name = unique("admin.bad");
    let error =
        admin().create_topics(&[TopicSpec::new(&name, 1).with("no.such", "x")]).unwrap_err();
    assert!(error.to_string().contains(&name), "{error}");
    let error = admin().create_topics(&[TopicSpec::new("no name", 1)]).unwrap_err();
    assert!(matches!(error, Error::UnknownTopic { .. }), "{error:?}");
}

#[test]
fn changing_one_setting_leaves_the_others() {
    let name = unique("admin.alter");
    let admin = admin();
    let spec = TopicSpec::new(&name, 1).with("retention.ms", "1000").with("segment.ms", "2000");
    admin.create_topics(&[spec]).unwrap();
    let changes = BTreeMap::from([("retention.ms".to_owned(), "3000".to_owned())]);
    admin.alter_topic(&name, &changes).unwrap();
    let settings = eventually("the change", || {
        let settings = admin.topic_settings(&name).unwrap();
        (settings["retention.ms"].value.as_deref() == Some("3000")).then_some(settings)
    });
    assert!(settings["retention.ms"].own);
    assert_eq!(settings["segment.ms"].value.as_deref(), Some("2000"));
    assert!(settings["segment.ms"].own);
    assert!(!settings["cleanup.policy"].own);
}

#[test]
fn partitions_can_be_added() {
    let name = topic("admin.grow", 1);
    admin().add_partitions(&name, 3).unwrap();
    assert_eq!(cluster().reader().unwrap().partitions(&name).unwrap(), [0, 1, 2]);
    assert!(admin().add_partitions(&name, 2).is_err());
}

#[test]
fn offsets_are_found_by_time() {
    let name = topic("admin.time", 1);
    let mut pipeline = cluster().pipeline().unwrap();
    for n in 0..10 {
        let timed = Outgoing {
            topic: &name,
            partition: Some(0),
            payload: Some(b"x"),
            timestamp_ms: Some(1000 * (n + 1)),
            ..Outgoing::default()
        };
        pipeline.send(&timed).unwrap();
    }
    pipeline.flush(PATIENCE).unwrap();
    let at = |time| admin().offsets_at_time(&name, time).unwrap();
    assert_eq!(at(0), [(0, 0)]);
    assert_eq!(at(-1), [(0, 0)]);
    assert_eq!(at(3500), [(0, 3)]);
    assert_eq!(at(10_000), [(0, 9)]);
    assert_eq!(at(10_001), [(0, 10)]);
}

#[test]
fn groups_and_their_lag_are_seen_from_outside() {
    let name = topic("admin.lag", 2);
    fill(&name, 0, numbered("n", 10));
    let id = unique("admin.lag");
    assert!(admin().group_lag(&id).unwrap().is_empty());
    let mut group = cluster().group(&id, &[&name]).unwrap();
    eventually("records", || {
        matches!(group.next(10, PATIENCE).unwrap(), Polled::Messages(_)).then_some(())
    });
    group.commit(&[(Arc::from(name.as_str()), 0, 4)]).unwrap();
    let lag = admin().group_lag(&id).unwrap();
    assert_eq!(lag.len(), 1);
    assert_eq!((&*lag[0].topic, lag[0].partition), (name.as_str(), 0));
    assert_eq!((lag[0].committed, lag[0].end, lag[0].records()), (4, 10, 6));
    let groups = admin().groups().unwrap();
    let info = groups.iter().find(|group| group.name == id).unwrap();
    assert_eq!((info.state.as_str(), info.members), ("Stable", 1));
    assert!(admin().delete_groups(&[&id]).is_err(), "it has a member");
    drop(group);
    admin().delete_groups(&[&id, &unique("admin.never")]).unwrap();
    assert!(admin().group_lag(&id).unwrap().is_empty());
}
