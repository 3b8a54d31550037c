//! Reading without a group.

use std::sync::Arc;
use std::time::Duration;

use kafka::{Error, From, Outgoing, TopicSpec};

use crate::{
    PATIENCE, admin, cluster, committed, eventually, fill, numbered, record, text, topic, unique,
};

#[test]
fn an_empty_topic_is_read_at_once() {
    let topic = topic("read.empty", 3);
    assert!(committed(&topic).is_empty());
    let reader = cluster().reader().unwrap();
    assert_eq!(reader.partitions(&topic).unwrap(), [0, 1, 2]);
    assert_eq!(reader.watermarks(&topic, 1).unwrap(), (0, 0));
    assert_eq!(reader.tail(&topic, 5, |_| panic!("there is none")).unwrap(), 0);
}

#[test]
fn a_topic_that_does_not_exist_is_named() {
    let name = unique("read.nowhere");
    let error = cluster().reader().unwrap().read_all(&name, |_| ()).unwrap_err();
    assert!(matches!(error, Error::UnknownTopic { .. }), "{error:?}");
    assert!(error.to_string().contains(&name), "{error}");
    let error = cluster().reader().unwrap().read_all("no\0name", |_| ()).unwrap_err();
    assert!(matches!(error, Error::UnknownTopic { .. }), "{error:?}");
}

#[test]
fn transactional_topics_end_with_markers_and_are_read_to_the_end() {
    let topic = topic("read.markers", 2);
    let mut transactions = cluster().transactions(&unique("read.markers")).unwrap();
    for n in 0..5 {
        transactions.begin().unwrap();
        transactions.send(&record(&topic, 0, &format!("n.{n}"))).unwrap();
        transactions.commit().unwrap();
    }
    // The other partition ends with records that were aborted.
    fill(&topic, 1, ["kept".to_owned()]);
    transactions.begin().unwrap();
    transactions.send(&record(&topic, 1, "dropped")).unwrap();
    transactions.abort().unwrap();

    let mut found = committed(&topic);
    found.sort();
    assert_eq!(found, [vec!["kept".to_owned()], numbered("n", 5)].concat());
    let mut last = Vec::new();
    cluster().reader().unwrap().tail(&topic, 2, |message| last.push(text(&message))).unwrap();
    assert_eq!(last, ["n.3", "n.4", "kept"]);
}

#[test]
fn whatever_was_committed_before_is_seen() {
    let topic = topic("read.own", 1);
    let mut transactions = cluster().transactions(&unique("read.own")).unwrap();
    let reader = cluster().reader().unwrap();
    for n in 0..50 {
        transactions.begin().unwrap();
        transactions.send(&record(&topic, 0, &format!("n.{n}"))).unwrap();
        transactions.commit().unwrap();
        let mut last = None;
        let count = reader.read_all(&topic, |message| last = Some(text(&message))).unwrap();
        assert_eq!((count, last), (n + 1, Some(format!("n.{n}"))));
    }
}

#[test]
fn an_open_transaction_is_waited_for() {
    let topic = topic("read.wait", 1);
    let mut transactions = cluster().transactions(&unique("read.wait")).unwrap();
    transactions.begin().unwrap();
    transactions.send(&record(&topic, 0, "late")).unwrap();
    let reader = cluster().reader().unwrap();
    eventually("the record to reach the broker", || {
        (reader.watermarks(&topic, 0).unwrap().1 == 1).then_some(())
    });
    let other = topic.clone();
    let reading = std::thread::spawn(move || committed(&other));
    std::thread::sleep(Duration::from_millis(300));
    assert!(!reading.is_finished());
    transactions.commit().unwrap();
    assert_eq!(reading.join().unwrap(), ["late"]);
}

#[test]
fn compacted_topics_have_holes_even_at_the_end() {
    let topic = unique("read.compacted");
    let spec = TopicSpec::new(&topic, 1)
        .with("cleanup.policy", "compact")
        .with("min.cleanable.dirty.ratio", "0.001")
        .with("segment.ms", "100")
        .with("delete.retention.ms", "0");
    admin().create_topics(&[spec]).unwrap();
    let mut transactions = cluster().transactions(&unique("read.compacted")).unwrap();
    let mut put = |key: &str, value: Option<&str>| {
        transactions.begin().unwrap();
        let keyed = Outgoing {
            topic: &topic,
            key: Some(key.as_bytes()),
            payload: value.map(str::as_bytes),
            ..Outgoing::default()
        };
        transactions.send(&keyed).unwrap();
        transactions.commit().unwrap();
    };
    for n in 0..20 {
        put("a", Some(&format!("a.{n}")));
        put("b", Some(&format!("b.{n}")));
    }
    put("b", None);
    let reader = cluster().reader().unwrap();
    let fold = || {
        let mut state = std::collections::BTreeMap::new();
        let count = reader
            .read_all(&topic, |message| {
                let key = String::from_utf8(message.key().unwrap().to_vec()).unwrap();
                match message.payload() {
                    Some(_) => state.insert(key, text(&message)),
                    None => state.remove(&key),
                };
            })
            .unwrap();
        (count, state)
    };
    let (count, state) = fold();
    assert_eq!(count, 41);
    assert_eq!(state.into_iter().collect::<Vec<_>>(), [("a".into(), "a.19".into())]);
    // The cleaner works every 15 seconds; writing rolls the segment that it must not touch.
    let (count, state) = eventually("compaction", || {
        put("c", Some("c"));
        std::thread::sleep(Duration::from_millis(200));
        let (count, state) = fold();
        (count < 41).then_some((count, state))
    });
    println!("{count} records are left after compaction");
    assert_eq!(state.get("a").map(String::as_str), Some("a.19"));
    assert!(!state.contains_key("b"));
}

#[test]
fn one_partition_is_read_from_an_offset() {
    let topic = topic("read.from", 2);
    fill(&topic, 1, numbered("n", 10));
    let reader = cluster().reader().unwrap();
    let from = |offset| {
        let mut found = Vec::new();
        reader.read_partition(&topic, 1, offset, |message| found.push(text(&message))).unwrap();
        found
    };
    assert_eq!(from(0), numbered("n", 10));
    assert_eq!(from(7), numbered("n", 10)[7..]);
    assert!(from(10).is_empty());
    assert!(from(1000).is_empty());
    assert_eq!(from(-5).len(), 10);
    let error = reader.read_partition(&topic, 9, 0, |_| ()).unwrap_err();
    assert!(matches!(error, Error::UnknownTopic { .. }), "{error:?}");
}

#[test]
fn the_tail_is_the_last_records_of_each_partition() {
    let topic = topic("read.tail", 2);
    fill(&topic, 0, numbered("a", 100));
    fill(&topic, 1, numbered("b", 3));
    let reader = cluster().reader().unwrap();
    let tail = |count| {
        let mut found = Vec::new();
        let told = reader.tail(&topic, count, |message| found.push(text(&message))).unwrap();
        assert_eq!(told as usize, found.len());
        found
    };
    assert_eq!(tail(5), [&numbered("a", 100)[95..], &numbered("b", 3)[..]].concat());
    assert_eq!(tail(1), ["a.99", "b.2"]);
    assert!(tail(0).is_empty());
    assert_eq!(tail(1000).len(), 103);
}

#[test]
fn following_starts_where_it_is_told_and_goes_on() {
    let topic = topic("read.follow", 1);
    let mut pipeline = cluster().pipeline().unwrap();
    for n in 0..10 {
        let payload = format!("n.{n}");
        let timed = Outgoing { timestamp_ms: Some(1000 * (n + 1)), ..record(&topic, 0, &payload) };
        pipeline.send(&timed).unwrap();
    }
    pipeline.flush(PATIENCE).unwrap();
    let name: Arc<str> = Arc::from(topic.as_str());
    let reader = cluster().reader().unwrap();
    let mut starts = [
        (From::Start, 0),
        (From::End, 10),
        (From::Time(5500), 5),
        (From::Time(99_000), 10),
        (From::Last(3), 7),
        (From::Offsets(vec![(name.clone(), 0, 2)]), 2),
        (From::Offsets(vec![]), 0),
    ]
    .map(|(from, first)| (reader.follow(&[&topic], from.clone()).unwrap(), first, from));
    pipeline.send(&record(&topic, 0, "n.10")).unwrap();
    pipeline.flush(PATIENCE).unwrap();
    for (follow, first, from) in &mut starts {
        let mut found = Vec::new();
        let expected: Vec<String> = numbered("n", 11)[*first..].to_vec();
        eventually("all records", || {
            found.extend(follow.next(4, Duration::from_millis(100)).unwrap().iter().map(text));
            (found.len() >= expected.len()).then_some(())
        });
        assert_eq!(found, expected, "{from:?}");
        assert_eq!(follow.behind().unwrap(), 0);
        assert_eq!(follow.positions().unwrap(), [(name.clone(), 0, 11)]);
    }
}

#[test]
fn following_catches_up_past_markers() {
    let topic = topic("read.caught-up", 2);
    let mut transactions = cluster().transactions(&unique("read.caught-up")).unwrap();
    for partition in 0..2 {
        transactions.begin().unwrap();
        transactions.send(&record(&topic, partition, "x")).unwrap();
        transactions.commit().unwrap();
    }
    let reader = cluster().reader().unwrap();
    let mut follow = reader.follow(&[&topic], From::Start).unwrap();
    assert!(follow.behind().unwrap() >= 2);
    let ends = follow.ends().unwrap();
    transactions.begin().unwrap();
    transactions.send(&record(&topic, 0, "later")).unwrap();
    transactions.commit().unwrap();
    eventually("where it ended", || {
        follow.next(1, Duration::from_millis(20)).unwrap();
        (follow.before(&ends).unwrap() == 0).then_some(())
    });
    eventually("caught up", || {
        follow.next(10, Duration::from_millis(20)).unwrap();
        (follow.behind().unwrap() == 0).then_some(())
    });
}
