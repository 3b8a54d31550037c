//! Thousands of seeds of the order path, and mistakes that the auditor must notice.
//!
//! `FOLIOSTREAM_SEEDS=5000` says how many seeds are tried; `FOLIOSTREAM_SEED=17` tries one.

use simulation::{Canary, plan, run, seek};

/// Steps of a run.
const STEPS: usize = 400;
/// Seeds that are tried when nobody says otherwise.
const SEEDS: u64 = 60;
/// A mistake must show within so many seeds.
const CANARY_SEEDS: u64 = 40;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, which is not a number")))
}

#[test]
fn no_seed_breaks_a_rule() {
    let seeds = match number("FOLIOSTREAM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("FOLIOSTREAM_SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        if let Some(failure) = seek(seed, STEPS, None) {
            panic!("{failure}");
        }
    }
}

#[test]
fn a_seed_is_one_run() {
    for seed in 0..3 {
        let plan = plan(seed, STEPS);
        let (first, second) = (run(&plan, None), run(&plan, None));
        assert_eq!(first.trace, second.trace, "seed {seed}");
        assert!(first.arrivals > 5, "seed {seed} does too little");
    }
}

#[test]
fn every_mistake_is_noticed() {
    for canary in Canary::ALL {
        let is_noticed = |seed| !run(&plan(seed, STEPS), Some(*canary)).violations.is_empty();
        assert!((0..CANARY_SEEDS).any(is_noticed), "nobody noticed {canary:?}");
    }
}

#[test]
fn a_failure_is_made_short() {
    let failure = (0..CANARY_SEEDS).find_map(|seed| {
        seek(seed, STEPS, Some(Canary::ResendsUnknown)).filter(|f| f.first.rule == "never twice")
    });
    let failure = failure.expect("an order sent twice is noticed");
    assert!(failure.needed.len() < STEPS / 4, "{failure}");
    assert!(failure.to_string().contains("never twice"), "{failure}");
}
