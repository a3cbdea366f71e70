"""The text classifier's training step: Tenon beside Keras, JAX and PyTorch, all on two threads.

    bench/environment.sh                    # once: the peers
    .venv-bench/bin/python bench/train_step/run.py [--tenon build-release/tenon]

The contestants run in turns for some rounds; a figure is the median round's time for one step.
Writes bench/results/train_step.json and prints a table.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
parser = argparse.ArgumentParser()
parser.add_argument("--tenon", default=str(root / "build-release" / "tenon"))
parser.add_argument("--rounds", type=int, default=7)
parser.add_argument("--steps", type=int, default=20)
parser.add_argument("--without", nargs="*", default=[], help="contestants to leave out")
args = parser.parse_args()


def cpu_name():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown CPU"


def isa():
    flags = open("/proc/cpuinfo").read()
    return "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "x86-64"


class Contestant:
    def __init__(self, command, steps):
        environment = dict(os.environ, OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2")
        self.steps = steps
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, cwd=here,
                                        env=environment)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{command}: ended without an answer")
        first = json.loads(line)
        self.name, self.prepare = first["name"], first["prepare"]
        self.times, self.megabytes = [], 0.0
        self.round()  # warm-up
        self.times.clear()

    def round(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        self.times.append(1e3 * answer["seconds"] / self.steps)
        self.megabytes = answer["megabytes"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def tenon_command(folder, rate):
    sys.path.insert(0, str(here))
    import common
    shape = argparse.Namespace(words=10_000, batch=32, time=100)
    tokens, labels = common.batches(shape, args.steps)
    np.save(folder / "tokens.npy", tokens)
    np.save(folder / "label.npy", labels)
    program = folder / f"program_{rate}.tn"
    program.write_text((here / "program.tn").read_text().replace("RATE", str(rate)))
    return [args.tenon, "bench", str(program), "--input", f"tokens={folder}/tokens.npy",
            "--input", f"label={folder}/label.npy", "--threads", "2", "--turns"]


def contest(rate, folder):
    python = [sys.executable]
    options = ["--dropout", str(rate), "--steps", str(args.steps)]
    commands = {
        "tenon": tenon_command(folder, rate),
        "keras": python + ["peer_keras.py"] + options,
        "keras_jit": python + ["peer_keras.py", "--mode", "jit"] + options,
        "jax": python + ["peer_jax.py"] + options,
    }
    if rate == 0:
        commands["torch"] = python + ["peer_torch.py"] + options
    contestants = [Contestant(command, args.steps) for key, command in commands.items()
                   if key not in args.without]
    for _ in range(args.rounds):
        for contestant in contestants:
            contestant.round()
    for contestant in contestants:
        contestant.close()
    return contestants


results = {"cpu": cpu_name(), "isa": isa(), "threads": 2, "rows": []}
print(f"{results['cpu']} ({results['isa']}), 2 threads, {args.rounds} rounds of {args.steps} steps")
with tempfile.TemporaryDirectory() as name:
    for rate in (0.0, 0.2):
        print(f"\n{'without dropout' if rate == 0 else 'dropout 0.2 and recurrent dropout 0.2'}")
        print(f"{'':20}{'ms a step':>10}{'spread':>16}{'ratio':>8}{'first step s':>14}{'MB':>7}")
        contestants = contest(rate, pathlib.Path(name))
        reference = statistics.median(contestants[0].times)
        for one in contestants:
            median = statistics.median(one.times)
            spread = f"{min(one.times):.1f}..{max(one.times):.1f}"
            print(f"{one.name:20}{median:10.1f}{spread:>16}{median / reference:8.2f}"
                  f"{one.prepare:14.2f}{one.megabytes:7.0f}")
            results["rows"].append({"dropout": rate, "name": one.name, "ms": one.times,
                                    "median_ms": median, "prepare_s": one.prepare,
                                    "megabytes": one.megabytes})
output = root / "bench" / "results" / "train_step.json"
output.parent.mkdir(exist_ok=True)
output.write_text(json.dumps(results, indent=1) + "\n")
