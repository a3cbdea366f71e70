"""A contestant written in Python: what `contestants.py` starts and asks."""
import json
import sys
import time


def peak_megabytes():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def serve(prepare, run, name="", calls=1, seconds=0.0):
    """`prepare()` compiles and warms up, and may return more for the first answer; `run()` makes
    `calls` calls, again and again until `seconds` have passed."""
    start = time.perf_counter()
    said = prepare() or {}
    print(json.dumps({"name": name, "prepare": time.perf_counter() - start,
                      "megabytes": peak_megabytes()} | said), flush=True)
    for _ in sys.stdin:
        made, start = 0, time.perf_counter()
        while True:
            run()
            made += calls
            passed = time.perf_counter() - start
            if passed >= seconds:
                break
        print(json.dumps({"seconds": passed, "calls": made, "megabytes": peak_megabytes()}), flush=True)
