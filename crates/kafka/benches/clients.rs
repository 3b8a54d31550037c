//! What the clients cost beside the bare library, on a real broker on this machine:
//! `cargo bench -p kafka`. A word after `--` picks the benches whose name contains it.
#![allow(clippy::print_stdout)] // The figures are the point.
#![allow(clippy::unwrap_used)] // A bench that cannot run has nothing better to do.

use std::time::{Duration, Instant};

use kafka::{Cluster, Outgoing, Polled, Settings, TopicSpec};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

const RECORDS: u64 = 1_000_000;
const PARTITIONS: i32 = 4;
const ROUNDS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(120);

/// The bare loops wait as ours do: the wrapper's own short waits would spin.
const LOOK_EVERY: Duration = Duration::from_micros(100);

/// About one trade in Avro, with the registry's prefix.
const PAYLOAD: [u8; 97] =
    *b"\0\0\0\0\x07The same bytes for every contender, as long as a market trade \
with its ids, times and prices";

fn main() {
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let bench = |name: &str, run: fn(&Cluster)| {
        if name.contains(&wanted) {
            println!("\n{name}");
            run(&cluster());
        }
    };
    bench("produce", produce);
    bench("consume", consume);
    bench("commit", commit);
    bench("start", start);
    bench("idle", idle);
}

fn cluster() -> Cluster {
    Cluster::new(Settings::plain(local_kafka::shared().bootstrap_servers()))
}

fn produce(cluster: &Cluster) {
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        bare.push(timed(RECORDS, || bare_produce(&topic(cluster, &format!("bare.{round}")))));
        ours.push(timed(RECORDS, || pipeline(cluster, &topic(cluster, &format!("ours.{round}")))));
    }
    let (bare, ours) = (median(bare), median(ours));
    bare.print("rdkafka BaseProducer, same settings");
    ours.print("Pipeline");
    println!("{:>44.0} % of the bare rate", 100.0 * bare.wall / ours.wall);
}

fn consume(cluster: &Cluster) {
    let topic = topic(cluster, "consume");
    pipeline(cluster, &topic);
    let (mut bare, mut group, mut reader) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        bare.push(timed(RECORDS, || bare_consume(&topic, &format!("bare.{round}"))));
        group.push(timed(RECORDS, || consume_group(cluster, &topic, &format!("ours.{round}"))));
        reader.push(timed(RECORDS, || {
            let reader = cluster.reader().unwrap();
            assert_eq!(reader.read_all(&topic, |_| ()).unwrap(), RECORDS);
        }));
    }
    let (bare, group, reader) = (median(bare), median(group), median(reader));
    bare.print("rdkafka BaseConsumer, same, not copied");
    group.print("Group, batches of owned records");
    reader.print("Reader::read_all, owned records");
    println!("{:>44.0} % of the bare rate (Group)", 100.0 * bare.wall / group.wall);
}

fn commit(cluster: &Cluster) {
    let topic = topic(cluster, "commit");
    let mut transactions = cluster.transactions("bench").unwrap();
    // The broker finishes a transaction in the background; one that follows at once waits for it.
    for (how, pause) in [("back to back", 0), ("20 ms apart", 20)] {
        for records in [1u64, 100, 1000, 10_000] {
            let mut times = Vec::new();
            let before = cpu();
            for _ in 0..100 {
                std::thread::sleep(Duration::from_millis(pause));
                let start = Instant::now();
                transactions.begin().unwrap();
                for _ in 0..records {
                    transactions.send(&record(&topic)).unwrap();
                }
                transactions.commit().unwrap();
                times.push(start.elapsed().as_secs_f64());
            }
            let cpu = (cpu() - before) / 100.0;
            times.sort_by(f64::total_cmp);
            println!(
                "{records:>8} records {how}: median {:>6.2} ms, p90 {:>6.2} ms, worst {:>6.2} ms, \
                 {:>5.2} ms CPU a transaction",
                1e3 * times[50],
                1e3 * times[90],
                1e3 * times[99],
                1e3 * cpu
            );
        }
    }
}

fn start(cluster: &Cluster) {
    let topic = topic(cluster, "start");
    let mut pipeline = cluster.pipeline().unwrap();
    pipeline.send(&record(&topic)).unwrap();
    pipeline.flush(PATIENCE).unwrap();
    let each = |name: &str, run: &mut dyn FnMut(usize)| {
        let start = Instant::now();
        for round in 0..20 {
            run(round);
        }
        println!("{name:>44}: {:>6.1} ms", start.elapsed().as_secs_f64() * 1e3 / 20.0);
    };
    each("claim a transactional id", &mut |n| {
        cluster.transactions(&format!("start.{n}")).unwrap();
    });
    each("read a topic of one record", &mut |_| {
        cluster.reader().unwrap().read_all(&topic, |_| ()).unwrap();
    });
    each("join a group and read one record", &mut |n| {
        let mut group = cluster.group(&format!("start.{n}"), &[&topic]).unwrap();
        while !matches!(group.next(1, PATIENCE).unwrap(), Polled::Messages(_)) {}
    });
}

/// Nothing arrives and nothing is sent: every client should cost next to nothing.
fn idle(cluster: &Cluster) {
    const SECONDS: u64 = 10;
    let topic = topic(cluster, "idle");
    let mut group = cluster.group("idle", &[&topic]).unwrap();
    let mut pipeline = cluster.pipeline().unwrap();
    let _transactions = cluster.transactions("idle").unwrap();
    while group.assignment().len() < PARTITIONS as usize {
        group.next(1, Duration::from_millis(100)).unwrap();
    }
    let (start, before) = (Instant::now(), cpu());
    while start.elapsed() < Duration::from_secs(SECONDS) {
        group.next(100, Duration::from_millis(100)).unwrap();
        pipeline.acknowledged().unwrap();
    }
    let share = 100.0 * (cpu() - before) / start.elapsed().as_secs_f64();
    println!("{:>44}: {share:.1} % of a core", "group, pipeline and transactions together");
    println!("{:>44}: {} MB", "resident memory of this process", resident() / 1_000_000);
}

fn pipeline(cluster: &Cluster, topic: &str) {
    let mut pipeline = cluster.pipeline().unwrap();
    for _ in 0..RECORDS {
        pipeline.send(&record(topic)).unwrap();
    }
    pipeline.flush(PATIENCE).unwrap();
    assert_eq!(pipeline.acknowledged().unwrap(), RECORDS);
}

fn consume_group(cluster: &Cluster, topic: &str, id: &str) {
    let mut group = cluster.group(id, &[topic]).unwrap();
    let mut count = 0;
    while count < RECORDS {
        if let Polled::Messages(messages) = group.next(1000, PATIENCE).unwrap() {
            count += messages.len() as u64;
        }
    }
}

fn bare_produce(topic: &str) {
    let producer: BaseProducer = config()
        .set("enable.idempotence", "true")
        .set("compression.type", "lz4")
        .set("partitioner", "murmur2_random")
        .set("linger.ms", "2")
        .set("queue.buffering.max.messages", "50000")
        .create()
        .unwrap();
    for n in 0..RECORDS {
        let mut record = BaseRecord::to(topic).key(&b"AAPL"[..]).payload(&PAYLOAD[..]);
        record.partition = Some((n % PARTITIONS as u64) as i32);
        while let Err((_, back)) = producer.send(record) {
            producer.poll(Duration::ZERO);
            std::thread::sleep(LOOK_EVERY);
            record = back;
        }
        if n % 256 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    while producer.in_flight_count() > 0 {
        producer.poll(Duration::ZERO);
        std::thread::sleep(LOOK_EVERY);
    }
}

fn bare_consume(topic: &str, group: &str) {
    let consumer: BaseConsumer = config()
        .set("group.id", group)
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .set("check.crcs", "true")
        .set("queued.min.messages", "20000")
        .set("queued.max.messages.kbytes", "32768")
        .set("fetch.queue.backoff.ms", "10")
        .create()
        .unwrap();
    consumer.subscribe(&[topic]).unwrap();
    let (mut count, mut bytes) = (0, 0);
    while count < RECORDS {
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
            bytes += message.payload().map_or(0, <[u8]>::len);
            count += 1;
        }
    }
    assert_eq!(bytes as u64, RECORDS * PAYLOAD.len() as u64);
}

fn config() -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", local_kafka::shared().bootstrap_servers());
    config
}

/// Spread by hand, so that all contenders fill the same partitions.
fn record(topic: &str) -> Outgoing<'_> {
    use std::cell::Cell;
    thread_local!(static NEXT: Cell<i32> = const { Cell::new(0) });
    let next = NEXT.with(|next| next.replace((next.get() + 1) % PARTITIONS));
    Outgoing {
        topic,
        partition: Some(next),
        key: Some(b"AAPL"),
        payload: Some(&PAYLOAD),
        ..Outgoing::default()
    }
}

fn topic(cluster: &Cluster, name: &str) -> String {
    let name = format!("bench.{name}");
    cluster.admin().unwrap().create_topics(&[TopicSpec::new(&name, PARTITIONS)]).unwrap();
    name
}

/// Seconds on the clock and of processor time for so many records.
#[derive(Clone, Copy)]
struct Cost {
    records: u64,
    wall: f64,
    cpu: f64,
}

impl Cost {
    fn print(self, name: &str) {
        let records = self.records as f64;
        println!(
            "{name:>44}: {:>9.0} records/s, {:>5.0} ns CPU a record",
            records / self.wall,
            1e9 * self.cpu / records
        );
    }
}

fn timed(records: u64, run: impl FnOnce()) -> Cost {
    let (start, cpu) = (Instant::now(), cpu());
    run();
    Cost { records, wall: start.elapsed().as_secs_f64(), cpu: self::cpu() - cpu }
}

fn median(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by(|a, b| a.wall.total_cmp(&b.wall));
    costs[costs.len() / 2]
}

/// Resident memory in bytes.
fn resident() -> u64 {
    const PAGE: u64 = 4096;
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * PAGE
}

/// Processor time of this process so far, in seconds.
fn cpu() -> f64 {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / TICKS_PER_SECOND
}
