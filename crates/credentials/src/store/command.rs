//! Secrets that another program hands out: `pass`, `op`, `vault`, `secret-tool` for the keyring of
//! a Linux desktop, `security` for that of macOS.

use std::io::Read;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use component::Secret;

use super::{Store, check_name, read_only};
use crate::{Error, Result};

/// Asks a program for each secret; what it prints is the secret. It is not run by a shell.
pub struct Command {
    program: String,
    arguments: Vec<String>,
}

/// A program that asks a person, who is not there, must not hold us up for ever.
const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_OUTPUT: u64 = 64 << 10;

impl Command {
    /// A program and its arguments, separated by blanks; `{name}` in one of them is the name.
    pub fn parse(words: &str) -> Result<Self> {
        let mut words = words.split_whitespace().map(str::to_owned);
        let program = words.next().unwrap_or_default();
        let arguments: Vec<_> = words.collect();
        if program.is_empty() || !arguments.iter().any(|word| word.contains("{name}")) {
            let why = "a store that is a command is a program and its arguments, one of which \
                       has {name}";
            return Err(Error::Setting(why.to_owned()));
        }
        Ok(Self { program, arguments })
    }

    fn run(&self, name: &str) -> Result<Option<Secret>> {
        let failed = |why: String| Error::Store(format!("{:?} for {name:?} {why}", self.program));
        let arguments = self.arguments.iter().map(|word| word.replace("{name}", name));
        let mut child = std::process::Command::new(&self.program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null()) // what it complains about may hold a secret
            .spawn()
            .map_err(|error| failed(format!("did not start: {error}")))?;
        let output = read(&mut child).ok_or_else(|| {
            // It may have ended meanwhile; nothing else is to be done about it.
            drop(child.kill());
            drop(child.wait());
            failed(format!("printed no text within {TIMEOUT:?}"))
        })?;
        let status = child.wait().map_err(|error| failed(format!("was lost: {error}")))?;
        match (status.code(), output.trim_end_matches(['\r', '\n'])) {
            (Some(0), "") => Ok(None),
            (Some(0), secret) => Ok(Some(Secret::new(secret))),
            // What most say about a name that they do not know.
            (Some(1), "") => Ok(None),
            _ => Err(failed(format!("failed: {status}"))),
        }
    }
}

/// All that it prints, in a thread of its own so that a silent program can be given up.
fn read(child: &mut Child) -> Option<String> {
    let output = child.stdout.take()?;
    let (sender, receiver) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let mut text = String::new();
        let result = output.take(MAX_OUTPUT).read_to_string(&mut text);
        // Nobody waits any more once the time is over.
        drop(sender.send(result.ok().map(|_| text)));
    });
    receiver.recv_timeout(TIMEOUT).ok().flatten()
}

impl Store for Command {
    fn get(&self, name: &str) -> Result<Option<Secret>> {
        check_name(name)?;
        self.run(name)
    }

    fn set(&self, _: &str, _: &Secret) -> Result<()> {
        Err(read_only(&format!("what {:?} hands out", self.program)))
    }

    fn remove(&self, _: &str) -> Result<bool> {
        Err(read_only(&format!("what {:?} hands out", self.program)))
    }

    fn names(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Command({:?})", self.program)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_a_program_prints_is_the_secret() {
        let get = |words: &str| Command::parse(words).unwrap().get("alpaca/key");
        assert_eq!(get("echo s-{name}").unwrap().unwrap().expose(), "s-alpaca/key");
        assert_eq!(get("true {name}").unwrap(), None);
        assert_eq!(get("false {name}").unwrap(), None);
        assert!(get("ls /no/such/folder/{name}").unwrap_err().to_string().contains("failed"));
        assert!(get("/no/such/program {name}").is_err());
        // No shell: a name cannot become a second command.
        assert!(Command::parse("echo {name}").unwrap().get("x;reboot").is_err());
    }
}
