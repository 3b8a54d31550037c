//! The events and the words they are made of.

// Written by `cargo xtask codegen` from schemas/*.avsc. Change the schema, not this file.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Date, FieldInfo, FieldKind, Head, InstrumentId, Text, Timestamp};

/// Any event of any topic.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[allow(missing_docs)]
pub enum Event {
    Activity(Box<Activity>),
    Alert(Box<Alert>),
    AlternativeRecord(Box<AlternativeRecord>),
    OrderRequest(Box<OrderRequest>),
    ApprovedOrder(Box<ApprovedOrder>),
    Audit(Box<Audit>),
    Balance(Box<Balance>),
    Bar(Box<Bar>),
    Break(Box<Break>),
    Checkpoint(Box<Checkpoint>),
    Command(Box<Command>),
    CorporateAction(Box<CorporateAction>),
    DeadLetter(Box<DeadLetter>),
    Delivery(Box<Delivery>),
    Fill(Box<Fill>),
    Finding(Box<Finding>),
    Fundamental(Box<Fundamental>),
    Gap(Box<Gap>),
    Instrument(Box<Instrument>),
    MarketStatus(Box<MarketStatus>),
    NewsItem(Box<NewsItem>),
    Note(Box<Note>),
    OrderEvent(Box<OrderEvent>),
    OrderState(Box<OrderState>),
    PortfolioCash(Box<PortfolioCash>),
    PortfolioPosition(Box<PortfolioPosition>),
    Position(Box<Position>),
    ProcessorState(Box<ProcessorState>),
    Quote(Box<Quote>),
    Run(Box<Run>),
    Silence(Box<Silence>),
    Trade(Box<Trade>),
}

/// What is fixed about one kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventInfo {
    /// Name of the record in the schema.
    pub name: &'static str,
    /// Topic it is published on, before any prefix.
    pub topic: &'static str,
    /// Fields that make the record's key, joined by `|`; the first decides the partition.
    pub key: &'static [&'static str],
    /// Whether only the last record of a key is kept.
    pub is_compacted: bool,
    /// Its fields, in the order of the schema.
    pub fields: &'static [FieldInfo],
}

impl Event {
    /// Every kind of event, in the order of the schema files.
    pub const KINDS: &'static [EventInfo] = &[
        EventInfo {
            name: "Activity",
            topic: "accounts.activities",
            key: &["account"],
            is_compacted: false,
            fields: Activity::FIELDS,
        },
        EventInfo {
            name: "Alert",
            topic: "ops.alerts",
            key: &["alert_id"],
            is_compacted: true,
            fields: Alert::FIELDS,
        },
        EventInfo {
            name: "AlternativeRecord",
            topic: "alternative.records",
            key: &["subject"],
            is_compacted: false,
            fields: AlternativeRecord::FIELDS,
        },
        EventInfo {
            name: "OrderRequest",
            topic: "orders.requests",
            key: &["account"],
            is_compacted: false,
            fields: OrderRequest::FIELDS,
        },
        EventInfo {
            name: "ApprovedOrder",
            topic: "orders.approved",
            key: &["broker_account"],
            is_compacted: false,
            fields: ApprovedOrder::FIELDS,
        },
        EventInfo {
            name: "Audit",
            topic: "ops.audit",
            key: &["actor"],
            is_compacted: false,
            fields: Audit::FIELDS,
        },
        EventInfo {
            name: "Balance",
            topic: "accounts.balances",
            key: &["account", "currency"],
            is_compacted: true,
            fields: Balance::FIELDS,
        },
        EventInfo {
            name: "Bar",
            topic: "market.bars",
            key: &["instrument"],
            is_compacted: false,
            fields: Bar::FIELDS,
        },
        EventInfo {
            name: "Break",
            topic: "reconcile.breaks",
            key: &["break_id"],
            is_compacted: true,
            fields: Break::FIELDS,
        },
        EventInfo {
            name: "Checkpoint",
            topic: "ops.checkpoints",
            key: &["component"],
            is_compacted: true,
            fields: Checkpoint::FIELDS,
        },
        EventInfo {
            name: "Command",
            topic: "ops.commands",
            key: &["scope"],
            is_compacted: true,
            fields: Command::FIELDS,
        },
        EventInfo {
            name: "CorporateAction",
            topic: "reference.corporate_actions",
            key: &["instrument", "action_id"],
            is_compacted: true,
            fields: CorporateAction::FIELDS,
        },
        EventInfo {
            name: "DeadLetter",
            topic: "dead.letters",
            key: &["component"],
            is_compacted: false,
            fields: DeadLetter::FIELDS,
        },
        EventInfo {
            name: "Delivery",
            topic: "ops.deliveries",
            key: &["delivery_id"],
            is_compacted: true,
            fields: Delivery::FIELDS,
        },
        EventInfo {
            name: "Fill",
            topic: "orders.fills",
            key: &["account"],
            is_compacted: false,
            fields: Fill::FIELDS,
        },
        EventInfo {
            name: "Finding",
            topic: "quality.findings",
            key: &["instrument"],
            is_compacted: false,
            fields: Finding::FIELDS,
        },
        EventInfo {
            name: "Fundamental",
            topic: "reference.fundamentals",
            key: &["instrument", "fundamental_id"],
            is_compacted: true,
            fields: Fundamental::FIELDS,
        },
        EventInfo {
            name: "Gap",
            topic: "market.gaps",
            key: &["instrument"],
            is_compacted: false,
            fields: Gap::FIELDS,
        },
        EventInfo {
            name: "Instrument",
            topic: "reference.instruments",
            key: &["instrument", "source"],
            is_compacted: true,
            fields: Instrument::FIELDS,
        },
        EventInfo {
            name: "MarketStatus",
            topic: "reference.market_status",
            key: &["market", "day"],
            is_compacted: true,
            fields: MarketStatus::FIELDS,
        },
        EventInfo {
            name: "NewsItem",
            topic: "news.items",
            key: &["news_id"],
            is_compacted: false,
            fields: NewsItem::FIELDS,
        },
        EventInfo {
            name: "Note",
            topic: "ops.notes",
            key: &["subject"],
            is_compacted: false,
            fields: Note::FIELDS,
        },
        EventInfo {
            name: "OrderEvent",
            topic: "orders.events",
            key: &["order_id"],
            is_compacted: false,
            fields: OrderEvent::FIELDS,
        },
        EventInfo {
            name: "OrderState",
            topic: "orders.state",
            key: &["order_id"],
            is_compacted: true,
            fields: OrderState::FIELDS,
        },
        EventInfo {
            name: "PortfolioCash",
            topic: "portfolio.cash",
            key: &["account", "currency"],
            is_compacted: true,
            fields: PortfolioCash::FIELDS,
        },
        EventInfo {
            name: "PortfolioPosition",
            topic: "portfolio.positions",
            key: &["account", "instrument"],
            is_compacted: true,
            fields: PortfolioPosition::FIELDS,
        },
        EventInfo {
            name: "Position",
            topic: "accounts.positions",
            key: &["account", "instrument"],
            is_compacted: true,
            fields: Position::FIELDS,
        },
        EventInfo {
            name: "ProcessorState",
            topic: "ops.states",
            key: &["key"],
            is_compacted: true,
            fields: ProcessorState::FIELDS,
        },
        EventInfo {
            name: "Quote",
            topic: "market.quotes",
            key: &["instrument"],
            is_compacted: false,
            fields: Quote::FIELDS,
        },
        EventInfo {
            name: "Run",
            topic: "ops.runs",
            key: &["job", "run_id"],
            is_compacted: true,
            fields: Run::FIELDS,
        },
        EventInfo {
            name: "Silence",
            topic: "ops.silences",
            key: &["pattern"],
            is_compacted: true,
            fields: Silence::FIELDS,
        },
        EventInfo {
            name: "Trade",
            topic: "market.trades",
            key: &["instrument"],
            is_compacted: false,
            fields: Trade::FIELDS,
        },
    ];

    /// What is fixed about this kind of event.
    pub fn info(&self) -> &'static EventInfo {
        match self {
            Self::Activity(_) => &Self::KINDS[0],
            Self::Alert(_) => &Self::KINDS[1],
            Self::AlternativeRecord(_) => &Self::KINDS[2],
            Self::OrderRequest(_) => &Self::KINDS[3],
            Self::ApprovedOrder(_) => &Self::KINDS[4],
            Self::Audit(_) => &Self::KINDS[5],
            Self::Balance(_) => &Self::KINDS[6],
            Self::Bar(_) => &Self::KINDS[7],
            Self::Break(_) => &Self::KINDS[8],
            Self::Checkpoint(_) => &Self::KINDS[9],
            Self::Command(_) => &Self::KINDS[10],
            Self::CorporateAction(_) => &Self::KINDS[11],
            Self::DeadLetter(_) => &Self::KINDS[12],
            Self::Delivery(_) => &Self::KINDS[13],
            Self::Fill(_) => &Self::KINDS[14],
            Self::Finding(_) => &Self::KINDS[15],
            Self::Fundamental(_) => &Self::KINDS[16],
            Self::Gap(_) => &Self::KINDS[17],
            Self::Instrument(_) => &Self::KINDS[18],
            Self::MarketStatus(_) => &Self::KINDS[19],
            Self::NewsItem(_) => &Self::KINDS[20],
            Self::Note(_) => &Self::KINDS[21],
            Self::OrderEvent(_) => &Self::KINDS[22],
            Self::OrderState(_) => &Self::KINDS[23],
            Self::PortfolioCash(_) => &Self::KINDS[24],
            Self::PortfolioPosition(_) => &Self::KINDS[25],
            Self::Position(_) => &Self::KINDS[26],
            Self::ProcessorState(_) => &Self::KINDS[27],
            Self::Quote(_) => &Self::KINDS[28],
            Self::Run(_) => &Self::KINDS[29],
            Self::Silence(_) => &Self::KINDS[30],
            Self::Trade(_) => &Self::KINDS[31],
        }
    }

    /// Reads the fields of an event of this name; nothing if there is none.
    pub fn read<'de, D: Deserializer<'de>>(
        name: &str,
        fields: D,
    ) -> Result<Option<Self>, D::Error> {
        Ok(Some(match name {
            "Activity" => Activity::deserialize(fields)?.into(),
            "Alert" => Alert::deserialize(fields)?.into(),
            "AlternativeRecord" => AlternativeRecord::deserialize(fields)?.into(),
            "OrderRequest" => OrderRequest::deserialize(fields)?.into(),
            "ApprovedOrder" => ApprovedOrder::deserialize(fields)?.into(),
            "Audit" => Audit::deserialize(fields)?.into(),
            "Balance" => Balance::deserialize(fields)?.into(),
            "Bar" => Bar::deserialize(fields)?.into(),
            "Break" => Break::deserialize(fields)?.into(),
            "Checkpoint" => Checkpoint::deserialize(fields)?.into(),
            "Command" => Command::deserialize(fields)?.into(),
            "CorporateAction" => CorporateAction::deserialize(fields)?.into(),
            "DeadLetter" => DeadLetter::deserialize(fields)?.into(),
            "Delivery" => Delivery::deserialize(fields)?.into(),
            "Fill" => Fill::deserialize(fields)?.into(),
            "Finding" => Finding::deserialize(fields)?.into(),
            "Fundamental" => Fundamental::deserialize(fields)?.into(),
            "Gap" => Gap::deserialize(fields)?.into(),
            "Instrument" => Instrument::deserialize(fields)?.into(),
            "MarketStatus" => MarketStatus::deserialize(fields)?.into(),
            "NewsItem" => NewsItem::deserialize(fields)?.into(),
            "Note" => Note::deserialize(fields)?.into(),
            "OrderEvent" => OrderEvent::deserialize(fields)?.into(),
            "OrderState" => OrderState::deserialize(fields)?.into(),
            "PortfolioCash" => PortfolioCash::deserialize(fields)?.into(),
            "PortfolioPosition" => PortfolioPosition::deserialize(fields)?.into(),
            "Position" => Position::deserialize(fields)?.into(),
            "ProcessorState" => ProcessorState::deserialize(fields)?.into(),
            "Quote" => Quote::deserialize(fields)?.into(),
            "Run" => Run::deserialize(fields)?.into(),
            "Silence" => Silence::deserialize(fields)?.into(),
            "Trade" => Trade::deserialize(fields)?.into(),
            _ => return Ok(None),
        }))
    }

    /// The fields that every event starts with.
    pub fn head(&self) -> &Head {
        match self {
            Self::Activity(e) => &e.head,
            Self::Alert(e) => &e.head,
            Self::AlternativeRecord(e) => &e.head,
            Self::OrderRequest(e) => &e.head,
            Self::ApprovedOrder(e) => &e.head,
            Self::Audit(e) => &e.head,
            Self::Balance(e) => &e.head,
            Self::Bar(e) => &e.head,
            Self::Break(e) => &e.head,
            Self::Checkpoint(e) => &e.head,
            Self::Command(e) => &e.head,
            Self::CorporateAction(e) => &e.head,
            Self::DeadLetter(e) => &e.head,
            Self::Delivery(e) => &e.head,
            Self::Fill(e) => &e.head,
            Self::Finding(e) => &e.head,
            Self::Fundamental(e) => &e.head,
            Self::Gap(e) => &e.head,
            Self::Instrument(e) => &e.head,
            Self::MarketStatus(e) => &e.head,
            Self::NewsItem(e) => &e.head,
            Self::Note(e) => &e.head,
            Self::OrderEvent(e) => &e.head,
            Self::OrderState(e) => &e.head,
            Self::PortfolioCash(e) => &e.head,
            Self::PortfolioPosition(e) => &e.head,
            Self::Position(e) => &e.head,
            Self::ProcessorState(e) => &e.head,
            Self::Quote(e) => &e.head,
            Self::Run(e) => &e.head,
            Self::Silence(e) => &e.head,
            Self::Trade(e) => &e.head,
        }
    }

    /// The same, to be completed.
    pub fn head_mut(&mut self) -> &mut Head {
        match self {
            Self::Activity(e) => &mut e.head,
            Self::Alert(e) => &mut e.head,
            Self::AlternativeRecord(e) => &mut e.head,
            Self::OrderRequest(e) => &mut e.head,
            Self::ApprovedOrder(e) => &mut e.head,
            Self::Audit(e) => &mut e.head,
            Self::Balance(e) => &mut e.head,
            Self::Bar(e) => &mut e.head,
            Self::Break(e) => &mut e.head,
            Self::Checkpoint(e) => &mut e.head,
            Self::Command(e) => &mut e.head,
            Self::CorporateAction(e) => &mut e.head,
            Self::DeadLetter(e) => &mut e.head,
            Self::Delivery(e) => &mut e.head,
            Self::Fill(e) => &mut e.head,
            Self::Finding(e) => &mut e.head,
            Self::Fundamental(e) => &mut e.head,
            Self::Gap(e) => &mut e.head,
            Self::Instrument(e) => &mut e.head,
            Self::MarketStatus(e) => &mut e.head,
            Self::NewsItem(e) => &mut e.head,
            Self::Note(e) => &mut e.head,
            Self::OrderEvent(e) => &mut e.head,
            Self::OrderState(e) => &mut e.head,
            Self::PortfolioCash(e) => &mut e.head,
            Self::PortfolioPosition(e) => &mut e.head,
            Self::Position(e) => &mut e.head,
            Self::ProcessorState(e) => &mut e.head,
            Self::Quote(e) => &mut e.head,
            Self::Run(e) => &mut e.head,
            Self::Silence(e) => &mut e.head,
            Self::Trade(e) => &mut e.head,
        }
    }

    /// Parts of the key: the first decides the partition.
    pub fn key(&self) -> (&str, Option<&str>) {
        match self {
            Self::Activity(e) => (e.account.as_str(), None),
            Self::Alert(e) => (e.alert_id.as_str(), None),
            Self::AlternativeRecord(e) => (e.subject.as_str(), None),
            Self::OrderRequest(e) => (e.account.as_str(), None),
            Self::ApprovedOrder(e) => (e.broker_account.as_str(), None),
            Self::Audit(e) => (e.actor.as_str(), None),
            Self::Balance(e) => (e.account.as_str(), Some(e.currency.as_str())),
            Self::Bar(e) => (e.instrument.as_str(), None),
            Self::Break(e) => (e.break_id.as_str(), None),
            Self::Checkpoint(e) => (e.component.as_str(), None),
            Self::Command(e) => (e.scope.as_str(), None),
            Self::CorporateAction(e) => (e.instrument.as_str(), Some(e.action_id.as_str())),
            Self::DeadLetter(e) => (e.component.as_str(), None),
            Self::Delivery(e) => (e.delivery_id.as_str(), None),
            Self::Fill(e) => (e.account.as_str(), None),
            Self::Finding(e) => (e.instrument.as_str(), None),
            Self::Fundamental(e) => (e.instrument.as_str(), Some(e.fundamental_id.as_str())),
            Self::Gap(e) => (e.instrument.as_str(), None),
            Self::Instrument(e) => (e.instrument.as_str(), Some(e.head.source.as_str())),
            Self::MarketStatus(e) => (e.market.as_str(), Some(e.day.as_str())),
            Self::NewsItem(e) => (e.news_id.as_str(), None),
            Self::Note(e) => (e.subject.as_str(), None),
            Self::OrderEvent(e) => (e.order_id.as_str(), None),
            Self::OrderState(e) => (e.order_id.as_str(), None),
            Self::PortfolioCash(e) => (e.account.as_str(), Some(e.currency.as_str())),
            Self::PortfolioPosition(e) => (e.account.as_str(), Some(e.instrument.as_str())),
            Self::Position(e) => (e.account.as_str(), Some(e.instrument.as_str())),
            Self::ProcessorState(e) => (e.key.as_str(), None),
            Self::Quote(e) => (e.instrument.as_str(), None),
            Self::Run(e) => (e.job.as_str(), Some(e.run_id.as_str())),
            Self::Silence(e) => (e.pattern.as_str(), None),
            Self::Trade(e) => (e.instrument.as_str(), None),
        }
    }

    /// Our account, system and broker account, of events that have all three.
    pub fn account_mut(&mut self) -> Option<(&mut Text, &mut Text, &Text)> {
        match self {
            Self::Activity(e) => Some((&mut e.account, &mut e.system, &e.broker_account)),
            Self::ApprovedOrder(e) => Some((&mut e.account, &mut e.system, &e.broker_account)),
            Self::Balance(e) => Some((&mut e.account, &mut e.system, &e.broker_account)),
            Self::Fill(e) => Some((&mut e.account, &mut e.system, &e.broker_account)),
            Self::OrderEvent(e) => Some((&mut e.account, &mut e.system, &e.broker_account)),
            Self::OrderState(e) => Some((&mut e.account, &mut e.system, &e.broker_account)),
            Self::Position(e) => Some((&mut e.account, &mut e.system, &e.broker_account)),
            _ => None,
        }
    }

    /// The instrument, of events that have exactly one.
    pub fn instrument(&self) -> Option<&InstrumentId> {
        match self {
            Self::Activity(e) => e.instrument.as_ref(),
            Self::AlternativeRecord(e) => e.instrument.as_ref(),
            Self::OrderRequest(e) => e.instrument.as_ref(),
            Self::Bar(e) => Some(&e.instrument),
            Self::Break(e) => e.instrument.as_ref(),
            Self::CorporateAction(e) => Some(&e.instrument),
            Self::Fill(e) => Some(&e.instrument),
            Self::Finding(e) => Some(&e.instrument),
            Self::Fundamental(e) => Some(&e.instrument),
            Self::Gap(e) => Some(&e.instrument),
            Self::Instrument(e) => Some(&e.instrument),
            Self::OrderEvent(e) => e.instrument.as_ref(),
            Self::OrderState(e) => e.instrument.as_ref(),
            Self::PortfolioPosition(e) => Some(&e.instrument),
            Self::Position(e) => Some(&e.instrument),
            Self::Quote(e) => Some(&e.instrument),
            Self::Trade(e) => Some(&e.instrument),
            _ => None,
        }
    }
}

/// A movement on an account other than a fill: dividend, fee, interest, transfer, split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Our account the record belongs to.
    pub account: Text,
    /// Id of the system (the connection to a broker) that reported it.
    pub system: Text,
    /// The account number at the broker.
    pub broker_account: Text,
    /// The broker's id.
    pub activity_id: Text,
    /// The broker's code.
    pub kind: Text,
    /// The broker's finer code.
    pub sub_kind: Option<Text>,
    /// Day it is booked for.
    pub date: Option<Date>,
    /// What it concerns.
    pub instrument: Option<InstrumentId>,
    /// The vendor's spelling.
    pub symbol: Option<Text>,
    /// Money in (positive) or out.
    pub net_amount: Option<Decimal>,
    /// Units in (positive) or out.
    pub quantity: Option<Decimal>,
    /// Money for one unit.
    pub per_unit_amount: Option<Decimal>,
    /// ISO 4217 code.
    pub currency: Text,
    /// executed, correct or canceled, as the broker writes it.
    pub status: Option<Text>,
    /// The broker's words.
    pub description: Option<Text>,
}

impl Activity {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "account", kind: FieldKind::Text },
        FieldInfo { name: "system", kind: FieldKind::Text },
        FieldInfo { name: "broker_account", kind: FieldKind::Text },
        FieldInfo { name: "activity_id", kind: FieldKind::Text },
        FieldInfo { name: "kind", kind: FieldKind::Text },
        FieldInfo { name: "sub_kind", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "date", kind: FieldKind::Optional(&FieldKind::Date) },
        FieldInfo { name: "instrument", kind: FieldKind::Optional(&FieldKind::Instrument) },
        FieldInfo { name: "symbol", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "net_amount", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "quantity", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "per_unit_amount", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "currency", kind: FieldKind::Text },
        FieldInfo { name: "status", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "description", kind: FieldKind::Optional(&FieldKind::Text) },
    ];

    /// One with this head that says nothing else: for what is to be filled in.
    pub fn blank(head: Head) -> Self {
        Self {
            head,
            account: Text::default(),
            system: Text::default(),
            broker_account: Text::default(),
            activity_id: Text::default(),
            kind: Text::default(),
            sub_kind: None,
            date: None,
            instrument: None,
            symbol: None,
            net_amount: None,
            quantity: None,
            per_unit_amount: None,
            currency: Text::default(),
            status: None,
            description: None,
        }
    }
}

impl From<Activity> for Event {
    fn from(event: Activity) -> Self {
        Event::Activity(Box::new(event))
    }
}

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    /// `opened`
    Opened,
    /// `closed`
    Closed,
}

impl AlertStatus {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Opened, Self::Closed];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
        }
    }
}

impl std::fmt::Display for AlertStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// `info`
    Info,
    /// `warning`
    Warning,
    /// `error`
    Error,
}

impl Severity {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Info, Self::Warning, Self::Error];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that a person must see to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// What the alert is about: the same whenever it opens again.
    pub alert_id: Text,
    /// opened when a person must act, closed when nothing is left to do.
    pub status: AlertStatus,
    /// error when work has stopped for good, warning when it is tried again by itself.
    pub severity: Severity,
    /// System that is concerned, if there is one.
    pub system: Option<Text>,
    /// What is concerned: system.component, for example alpaca.alpaca_trades, or the name of a processor.
    pub component: Text,
    /// What is wrong, in a line.
    pub title: Text,
    /// What was seen, in the vendor's words where it had some.
    pub reason: Text,
    /// What a person must do.
    pub action: Text,
    /// When it opened, in nanoseconds since 1970-01-01 UTC.
    pub since: Timestamp,
}

impl Alert {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "alert_id", kind: FieldKind::Text },
        FieldInfo { name: "status", kind: FieldKind::Symbol(&["opened", "closed"]) },
        FieldInfo { name: "severity", kind: FieldKind::Symbol(&["info", "warning", "error"]) },
        FieldInfo { name: "system", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "component", kind: FieldKind::Text },
        FieldInfo { name: "title", kind: FieldKind::Text },
        FieldInfo { name: "reason", kind: FieldKind::Text },
        FieldInfo { name: "action", kind: FieldKind::Text },
        FieldInfo { name: "since", kind: FieldKind::Timestamp },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, status: AlertStatus, severity: Severity) -> Self {
        Self {
            head,
            alert_id: Text::default(),
            status,
            severity,
            system: None,
            component: Text::default(),
            title: Text::default(),
            reason: Text::default(),
            action: Text::default(),
            since: Default::default(),
        }
    }
}

impl From<Alert> for Event {
    fn from(event: Alert) -> Self {
        Event::Alert(Box::new(event))
    }
}

/// A record of alternative data: anything that has no event of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlternativeRecord {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Which data it belongs to, as the topology names it.
    pub dataset: Text,
    /// What it is about: our identity of the instrument where it is about one, otherwise the dataset.
    pub subject: Text,
    /// The vendor's id, or one derived from its contents where the vendor gives none.
    pub record_id: Text,
    /// Our identity of the instrument it is about, if any.
    pub instrument: Option<InstrumentId>,
    /// Every number by its name.
    pub values: BTreeMap<Text, Decimal>,
    /// Everything that is not a number, by its name.
    pub texts: BTreeMap<Text, Text>,
}

impl AlternativeRecord {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "dataset", kind: FieldKind::Text },
        FieldInfo { name: "subject", kind: FieldKind::Text },
        FieldInfo { name: "record_id", kind: FieldKind::Text },
        FieldInfo { name: "instrument", kind: FieldKind::Optional(&FieldKind::Instrument) },
        FieldInfo { name: "values", kind: FieldKind::Map(&FieldKind::Decimal) },
        FieldInfo { name: "texts", kind: FieldKind::Map(&FieldKind::Text) },
    ];

    /// One with this head that says nothing else: for what is to be filled in.
    pub fn blank(head: Head) -> Self {
        Self {
            head,
            dataset: Text::default(),
            subject: Text::default(),
            record_id: Text::default(),
            instrument: None,
            values: BTreeMap::new(),
            texts: BTreeMap::new(),
        }
    }
}

impl From<AlternativeRecord> for Event {
    fn from(event: AlternativeRecord) -> Self {
        Event::AlternativeRecord(Box::new(event))
    }
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderAction {
    /// `place`
    Place,
    /// `replace`
    Replace,
    /// `cancel`
    Cancel,
}

impl OrderAction {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Place, Self::Replace, Self::Cancel];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Replace => "replace",
            Self::Cancel => "cancel",
        }
    }
}

impl std::fmt::Display for OrderAction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Direction of an order or fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// `buy`
    Buy,
    /// `sell`
    Sell,
}

impl Side {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Buy, Self::Sell];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How an order is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderType {
    /// `market`
    Market,
    /// `limit`
    Limit,
    /// `stop`
    Stop,
    /// `stop_limit`
    StopLimit,
    /// `trailing_stop`
    TrailingStop,
}

impl OrderType {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] =
        &[Self::Market, Self::Limit, Self::Stop, Self::StopLimit, Self::TrailingStop];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Limit => "limit",
            Self::Stop => "stop",
            Self::StopLimit => "stop_limit",
            Self::TrailingStop => "trailing_stop",
        }
    }
}

impl std::fmt::Display for OrderType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How long an order works: day, good till canceled, at the opening, at the close, immediate or cancel, fill or kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeInForce {
    /// `day`
    Day,
    /// `gtc`
    Gtc,
    /// `opg`
    Opg,
    /// `cls`
    Cls,
    /// `ioc`
    Ioc,
    /// `fok`
    Fok,
}

impl TimeInForce {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] =
        &[Self::Day, Self::Gtc, Self::Opg, Self::Cls, Self::Ioc, Self::Fok];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Gtc => "gtc",
            Self::Opg => "opg",
            Self::Cls => "cls",
            Self::Ioc => "ioc",
            Self::Fok => "fok",
        }
    }
}

impl std::fmt::Display for TimeInForce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether an order stands alone or carries linked exits or legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderClass {
    /// `simple`
    Simple,
    /// `bracket`
    Bracket,
    /// `oco`
    Oco,
    /// `oto`
    Oto,
    /// `mleg`
    Mleg,
}

impl OrderClass {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] =
        &[Self::Simple, Self::Bracket, Self::Oco, Self::Oto, Self::Mleg];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Bracket => "bracket",
            Self::Oco => "oco",
            Self::Oto => "oto",
            Self::Mleg => "mleg",
        }
    }
}

impl std::fmt::Display for OrderClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether an order opens or closes a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionIntent {
    /// `buy_to_open`
    BuyToOpen,
    /// `buy_to_close`
    BuyToClose,
    /// `sell_to_open`
    SellToOpen,
    /// `sell_to_close`
    SellToClose,
}

impl PositionIntent {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] =
        &[Self::BuyToOpen, Self::BuyToClose, Self::SellToOpen, Self::SellToClose];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BuyToOpen => "buy_to_open",
            Self::BuyToClose => "buy_to_close",
            Self::SellToOpen => "sell_to_open",
            Self::SellToClose => "sell_to_close",
        }
    }
}

impl std::fmt::Display for PositionIntent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One leg of a multi-leg order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderLeg {
    /// Our identity of the instrument, SYMBOL.VENUE, for example BAC.US.
    pub instrument: InstrumentId,
    /// Units of this leg for each unit of the order.
    pub ratio_quantity: Decimal,
    /// Direction of the leg.
    pub side: Side,
    /// Whether the leg opens or closes a position.
    pub position_intent: Option<PositionIntent>,
}

impl OrderLeg {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "instrument", kind: FieldKind::Instrument },
        FieldInfo { name: "ratio_quantity", kind: FieldKind::Decimal },
        FieldInfo { name: "side", kind: FieldKind::Symbol(&["buy", "sell"]) },
        FieldInfo {
            name: "position_intent",
            kind: FieldKind::Optional(&FieldKind::Symbol(&[
                "buy_to_open",
                "buy_to_close",
                "sell_to_open",
                "sell_to_close",
            ])),
        },
    ];
}

/// An instruction from a user: place, replace or cancel an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Unique id of this instruction, chosen by whoever asks. The same id is acted on once.
    pub request_id: Text,
    /// What is asked.
    pub action: OrderAction,
    /// Our id of the order: 1 to 64 letters, digits, '-' or '_', chosen by whoever asks and never used again.
    pub order_id: Text,
    /// Our account that trades.
    pub account: Text,
    /// What to trade, SYMBOL.VENUE. Required to place, except for a multi-leg order.
    pub instrument: Option<InstrumentId>,
    /// Direction. Required to place.
    pub side: Option<Side>,
    /// Units to trade. Place needs this or notional.
    pub quantity: Option<Decimal>,
    /// Money to spend instead of a quantity.
    pub notional: Option<Decimal>,
    /// How the order is priced. Required to place.
    pub order_type: Option<OrderType>,
    /// How long it works. Required to place.
    pub time_in_force: Option<TimeInForce>,
    /// Worst price to accept.
    pub limit_price: Option<Decimal>,
    /// Price that sets a stop order off.
    pub stop_price: Option<Decimal>,
    /// Distance of a trailing stop in money.
    pub trail_amount: Option<Decimal>,
    /// Distance of a trailing stop in percent.
    pub trail_percent: Option<Decimal>,
    /// Whether it may trade outside the regular session.
    pub extended_hours: bool,
    /// Whether the order carries linked exits or legs.
    pub order_class: OrderClass,
    /// Limit price of the profit-taking exit.
    pub take_profit_price: Option<Decimal>,
    /// Stop price of the protective exit.
    pub stop_loss_price: Option<Decimal>,
    /// Limit price of the protective exit.
    pub stop_loss_limit_price: Option<Decimal>,
    /// Whether it opens or closes a position.
    pub position_intent: Option<PositionIntent>,
    /// Legs of a multi-leg order.
    pub legs: Vec<OrderLeg>,
    /// Not to be sent after this time.
    pub expires_at: Option<Timestamp>,
    /// Strategy that asks.
    pub strategy: Option<Text>,
    /// Settings only this broker knows, passed on as they are.
    pub broker_options: BTreeMap<Text, Text>,
}

impl OrderRequest {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "request_id", kind: FieldKind::Text },
        FieldInfo { name: "action", kind: FieldKind::Symbol(&["place", "replace", "cancel"]) },
        FieldInfo { name: "order_id", kind: FieldKind::Text },
        FieldInfo { name: "account", kind: FieldKind::Text },
        FieldInfo { name: "instrument", kind: FieldKind::Optional(&FieldKind::Instrument) },
        FieldInfo { name: "side", kind: FieldKind::Optional(&FieldKind::Symbol(&["buy", "sell"])) },
        FieldInfo { name: "quantity", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "notional", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo {
            name: "order_type",
            kind: FieldKind::Optional(&FieldKind::Symbol(&[
                "market",
                "limit",
                "stop",
                "stop_limit",
                "trailing_stop",
            ])),
        },
        FieldInfo {
            name: "time_in_force",
            kind: FieldKind::Optional(&FieldKind::Symbol(&[
                "day", "gtc", "opg", "cls", "ioc", "fok",
            ])),
        },
        FieldInfo { name: "limit_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "stop_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "trail_amount", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "trail_percent", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "extended_hours", kind: FieldKind::Bool },
        FieldInfo {
            name: "order_class",
            kind: FieldKind::Symbol(&["simple", "bracket", "oco", "oto", "mleg"]),
        },
        FieldInfo { name: "take_profit_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "stop_loss_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "stop_loss_limit_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo {
            name: "position_intent",
            kind: FieldKind::Optional(&FieldKind::Symbol(&[
                "buy_to_open",
                "buy_to_close",
                "sell_to_open",
                "sell_to_close",
            ])),
        },
        FieldInfo { name: "legs", kind: FieldKind::List(&FieldKind::Record(OrderLeg::FIELDS)) },
        FieldInfo { name: "expires_at", kind: FieldKind::Optional(&FieldKind::Timestamp) },
        FieldInfo { name: "strategy", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "broker_options", kind: FieldKind::Map(&FieldKind::Text) },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, action: OrderAction, order_class: OrderClass) -> Self {
        Self {
            head,
            request_id: Text::default(),
            action,
            order_id: Text::default(),
            account: Text::default(),
            instrument: None,
            side: None,
            quantity: None,
            notional: None,
            order_type: None,
            time_in_force: None,
            limit_price: None,
            stop_price: None,
            trail_amount: None,
            trail_percent: None,
            extended_hours: false,
            order_class,
            take_profit_price: None,
            stop_loss_price: None,
            stop_loss_limit_price: None,
            position_intent: None,
            legs: Vec::new(),
            expires_at: None,
            strategy: None,
            broker_options: BTreeMap::new(),
        }
    }
}

impl From<OrderRequest> for Event {
    fn from(event: OrderRequest) -> Self {
        Event::OrderRequest(Box::new(event))
    }
}

/// A request that passed every check, with its route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApprovedOrder {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Our id of the order.
    pub order_id: Text,
    /// Our account the record belongs to.
    pub account: Text,
    /// Id of the system (the connection to a broker) that reported it.
    pub system: Text,
    /// The account number at the broker.
    pub broker_account: Text,
    /// The request as it was made.
    pub request: OrderRequest,
    /// Price the collar was checked against.
    pub reference_price: Option<Decimal>,
    /// Time of that price.
    pub reference_time: Option<Timestamp>,
    /// Names of the checks that were made.
    pub checks: Vec<Text>,
}

impl ApprovedOrder {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "order_id", kind: FieldKind::Text },
        FieldInfo { name: "account", kind: FieldKind::Text },
        FieldInfo { name: "system", kind: FieldKind::Text },
        FieldInfo { name: "broker_account", kind: FieldKind::Text },
        FieldInfo { name: "request", kind: FieldKind::Record(OrderRequest::FIELDS) },
        FieldInfo { name: "reference_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "reference_time", kind: FieldKind::Optional(&FieldKind::Timestamp) },
        FieldInfo { name: "checks", kind: FieldKind::List(&FieldKind::Text) },
    ];

    /// One with this head that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, request: OrderRequest) -> Self {
        Self {
            head,
            order_id: Text::default(),
            account: Text::default(),
            system: Text::default(),
            broker_account: Text::default(),
            request,
            reference_price: None,
            reference_time: None,
            checks: Vec::new(),
        }
    }
}

impl From<ApprovedOrder> for Event {
    fn from(event: ApprovedOrder) -> Self {
        Event::ApprovedOrder(Box::new(event))
    }
}

/// One entry of the audit log, chained to the one before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Place of the entry in the log, from 1.
    pub sequence: i64,
    /// Who did it: system.component, a processor or a program.
    pub actor: Text,
    /// What was done, for example order.requested or credential.renewed; audit.checkpoint for a signature over all before it.
    pub action: Text,
    /// To what: an order, a system, a setting.
    pub subject: Text,
    /// The entry as it is chained and signed: JSON with the entry and its hash, byte for byte.
    pub line: Text,
}

impl Audit {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "sequence", kind: FieldKind::Long },
        FieldInfo { name: "actor", kind: FieldKind::Text },
        FieldInfo { name: "action", kind: FieldKind::Text },
        FieldInfo { name: "subject", kind: FieldKind::Text },
        FieldInfo { name: "line", kind: FieldKind::Text },
    ];

    /// One with this head that says nothing else: for what is to be filled in.
    pub fn blank(head: Head) -> Self {
        Self {
            head,
            sequence: 0,
            actor: Text::default(),
            action: Text::default(),
            subject: Text::default(),
            line: Text::default(),
        }
    }
}

impl From<Audit> for Event {
    fn from(event: Audit) -> Self {
        Event::Audit(Box::new(event))
    }
}

/// What the broker says of cash and margin in one currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Our account the record belongs to.
    pub account: Text,
    /// Id of the system (the connection to a broker) that reported it.
    pub system: Text,
    /// The account number at the broker.
    pub broker_account: Text,
    /// ISO 4217 code.
    pub currency: Text,
    /// Cash held, negative when borrowed.
    pub cash: Decimal,
    /// Cash and positions together.
    pub equity: Option<Decimal>,
    /// What may still be bought.
    pub buying_power: Option<Decimal>,
    /// Initial margin required.
    pub initial_margin: Option<Decimal>,
    /// Maintenance margin required.
    pub maintenance_margin: Option<Decimal>,
    /// Transfers on their way in.
    pub pending_in: Option<Decimal>,
    /// Transfers on their way out.
    pub pending_out: Option<Decimal>,
    /// Whether the broker refuses trading.
    pub is_blocked: bool,
}

impl Balance {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "account", kind: FieldKind::Text },
        FieldInfo { name: "system", kind: FieldKind::Text },
        FieldInfo { name: "broker_account", kind: FieldKind::Text },
        FieldInfo { name: "currency", kind: FieldKind::Text },
        FieldInfo { name: "cash", kind: FieldKind::Decimal },
        FieldInfo { name: "equity", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "buying_power", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "initial_margin", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "maintenance_margin", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "pending_in", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "pending_out", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "is_blocked", kind: FieldKind::Bool },
    ];

    /// One with this head that says nothing else: for what is to be filled in.
    pub fn blank(head: Head) -> Self {
        Self {
            head,
            account: Text::default(),
            system: Text::default(),
            broker_account: Text::default(),
            currency: Text::default(),
            cash: Decimal::ZERO,
            equity: None,
            buying_power: None,
            initial_margin: None,
            maintenance_margin: None,
            pending_in: None,
            pending_out: None,
            is_blocked: false,
        }
    }
}

impl From<Balance> for Event {
    fn from(event: Balance) -> Self {
        Event::Balance(Box::new(event))
    }
}

/// Corporate actions a price is adjusted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjustment {
    /// `raw`
    Raw,
    /// `split`
    Split,
    /// `dividend`
    Dividend,
    /// `all`
    All,
}

impl Adjustment {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Raw, Self::Split, Self::Dividend, Self::All];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Split => "split",
            Self::Dividend => "dividend",
            Self::All => "all",
        }
    }
}

impl std::fmt::Display for Adjustment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Prices over a period. event_time is the start of the period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Our identity of the instrument, SYMBOL.VENUE, for example BAC.US.
    pub instrument: InstrumentId,
    /// The vendor's own spelling of the instrument.
    pub symbol: Text,
    /// Length of the period: a number and s, m, h, d, w or mo, for example 1m.
    pub interval: Text,
    /// End of the period, exclusive.
    pub end_time: Timestamp,
    /// First price.
    pub open: Decimal,
    /// Highest price.
    pub high: Decimal,
    /// Lowest price.
    pub low: Decimal,
    /// Last price.
    pub close: Decimal,
    /// Units traded.
    pub volume: Decimal,
    /// Volume-weighted average price.
    pub vwap: Option<Decimal>,
    /// Number of prints.
    pub trade_count: Option<i64>,
    /// Corporate actions the prices are adjusted for.
    pub adjustment: Adjustment,
    /// False while the period is running or when a vendor may still restate it.
    pub is_final: bool,
}

impl Bar {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "instrument", kind: FieldKind::Instrument },
        FieldInfo { name: "symbol", kind: FieldKind::Text },
        FieldInfo { name: "interval", kind: FieldKind::Text },
        FieldInfo { name: "end_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "open", kind: FieldKind::Decimal },
        FieldInfo { name: "high", kind: FieldKind::Decimal },
        FieldInfo { name: "low", kind: FieldKind::Decimal },
        FieldInfo { name: "close", kind: FieldKind::Decimal },
        FieldInfo { name: "volume", kind: FieldKind::Decimal },
        FieldInfo { name: "vwap", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "trade_count", kind: FieldKind::Optional(&FieldKind::Long) },
        FieldInfo {
            name: "adjustment",
            kind: FieldKind::Symbol(&["raw", "split", "dividend", "all"]),
        },
        FieldInfo { name: "is_final", kind: FieldKind::Bool },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, adjustment: Adjustment) -> Self {
        Self {
            head,
            instrument: InstrumentId::default(),
            symbol: Text::default(),
            interval: Text::default(),
            end_time: Default::default(),
            open: Decimal::ZERO,
            high: Decimal::ZERO,
            low: Decimal::ZERO,
            close: Decimal::ZERO,
            volume: Decimal::ZERO,
            vwap: None,
            trade_count: None,
            adjustment,
            is_final: false,
        }
    }
}

impl From<Bar> for Event {
    fn from(event: Bar) -> Self {
        Event::Bar(Box::new(event))
    }
}

/// What was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakSubject {
    /// `position`
    Position,
    /// `cash`
    Cash,
    /// `fill`
    Fill,
    /// `order`
    Order,
}

impl BreakSubject {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Position, Self::Cash, Self::Fill, Self::Order];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Position => "position",
            Self::Cash => "cash",
            Self::Fill => "fill",
            Self::Order => "order",
        }
    }
}

impl std::fmt::Display for BreakSubject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the two sides differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakKind {
    /// `missing_internal`
    MissingInternal,
    /// `missing_external`
    MissingExternal,
    /// `quantity`
    Quantity,
    /// `price`
    Price,
    /// `amount`
    Amount,
    /// `timing`
    Timing,
    /// `corporate_action`
    CorporateAction,
    /// `duplicate_internal`
    DuplicateInternal,
    /// `duplicate_external`
    DuplicateExternal,
    /// `status`
    Status,
}

impl BreakKind {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::MissingInternal,
        Self::MissingExternal,
        Self::Quantity,
        Self::Price,
        Self::Amount,
        Self::Timing,
        Self::CorporateAction,
        Self::DuplicateInternal,
        Self::DuplicateExternal,
        Self::Status,
    ];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingInternal => "missing_internal",
            Self::MissingExternal => "missing_external",
            Self::Quantity => "quantity",
            Self::Price => "price",
            Self::Amount => "amount",
            Self::Timing => "timing",
            Self::CorporateAction => "corporate_action",
            Self::DuplicateInternal => "duplicate_internal",
            Self::DuplicateExternal => "duplicate_external",
            Self::Status => "status",
        }
    }
}

impl std::fmt::Display for BreakKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a break stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakStatus {
    /// `open`
    Open,
    /// `explained`
    Explained,
    /// `closed`
    Closed,
}

impl BreakStatus {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Open, Self::Explained, Self::Closed];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Explained => "explained",
            Self::Closed => "closed",
        }
    }
}

impl std::fmt::Display for BreakStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A mismatch found by reconciling our books with the broker's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Break {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Stays the same while the break persists.
    pub break_id: Text,
    /// Our account.
    pub account: Text,
    /// What was compared.
    pub subject: BreakSubject,
    /// How the two sides differ.
    pub kind: BreakKind,
    /// Where the break stands.
    pub status: BreakStatus,
    /// What it concerns.
    pub instrument: Option<InstrumentId>,
    /// ISO 4217 code for cash.
    pub currency: Option<Text>,
    /// Our figure.
    pub ours: Option<Decimal>,
    /// The broker's figure.
    pub theirs: Option<Decimal>,
    /// Ours less theirs; zero once closed.
    pub difference: Decimal,
    /// When it was first seen.
    pub first_seen_time: Timestamp,
    /// Seconds since then at this update.
    pub age_secs: i64,
    /// Why, where known.
    pub explanation: Option<Text>,
}

impl Break {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "break_id", kind: FieldKind::Text },
        FieldInfo { name: "account", kind: FieldKind::Text },
        FieldInfo {
            name: "subject",
            kind: FieldKind::Symbol(&["position", "cash", "fill", "order"]),
        },
        FieldInfo {
            name: "kind",
            kind: FieldKind::Symbol(&[
                "missing_internal",
                "missing_external",
                "quantity",
                "price",
                "amount",
                "timing",
                "corporate_action",
                "duplicate_internal",
                "duplicate_external",
                "status",
            ]),
        },
        FieldInfo { name: "status", kind: FieldKind::Symbol(&["open", "explained", "closed"]) },
        FieldInfo { name: "instrument", kind: FieldKind::Optional(&FieldKind::Instrument) },
        FieldInfo { name: "currency", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "ours", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "theirs", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "difference", kind: FieldKind::Decimal },
        FieldInfo { name: "first_seen_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "age_secs", kind: FieldKind::Long },
        FieldInfo { name: "explanation", kind: FieldKind::Optional(&FieldKind::Text) },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, subject: BreakSubject, kind: BreakKind, status: BreakStatus) -> Self {
        Self {
            head,
            break_id: Text::default(),
            account: Text::default(),
            subject,
            kind,
            status,
            instrument: None,
            currency: None,
            ours: None,
            theirs: None,
            difference: Decimal::ZERO,
            first_seen_time: Default::default(),
            age_secs: 0,
            explanation: None,
        }
    }
}

impl From<Break> for Event {
    fn from(event: Break) -> Self {
        Event::Break(Box::new(event))
    }
}

/// Where a source resumes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// system.component, for example alpaca.alpaca_trades.
    pub component: Text,
    /// Resume position in the vendor's feed, as JSON.
    pub cursor: Text,
    /// Checkpoints written so far.
    pub sequence: i64,
    /// Records published so far.
    pub records: i64,
}

impl Checkpoint {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "component", kind: FieldKind::Text },
        FieldInfo { name: "cursor", kind: FieldKind::Text },
        FieldInfo { name: "sequence", kind: FieldKind::Long },
        FieldInfo { name: "records", kind: FieldKind::Long },
    ];

    /// One with this head that says nothing else: for what is to be filled in.
    pub fn blank(head: Head) -> Self {
        Self { head, component: Text::default(), cursor: Text::default(), sequence: 0, records: 0 }
    }
}

impl From<Checkpoint> for Event {
    fn from(event: Checkpoint) -> Self {
        Event::Checkpoint(Box::new(event))
    }
}

/// What the pipeline is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandKind {
    /// `halt`
    Halt,
    /// `resume`
    Resume,
}

impl CommandKind {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Halt, Self::Resume];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Halt => "halt",
            Self::Resume => "resume",
        }
    }
}

impl std::fmt::Display for CommandKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An instruction to the pipeline itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// all, an account or a system.
    pub scope: Text,
    /// halt refuses new orders in the scope, resume lifts it.
    pub kind: CommandKind,
    /// Who asks.
    pub actor: Text,
    /// Why.
    pub reason: Option<Text>,
}

impl Command {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "scope", kind: FieldKind::Text },
        FieldInfo { name: "kind", kind: FieldKind::Symbol(&["halt", "resume"]) },
        FieldInfo { name: "actor", kind: FieldKind::Text },
        FieldInfo { name: "reason", kind: FieldKind::Optional(&FieldKind::Text) },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, kind: CommandKind) -> Self {
        Self { head, scope: Text::default(), kind, actor: Text::default(), reason: None }
    }
}

impl From<Command> for Event {
    fn from(event: Command) -> Self {
        Event::Command(Box::new(event))
    }
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorporateActionKind {
    /// `cash_dividend`
    CashDividend,
    /// `stock_dividend`
    StockDividend,
    /// `forward_split`
    ForwardSplit,
    /// `reverse_split`
    ReverseSplit,
    /// `unit_split`
    UnitSplit,
    /// `spin_off`
    SpinOff,
    /// `cash_merger`
    CashMerger,
    /// `stock_merger`
    StockMerger,
    /// `stock_and_cash_merger`
    StockAndCashMerger,
    /// `name_change`
    NameChange,
    /// `redemption`
    Redemption,
    /// `worthless_removal`
    WorthlessRemoval,
    /// `rights_distribution`
    RightsDistribution,
    /// `partial_call`
    PartialCall,
    /// `reorganization`
    Reorganization,
    /// `other`
    Other,
}

impl CorporateActionKind {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::CashDividend,
        Self::StockDividend,
        Self::ForwardSplit,
        Self::ReverseSplit,
        Self::UnitSplit,
        Self::SpinOff,
        Self::CashMerger,
        Self::StockMerger,
        Self::StockAndCashMerger,
        Self::NameChange,
        Self::Redemption,
        Self::WorthlessRemoval,
        Self::RightsDistribution,
        Self::PartialCall,
        Self::Reorganization,
        Self::Other,
    ];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CashDividend => "cash_dividend",
            Self::StockDividend => "stock_dividend",
            Self::ForwardSplit => "forward_split",
            Self::ReverseSplit => "reverse_split",
            Self::UnitSplit => "unit_split",
            Self::SpinOff => "spin_off",
            Self::CashMerger => "cash_merger",
            Self::StockMerger => "stock_merger",
            Self::StockAndCashMerger => "stock_and_cash_merger",
            Self::NameChange => "name_change",
            Self::Redemption => "redemption",
            Self::WorthlessRemoval => "worthless_removal",
            Self::RightsDistribution => "rights_distribution",
            Self::PartialCall => "partial_call",
            Self::Reorganization => "reorganization",
            Self::Other => "other",
        }
    }
}

impl std::fmt::Display for CorporateActionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A dividend, split, merger or other change to an instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CorporateAction {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Our identity of the instrument, SYMBOL.VENUE, for example BAC.US.
    pub instrument: InstrumentId,
    /// The vendor's own spelling of the instrument.
    pub symbol: Text,
    /// The vendor's id, or one derived from its contents where the vendor gives none.
    pub action_id: Text,
    /// What happens.
    pub kind: CorporateActionKind,
    /// First day without the entitlement.
    pub ex_date: Option<Date>,
    /// Holders of this day are entitled.
    pub record_date: Option<Date>,
    /// Day of payment.
    pub payable_date: Option<Date>,
    /// Day the change takes effect.
    pub effective_date: Option<Date>,
    /// Day the vendor processes it.
    pub process_date: Option<Date>,
    /// Cash for one unit held.
    pub cash_rate: Option<Decimal>,
    /// ISO 4217 code of cash_rate.
    pub currency: Option<Text>,
    /// New units for each old_rate held.
    pub new_rate: Option<Decimal>,
    /// Old units that new_rate replaces or is paid on.
    pub old_rate: Option<Decimal>,
    /// Instrument received or the new name, where there is one.
    pub new_instrument: Option<InstrumentId>,
    /// Every other term as the vendor writes it.
    pub terms: BTreeMap<Text, Text>,
}

impl CorporateAction {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "instrument", kind: FieldKind::Instrument },
        FieldInfo { name: "symbol", kind: FieldKind::Text },
        FieldInfo { name: "action_id", kind: FieldKind::Text },
        FieldInfo {
            name: "kind",
            kind: FieldKind::Symbol(&[
                "cash_dividend",
                "stock_dividend",
                "forward_split",
                "reverse_split",
                "unit_split",
                "spin_off",
                "cash_merger",
                "stock_merger",
                "stock_and_cash_merger",
                "name_change",
                "redemption",
                "worthless_removal",
                "rights_distribution",
                "partial_call",
                "reorganization",
                "other",
            ]),
        },
        FieldInfo { name: "ex_date", kind: FieldKind::Optional(&FieldKind::Date) },
        FieldInfo { name: "record_date", kind: FieldKind::Optional(&FieldKind::Date) },
        FieldInfo { name: "payable_date", kind: FieldKind::Optional(&FieldKind::Date) },
        FieldInfo { name: "effective_date", kind: FieldKind::Optional(&FieldKind::Date) },
        FieldInfo { name: "process_date", kind: FieldKind::Optional(&FieldKind::Date) },
        FieldInfo { name: "cash_rate", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "currency", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "new_rate", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "old_rate", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "new_instrument", kind: FieldKind::Optional(&FieldKind::Instrument) },
        FieldInfo { name: "terms", kind: FieldKind::Map(&FieldKind::Text) },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, kind: CorporateActionKind) -> Self {
        Self {
            head,
            instrument: InstrumentId::default(),
            symbol: Text::default(),
            action_id: Text::default(),
            kind,
            ex_date: None,
            record_date: None,
            payable_date: None,
            effective_date: None,
            process_date: None,
            cash_rate: None,
            currency: None,
            new_rate: None,
            old_rate: None,
            new_instrument: None,
            terms: BTreeMap::new(),
        }
    }
}

impl From<CorporateAction> for Event {
    fn from(event: CorporateAction) -> Self {
        Event::CorporateAction(Box::new(event))
    }
}

/// Where an item failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// `decode`
    Decode,
    /// `map`
    Map,
    /// `encode`
    Encode,
    /// `apply`
    Apply,
    /// `deliver`
    Deliver,
}

impl Stage {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] =
        &[Self::Decode, Self::Map, Self::Encode, Self::Apply, Self::Deliver];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Map => "map",
            Self::Encode => "encode",
            Self::Apply => "apply",
            Self::Deliver => "deliver",
        }
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An item set aside with its raw bytes and the reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// system.component or processor that set it aside.
    pub component: Text,
    /// Where it failed.
    pub stage: Stage,
    /// Why.
    pub reason: Text,
    /// The field at fault.
    pub field: Option<Text>,
    /// The bytes as they came.
    pub raw: Vec<u8>,
    /// Kafka topic it was read from.
    pub topic: Option<Text>,
    /// Partition.
    pub partition: Option<i64>,
    /// Offset.
    pub offset: Option<i64>,
    /// Schema id its bytes carry.
    pub schema_id: Option<i64>,
    /// Times it has been tried.
    pub attempts: i64,
    /// event_id of the dead letter that was redriven into this one.
    pub redrive_of: Option<Text>,
}

impl DeadLetter {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "component", kind: FieldKind::Text },
        FieldInfo {
            name: "stage",
            kind: FieldKind::Symbol(&["decode", "map", "encode", "apply", "deliver"]),
        },
        FieldInfo { name: "reason", kind: FieldKind::Text },
        FieldInfo { name: "field", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "raw", kind: FieldKind::Bytes },
        FieldInfo { name: "topic", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "partition", kind: FieldKind::Optional(&FieldKind::Long) },
        FieldInfo { name: "offset", kind: FieldKind::Optional(&FieldKind::Long) },
        FieldInfo { name: "schema_id", kind: FieldKind::Optional(&FieldKind::Long) },
        FieldInfo { name: "attempts", kind: FieldKind::Long },
        FieldInfo { name: "redrive_of", kind: FieldKind::Optional(&FieldKind::Text) },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, stage: Stage) -> Self {
        Self {
            head,
            component: Text::default(),
            stage,
            reason: Text::default(),
            field: None,
            raw: Vec::new(),
            topic: None,
            partition: None,
            offset: None,
            schema_id: None,
            attempts: 0,
            redrive_of: None,
        }
    }
}

impl From<DeadLetter> for Event {
    fn from(event: DeadLetter) -> Self {
        Event::DeadLetter(Box::new(event))
    }
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// `sending`
    Sending,
    /// `accepted`
    Accepted,
    /// `rejected`
    Rejected,
    /// `unknown`
    Unknown,
    /// `not_sent`
    NotSent,
}

impl DeliveryStatus {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] =
        &[Self::Sending, Self::Accepted, Self::Rejected, Self::Unknown, Self::NotSent];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::NotSent => "not_sent",
        }
    }
}

impl std::fmt::Display for DeliveryStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The journal of an order sink: what is being sent, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// component|request_id.
    pub delivery_id: Text,
    /// system.component of the sink.
    pub component: Text,
    /// Our id of the order.
    pub order_id: Text,
    /// The request being delivered.
    pub request_id: Text,
    /// Where the delivery stands.
    pub status: DeliveryStatus,
    /// Times it was handed to the connector.
    pub attempt: i64,
    /// The owner of this attempt sends nothing after this time.
    pub deadline: Timestamp,
    /// The broker's id, once known.
    pub broker_order_id: Option<Text>,
    /// The broker's or our words.
    pub reason: Option<Text>,
    /// What is being delivered.
    pub order: ApprovedOrder,
}

impl Delivery {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "delivery_id", kind: FieldKind::Text },
        FieldInfo { name: "component", kind: FieldKind::Text },
        FieldInfo { name: "order_id", kind: FieldKind::Text },
        FieldInfo { name: "request_id", kind: FieldKind::Text },
        FieldInfo {
            name: "status",
            kind: FieldKind::Symbol(&["sending", "accepted", "rejected", "unknown", "not_sent"]),
        },
        FieldInfo { name: "attempt", kind: FieldKind::Long },
        FieldInfo { name: "deadline", kind: FieldKind::Timestamp },
        FieldInfo { name: "broker_order_id", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "reason", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "order", kind: FieldKind::Record(ApprovedOrder::FIELDS) },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, status: DeliveryStatus, order: ApprovedOrder) -> Self {
        Self {
            head,
            delivery_id: Text::default(),
            component: Text::default(),
            order_id: Text::default(),
            request_id: Text::default(),
            status,
            attempt: 0,
            deadline: Default::default(),
            broker_order_id: None,
            reason: None,
            order,
        }
    }
}

impl From<Delivery> for Event {
    fn from(event: Delivery) -> Self {
        Event::Delivery(Box::new(event))
    }
}

/// Whether a fill is new, corrects or withdraws an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FillKind {
    /// `new`
    New,
    /// `correction`
    Correction,
    /// `bust`
    Bust,
}

impl FillKind {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::New, Self::Correction, Self::Bust];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Correction => "correction",
            Self::Bust => "bust",
        }
    }
}

impl std::fmt::Display for FillKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One execution of an order, its correction or its withdrawal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fill {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Id of the execution; the same however the broker reports it.
    pub execution_id: Text,
    /// The broker's own id of the report.
    pub vendor_execution_id: Option<Text>,
    /// Our id of the order; the broker's id for an order that was not placed through us.
    pub order_id: Text,
    /// Our account the record belongs to.
    pub account: Text,
    /// Id of the system (the connection to a broker) that reported it.
    pub system: Text,
    /// The account number at the broker.
    pub broker_account: Text,
    /// The broker's id of the order.
    pub broker_order_id: Text,
    /// Our identity of the instrument, SYMBOL.VENUE, for example BAC.US.
    pub instrument: InstrumentId,
    /// The vendor's own spelling of the instrument.
    pub symbol: Text,
    /// Direction.
    pub side: Side,
    /// Price of one unit.
    pub price: Decimal,
    /// Units filled.
    pub quantity: Decimal,
    /// ISO 4217 code of the price.
    pub currency: Text,
    /// Commission charged, where reported with the fill.
    pub commission: Option<Decimal>,
    /// Units of the order filled up to and including this.
    pub cumulative_quantity: Option<Decimal>,
    /// Whether it is new, corrects or withdraws an earlier one.
    pub kind: FillKind,
    /// execution_id that a correction or bust refers to.
    pub corrects: Option<Text>,
}

impl Fill {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "execution_id", kind: FieldKind::Text },
        FieldInfo { name: "vendor_execution_id", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "order_id", kind: FieldKind::Text },
        FieldInfo { name: "account", kind: FieldKind::Text },
        FieldInfo { name: "system", kind: FieldKind::Text },
        FieldInfo { name: "broker_account", kind: FieldKind::Text },
        FieldInfo { name: "broker_order_id", kind: FieldKind::Text },
        FieldInfo { name: "instrument", kind: FieldKind::Instrument },
        FieldInfo { name: "symbol", kind: FieldKind::Text },
        FieldInfo { name: "side", kind: FieldKind::Symbol(&["buy", "sell"]) },
        FieldInfo { name: "price", kind: FieldKind::Decimal },
        FieldInfo { name: "quantity", kind: FieldKind::Decimal },
        FieldInfo { name: "currency", kind: FieldKind::Text },
        FieldInfo { name: "commission", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "cumulative_quantity", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "kind", kind: FieldKind::Symbol(&["new", "correction", "bust"]) },
        FieldInfo { name: "corrects", kind: FieldKind::Optional(&FieldKind::Text) },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, side: Side, kind: FillKind) -> Self {
        Self {
            head,
            execution_id: Text::default(),
            vendor_execution_id: None,
            order_id: Text::default(),
            account: Text::default(),
            system: Text::default(),
            broker_account: Text::default(),
            broker_order_id: Text::default(),
            instrument: InstrumentId::default(),
            symbol: Text::default(),
            side,
            price: Decimal::ZERO,
            quantity: Decimal::ZERO,
            currency: Text::default(),
            commission: None,
            cumulative_quantity: None,
            kind,
            corrects: None,
        }
    }
}

impl From<Fill> for Event {
    fn from(event: Fill) -> Self {
        Event::Fill(Box::new(event))
    }
}

/// What was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// `stale`
    Stale,
    /// `spike`
    Spike,
    /// `crossed`
    Crossed,
    /// `duplicate`
    Duplicate,
    /// `out_of_order`
    OutOfOrder,
    /// `missing_minute`
    MissingMinute,
    /// `invalid_bar`
    InvalidBar,
    /// `illegal_transition`
    IllegalTransition,
}

impl Check {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Stale,
        Self::Spike,
        Self::Crossed,
        Self::Duplicate,
        Self::OutOfOrder,
        Self::MissingMinute,
        Self::InvalidBar,
        Self::IllegalTransition,
    ];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::Spike => "spike",
            Self::Crossed => "crossed",
            Self::Duplicate => "duplicate",
            Self::OutOfOrder => "out_of_order",
            Self::MissingMinute => "missing_minute",
            Self::InvalidBar => "invalid_bar",
            Self::IllegalTransition => "illegal_transition",
        }
    }
}

impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something wrong or doubtful in a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// What it concerns; the order id for findings about orders.
    pub instrument: InstrumentId,
    /// What was checked.
    pub check: Check,
    /// How bad it is.
    pub severity: Severity,
    /// event_id of the record.
    pub subject_id: Option<Text>,
    /// What was seen, in words.
    pub detail: Text,
    /// Figure seen.
    pub value: Option<Decimal>,
    /// Figure allowed.
    pub threshold: Option<Decimal>,
}

impl Finding {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "instrument", kind: FieldKind::Instrument },
        FieldInfo {
            name: "check",
            kind: FieldKind::Symbol(&[
                "stale",
                "spike",
                "crossed",
                "duplicate",
                "out_of_order",
                "missing_minute",
                "invalid_bar",
                "illegal_transition",
            ]),
        },
        FieldInfo { name: "severity", kind: FieldKind::Symbol(&["info", "warning", "error"]) },
        FieldInfo { name: "subject_id", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "detail", kind: FieldKind::Text },
        FieldInfo { name: "value", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "threshold", kind: FieldKind::Optional(&FieldKind::Decimal) },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, check: Check, severity: Severity) -> Self {
        Self {
            head,
            instrument: InstrumentId::default(),
            check,
            severity,
            subject_id: None,
            detail: Text::default(),
            value: None,
            threshold: None,
        }
    }
}

impl From<Finding> for Event {
    fn from(event: Finding) -> Self {
        Event::Finding(Box::new(event))
    }
}

/// Which statement it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statement {
    /// `overview`
    Overview,
    /// `income_statement`
    IncomeStatement,
    /// `balance_sheet`
    BalanceSheet,
    /// `cash_flow`
    CashFlow,
    /// `earnings`
    Earnings,
    /// `estimates`
    Estimates,
    /// `ratios`
    Ratios,
    /// `shares`
    Shares,
    /// `other`
    Other,
}

impl Statement {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Overview,
        Self::IncomeStatement,
        Self::BalanceSheet,
        Self::CashFlow,
        Self::Earnings,
        Self::Estimates,
        Self::Ratios,
        Self::Shares,
        Self::Other,
    ];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::IncomeStatement => "income_statement",
            Self::BalanceSheet => "balance_sheet",
            Self::CashFlow => "cash_flow",
            Self::Earnings => "earnings",
            Self::Estimates => "estimates",
            Self::Ratios => "ratios",
            Self::Shares => "shares",
            Self::Other => "other",
        }
    }
}

impl std::fmt::Display for Statement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What time it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// `annual`
    Annual,
    /// `quarterly`
    Quarterly,
    /// `trailing`
    Trailing,
    /// `point`
    Point,
}

impl Period {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Annual, Self::Quarterly, Self::Trailing, Self::Point];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Annual => "annual",
            Self::Quarterly => "quarterly",
            Self::Trailing => "trailing",
            Self::Point => "point",
        }
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a company reports or is estimated to report: one statement of one period, or an overview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fundamental {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Our identity of the instrument, SYMBOL.VENUE, for example BAC.US.
    pub instrument: InstrumentId,
    /// The vendor's own spelling of the instrument.
    pub symbol: Text,
    /// What it is, the same whenever it is restated: system, statement, period and its end, for example alpha_vantage:income_statement:annual:2025-12-31.
    pub fundamental_id: Text,
    /// Which statement it is.
    pub statement: Statement,
    /// What time it is about; a point for what holds at one moment, such as an overview.
    pub period: Period,
    /// Last day of the fiscal period.
    pub period_end: Option<Date>,
    /// When it was or will be published.
    pub report_date: Option<Date>,
    /// Currency of the amounts, ISO 4217.
    pub currency: Option<Text>,
    /// Every number, by the vendor's name for it in snake case; absent where the vendor has none.
    pub values: BTreeMap<Text, Decimal>,
    /// Everything that is not a number, by the vendor's name for it in snake case.
    pub texts: BTreeMap<Text, Text>,
}

impl Fundamental {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "instrument", kind: FieldKind::Instrument },
        FieldInfo { name: "symbol", kind: FieldKind::Text },
        FieldInfo { name: "fundamental_id", kind: FieldKind::Text },
        FieldInfo {
            name: "statement",
            kind: FieldKind::Symbol(&[
                "overview",
                "income_statement",
                "balance_sheet",
                "cash_flow",
                "earnings",
                "estimates",
                "ratios",
                "shares",
                "other",
            ]),
        },
        FieldInfo {
            name: "period",
            kind: FieldKind::Symbol(&["annual", "quarterly", "trailing", "point"]),
        },
        FieldInfo { name: "period_end", kind: FieldKind::Optional(&FieldKind::Date) },
        FieldInfo { name: "report_date", kind: FieldKind::Optional(&FieldKind::Date) },
        FieldInfo { name: "currency", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "values", kind: FieldKind::Map(&FieldKind::Decimal) },
        FieldInfo { name: "texts", kind: FieldKind::Map(&FieldKind::Text) },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, statement: Statement, period: Period) -> Self {
        Self {
            head,
            instrument: InstrumentId::default(),
            symbol: Text::default(),
            fundamental_id: Text::default(),
            statement,
            period,
            period_end: None,
            report_date: None,
            currency: None,
            values: BTreeMap::new(),
            texts: BTreeMap::new(),
        }
    }
}

impl From<Fundamental> for Event {
    fn from(event: Fundamental) -> Self {
        Event::Fundamental(Box::new(event))
    }
}

/// Where a gap stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapStatus {
    /// `opened`
    Opened,
    /// `closed`
    Closed,
    /// `unrecoverable`
    Unrecoverable,
}

impl GapStatus {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Opened, Self::Closed, Self::Unrecoverable];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::Unrecoverable => "unrecoverable",
        }
    }
}

impl std::fmt::Display for GapStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Records known or feared missing from a feed, and their repair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Our identity of the instrument, SYMBOL.VENUE, for example BAC.US.
    pub instrument: InstrumentId,
    /// Joins the opening of a gap with its closing.
    pub gap_id: Text,
    /// The source whose feed has the gap.
    pub component: Text,
    /// Opened when noticed; closed once everything between its bounds is published; unrecoverable when the vendor cannot say what was missed.
    pub status: GapStatus,
    /// Nothing before this is missing.
    pub from_time: Timestamp,
    /// Nothing after this is missing; null while the feed is still down.
    pub to_time: Option<Timestamp>,
    /// What made us notice.
    pub reason: Text,
    /// Records published by the repair that had been missing.
    pub recovered: Option<i64>,
}

impl Gap {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "instrument", kind: FieldKind::Instrument },
        FieldInfo { name: "gap_id", kind: FieldKind::Text },
        FieldInfo { name: "component", kind: FieldKind::Text },
        FieldInfo {
            name: "status",
            kind: FieldKind::Symbol(&["opened", "closed", "unrecoverable"]),
        },
        FieldInfo { name: "from_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "to_time", kind: FieldKind::Optional(&FieldKind::Timestamp) },
        FieldInfo { name: "reason", kind: FieldKind::Text },
        FieldInfo { name: "recovered", kind: FieldKind::Optional(&FieldKind::Long) },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, status: GapStatus) -> Self {
        Self {
            head,
            instrument: InstrumentId::default(),
            gap_id: Text::default(),
            component: Text::default(),
            status,
            from_time: Default::default(),
            to_time: None,
            reason: Text::default(),
            recovered: None,
        }
    }
}

impl From<Gap> for Event {
    fn from(event: Gap) -> Self {
        Event::Gap(Box::new(event))
    }
}

/// Kind of instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetClass {
    /// `equity`
    Equity,
    /// `option`
    Option,
    /// `crypto`
    Crypto,
    /// `fx`
    Fx,
    /// `index`
    Index,
    /// `future`
    Future,
    /// `bond`
    Bond,
    /// `other`
    Other,
}

impl AssetClass {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Equity,
        Self::Option,
        Self::Crypto,
        Self::Fx,
        Self::Index,
        Self::Future,
        Self::Bond,
        Self::Other,
    ];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equity => "equity",
            Self::Option => "option",
            Self::Crypto => "crypto",
            Self::Fx => "fx",
            Self::Index => "index",
            Self::Future => "future",
            Self::Bond => "bond",
            Self::Other => "other",
        }
    }
}

impl std::fmt::Display for AssetClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What can be traded and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instrument {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Our identity of the instrument, SYMBOL.VENUE, for example BAC.US.
    pub instrument: InstrumentId,
    /// The vendor's own spelling of the instrument.
    pub symbol: Text,
    /// Name of the issue.
    pub name: Option<Text>,
    /// Kind of instrument.
    pub asset_class: AssetClass,
    /// Listing venue as the vendor writes it.
    pub venue: Option<Text>,
    /// ISO 4217 code of its price.
    pub currency: Text,
    /// The vendor's stable id.
    pub broker_instrument_id: Option<Text>,
    /// Whether it is listed now.
    pub is_active: bool,
    /// Whether this broker takes orders for it.
    pub is_tradable: bool,
    /// Whether this broker lets it be sold short.
    pub is_shortable: Option<bool>,
    /// Whether it trades in fractions.
    pub is_fractionable: Option<bool>,
    /// Smallest step of a price.
    pub price_increment: Option<Decimal>,
    /// Smallest step of a quantity.
    pub quantity_increment: Option<Decimal>,
    /// Smallest order.
    pub minimum_quantity: Option<Decimal>,
    /// Units of the underlying for one contract.
    pub multiplier: Option<Decimal>,
}

impl Instrument {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "instrument", kind: FieldKind::Instrument },
        FieldInfo { name: "symbol", kind: FieldKind::Text },
        FieldInfo { name: "name", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo {
            name: "asset_class",
            kind: FieldKind::Symbol(&[
                "equity", "option", "crypto", "fx", "index", "future", "bond", "other",
            ]),
        },
        FieldInfo { name: "venue", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "currency", kind: FieldKind::Text },
        FieldInfo { name: "broker_instrument_id", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "is_active", kind: FieldKind::Bool },
        FieldInfo { name: "is_tradable", kind: FieldKind::Bool },
        FieldInfo { name: "is_shortable", kind: FieldKind::Optional(&FieldKind::Bool) },
        FieldInfo { name: "is_fractionable", kind: FieldKind::Optional(&FieldKind::Bool) },
        FieldInfo { name: "price_increment", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "quantity_increment", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "minimum_quantity", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "multiplier", kind: FieldKind::Optional(&FieldKind::Decimal) },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, asset_class: AssetClass) -> Self {
        Self {
            head,
            instrument: InstrumentId::default(),
            symbol: Text::default(),
            name: None,
            asset_class,
            venue: None,
            currency: Text::default(),
            broker_instrument_id: None,
            is_active: false,
            is_tradable: false,
            is_shortable: None,
            is_fractionable: None,
            price_increment: None,
            quantity_increment: None,
            minimum_quantity: None,
            multiplier: None,
        }
    }
}

impl From<Instrument> for Event {
    fn from(event: Instrument) -> Self {
        Event::Instrument(Box::new(event))
    }
}

/// The state of a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketState {
    /// `open`
    Open,
    /// `closed`
    Closed,
    /// `early_trading`
    EarlyTrading,
    /// `late_trading`
    LateTrading,
}

impl MarketState {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] =
        &[Self::Open, Self::Closed, Self::EarlyTrading, Self::LateTrading];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::EarlyTrading => "early_trading",
            Self::LateTrading => "late_trading",
        }
    }
}

impl std::fmt::Display for MarketState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a market is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarketStatus {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// The market: a MIC where the vendor gives one, otherwise the vendor's name for it.
    pub market: Text,
    /// The day it is about as YYYY-MM-DD; empty for the state right now.
    pub day: Text,
    /// Its state.
    pub status: MarketState,
    /// When it opens that day.
    pub open_time: Option<Timestamp>,
    /// When it closes that day.
    pub close_time: Option<Timestamp>,
    /// Why, for example the name of a holiday.
    pub reason: Option<Text>,
}

impl MarketStatus {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "market", kind: FieldKind::Text },
        FieldInfo { name: "day", kind: FieldKind::Text },
        FieldInfo {
            name: "status",
            kind: FieldKind::Symbol(&["open", "closed", "early_trading", "late_trading"]),
        },
        FieldInfo { name: "open_time", kind: FieldKind::Optional(&FieldKind::Timestamp) },
        FieldInfo { name: "close_time", kind: FieldKind::Optional(&FieldKind::Timestamp) },
        FieldInfo { name: "reason", kind: FieldKind::Optional(&FieldKind::Text) },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, status: MarketState) -> Self {
        Self {
            head,
            market: Text::default(),
            day: Text::default(),
            status,
            open_time: None,
            close_time: None,
            reason: None,
        }
    }
}

impl From<MarketStatus> for Event {
    fn from(event: MarketStatus) -> Self {
        Event::MarketStatus(Box::new(event))
    }
}

/// How a piece of news speaks of one instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sentiment {
    /// Our identity of the instrument, SYMBOL.VENUE, for example BAC.US.
    pub instrument: InstrumentId,
    /// The vendor's own spelling of the instrument.
    pub symbol: Text,
    /// How much it is about the instrument, from 0 to 1.
    pub relevance: Option<Decimal>,
    /// How well it speaks of the instrument, in the vendor's scale.
    pub score: Option<Decimal>,
    /// The same in the vendor's words.
    pub label: Option<Text>,
    /// Why the vendor thinks so.
    pub reason: Option<Text>,
}

impl Sentiment {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "instrument", kind: FieldKind::Instrument },
        FieldInfo { name: "symbol", kind: FieldKind::Text },
        FieldInfo { name: "relevance", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "score", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "label", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "reason", kind: FieldKind::Optional(&FieldKind::Text) },
    ];
}

/// A news story.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewsItem {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// The vendor's id of the story.
    pub news_id: Text,
    /// Headline, entities decoded.
    pub headline: Text,
    /// Summary, entities decoded.
    pub summary: Option<Text>,
    /// Body as sent, usually HTML.
    pub content: Option<Text>,
    /// Who wrote it.
    pub author: Option<Text>,
    /// Who published it.
    pub publisher: Option<Text>,
    /// Where it can be read.
    pub url: Option<Text>,
    /// Our identities of the instruments it is about.
    pub instruments: Vec<InstrumentId>,
    /// The vendor's spelling of them.
    pub symbols: Vec<Text>,
    /// When it was last changed.
    pub updated_time: Timestamp,
    /// What it is about, in the vendor's words.
    pub topics: Vec<Text>,
    /// How well it speaks of its subject, in the vendor's scale.
    pub sentiment_score: Option<Decimal>,
    /// The same in the vendor's words.
    pub sentiment_label: Option<Text>,
    /// How it speaks of each instrument.
    pub sentiments: Vec<Sentiment>,
}

impl NewsItem {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "news_id", kind: FieldKind::Text },
        FieldInfo { name: "headline", kind: FieldKind::Text },
        FieldInfo { name: "summary", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "content", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "author", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "publisher", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "url", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "instruments", kind: FieldKind::List(&FieldKind::Instrument) },
        FieldInfo { name: "symbols", kind: FieldKind::List(&FieldKind::Text) },
        FieldInfo { name: "updated_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "topics", kind: FieldKind::List(&FieldKind::Text) },
        FieldInfo { name: "sentiment_score", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "sentiment_label", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo {
            name: "sentiments",
            kind: FieldKind::List(&FieldKind::Record(Sentiment::FIELDS)),
        },
    ];

    /// One with this head that says nothing else: for what is to be filled in.
    pub fn blank(head: Head) -> Self {
        Self {
            head,
            news_id: Text::default(),
            headline: Text::default(),
            summary: None,
            content: None,
            author: None,
            publisher: None,
            url: None,
            instruments: Vec::new(),
            symbols: Vec::new(),
            updated_time: Default::default(),
            topics: Vec::new(),
            sentiment_score: None,
            sentiment_label: None,
            sentiments: Vec::new(),
        }
    }
}

impl From<NewsItem> for Event {
    fn from(event: NewsItem) -> Self {
        Event::NewsItem(Box::new(event))
    }
}

/// Something that was done, for the writer of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Who did it: system.component, or a program.
    pub actor: Text,
    /// What was done, for example credential.renewed or configuration.started.
    pub action: Text,
    /// To what: a system, a component, a setting.
    pub subject: Text,
    /// What else is worth knowing, by its name; never a secret.
    pub details: BTreeMap<Text, Text>,
}

impl Note {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "actor", kind: FieldKind::Text },
        FieldInfo { name: "action", kind: FieldKind::Text },
        FieldInfo { name: "subject", kind: FieldKind::Text },
        FieldInfo { name: "details", kind: FieldKind::Map(&FieldKind::Text) },
    ];

    /// One with this head that says nothing else: for what is to be filled in.
    pub fn blank(head: Head) -> Self {
        Self {
            head,
            actor: Text::default(),
            action: Text::default(),
            subject: Text::default(),
            details: BTreeMap::new(),
        }
    }
}

impl From<Note> for Event {
    fn from(event: Note) -> Self {
        Event::Note(Box::new(event))
    }
}

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderEventKind {
    /// `approved`
    Approved,
    /// `denied`
    Denied,
    /// `submitted`
    Submitted,
    /// `not_sent`
    NotSent,
    /// `outcome_unknown`
    OutcomeUnknown,
    /// `pending_new`
    PendingNew,
    /// `accepted`
    Accepted,
    /// `new`
    New,
    /// `held`
    Held,
    /// `partially_filled`
    PartiallyFilled,
    /// `filled`
    Filled,
    /// `canceled`
    Canceled,
    /// `expired`
    Expired,
    /// `done_for_day`
    DoneForDay,
    /// `rejected`
    Rejected,
    /// `replaced`
    Replaced,
    /// `pending_cancel`
    PendingCancel,
    /// `pending_replace`
    PendingReplace,
    /// `stopped`
    Stopped,
    /// `suspended`
    Suspended,
    /// `calculated`
    Calculated,
    /// `cancel_rejected`
    CancelRejected,
    /// `replace_rejected`
    ReplaceRejected,
    /// `restated`
    Restated,
}

impl OrderEventKind {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Approved,
        Self::Denied,
        Self::Submitted,
        Self::NotSent,
        Self::OutcomeUnknown,
        Self::PendingNew,
        Self::Accepted,
        Self::New,
        Self::Held,
        Self::PartiallyFilled,
        Self::Filled,
        Self::Canceled,
        Self::Expired,
        Self::DoneForDay,
        Self::Rejected,
        Self::Replaced,
        Self::PendingCancel,
        Self::PendingReplace,
        Self::Stopped,
        Self::Suspended,
        Self::Calculated,
        Self::CancelRejected,
        Self::ReplaceRejected,
        Self::Restated,
    ];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Submitted => "submitted",
            Self::NotSent => "not_sent",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::PendingNew => "pending_new",
            Self::Accepted => "accepted",
            Self::New => "new",
            Self::Held => "held",
            Self::PartiallyFilled => "partially_filled",
            Self::Filled => "filled",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::DoneForDay => "done_for_day",
            Self::Rejected => "rejected",
            Self::Replaced => "replaced",
            Self::PendingCancel => "pending_cancel",
            Self::PendingReplace => "pending_replace",
            Self::Stopped => "stopped",
            Self::Suspended => "suspended",
            Self::Calculated => "calculated",
            Self::CancelRejected => "cancel_rejected",
            Self::ReplaceRejected => "replace_rejected",
            Self::Restated => "restated",
        }
    }
}

impl std::fmt::Display for OrderEventKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One change of an order, as we or the broker report it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderEvent {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Our id of the order; the broker's id for an order that was not placed through us.
    pub order_id: Text,
    /// Our account the record belongs to.
    pub account: Text,
    /// Id of the system (the connection to a broker) that reported it.
    pub system: Text,
    /// The account number at the broker.
    pub broker_account: Text,
    /// What happened.
    pub kind: OrderEventKind,
    /// The request it answers, where known.
    pub request_id: Option<Text>,
    /// What that request asks for; null in the broker's own reports.
    pub action: Option<OrderAction>,
    /// The broker's id.
    pub broker_order_id: Option<Text>,
    /// The id we gave the broker.
    pub client_order_id: Option<Text>,
    /// What is traded.
    pub instrument: Option<InstrumentId>,
    /// Direction.
    pub side: Option<Side>,
    /// How it is priced.
    pub order_type: Option<OrderType>,
    /// How long it works.
    pub time_in_force: Option<TimeInForce>,
    /// Units ordered.
    pub quantity: Option<Decimal>,
    /// Money ordered.
    pub notional: Option<Decimal>,
    /// Limit price.
    pub limit_price: Option<Decimal>,
    /// Stop price.
    pub stop_price: Option<Decimal>,
    /// Units filled so far of this broker order.
    pub filled_quantity: Option<Decimal>,
    /// Average price of those.
    pub average_price: Option<Decimal>,
    /// Units of this execution.
    pub last_quantity: Option<Decimal>,
    /// Price of this execution.
    pub last_price: Option<Decimal>,
    /// Broker id of the order that replaces it.
    pub replaced_by: Option<Text>,
    /// Broker id of the order it replaces.
    pub replaces: Option<Text>,
    /// Why, in the reporter's words.
    pub reason: Option<Text>,
}

impl OrderEvent {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "order_id", kind: FieldKind::Text },
        FieldInfo { name: "account", kind: FieldKind::Text },
        FieldInfo { name: "system", kind: FieldKind::Text },
        FieldInfo { name: "broker_account", kind: FieldKind::Text },
        FieldInfo {
            name: "kind",
            kind: FieldKind::Symbol(&[
                "approved",
                "denied",
                "submitted",
                "not_sent",
                "outcome_unknown",
                "pending_new",
                "accepted",
                "new",
                "held",
                "partially_filled",
                "filled",
                "canceled",
                "expired",
                "done_for_day",
                "rejected",
                "replaced",
                "pending_cancel",
                "pending_replace",
                "stopped",
                "suspended",
                "calculated",
                "cancel_rejected",
                "replace_rejected",
                "restated",
            ]),
        },
        FieldInfo { name: "request_id", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo {
            name: "action",
            kind: FieldKind::Optional(&FieldKind::Symbol(&["place", "replace", "cancel"])),
        },
        FieldInfo { name: "broker_order_id", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "client_order_id", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "instrument", kind: FieldKind::Optional(&FieldKind::Instrument) },
        FieldInfo { name: "side", kind: FieldKind::Optional(&FieldKind::Symbol(&["buy", "sell"])) },
        FieldInfo {
            name: "order_type",
            kind: FieldKind::Optional(&FieldKind::Symbol(&[
                "market",
                "limit",
                "stop",
                "stop_limit",
                "trailing_stop",
            ])),
        },
        FieldInfo {
            name: "time_in_force",
            kind: FieldKind::Optional(&FieldKind::Symbol(&[
                "day", "gtc", "opg", "cls", "ioc", "fok",
            ])),
        },
        FieldInfo { name: "quantity", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "notional", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "limit_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "stop_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "filled_quantity", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "average_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "last_quantity", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "last_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "replaced_by", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "replaces", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "reason", kind: FieldKind::Optional(&FieldKind::Text) },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, kind: OrderEventKind) -> Self {
        Self {
            head,
            order_id: Text::default(),
            account: Text::default(),
            system: Text::default(),
            broker_account: Text::default(),
            kind,
            request_id: None,
            action: None,
            broker_order_id: None,
            client_order_id: None,
            instrument: None,
            side: None,
            order_type: None,
            time_in_force: None,
            quantity: None,
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
}

impl From<OrderEvent> for Event {
    fn from(event: OrderEvent) -> Self {
        Event::OrderEvent(Box::new(event))
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// `approved`
    Approved,
    /// `denied`
    Denied,
    /// `submitted`
    Submitted,
    /// `not_sent`
    NotSent,
    /// `unknown`
    Unknown,
    /// `pending_new`
    PendingNew,
    /// `accepted`
    Accepted,
    /// `new`
    New,
    /// `held`
    Held,
    /// `partially_filled`
    PartiallyFilled,
    /// `filled`
    Filled,
    /// `canceled`
    Canceled,
    /// `expired`
    Expired,
    /// `rejected`
    Rejected,
    /// `pending_cancel`
    PendingCancel,
    /// `pending_replace`
    PendingReplace,
    /// `suspended`
    Suspended,
}

impl OrderStatus {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Approved,
        Self::Denied,
        Self::Submitted,
        Self::NotSent,
        Self::Unknown,
        Self::PendingNew,
        Self::Accepted,
        Self::New,
        Self::Held,
        Self::PartiallyFilled,
        Self::Filled,
        Self::Canceled,
        Self::Expired,
        Self::Rejected,
        Self::PendingCancel,
        Self::PendingReplace,
        Self::Suspended,
    ];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Submitted => "submitted",
            Self::NotSent => "not_sent",
            Self::Unknown => "unknown",
            Self::PendingNew => "pending_new",
            Self::Accepted => "accepted",
            Self::New => "new",
            Self::Held => "held",
            Self::PartiallyFilled => "partially_filled",
            Self::Filled => "filled",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::PendingCancel => "pending_cancel",
            Self::PendingReplace => "pending_replace",
            Self::Suspended => "suspended",
        }
    }
}

impl std::fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The current answer of the order state machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderState {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Our id of the order.
    pub order_id: Text,
    /// Our account the record belongs to.
    pub account: Text,
    /// Id of the system (the connection to a broker) that reported it.
    pub system: Text,
    /// The account number at the broker.
    pub broker_account: Text,
    /// Where the order stands.
    pub status: OrderStatus,
    /// Whether nothing more can happen.
    pub is_terminal: bool,
    /// The broker's current id.
    pub broker_order_id: Option<Text>,
    /// What is traded.
    pub instrument: Option<InstrumentId>,
    /// Direction.
    pub side: Option<Side>,
    /// How it is priced.
    pub order_type: Option<OrderType>,
    /// How long it works.
    pub time_in_force: Option<TimeInForce>,
    /// Units ordered.
    pub quantity: Option<Decimal>,
    /// Money ordered.
    pub notional: Option<Decimal>,
    /// Limit price.
    pub limit_price: Option<Decimal>,
    /// Stop price.
    pub stop_price: Option<Decimal>,
    /// Units filled so far.
    pub filled_quantity: Decimal,
    /// Average price of those.
    pub average_price: Option<Decimal>,
    /// Time of the first event.
    pub created_time: Timestamp,
    /// Why it was denied, rejected or is unknown.
    pub reason: Option<Text>,
    /// Events applied so far.
    pub event_count: i64,
    /// The event that led here.
    pub last_event_id: Text,
}

impl OrderState {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "order_id", kind: FieldKind::Text },
        FieldInfo { name: "account", kind: FieldKind::Text },
        FieldInfo { name: "system", kind: FieldKind::Text },
        FieldInfo { name: "broker_account", kind: FieldKind::Text },
        FieldInfo {
            name: "status",
            kind: FieldKind::Symbol(&[
                "approved",
                "denied",
                "submitted",
                "not_sent",
                "unknown",
                "pending_new",
                "accepted",
                "new",
                "held",
                "partially_filled",
                "filled",
                "canceled",
                "expired",
                "rejected",
                "pending_cancel",
                "pending_replace",
                "suspended",
            ]),
        },
        FieldInfo { name: "is_terminal", kind: FieldKind::Bool },
        FieldInfo { name: "broker_order_id", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "instrument", kind: FieldKind::Optional(&FieldKind::Instrument) },
        FieldInfo { name: "side", kind: FieldKind::Optional(&FieldKind::Symbol(&["buy", "sell"])) },
        FieldInfo {
            name: "order_type",
            kind: FieldKind::Optional(&FieldKind::Symbol(&[
                "market",
                "limit",
                "stop",
                "stop_limit",
                "trailing_stop",
            ])),
        },
        FieldInfo {
            name: "time_in_force",
            kind: FieldKind::Optional(&FieldKind::Symbol(&[
                "day", "gtc", "opg", "cls", "ioc", "fok",
            ])),
        },
        FieldInfo { name: "quantity", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "notional", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "limit_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "stop_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "filled_quantity", kind: FieldKind::Decimal },
        FieldInfo { name: "average_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "created_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "reason", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "event_count", kind: FieldKind::Long },
        FieldInfo { name: "last_event_id", kind: FieldKind::Text },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, status: OrderStatus) -> Self {
        Self {
            head,
            order_id: Text::default(),
            account: Text::default(),
            system: Text::default(),
            broker_account: Text::default(),
            status,
            is_terminal: false,
            broker_order_id: None,
            instrument: None,
            side: None,
            order_type: None,
            time_in_force: None,
            quantity: None,
            notional: None,
            limit_price: None,
            stop_price: None,
            filled_quantity: Decimal::ZERO,
            average_price: None,
            created_time: Default::default(),
            reason: None,
            event_count: 0,
            last_event_id: Text::default(),
        }
    }
}

impl From<OrderState> for Event {
    fn from(event: OrderState) -> Self {
        Event::OrderState(Box::new(event))
    }
}

/// What our own fills and activities add up to in one currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PortfolioCash {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Our account.
    pub account: Text,
    /// ISO 4217 code.
    pub currency: Text,
    /// Opening cash and every movement since.
    pub cash: Decimal,
    /// Cash before the first movement that we booked.
    pub opening: Decimal,
    /// Movements applied.
    pub movement_count: i64,
}

impl PortfolioCash {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "account", kind: FieldKind::Text },
        FieldInfo { name: "currency", kind: FieldKind::Text },
        FieldInfo { name: "cash", kind: FieldKind::Decimal },
        FieldInfo { name: "opening", kind: FieldKind::Decimal },
        FieldInfo { name: "movement_count", kind: FieldKind::Long },
    ];

    /// One with this head that says nothing else: for what is to be filled in.
    pub fn blank(head: Head) -> Self {
        Self {
            head,
            account: Text::default(),
            currency: Text::default(),
            cash: Decimal::ZERO,
            opening: Decimal::ZERO,
            movement_count: 0,
        }
    }
}

impl From<PortfolioCash> for Event {
    fn from(event: PortfolioCash) -> Self {
        Event::PortfolioCash(Box::new(event))
    }
}

/// What our own fills and actions add up to in one instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PortfolioPosition {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Our account.
    pub account: Text,
    /// Our identity of the instrument, SYMBOL.VENUE, for example BAC.US.
    pub instrument: InstrumentId,
    /// Units held, negative when short.
    pub quantity: Decimal,
    /// Average cost of one unit; null when nothing is held.
    pub average_price: Option<Decimal>,
    /// Average cost of all units, signed as the quantity.
    pub cost: Decimal,
    /// Profit of closed quantity, by average cost.
    pub realized_profit: Decimal,
    /// ISO 4217 code.
    pub currency: Text,
    /// Fills applied.
    pub fill_count: i64,
    /// The fill that led here.
    pub last_execution_id: Option<Text>,
}

impl PortfolioPosition {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "account", kind: FieldKind::Text },
        FieldInfo { name: "instrument", kind: FieldKind::Instrument },
        FieldInfo { name: "quantity", kind: FieldKind::Decimal },
        FieldInfo { name: "average_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "cost", kind: FieldKind::Decimal },
        FieldInfo { name: "realized_profit", kind: FieldKind::Decimal },
        FieldInfo { name: "currency", kind: FieldKind::Text },
        FieldInfo { name: "fill_count", kind: FieldKind::Long },
        FieldInfo { name: "last_execution_id", kind: FieldKind::Optional(&FieldKind::Text) },
    ];

    /// One with this head that says nothing else: for what is to be filled in.
    pub fn blank(head: Head) -> Self {
        Self {
            head,
            account: Text::default(),
            instrument: InstrumentId::default(),
            quantity: Decimal::ZERO,
            average_price: None,
            cost: Decimal::ZERO,
            realized_profit: Decimal::ZERO,
            currency: Text::default(),
            fill_count: 0,
            last_execution_id: None,
        }
    }
}

impl From<PortfolioPosition> for Event {
    fn from(event: PortfolioPosition) -> Self {
        Event::PortfolioPosition(Box::new(event))
    }
}

/// What the broker says is held. A quantity of zero says that nothing is held any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Our account the record belongs to.
    pub account: Text,
    /// Id of the system (the connection to a broker) that reported it.
    pub system: Text,
    /// The account number at the broker.
    pub broker_account: Text,
    /// Our identity of the instrument, SYMBOL.VENUE, for example BAC.US.
    pub instrument: InstrumentId,
    /// The vendor's own spelling of the instrument.
    pub symbol: Text,
    /// Units held, negative when short.
    pub quantity: Decimal,
    /// Average entry price.
    pub average_price: Option<Decimal>,
    /// Price used for the market value.
    pub last_price: Option<Decimal>,
    /// Value now.
    pub market_value: Option<Decimal>,
    /// What was paid.
    pub cost_basis: Option<Decimal>,
    /// Market value less cost basis.
    pub unrealized_profit: Option<Decimal>,
    /// ISO 4217 code.
    pub currency: Text,
}

impl Position {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "account", kind: FieldKind::Text },
        FieldInfo { name: "system", kind: FieldKind::Text },
        FieldInfo { name: "broker_account", kind: FieldKind::Text },
        FieldInfo { name: "instrument", kind: FieldKind::Instrument },
        FieldInfo { name: "symbol", kind: FieldKind::Text },
        FieldInfo { name: "quantity", kind: FieldKind::Decimal },
        FieldInfo { name: "average_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "last_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "market_value", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "cost_basis", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "unrealized_profit", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "currency", kind: FieldKind::Text },
    ];

    /// One with this head that says nothing else: for what is to be filled in.
    pub fn blank(head: Head) -> Self {
        Self {
            head,
            account: Text::default(),
            system: Text::default(),
            broker_account: Text::default(),
            instrument: InstrumentId::default(),
            symbol: Text::default(),
            quantity: Decimal::ZERO,
            average_price: None,
            last_price: None,
            market_value: None,
            cost_basis: None,
            unrealized_profit: None,
            currency: Text::default(),
        }
    }
}

impl From<Position> for Event {
    fn from(event: Position) -> Self {
        Event::Position(Box::new(event))
    }
}

/// One key's state of a processor, from which it restores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessorState {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Name of the processor.
    pub processor: Text,
    /// Key of the state.
    pub key: Text,
    /// The state, as JSON.
    pub state: Vec<u8>,
}

impl ProcessorState {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "processor", kind: FieldKind::Text },
        FieldInfo { name: "key", kind: FieldKind::Text },
        FieldInfo { name: "state", kind: FieldKind::Bytes },
    ];

    /// One with this head that says nothing else: for what is to be filled in.
    pub fn blank(head: Head) -> Self {
        Self { head, processor: Text::default(), key: Text::default(), state: Vec::new() }
    }
}

impl From<ProcessorState> for Event {
    fn from(event: ProcessorState) -> Self {
        Event::ProcessorState(Box::new(event))
    }
}

/// Best bid and ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Our identity of the instrument, SYMBOL.VENUE, for example BAC.US.
    pub instrument: InstrumentId,
    /// The vendor's own spelling of the instrument.
    pub symbol: Text,
    /// Best bid; null when nobody bids.
    pub bid_price: Option<Decimal>,
    /// Units bid for; null when nobody bids.
    pub bid_quantity: Option<Decimal>,
    /// The vendor's code of the venue of the bid.
    pub bid_venue: Option<Text>,
    /// Best ask; null when nobody offers.
    pub ask_price: Option<Decimal>,
    /// Units offered; null when nobody offers.
    pub ask_quantity: Option<Decimal>,
    /// The vendor's code of the venue of the ask.
    pub ask_venue: Option<Text>,
    /// Quote condition codes as the vendor writes them.
    pub conditions: Vec<Text>,
    /// Consolidated tape, as the vendor writes it.
    pub tape: Option<Text>,
}

impl Quote {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "instrument", kind: FieldKind::Instrument },
        FieldInfo { name: "symbol", kind: FieldKind::Text },
        FieldInfo { name: "bid_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "bid_quantity", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "bid_venue", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "ask_price", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "ask_quantity", kind: FieldKind::Optional(&FieldKind::Decimal) },
        FieldInfo { name: "ask_venue", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "conditions", kind: FieldKind::List(&FieldKind::Text) },
        FieldInfo { name: "tape", kind: FieldKind::Optional(&FieldKind::Text) },
    ];

    /// One with this head that says nothing else: for what is to be filled in.
    pub fn blank(head: Head) -> Self {
        Self {
            head,
            instrument: InstrumentId::default(),
            symbol: Text::default(),
            bid_price: None,
            bid_quantity: None,
            bid_venue: None,
            ask_price: None,
            ask_quantity: None,
            ask_venue: None,
            conditions: Vec::new(),
            tape: None,
        }
    }
}

impl From<Quote> for Event {
    fn from(event: Quote) -> Self {
        Event::Quote(Box::new(event))
    }
}

/// Why something is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunTrigger {
    /// `schedule`
    Schedule,
    /// `catch_up`
    CatchUp,
    /// `asked`
    Asked,
}

impl RunTrigger {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Schedule, Self::CatchUp, Self::Asked];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::CatchUp => "catch_up",
            Self::Asked => "asked",
        }
    }
}

impl std::fmt::Display for RunTrigger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// `planned`
    Planned,
    /// `asked`
    Asked,
    /// `started`
    Started,
    /// `finished`
    Finished,
    /// `failed`
    Failed,
    /// `skipped`
    Skipped,
}

impl RunStatus {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] =
        &[Self::Planned, Self::Asked, Self::Started, Self::Finished, Self::Failed, Self::Skipped];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Asked => "asked",
            Self::Started => "started",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl std::fmt::Display for RunStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A run of something that is done on a schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// What is run, by its name in the topology.
    pub job: Text,
    /// What tells the run from others of its job: when it was due, or who asked for it. The first entry of a schedule is called planned.
    pub run_id: Text,
    /// When the job is due, as the topology says.
    pub schedule: Text,
    /// schedule when it is due, catch_up when it was missed, asked when somebody asked for it.
    pub trigger: RunTrigger,
    /// planned when the schedule begins, asked until it is started, skipped when it was missed and is not caught up.
    pub status: RunStatus,
    /// When it was due, in nanoseconds since 1970-01-01 UTC.
    pub due_time: Timestamp,
    /// When it was begun last, in nanoseconds since 1970-01-01 UTC.
    pub started_time: Option<Timestamp>,
    /// When it came to its end, in nanoseconds since 1970-01-01 UTC.
    pub ended_time: Option<Timestamp>,
    /// How often it has been begun: a run that was interrupted is begun again.
    pub attempt: i64,
    /// Records that were published, or rows that were written.
    pub records: i64,
    /// What came of it, or why it failed.
    pub detail: Text,
}

impl Run {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "job", kind: FieldKind::Text },
        FieldInfo { name: "run_id", kind: FieldKind::Text },
        FieldInfo { name: "schedule", kind: FieldKind::Text },
        FieldInfo { name: "trigger", kind: FieldKind::Symbol(&["schedule", "catch_up", "asked"]) },
        FieldInfo {
            name: "status",
            kind: FieldKind::Symbol(&[
                "planned", "asked", "started", "finished", "failed", "skipped",
            ]),
        },
        FieldInfo { name: "due_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "started_time", kind: FieldKind::Optional(&FieldKind::Timestamp) },
        FieldInfo { name: "ended_time", kind: FieldKind::Optional(&FieldKind::Timestamp) },
        FieldInfo { name: "attempt", kind: FieldKind::Long },
        FieldInfo { name: "records", kind: FieldKind::Long },
        FieldInfo { name: "detail", kind: FieldKind::Text },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, trigger: RunTrigger, status: RunStatus) -> Self {
        Self {
            head,
            job: Text::default(),
            run_id: Text::default(),
            schedule: Text::default(),
            trigger,
            status,
            due_time: Default::default(),
            started_time: None,
            ended_time: None,
            attempt: 0,
            records: 0,
            detail: Text::default(),
        }
    }
}

impl From<Run> for Event {
    fn from(event: Run) -> Self {
        Event::Run(Box::new(event))
    }
}

/// A time in which nobody is told of some alerts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Which alerts: an alert's id, its component or its system; a * at the end stands for anything.
    pub pattern: Text,
    /// When they are told of again, in nanoseconds since 1970-01-01 UTC. A time that has passed ends the silence.
    pub until: Timestamp,
    /// Who asks.
    pub actor: Text,
    /// Why.
    pub reason: Option<Text>,
}

impl Silence {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "pattern", kind: FieldKind::Text },
        FieldInfo { name: "until", kind: FieldKind::Timestamp },
        FieldInfo { name: "actor", kind: FieldKind::Text },
        FieldInfo { name: "reason", kind: FieldKind::Optional(&FieldKind::Text) },
    ];

    /// One with this head that says nothing else: for what is to be filled in.
    pub fn blank(head: Head) -> Self {
        Self {
            head,
            pattern: Text::default(),
            until: Default::default(),
            actor: Text::default(),
            reason: None,
        }
    }
}

impl From<Silence> for Event {
    fn from(event: Silence) -> Self {
        Event::Silence(Box::new(event))
    }
}

/// Whether a print still stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradeStatus {
    /// `original`
    Original,
    /// `corrected`
    Corrected,
    /// `canceled`
    Canceled,
}

impl TradeStatus {
    /// Every symbol, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Original, Self::Corrected, Self::Canceled];

    /// The symbol as it is written in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Corrected => "corrected",
            Self::Canceled => "canceled",
        }
    }
}

impl std::fmt::Display for TradeStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A public print on the tape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trade {
    /// The fields that every event starts with.
    #[serde(flatten)]
    pub head: Head,
    /// Our identity of the instrument, SYMBOL.VENUE, for example BAC.US.
    pub instrument: InstrumentId,
    /// The vendor's own spelling of the instrument.
    pub symbol: Text,
    /// The vendor's id of the print; unique for an instrument, venue and day.
    pub trade_id: Text,
    /// The vendor's code of the venue where it was printed.
    pub venue: Option<Text>,
    /// Price of one unit.
    pub price: Decimal,
    /// Units traded.
    pub quantity: Decimal,
    /// Sale condition codes as the vendor writes them.
    pub conditions: Vec<Text>,
    /// Consolidated tape the print belongs to, as the vendor writes it.
    pub tape: Option<Text>,
    /// Whether the print stands, replaces an earlier one with the same trade_id, or withdraws it.
    pub status: TradeStatus,
}

impl Trade {
    /// Its fields, in the order of the schema.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "event_id", kind: FieldKind::EventId },
        FieldInfo { name: "source", kind: FieldKind::Text },
        FieldInfo { name: "event_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "received_time", kind: FieldKind::Timestamp },
        FieldInfo { name: "instrument", kind: FieldKind::Instrument },
        FieldInfo { name: "symbol", kind: FieldKind::Text },
        FieldInfo { name: "trade_id", kind: FieldKind::Text },
        FieldInfo { name: "venue", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo { name: "price", kind: FieldKind::Decimal },
        FieldInfo { name: "quantity", kind: FieldKind::Decimal },
        FieldInfo { name: "conditions", kind: FieldKind::List(&FieldKind::Text) },
        FieldInfo { name: "tape", kind: FieldKind::Optional(&FieldKind::Text) },
        FieldInfo {
            name: "status",
            kind: FieldKind::Symbol(&["original", "corrected", "canceled"]),
        },
    ];

    /// One with this head and these words that says nothing else: for what is to be filled in.
    pub fn blank(head: Head, status: TradeStatus) -> Self {
        Self {
            head,
            instrument: InstrumentId::default(),
            symbol: Text::default(),
            trade_id: Text::default(),
            venue: None,
            price: Decimal::ZERO,
            quantity: Decimal::ZERO,
            conditions: Vec::new(),
            tape: None,
            status,
        }
    }
}

impl From<Trade> for Event {
    fn from(event: Trade) -> Self {
        Event::Trade(Box::new(event))
    }
}
