//! A vendor is a small folder.

use super::tree::{GENERIC, Tree};
use super::{Finding, conformance};

/// Lines of code about a vendor that is only read, for each of its sources.
const SOURCE_LINES: usize = 400;
/// Lines of code about a full broker: the session, orders out, and the sources below.
const BROKER_LINES: usize = 1_500;
/// Sources that make a full broker: order updates, positions, balances, activities.
const BROKER_SOURCES: usize = 4;
/// Files of a broker's connector that are about what it sells or tells beside: each such source has
/// an allowance of its own.
const BESIDE: [&str; 9] = [
    "corporate_actions.rs",
    "history.rs",
    "instruments.rs",
    "map/market.rs",
    "map/reference.rs",
    "market_data.rs",
    "news.rs",
    "past.rs",
    "settings/market.rs",
];

/// Lines of code where no shared crate can carry the protocol, for no one else speaks it.
const OWN_PROTOCOL_LINES: &[(&str, usize)] = &[("files", 2_000)];

/// Lines of code for what makes a connector of what a user writes.
const GENERIC_LINES: usize = 1_100;

/// One connector's own code.
struct Size<'a> {
    name: &'a str,
    lines: usize,
    /// Of these, lines in files that are [`BESIDE`].
    beside: usize,
    sources: usize,
    sinks: usize,
}

impl Size<'_> {
    /// What is counted, how many lines that is and how many are the limit.
    fn parts(&self) -> Vec<(&'static str, usize, usize)> {
        let own = OWN_PROTOCOL_LINES.iter().find(|(name, _)| *name == self.name);
        let whole = |limit| vec![("lines of code", self.lines, limit)];
        match (own, self.sinks) {
            (Some((_, limit)), _) => whole(*limit),
            _ if GENERIC.contains(&self.name) => whole(GENERIC_LINES),
            (None, 0) => whole(self.sources.max(1) * SOURCE_LINES),
            (None, _) => {
                let beside = self.sources.saturating_sub(BROKER_SOURCES) * SOURCE_LINES;
                vec![
                    ("lines of code about the broker", self.lines - self.beside, BROKER_LINES),
                    ("lines of code about its other sources", self.beside, beside),
                ]
            }
        }
    }
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for size in sizes(tree) {
        let too_long = size.parts().into_iter().filter(|(_, lines, limit)| lines > limit);
        findings.extend(too_long.map(|(what, lines, limit)| {
            let message = format!(
                "{lines} {what} where {limit} are the limit: what another vendor would need too \
                 belongs in http or session"
            );
            Finding::new(&format!("connectors/{}/src", size.name), 1, message)
        }));
    }
    findings
}

/// What there is, for the reader.
pub(super) fn table(tree: &Tree) -> Vec<String> {
    let row = |size: &Size<'_>| {
        let part = |(what, lines, limit)| format!("{lines} {what} of at most {limit}");
        let parts: Vec<String> = size.parts().into_iter().map(part).collect();
        let (sources, sinks) = (size.sources, size.sinks);
        let parts = parts.join(", ");
        format!("connectors/{}: {parts}; {sources} sources, {sinks} sinks", size.name)
    };
    sizes(tree).iter().map(row).collect()
}

/// Code lines of every connector: neither tests nor comments nor blank lines.
fn sizes(tree: &Tree) -> Vec<Size<'_>> {
    let mut sizes: Vec<Size<'_>> = Vec::new();
    let registered: Vec<_> = conformance::registered(tree).collect();
    for (file, rust) in tree.rust() {
        let Some(path) = file.path.strip_prefix("connectors/") else { continue };
        let Some((name, inside)) = path.split_once("/src/") else { continue };
        let is_code = |(line, text): &(usize, &str)| {
            let text = text.trim();
            !text.is_empty() && !text.starts_with("//") && !rust.is_test(*line)
        };
        let lines = file.lines().filter(is_code).count();
        let index = sizes.iter().position(|size| size.name == name).unwrap_or_else(|| {
            let count = |kind: &str| {
                let of = |(found, package, _): &&(_, _, _)| *found == kind && *package == name;
                registered.iter().filter(of).count()
            };
            let (sources, sinks) = (count("source"), count("sink"));
            sizes.push(Size { name, lines: 0, beside: 0, sources, sinks });
            sizes.len() - 1
        });
        sizes[index].lines += lines;
        sizes[index].beside += if BESIDE.contains(&inside) { lines } else { 0 };
    }
    sizes
}
