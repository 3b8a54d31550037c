//! Looks for a seed that fails, and for the shortest plan that still does.

use std::fmt;

use crate::audit::Violation;
use crate::canary::Canary;
use crate::world::{plan, run};

/// Runs that are spent on making a plan shorter.
const MAX_RUNS: usize = 1_500;
/// Lines of a trace that are shown at most.
const MAX_LINES: usize = 120;

/// How lines about faults end.
const FAULTS: [&str; 10] = [
    "is killed",
    "sleeps and is replaced",
    "wakes up",
    "is away",
    "starts again",
    "the commit fails",
    "is fenced",
    "commits and does not hear of it",
    "cannot connect",
    "the faults are over",
];

/// A run that ended badly.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed of the run.
    pub seed: u64,
    /// Its steps.
    pub steps: usize,
    /// The first thing that was wrong in it.
    pub first: Violation,
    /// The same after everything was left out that could be.
    pub shortest: Violation,
    /// Which steps of the plan were needed.
    pub needed: Vec<usize>,
    /// What happens in the shortest run.
    pub trace: Vec<String>,
}

/// Runs a seed. If it fails, the plan is made as short as can be.
pub fn seek(seed: u64, steps: usize, canary: Option<Canary>) -> Option<Box<Failure>> {
    let whole = plan(seed, steps);
    let report = run(&whole, canary);
    let first = report.violations.first()?.clone();
    let needed = shortest(&whole, first.rule, canary);
    let report = run(&kept(&whole, &needed), canary);
    let shortest = report.violations.into_iter().find(|v| v.rule == first.rule);
    let shortest = shortest.unwrap_or_else(|| first.clone());
    Some(Box::new(Failure { seed, steps, first, shortest, needed, trace: report.trace }))
}

/// Leaves out ever smaller stretches of the plan, as long as the same rule is broken.
fn shortest(whole: &[u64], rule: &str, canary: Option<Canary>) -> Vec<usize> {
    let fails = |needed: &[usize]| {
        run(&kept(whole, needed), canary).violations.iter().any(|found| found.rule == rule)
    };
    let mut needed: Vec<usize> = (0..whole.len()).collect();
    let mut stretch = needed.len() / 2;
    let mut runs = 0;
    while stretch > 0 && runs < MAX_RUNS {
        let before = needed.len();
        let mut from = 0;
        while from < needed.len() && runs < MAX_RUNS {
            let mut fewer = needed.clone();
            fewer.drain(from..(from + stretch).min(needed.len()));
            runs += 1;
            if fails(&fewer) {
                needed = fewer;
            } else {
                from += stretch;
            }
        }
        // What is left out may make something else superfluous.
        if stretch > 1 || needed.len() == before {
            stretch /= 2;
        }
    }
    needed
}

fn kept(whole: &[u64], needed: &[usize]) -> Vec<u64> {
    needed.iter().map(|index| whole[*index]).collect()
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, steps, first, shortest, needed, trace } = self;
        writeln!(f, "seed {seed} with {steps} steps: {first}")?;
        writeln!(f, "{} of the steps are needed: {needed:?}", needed.len())?;
        writeln!(f, "with these alone: {shortest}")?;
        let lines: Vec<&String> = trace.iter().filter(|line| self.is_telling(line)).collect();
        for line in lines.iter().take(MAX_LINES) {
            writeln!(f, "  {line}")?;
        }
        if lines.len() > MAX_LINES {
            writeln!(f, "  and {} lines more", lines.len() - MAX_LINES)?;
        }
        Ok(())
    }
}

impl Failure {
    /// Whether a line is about the subject, about a request on the same order, or about a fault.
    /// Where the subject is neither an order nor a request, every line is.
    fn is_telling(&self, line: &str) -> bool {
        let ids = self.related();
        let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        ids.is_empty()
            || FAULTS.iter().any(|fault| line.ends_with(fault))
            || words.any(|word| ids.contains(&word))
    }

    /// The order that it is about, and all requests on it.
    fn related(&self) -> Vec<&str> {
        // `asks r7: cancel o3 of alpha`
        let asked = self.trace.iter().filter_map(|line| {
            let (request, rest) = line.split_once("user: asks ")?.1.split_once(": ")?;
            Some((request, rest.split(' ').nth(1)?))
        });
        let asked: Vec<(&str, &str)> = asked.collect();
        let subject = &self.shortest.subject;
        let about = asked.iter().find(|(request, order)| subject == request || subject == order);
        let Some((_, order)) = about else { return Vec::new() };
        let requests = asked.iter().filter(|(_, of)| of == order).map(|(request, _)| *request);
        requests.chain([*order]).collect()
    }
}
