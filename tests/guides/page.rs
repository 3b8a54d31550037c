//! What a guide asks its reader to do.

/// One block of a guide.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// A file to write.
    File { path: String, text: String },
    /// Commands in the reader's first terminal.
    Commands { commands: Vec<Command>, is_again: bool },
    /// Commands in a terminal of their own.
    Terminal { commands: Vec<Command> },
    /// What only a person, a vendor or a compiler can do.
    NotRun,
}

/// A command and what the guide shows of its output.
#[derive(Debug, PartialEq, Eq)]
pub struct Command {
    pub text: String,
    pub shown: Vec<String>,
}

/// Languages whose blocks are commands, and which therefore have to be run.
const COMMANDS: [&str; 4] = ["", "bash", "sh", "shell"];

/// The steps of a guide with the lines they begin at; or the line of a mistake, and what it is.
pub fn steps(guide: &str) -> Result<Vec<(usize, Step)>, String> {
    let mut steps = Vec::new();
    let mut lines = guide.lines().enumerate();
    let mut before = String::new();
    while let Some((index, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            before.push_str(line);
            continue;
        };
        let body: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let step = step(info.trim(), &body, &before);
        if let Some(step) = step.map_err(|mistake| format!("{}: {mistake}", index + 1))? {
            steps.push((index + 1, step));
        }
        before.clear();
    }
    Ok(steps)
}

/// What is done with a block; nothing, where it only shows something.
fn step(info: &str, body: &[&str], before: &str) -> Result<Option<Step>, String> {
    let (language, words) = info.split_once(' ').unwrap_or((info, ""));
    if let Some(reason) = words.strip_prefix("not run: ") {
        let is_said = reason.split(' ').count() > 1;
        return is_said.then_some(Some(Step::NotRun)).ok_or(format!("{reason:?} is no reason"));
    }
    if let Some(path) = words.strip_prefix("file=") {
        // The reader does not see the words after the language.
        if !before.contains(&format!("`{path}`")) {
            return Err(format!("the text before it does not say that it is `{path}`"));
        }
        let text = body.iter().map(|line| format!("{line}\n")).collect();
        return Ok(Some(Step::File { path: path.to_owned(), text }));
    }
    match (language, words) {
        ("console", "" | "again") => {
            let commands = commands(body)?;
            Ok(Some(Step::Commands { commands, is_again: words == "again" }))
        }
        ("console", "terminal") => {
            let commands = commands(body)?;
            match commands.iter().any(|command| !command.shown.is_empty()) {
                true => Ok(Some(Step::Terminal { commands })),
                false => Err("it shows nothing that could be waited for".to_owned()),
            }
        }
        (language, "") if !COMMANDS.contains(&language) => Ok(None),
        _ => Err(format!("nobody would run {info:?}; say `console`")),
    }
}

fn commands(body: &[&str]) -> Result<Vec<Command>, String> {
    let mut commands: Vec<Command> = Vec::new();
    for line in body {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(text), _) => commands.push(Command { text: text.to_owned(), shown: Vec::new() }),
            (None, Some(last)) if last.shown.is_empty() && last.text.ends_with('\\') => {
                last.text.push('\n');
                last.text.push_str(line);
            }
            (None, Some(last)) => last.shown.push((*line).to_owned()),
            (None, None) => return Err(format!("{line:?} is shown before any command")),
        }
    }
    Ok(commands)
}

#[test]
fn blocks_are_read() {
    let check = |block: &str, step: Option<Step>| {
        let found = steps(&format!("Write `a.yaml`:\n\n```{block}\n```\n")).unwrap();
        assert_eq!(found, Vec::from_iter(step.map(|step| (3, step))), "{block}");
    };
    let command = |text: &str, shown: &[&str]| Command {
        text: text.to_owned(),
        shown: shown.iter().map(|line| (*line).to_owned()).collect(),
    };
    let two = || vec![command("a \\\n  b", &["c", "", "d"]), command("e", &[])];
    let text = "\n$ a \\\n  b\nc\n\nd\n$ e";
    check(&format!("console{text}"), Some(Step::Commands { commands: two(), is_again: false }));
    check(
        &format!("console again{text}"),
        Some(Step::Commands { commands: two(), is_again: true }),
    );
    check(&format!("console terminal{text}"), Some(Step::Terminal { commands: two() }));
    let file = Step::File { path: "a.yaml".to_owned(), text: "a: 1\n".to_owned() };
    check("yaml file=a.yaml\na: 1", Some(file));
    check("sh not run: a person's browser\nx", Some(Step::NotRun));
    check("yaml\na: 1", None);
}

#[test]
fn what_nobody_would_run_is_a_mistake() {
    let check = |block: &str, words: &str| {
        let mistake = steps(&format!("A file.\n```{block}\n```\n")).unwrap_err();
        assert!(mistake.starts_with("2: ") && mistake.contains(words), "{block}: {mistake}");
    };
    check("sh\nfoliostream run", "nobody would run \"sh\"");
    check("\nfoliostream run", "nobody would run \"\"");
    check("console once\n$ a", "nobody would run");
    check("console\nfoliostream run", "before any command");
    check("console terminal\n$ foliostream run", "nothing that could be waited for");
    check("yaml file=b.yaml\nb: 1", "does not say that it is `b.yaml`");
    check("sh not run: later", "is no reason");
}
