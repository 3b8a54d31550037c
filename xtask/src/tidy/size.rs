//! A vendor is a small folder.

use super::tree::{GENERIC, Tree};
use super::{Finding, conformance};

/// Lines of code about a vendor that is only read, for each of its sources.
const SOURCE_LINES: usize = 400;
/// Lines of code about a full broker: orders out, and the sources below.
const BROKER_LINES: usize = 1_500;
/// Sources that make a full broker: order updates, positions, balances, activities. A broker that
/// sells data too has more, each with an allowance of its own.
const BROKER_SOURCES: usize = 4;

/// Lines of code where no shared crate can carry the protocol, for no one else speaks it.
const OWN_PROTOCOL_LINES: &[(&str, usize)] = &[("files", 2_000)];

/// Lines of code for what makes a connector of what a user writes.
const GENERIC_LINES: usize = 1_100;

/// One connector's own code.
struct Size<'a> {
    name: &'a str,
    lines: usize,
    sources: usize,
    sinks: usize,
}

impl Size<'_> {
    fn limit(&self) -> usize {
        let own = OWN_PROTOCOL_LINES.iter().find(|(name, _)| *name == self.name);
        match (self.sources, self.sinks) {
            _ if own.is_some() => own.map_or(0, |(_, lines)| *lines),
            _ if GENERIC.contains(&self.name) => GENERIC_LINES,
            (sources, 0) => sources.max(1) * SOURCE_LINES,
            (sources, _) => BROKER_LINES + sources.saturating_sub(BROKER_SOURCES) * SOURCE_LINES,
        }
    }
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let sizes = sizes(tree);
    let too_long = sizes.iter().filter(|size| size.lines > size.limit());
    too_long
        .map(|size| {
            let message = format!(
                "{} lines of code where {} are the limit: what another vendor would need too \
                 belongs in http or session",
                size.lines,
                size.limit()
            );
            Finding::new(&format!("connectors/{}/src", size.name), 1, message)
        })
        .collect()
}

/// What there is, for the reader.
pub(super) fn table(tree: &Tree) -> Vec<String> {
    let row = |size: &Size<'_>| {
        format!(
            "connectors/{}: {} lines of code of at most {}, {} sources, {} sinks",
            size.name,
            size.lines,
            size.limit(),
            size.sources,
            size.sinks
        )
    };
    sizes(tree).iter().map(row).collect()
}

/// Code lines of every connector: neither tests nor comments nor blank lines.
fn sizes(tree: &Tree) -> Vec<Size<'_>> {
    let mut sizes: Vec<Size<'_>> = Vec::new();
    let registered: Vec<_> = conformance::registered(tree).collect();
    for (file, rust) in tree.rust() {
        let Some(path) = file.path.strip_prefix("connectors/") else { continue };
        let Some((name, "src")) = path
            .split_once('/')
            .and_then(|(name, rest)| rest.split_once('/').map(|(folder, _)| (name, folder)))
        else {
            continue;
        };
        let is_code = |(line, text): &(usize, &str)| {
            let text = text.trim();
            !text.is_empty() && !text.starts_with("//") && !rust.is_test(*line)
        };
        let code: Vec<(usize, &str)> = file.lines().filter(is_code).collect();
        match sizes.iter_mut().find(|size| size.name == name) {
            Some(size) => size.lines += code.len(),
            None => {
                let count = |kind: &str| {
                    let of = |(found, package, _): &&(_, _, _)| *found == kind && *package == name;
                    registered.iter().filter(of).count()
                };
                let (sources, sinks) = (count("source"), count("sink"));
                sizes.push(Size { name, lines: code.len(), sources, sinks });
            }
        }
    }
    sizes
}
