//! The stream: login, subscription, trades as they happen.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::response::Response;
use mockkit::{Gone, Kind, Line, StreamSocket};
use serde_json::{Value, json};
use tokio::time::{Instant, interval_at, timeout};

use crate::{World, tape};

/// What faults call it.
pub const STREAM: &str = "trades";
/// How long a client may take to say who it is, and what it wants.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause between two pings.
const PINGS: Duration = Duration::from_secs(10);
/// Trades of a frame.
const MAX_FRAME: u64 = 400;

/// An error of the stream, after which it is closed.
struct Refused(u16, String);

/// Why a session ends.
enum End {
    Gone,
    Refused(Refused),
}

pub async fn open(
    State(world): State<Arc<World>>,
    upgrade: WebSocketUpgrade,
    request: Request,
) -> Response {
    let line = Line::of(request.extensions());
    upgrade.on_upgrade(move |socket| async move {
        let mut socket = StreamSocket::new(world.kit.clone(), STREAM, line, socket);
        if let Err(End::Refused(Refused(code, reason))) = talk(&world, &mut socket).await {
            let error = json!({ "type": "error", "code": code, "reason": reason });
            if say(&mut socket, &error).await.is_ok() {
                socket.close(1008, "").await;
            }
        }
    })
}

async fn talk(world: &World, socket: &mut StreamSocket) -> Result<(), End> {
    let login = hear(socket, "login").await?;
    let is_refused = socket.take(&Kind::RefuseLogin).is_some();
    if is_refused || login["key"] != world.settings.key.as_str() {
        return Err(refused(401, "this key is not known"));
    }
    say(socket, &json!({ "type": "welcome" })).await?;
    let wanted = hear(socket, "subscribe").await?;
    let names = wanted["symbols"].as_array().into_iter().flatten();
    let names = names.map(|name| name.as_str().unwrap_or_default());
    let symbols = tape::symbols(names).map_err(|reason| refused(400, &reason))?;
    let mut next = world.tape.last(world.kit.clock().now()) + 1;
    say(socket, &json!({ "type": "subscribed", "symbols": symbols })).await?;
    let mut pings = interval_at(Instant::now() + PINGS, PINGS);
    loop {
        let due = world.tape.time(next);
        tokio::select! {
            said = socket.recv() => {
                let said = said.ok_or(End::Gone)?;
                socket.note(said.bytes());
                return Err(refused(400, "there is a subscription already"));
            }
            () = world.kit.clock().wait_until(due) => {
                let last = world.tape.last(world.kit.clock().now()).min(next + MAX_FRAME);
                let trades = (next..=last).filter_map(|id| world.tape.trade(id, &symbols));
                let trades: Vec<Value> = trades.collect();
                next = last + 1;
                if !trades.is_empty() {
                    let frame = json!({ "type": "trades", "trades": trades });
                    socket.data(Message::text(frame.to_string())).await?;
                }
            }
            _ = pings.tick() => socket.control(Message::Ping(Vec::new().into())).await?,
        }
    }
}

/// The next message, which must be of this action.
async fn hear(socket: &mut StreamSocket, action: &str) -> Result<Value, End> {
    let said = timeout(PATIENCE, socket.recv()).await;
    let said = said.map_err(|_| refused(408, "too late"))?.ok_or(End::Gone)?;
    socket.note(said.bytes());
    match serde_json::from_slice::<Value>(said.bytes()) {
        Ok(message) if message["action"] == action => Ok(message),
        _ => Err(refused(400, &format!("expected the action {action:?}"))),
    }
}

async fn say(socket: &mut StreamSocket, message: &Value) -> Result<(), Gone> {
    socket.control(Message::text(message.to_string())).await
}

fn refused(code: u16, reason: &str) -> End {
    End::Refused(Refused(code, reason.to_owned()))
}

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}
