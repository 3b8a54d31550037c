"""A desk that keeps its orders in a file: a sink that takes no order twice."""

import json
import sys


def say(**message):
    print(json.dumps(message), flush=True)


def book(path):
    with open(path, "a+") as file:
        file.seek(0)
        return {row["delivery"]: row for row in map(json.loads, file)}


def accepted(taken):
    return {"accepted": {"broker_order_id": taken["number"]}}


def deliver(path, delivery):
    taken = book(path).get(delivery["id"])
    if taken is None:
        order = delivery["event"]["ApprovedOrder"]
        if order["request"]["action"] != "place":
            return {"rejected": {"reason": "this desk does not change orders"}}
        number = f"desk-{len(book(path)) + 1}"
        taken = {"delivery": delivery["id"], "order": order["order_id"], "number": number}
        with open(path, "a") as file:
            print(json.dumps(taken), file=file)
    return accepted(taken)


for line in sys.stdin:
    ((question, about),) = json.loads(line).items()
    if question == "hello":
        path = about["settings"]["book"]
        say(ready={})
    elif question == "write":
        say(outcomes=[deliver(path, delivery) for delivery in about["deliveries"]])
    elif question == "resolve":
        taken = book(path).get(about["delivery"]["id"])
        say(outcomes=[accepted(taken) if taken else {"absent": {}}])
    elif question == "stop":
        break
