"""What every contestant of the training-step benchmark shares: the problem, and how it is timed.

A contestant is a process. It prepares itself, prints one JSON line with its preparation time,
then for each line it reads runs `steps` training steps and prints their time in seconds. So the
contestants take turns, and a slow minute of the machine is slow for all of them.
"""
import argparse
import json
import sys
import time

import numpy as np


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--time", type=int, default=100)
    parser.add_argument("--words", type=int, default=10_000)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--mode", default="")
    return parser.parse_args()


def batches(args, count):
    """`count` batches of uniformly drawn words and labels, the same for every contestant."""
    generator = np.random.default_rng(0)
    tokens = generator.integers(0, args.words, (count, args.batch, args.time), dtype=np.int32)
    labels = generator.integers(0, 2, (count, args.batch)).astype(np.float32)
    return tokens, labels


def peak_megabytes():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def serve(name, prepare, run):
    """`prepare()` compiles and warms up; `run()` does the steps of one round."""
    start = time.perf_counter()
    prepare()
    print(json.dumps({"name": name, "prepare": time.perf_counter() - start,
                      "megabytes": peak_megabytes()}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        run()
        print(json.dumps({"seconds": time.perf_counter() - start,
                          "megabytes": peak_megabytes()}), flush=True)
