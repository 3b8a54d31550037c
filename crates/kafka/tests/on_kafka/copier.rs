//! Exactly once, with processes that are really killed: two members of a group copy a topic, and
//! number the records of each partition from state that lives in a changelog topic.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kafka::{Cluster, Error, Group, Message, Polled, Settings, TopicSpec, Transactions};

use crate::{PATIENCE, admin, cluster, numbered, record, text, unique};

const PARTITIONS: i32 = 4;
const PER_PARTITION: usize = 3000;

/// How long the whole copy may take.
const DEADLINE: Duration = Duration::from_secs(150);

/// Set for the copying process: its name and the name of the run.
const MEMBER: &str = "KAFKA_TEST_COPIER";
const SERVERS: &str = "KAFKA_TEST_SERVERS";

struct Copier {
    input: String,
    output: String,
    changelog: String,
    cluster: Cluster,
    group: Group,
    transactions: Transactions,
    /// How many records of each partition have been copied.
    counts: BTreeMap<i32, i64>,
}

impl Copier {
    fn start(cluster: Cluster, run: &str, name: &str) -> Result<Copier, Error> {
        let input = format!("{run}.in");
        Ok(Copier {
            // Claimed first: what a killed predecessor left open is ended by that.
            transactions: cluster.transactions(&format!("{run}.{name}"))?,
            group: cluster.group_member(run, name, &[&input])?,
            input,
            output: format!("{run}.out"),
            changelog: format!("{run}.changelog"),
            cluster,
            counts: BTreeMap::new(),
        })
    }

    fn step(&mut self) -> Result<(), Error> {
        match self.group.next(50, Duration::from_millis(20))? {
            Polled::Assigned(partitions) => {
                self.restore(partitions.iter().map(|(_, partition)| *partition))
            }
            Polled::Revoked { partitions, .. } => {
                for (_, partition) in partitions {
                    self.counts.remove(&partition);
                }
                Ok(())
            }
            Polled::Messages(messages) => match self.copy(&messages) {
                Err(Error::Abortable { .. }) => {
                    self.transactions.abort()?;
                    self.group.seek_to_committed()?;
                    let partitions: Vec<i32> = self.counts.keys().copied().collect();
                    self.restore(partitions)
                }
                result => result,
            },
            Polled::Nothing => Ok(()),
        }
    }

    fn restore(&mut self, partitions: impl IntoIterator<Item = i32>) -> Result<(), Error> {
        let from: Vec<(i32, i64)> = partitions.into_iter().map(|p| (p, 0)).collect();
        for (partition, _) in &from {
            self.counts.insert(*partition, 0);
        }
        let counts = &mut self.counts;
        self.cluster.reader()?.read_partitions(&self.changelog, &from, |message| {
            counts.insert(message.partition, text(&message).parse().unwrap());
        })?;
        Ok(())
    }

    fn copy(&mut self, messages: &[Message]) -> Result<(), Error> {
        let mut next = BTreeMap::new();
        self.transactions.begin()?;
        for message in messages {
            let partition = message.partition;
            let count = self.counts.get_mut(&partition).expect("a record without its state");
            *count += 1;
            let copied = format!("{}:{count}", text(message));
            self.transactions.send(&record(&self.output, partition, &copied))?;
            next.insert(partition, message.offset + 1);
        }
        let mut offsets = Vec::new();
        for (partition, offset) in next {
            let count = self.counts[&partition].to_string();
            self.transactions.send(&record(&self.changelog, partition, &count))?;
            offsets.push((messages[0].topic.clone(), partition, offset));
        }
        self.transactions.send_offsets(&self.group, &offsets)?;
        self.transactions.commit()
    }
}

/// Not a test by itself: what the test below runs in processes of its own.
#[test]
fn copying_process() {
    let (Ok(member), Ok(servers)) = (std::env::var(MEMBER), std::env::var(SERVERS)) else { return };
    let (run, name) = member.split_once('/').unwrap();
    let cluster = Cluster::new(Settings::plain(servers));
    let mut copier = Copier::start(cluster, run, name).unwrap();
    eprintln!("{name} copies {}", copier.input);
    loop {
        if let Err(error) = copier.step() {
            eprintln!("{name} stops: {error}");
            std::process::exit(1);
        }
    }
}

/// A process that is killed with the test.
struct Process(Child);

impl Process {
    fn start(run: &str, name: &str) -> Process {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "copier::copying_process", "--nocapture"])
            .env(MEMBER, format!("{run}/{name}"))
            .env(SERVERS, local_kafka::shared().bootstrap_servers())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Process(child)
    }

    fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A small generator, so that a failing run can be repeated from its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn prepare(run: &str) {
    let topics =
        ["in", "out", "changelog"].map(|kind| TopicSpec::new(format!("{run}.{kind}"), PARTITIONS));
    admin().create_topics(&topics).unwrap();
}

/// Writes one of so many equal parts of the input.
fn feed(run: &str, part: usize, parts: usize) {
    let records = PER_PARTITION / parts;
    let topic = format!("{run}.in");
    let mut pipeline = cluster().pipeline().unwrap();
    for payload in &numbered("n", PER_PARTITION)[part * records..(part + 1) * records] {
        for partition in 0..PARTITIONS {
            pipeline.send(&record(&topic, partition, payload)).unwrap();
        }
    }
    pipeline.flush(PATIENCE).unwrap();
}

fn done(run: &str) -> bool {
    let lag = admin().group_lag(run).unwrap();
    lag.len() == PARTITIONS as usize && lag.iter().all(|lag| lag.records() == 0)
}

fn verify(run: &str) {
    let mut next = vec![0usize; PARTITIONS as usize];
    let reader = cluster().reader().unwrap();
    reader
        .read_all(&format!("{run}.out"), |message| {
            let n = &mut next[message.partition as usize];
            assert_eq!(text(&message), format!("n.{n}:{}", *n + 1), "of {}", message.partition);
            *n += 1;
        })
        .unwrap();
    assert_eq!(next, vec![PER_PARTITION; PARTITIONS as usize]);
}

#[test]
fn killed_members_copy_everything_once() {
    const SEED: u64 = 20_261_123;
    const KILLS: usize = 20;
    println!("seed {SEED}");
    let mut dice = Dice(SEED);
    let run = unique("copier.kill");
    prepare(&run);
    let names = ["a", "b"];
    let mut members = names.map(|name| Process::start(&run, name));
    let start = Instant::now();
    for kill in 0..KILLS {
        // Anywhere in the life of a member: starting, restoring, copying, committing.
        std::thread::sleep(Duration::from_millis(dice.roll(600)));
        feed(&run, kill, KILLS);
        std::thread::sleep(Duration::from_millis(dice.roll(300)));
        let victim = dice.roll(2) as usize;
        members[victim] = Process::start(&run, names[victim]);
    }
    while !done(&run) {
        assert!(start.elapsed() < DEADLINE, "not done");
        std::thread::sleep(Duration::from_millis(50));
        for (member, name) in members.iter_mut().zip(names) {
            if member.0.try_wait().unwrap().is_some() {
                *member = Process::start(&run, name);
            }
        }
    }
    println!("done after {:?}", start.elapsed());
    drop(members);
    verify(&run);
}

#[test]
fn a_member_that_hung_and_wakes_up_copies_nothing_twice() {
    let run = unique("copier.hang");
    prepare(&run);
    feed(&run, 0, 1);
    let mut first = Process::start(&run, "a");
    let start = Instant::now();
    let copied = || admin().group_lag(&run).unwrap().iter().map(|lag| lag.committed).sum::<i64>();
    while copied() < 500 {
        assert!(start.elapsed() < DEADLINE);
    }
    first.signal("-STOP");
    let _second = Process::start(&run, "b");
    while !done(&run) {
        assert!(start.elapsed() < DEADLINE, "the other member did not take over");
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("taken over and done after {:?}", start.elapsed());
    first.signal("-CONT");
    // It either finds out that it has lost its partitions and stays, or ends: both are right.
    let woken = Instant::now();
    while woken.elapsed() < Duration::from_secs(3) && first.0.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(50));
    }
    verify(&run);
}
