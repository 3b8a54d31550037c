"""A source with a habit, which is one of its settings: numbered records, and what else it does."""

import json
import os
import sys
import time

START = 1381154400_000000000


def say(**message):
    print(json.dumps(message), flush=True)


def record(number):
    return {"event": {"AlternativeRecord": {
        "event_id": str(number), "event_time": START + number, "dataset": settings["habit"],
        "subject": "numbers", "record_id": str(number), "values": {"number": number},
    }}}


def news():
    return {"event": {"NewsItem": {
        "event_id": "n-1", "event_time": START, "news_id": "n-1", "headline": "Not foreseen",
        "updated_time": START,
    }}}


def batch(done):
    end = min(done + 10, settings["count"])
    return {"items": [record(number) for number in range(done, end)], "cursor": end,
            "wait_ms": 0 if end < settings["count"] else 500,
            "progress": {"done": end, "total": settings["count"]}}


def starts():
    with open(settings["pids"], "a+") as file:
        print(os.getpid(), time.time(), file=file, flush=True)
        file.seek(0)
        return len(list(file))


for line in sys.stdin:
    ((question, about),) = json.loads(line).items()
    if question == "hello":
        settings = about["settings"]
        habit = settings["habit"]
        if starts() <= settings.get("deaths", 0):
            sys.exit("no license today")
        say(ready={})
    elif question == "read":
        answer = batch(about["cursor"] or 0)
        if habit == "slow" and not os.path.exists(settings["pids"] + ".hurry"):
            time.sleep(0.7)
        elif habit == "mute":
            continue
        elif habit == "huge":
            print('{"batch":{"items":"' + "x" * (50 << 20) + '"}}', flush=True)
            continue
        elif habit == "flood":
            for number in range(20_000):
                print("noise", number, "x" * 80, file=sys.stderr)
        elif habit == "odd" and not about["cursor"]:
            print("Thanks for using a chatty library", flush=True)
            wrong = record(3)
            wrong["event"]["AlternativeRecord"].update(event_id="w", values={"number": 1.5})
            answer["items"][3:3] = [news(), wrong]
        say(batch=answer)
    elif question == "stop":
        break
