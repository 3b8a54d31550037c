//! Mistakes that can be built in, to see whether the auditor notices.

/// One mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canary {
    /// The sink hands orders over before they are in its journal.
    SendsBeforeJournal,
    /// An outcome that is not known is taken for an order that never arrived.
    ResendsUnknown,
    /// An outcome that is not known is taken for a refusal.
    RejectsUnknown,
    /// Offsets are committed without the journal.
    SkipsJournal,
    /// A former owner of a sink or a processor can still commit.
    NoFencing,
    /// A new owner starts with an empty journal.
    ForgetsJournal,
    /// The sink takes the orders of every system for its own.
    TakesEverySystem,
    /// The clock of the sink is an hour slow.
    SlowClock,
    /// A processor commits its offsets and not its states.
    LosesStates,
    /// A processor commits its offsets and not its output.
    LosesOutput,
    /// A source publishes what a reconnect brings again.
    PublishesTwice,
    /// A source saves its cursor before its records.
    CursorRunsAhead,
    /// Withdrawn executions are not passed on.
    DropsBusts,
    /// Positions never reach the reconciliation.
    HidesPositions,
    /// The kill switch is not heard.
    DeafToHalts,
}

impl Canary {
    /// Every mistake.
    pub const ALL: &'static [Self] = &[
        Self::SendsBeforeJournal,
        Self::ResendsUnknown,
        Self::RejectsUnknown,
        Self::SkipsJournal,
        Self::NoFencing,
        Self::ForgetsJournal,
        Self::TakesEverySystem,
        Self::SlowClock,
        Self::LosesStates,
        Self::LosesOutput,
        Self::PublishesTwice,
        Self::CursorRunsAhead,
        Self::DropsBusts,
        Self::HidesPositions,
        Self::DeafToHalts,
    ];
}
