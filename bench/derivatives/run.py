"""What a gradient costs: functions and their gradients in Tenon, JAX and PyTorch, on two threads.

    bench/environment.sh                    # once: the peers
    .venv-bench/bin/python bench/derivatives/run.py [--tenon build-release/tenon] [--only NAME...]

For each problem the contestants, each with the function and with the gradient, run in turns for
some rounds; a figure is the median round's time for one call. Writes
bench/results/derivatives.json and prints tables. Exits non-zero where one of our gradients costs more
than 3 times its function, or compiling takes a second.
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
from contestants import Contestant, cpu_name  # noqa: E402
from problems import PROBLEMS, SECONDS, arguments  # noqa: E402
from example_problems import leaves  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--tenon", default=str(root / "build-release" / "tenon"))
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--only", nargs="*", default=list(PROBLEMS))
parser.add_argument("--without", nargs="*", default=[], help="contestants to leave out")
args = parser.parse_args()
args.tenon = os.path.abspath(args.tenon)

# Its compiler unrolls Python's loops, or doesn't take them: minutes for a thousand steps.
NOT_COMPILED = {"neural_ode", "kalman", "newton", "recurrence"}


def tenon_command(name, what, folder):
    file, function, gradient, _, _ = PROBLEMS[name]
    program = here / f"{file}.tn" if name == "recurrence" else root / "examples" / "numerics" / f"{file}.tn"
    command = [args.tenon, "bench", str(program), "--function", function if what == "function" else gradient,
               "--threads", "2", "--turns", "--seconds", str(SECONDS)]
    for key, value in arguments(name).items():
        for path, leaf in leaves(value, key):
            np.save(folder / f"{path}.npy", leaf)
            command += ["--input", f"{path}={folder / path}.npy"]
    return command


def commands(name, what, folder):
    yield "Tenon", tenon_command(name, what, folder)
    yield "JAX", [sys.executable, "peer_jax.py", name, what]
    yield "PyTorch", [sys.executable, "peer_torch.py", name, what]
    if name not in NOT_COMPILED:
        yield "PyTorch compile", [sys.executable, "peer_torch.py", name, what, "compile"]


def contest(name, folder):
    environment = dict(os.environ, TENON_CACHE=str(folder / "cache"))
    pairs = {}
    for what in ("function", "gradient"):
        for who, command in commands(name, what, folder):
            if who not in args.without:
                pairs.setdefault(who, {})[what] = Contestant(command, name=who, environment=environment)
                if who == "Tenon":  # once more, from the cache
                    again = Contestant(command, name=who, environment=environment)
                    pairs[who][what].cached = again.prepare
                    again.close()
    for _ in range(args.rounds):
        for pair in pairs.values():
            for one in pair.values():
                one.turn()
    rows = []
    for who, pair in pairs.items():
        function, gradient = pair["function"], pair["gradient"]
        row = {"problem": name, "name": who, "function_ms": function.median, "gradient_ms": gradient.median,
               "ratio": gradient.median / function.median,
               "function_times": function.times, "gradient_times": gradient.times,
               "prepare_s": [function.prepare, gradient.prepare]}
        if who == "Tenon":
            row["cached_s"] = [function.cached, gradient.cached]
        rows.append(row)
        for one in pair.values():
            one.close()
    return rows


missed = []
path = root / "bench" / "results" / "derivatives.json"
results = json.loads(path.read_text()) if path.exists() else {"rows": []}
results |= {"cpu": cpu_name(), "threads": 2}
print(f"{results['cpu']}, 2 threads, {args.rounds} rounds of {SECONDS} s\n")
print(f"{'':22}{'':17}{'function ms':>12}{'gradient ms':>12}{'ratio':>7}{'compile s':>16}{'cached s':>16}")
for problem in args.only:
    with tempfile.TemporaryDirectory() as scratch:
        rows = contest(problem, pathlib.Path(scratch))
    for row in rows:
        cached = "{:.3f} {:.3f}".format(*row["cached_s"]) if "cached_s" in row else ""
        prepared = "{:.2f} {:.2f}".format(*row["prepare_s"])
        print(f"{problem:22}{row['name']:17}{row['function_ms']:12.4g}{row['gradient_ms']:12.4g}"
              f"{row['ratio']:7.2f}{prepared:>16}{cached:>16}", flush=True)
        if row["name"] == "Tenon" and (row["ratio"] > 3 or max(row["prepare_s"]) > 1):
            missed.append(problem)
    results["rows"] = [row for row in results["rows"] if row["problem"] != problem] + rows
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n")
if missed:
    sys.exit(f"\nover 3 times the function, or a second to compile: {', '.join(missed)}")
