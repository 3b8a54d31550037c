//! What the vendors offer. The binary passes it in, so this crate names no vendor.

use schemars::Schema;

/// Everything a topology may name.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// The connectors, one for each vendor.
    pub connectors: Vec<ConnectorEntry>,
    /// The processors.
    pub processors: Vec<ProcessorEntry>,
}

/// One vendor.
#[derive(Clone, Debug)]
pub struct ConnectorEntry {
    /// The vendor, such as `alpaca`.
    pub name: &'static str,
    /// Schema of `{connection, authentication}`: an object schema with those two properties.
    pub system_schema: Schema,
    /// Its sources and sinks.
    pub components: Vec<ComponentEntry>,
    /// Features that switch on several components: the key under `features` and their names.
    pub features: Vec<(&'static str, Vec<&'static str>)>,
}

/// One source or sink.
#[derive(Clone, Debug)]
pub struct ComponentEntry {
    /// Such as `alpaca_trades`.
    pub name: &'static str,
    /// Its key under `features`, such as `trades`.
    pub feature: &'static str,
    /// Whether it reads or delivers.
    pub kind: Kind,
    /// Schema of its settings.
    pub settings_schema: Schema,
}

/// Whether a component reads from a system or delivers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reads one feed.
    Source,
    /// Delivers records.
    Sink,
}

/// One processor.
#[derive(Clone, Debug)]
pub struct ProcessorEntry {
    /// Such as `validate`.
    pub name: &'static str,
    /// Schema of its settings.
    pub settings_schema: Schema,
}

impl Catalogue {
    /// The connector with a name.
    pub fn connector(&self, name: &str) -> Option<&ConnectorEntry> {
        self.connectors.iter().find(|entry| entry.name == name)
    }

    pub(crate) fn processor(&self, name: &str) -> Option<&ProcessorEntry> {
        self.processors.iter().find(|entry| entry.name == name)
    }
}

impl ConnectorEntry {
    /// The source that reads some data: by its name, by its feature, or by a word that means the
    /// same, as `daily_prices` and `daily_data`.
    pub fn source_of(&self, data: &str) -> Option<&ComponentEntry> {
        let sources = || self.components.iter().filter(|entry| entry.kind == Kind::Source);
        let is_named = |entry: &&ComponentEntry| entry.name == data || entry.feature == data;
        let means = |entry: &&ComponentEntry| subject(entry.feature) == subject(data);
        sources().find(is_named).or_else(|| sources().find(means))
    }

    /// What its sources read.
    pub(crate) fn source_features(&self) -> Vec<&'static str> {
        let sources = self.components.iter().filter(|entry| entry.kind == Kind::Source);
        let mut names: Vec<_> = sources.map(|entry| entry.feature).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The components that a key under `features` switches on.
    pub(crate) fn switched_by(&self, feature: &str) -> Vec<&ComponentEntry> {
        let group = self.features.iter().filter(|(name, _)| *name == feature);
        let group: Vec<&str> = group.flat_map(|(_, names)| names.iter().copied()).collect();
        let is_switched =
            |entry: &&ComponentEntry| entry.feature == feature || group.contains(&entry.name);
        self.components.iter().filter(is_switched).collect()
    }

    /// Every key that may stand under `features`.
    pub(crate) fn feature_names(&self) -> Vec<&'static str> {
        let own = self.components.iter().map(|entry| entry.feature);
        let mut names: Vec<_> = self.features.iter().map(|(name, _)| *name).chain(own).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// What data is about, without the word for data.
fn subject(data: &str) -> &str {
    let endings = ["_data", "_prices", "_bars"];
    endings.iter().find_map(|ending| data.strip_suffix(ending)).unwrap_or(data)
}
