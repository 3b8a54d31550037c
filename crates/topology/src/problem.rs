//! What is wrong, and where.

use std::fmt;

use serde::Serialize;

use crate::decode::Secrets;
use crate::node::{Path, Position};

/// More than this many problems in one file are counted, not listed.
const MAX_PROBLEMS: usize = 200;

/// One mistake, or one warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, as the caller named it.
    pub file: String,
    /// Line, from one; zero when the whole file is meant.
    pub line: usize,
    /// Column in characters, from one; zero when the whole file is meant.
    pub column: usize,
    /// The way to the value, such as `systems.acme.features.trades`; empty at the top.
    pub path: String,
    /// What is wrong and what to write instead. Never holds a secret or a variable's value.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Problem {}

/// Every mistake of one file, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(transparent)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

/// Collects problems and warnings while a file is read.
pub(crate) struct Report {
    pub file: String,
    pub found: Found,
    /// Words that stand where a secret belongs, so that serde's messages can be cleaned of them.
    pub secrets: Secrets,
}

/// Problems and warnings, in the order they were met.
#[derive(Default)]
pub(crate) struct Found {
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
    unlisted: usize,
}

impl Report {
    pub fn new(file: &str) -> Self {
        Self { file: file.to_owned(), found: Found::default(), secrets: Secrets::new() }
    }

    /// A problem of this file, not yet reported.
    pub fn make(&self, at: Position, path: &Path, message: impl Into<String>) -> Problem {
        let Position { line, column } = at;
        let (file, path, message) = (self.file.clone(), path.to_string(), message.into());
        Problem { file, line, column, path, message }
    }

    pub fn problem(&mut self, at: Position, path: &Path, message: impl Into<String>) {
        if self.is_full() {
            self.found.unlisted += 1;
            return;
        }
        let problem = self.make(at, path, message);
        if !self.found.problems.contains(&problem) {
            self.found.problems.push(problem);
        }
    }

    pub fn warning(&mut self, at: Position, path: &Path, message: impl Into<String>) {
        let warning = self.make(at, path, message);
        self.add_warning(warning);
    }

    fn add_warning(&mut self, warning: Problem) {
        let warnings = &mut self.found.warnings;
        if warnings.len() < MAX_PROBLEMS && !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// Whether another problem would only be counted: then its message need not be worked out.
    pub fn is_full(&self) -> bool {
        self.found.problems.len() >= MAX_PROBLEMS
    }

    /// Problems so far, listed or not.
    pub fn count(&self) -> usize {
        self.found.problems.len() + self.found.unlisted
    }

    pub fn add(&mut self, found: Found) {
        self.found.unlisted += found.unlisted;
        for problem in found.problems {
            if self.found.problems.len() >= MAX_PROBLEMS {
                self.found.unlisted += 1;
            } else if !self.found.problems.contains(&problem) {
                self.found.problems.push(problem);
            }
        }
        for warning in found.warnings {
            self.add_warning(warning);
        }
    }

    /// Every problem up to one that left nothing more to read.
    pub fn fail(mut self, last: Problem) -> Problems {
        self.found.problems.push(last);
        sort(&mut self.found.problems);
        Problems(self.found.problems)
    }

    /// The warnings, or every problem in the order of the file.
    pub fn finish(mut self) -> Result<Vec<Problem>, Problems> {
        sort(&mut self.found.warnings);
        if self.found.problems.is_empty() {
            return Ok(self.found.warnings);
        }
        sort(&mut self.found.problems);
        if self.found.unlisted > 0 {
            let message = format!("{} more problems; fix these first", self.found.unlisted);
            let whole = self.make(Position::default(), &Path::default(), message);
            self.found.problems.push(whole);
        }
        Err(Problems(self.found.problems))
    }
}

fn sort(problems: &mut [Problem]) {
    problems.sort_by(|a, b| (a.line, a.column, &a.path).cmp(&(b.line, b.column, &b.path)));
}
