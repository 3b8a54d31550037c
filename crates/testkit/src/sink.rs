//! The cases that every order sink must pass, held against the broker's own books.

use std::time::{Duration, Instant};

use component::{Delivery, Fault, Outcome, Sends, Sink};
use model::{ApprovedOrder, OrderAction};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::Broker;
use crate::case::{self, Skips, Verdict, ensure};
use crate::reader::{decode, host_of};

/// Names of the cases, in order.
pub const CASES: &[&str] = &[
    "good_credentials",
    "bad_credentials",
    "accept",
    "duplicate",
    "rejection",
    "lost_answer",
    "lost_request",
    "server_error",
    "throttle",
    "garbage",
    "half_open",
    "absent",
    "batch",
    "cancel",
    "shutdown",
];

/// Longest time for anything but silence.
const SOON: Duration = Duration::from_secs(20);
/// Longest that a broker's silence may be taken for patience.
const SILENCE: Duration = Duration::from_secs(120);
/// An order to end is obeyed within this.
const END: Duration = Duration::from_secs(1);
/// How often a broker that is in trouble is asked what became of an order.
const QUESTIONS: u32 = 20;

/// Runs one case of a sink as a test.
pub fn run<S: Sink, M: Broker>(case: &str, settings: Value, skips: Skips<'_>) {
    case::judge(case, skips, CASES, verdict::<S, M>(case, settings));
}

/// What one case finds.
pub fn verdict<S: Sink, M: Broker>(case: &str, settings: Value) -> Verdict {
    case::verdict(case, async {
        let mock = M::start().await;
        let cases = Cases::<S, M> { mock, settings, of: std::marker::PhantomData };
        match case {
            "good_credentials" => cases.connect().await.map(drop),
            "bad_credentials" => cases.bad_credentials().await,
            "accept" => cases.accept().await,
            "duplicate" => cases.duplicate().await,
            "rejection" => cases.rejection().await,
            "lost_answer" => cases.lost_answer().await,
            "lost_request" => cases.lost_request().await,
            "server_error" => cases.server_error().await,
            "throttle" => cases.throttle().await,
            "garbage" => cases.garbage().await,
            "half_open" => cases.half_open().await,
            "absent" => cases.absent().await,
            "batch" => cases.batch().await,
            "cancel" => cases.cancel().await,
            "shutdown" => cases.shutdown().await,
            other => Err(format!("no case is called {other:?}")),
        }
    })
}

struct Cases<S, M> {
    mock: M,
    settings: Value,
    of: std::marker::PhantomData<fn() -> S>,
}

/// What came of handing an order over.
#[derive(Debug)]
enum Sent {
    Outcome(Outcome),
    /// The sink promises that nothing has left.
    Nothing(Fault),
}

impl<S: Sink, M: Broker> Cases<S, M> {
    async fn connect(&self) -> Result<S, String> {
        let connected = self.connect_with(&self.mock.system()).await?;
        connected.map_err(|fault| format!("good credentials: {} {fault}", fault.kind()))
    }

    async fn connect_with(&self, system: &Value) -> Result<Result<S, Fault>, String> {
        let (system, settings) = (decode("system", system)?, decode("settings", &self.settings)?);
        let attempt = timeout(SOON, S::connect(system, settings, host_of(S::NAME))).await;
        attempt.map_err(|_| format!("no connection within {SOON:?}"))
    }

    /// Hands one order over.
    async fn send(&self, sink: &mut S, order: &ApprovedOrder) -> Result<Sent, String> {
        let written = timeout(SOON, sink.write(&[delivery(order)])).await;
        match written.map_err(|_| format!("no outcome within {SOON:?}"))? {
            Ok(mut outcomes) => {
                ensure!(outcomes.len() == 1, "{} outcomes of one delivery", outcomes.len());
                Ok(Sent::Outcome(outcomes.remove(0)))
            }
            Err(fault) => Ok(Sent::Nothing(fault)),
        }
    }

    /// Asks what became of an order until the broker says, as the runtime does.
    async fn resolve(&self, sink: &mut S, order: &ApprovedOrder) -> Result<Outcome, String> {
        let mut last = String::new();
        for _ in 0..QUESTIONS {
            let asked = timeout(SOON, sink.resolve(&delivery(order))).await;
            match asked.map_err(|_| format!("no answer within {SOON:?}"))? {
                Ok(Outcome::Unknown { reason }) => last = reason,
                Ok(known) => return Ok(known),
                Err(Fault::Disconnected(_) | Fault::NeedsPerson { .. }) => {
                    *sink = self.connect().await?;
                }
                Err(fault @ (Fault::Unauthorized { .. } | Fault::Fatal(_))) => {
                    return Err(format!("asking: {} {fault}", fault.kind()));
                }
                Err(fault) => last = fault.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        Err(format!("still unknown after {QUESTIONS} questions: {last}"))
    }

    async fn holds(&self, order: &ApprovedOrder, expected: usize) -> Verdict {
        let taken = self.mock.taken(order).await?;
        ensure!(taken == expected, "the broker holds {taken} orders where it should {expected}");
        Ok(())
    }

    async fn bad_credentials(&self) -> Verdict {
        let fault = match self.connect_with(&self.mock.wrong_system()).await? {
            Err(fault) => fault,
            Ok(mut sink) => match self.send(&mut sink, &self.mock.order(1)).await? {
                Sent::Nothing(fault) => fault,
                Sent::Outcome(outcome) => {
                    return Err(format!("wrong credentials: {outcome:?}"));
                }
            },
        };
        let Fault::Unauthorized { setting, .. } = &fault else {
            return Err(format!("wrong credentials: {} {fault}", fault.kind()));
        };
        ensure!(!setting.is_empty(), "it does not say which setting holds them: {fault}");
        self.holds(&self.mock.order(1), 0).await
    }

    async fn accept(&self) -> Verdict {
        let mut sink = self.connect().await?;
        let order = self.mock.order(1);
        let Sent::Outcome(Outcome::Accepted { broker_order_id }) =
            self.send(&mut sink, &order).await?
        else {
            return Err("a good order was not accepted".to_owned());
        };
        ensure!(broker_order_id.is_some(), "the broker's id of the order is not told");
        self.holds(&order, 1).await?;
        let resolved = self.resolve(&mut sink, &order).await?;
        ensure!(
            resolved == Outcome::Accepted { broker_order_id: broker_order_id.clone() },
            "accepted as {broker_order_id:?}, later said to be {resolved:?}"
        );
        Ok(())
    }

    /// The same delivery again is not a new order, and it is no rejection of the first one.
    async fn duplicate(&self) -> Verdict {
        let mut sink = self.connect().await?;
        let order = self.mock.order(1);
        self.send(&mut sink, &order).await?;
        for mut again in [sink, self.connect().await?] {
            if let Sent::Outcome(outcome) = self.send(&mut again, &order).await? {
                let is_honest =
                    matches!(outcome, Outcome::Accepted { .. } | Outcome::Unknown { .. });
                ensure!(is_honest, "an order that the broker has was said to be {outcome:?}");
            }
            self.holds(&order, 1).await?;
            let resolved = self.resolve(&mut again, &order).await?;
            ensure!(matches!(resolved, Outcome::Accepted { .. }), "resolved as {resolved:?}");
        }
        Ok(())
    }

    async fn rejection(&self) -> Verdict {
        let mut sink = self.connect().await?;
        let order = self.mock.refused_order(1);
        match self.send(&mut sink, &order).await? {
            Sent::Outcome(Outcome::Rejected { reason }) => {
                ensure!(!reason.trim().is_empty(), "a rejection without a reason");
            }
            other => return Err(format!("the broker said no, the sink {other:?}")),
        }
        self.holds(&order, 0).await?;
        let good = self.mock.order(2);
        let next = self.send(&mut sink, &good).await?;
        let is_fine = matches!(next, Sent::Outcome(Outcome::Accepted { .. }));
        ensure!(is_fine, "the order after a rejection: {next:?}");
        Ok(())
    }

    /// The broker takes the order and its answer is lost.
    async fn lost_answer(&self) -> Verdict {
        for (number, kind) in [(1, "reset_after"), (2, "truncated")] {
            let mut sink = self.connect().await?;
            let order = self.mock.order(number);
            self.mock.fault(json!({ "kind": kind, "method": "POST" })).await?;
            match self.send(&mut sink, &order).await? {
                Sent::Outcome(Outcome::Unknown { .. } | Outcome::Accepted { .. }) => {}
                other => return Err(format!("{kind}: the broker has it, the sink said {other:?}")),
            }
            self.happened().await?;
            self.holds(&order, 1).await?;
            let resolved = self.resolve(&mut sink, &order).await?;
            let is_found = matches!(resolved, Outcome::Accepted { .. });
            ensure!(is_found, "{kind}: the broker has it, the sink found {resolved:?}");
            self.holds(&order, 1).await?;
        }
        Ok(())
    }

    /// The connection breaks before the order arrives.
    async fn lost_request(&self) -> Verdict {
        let mut sink = self.connect().await?;
        let order = self.mock.order(1);
        self.mock.fault(json!({ "kind": "reset_before", "method": "POST" })).await?;
        self.doubtful(&mut sink, &order, "reset_before").await
    }

    async fn server_error(&self) -> Verdict {
        for (number, status) in [(1, 500), (2, 502), (3, 503), (4, 504)] {
            let mut sink = self.connect().await?;
            let order = self.mock.order(number);
            self.mock.fault(json!({ "status": status, "method": "POST" })).await?;
            self.doubtful(&mut sink, &order, &status.to_string()).await?;
        }
        Ok(())
    }

    async fn throttle(&self) -> Verdict {
        let mut sink = self.connect().await?;
        let order = self.mock.order(1);
        let rule = json!({ "status": 429, "method": "POST", "headers": { "retry-after": "1" } });
        self.mock.fault(rule).await?;
        self.doubtful(&mut sink, &order, "429").await
    }

    async fn garbage(&self) -> Verdict {
        for (number, kind) in [(1, "garbage"), (2, "html"), (3, "invalid_utf8")] {
            let mut sink = self.connect().await?;
            let order = self.mock.order(number);
            self.mock.fault(json!({ "kind": kind, "method": "POST" })).await?;
            self.doubtful(&mut sink, &order, kind).await?;
        }
        Ok(())
    }

    /// Something came back, or nothing did, and no order was taken. The sink cannot know that:
    /// it says so, and the broker's books decide.
    async fn doubtful(&self, sink: &mut S, order: &ApprovedOrder, what: &str) -> Verdict {
        match self.send(sink, order).await? {
            Sent::Outcome(Outcome::Unknown { .. }) => {}
            // It repeated by itself what is safe to be repeated.
            Sent::Outcome(Outcome::Accepted { .. }) => {
                self.happened().await?;
                return self.holds(order, 1).await;
            }
            Sent::Nothing(fault @ (Fault::Unauthorized { .. } | Fault::Fatal(_))) => {
                return Err(format!("{what}: gave up for good: {} {fault}", fault.kind()));
            }
            Sent::Nothing(_) => {}
            Sent::Outcome(wrong) => {
                return Err(format!("{what}: nobody said so, the sink claims {wrong:?}"));
            }
        }
        self.happened().await?;
        self.holds(order, 0).await?;
        let resolved = self.resolve(sink, order).await?;
        ensure!(
            resolved == Outcome::Absent,
            "{what}: the broker does not have it, the sink found {resolved:?}"
        );
        if let Sends::Orders { repeats_are_refused: true } = S::SENDS {
            let again = self.send(sink, order).await?;
            let is_fine = matches!(again, Sent::Outcome(Outcome::Accepted { .. }));
            ensure!(is_fine, "{what}: sent again: {again:?}");
            self.holds(order, 1).await?;
        }
        Ok(())
    }

    /// The broker takes the request and never answers.
    async fn half_open(&self) -> Verdict {
        let mut sink = self.connect().await?;
        let order = self.mock.order(1);
        self.mock.fault(json!({ "kind": "hang", "method": "POST" })).await?;
        tokio::time::pause();
        let written = timeout(SILENCE, sink.write(&[delivery(&order)])).await;
        tokio::time::resume();
        let written = written.map_err(|_| format!("{SILENCE:?} of silence went unnoticed"))?;
        let outcome = written.map(|outcomes| outcomes.into_iter().next());
        ensure!(
            matches!(outcome, Ok(Some(Outcome::Unknown { .. }))),
            "the broker said nothing, the sink {outcome:?}"
        );
        self.happened().await?;
        let resolved = self.resolve(&mut sink, &order).await?;
        ensure!(resolved == Outcome::Absent, "the broker never took it: {resolved:?}");
        Ok(())
    }

    async fn absent(&self) -> Verdict {
        let mut sink = self.connect().await?;
        let other = self.mock.order(1);
        self.send(&mut sink, &other).await?;
        let never_sent = self.mock.order(2);
        let resolved = self.resolve(&mut sink, &never_sent).await?;
        ensure!(resolved == Outcome::Absent, "an order that was never sent: {resolved:?}");
        self.holds(&never_sent, 0).await
    }

    async fn batch(&self) -> Verdict {
        let mut sink = self.connect().await?;
        let orders = [self.mock.order(1), self.mock.refused_order(2), self.mock.order(3)];
        let deliveries: Vec<Delivery> = orders.iter().map(delivery).collect();
        let outcomes = timeout(SOON, sink.write(&deliveries)).await;
        let outcomes = outcomes.map_err(|_| format!("no outcomes within {SOON:?}"))?;
        let outcomes = outcomes.map_err(|fault| format!("three deliveries: {fault}"))?;
        let is_right = matches!(
            outcomes[..],
            [Outcome::Accepted { .. }, Outcome::Rejected { .. }, Outcome::Accepted { .. }]
        );
        ensure!(is_right, "good, refused, good: {outcomes:?}");
        for (order, expected) in orders.iter().zip([1, 0, 1]) {
            self.holds(order, expected).await?;
        }
        Ok(())
    }

    /// Canceling what the broker does not have is refused; what it has, it cancels.
    async fn cancel(&self) -> Verdict {
        let mut sink = self.connect().await?;
        let unknown = cancel(self.mock.order(1));
        let sent = self.send(&mut sink, &unknown).await?;
        let is_refused = matches!(sent, Sent::Outcome(Outcome::Rejected { .. }));
        ensure!(is_refused, "there is nothing to cancel, the sink said {sent:?}");
        let order = self.mock.order(2);
        self.send(&mut sink, &order).await?;
        let sent = self.send(&mut sink, &cancel(order.clone())).await?;
        let is_taken = matches!(sent, Sent::Outcome(Outcome::Accepted { .. }));
        ensure!(is_taken, "a cancellation that the broker takes: {sent:?}");
        self.holds(&order, 1).await
    }

    async fn shutdown(&self) -> Verdict {
        let mut sink = self.connect().await?;
        let order = self.mock.order(1);
        let _ = timeout(Duration::from_millis(1), sink.write(&[delivery(&order)])).await;
        let started = Instant::now();
        drop(sink);
        let took = started.elapsed();
        ensure!(took < END, "it took {took:?} to end a connection");
        Ok(())
    }

    async fn happened(&self) -> Verdict {
        let left = self.mock.pending().await?;
        ensure!(left.is_empty(), "a fault never happened: {left:?}");
        Ok(())
    }
}

fn cancel(mut order: ApprovedOrder) -> ApprovedOrder {
    order.request.action = OrderAction::Cancel;
    order.request.request_id = format!("{}-cancel", order.request.request_id).into();
    order
}

fn delivery(order: &ApprovedOrder) -> Delivery {
    Delivery {
        id: order.request.request_id.clone(),
        topic: "orders.approved".into(),
        partition: 0,
        offset: 0,
        event: order.clone().into(),
    }
}
