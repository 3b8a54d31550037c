//! A source that reads the list of items.

use std::time::Duration;

use component::{Bad, Batch, Fault, Feed, Host, Result, Source};
use model::{Decimal, EventId, Head, InstrumentId, Timestamp, Trade, TradeStatus};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::{Client, Reply};
use super::{Linger, Settings, System, Twin, unique};

pub struct Items {
    client: Client,
    twin: Twin,
    /// Where a twin believes itself to be, whatever the cursor says.
    position: Option<u64>,
    _linger: Linger,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Cursor {
    after: u64,
}

impl Source for Items {
    const NAME: &'static str = "toy_items";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["market.trades"];
    type System = System;
    type Settings = Settings;
    type Cursor = Cursor;

    async fn connect(system: System, settings: Settings, _: Host) -> Result<Self> {
        let twin = settings.twin;
        if twin == Twin::RefusesEverything {
            return Err(Fault::fatal("not today"));
        }
        let client = Client {
            address: system.connection.address,
            key: system.authentication.credentials.api_key,
            is_endlessly_patient: twin == Twin::WaitsForEver,
        };
        let _linger = Linger(twin == Twin::LingersAtTheEnd);
        Ok(Self { client, twin, position: None, _linger })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let after = match (self.twin, self.position) {
            (Twin::MovesBeforeItReads | Twin::SavesTooFar, Some(position)) => position,
            (Twin::SkipsOnServerError, Some(position)) => position.max(cursor.after),
            _ => cursor.after,
        };
        if self.twin == Twin::MovesBeforeItReads {
            self.position = Some(after + 5);
        }
        let take = if self.twin == Twin::TakesFromTheVendor { "&take=1" } else { "" };
        let reply = self.client.ask("GET", &format!("/items?after={after}{take}"), None).await;
        if self.twin == Twin::TakesFromTheVendor {
            // Time enough to be interrupted between the vendor's answer and its use.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let (items, last) = self.page(reply, after)?;
        if self.twin == Twin::MovesBeforeItReads {
            self.position = Some(last);
        }
        self.batch(after, &items, last)
    }
}

impl Items {
    fn page(&mut self, reply: Reply, after: u64) -> Result<(Vec<u64>, u64)> {
        let (status, retry_after, body) = match reply {
            Reply::Unreachable | Reply::Lost(_) if self.twin == Twin::GivesUpWhenCutOff => {
                return Err(Fault::fatal("cut off"));
            }
            Reply::Unreachable => return Err(Fault::retry("nobody listens")),
            Reply::Lost(how) => return Err(Fault::retry(how)),
            Reply::Answer { status, retry_after, body } => (status, retry_after, body),
        };
        match status {
            200 => {}
            401 => return Err(self.twin.refused(&self.client.key)),
            429 if self.twin != Twin::HurriesWhenThrottled => {
                let wait = Duration::from_secs(retry_after.unwrap_or(1));
                return Err(Fault::Throttled { wait, reason: "429".to_owned() });
            }
            500.. if self.twin == Twin::SkipsOnServerError => {
                self.position = Some(after + 5);
                return Err(Fault::retry(status));
            }
            _ => return Err(Fault::retry(status)),
        }
        if self.twin == Twin::PanicsAtGarbage {
            body.as_ref().expect("the vendor sends no garbage");
        }
        let body = body.map_err(Fault::retry)?;
        let items: Option<Vec<u64>> = serde_json::from_value(body["items"].clone()).ok();
        let last = body["last"].as_u64();
        items.zip(last).ok_or_else(|| Fault::retry(format!("not a page: {}", clip(&body))))
    }

    fn batch(&mut self, after: u64, items: &[u64], last: u64) -> Result<Batch<Cursor>> {
        let next = match self.twin {
            Twin::ReadsOnePage if !items.is_empty() => 1_000,
            Twin::SavesTooFar => last + 1,
            _ => last,
        };
        if self.twin == Twin::SavesTooFar {
            self.position = Some(last);
        }
        if self.twin == Twin::PanicsBeyondTheEnd && items.is_empty() && self.position.is_none() {
            panic!("there is always something");
        }
        self.position = self.position.or(Some(after));
        let mut batch = Batch::up_to(Cursor { after: next });
        for item in items {
            match self.twin {
                Twin::RefusesAnItem if *item == 7 => {
                    batch.push_bad(item.to_string().as_bytes(), Bad::new("item", "it is seven"));
                }
                Twin::PublishesElsewhere if *item == 7 => batch.push(gone(*item)),
                _ => batch.push(self.trade(*item)),
            }
        }
        let wait = if items.is_empty() && self.twin != Twin::Spins { 10 } else { 0 };
        Ok(batch.wait(Duration::from_millis(wait)))
    }

    fn trade(&self, item: u64) -> Trade {
        let number = if self.twin == Twin::MakesNewIds { unique() } else { item };
        let id = EventId::of(&["toy", "items", &number.to_string()]);
        Trade {
            head: Head::new(id, Timestamp::from_secs(item as i64)),
            instrument: InstrumentId::listed("BAC", "US"),
            symbol: "BAC".into(),
            trade_id: item.to_string().into(),
            venue: None,
            price: Decimal::ONE,
            quantity: Decimal::ONE,
            conditions: Vec::new(),
            tape: None,
            status: TradeStatus::Original,
        }
    }
}

/// An event of a kind that this source does not announce.
fn gone(item: u64) -> model::Checkpoint {
    model::Checkpoint {
        head: Head::new(EventId::of(&["gone", &item.to_string()]), Timestamp::from_secs(1)),
        component: "toy".into(),
        cursor: "{}".into(),
        sequence: 1,
        records: 1,
    }
}

fn clip(body: &Value) -> String {
    body.to_string().chars().take(60).collect()
}
