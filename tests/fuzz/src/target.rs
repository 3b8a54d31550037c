//! Hammering at one decoder: so many cases, each with a time limit, all with a memory limit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::Dice;

/// Cases of a target when nobody says otherwise.
const CASES: usize = 3_000;
/// Longest that one case may take, on a busy machine and without optimization. A hundredth of it
/// is a lot already.
const MAX_TIME: Duration = Duration::from_secs(5);
/// Memory that a target may need beyond what it began with.
const MAX_BYTES: usize = 512 << 20;
/// Bytes of a case that are shown.
const SHOWN: usize = 4_000;

/// Feeds a decoder with cases. `make` damages an input, `decode` returns what is wrong with the
/// result, if anything is; a panic is wrong in any case.
///
/// `FOLIOSTREAM_FUZZ` says how many cases, `FOLIOSTREAM_FUZZ_CASE` tries one alone.
pub fn hammer(
    target: &str,
    make: impl FnMut(&mut Dice) -> Vec<u8>,
    decode: impl FnMut(&[u8]) -> Result<(), String>,
) {
    hammer_some(target, 1, make, decode);
}

/// The same with one case where others have so many, for a decoder that is slow to reach.
pub fn hammer_some(
    target: &str,
    of: usize,
    mut make: impl FnMut(&mut Dice) -> Vec<u8>,
    mut decode: impl FnMut(&[u8]) -> Result<(), String>,
) {
    let cases = match setting("FOLIOSTREAM_FUZZ_CASE") {
        Some(case) => case..case + 1,
        None => 0..setting("FOLIOSTREAM_FUZZ").unwrap_or(CASES).div_ceil(of),
    };
    let before = peak_memory();
    for case in cases {
        let input = make(&mut Dice::new(seed(target, case)));
        let started = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| decode(&input)));
        let took = started.elapsed();
        let complaint = match result {
            Err(_) => Some("it panics".to_owned()),
            Ok(Err(reason)) => Some(reason),
            Ok(Ok(())) if took > MAX_TIME => Some(format!("it takes {took:?}")),
            Ok(Ok(())) => None,
        };
        if let Some(complaint) = complaint {
            let shown = String::from_utf8_lossy(&input[..input.len().min(SHOWN)]);
            panic!("{target}, case {case}, {} bytes: {complaint}\n{shown:?}", input.len());
        }
    }
    let more = peak_memory().saturating_sub(before);
    assert!(more < MAX_BYTES, "{target} needs {more} bytes more");
}

fn setting(name: &str) -> Option<usize> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, which is not a number")))
}

fn seed(target: &str, case: usize) -> u64 {
    let name = target.bytes().fold(7, |sum: u64, byte| sum.wrapping_mul(31) + u64::from(byte));
    name.wrapping_mul(1 << 32).wrapping_add(case as u64)
}

/// The most memory that this process has had, in bytes; zero where the system does not tell.
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    kilobytes.unwrap_or(0) << 10
}

/// The files below a folder of the workspace, sorted, whose names end in this.
pub fn corpus(folder: &str, ending: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let mut found = Vec::new();
    collect(&root, ending, &mut found);
    found.sort();
    assert!(!found.is_empty(), "{folder} holds nothing that ends in {ending:?}");
    found
}

/// The fixtures of a connector whose names end in this.
pub fn fixtures(connector: &str, ending: &str) -> Vec<(PathBuf, Vec<u8>)> {
    corpus(&format!("connectors/{connector}/fixtures"), ending)
}

fn collect(folder: &Path, ending: &str, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending)
            && let Ok(bytes) = std::fs::read(&path)
        {
            found.push((path, bytes));
        }
    }
}
