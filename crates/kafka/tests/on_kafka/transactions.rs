//! Records and offsets become visible together or not at all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka::{Error, Outgoing, Polled, Transactions};

use crate::{
    PATIENCE, cluster, committed, eventually, fill, numbered, record, text, topic, unique,
};

fn send_all(transactions: &mut Transactions, topic: &str, payloads: &[String]) {
    for payload in payloads {
        transactions.send(&record(topic, 0, payload)).unwrap();
    }
}

#[test]
fn only_what_was_committed_is_seen() {
    let topic = topic("tx.visible", 1);
    let mut transactions = cluster().transactions(&unique("tx.visible")).unwrap();

    transactions.begin().unwrap();
    send_all(&mut transactions, &topic, &numbered("kept", 3));
    transactions.commit().unwrap();

    transactions.begin().unwrap();
    send_all(&mut transactions, &topic, &numbered("dropped", 3));
    transactions.abort().unwrap();

    transactions.begin().unwrap();
    send_all(&mut transactions, &topic, &numbered("also-kept", 2));
    transactions.commit().unwrap();

    let expected = [numbered("kept", 3), numbered("also-kept", 2)].concat();
    assert_eq!(committed(&topic), expected);
}

#[test]
fn what_is_not_committed_yet_is_not_read() {
    let topic = topic("tx.open", 1);
    fill(&topic, 0, numbered("before", 2));
    let mut transactions = cluster().transactions(&unique("tx.open")).unwrap();
    transactions.begin().unwrap();
    send_all(&mut transactions, &topic, &numbered("open", 2));

    let reader = cluster().reader().unwrap();
    let mut follow = reader.follow(&[&topic], kafka::From::Start).unwrap();
    let mut seen = Vec::new();
    eventually("the committed records", || {
        seen.extend(follow.next(100, Duration::from_millis(100)).unwrap().iter().map(text));
        (seen.len() >= 2).then_some(())
    });
    assert!(follow.next(100, Duration::from_millis(300)).unwrap().is_empty());

    transactions.commit().unwrap();
    eventually("the transaction's records", || {
        seen.extend(follow.next(100, Duration::from_millis(100)).unwrap().iter().map(text));
        (seen.len() >= 4).then_some(())
    });
    assert_eq!(seen, [numbered("before", 2), numbered("open", 2)].concat());
}

#[test]
fn a_second_owner_fences_the_first() {
    let topic = topic("tx.fence", 1);
    let id = unique("tx.fence");
    let mut first = cluster().transactions(&id).unwrap();
    first.begin().unwrap();
    send_all(&mut first, &topic, &numbered("first", 3));

    let mut second = cluster().transactions(&id).unwrap();
    let error = first.commit().unwrap_err();
    assert!(matches!(error, Error::Fenced { .. }), "{error:?}");
    assert!(error.to_string().contains(&id), "{error}");
    assert!(!first.usable());
    for again in [first.begin(), first.abort(), first.commit()] {
        assert!(matches!(again, Err(Error::Fenced { .. })), "{again:?}");
    }

    second.begin().unwrap();
    send_all(&mut second, &topic, &numbered("second", 2));
    second.commit().unwrap();
    assert_eq!(committed(&topic), numbered("second", 2));
}

#[test]
fn an_idle_owner_is_fenced_at_its_next_transaction() {
    let topic = topic("tx.fence-idle", 1);
    let id = unique("tx.fence-idle");
    let mut first = cluster().transactions(&id).unwrap();
    let _second = cluster().transactions(&id).unwrap();
    // Where a fenced producer first hears of it is the broker's affair, but commit must not pass.
    let result = first
        .begin()
        .and_then(|()| first.send(&record(&topic, 0, "late")))
        .and_then(|()| first.commit());
    assert!(matches!(result, Err(Error::Fenced { .. })), "{result:?}");
    assert!(committed(&topic).is_empty());
}

#[test]
fn a_transaction_that_stays_open_too_long_is_not_taken_for_a_takeover() {
    let topic = topic("tx.long", 1);
    let id = unique("tx.long");
    let mut transactions = cluster().transactions(&id).unwrap();
    transactions.begin().unwrap();
    transactions.send(&record(&topic, 0, "forgotten")).unwrap();
    let reader = cluster().reader().unwrap();
    eventually("the record to reach the broker", || {
        (reader.watermarks(&topic, 0).unwrap().1 >= 1).then_some(())
    });
    // Returns when the broker has ended the transaction.
    assert!(committed(&topic).is_empty());
    let error = transactions.commit().unwrap_err();
    assert!(matches!(error, Error::Indefinite { .. }), "{error:?}");
    assert!(!transactions.usable());
    assert!(cluster().transactions(&id).unwrap().begin().is_ok());
}

#[test]
fn offsets_move_with_the_transaction() {
    let (input, output) = (topic("tx.offsets.in", 1), topic("tx.offsets.out", 1));
    fill(&input, 0, numbered("in", 10));
    let group_id = unique("tx.offsets");
    let mut transactions = cluster().transactions(&group_id).unwrap();
    let mut group = cluster().group(&group_id, &[&input]).unwrap();

    let mut copied = 0;
    let mut aborted = false;
    eventually("all copied", || {
        let Polled::Messages(messages) = group.next(4, PATIENCE).unwrap() else { return None };
        transactions.begin().unwrap();
        for message in &messages {
            transactions.send(&record(&output, 0, &text(message))).unwrap();
        }
        let last = messages.last().unwrap();
        let offsets = [(last.topic.clone(), last.partition, last.offset + 1)];
        transactions.send_offsets(&group, &offsets).unwrap();
        // The second batch fails once and has to come again.
        if copied > 0 && !aborted {
            aborted = true;
            // An onlooker sees what is committed at once, whoever holds a transaction open.
            let lag = crate::admin().group_lag(&group_id).unwrap();
            assert_eq!((lag[0].committed, lag[0].end), (copied as i64, 10));
            transactions.abort().unwrap();
            group.seek_to_committed().unwrap();
            return None;
        }
        transactions.commit().unwrap();
        copied += messages.len();
        (copied == 10).then_some(())
    });
    assert!(aborted);
    assert_eq!(committed(&output), numbered("in", 10));

    let lag = crate::admin().group_lag(&group_id).unwrap();
    assert_eq!(lag.len(), 1);
    assert_eq!((lag[0].committed, lag[0].records()), (10, 0));
}

#[test]
fn offsets_of_partitions_that_were_lost_abort_the_transaction() {
    let (input, output) = (topic("tx.zombie.in", 1), topic("tx.zombie.out", 1));
    fill(&input, 0, numbered("in", 3));
    let group_id = unique("tx.zombie");
    let mut transactions = cluster().transactions(&unique("tx.zombie")).unwrap();
    let mut group = cluster().group_member(&group_id, "same", &[&input]).unwrap();
    let messages = eventually("records", || match group.next(10, PATIENCE).unwrap() {
        Polled::Messages(messages) => Some(messages),
        _ => None,
    });
    transactions.begin().unwrap();
    transactions.send(&record(&output, 0, &text(&messages[0]))).unwrap();

    // A namesake takes the partitions over, as after a restart that overlaps with a hung process.
    let mut heir = cluster().group_member(&group_id, "same", &[&input]).unwrap();
    eventually("the heir's assignment", || match heir.next(10, PATIENCE).unwrap() {
        Polled::Assigned(_) => Some(()),
        _ => None,
    });

    let offsets = [(Arc::from(input.as_str()), 0, 1)];
    let error = transactions.send_offsets(&group, &offsets).unwrap_err();
    assert!(matches!(error, Error::Abortable { .. } | Error::Fenced { .. }), "{error:?}");
    if transactions.usable() {
        assert!(matches!(transactions.commit(), Err(Error::Abortable { .. })));
        transactions.abort().unwrap();
    }
    assert!(committed(&output).is_empty());
    let error =
        eventually("the old member's end", || group.next(10, Duration::from_millis(100)).err());
    assert!(matches!(error, Error::Fenced { .. }), "{error:?}");
}

#[test]
fn misuse_is_an_error_and_harmless() {
    let topic = topic("tx.misuse", 1);
    let mut transactions = cluster().transactions(&unique("tx.misuse")).unwrap();
    let outside = transactions.send(&record(&topic, 0, "x")).unwrap_err();
    assert!(outside.to_string().contains("none is open"), "{outside}");
    assert!(transactions.commit().is_err());
    transactions.abort().unwrap();

    transactions.begin().unwrap();
    let twice = transactions.begin().unwrap_err();
    assert!(twice.to_string().contains("already open"), "{twice}");
    transactions.send(&record(&topic, 0, "good")).unwrap();
    transactions.commit().unwrap();

    // Empty transactions are fine.
    transactions.begin().unwrap();
    transactions.commit().unwrap();
    transactions.begin().unwrap();
    transactions.abort().unwrap();
    assert_eq!(committed(&topic), ["good"]);
}

#[test]
fn a_record_that_is_too_large_spoils_nothing() {
    let topic = topic("tx.large", 1);
    let mut transactions = cluster().transactions(&unique("tx.large")).unwrap();
    let large = vec![0u8; 2_000_000];
    transactions.begin().unwrap();
    transactions.send(&record(&topic, 0, "before")).unwrap();
    let error = transactions
        .send(&Outgoing { topic: &topic, payload: Some(&large), ..Outgoing::default() })
        .unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    assert!(error.to_string().contains("2000000"), "{error}");
    transactions.send(&record(&topic, 0, "after")).unwrap();
    transactions.commit().unwrap();
    assert_eq!(committed(&topic), ["before", "after"]);
}

#[test]
fn a_record_that_the_broker_refuses_is_told_apart_and_can_be_aborted() {
    let topic = unique("tx.refused");
    let spec = kafka::TopicSpec::new(&topic, 1).with("max.message.bytes", "2000");
    crate::admin().create_topics(&[spec]).unwrap();
    let mut transactions = cluster().transactions(&unique("tx.refused")).unwrap();
    transactions.begin().unwrap();
    // Not compressible, or it would fit.
    let noise: Vec<u8> =
        (0..5000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let large = Outgoing { topic: &topic, payload: Some(&noise), ..Outgoing::default() };
    transactions.send(&large).unwrap();
    let error = transactions.commit().unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    assert!(error.to_string().contains(&topic), "{error}");
    assert!(matches!(transactions.commit(), Err(Error::Abortable { .. })));
    transactions.abort().unwrap();

    let mut attempts = 0;
    eventually("a good transaction", || {
        attempts += 1;
        transactions.begin().unwrap();
        transactions.send(&record(&topic, 0, "small")).unwrap();
        let committed = transactions.commit();
        if let Err(error) = &committed {
            assert!(matches!(error, Error::Abortable { .. }), "{error:?}");
            assert!(!error.to_string().contains("Purged"), "the cause is missing: {error}");
            transactions.abort().unwrap();
        }
        committed.ok()
    });
    assert!(attempts <= 2);
    assert_eq!(committed(&topic), ["small"]);
}

#[test]
fn commits_are_quick() {
    let topic = topic("tx.latency", 1);
    let mut transactions = cluster().transactions(&unique("tx.latency")).unwrap();
    for records in [1, 100, 1000] {
        let mut times: Vec<Duration> = (0..30)
            .map(|_| {
                let start = Instant::now();
                transactions.begin().unwrap();
                send_all(&mut transactions, &topic, &numbered("n", records));
                transactions.commit().unwrap();
                start.elapsed()
            })
            .collect();
        times.sort_unstable();
        println!("transaction of {records}: median {:?}, worst {:?}", times[15], times[29]);
    }
}
