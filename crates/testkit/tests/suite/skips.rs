//! Reasons to skip a case are held to account.

use crate::toy::{Items, Rig, Twin};

fn run(twin: Twin, case: &str, skips: &[(&str, &str)]) {
    testkit::source::run::<Items, Rig>(case, twin.settings(), skips);
}

#[test]
fn a_failing_case_may_be_skipped_with_a_reason() {
    run(Twin::ReadsOnePage, "paging", &[("paging", "there is only one page")]);
}

#[test]
#[should_panic(expected = "everything came in 1 pages")]
fn a_failing_case_without_a_reason_fails() {
    run(Twin::ReadsOnePage, "paging", &[("resume", "another one")]);
}

#[test]
#[should_panic(expected = "no longer applies: \"there is only one page\"")]
fn a_reason_that_no_longer_applies_fails() {
    run(Twin::None, "paging", &[("paging", "there is only one page")]);
}

#[test]
#[should_panic(expected = "no case is called \"pagign\"")]
fn a_reason_for_no_case_fails() {
    run(Twin::None, "paging", &[("pagign", "misspelt")]);
}

#[test]
#[should_panic(expected = "empty reason")]
fn an_empty_reason_is_none() {
    run(Twin::ReadsOnePage, "paging", &[("paging", " ")]);
}
