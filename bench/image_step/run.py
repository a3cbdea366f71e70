"""The image classifier's training step and predictions: Tenon beside Keras, JAX, PyTorch, ONNX Runtime
and OpenVINO, all on two threads.

    bench/environment.sh                    # once: the peers
    .venv-bench/bin/python bench/image_step/run.py [--tenon build-release/tenon] [--only train predict_1]

128×128×3 pictures; three blocks of 3×3 convolution, ReLU and 2×2 max-pooling, two dense layers, Adam.
All contestants start from the same weights, and the run ends where their first losses or probabilities
differ. They take turns for some rounds; a figure is the median round's time. The floor is the work of
direct convolution, and for training Adam's memory, at the rates that the machine was measured to have
at best. Writes bench/results/image_step.json and prints tables.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from safetensors.numpy import save_file

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
sys.path.insert(0, str(root / "bench"))
from contestants import Contestant, cpu_name, isa  # noqa: E402
from machine import Machine  # noqa: E402
from problem import Problem  # noqa: E402

BATCHES = {"train": 32, "predict_1": 1, "predict_32": 32}
parser = argparse.ArgumentParser()
parser.add_argument("--tenon", default=str(root / "build-release" / "tenon"))
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--steps", type=int, default=3, help="training steps of a round, 3 at least")
parser.add_argument("--only", nargs="*", default=list(BATCHES), choices=list(BATCHES))
parser.add_argument("--without", nargs="*", default=[], help="contestants to leave out")
args = parser.parse_args()
args.tenon = os.path.abspath(args.tenon)
problem = Problem()


def write_inputs(folder, what):
    random = np.random.default_rng(7)
    weights = problem.weights(random)
    image, label = problem.batches(random, args.steps if what == "train" else 1, BATCHES[what])
    if what != "train":
        image, label = image[0], label[0]
    save_file({name: array.astype(np.float32) for name, array in weights.items()}, folder / "weights.safetensors")
    np.save(folder / "image.npy", image.astype(np.float32))
    np.save(folder / "label.npy", label.astype(np.float32))
    (folder / "program.tn").write_text(problem.program((here / "program.tn").read_text()))


def tenon_arguments(folder, what):
    arguments = [folder / "program.tn", "--weights", folder / "weights.safetensors", "--threads", "2",
                 "--input", f"image={folder}/image.npy"]
    if what == "train":
        return arguments + ["--input", f"label={folder}/label.npy"]
    return arguments


def commands(folder, what):
    call = [] if what == "train" else ["--function", "ImageClassifier.predict", "--seconds", "0.5"]
    yield "tenon", [args.tenon, "bench", *tenon_arguments(folder, what), *call, "--turns"]
    peers = [("keras", ""), ("keras", "jit"), ("jax", ""), ("torch", ""), ("torch", "channels_last"),
             ("torch", "compile"), ("torch", "channels_last+compile")]
    if what != "train":
        peers += [("onnxruntime", ""), ("openvino", "")]
    for peer, mode in peers:
        yield "_".join([peer, mode]).strip("_"), [sys.executable, f"peer_{peer}.py", what.split("_")[0], folder, mode]


def tenon_result(folder, what, environment):
    """What Tenon computes, for the comparison."""
    file = folder / "result.npy"
    command = [args.tenon, "bench", *tenon_arguments(folder, what), "--rounds", "1", "--losses", file]
    if what != "train":
        program, *options = tenon_arguments(folder, what)
        command = [args.tenon, "run", program, "ImageClassifier.predict", *options, "--output", file]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    result = np.load(file)
    return result[:3] if what == "train" else result[0]


def contest(what, folder, machine):
    environment = dict(os.environ, TENON_CACHE=str(folder / "cache"))
    contestants = [Contestant(command, environment=environment) for key, command in commands(folder, what)
                   if key not in args.without]
    ours = tenon_result(folder, what, environment)
    for one in contestants:
        theirs = one.first.get("losses" if what == "train" else "probabilities", ours)
        if not np.allclose(ours, theirs, rtol=1e-3):
            sys.exit(f"{one.name} computes something else: {theirs}, Tenon {ours}")
    print(f"\n{what}, batch {BATCHES[what]}", flush=True)
    for _ in range(args.rounds):
        machine.measure()
        for contestant in contestants:
            contestant.turn()
    for contestant in contestants:
        contestant.close()
    return contestants


def floor_ms(machine, what):
    layers = problem.multiply_adds()
    flop, numbers = 2 * sum(layers), problem.parameters()
    if what == "train":
        # Both gradients, but none by the pictures. Adam reads gradient, two moments and parameter and
        # writes three of them.
        flop, numbers = 3 * flop - 2 * layers[0], 7 * numbers
    return machine.floor_ms(BATCHES[what] * flop, 4 * numbers)


path = root / "bench" / "results" / "image_step.json"
results = json.loads(path.read_text()) if path.exists() else {"rows": []}
results |= {"cpu": cpu_name(), "isa": isa(), "threads": 2}
print(f"{results['cpu']} ({results['isa']}), 2 threads, {args.rounds} rounds")
with tempfile.TemporaryDirectory() as name:
    machine = Machine(name)
    for what in args.only:
        write_inputs(pathlib.Path(name), what)
        contestants = contest(what, pathlib.Path(name), machine)
        floor = floor_ms(machine, what)
        print(f"{'':30}{'ms':>9}{'spread':>18}{'ratio':>8}{'floor/ms':>10}{'prepared s':>12}{'MB':>7}")
        rows = []
        for one in contestants:
            spread = f"{min(one.times):.2f}..{max(one.times):.2f}"
            print(f"{one.name:30}{one.median:9.2f}{spread:>18}{one.median / contestants[0].median:8.2f}"
                  f"{floor / one.median:10.0%}{one.prepare:12.2f}{one.megabytes:7.0f}")
            rows.append({"what": what, "name": one.name, "ms": one.times, "median_ms": one.median,
                         "floor_ms": floor, "prepare_s": one.prepare, "megabytes": one.megabytes})
        print(f"floor {floor:.2f} ms; {machine.describe()}", flush=True)
        results["rows"] = [row for row in results["rows"] if row["what"] != what] + rows
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(results, indent=1) + "\n")
