"""The text classifier's training step: Tenon beside Keras, JAX and PyTorch, all on two threads.

    bench/environment.sh                    # once: the peers
    .venv-bench/bin/python bench/train_step/run.py [--tenon build-release/tenon]

The contestants run in turns for some rounds; a figure is the median round's time for one step. The
floor is the step's arithmetic and memory at the rates that the machine was measured to have at best.
Writes bench/results/train_step.json and prints a table.
"""
import argparse
import json
import os
import pathlib
import sys
import tempfile

import numpy as np

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
sys.path.insert(0, str(root / "bench"))
from contestants import Contestant, cpu_name, isa  # noqa: E402
from machine import Machine  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--tenon", default=str(root / "build-release" / "tenon"))
parser.add_argument("--rounds", type=int, default=7)
parser.add_argument("--steps", type=int, default=20)
parser.add_argument("--without", nargs="*", default=[], help="contestants to leave out")
args = parser.parse_args()


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
    contestants = [Contestant(command) for key, command in commands.items()
                   if key not in args.without]
    for _ in range(args.rounds):
        for contestant in contestants:
            contestant.turn()
    for contestant in contestants:
        contestant.close()
    return contestants


def floor_ms(machine):
    batch, time, width, words = 32, 100, 128, 10_000
    flop = 6.0 * batch * time * (2 * width) * (4 * width)
    parameters = words * width + 2 * width * 4 * width + 4 * width + width + 1
    # Adam reads gradient, two moments and parameter and writes three of them; the gradient of the
    # embedding is written once before.
    return machine.floor_ms(flop, 4 * (parameters * 7 + words * width))


results = {"cpu": cpu_name(), "isa": isa(), "threads": 2, "rows": []}
print(f"{results['cpu']} ({results['isa']}), 2 threads, {args.rounds} rounds of {args.steps} steps")
with tempfile.TemporaryDirectory() as name:
    machine = Machine(name)
    for rate in (0.0, 0.2):
        print(f"\n{'without dropout' if rate == 0 else 'dropout 0.2 and recurrent dropout 0.2'}")
        print(f"{'':20}{'ms a step':>10}{'spread':>16}{'ratio':>8}{'first step s':>14}{'MB':>7}")
        contestants = contest(rate, pathlib.Path(name))
        machine.measure()
        reference = contestants[0].median
        for one in contestants:
            spread = f"{min(one.times):.1f}..{max(one.times):.1f}"
            print(f"{one.name:20}{one.median:10.1f}{spread:>16}{one.median / reference:8.2f}"
                  f"{one.prepare:14.2f}{one.megabytes:7.0f}")
            results["rows"].append({"dropout": rate, "name": one.name, "ms": one.times,
                                    "median_ms": one.median, "prepare_s": one.prepare,
                                    "megabytes": one.megabytes})
results["floor_ms"] = floor_ms(machine)
print(f"\n{machine.describe()}: a step without dropout takes {results['floor_ms']:.1f} ms at least")
output = root / "bench" / "results" / "train_step.json"
output.parent.mkdir(exist_ok=True)
output.write_text(json.dumps(results, indent=1) + "\n")
