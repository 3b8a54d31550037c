//! Who listens, and what waits for them. Everything is put into each client's queue while the
//! state is locked, so all clients see one order of events; the sockets send on their own time.

use std::sync::Arc;

use mockkit::market::Item;
use serde_json::Value;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::encode::{Bar, BarKind, json, msgpack};
use crate::subscriptions::{BARS, DAILY_BARS, Feed, QUOTES, Subscriptions, TRADES, UPDATED_BARS};

/// Frames that may wait for a client before it counts as slow.
const QUEUE: usize = 4_096;

/// How a client wants its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Json,
    MessagePack,
}

/// What a client's queue holds.
#[derive(Debug)]
pub enum Waiting {
    /// A whole frame, ready to send.
    Frame(Vec<u8>),
    /// One message of the order stream, not yet encoded.
    Message(Value),
}

#[derive(Default)]
pub struct Hub {
    pub data: Vec<DataClient>,
    pub orders: Vec<OrderClient>,
    next_id: u64,
}

/// A logged-in client of a data stream.
pub struct DataClient {
    pub id: u64,
    pub account: usize,
    pub feed: Feed,
    pub subscriptions: Subscriptions,
    /// What each listing is called on this feed; empty if it is not carried.
    pub symbols: Arc<[String]>,
    batch: Batch,
    queue: Sender<Waiting>,
}

/// A logged-in client of the order stream.
pub struct OrderClient {
    pub id: u64,
    pub account: usize,
    pub listens: bool,
    queue: Sender<Waiting>,
}

/// One message about the market, before it is encoded.
#[derive(Clone, Copy)]
pub enum Point<'a> {
    Item(Item<'a>),
    Bar(BarKind, &'a Bar),
}

impl Hub {
    pub fn join_data(
        &mut self,
        account: usize,
        feed: Feed,
        encoding: Encoding,
        symbols: Arc<[String]>,
    ) -> (u64, Receiver<Waiting>) {
        let (queue, receiver) = channel(QUEUE);
        let id = self.id();
        self.data.push(DataClient {
            id,
            account,
            feed,
            subscriptions: Subscriptions::new(feed),
            symbols,
            batch: Batch::new(encoding),
            queue,
        });
        (id, receiver)
    }

    pub fn join_orders(&mut self, account: usize) -> (u64, Receiver<Waiting>) {
        let (queue, receiver) = channel(QUEUE);
        let id = self.id();
        self.orders.push(OrderClient { id, account, listens: false, queue });
        (id, receiver)
    }

    pub fn leave(&mut self, id: u64) {
        self.data.retain(|client| client.id != id);
        self.orders.retain(|client| client.id != id);
    }

    pub fn data_client(&mut self, id: u64) -> Option<&mut DataClient> {
        self.data.iter_mut().find(|client| client.id == id)
    }

    /// Adds a point to the batch of everyone who follows it.
    pub fn publish(&mut self, symbol: usize, tape: char, point: Point<'_>, batch: usize) {
        let bit = point.bit();
        for client in &mut self.data {
            if client.subscriptions.mask().get(symbol).is_some_and(|mask| mask & bit != 0) {
                client.batch.add(&client.symbols[symbol], tape, point);
                if client.batch.length >= batch {
                    client.flush();
                }
            }
        }
    }

    /// A news item, to whoever follows one of its symbols or all.
    pub fn publish_news(&mut self, item: &Value) {
        let symbols: Vec<&str> =
            item["symbols"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for client in self.data.iter_mut().filter(|client| client.feed == Feed::News) {
            if symbols.iter().any(|symbol| client.subscriptions.follows("news", symbol)) {
                client.batch.add_value(item);
            }
        }
    }

    /// A message as it is, to whoever follows its channel; to how many.
    pub fn publish_value(&mut self, channel: &str, symbol: &str, message: &Value) -> usize {
        let followers = self.data.iter_mut().filter(|client| {
            client.feed != Feed::News && client.subscriptions.follows(channel, symbol)
        });
        followers.map(|client| client.batch.add_value(message)).count()
    }

    pub fn publish_order(&mut self, account: usize, message: &Value) {
        let listeners = self.orders.iter().filter(|c| c.listens && c.account == account);
        for client in listeners {
            // A queue that is full closes the stream: an update may come late, but not be skipped.
            if client.queue.try_send(Waiting::Message(message.clone())).is_err() {
                tracing::debug!(client.id, "an order stream is too slow");
            }
        }
    }

    /// Puts what has been added into the queues.
    pub fn flush(&mut self) {
        for client in &mut self.data {
            client.flush();
        }
        // A client whose queue overflowed is dropped; its socket then finds the queue closed.
        self.data.retain(|client| !client.batch.overflowed);
        self.orders.retain(|client| client.queue.capacity() > 0);
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}

impl DataClient {
    fn flush(&mut self) {
        if let Some(frame) = self.batch.take()
            && self.queue.try_send(Waiting::Frame(frame)).is_err()
        {
            self.batch.overflowed = true;
        }
    }
}

impl Point<'_> {
    fn bit(self) -> u8 {
        match self {
            Point::Item(Item::Trade(_)) => TRADES,
            Point::Item(Item::Quote(_)) => QUOTES,
            Point::Item(Item::Bar(_)) | Point::Bar(BarKind::Minute, _) => BARS,
            Point::Bar(BarKind::Updated, _) => UPDATED_BARS,
            Point::Bar(BarKind::Daily, _) => DAILY_BARS,
        }
    }
}

/// Messages on their way into one frame.
pub struct Batch {
    encoding: Encoding,
    bytes: Vec<u8>,
    length: usize,
    overflowed: bool,
}

impl Batch {
    pub fn new(encoding: Encoding) -> Batch {
        Batch { encoding, bytes: Vec::new(), length: 0, overflowed: false }
    }

    pub fn len(&self) -> usize {
        self.length
    }

    pub fn add(&mut self, symbol: &str, tape: char, point: Point<'_>) {
        self.begin();
        let out = &mut self.bytes;
        match (self.encoding, point) {
            (Encoding::Json, Point::Item(Item::Trade(trade))) => {
                json::stream_trade(out, symbol, trade, tape);
            }
            (Encoding::Json, Point::Item(Item::Quote(quote))) => {
                json::stream_quote(out, symbol, quote, tape);
            }
            (Encoding::Json, Point::Item(Item::Bar(bar))) => {
                json::stream_bar(out, symbol, BarKind::Minute, &bar.into());
            }
            (Encoding::Json, Point::Bar(kind, bar)) => json::stream_bar(out, symbol, kind, bar),
            (Encoding::MessagePack, Point::Item(Item::Trade(trade))) => {
                msgpack::trade(out, symbol, trade, tape);
            }
            (Encoding::MessagePack, Point::Item(Item::Quote(quote))) => {
                msgpack::quote(out, symbol, quote, tape);
            }
            (Encoding::MessagePack, Point::Item(Item::Bar(bar))) => {
                msgpack::bar(out, symbol, BarKind::Minute, &bar.into());
            }
            (Encoding::MessagePack, Point::Bar(kind, bar)) => {
                msgpack::bar(out, symbol, kind, bar);
            }
        }
    }

    pub fn add_value(&mut self, value: &Value) {
        self.begin();
        match self.encoding {
            Encoding::Json => self.bytes.extend_from_slice(value.to_string().as_bytes()),
            Encoding::MessagePack => msgpack::value(&mut self.bytes, value),
        }
    }

    /// The frame so far, if there is anything in it.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        if self.length == 0 {
            return None;
        }
        let length = std::mem::take(&mut self.length);
        let room = self.bytes.capacity();
        let mut bytes = std::mem::replace(&mut self.bytes, Vec::with_capacity(room));
        match self.encoding {
            Encoding::Json => {
                bytes.push(b']');
                Some(bytes)
            }
            Encoding::MessagePack => {
                let mut frame = Vec::with_capacity(bytes.len() + 5);
                msgpack::array(&mut frame, length);
                frame.append(&mut bytes);
                Some(frame)
            }
        }
    }

    fn begin(&mut self) {
        if self.encoding == Encoding::Json {
            self.bytes.push(if self.length == 0 { b'[' } else { b',' });
        }
        self.length += 1;
    }
}
