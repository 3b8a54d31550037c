#![allow(clippy::unwrap_used)]

use component::{Out, Processor};
use model::{
    Decimal, Event, EventId, Head, OrderAction, OrderEvent, OrderEventKind as Kind, OrderState,
    OrderStatus as Status, Side, Text, TimeInForce, Timestamp,
};
use proptest::prelude::*;

use crate::{Move, State, Track, is_terminal, next};

/// A broker's report on the broker order `b1`.
fn broker(kind: Kind) -> OrderEvent {
    let mut event = ours(kind);
    event.request_id = None;
    event.broker_order_id = Some("b1".into());
    event
}

/// A step of our own, about the placing request `r1`.
fn ours(kind: Kind) -> OrderEvent {
    OrderEvent {
        head: Head::default(),
        order_id: "o1".into(),
        account: "main".into(),
        system: "paper".into(),
        broker_account: "PA1".into(),
        kind,
        request_id: Some("r1".into()),
        action: None,
        broker_order_id: None,
        client_order_id: None,
        instrument: Some("BAC.US".into()),
        side: Some(Side::Buy),
        order_type: None,
        time_in_force: Some(TimeInForce::Day),
        quantity: Some(Decimal::from(100)),
        notional: None,
        limit_price: None,
        stop_price: None,
        filled_quantity: None,
        average_price: None,
        last_quantity: None,
        last_price: None,
        replaced_by: None,
        replaces: None,
        reason: None,
    }
}

fn about(mut event: OrderEvent, action: OrderAction, request_id: &str) -> OrderEvent {
    event.action = Some(action);
    event.request_id = Some(request_id.into());
    event
}

fn of(mut event: OrderEvent, broker_order_id: &str) -> OrderEvent {
    event.broker_order_id = Some(broker_order_id.into());
    event
}

fn fill(kind: Kind, filled: i64, average: &str) -> OrderEvent {
    let mut event = broker(kind);
    event.filled_quantity = Some(Decimal::from(filled));
    event.average_price = Some(average.parse().unwrap());
    event
}

/// Folds events, each with its own id, and restores the state from JSON before every one.
fn fold(events: &[OrderEvent]) -> (Vec<OrderState>, Vec<String>) {
    let numbered = events.iter().cloned().enumerate().map(|(index, mut event)| {
        event.head = Head::new(EventId::of(&[&index.to_string()]), Timestamp(index as i64));
        event
    });
    fold_as_they_are(numbered)
}

fn fold_as_they_are(
    events: impl IntoIterator<Item = OrderEvent>,
) -> (Vec<OrderState>, Vec<String>) {
    let track = Track::new(crate::Settings {}).unwrap();
    let mut state = State::default();
    let (mut states, mut findings) = (vec![], vec![]);
    for event in events {
        let saved = serde_json::to_vec(&state).unwrap();
        state = serde_json::from_slice(&saved).unwrap();
        let event = Event::from(event);
        let mut out = Out::caused_by(Track::NAME, event.head());
        track.apply(&mut state, &(), &event, &mut out).unwrap();
        for emitted in out.into_events() {
            match emitted {
                Event::OrderState(state) => states.push(*state),
                Event::Finding(finding) => findings.push(finding.detail.to_string()),
                other => panic!("{other:?}"),
            }
        }
    }
    (states, findings)
}

/// The statuses published, as `approved submitted new`, and what was complained of.
fn check(events: &[OrderEvent], statuses: &str, complaints: &[&str]) -> OrderState {
    let (states, findings) = fold(events);
    let seen: Vec<_> = states.iter().map(|state| state.status.as_str()).collect();
    assert_eq!(seen.join(" "), statuses);
    assert_eq!(findings, complaints);
    states.last().unwrap().clone()
}

#[test]
fn a_plain_order_ends_filled() {
    let last = check(
        &[
            about(ours(Kind::Approved), OrderAction::Place, "r1"),
            of(about(ours(Kind::Submitted), OrderAction::Place, "r1"), "b1"),
            broker(Kind::New),
            fill(Kind::PartiallyFilled, 40, "13.95"),
            fill(Kind::Filled, 100, "13.956"),
        ],
        "approved submitted new partially_filled filled",
        &[],
    );
    assert!(last.is_terminal);
    assert_eq!(last.filled_quantity, Decimal::from(100));
    assert_eq!(last.average_price, Some("13.956".parse().unwrap()));
    assert_eq!((last.event_count, last.broker_order_id), (5, Some("b1".into())));
    assert_eq!(last.created_time, Timestamp(0));
}

#[test]
fn executions_alone_add_up_to_an_exact_average() {
    let execution = |kind, quantity: i64, price: &str| {
        let mut event = broker(kind);
        event.last_quantity = Some(Decimal::from(quantity));
        event.last_price = Some(price.parse().unwrap());
        event
    };
    let last = check(
        &[
            broker(Kind::New),
            execution(Kind::PartiallyFilled, 30, "10.01"),
            execution(Kind::Filled, 70, "10.02"),
        ],
        "new partially_filled filled",
        &[],
    );
    assert_eq!(last.average_price, Some("10.017".parse().unwrap()));
}

#[test]
fn late_and_repeated_reports_are_absorbed() {
    check(
        &[
            ours(Kind::Approved),
            fill(Kind::PartiallyFilled, 40, "13.95"),
            broker(Kind::New),
            broker(Kind::PendingNew),
            ours(Kind::Submitted),
            ours(Kind::OutcomeUnknown),
            fill(Kind::Filled, 100, "13.96"),
            fill(Kind::PartiallyFilled, 40, "13.95"),
            broker(Kind::PendingCancel),
        ],
        "approved partially_filled filled",
        &[],
    );
}

#[test]
fn an_unknown_outcome_is_resolved_by_whoever_knows() {
    let unknown = [ours(Kind::Approved), ours(Kind::OutcomeUnknown)];
    let with = |event| [unknown.clone(), [event, broker(Kind::Restated)]].concat();
    check(&with(ours(Kind::Submitted)), "approved unknown submitted submitted", &[]);
    check(&with(broker(Kind::New)), "approved unknown new", &[]);
    let mut no = ours(Kind::Rejected);
    no.reason = Some("insufficient buying power".into());
    let last = check(&[unknown.to_vec(), vec![no]].concat(), "approved unknown rejected", &[]);
    assert_eq!(last.reason, Some("insufficient buying power".into()));
    check(
        &[unknown.to_vec(), vec![ours(Kind::NotSent)]].concat(),
        "approved unknown not_sent",
        &[],
    );
}

#[test]
fn a_fill_may_win_the_race_against_a_cancel() {
    let before = [broker(Kind::New), broker(Kind::PendingCancel)];
    let then = |events: &[OrderEvent]| [before.as_slice(), events].concat();
    check(&then(&[fill(Kind::Filled, 100, "14")]), "new pending_cancel filled", &[]);
    let last = check(
        &then(&[fill(Kind::PartiallyFilled, 10, "14"), broker(Kind::CancelRejected)]),
        "new pending_cancel pending_cancel partially_filled",
        &[],
    );
    assert_eq!(last.filled_quantity, Decimal::from(10));
    let last = check(
        &then(&[broker(Kind::Canceled), fill(Kind::PartiallyFilled, 10, "14")]),
        "new pending_cancel canceled canceled",
        &[],
    );
    assert_eq!(last.filled_quantity, Decimal::from(10), "filled before the end, reported after it");
    check(&then(&[broker(Kind::CancelRejected)]), "new pending_cancel new", &[]);
}

#[test]
fn what_has_ended_stays_ended_and_says_so() {
    let filled = [fill(Kind::Filled, 100, "14"), broker(Kind::Canceled)];
    check(&filled, "filled", &["canceled cannot follow filled"]);
    let dead = [ours(Kind::Denied), broker(Kind::New)];
    check(&dead, "denied denied", &["new cannot follow denied"]);
    let last = check(
        &[ours(Kind::Approved), ours(Kind::NotSent), fill(Kind::Filled, 100, "14")],
        "approved not_sent not_sent",
        &["filled cannot follow not_sent"],
    );
    assert_eq!(last.filled_quantity, Decimal::from(100), "a fill is a fact all the same");
}

#[test]
fn a_replacement_carries_the_order_on() {
    let mut replaced = broker(Kind::Replaced);
    replaced.replaced_by = Some("b2".into());
    let mut new = of(broker(Kind::New), "b2");
    new.replaces = Some("b1".into());
    new.quantity = Some(Decimal::from(80));
    let mut rest = of(fill(Kind::Filled, 60, "11"), "b2");
    rest.quantity = Some(Decimal::from(80));
    let start =
        [broker(Kind::New), fill(Kind::PartiallyFilled, 20, "10"), broker(Kind::PendingReplace)];
    let late = [broker(Kind::Canceled), fill(Kind::PartiallyFilled, 30, "10")];

    let usual = [start.as_slice(), &[replaced.clone(), new.clone(), rest.clone()], &late].concat();
    let statuses = "new partially_filled pending_replace partially_filled partially_filled \
                    filled filled";
    let last = check(&usual, statuses, &[]);
    assert_eq!(last.broker_order_id, Some("b2".into()));
    assert_eq!(last.quantity, Some(Decimal::from(80)));
    assert_eq!(last.filled_quantity, Decimal::from(90));
    assert_eq!(last.average_price.unwrap().to_string(), "10.666666666666666667");

    let crossed = [start.as_slice(), &[new, replaced, rest], &late].concat();
    let statuses = "new partially_filled pending_replace partially_filled filled filled";
    assert_eq!(check(&crossed, statuses, &[]).filled_quantity, last.filled_quantity);
}

#[test]
fn the_id_that_answers_a_replace_is_expected() {
    let replace = |kind| about(ours(kind), OrderAction::Replace, "r2");
    let events = [
        of(ours(Kind::Submitted), "b1"),
        replace(Kind::Approved),
        of(replace(Kind::Submitted), "b2"),
        of(broker(Kind::New), "b2"),
        broker(Kind::Replaced),
    ];
    let last = check(&events, "submitted new", &[]);
    assert_eq!(last.broker_order_id, Some("b2".into()));
}

#[test]
fn what_becomes_of_a_request_is_not_what_becomes_of_the_order() {
    let cancel = |kind| about(ours(kind), OrderAction::Cancel, "r2");
    let replace = |kind| about(ours(kind), OrderAction::Replace, "r3");
    let again = |kind| about(ours(kind), OrderAction::Place, "r4");
    check(
        &[
            about(ours(Kind::Approved), OrderAction::Place, "r1"),
            broker(Kind::New),
            replace(Kind::Denied),
            cancel(Kind::Approved),
            cancel(Kind::OutcomeUnknown),
            cancel(Kind::NotSent),
            cancel(Kind::Rejected),
            replace(Kind::Rejected),
            again(Kind::Denied),
        ],
        "approved new",
        &[],
    );
    assert_eq!(fold(&[cancel(Kind::Denied)]), (vec![], vec![]), "no order, no state");
    check(
        &[about(ours(Kind::Approved), OrderAction::Place, "r1"), again(Kind::Approved)],
        "approved",
        &["approved: the order id was used again"],
    );
}

#[test]
fn a_repeated_report_on_a_request_comes_too_late_even_if_it_came_too_early() {
    let early = about(broker(Kind::PendingCancel), OrderAction::Cancel, "r2");
    let mut place = about(ours(Kind::Approved), OrderAction::Place, "r1");
    place.head.event_id = EventId::of(&["place"]);
    let (states, _) = fold_as_they_are([early.clone(), place, early]);
    assert_eq!(states.len(), 1);
    assert_eq!(states[0].status, Status::Approved);
}

#[test]
fn strangers_under_our_order_id_are_reported_once_and_counted() {
    let mut second = of(fill(Kind::PartiallyFilled, 5, "14"), "b9");
    let last = check(
        &[broker(Kind::New), second.clone(), broker(Kind::Accepted)],
        "new partially_filled",
        &["broker order \"b9\" reports partially_filled beside broker order \"b1\""],
    );
    assert_eq!(last.filled_quantity, Decimal::from(5));
    second.account = "other".into();
    check(
        &[broker(Kind::New), second],
        "new",
        &["account \"other\" uses the order id of account \"main\""],
    );
}

#[test]
fn the_end_of_the_day_ends_day_orders_only() {
    check(&[broker(Kind::New), broker(Kind::DoneForDay)], "new expired", &[]);
    let mut lasting = broker(Kind::New);
    lasting.time_in_force = Some(TimeInForce::Gtc);
    let mut done = lasting.clone();
    done.kind = Kind::DoneForDay;
    check(&[lasting, done], "new", &[]);
}

#[test]
fn more_filled_than_ordered_is_reported() {
    let events = [fill(Kind::Filled, 101, "14")];
    check(&events, "filled", &["101 filled of 100 ordered"]);
}

#[test]
fn figures_too_large_are_refused_and_leave_no_trace() {
    let track = Track::new(crate::Settings {}).unwrap();
    let mut event = fill(Kind::Filled, 100, "14");
    event.filled_quantity = Some(Decimal::MAX);
    event.quantity = None;
    let mut state = State::default();
    let event = Event::from(event);
    let mut out = Out::caused_by(Track::NAME, event.head());
    let bad = track.apply(&mut state, &(), &event, &mut out).unwrap_err();
    assert_eq!(bad.field, "average_price");
    assert_eq!(state, State::default());
    assert!(out.events().is_empty());
}

#[test]
fn what_is_too_long_is_refused_or_clipped() {
    let track = Track::new(crate::Settings {}).unwrap();
    let mut state = State::default();
    let event = Event::from(of(broker(Kind::New), &"b".repeat(257)));
    let mut out = Out::caused_by(Track::NAME, event.head());
    assert_eq!(
        track.apply(&mut state, &(), &event, &mut out).unwrap_err().field,
        "broker_order_id"
    );
    assert_eq!(state, State::default());
    let mut rejected = broker(Kind::Rejected);
    rejected.reason = Some("é".repeat(10_000).into());
    let last = check(&[rejected], "rejected", &[]);
    assert_eq!(last.reason.unwrap().chars().count(), 500);
}

#[test]
fn an_order_replaced_without_end_keeps_its_sum() {
    let mut events = vec![broker(Kind::New)];
    for number in 1..200 {
        let (old, new) = (format!("b{number}"), format!("b{}", number + 1));
        let mut part = of(fill(Kind::PartiallyFilled, 1, "10"), &old);
        part.quantity = None;
        let mut replaced = of(broker(Kind::Replaced), &old);
        replaced.replaced_by = Some(Text::from(new));
        events.extend([part, replaced]);
    }
    let (states, findings) = fold(&events);
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(states.last().unwrap().filled_quantity, Decimal::from(199));
}

/// The table as the README prints it: each event, what it moves, where it is absorbed and where
/// it is a contradiction.
fn printed_table() -> String {
    let statuses = || std::iter::once(None).chain(Status::ALL.iter().copied().map(Some));
    let name = |status: Option<Status>| status.map_or("(unheard)", Status::as_str).to_owned();
    let list = |names: Vec<String>| {
        if names.is_empty() { "–".to_owned() } else { names.join(", ") }
    };
    let mut table = String::from(
        "| Event | Moves the order | Absorbed in | Reported in |\n| --- | --- | --- | --- |\n",
    );
    for kind in Kind::ALL {
        let such = |wanted: Move| -> Vec<String> {
            statuses().filter(|from| next(*from, *kind) == wanted).map(name).collect()
        };
        let mut moves = vec![];
        for to in Status::ALL {
            let from = such(Move::To(*to));
            if !from.is_empty() {
                moves.push(format!("{} → **{to}**", from.join(", ")));
            }
        }
        for (special, words) in
            [(Move::Back, "what it was before"), (Move::EndOfDay, "expired** if a day order**")]
        {
            let from = such(special);
            if !from.is_empty() {
                moves.push(format!("{} → **{words}**", from.join(", ")));
            }
        }
        table += &format!(
            "| `{kind}` | {} | {} | {} |\n",
            if moves.is_empty() { "–".into() } else { moves.join("; ") },
            list(such(Move::Stay)),
            list(such(Move::Illegal)),
        );
    }
    table.replace("expired** if a day order****", "expired** if a day order")
}

#[test]
fn the_readme_prints_the_table() {
    const MARK: &str = "<!-- transitions -->\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let mut parts: Vec<&str> = readme.split(MARK).collect();
    assert_eq!(parts.len(), 3, "README.md needs the table between two marks");
    let table = printed_table();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        parts[1] = &table;
        std::fs::write(path, parts.join(MARK)).unwrap();
        return;
    }
    assert_eq!(parts[1], table, "run the tests again with UPDATE_GOLDEN=1 and review the diff");
}

fn any_event() -> impl Strategy<Value = OrderEvent> {
    let kind = proptest::sample::select(Kind::ALL);
    let action = proptest::option::of(proptest::sample::select(OrderAction::ALL));
    let figures = proptest::option::of((0i64..100, 1i64..50));
    let ids = ("r[12]", "b[123]", proptest::option::of("b[123]"));
    (kind, action, figures, ids, any::<bool>()).prop_map(|(kind, action, figures, ids, named)| {
        let mut event = broker(kind);
        event.action = action;
        event.request_id = Some(ids.0.into());
        event.broker_order_id = named.then(|| ids.1.into());
        event.replaced_by = ids.2.clone().map(Text::from);
        event.replaces = ids.2.map(Text::from);
        event.filled_quantity = figures.map(|(filled, _)| Decimal::from(filled));
        event.average_price = figures.map(|(_, price)| Decimal::from(price));
        event
    })
}

proptest! {
    #[test]
    fn terminal_states_never_leave(events in proptest::collection::vec(any_event(), 1..40)) {
        let (states, _) = fold(&events);
        for pair in states.windows(2) {
            prop_assert_eq!(pair[0].is_terminal, is_terminal(pair[0].status));
            if pair[0].is_terminal {
                prop_assert_eq!(pair[0].status, pair[1].status);
            }
        }
    }

    #[test]
    fn repeating_any_prefix_changes_nothing(
        events in proptest::collection::vec(any_event(), 1..30),
        cut in 0usize..30,
    ) {
        let numbered: Vec<_> = events.into_iter().enumerate().map(|(index, mut event)| {
            event.head.event_id = EventId::of(&[&index.to_string()]);
            event
        }).collect();
        let prefix = &numbered[..cut.min(numbered.len())];
        let twice = prefix.iter().chain(prefix).chain(&numbered[prefix.len()..]).cloned();
        let once = numbered.iter().cloned();
        prop_assert_eq!(fold_as_they_are(once), fold_as_they_are(twice));
    }
}
