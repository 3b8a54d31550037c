"""A desk that keeps its orders in a file: a sink that takes no order twice."""

import json
import sys

def say(**message):
    print(json.dumps(message), flush=True)


def taken():
    with open(path, "a+") as file:
        file.seek(0)
        return {row["delivery"]: {"accepted": {"broker_order_id": row["number"]}}
                for row in map(json.loads, file)}


def deliver(delivery):
    order, book = delivery["event"]["ApprovedOrder"], taken()
    if delivery["id"] in book:
        return book[delivery["id"]]
    if order["request"]["action"] != "place":
        return {"rejected": {"reason": "this desk does not change orders"}}
    row = {"delivery": delivery["id"], "number": f"desk-{len(book) + 1}"}
    with open(path, "a") as file:
        print(json.dumps(row | {"order": order["order_id"]}), file=file)
    return taken()[row["delivery"]]


for line in sys.stdin:
    ((question, about),) = json.loads(line).items()
    if question == "hello":
        path = about["settings"]["book"]
        say(ready={})
    elif question == "write":
        say(outcomes=[deliver(one) for one in about["deliveries"]])
    elif question == "resolve":
        say(outcomes=[taken().get(about["delivery"]["id"], {"absent": {}})])
    elif question == "stop":
        break
