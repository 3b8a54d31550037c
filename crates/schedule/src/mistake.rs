//! What is wrong with a schedule.

use std::fmt;

/// What is wrong with a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// It has not five fields.
    Count { schedule: String, found: usize },
    /// A field is not what it can be.
    Field { part: String, name: &'static str, least: u32, most: u32 },
    /// A name such as `@daily` that is none.
    Name { name: String },
    /// Nobody knows the time zone.
    Zone { zone: String },
    /// It is never due.
    Never { schedule: String },
}

impl Mistake {
    /// The mistake in words; `word` quotes what the user wrote, or hides it.
    pub fn told(&self, word: &dyn Fn(&str) -> String) -> String {
        match self {
            Self::Count { schedule, found } => format!(
                "a schedule has 5 fields (minute, hour, day, month, day of the week), {} has \
                 {found}",
                word(schedule)
            ),
            Self::Field { part, name, least, most } => format!(
                "{} is no {name} of a schedule: {least} to {most}, \"*\", lists and steps",
                word(part)
            ),
            Self::Name { name } => format!(
                "there is no schedule {}: @hourly, @daily, @weekly, @monthly, @yearly, five \
                 fields, or such as \"30 minutes after close\"",
                word(name)
            ),
            Self::Zone { zone } => {
                format!("there is no time zone {}; write one such as America/New_York", word(zone))
            }
            Self::Never { schedule } => format!("{} is never due", word(schedule)),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(&|word| format!("{word:?}")))
    }
}
