"""Card spending by company, from a file that grows: a source with a cursor.

It needs nothing but Python. The cursor is the number of rows that are read.
"""

import csv
import json
import sys

def say(**message):
    print(json.dumps(message), flush=True)


def record(row):
    return {"event": {"AlternativeRecord": {
        "event_id": f"{row['symbol']}/{row['day']}",
        "event_time": f"{row['day']}T00:00:00Z",
        "dataset": "card_spending",
        "subject": f"{row['symbol']}.US",
        "instrument": f"{row['symbol']}.US",
        "record_id": f"{row['symbol']}/{row['day']}",
        "values": {"spent": row["spent"], "buyers": row["buyers"]},
    }}}


for line in sys.stdin:
    ((question, about),) = json.loads(line).items()
    if question == "hello":
        path = about["settings"]["file"]
        say(ready={})
    elif question == "read":
        done = about["cursor"] or 0
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))[done:done + 500]
        say(batch={"items": [record(row) for row in rows], "cursor": done + len(rows),
                   "wait_ms": 0 if rows else 5000})
    elif question == "stop":
        break
