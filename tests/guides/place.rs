//! Where a reader sits: a folder, and the terminals they have open.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::page::Command;
use crate::shown::{has_shown, is_as_shown, printed};

/// Longest wait for a command.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long programs may take to end when they are asked to.
const LEAVE: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What stands before a port.
const PORTS: [&str; 2] = ["127.0.0.1:", "--kafka-port "];

type Done = Result<(), String>;

/// A reader's folder, their first terminal, and the others.
pub struct Place {
    first: Terminal,
    others: Vec<Terminal>,
    folder: tempfile::TempDir,
    /// What terminals print, out of the reader's sight.
    aside: tempfile::TempDir,
    /// Free ports by those that the guide names.
    ports: BTreeMap<String, String>,
    /// Where programs are found: Foliostream first.
    path: String,
}

impl Place {
    /// A folder that has nothing but the examples of this checkout.
    pub fn new(root: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&root.join("examples"), &folder.path().join("examples"));
        let aside = tempfile::tempdir().unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_foliostream")).parent().unwrap();
        let path = format!("{}:{}", program.display(), env::var("PATH").unwrap());
        let first = Terminal::open(folder.path(), &aside.path().join("first"), &path);
        Self { first, others: Vec::new(), folder, aside, ports: BTreeMap::new(), path }
    }

    /// Writes a file into the folder that the first terminal is in.
    pub fn write(&mut self, path: &str, text: &str) -> Done {
        let text = self.with_ports(text);
        let draft = self.aside.path().join("draft");
        fs::write(&draft, text).unwrap();
        let command = format!("mkdir -p \"$(dirname {path})\" && cp '{}' {path}", draft.display());
        self.first.run(&command, &[], false)
    }

    /// Runs commands in the first terminal, one after the other.
    pub fn run(&mut self, commands: &[Command], is_again: bool) -> Done {
        for (index, command) in commands.iter().enumerate() {
            let asks = commands.get(index + 1).is_some_and(|next| next.text == "echo $?");
            let text = self.with_ports(&command.text);
            let shown: Vec<_> = command.shown.iter().map(|line| self.with_ports(line)).collect();
            let deadline = Instant::now() + PATIENCE;
            while let Err(why) = self.first.run(&text, &shown, asks) {
                if !is_again || Instant::now() > deadline {
                    return Err(why);
                }
                std::thread::sleep(LOOK_EVERY);
            }
        }
        Ok(())
    }

    /// Opens a terminal, has it run commands, and waits for what it shows.
    pub fn open(&mut self, commands: &[Command]) -> Done {
        let all = commands.iter().map(|command| command.text.as_str()).collect::<Vec<_>>();
        let text = self.with_ports(&all.join("\n"));
        let shown = commands.iter().flat_map(|command| &command.shown);
        let shown: Vec<_> = shown.map(|line| self.with_ports(line)).collect();
        let aside = self.aside.path().join(format!("other-{}", self.others.len()));
        let mut terminal = Terminal::open(self.folder.path(), &aside, &self.path);
        terminal.say(&text);
        let waited = wait_for(|| has_shown(&shown, &printed(&terminal.output())));
        let output = terminal.output();
        self.others.push(terminal);
        waited.then_some(()).ok_or(format!("{text:?} did not show {shown:#?}:\n{output}"))
    }

    /// What the terminals that are open have printed.
    pub fn open_terminals(&self) -> String {
        let outputs = self.others.iter().map(Terminal::output);
        outputs.map(|output| format!("-- a terminal:\n{output}\n")).collect()
    }

    /// A text with free ports in place of its own, the same ones wherever they are named.
    fn with_ports(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for before in PORTS {
            let mut parts = text.split(before);
            let mut changed = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                let digits = part.chars().take_while(char::is_ascii_digit).count();
                let (port, rest) = part.split_at(digits);
                changed.push_str(before);
                if !port.is_empty() {
                    changed.push_str(self.ports.entry(port.to_owned()).or_insert_with(free_port));
                }
                changed.push_str(rest);
            }
            text = changed;
        }
        text
    }
}

impl Drop for Place {
    /// Every terminal is closed before the folder goes.
    fn drop(&mut self) {
        self.first.close();
        self.others.iter_mut().rev().for_each(Terminal::close);
    }
}

/// A shell and what was started from it.
struct Terminal {
    shell: Child,
    /// Files beside its output begin with this path.
    aside: PathBuf,
    /// The code of its last command.
    code: i32,
    /// How often it was given something to do.
    count: usize,
}

impl Terminal {
    fn open(folder: &Path, aside: &Path, path: &str) -> Self {
        let mut command = std::process::Command::new("bash");
        // What is set for the machine's own Foliostream is not for this reader.
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("FOLIOSTREAM")) {
                command.env_remove(name);
            }
        }
        let quiet = || Stdio::from(File::create(aside.with_extension("shell")).unwrap());
        command.args(["--noprofile", "--norc"]).current_dir(folder).env("PATH", path);
        command.stdin(Stdio::piped()).stdout(quiet()).stderr(quiet()).process_group(0);
        Self { shell: command.spawn().unwrap(), aside: aside.to_owned(), code: 0, count: 0 }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.aside.with_extension(name)
    }

    /// Hands commands over to the shell.
    fn say(&mut self, text: &str) {
        let _ = fs::remove_file(self.file("code"));
        // What still runs in the background prints to where it was started.
        self.count += 1;
        fs::write(self.file("text"), format!("(exit {})\n{text}\n", self.code)).unwrap();
        let [text, out, code, half] =
            ["text", &self.out(), "code", "half"].map(|name| self.file(name).display().to_string());
        let line = format!(
            ". '{text}' >'{out}' 2>&1 </dev/null; echo $? >'{half}'; mv '{half}' '{code}'\n"
        );
        self.shell.stdin.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }

    fn out(&self) -> String {
        format!("out-{}", self.count)
    }

    fn output(&self) -> String {
        let output = fs::read(self.file(&self.out())).unwrap_or_default();
        String::from_utf8_lossy(&output).into_owned()
    }

    /// Runs a command, which must print what is shown, and succeed if nobody asks for its code.
    fn run(&mut self, text: &str, shown: &[String], asks: bool) -> Done {
        self.say(text);
        let code = self.file("code");
        if !wait_for(|| code.exists()) {
            return Err(format!("{text:?} did not end:\n{}", self.output()));
        }
        self.code = fs::read_to_string(code).unwrap().trim().parse().unwrap();
        let output = self.output();
        if self.code != 0 && !asks {
            return Err(format!("{text:?} ended with {}:\n{output}", self.code));
        }
        let is_shown = shown.is_empty() || is_as_shown(shown, &printed(&output));
        is_shown.then_some(()).ok_or(format!("{text:?} did not print {shown:#?} but\n{output}"))
    }

    /// Asks the shell and all that it started to end, and ends what does not.
    fn close(&mut self) {
        let group = format!("-{}", self.shell.id());
        let kill = |signal: &str| {
            let mut command = std::process::Command::new("kill");
            let status = command.args([signal, "--", &group]).stderr(Stdio::null()).status();
            status.is_ok_and(|status| status.success())
        };
        kill("-TERM");
        let deadline = Instant::now() + LEAVE;
        while Instant::now() < deadline {
            // A shell that has ended is there until somebody asks for its code.
            let _ = self.shell.try_wait();
            if !kill("-0") {
                return;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        kill("-KILL");
        let _ = self.shell.wait();
    }
}

fn wait_for(mut is_met: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !is_met() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    true
}

/// A port that is free now, and that nobody else on this machine is given soon.
fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}
