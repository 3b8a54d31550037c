//! What goes wrong on demand here and with no other vendor.

use std::time::Duration;

use mockkit::{Hit, Kind};
use serde_json::Value;

use crate::core::Shared;
use crate::engine::Told;
use crate::refusal::Refusal;
use crate::state::World;
use crate::wire::Answer;

/// The next order is rejected; `body` may say `{"code":201,"text":"…"}`.
pub const REJECT_ORDER: &str = "reject_order";
/// The next order status is one that nobody knows.
pub const UNKNOWN_STATUS: &str = "unknown_status";
/// The next frame about orders comes twice.
pub const DUPLICATE: &str = "duplicate";
/// The next frame about orders comes after the one that should follow it.
pub const REORDER: &str = "reorder";
/// The next commission report never comes.
pub const LOSE_COMMISSION: &str = "lose_commission";
/// The next cancel comes too late: the order is filled first.
pub const CANCEL_RACE: &str = "cancel_race";
/// Every connection ends, and for `delay_ms` (five seconds if not said) none is taken.
pub const NIGHTLY_RESET: &str = "nightly_reset";
/// The next frame arrives in two pieces, the first of which ends within its length.
pub const SPLIT_WRITE: &str = "split_write";
/// The next text frame carries two fields more than the client knows.
pub const SURPLUS_FIELDS: &str = "surplus_fields";

/// Said to whoever connects while the program has lost the broker, too.
pub const CUT_OFF: &str = "Connectivity between Trader Workstation and server is broken. It will be \
                           restored automatically.";

/// The farm that quotes come from is away.
pub const MARKET_DATA_BROKEN: i32 = 2103;

/// What a data farm is said to be, with the code for it.
pub struct Farm {
    pub broken: (i32, &'static str),
    pub sound: (i32, &'static str),
}

pub const FARMS: [Farm; 3] = [
    Farm {
        broken: (MARKET_DATA_BROKEN, "Market data farm connection is broken:usfarm"),
        sound: (2104, "Market data farm connection is OK:usfarm"),
    },
    Farm {
        broken: (2105, "HMDS data farm connection is broken:ushmds"),
        sound: (2106, "HMDS data farm connection is OK:ushmds"),
    },
    Farm {
        broken: (2157, "Sec-def data farm connection is broken:secdefil"),
        sound: (2158, "Sec-def data farm connection is OK:secdefil"),
    },
];

/// Notices about the connection behind the program, sent to everyone at once.
const NOTICES: [(&str, i32, &str); 13] = [
    ("1100", 1100, "Connectivity between IB and Trader Workstation has been lost."),
    ("1101", 1101, "Connectivity between IB and Trader Workstation has been restored - data lost."),
    (
        "1102",
        1102,
        "Connectivity between IB and Trader Workstation has been restored - data maintained. All \
         data farms are connected: usfarm; ushmds; secdefil.",
    ),
    (
        "1300",
        1300,
        "TWS socket port has been reset and this connection is being dropped. Please reconnect on \
         the new port.",
    ),
    ("2103", FARMS[0].broken.0, FARMS[0].broken.1),
    ("2104", FARMS[0].sound.0, FARMS[0].sound.1),
    ("2105", FARMS[1].broken.0, FARMS[1].broken.1),
    ("2106", FARMS[1].sound.0, FARMS[1].sound.1),
    (
        "2107",
        2107,
        "HMDS data farm connection is inactive but should be available upon demand.ushmds",
    ),
    ("2110", 2110, CUT_OFF),
    ("2119", 2119, "Market data farm is connecting:usfarm"),
    ("2157", FARMS[2].broken.0, FARMS[2].broken.1),
    ("2158", FARMS[2].sound.0, FARMS[2].sound.1),
];

pub const KINDS: &[&str] = &[
    REJECT_ORDER,
    UNKNOWN_STATUS,
    DUPLICATE,
    REORDER,
    LOSE_COMMISSION,
    CANCEL_RACE,
    NIGHTLY_RESET,
    SPLIT_WRITE,
    SURPLUS_FIELDS,
    "1100",
    "1101",
    "1102",
    "1300",
    "2103",
    "2104",
    "2105",
    "2106",
    "2107",
    "2110",
    "2119",
    "2157",
    "2158",
];

/// Names by which a fault may call the connections; each frame belongs to the first and to its own.
pub const STREAMS: [&str; 5] = ["tws", "data", "orders", "account", "answers"];

/// How long a nightly reset keeps everyone out.
const CLOSED: Duration = Duration::from_secs(5);

/// Carries out what does not wait for a frame, until the mock stops.
pub async fn watch(core: Shared) {
    let kit = core.world.kit.clone();
    let mut added = kit.faults().added();
    loop {
        let kind = |name: &str| Kind::Vendor(name.to_owned());
        let take = |name: &str| kit.faults().take_now(&STREAMS, &[kind(name)]);
        if let Some(hit) = take(NIGHTLY_RESET) {
            kit.note_fault("tws", String::new(), &hit);
            let asked = Duration::from_millis(hit.fault.delay_ms);
            core.restart(if asked.is_zero() { CLOSED } else { asked });
        }
        for (name, code, text) in NOTICES {
            while let Some(hit) = take(name) {
                kit.note_fault("tws", String::new(), &hit);
                let said = hit.fault.body.as_ref().and_then(Value::as_str).unwrap_or(text);
                core.state().notice(&core.world, code, said);
                if code == 1300 {
                    core.restart(Duration::ZERO);
                }
            }
        }
        tokio::select! {
            changed = added.changed() => if changed.is_err() { return },
            () = kit.stopped() => return,
        }
    }
}

/// What becomes of something that was to be told about an order.
pub fn bend(world: &World, mut told: Told) -> Vec<Told> {
    let take = |name: &str| {
        world.kit.faults().take_frame(&["orders", "tws"], &[Kind::Vendor(name.to_owned())])
    };
    if let Answer::OrderStatus(status) = &mut told.answer
        && take(UNKNOWN_STATUS).is_some()
    {
        status.status = Some("HeldForReview".to_owned());
    }
    if matches!(told.answer, Answer::CommissionAndFeesReport(_)) && take(LOSE_COMMISSION).is_some()
    {
        return Vec::new();
    }
    let times = if take(DUPLICATE).is_some() { 2 } else { 1 };
    vec![told; times]
}

/// The reason that a fault gives, or a usual one.
pub fn refusal(hit: &Hit, usual: Refusal) -> Refusal {
    let Some(body) = &hit.fault.body else { return usual };
    let code = body["code"].as_i64().and_then(|code| i32::try_from(code).ok());
    let text = body["text"].as_str().or_else(|| body.as_str());
    Refusal { code: code.unwrap_or(usual.code), text: text.map_or(usual.text, str::to_owned) }
}

/// Which kind of frame an answer is, for faults that only hit some.
pub fn stream(answer: &Answer) -> &'static str {
    match answer {
        Answer::TickPrice(_)
        | Answer::TickSize(_)
        | Answer::TickGeneric(_)
        | Answer::TickString(_)
        | Answer::TickOptionComputation(_)
        | Answer::TickNews(_)
        | Answer::TickByTickData(_)
        | Answer::RealTimeBarTick(_)
        | Answer::HistoricalDataUpdate(_)
        | Answer::MarketDepth(_)
        | Answer::MarketDepthL2(_) => "data",
        Answer::OrderStatus(_)
        | Answer::OpenOrder(_)
        | Answer::ExecutionDetails(_)
        | Answer::CommissionAndFeesReport(_) => "orders",
        Answer::AccountValue(_)
        | Answer::PortfolioValue(_)
        | Answer::AccountUpdateTime(_)
        | Answer::Position(_)
        | Answer::PositionMulti(_)
        | Answer::AccountSummary(_)
        | Answer::AccountUpdateMulti(_)
        | Answer::PnL(_)
        | Answer::PnLSingle(_) => "account",
        _ => "answers",
    }
}
