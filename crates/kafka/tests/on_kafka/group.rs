//! Groups and their rebalances.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use kafka::{Error, Group, Polled};

use crate::{PATIENCE, cluster, eventually, fill, numbered, partition, text, topic, unique};

const BRIEFLY: Duration = Duration::from_millis(50);

/// Reads until `count` records have come.
fn read(group: &mut Group, count: usize) -> Vec<String> {
    let mut found = Vec::new();
    eventually("enough records", || {
        if let Polled::Messages(messages) = group.next(1000, BRIEFLY).unwrap() {
            found.extend(messages.iter().map(text));
        }
        (found.len() >= count).then_some(())
    });
    found
}

#[test]
fn an_assignment_comes_before_its_first_record() {
    let topic = topic("group.first", 2);
    fill(&topic, 0, numbered("a", 3));
    fill(&topic, 1, numbered("b", 3));
    let mut group = cluster().group(&unique("group.first"), &[&topic]).unwrap();
    let mut owned = BTreeSet::new();
    let mut count = 0;
    eventually("all records", || {
        match group.next(2, BRIEFLY).unwrap() {
            Polled::Assigned(partitions) => {
                assert!(group.assignment().len() <= owned.len());
                owned.extend(partitions);
            }
            Polled::Messages(messages) => {
                assert!(!messages.is_empty() && messages.len() <= 2);
                for message in &messages {
                    assert!(owned.contains(&(message.topic.clone(), message.partition)));
                }
                count += messages.len();
            }
            Polled::Revoked { .. } => panic!("nobody else wants these partitions"),
            Polled::Nothing => {}
        }
        (count == 6).then_some(())
    });
    assert_eq!(group.assignment(), [partition(&topic, 0), partition(&topic, 1)]);
    assert_eq!(owned.len(), 2);
}

#[test]
fn a_new_member_goes_on_where_the_last_one_committed() {
    let topic = topic("group.resume", 1);
    fill(&topic, 0, numbered("n", 10));
    let id = unique("group.resume");
    let mut group = cluster().group(&id, &[&topic]).unwrap();
    assert_eq!(read(&mut group, 10), numbered("n", 10));
    group.commit(&[(Arc::from(topic.as_str()), 0, 4)]).unwrap();
    assert_eq!(group.lag().unwrap()[0].records(), 0);
    drop(group);

    let mut group = cluster().group(&id, &[&topic]).unwrap();
    assert_eq!(read(&mut group, 6), numbered("n", 10)[4..]);
}

#[test]
fn going_back_to_the_committed_offsets() {
    let topic = topic("group.seek", 2);
    fill(&topic, 0, numbered("a", 6));
    fill(&topic, 1, numbered("b", 6));
    let mut group = cluster().group(&unique("group.seek"), &[&topic]).unwrap();
    read(&mut group, 12);
    group.commit(&[(Arc::from(topic.as_str()), 0, 4)]).unwrap();
    group.seek_to_committed().unwrap();
    let mut again = read(&mut group, 8);
    again.sort();
    let expected = [&numbered("a", 6)[4..], &numbered("b", 6)[..]].concat();
    assert_eq!(again, expected);
    // At once after an assignment, before anything has been fetched.
    let mut group = cluster().group(&unique("group.seek"), &[&topic]).unwrap();
    eventually("an assignment", || {
        matches!(group.next(10, BRIEFLY).unwrap(), Polled::Assigned(_)).then_some(())
    });
    group.seek_to_committed().unwrap();
    group.next(1, Duration::ZERO).unwrap();
    group.seek_to_committed().unwrap();
    assert_eq!(read(&mut group, 12).len(), 12);
}

/// One of two members that share a topic: it keeps, per partition, the offsets it has taken.
struct Member {
    group: Group,
    state: BTreeMap<(Arc<str>, i32), i64>,
    taken: Vec<(i32, i64)>,
}

impl Member {
    fn join(id: &str, topic: &str) -> Member {
        let group = cluster().group(id, &[topic]).unwrap();
        Member { group, state: BTreeMap::new(), taken: Vec::new() }
    }

    fn step(&mut self) {
        match self.group.next(7, Duration::from_millis(5)).unwrap() {
            Polled::Assigned(partitions) => {
                for partition in partitions {
                    assert!(self.state.insert(partition, -1).is_none(), "assigned twice");
                }
            }
            Polled::Revoked { partitions, lost } => {
                assert!(!lost);
                // The work since the last commit is committed while we still may.
                let offsets: Vec<_> = partitions
                    .iter()
                    .filter_map(|key| self.state.get(key).map(|at| (key.clone(), *at)))
                    .filter(|(_, at)| *at >= 0)
                    .map(|((topic, partition), at)| (topic, partition, at))
                    .collect();
                self.group.commit(&offsets).unwrap();
                for partition in &partitions {
                    assert!(self.state.remove(partition).is_some(), "revoked without being ours");
                }
            }
            Polled::Messages(messages) => {
                for message in messages {
                    let key = (message.topic.clone(), message.partition);
                    let at = self.state.get_mut(&key).expect("a record of a partition not ours");
                    *at = message.offset + 1;
                    self.taken.push((message.partition, message.offset));
                }
            }
            Polled::Nothing => {}
        }
        let mut owned = self.group.assignment();
        owned.retain(|partition| !self.state.contains_key(partition));
        assert!(owned.is_empty(), "owned without having been told: {owned:?}");
    }
}

#[test]
fn a_handover_neither_loses_nor_doubles() {
    const PER_PARTITION: usize = 2000;
    let topic = topic("group.handover", 4);
    for partition in 0..4 {
        fill(&topic, partition, numbered("n", PER_PARTITION));
    }
    let id = unique("group.handover");
    let mut first = Member::join(&id, &topic);
    eventually("the first member's work", || {
        first.step();
        (first.taken.len() > 500).then_some(())
    });
    let mut second = Member::join(&id, &topic);
    eventually("both members have two partitions", || {
        first.step();
        second.step();
        (first.state.len() == 2 && second.state.len() == 2).then_some(())
    });
    eventually("the second member's work", || {
        second.step();
        (second.taken.len() > 500).then_some(())
    });
    // The first leaves in good order: it commits what it has, then its partitions move over.
    let offsets: Vec<_> = first.state.iter().map(|((t, p), at)| (t.clone(), *p, *at)).collect();
    let offsets: Vec<_> = offsets.into_iter().filter(|(_, _, at)| *at >= 0).collect();
    first.group.commit(&offsets).unwrap();
    let mut taken = first.taken;
    drop(first.group);
    eventually("all records", || {
        second.step();
        (taken.len() + second.taken.len() >= 4 * PER_PARTITION).then_some(())
    });
    assert_eq!(second.state.len(), 4);
    taken.extend(second.taken);
    assert_eq!(taken.len(), 4 * PER_PARTITION);
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>().len(), 4 * PER_PARTITION);
}

#[test]
fn a_member_with_a_name_returns_at_once() {
    let topic = topic("group.named", 2);
    fill(&topic, 0, numbered("n", 1));
    let id = unique("group.named");
    let mut group = cluster().group_member(&id, "one", &[&topic]).unwrap();
    read(&mut group, 1);
    // Leaked, not dropped: to the broker this is a process that was killed.
    std::mem::forget(group);
    let start = std::time::Instant::now();
    let mut group = cluster().group_member(&id, "one", &[&topic]).unwrap();
    read(&mut group, 1);
    println!("a named member was back after {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(8), "it waited for its own session to end");
}

#[test]
fn leaving_in_the_middle_of_a_rebalance_holds_nobody_up() {
    let topic = topic("group.leave", 2);
    fill(&topic, 0, numbered("n", 1));
    let id = unique("group.leave");
    let assigned = |group: &mut Group| {
        eventually("an assignment", || {
            matches!(group.next(10, BRIEFLY).unwrap(), Polled::Assigned(_)).then_some(())
        });
    };
    let start = std::time::Instant::now();
    // Told of its partitions, it leaves without having taken them.
    let mut group = cluster().group(&id, &[&topic]).unwrap();
    assigned(&mut group);
    drop(group);
    // Told that it has to hand one over, it leaves without having done so.
    let mut group = cluster().group(&id, &[&topic]).unwrap();
    assigned(&mut group);
    let mut other = cluster().group(&id, &[&topic]).unwrap();
    eventually("a revocation", || {
        other.next(1, Duration::ZERO).unwrap();
        matches!(group.next(1, BRIEFLY).unwrap(), Polled::Revoked { .. }).then_some(())
    });
    drop(group);
    // Nobody has heard of the assignment that waits for this one.
    let unheard = cluster().group(&id, &[&topic]).unwrap();
    drop(unheard);
    eventually("everything", || {
        other.next(1, BRIEFLY).unwrap();
        (other.assignment().len() == 2).then_some(())
    });
    assert!(start.elapsed() < Duration::from_secs(8), "a session had to run out");
}

#[test]
fn lag_counts_records_and_not_markers() {
    let topic = topic("group.lag", 1);
    let mut transactions = cluster().transactions(&unique("group.lag")).unwrap();
    for n in 0..3 {
        transactions.begin().unwrap();
        transactions.send(&crate::record(&topic, 0, &format!("n.{n}"))).unwrap();
        transactions.commit().unwrap();
    }
    let mut group = cluster().group(&unique("group.lag"), &[&topic]).unwrap();
    read(&mut group, 3);
    eventually("no lag", || {
        group.next(1, BRIEFLY).unwrap();
        (group.lag().unwrap()[0].records() == 0).then_some(())
    });
}

#[test]
fn a_pause_holds_records_back() {
    let topic = topic("group.pause", 1);
    let mut group = cluster().group(&unique("group.pause"), &[&topic]).unwrap();
    eventually("an assignment", || {
        matches!(group.next(10, BRIEFLY).unwrap(), Polled::Assigned(_)).then_some(())
    });
    assert!(matches!(group.next(10, BRIEFLY).unwrap(), Polled::Nothing));
    group.pause(&[partition(&topic, 0)]).unwrap();
    fill(&topic, 0, numbered("n", 3));
    let quiet = group.next(10, Duration::from_millis(500)).unwrap();
    assert!(matches!(quiet, Polled::Nothing), "{quiet:?}");
    group.resume(&[partition(&topic, 0)]).unwrap();
    assert_eq!(read(&mut group, 3), numbered("n", 3));
}

#[test]
fn a_topic_that_does_not_exist_is_named() {
    let name = unique("group.nowhere");
    let mut group = cluster().group(&unique("group.nowhere"), &[&name]).unwrap();
    let error = eventually("the error", || group.next(1, BRIEFLY).err());
    assert!(matches!(error, Error::UnknownTopic { .. }), "{error:?}");
    assert!(error.to_string().contains(&name), "{error}");
}

#[test]
fn a_record_is_handed_out_as_soon_as_it_is_there() {
    let topic = topic("group.prompt", 1);
    let mut group = cluster().group(&unique("group.prompt"), &[&topic]).unwrap();
    eventually("an assignment", || {
        matches!(group.next(10, BRIEFLY).unwrap(), Polled::Assigned(_)).then_some(())
    });
    group.next(1, BRIEFLY).unwrap();
    let mut pipeline = cluster().pipeline().unwrap();
    for n in 0..20 {
        let start = std::time::Instant::now();
        pipeline.send(&crate::record(&topic, 0, "x")).unwrap();
        let polled = eventually("the record", || match group.next(100, PATIENCE).unwrap() {
            Polled::Messages(messages) => Some(messages),
            _ => None,
        });
        assert_eq!(polled.len(), 1);
        if n == 19 {
            println!("sent and read in {:?}", start.elapsed());
        }
    }
}
