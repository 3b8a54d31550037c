//! `tap`: the events of a topic, decoded, as they come.

use std::time::Duration;

use anyhow::Result;
use kafka::{From, Message};
use model::Event;
use runtime::Wiring;
use serde_json::{Value, json};
use tokio::task::block_in_place;

use crate::cli::{Cli, Format, Tap};
use crate::commands::asked_to_stop;
use crate::output::{self, NOT_FOUND};
use crate::platform::Platform;

/// Records taken at a time.
const BATCH: usize = 1_000;

pub async fn run(cli: &Cli, args: &Tap) -> Result<()> {
    let platform = Platform::running(cli)?;
    let wiring = platform.look(&cli.prefix).await?;
    let topic = wiring.names.topic(&args.topic);
    let from = match (args.from_start, args.last) {
        (true, _) => From::Start,
        (false, 0) => From::End,
        (false, last) => From::Last(last),
    };
    let follow = block_in_place(|| wiring.cluster.reader()?.follow(&[&topic], from));
    let mut follow = follow.map_err(|error| match error {
        kafka::Error::UnknownTopic { .. } => {
            let topics: Vec<_> = Event::KINDS.iter().map(|info| info.topic).collect();
            output::exit(NOT_FOUND, format!("no topic {topic:?}; there is {}", topics.join(", ")))
        }
        other => other.into(),
    })?;
    // On a busy topic there is always another record: the end is where it was when we began.
    let ends = args.until_end.then(|| block_in_place(|| follow.ends())).transpose()?;
    let is_before = |message: &Message| {
        let ends = ends.iter().flatten();
        ends.filter(|end| end.1 == message.partition).all(|end| message.offset < end.2)
    };
    let stop = asked_to_stop();
    tokio::pin!(stop);
    let mut left = args.count.unwrap_or(usize::MAX);
    while left > 0 {
        let stopped = std::future::poll_fn(|context| {
            std::task::Poll::Ready(stop.as_mut().poll(context).is_ready())
        });
        if stopped.await {
            break;
        }
        if let Some(ends) = &ends
            && block_in_place(|| follow.before(ends))? == 0
        {
            break;
        }
        let messages = block_in_place(|| follow.next(BATCH, Duration::from_millis(100)))?;
        for message in messages.into_iter().filter(is_before) {
            let key = message.key().unwrap_or_default();
            let is_wanted = args.key.as_ref().is_none_or(|wanted| wanted.as_bytes() == key);
            if is_wanted && left > 0 {
                left -= 1;
                block_in_place(|| print(cli.format, &wiring, &message))?;
            }
        }
    }
    Ok(())
}

fn print(format: Format, wiring: &Wiring, message: &Message) -> Result<()> {
    let (partition, offset) = (message.partition, message.offset);
    let key = String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned();
    let value = match message.payload() {
        None => Value::Null,
        Some(_) => match wiring.read(message) {
            Ok(event) => serde_json::to_value(&event)?,
            Err(error) => json!({ "error": error.to_string() }),
        },
    };
    if format == Format::Json {
        return output::json(
            &json!({ "partition": partition, "offset": offset, "key": key, "value": value }),
        );
    }
    output::line(&format!("{partition}/{offset} {key} {}", words(&value)));
    Ok(())
}

/// The fields that say something, without the plumbing.
fn words(value: &Value) -> String {
    let Value::Object(fields) = value else { return value.to_string() };
    let plumbing = ["event_id", "received_time", "source"];
    let shown = fields.iter().filter(|(name, value)| {
        let is_empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        !is_empty && !plumbing.contains(&name.as_str())
    });
    let shown = shown.map(|(name, value)| match value {
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    });
    shown.collect::<Vec<_>>().join(" ")
}
