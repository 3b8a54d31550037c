"""A program that Foliostream's authors did not write: Confluent's client with its Avro serializers.

Reads market.trades, places an order through orders.requests, and follows it until it is booked.
Addresses come from KAFKA and REGISTRY. Prints one `ok` line for each thing that works.
"""

import os
import sys
import time
import uuid
from decimal import Decimal

from confluent_kafka import DeserializingConsumer, SerializingProducer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer

KAFKA = os.environ["KAFKA"]
REGISTRY = SchemaRegistryClient({"url": os.environ["REGISTRY"]})
PATIENCE = 60


def ok(what):
    print(f"ok {what}", flush=True)


def check(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")


def consumer(*topics):
    made = DeserializingConsumer(
        {
            "bootstrap.servers": KAFKA,
            "group.id": str(uuid.uuid4()),
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "value.deserializer": AvroDeserializer(REGISTRY),
        }
    )
    made.subscribe(list(topics))
    return made


def follow(topic, is_wanted, what):
    """The first event of a topic that is wanted."""
    reader = consumer(topic)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        message = reader.poll(0.5)
        if message is None or message.value() is None:
            continue
        check(message.error() is None, f"{topic}: {message.error()}")
        if is_wanted(message.value()):
            reader.close()
            return message
    sys.exit(f"failed: no {what} on {topic} within {PATIENCE} s")


trade = follow("market.trades", lambda value: True, "trade")
value = trade.value()
check(type(value["price"]) is Decimal and value["price"] > 0, f"price {value['price']!r}")
check(value["price"] == value["price"].quantize(Decimal("0.0001")), "an exact price")
check(type(value["event_time"]) is int and value["event_time"] > 10**18, "nanoseconds")
ok(f"a trade with exact decimals: {value['instrument']} {value['price'].normalize()}")

headers = {name: text.decode() for name, text in trade.headers()}
check(headers["ce_type"] == "Trade" and headers["ce_id"] == value["event_id"], "CloudEvents")
check(headers["traceparent"].startswith("00-"), "traceparent")
check(trade.key().decode() == value["instrument"], "the key")
ok("headers and key")

schema = REGISTRY.get_latest_version("orders.requests-value").schema
producer = SerializingProducer(
    {
        "bootstrap.servers": KAFKA,
        "value.serializer": AvroSerializer(
            REGISTRY, schema, conf={"auto.register.schemas": False, "use.latest.version": True}
        ),
        "key.serializer": lambda text, _: text.encode(),
    }
)
order_id = "python-" + uuid.uuid4().hex[:12]
request = {
    "event_id": uuid.uuid4().hex,
    "source": "python",
    "event_time": time.time_ns(),
    "received_time": time.time_ns(),
    "request_id": uuid.uuid4().hex,
    "action": "place",
    "order_id": order_id,
    "account": "main",
    "instrument": "BAC.US",
    "side": "buy",
    "quantity": Decimal("7"),
    "order_type": "market",
    "time_in_force": "day",
    "extended_hours": False,
    "order_class": "simple",
    "legs": [],
    "broker_options": {},
}
producer.produce("orders.requests", key="main", value=request)
check(producer.flush(10) == 0, "the request was not acknowledged")
ok("an order request")

approved = follow("orders.approved", lambda v: v["order_id"] == order_id, "approval").value()
check(approved["system"] == "alpaca", "the route")
ok("approved and routed")

state = follow(
    "orders.state", lambda v: v["order_id"] == order_id and v["is_terminal"], "terminal state"
).value()
check(state["status"] == "filled", f"the order is {state['status']}: {state['reason']}")
check(state["filled_quantity"] == Decimal(7), "the filled quantity")
ok("filled")

fill = follow("orders.fills", lambda v: v["order_id"] == order_id, "fill").value()
booked = follow(
    "portfolio.positions",
    lambda v: v["instrument"] == "BAC.US" and v["event_time"] >= fill["event_time"],
    "booked position",
).value()
ok(f"booked: {booked['quantity'].normalize()} BAC.US")

follow(
    "accounts.positions",
    lambda v: v["instrument"] == "BAC.US" and v["quantity"] == booked["quantity"],
    "position at the broker that equals ours",
)
ok("reconciled with the broker")
