//! Components in a process of their own, which can be killed as no task inside a process can.
//!
//! The test binary starts itself again and runs one test, [`child_process`], which does nothing
//! in an ordinary run.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child as Process, Command, Stdio};
use std::time::Duration;

use kafka::{Cluster, Settings};
use runtime::Names;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::toys::{Count, Fills, Strict, Trades, processor, sink, source_of};
use crate::world::{World, eventually};

const ORDERS: &str = "FOLIOSTREAM_TEST_CHILD";

/// What a child is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    servers: String,
    registry: String,
    prefix: String,
    partitions: BTreeMap<String, i32>,
    component: Component,
    settings: Value,
    instance: u32,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Component {
    Fills,
    Trades,
    Count,
    Orders,
}

/// A process that runs one component until it is killed.
pub struct Child(Process);

impl Child {
    /// Starts one; `kill` names the point where it dies by itself, as `sink.after_answer:2`.
    pub fn start(world: &World, component: Component, settings: Value, kill: &str) -> Self {
        Self::start_as(0, world, component, settings, kill)
    }

    pub fn start_as(
        instance: u32,
        world: &World,
        component: Component,
        settings: Value,
        kill: &str,
    ) -> Self {
        let names = &world.wiring.names;
        let topics = ["orders.fills", "orders.approved", "market.trades"];
        let plan = Plan {
            servers: world.wiring.cluster.settings().bootstrap_servers.clone(),
            registry: world.wiring.registry.url().to_owned(),
            prefix: names.prefix().to_owned(),
            partitions: topics.map(|topic| (topic.to_owned(), names.partitions(topic))).into(),
            component,
            settings,
            instance,
        };
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["child::child_process", "--exact", "--nocapture", "--test-threads=1"])
            .env(ORDERS, serde_json::to_string(&plan).unwrap())
            .env("FOLIOSTREAM_KILL", kill)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(process)
    }

    /// Whether it has died, as it was told to. Ending in any other way fails the test.
    pub fn is_dead(&mut self) -> bool {
        match self.0.try_wait().unwrap() {
            Some(status) => {
                assert_eq!(status.signal(), Some(9), "the child ended by itself: {status}");
                true
            }
            None => false,
        }
    }

    pub async fn dies(mut self) {
        eventually("the child dies", || self.is_dead().then_some(())).await;
    }

    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    pub fn signal(&self, name: &str) {
        let done = Command::new("kill").args([name, &self.0.id().to_string()]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Child {
    /// A test that failed must not leave a component behind that goes on.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn child_process() {
    let Ok(plan) = std::env::var(ORDERS) else { return };
    // Whoever started us holds the other end of the pipe: it breaks when they are gone.
    std::thread::spawn(|| {
        let _ = std::io::Read::read(&mut std::io::stdin(), &mut [0]);
        std::process::exit(1);
    });
    let plan: Plan = serde_json::from_str(&plan).unwrap();
    let names = Names::new(&plan.prefix, plan.partitions, 1);
    let cluster = Cluster::new(Settings::plain(&plan.servers));
    let world = World::join(cluster, &plan.registry, names).await;
    let task = match plan.component {
        Component::Fills => source_of::<Fills>(crate::toys::SYSTEM, plan.settings),
        Component::Trades => source_of::<Trades>(crate::toys::SYSTEM, plan.settings),
        Component::Count => processor::<Count>(plan.settings),
        Component::Orders => sink::<Strict>(plan.settings),
    };
    let _run = world.run_as(plan.instance, [task]);
    tokio::time::sleep(Duration::from_secs(300)).await;
}
