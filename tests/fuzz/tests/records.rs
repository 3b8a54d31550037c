//! Our own records, as a hostile producer would write them.

#![allow(clippy::unwrap_used)]

use avro::{Deserializer, Serializer};
use fuzz::{Dice, Node, bytes, corpus, hammer};
use model::Event;

/// Real events: what the fixtures of every vendor became.
fn events() -> Vec<Event> {
    let mut events = Vec::new();
    for (_, golden) in corpus("connectors", "-json.txt") {
        let text = String::from_utf8(golden).unwrap();
        for line in text.lines() {
            let Some((kind, json)) = line.split_once(' ') else { continue };
            let Ok(json) = serde_json::from_str::<serde_json::Value>(json) else { continue };
            events.extend(Event::read(kind, json).ok().flatten());
        }
    }
    assert!(events.len() > 50, "only {} events", events.len());
    events
}

fn frames() -> Vec<Vec<u8>> {
    let serializer = Serializer::offline();
    let frame = |event: &Event| {
        let mut frame = Vec::new();
        serializer.frame(event, &mut frame).unwrap();
        frame
    };
    events().iter().map(frame).collect()
}

/// What is read can be written, and read again as the same.
fn check(deserializer: &Deserializer, input: &[u8]) -> Result<(), String> {
    let Ok(event) = deserializer.read(input) else { return Ok(()) };
    let mut again = Vec::new();
    if Serializer::offline().frame(&event, &mut again).is_err() {
        return Ok(());
    }
    match deserializer.read(&again) {
        Ok(same) if same == event => Ok(()),
        other => Err(format!("read as {event:?}, then as {other:?}")),
    }
}

#[test]
fn records_of_our_schemas() {
    let frames = frames();
    let deserializer = Deserializer::new(&Serializer::offline());
    let make = |dice: &mut Dice| {
        let frame = &frames[dice.below(frames.len())];
        let mut input = bytes(dice, frame);
        // Mostly a record of ours, of this or of another kind.
        if dice.below(10) > 0 && input.len() > 5 {
            let kind = dice.below(Event::KINDS.len()) as u8;
            input[..5].copy_from_slice(&[
                0,
                0,
                0,
                0,
                if dice.below(2) == 0 { kind } else { frame[4] },
            ]);
        }
        input
    };
    hammer("records", make, |input| check(&deserializer, input));
}

#[test]
fn records_of_other_versions_of_our_schemas() {
    let frames = frames();
    let deserializer = Deserializer::new(&Serializer::offline());
    for (index, info) in Event::KINDS.iter().enumerate() {
        let text = schemas::by_name(info.name).unwrap().text;
        // The same fields, so that it is read by the long way.
        deserializer.teach(1_000 + index as u32, text);
    }
    let make = |dice: &mut Dice| {
        let mut input = frames[dice.below(frames.len())].clone();
        let kind = u32::from(input[4]);
        let damaged = bytes(dice, &input[5..]);
        input.truncate(1);
        input.extend((1_000 + kind).to_be_bytes());
        input.extend(damaged);
        input
    };
    hammer("other versions", make, |input| check(&deserializer, input));
}

#[test]
fn schemas_that_a_registry_could_send() {
    let frames = frames();
    let make = |dice: &mut Dice| {
        let info = &Event::KINDS[dice.below(Event::KINDS.len())];
        let text = schemas::by_name(info.name).unwrap().text;
        let mut node = Node::parse(text.as_bytes()).unwrap();
        node.damage(dice, fuzz::Damage::Any);
        node.render()
    };
    let mut count = 0;
    hammer("schemas", make, |input| {
        let deserializer = Deserializer::new(&Serializer::offline());
        let Ok(text) = std::str::from_utf8(input) else { return Ok(()) };
        deserializer.teach(77, text);
        count += 1;
        let mut frame = frames[count % frames.len()].clone();
        frame[1..5].copy_from_slice(&77u32.to_be_bytes());
        drop(deserializer.read(&frame));
        Ok(())
    });
}

#[test]
fn events_that_somebody_else_wrote_as_json() {
    let events: Vec<Event> = events();
    let make = |dice: &mut Dice| {
        let event = &events[dice.below(events.len())];
        let json = serde_json::to_vec(event).unwrap();
        let mut node = Node::parse(&json).unwrap();
        node.damage(dice, fuzz::Damage::Valid);
        let mut input = vec![dice.below(Event::KINDS.len()) as u8];
        if dice.below(4) > 0 {
            let kinds = Event::KINDS.iter();
            input[0] = kinds.take_while(|info| info.name != event.info().name).count() as u8;
        }
        input.extend(node.render());
        input
    };
    hammer("written events", make, |input| {
        let kind = &Event::KINDS[usize::from(input[0])];
        let Ok(written) = serde_json::from_slice(&input[1..]) else { return Ok(()) };
        let Ok(event) = component::read_event(kind, &written) else { return Ok(()) };
        // What is accepted must be something that can be written, or refused by its field.
        drop(Serializer::offline().frame(&event, &mut Vec::new()));
        Ok(())
    });
}
