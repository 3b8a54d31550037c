"""A vendor in a folder: items to read, a book of orders, and faults that wait to happen.

Every file of `faults/` is one fault and goes away when it happens; `late` holds the milliseconds
that every answer takes.
"""

import json
import os
import pathlib
import signal
import sys
import time

PAGE = 7


def say(**message):
    print(json.dumps(message), flush=True)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def next_fault(folder):
    for path in sorted((folder / "faults").glob("*.json")):
        rule = json.loads(path.read_text())
        path.unlink()
        return rule
    return {}


def happens(rule):
    """Has a fault happen; true if it took the place of an answer."""
    kind, status = rule.get("kind"), rule.get("status")
    if status == 429:
        wait = rule.get("headers", {}).get("retry-after")
        wait = {"wait_secs": float(wait)} if wait else {}
        say(fault={"kind": "throttled", "reason": "too many questions", **wait})
    elif status:
        say(fault={"kind": "retry", "reason": f"the vendor answered {status}"})
    elif kind == "hang":
        time.sleep(600)
    elif kind in ("reset_before", "reset_after"):
        die()
    elif kind == "truncated":
        print('{"batch":{"items":[', end="", flush=True)
        die()
    elif kind:
        nonsense = {
            "garbage": b"\x01\x02;;\n",
            "html": b"<html><body>502</body></html>\n",
            "invalid_utf8": b'{"log":{"message":"\xff"}}\n',
            "oversize": b"x" * (17 << 20) + b"\n",
        }
        sys.stdout.buffer.write(nonsense[kind])
        sys.stdout.flush()
    return bool(kind or status)


def trade(number):
    return {"event": {"Trade": {
        "event_id": str(number), "event_time": 1381154400_000000000 + number,
        "instrument": "BAC.US", "symbol": "BAC", "trade_id": str(number), "price": "13.90",
        "quantity": "100", "status": "original",
    }}}


def read(folder, cursor):
    count = int((folder / "count").read_text())
    start = min(cursor or 0, count)
    end = min(start + PAGE, count)
    say(log={"level": "debug", "message": f"from {start} to {end}"})
    say(batch={"items": [trade(number) for number in range(start, end)],
               "cursor": max(end, cursor or 0), "wait_ms": 0 if end < count else 1000,
               "progress": {"done": end, "total": count}})


def deliver(folder, delivery):
    order = delivery["event"]["ApprovedOrder"]
    path = folder / "book" / order["order_id"]
    if order["request"]["instrument"] == "NOPE.US":
        return {"rejected": {"reason": "no such instrument"}}
    if order["request"]["action"] == "cancel":
        if not path.exists():
            return {"rejected": {"reason": "no such order"}}
    else:
        path.touch()
    return {"accepted": {"broker_order_id": "b-" + order["order_id"]}}


def resolve(folder, delivery):
    order = delivery["event"]["ApprovedOrder"]["order_id"]
    if not (folder / "book" / order).exists():
        return {"absent": {}}
    return {"accepted": {"broker_order_id": "b-" + order}}


folder = pathlib.Path(sys.argv[1])
for line in sys.stdin:
    ((question, about),) = json.loads(line).items()
    if question == "hello":
        if about["credentials"].get("token") != "the-right-token":
            say(fault={"kind": "unauthorized", "reason": f"not {about['credentials']}",
                       "setting": "authentication.credentials.token"})
            sys.exit(77)
        say(ready={})
        continue
    if question == "stop":
        break
    if (folder / "late").exists():
        time.sleep(int((folder / "late").read_text()) / 1000)
    rule = next_fault(folder) if question != "resolve" else {}
    if question == "write" and rule.get("kind") in ("reset_after", "truncated"):
        for one in about["deliveries"]:
            deliver(folder, one)  # and nobody hears of it
    if happens(rule):
        continue
    if question == "read":
        read(folder, about["cursor"])
    elif question == "write":
        say(outcomes=[deliver(folder, one) for one in about["deliveries"]])
    else:
        say(outcomes=[resolve(folder, about["delivery"])])
