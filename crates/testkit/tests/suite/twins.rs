//! Broken components, each of which its case must catch.

use serde_json::Value;
use testkit::{processor, sink, source};

use crate::toy::{Desk, Items, Orders, Rig, Sum, Twin, story};

/// Checks that a case finds fault with a twin, and says so in words that fit.
fn caught(verdict: Result<(), String>, case: &str, words: &str) {
    let found = verdict.expect_err(&format!("{case} did not notice"));
    assert!(found.starts_with(case) && found.contains(words), "{found}");
}

fn source(case: &str, twin: Twin, words: &str) {
    caught(source::verdict::<Items, Rig>(case, twin.settings()), case, words);
}

fn sink(case: &str, twin: Twin, words: &str) {
    caught(sink::verdict::<Orders, Desk>(case, twin.settings()), case, words);
}

fn processor(case: &str, twin: Twin, words: &str) {
    caught(processor::verdict::<Sum>(case, twin.settings(), story()), case, words);
}

#[test]
fn every_case_has_a_twin() {
    let of = |kind: &str| -> Vec<&str> {
        let lines = include_str!("twins.rs").lines();
        let named = lines.filter_map(|line| line.trim().strip_prefix(kind)?.strip_prefix("(\""));
        named.filter_map(|rest| rest.split('"').next()).collect()
    };
    for (kind, cases) in
        [("source", source::CASES), ("sink", sink::CASES), ("processor", processor::CASES)]
    {
        let twins = of(kind);
        let missing: Vec<&&str> = cases.iter().filter(|case| !twins.contains(case)).collect();
        assert!(missing.is_empty(), "{kind} cases without a twin: {missing:?}");
    }
}

#[test]
fn sources_that_cannot_log_in() {
    source("good_credentials", Twin::RefusesEverything, "good credentials");
    source("bad_credentials", Twin::TakesRefusalForTrouble, "retry");
    source("bad_credentials", Twin::ShowsItsKey, "shows a credential");
}

#[test]
fn sources_that_read_wrongly() {
    source("fixtures", Twin::RefusesAnItem, "items were refused");
    source("fixtures", Twin::PublishesElsewhere, "does not say so");
    source("empty_page", Twin::Spins, "asks again at once");
    source("paging", Twin::ReadsOnePage, "1 pages");
    source("stable_ids", Twin::MakesNewIds, "others came");
}

#[test]
fn sources_with_a_bad_cursor() {
    source("resume", Twin::SavesTooFar, "were lost");
    source("future_cursor", Twin::PanicsBeyondTheEnd, "panicked");
}

#[test]
fn sources_that_lose_what_was_interrupted() {
    source("drop_mid_read", Twin::TakesFromTheVendor, "were lost");
    source("cancel_safety", Twin::MovesBeforeItReads, "were lost");
}

#[test]
fn sources_that_misread_trouble() {
    source("throttle", Twin::HurriesWhenThrottled, "asked for a second");
    source("server_error", Twin::SkipsOnServerError, "were lost");
    source("garbage", Twin::PanicsAtGarbage, "panicked");
    source("disconnect", Twin::GivesUpWhenCutOff, "gave up for good");
}

#[test]
fn sources_that_do_not_end() {
    source("half_open", Twin::WaitsForEver, "unnoticed");
    source("shutdown", Twin::LingersAtTheEnd, "to end a connection");
}

#[test]
fn sinks_that_cannot_log_in() {
    sink("good_credentials", Twin::RefusesEverything, "good credentials");
    sink("bad_credentials", Twin::TakesRefusalForTrouble, "retry");
}

#[test]
fn sinks_that_send_wrongly() {
    sink("accept", Twin::SendsTwice, "holds 2");
    sink("duplicate", Twin::MakesNewIds, "holds 2");
    sink("duplicate", Twin::CallsRepeatsRejected, "Rejected");
    sink("rejection", Twin::DoubtsRejections, "the broker said no");
    sink("batch", Twin::StopsAtTheFirst, "good, refused, good");
    sink("cancel", Twin::IgnoresCancels, "nothing to cancel");
}

#[test]
fn sinks_that_guess() {
    sink("lost_answer", Twin::CallsLossRejected, "the broker has it");
    sink("lost_request", Twin::CallsLossRejected, "nobody said so");
    sink("server_error", Twin::CallsTroubleRejected, "nobody said so");
    sink("throttle", Twin::CallsTroubleRejected, "nobody said so");
    sink("garbage", Twin::CallsAnyAnswerAccepted, "holds 0");
    sink("absent", Twin::FindsEverything, "never sent");
}

#[test]
fn sinks_that_do_not_end() {
    sink("half_open", Twin::WaitsForEver, "unnoticed");
    sink("shutdown", Twin::LingersAtTheEnd, "to end a connection");
}

#[test]
fn processors_that_are_no_folds() {
    processor("replay", Twin::Remembers, "folded twice");
    processor("restart", Twin::ForgetsToSave, "restarted after");
    processor("refusals", Twin::ChangesOnRefusal, "changed");
    processor("refusals", Twin::RefusesNothing, "none of the inputs is refused");
    processor("ids", Twin::ReusesIds, "two events have one id");
    processor("keys", Twin::SharesOneState, "different partitions");
    processor("states", Twin::SavesOddly, "restored as");
    processor("ticks", Twin::TicksInSilence, "restarted after silent ticks");
}

#[test]
fn a_case_that_does_not_exist_is_no_pass() {
    let settings: Value = Twin::None.settings();
    assert!(source::verdict::<Items, Rig>("telepathy", settings).is_err());
}
