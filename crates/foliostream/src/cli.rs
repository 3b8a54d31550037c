//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::scaffold::Kind;

/// Connects portfolio systems to the outside: vendors in, one set of Kafka topics out.
#[derive(Debug, Parser)]
#[command(name = "foliostream", version, propagate_version = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// How to print: words for people, JSON for machines.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Folder of the local Kafka and of what the demo leaves behind.
    #[arg(long, global = true, value_name = "FOLDER", default_value = "data")]
    pub data: PathBuf,
    /// Kafka brokers, where they are not those of a `demo` or `broker run` on the data folder.
    #[arg(long, global = true, value_name = "HOST:PORT", env = "FOLIOSTREAM_KAFKA")]
    pub bootstrap_servers: Option<String>,
    /// Schema registry, where it is not that of a `demo` or `broker run` on the data folder.
    #[arg(long, global = true, value_name = "URL", env = "FOLIOSTREAM_SCHEMA_REGISTRY")]
    pub schema_registry: Option<String>,
    /// Where secrets are kept: file:PATH, env:PREFIX, or command:PROGRAM ARGUMENTS with {name};
    /// credentials.age in the data folder if left out.
    #[arg(long, global = true, value_name = "STORE", env = "FOLIOSTREAM_STORE")]
    pub store: Option<String>,
    /// Key that opens a store in a file, as `credential key` or age-keygen makes it; without it
    /// the variable FOLIOSTREAM_PASSPHRASE does.
    #[arg(long, global = true, value_name = "FILE", env = "FOLIOSTREAM_KEY_FILE")]
    pub key_file: Option<PathBuf>,
    /// Prefix of every topic.
    #[arg(long, global = true, value_name = "TEXT", default_value = "")]
    pub prefix: String,
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 mistakes in the topology; \
                          4 not found; 5 a credential was refused; \
                          6 already there.";

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Words for people.
    Text,
    /// One JSON value a line for machines.
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Starts everything on this machine, with mocks, and shows it at work.
    Demo(Demo),
    /// Runs a topology, or single components of it.
    Run(Run),
    /// Finds every mistake in a topology.
    Check(Check),
    /// Lists the components and processors there are.
    List(List),
    /// Prints the events of a topic as they come.
    Tap(Tap),
    /// Writes a topic, a table or a summary to a file, whole or not at all.
    Export(Export),
    /// Publishes the rows of files, each once, as `data_import.imports` says.
    Import(Import),
    /// Shows what is imported and exported on a schedule, and runs it now.
    #[command(subcommand)]
    Schedule(Schedule),
    /// Places, changes and shows orders.
    #[command(subcommand)]
    Order(Order),
    /// Shows what the broker and our own books say.
    #[command(subcommand)]
    Account(Account),
    /// Shows mismatches between our books and the broker's.
    #[command(subcommand)]
    Break(Break),
    /// Shows what calls for a person, tries the ways to people, and keeps silent.
    #[command(subcommand)]
    Alert(Alert),
    /// Shows dead letters and tries them again.
    #[command(subcommand)]
    Dlq(Dlq),
    /// Shows the topics.
    #[command(subcommand)]
    Topic(Topic),
    /// Shows the schemas.
    #[command(subcommand)]
    Schema(Schema),
    /// Holds new orders back, or lets them pass again.
    #[command(subcommand)]
    Switch(Switch),
    /// Runs a local Kafka and schema registry.
    #[command(subcommand)]
    Broker(Broker),
    /// Runs a mock of a vendor.
    #[command(subcommand)]
    Mock(Mock),
    /// Keeps secrets, for secret://name in a topology, and logs in to systems.
    #[command(subcommand)]
    Credential(Credential),
    /// Shows whether the audit log is what was written.
    #[command(subcommand)]
    Audit(Audit),
    /// Makes connectors.
    #[command(subcommand)]
    Connector(Connector),
    /// Prints completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Prints the version.
    Version,
}

#[derive(Args, Debug)]
pub struct Demo {
    /// Send the scripted orders, wait until all is settled, print a summary and stop.
    #[arg(long)]
    pub once: bool,
    /// Multiple of real time at which the market is replayed.
    #[arg(long, default_value_t = 20.0)]
    pub speed: f64,
    /// Where /metrics, /livez and /readyz are served.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
}

#[derive(Args, Debug)]
pub struct Run {
    /// Components (`alpaca.alpaca_trades`), systems, processors or `schedule`; all, if none is
    /// named.
    pub names: Vec<String>,
    /// The topology.
    #[arg(long, default_value = "topology.yaml")]
    pub topology: PathBuf,
    /// Which of several processes that share the work this is, from 0.
    #[arg(long, default_value_t = 0, env = "FOLIOSTREAM_INSTANCE")]
    pub instance: u32,
}

#[derive(Args, Debug)]
pub struct Check {
    /// The topology.
    #[arg(default_value = "topology.yaml")]
    pub topology: PathBuf,
    /// Also log in to each system and read once, without publishing or sending anything.
    #[arg(long)]
    pub connect: bool,
}

#[derive(Args, Debug)]
pub struct List {
    /// With `--format json`: the schemas of the settings too.
    #[arg(long)]
    pub schemas: bool,
}

#[derive(Args, Debug)]
pub struct Tap {
    /// Topic, without its prefix.
    pub topic: String,
    /// Start at the oldest record.
    #[arg(long)]
    pub from_start: bool,
    /// Start with the last so many records of each partition.
    #[arg(long, default_value_t = 0)]
    pub last: usize,
    /// Stop after so many records.
    #[arg(long)]
    pub count: Option<usize>,
    /// Stop at the newest record there is.
    #[arg(long)]
    pub until_end: bool,
    /// Only records with this key.
    #[arg(long)]
    pub key: Option<String>,
}

#[derive(Args, Debug)]
pub struct Export {
    /// positions, cash, fills, orders, balances, broker_positions, breaks, portfolio_summary, or a
    /// topic.
    #[arg(value_name = "DATA")]
    pub what: String,
    /// The file, below the root, or its URL in a store of the topology; `{date}` and `{time}` are
    /// filled in.
    #[arg(long)]
    pub to: String,
    /// The folder that nothing is written outside of.
    #[arg(long, default_value = ".")]
    pub root: PathBuf,
    /// The topology that names the stores.
    #[arg(long, default_value = "topology.yaml")]
    pub topology: PathBuf,
    /// How the rows are written.
    #[arg(long = "as", value_enum, default_value_t = FileFormat::Csv)]
    pub file_format: FileFormat,
    /// Columns in their order; all of them if left out.
    #[arg(long, value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Only events from this time on, RFC 3339.
    #[arg(long)]
    pub since: Option<String>,
    /// Only events before this time, RFC 3339.
    #[arg(long)]
    pub until: Option<String>,
}

/// How the rows of an export are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FileFormat {
    Csv,
    Json,
    Parquet,
    Xlsx,
    Xml,
}

#[derive(Args, Debug)]
pub struct Import {
    /// Name of the import.
    pub name: String,
    /// Files, patterns or URLs instead of those that the import names.
    pub files: Vec<String>,
    /// The topology.
    #[arg(long, default_value = "topology.yaml")]
    pub topology: PathBuf,
    /// Publish nothing, say which rows would be refused.
    #[arg(long)]
    pub dry_run: bool,
    /// Look again and again for new files and rows, with a pause between.
    #[arg(long, value_name = "SECS", conflicts_with = "dry_run")]
    pub watch: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub enum Schedule {
    /// Lists the jobs of a topology, and when each is due next.
    List {
        /// The topology.
        #[arg(long, default_value = "topology.yaml")]
        topology: PathBuf,
    },
    /// Lists runs, the latest last.
    History {
        /// Only those of this job.
        job: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        last: usize,
        /// The topology.
        #[arg(long, default_value = "topology.yaml")]
        topology: PathBuf,
    },
    /// Asks for a run now: `foliostream run` carries it out, as soon as there is one.
    Run(ScheduleRun),
}

#[derive(Args, Debug)]
pub struct ScheduleRun {
    /// The job.
    pub job: String,
    /// The topology.
    #[arg(long, default_value = "topology.yaml")]
    pub topology: PathBuf,
    /// Wait until the run has come to its end, at most so many seconds.
    #[arg(long, value_name = "SECS", num_args = 0..=1, default_missing_value = "300")]
    pub wait: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub enum Order {
    /// Asks for a new order.
    Place(Box<Place>),
    /// Asks to change an order.
    Replace(Replace),
    /// Asks to cancel an order.
    Cancel(Cancel),
    /// Shows one order.
    Status {
        /// Our id of the order.
        order_id: String,
    },
    /// Shows all orders.
    List {
        /// Only those that can still change.
        #[arg(long)]
        open: bool,
    },
}

#[derive(Args, Debug)]
pub struct Place {
    /// Our account.
    pub account: String,
    /// buy or sell.
    pub side: String,
    /// What to trade, for example BAC.US.
    pub instrument: String,
    /// Units to trade.
    pub quantity: Option<String>,
    /// Money to spend instead of a quantity.
    #[arg(long, conflicts_with = "quantity")]
    pub notional: Option<String>,
    /// market, limit, stop, stop_limit or trailing_stop; follows from the prices if left out.
    #[arg(long = "type")]
    pub order_type: Option<String>,
    /// day, gtc, opg, cls, ioc or fok.
    #[arg(long = "tif", default_value = "day")]
    pub time_in_force: String,
    /// Worst price to accept.
    #[arg(long = "limit")]
    pub limit_price: Option<String>,
    /// Price that sets a stop order off.
    #[arg(long = "stop")]
    pub stop_price: Option<String>,
    /// Distance of a trailing stop in money.
    #[arg(long)]
    pub trail_amount: Option<String>,
    /// Distance of a trailing stop in percent.
    #[arg(long, conflicts_with = "trail_amount")]
    pub trail_percent: Option<String>,
    /// May trade outside the regular session.
    #[arg(long)]
    pub extended_hours: bool,
    /// Limit price of the profit-taking exit of a bracket.
    #[arg(long)]
    pub take_profit: Option<String>,
    /// Stop price of the protective exit of a bracket.
    #[arg(long)]
    pub stop_loss: Option<String>,
    /// Our id of the order; made up if left out.
    #[arg(long)]
    pub order_id: Option<String>,
    /// Not to be sent after this time, RFC 3339.
    #[arg(long)]
    pub expires_at: Option<String>,
    /// Wait until the order is terminal, at most so many seconds.
    #[arg(long, value_name = "SECS", num_args = 0..=1, default_missing_value = "30")]
    pub wait: Option<u64>,
}

#[derive(Args, Debug)]
pub struct Replace {
    /// Our id of the order.
    pub order_id: String,
    /// New quantity.
    #[arg(long)]
    pub quantity: Option<String>,
    /// New limit price.
    #[arg(long = "limit")]
    pub limit_price: Option<String>,
    /// New stop price.
    #[arg(long = "stop")]
    pub stop_price: Option<String>,
    /// New distance of a trailing stop in money.
    #[arg(long)]
    pub trail_amount: Option<String>,
    /// New time in force.
    #[arg(long = "tif")]
    pub time_in_force: Option<String>,
}

#[derive(Args, Debug)]
pub struct Cancel {
    /// Our id of the order.
    pub order_id: String,
}

#[derive(Debug, Subcommand)]
pub enum Account {
    /// Shows positions: ours and the broker's, side by side.
    Positions,
    /// Shows balances as the broker reports them, and our own cash.
    Balances,
}

#[derive(Debug, Subcommand)]
pub enum Break {
    /// Lists breaks.
    List {
        /// Closed ones too.
        #[arg(long)]
        all: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Alert {
    /// Sends a message to every destination of alerts, and says which took it.
    Test(AlertTest),
    /// Lists alerts.
    List {
        /// Closed ones too.
        #[arg(long)]
        all: bool,
    },
    /// Tells nobody of some alerts for a time.
    Silence(AlertSilence),
}

#[derive(Args, Debug)]
pub struct AlertTest {
    /// The topology.
    #[arg(long, default_value = "topology.yaml")]
    pub topology: PathBuf,
    /// Only this destination: email, slack or webhook.
    #[arg(long)]
    pub channel: Option<String>,
}

#[derive(Args, Debug)]
pub struct AlertSilence {
    /// Id, component, system or rule of the alerts; a * at its end stands for anything.
    pub pattern: String,
    /// For so many hours.
    #[arg(long, conflicts_with_all = ["until", "lift"], value_parser = clap::value_parser!(u64).range(1..=8_760))]
    pub hours: Option<u64>,
    /// Until this time, RFC 3339.
    #[arg(long, conflicts_with = "lift")]
    pub until: Option<String>,
    /// Tell of them again.
    #[arg(long)]
    pub lift: bool,
    /// Why.
    #[arg(long, default_value = "")]
    pub reason: String,
}

#[derive(Debug, Subcommand)]
pub enum Dlq {
    /// Lists dead letters.
    List,
    /// Shows one with its raw bytes.
    Show {
        /// event_id of the letter.
        id: String,
    },
    /// Tries letters again; each is tried again once, however often this is called.
    Redrive {
        /// event_ids of the letters; all, if none is named.
        ids: Vec<String>,
        /// The topology, where its settings say what an item means: for connectors by declaration
        /// and in other languages, and for the names of accounts.
        #[arg(long)]
        topology: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Topic {
    /// Lists the topics with their records.
    List,
}

#[derive(Debug, Subcommand)]
pub enum Schema {
    /// Lists the subjects of the registry.
    List,
}

#[derive(Debug, Subcommand)]
pub enum Switch {
    /// Holds new orders back; cancels still pass.
    Halt(Scope),
    /// Lets orders pass again.
    Resume(Scope),
}

#[derive(Args, Debug)]
pub struct Scope {
    /// `all`, one of our accounts, or a system.
    #[arg(default_value = "all")]
    pub scope: String,
    /// Why.
    #[arg(long, default_value = "")]
    pub reason: String,
}

#[derive(Debug, Subcommand)]
pub enum Broker {
    /// Runs until stopped.
    Run(BrokerRun),
}

#[derive(Args, Debug)]
pub struct BrokerRun {
    /// Port of Kafka; a free one if left out.
    #[arg(long)]
    pub kafka_port: Option<u16>,
    /// Address of the registry.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
}

#[derive(Debug, Subcommand)]
pub enum Mock {
    /// Runs until stopped.
    Run(MockRun),
}

#[derive(Args, Debug)]
pub struct MockRun {
    /// The vendor.
    pub vendor: String,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Settings of the mock as JSON: a file, or the text itself.
    #[arg(long)]
    pub settings: Option<String>,
    /// Folder of market data; a small slice is built in.
    #[arg(long)]
    pub market_data: Option<PathBuf>,
    /// Multiple of real time, or `max`.
    #[arg(long)]
    pub speed: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Credential {
    /// Keeps a secret, in place of what was there; it is read from standard input.
    Set {
        /// Its name, for example alpaca/secret.
        name: String,
    },
    /// Lists the names of the secrets.
    List,
    /// Forgets a secret.
    Remove {
        /// Its name.
        name: String,
    },
    /// Makes a key for stores in files.
    Key {
        /// The file to make.
        file: PathBuf,
    },
    /// Walks a person through the consent that a system's vendor asks for.
    Login(CredentialLogin),
    /// Tries the credentials of a system, and says how long they last.
    Test(CredentialSystem),
    /// Renews the tokens of a system, or puts a new secret in the place of an old one.
    Rotate(CredentialRotate),
    /// Gives the tokens of a system back.
    Revoke(CredentialSystem),
}

#[derive(Args, Debug)]
pub struct CredentialSystem {
    /// The system, as the topology names it.
    #[arg(value_name = "SYSTEM")]
    pub name: String,
    /// The topology.
    #[arg(long, default_value = "topology.yaml")]
    pub topology: PathBuf,
}

#[derive(Args, Debug)]
pub struct CredentialLogin {
    #[command(flatten)]
    pub system: CredentialSystem,
    /// Only print the page; a browser is not opened either where there is no screen.
    #[arg(long)]
    pub no_browser: bool,
}

#[derive(Args, Debug)]
pub struct CredentialRotate {
    #[command(flatten)]
    pub system: CredentialSystem,
    /// Take a new value for this secret of the store from standard input, try it with the system,
    /// and keep the old one where it is refused.
    #[arg(long, value_name = "NAME")]
    pub secret: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Reads the whole log, and names the first entry that was changed, dropped, inserted or
    /// reordered.
    Verify(AuditVerify),
    /// Prints the public half of the key that signs the log; makes the key if there is none.
    Key {
        /// Its name in the store.
        #[arg(default_value = "audit/key")]
        name: String,
    },
}

#[derive(Args, Debug)]
pub struct AuditVerify {
    /// File with the public key, as `audit key` prints it; else the key in the store is asked.
    #[arg(long, value_name = "FILE")]
    pub public_key: Option<PathBuf>,
    /// Name of the key in the store.
    #[arg(long, value_name = "NAME", default_value = "audit/key")]
    pub key: String,
    /// Nobody writes the log any more: it has to end with a checkpoint.
    #[arg(long)]
    pub closed: bool,
    /// Entries that were found earlier: the log was cut off if there are fewer.
    #[arg(long, value_name = "ENTRIES", default_value_t = 0)]
    pub at_least: u64,
    /// The topology, where it says which Kafka the log is on.
    #[arg(long)]
    pub topology: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Connector {
    /// Writes a new connector, with its mock and its tests, into the checkout it is run in.
    New(ConnectorNew),
}

#[derive(Args, Debug)]
pub struct ConnectorNew {
    /// The vendor, for example bird_counts.
    pub name: String,
    /// How the vendor hands its data over.
    #[arg(long, value_enum, default_value_t = Kind::Rest)]
    pub kind: Kind,
}
