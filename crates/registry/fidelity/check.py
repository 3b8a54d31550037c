"""Drives Kafka and the schema registry with Confluent's own Python client.

Addresses come from KAFKA_BOOTSTRAP_SERVERS and SCHEMA_REGISTRY_URL. Prints `ok NAME` for every
check that passes and ends with an error at the first that does not.
"""

import json
import os
import sys
import traceback
from decimal import Decimal

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType
from confluent_kafka.schema_registry import (
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    SchemaRegistryError,
    topic_subject_name_strategy,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

KAFKA = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
REGISTRY = os.environ["SCHEMA_REGISTRY_URL"]
WAIT_SECONDS = 30

DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 18}


def record(name, *fields):
    return json.dumps({"type": "record", "name": name, "namespace": "check", "fields": fields})


def field(name, kind, **more):
    return {"name": name, "type": kind, **more}


V1 = record("Trade", field("symbol", "string"), field("price", DECIMAL))
V2 = record(
    "Trade",
    field("symbol", "string"),
    field("price", DECIMAL),
    field("venue", ["null", "string"], default=None),
)
BROKEN = record("Trade", field("symbol", "string"), field("price", DECIMAL), field("size", "long"))
MONEY = record("Money", field("amount", DECIMAL), field("currency", "string"))
FILL = record("Fill", field("id", "string"), field("value", "check.Money"))


def equal(found, expected):
    assert found == expected, f"found {found!r}, expected {expected!r}"


def refused(code, call, *arguments, **named):
    try:
        found = call(*arguments, **named)
    except SchemaRegistryError as error:
        equal(error.error_code, code)
        return
    raise AssertionError(f"expected the error {code}, found {found!r}")


def avro(text, references=None):
    return Schema(text, "AVRO", references or [])


def topics_are_created_and_listed(admin, _client):
    settings = {"cleanup.policy": "compact"}
    for future in admin.create_topics([NewTopic("trades", 2, 1, config=settings)]).values():
        future.result(WAIT_SECONDS)
    topics = admin.list_topics(timeout=WAIT_SECONDS).topics
    equal(len(topics["trades"].partitions), 2)
    assert "_schemas" in topics, sorted(topics)
    resource = ConfigResource(ResourceType.TOPIC, "trades")
    (described,) = admin.describe_configs([resource]).values()
    equal(described.result(WAIT_SECONDS)["cleanup.policy"].value, "compact")


def schemas_are_registered(_admin, client):
    first = client.register_schema("s-value", avro(V1))
    equal(client.register_schema("s-value", avro(json.dumps(json.loads(V1), indent=2))), first)
    equal(client.register_schema("other/subject?", avro(V1)), first)
    second = client.register_schema("s-value", avro(V2), normalize_schemas=True)
    assert second > first, (first, second)
    equal(client.get_schema(second).schema_type, "AVRO")
    equal(json.loads(client.get_schema(second).schema_str), json.loads(V2))
    refused(40403, client.get_schema, 9999)


def schemas_are_looked_up(_admin, client):
    equal(client.lookup_schema("s-value", avro(V1)).version, 1)
    equal(client.lookup_schema("s-value", avro(V2), normalize_schemas=True).version, 2)
    refused(40403, client.lookup_schema, "s-value", avro(BROKEN))
    refused(40401, client.lookup_schema, "nobody", avro(V1))


def versions_are_listed(_admin, client):
    equal(client.get_versions("s-value"), [1, 2])
    latest = client.get_latest_version("s-value")
    equal((latest.subject, latest.version), ("s-value", 2))
    equal(client.get_version("s-value", 1).schema_id, client.get_version("other/subject?", 1).schema_id)
    refused(40402, client.get_version, "s-value", 9)
    assert {"s-value", "other/subject?"} <= set(client.get_subjects())
    equal(client.get_subjects(subject_prefix="oth"), ["other/subject?"])
    places = client.get_schema_versions(latest.schema_id)
    equal([(place.subject, place.version) for place in places], [("s-value", 2)])
    equal(client.get_subjects_by_schema_id(latest.schema_id), ["s-value"])
    assert "AVRO" in client.get_schema_types()
    equal(client.get_contexts(), ["."])


def compatibility_is_tested(_admin, client):
    equal(client.test_compatibility("s-value", avro(V2)), True)
    equal(client.test_compatibility("s-value", avro(BROKEN)), False)
    equal(client.test_compatibility("s-value", avro(BROKEN), version=1, verbose=True), False)
    equal(client.test_compatibility_all_versions("s-value", avro(V1)), True)
    refused(409, client.register_schema, "s-value", avro(BROKEN))
    refused(42201, client.register_schema, "s-value", avro('{"type":"record"}'))


def levels_are_set(_admin, client):
    equal(client.get_compatibility(), "BACKWARD")
    refused(40408, client.get_compatibility, "s-value")
    client.set_compatibility("s-value", "FORWARD")
    equal(client.get_compatibility("s-value"), "FORWARD")
    equal(client.test_compatibility("s-value", avro(BROKEN)), True)
    refused(42203, client.set_compatibility, "s-value", "SOMETIMES")
    config = client.get_config("s-value")
    equal(str(config.compatibility_level or config.compatibility).rsplit(".")[-1], "FORWARD")
    client.set_config("s-value", config)
    client.delete_config("s-value")
    refused(40408, client.get_compatibility, "s-value")


def modes_are_set(_admin, client):
    equal(client.get_global_mode(), "READWRITE")
    client.update_mode("locked", "READONLY")
    equal(client.get_mode("locked"), "READONLY")
    refused(42205, client.register_schema, "locked", avro(V1))
    refused(42204, client.update_mode, "locked", "SOMETIMES")
    client.delete_mode("locked")
    assert client.register_schema("locked", avro(V1)) > 0


def references_are_resolved(_admin, client):
    client.register_schema("money", avro(MONEY))
    refers = avro(FILL, [SchemaReference("check.Money", "money", 1)])
    fill = client.register_schema("fills-value", refers)
    equal(client.get_referenced_by("money", 1), [fill])
    equal(client.get_schema(fill).references[0].subject, "money")
    refused(42206, client.delete_subject, "money")
    serialize = AvroSerializer(client, refers)
    context = SerializationContext("fills", MessageField.VALUE)
    value = {"id": "f1", "value": {"amount": Decimal("1.5"), "currency": "USD"}}
    found = AvroDeserializer(client)(serialize(value, context), context)
    equal(found, value)


def records_travel(_admin, client):
    strategy = {"subject.name.strategy": topic_subject_name_strategy}
    serialize = AvroSerializer(client, V1, conf=strategy)
    context = SerializationContext("trades", MessageField.VALUE)
    sent = [{"symbol": "AAPL", "price": Decimal(f"{n}.000000000000000001")} for n in range(100)]
    producer = Producer({"bootstrap.servers": KAFKA, "enable.idempotence": True})
    for trade in sent:
        producer.produce("trades", serialize(trade, context), key=trade["symbol"])
    equal(producer.flush(WAIT_SECONDS), 0)

    # A reader with a newer schema gets its default for what the writer did not know.
    deserialize = AvroDeserializer(SchemaRegistryClient({"url": REGISTRY}), V2)
    consumer = Consumer({
        "bootstrap.servers": KAFKA,
        "group.id": "check",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    })
    consumer.subscribe(["trades"])
    found = []
    while len(found) < len(sent):
        message = consumer.poll(WAIT_SECONDS)
        assert message is not None, f"only {len(found)} records arrived"
        assert not message.error(), message.error()
        found.append(deserialize(message.value(), context))
    consumer.commit(asynchronous=False)
    committed = consumer.committed([TopicPartition("trades", n) for n in range(2)], WAIT_SECONDS)
    equal(sum(max(partition.offset, 0) for partition in committed), len(sent))
    consumer.close()
    equal(found, [{**trade, "venue": None} for trade in sent])
    equal(client.get_latest_version("trades-value").version, 1)


def transactions_are_atomic(_admin, _client):
    producer = Producer({"bootstrap.servers": KAFKA, "transactional.id": "check"})
    producer.init_transactions(WAIT_SECONDS)
    for end, value in [(producer.abort_transaction, b"lost"), (producer.commit_transaction, b"kept")]:
        producer.begin_transaction()
        producer.produce("trades", value, key="transaction")
        end(WAIT_SECONDS)
    consumer = Consumer({
        "bootstrap.servers": KAFKA,
        "group.id": "check-transactions",
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
    })
    consumer.subscribe(["trades"])
    values = []
    while b"kept" not in values:
        message = consumer.poll(WAIT_SECONDS)
        assert message is not None, "the committed record did not arrive"
        values.append(message.value())
    assert b"lost" not in values
    consumer.close()


def deletes_are_soft_then_final(_admin, client):
    refused(40407, client.delete_version, "s-value", 1, permanent=True)
    equal(client.delete_version("s-value", 1), 1)
    equal(client.get_versions("s-value"), [2])
    refused(40402, client.get_version, "s-value", 1)
    equal(client.get_version("s-value", 1, deleted=True).version, 1)
    equal(client.delete_subject("s-value"), [2])
    refused(40404, client.delete_subject, "s-value")
    refused(40401, client.get_versions, "s-value")
    assert "s-value" in client.get_subjects(deleted=True)
    equal(client.delete_subject("other/subject?"), [1])
    equal(client.delete_subject("other/subject?", permanent=True), [1])
    assert "other/subject?" not in client.get_subjects(deleted=True)


CHECKS = [
    topics_are_created_and_listed,
    schemas_are_registered,
    schemas_are_looked_up,
    versions_are_listed,
    compatibility_is_tested,
    levels_are_set,
    modes_are_set,
    references_are_resolved,
    records_travel,
    transactions_are_atomic,
    deletes_are_soft_then_final,
]


def main():
    admin = AdminClient({"bootstrap.servers": KAFKA})
    client = SchemaRegistryClient({"url": REGISTRY, "max.retries": 0})
    for check in CHECKS:
        # The client remembers answers; each check is to ask anew.
        client.clear_caches()
        try:
            check(admin, client)
        except Exception:
            traceback.print_exc()
            sys.exit(f"failed {check.__name__}")
        print(f"ok {check.__name__}", flush=True)


if __name__ == "__main__":
    main()
